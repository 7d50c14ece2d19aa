package scenario_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"shodo/internal/scenario"
)

// Every letter there is: whatever changes its case does not change what it is folded to.
func TestFoldDoesNotKnowCase(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		folded := scenario.Fold(string(r))
		for name, other := range map[string]string{
			"lower": strings.ToLower(string(r)), "upper": strings.ToUpper(string(r)), "pattern": string(unicode.SimpleFold(r)), "again": folded,
		} {
			if got := scenario.Fold(other); got != folded {
				t.Fatalf("%q is folded to %q, and %q (%s) to %q", r, folded, other, name, got)
			}
		}
	}
}

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"Disk /var 95%": "DISK /VAR 95%", "ディスク使用率": "ディスク使用率", "straße \u212a": "STRA\u00dfE K", "a\xffb": "A\ufffdB", "": "",
	} {
		if got := scenario.Fold(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
