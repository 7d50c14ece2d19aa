package suggest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"shodo/internal/incident"
)

// maxPhrases is how many texts a condition asks for. Two tell most kinds apart; more make it brittle.
const maxPhrases = 2

// phrasesOf gives the stable texts of a kind that stand in all of these titles as they are, the longest first: what a condition can
// ask for. It may find none.
func phrasesOf(kind string, titles []string) []string {
	var found []string
	for run := range strings.SplitSeq(kind, "#") {
		for part := range strings.FieldsFuncSeq(run, isUnsafe) {
			found = append(found, stable(part, titles)...)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(weight(b), weight(a)) })
	var chosen []string
	for _, phrase := range found {
		if len(chosen) == maxPhrases || len(chosen) > 0 && weight(phrase) < 6 && weight(chosen[0]) >= 8 {
			break // a short one beside a long one tells nothing more
		}
		if weight(phrase) >= 4 && !slices.Contains(chosen, phrase) {
			chosen = append(chosen, phrase)
		}
	}
	return chosen
}

// isUnsafe is of characters that do not belong into a condition: what steers a terminal, cannot be seen, begins an expression, or ends a text.
func isUnsafe(r rune) bool {
	return !unicode.IsPrint(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune("$\"\\`\uFFFD", r)
}

// stable gives the run itself when all titles hold it, or else those of its words that they hold: the kind shows full-width forms as
// their usual ones, and one space for any.
func stable(run string, titles []string) []string {
	phrase := withoutParticle(strings.TrimFunc(run, func(r rune) bool { return !unicode.IsLetter(r) }))
	inAll := func(text string) bool {
		return text != "" && !slices.ContainsFunc(titles, func(title string) bool { return !strings.Contains(title, text) })
	}
	if inAll(phrase) {
		return []string{phrase}
	}
	var words []string
	for word := range strings.FieldsFuncSeq(phrase, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) }) {
		if inAll(word) {
			words = append(words, word)
			continue
		}
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return !isDense(r) }) {
			if inAll(part) {
				words = append(words, part)
			}
		}
	}
	return words
}

// isDense is of letters of scripts without spaces.
func isDense(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー'
}

// withoutParticle takes off the particle that joins a Japanese text to the host or figure before it.
func withoutParticle(phrase string) string {
	for _, particle := range []string{"が", "は", "を", "に", "で", "の", "と", "へ", "も"} {
		if rest, ok := strings.CutPrefix(phrase, particle); ok && weight(rest) >= 4 {
			return strings.TrimSpace(rest)
		}
	}
	return phrase
}

// weight is how much a text tells: its letters, those of scripts without spaces twice.
func weight(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case isDense(r):
			n += 2
		case unicode.IsLetter(r):
			n++
		}
	}
	return n
}

// maxName is the length of a scenario's name in characters, before what makes it unique.
const maxName = 40

// names gives each scenario a name of its own.
type names struct{ taken map[string]bool }

func newNames(taken []incident.ScenarioName) *names {
	n := &names{taken: map[string]bool{}}
	for _, name := range taken {
		n.taken[string(name)] = true
	}
	return n
}

// free makes a name of the phrases, in the order in which the title has them: small letters, with "-" between words.
func (n *names) free(title string, phrases []string) string {
	phrases = slices.Clone(phrases)
	slices.SortStableFunc(phrases, func(a, b string) int { return cmp.Compare(strings.Index(title, a), strings.Index(title, b)) })
	base := cmp.Or(slug(strings.Join(phrases, " ")), "unnamed-kind")
	name := base
	for i := 2; n.taken[name]; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	n.taken[name] = true
	return name
}

func slug(phrase string) string {
	var words []string
	length := 0
	for word := range strings.FieldsFuncSeq(strings.ToLower(phrase), func(r rune) bool { return !unicode.In(r, unicode.Ll, unicode.Lo, unicode.Lm) }) {
		if length += len([]rune(word)) + 1; length > maxName && len(words) > 0 {
			break
		}
		words = append(words, word)
	}
	name := []rune(strings.Join(words, "-"))
	return strings.Trim(string(name[:min(len(name), maxName)]), "-")
}
