package scenariotest

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// row is one line of two sequences side by side: the same in both, or only in one.
type row struct {
	want, got string
	n         int // how often in a row
}

// sideBySide aligns two sequences along what they have in common.
func sideBySide(want, got []string) []row {
	// common[i][j] is the length of the longest sequence that want[i:] and got[j:] have in common.
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var rows []row
	add := func(w, g string) {
		if last := len(rows) - 1; last >= 0 && rows[last].want == w && rows[last].got == g {
			rows[last].n++
			return
		}
		rows = append(rows, row{w, g, 1})
	}
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			add(want[i], got[j])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			add(want[i], "")
			i++
		default:
			add("", got[j])
			j++
		}
	}
	return rows
}

// writeSideBySide draws two sequences; "-" marks what is missing, "+" what is too much.
func writeSideBySide(w io.Writer, indent string, want, got []string) {
	const left, right = "expected", "actual"
	rows := sideBySide(want, got)
	wide := width(left)
	for _, r := range rows {
		wide = max(wide, width(r.side(r.want)))
	}
	fmt.Fprintf(w, "%s   %s   %s\n", indent, pad(left, wide), right)
	for _, r := range rows {
		mark := " "
		switch {
		case r.got == "":
			mark = "-"
		case r.want == "":
			mark = "+"
		}
		line := fmt.Sprintf("%s %s %s   %s", indent, mark, pad(r.side(r.want), wide), r.side(r.got))
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	if len(rows) == 0 {
		fmt.Fprintf(w, "%s   %s   %s\n", indent, pad("(nothing)", wide), "(nothing)")
	}
}

// side is a name with how often it comes in a row.
func (r row) side(name string) string {
	if name == "" || r.n == 1 {
		return name
	}
	return fmt.Sprintf("%s × %d", name, r.n)
}

func pad(s string, wide int) string { return s + strings.Repeat(" ", max(wide-width(s), 0)) }

// width is how many columns a text takes in a terminal.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r >= 0x3000 && r <= 0x303f || r >= 0xff01 && r <= 0xff60 {
			n++
		}
	}
	return n
}
