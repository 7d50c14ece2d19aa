package catalog

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// wordIndex finds which of many words a text holds in one walk over the text. For each word it keeps the rarest three
// bytes of it; where the text has these, the word is compared. All words and texts are as scenario.Fold gives them.
type wordIndex struct {
	byGram map[gram][]word
}

// gram is three bytes in a row.
type gram uint32

const gramSize = 3

type word struct {
	text   string
	offset int // of its gram
	needed *members
}

// isWord says whether a folded text can be looked up: it is long enough, and folding has not made it up.
func isWord(folded string) bool {
	return len(folded) >= gramSize && !strings.ContainsRune(folded, utf8.RuneError)
}

func gramAt(text string, i int) gram {
	return gram(text[i])<<16 | gram(text[i+1])<<8 | gram(text[i+2])
}

// newWordIndex makes the index of candidates by the words that they need.
func newWordIndex(candidates map[string][]int, size int) *wordIndex {
	common := map[gram]int{}
	for text := range candidates {
		for i := 0; i+gramSize <= len(text); i++ {
			common[gramAt(text, i)]++
		}
	}
	x := &wordIndex{byGram: map[gram][]word{}}
	for _, text := range slices.Sorted(maps.Keys(candidates)) {
		rarest := 0
		for i := 1; i+gramSize <= len(text); i++ {
			if common[gramAt(text, i)] < common[gramAt(text, rarest)] {
				rarest = i
			}
		}
		g := gramAt(text, rarest)
		x.byGram[g] = append(x.byGram[g], word{text: text, offset: rarest, needed: newMembers(candidates[text], size)})
	}
	return x
}

// add puts the candidates in whose words the folded text holds.
func (x *wordIndex) add(to set, text string) {
	for i := 0; i+gramSize <= len(text); i++ {
		for _, w := range x.byGram[gramAt(text, i)] {
			if start := i - w.offset; start >= 0 && strings.HasPrefix(text[start:], w.text) {
				w.needed.addTo(to)
			}
		}
	}
}
