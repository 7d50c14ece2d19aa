package scenario

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fold writes text so that texts which differ only in the case of letters become equal. For every text t, Fold(t) is
// Fold(strings.ToLower(t)), Fold(strings.ToUpper(t)) and that of everything that a pattern with "(?i)" takes for t; so
// what holds a text in any of these senses holds it after folding, too. Bytes that are not UTF-8 become U+FFFD.
func Fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z':
			b.WriteByte(byte(r) - 'a' + 'A')
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		default:
			b.WriteRune(foldRune(r))
		}
	}
	return b.String()
}

// foldRune gives the smallest of all letters that a letter turns into when its case changes, and those in turn.
func foldRune(r rune) rune {
	if '\u2e80' <= r && r < '\ua640' { // Chinese, Japanese and Korean writing has no case
		return r
	}
	known := []rune{r}
	for i := 0; i < len(known); i++ {
		for _, other := range []rune{unicode.SimpleFold(known[i]), unicode.ToLower(known[i]), unicode.ToUpper(known[i])} {
			if !slices.Contains(known, other) {
				known = append(known, other)
			}
		}
	}
	return slices.Min(known)
}
