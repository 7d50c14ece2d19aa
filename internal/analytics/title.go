package analytics

import (
	"strings"
	"unicode"
)

// KindTitle takes out of an alert's title what differs each time, so that the same trouble has the same title: words
// with a digit (numbers, ids, times, host names like web-12) and words with a dot inside (domains, addresses) become
// "#", as does a row of them. The rest stays as it is written.
func KindTitle(title string) string {
	var kept []string
	for word := range strings.FieldsSeq(title) {
		if masked := mask(word); masked != "#" || len(kept) == 0 || kept[len(kept)-1] != "#" {
			kept = append(kept, masked)
		}
	}
	return strings.Join(kept, " ")
}

// mask replaces a word that differs each time. Marks around it stay: "[web-1]" is "[#]" and "95%" is "#%".
func mask(word string) string {
	isMark := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	core := strings.TrimFunc(word, isMark)
	if !strings.ContainsFunc(core, unicode.IsDigit) && !strings.Contains(core, ".") {
		return word
	}
	before, after, _ := strings.Cut(word, core)
	return before + "#" + after
}
