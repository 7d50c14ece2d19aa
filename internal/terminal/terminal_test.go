package terminal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/terminal"
)

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{
		"":            0,
		"shop":        4,
		"みなと商店":       10,
		"ｶﾅ":          2,
		"ＡＢ":          4,
		"e\u0301te":   3, // a combining accent
		"a\u200bb":    2, // a zero width space
		"✓ › ⠋ … ■ →": 11,
	} {
		if got := terminal.Columns(text); got != want {
			t.Errorf("Columns(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestPadAndCutGiveExactlyTheColumns(t *testing.T) {
	for _, text := range []string{"", "a", "web shop", "みなと商店", "みaなb", "e\u0301e\u0301e\u0301"} {
		for n := range 12 {
			for name, got := range map[string]string{"Pad": terminal.Pad(text, n), "PadLeft": terminal.PadLeft(text, n)} {
				if terminal.Columns(got) != n {
					t.Errorf("%s(%q, %d) = %q has %d columns", name, text, n, got, terminal.Columns(got))
				}
			}
			if got := terminal.Cut(text, n); terminal.Columns(got) > n {
				t.Errorf("Cut(%q, %d) = %q is too wide", text, n, got)
			}
		}
	}
	if got := terminal.Cut("みなと商店", 6); got != "みな…" {
		t.Errorf("a cut is not marked: %q", got)
	}
}

func TestWrap(t *testing.T) {
	got := terminal.Wrap("the first response to incidents 初動 "+strings.Repeat("x", 20), 12)
	want := []string{"the first", "response to", "incidents", "初動", "xxxxxxxxxxx…"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothingSteersTheTerminal(t *testing.T) {
	hostile := "a\x1b[2Jb\r\nc\u202ed\a\u009b31m\u2066e"
	if got, want := terminal.OneLine(hostile), "a [2Jb c d 31m e"; got != want {
		t.Errorf("OneLine: %q, want %q", got, want)
	}
	if diff := cmp.Diff([]string{"a [2Jb", "c d  31m e"}, terminal.Lines(hostile)); diff != "" {
		t.Error(diff)
	}
}

func TestStyleOffIsPlain(t *testing.T) {
	if got := terminal.Style(false).Red("x"); got != "x" {
		t.Errorf("%q", got)
	}
	if got := terminal.Style(true).Red("x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
}
