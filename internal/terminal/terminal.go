// Package terminal fits text into the columns of a terminal: it measures, cuts, pads and wraps with the wide characters
// of East Asia counted as two, colours, and takes out what could steer the terminal.
//
// It only makes strings: it writes nothing and asks the terminal nothing.
package terminal

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Columns is how many columns of a terminal a text takes: two for the wide characters of East Asia, none for marks that
// combine with the character before.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case width.LookupRune(r).Kind() == width.EastAsianWide, width.LookupRune(r).Kind() == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut shortens a text to so many columns, with "…" at its end.
func Cut(s string, most int) string {
	if Columns(s) <= most {
		return s
	}
	used, end := 0, 0
	for i, r := range s {
		if used+columnsOf(r) > most-1 {
			break
		}
		used += columnsOf(r)
		end = i + len(string(r))
	}
	if most < 1 {
		return ""
	}
	return s[:end] + "…"
}

// Pad brings a text to exactly so many columns.
func Pad(s string, n int) string {
	s = Cut(s, n)
	return s + strings.Repeat(" ", max(n-Columns(s), 0))
}

// PadLeft is Pad with the text at the right.
func PadLeft(s string, n int) string {
	s = Cut(s, n)
	return strings.Repeat(" ", max(n-Columns(s), 0)) + s
}

// Wrap breaks a text into lines of at most so many columns, between words.
func Wrap(s string, most int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		switch {
		case line == "":
			line = word
		case Columns(line)+1+Columns(word) <= most:
			line += " " + word
		default:
			lines = append(lines, Cut(line, most))
			line = word
		}
	}
	if line != "" {
		lines = append(lines, Cut(line, most))
	}
	return lines
}

// OneLine makes text from outside fit into a line: no line ends, and nothing that steers a terminal.
func OneLine(s string) string {
	return strings.Join(strings.Fields(visible(s)), " ")
}

// Lines is OneLine for text of several lines: they stay lines.
func Lines(s string) []string {
	var list []string
	for line := range strings.SplitSeq(strings.TrimRight(s, " \t\r\n"), "\n") {
		list = append(list, strings.TrimRight(visible(strings.ReplaceAll(line, "\t", "    ")), " "))
	}
	return list
}

// visible replaces what steers a terminal or changes the direction of writing with a space.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, s)
}

// Style is whether text is shown in colours; false shows it plain.
type Style bool

func (on Style) sgr(code, s string) string {
	if !on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Bold shows a text strongly.
func (on Style) Bold(s string) string { return on.sgr("1", s) }

// Dim shows a text as less important.
func (on Style) Dim(s string) string { return on.sgr("2", s) }

// Red is for what is wrong.
func (on Style) Red(s string) string { return on.sgr("31", s) }

// Green is for what is right.
func (on Style) Green(s string) string { return on.sgr("32", s) }

// Yellow is for what needs a person.
func (on Style) Yellow(s string) string { return on.sgr("33", s) }

// Cyan is for what goes on, and for what can be copied.
func (on Style) Cyan(s string) string { return on.sgr("36", s) }
