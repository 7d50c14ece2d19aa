package handover

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// clean makes text from outside safe to show: valid UTF-8, no escape sequences of terminals, no control characters but
// newline and tab, nothing that changes the direction of writing or hides characters. It keeps at most max runes and
// marks a cut with "…".
func clean(s string, max int) string {
	if limit := 16*max + 64; len(s) > limit {
		s = s[:limit] // what is further back can not be among the first max runes of any sensible text
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = withoutEscapes(s)
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	s = strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, s)
	return cut(strings.TrimRight(s, " \t\n"), max)
}

// hidden tells characters that a reader does not see and that may deceive.
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t', r >= ' ' && r <= '~':
		return false
	case unicode.IsControl(r):
		return true
	case r == '\u061C' || r == '\u200E' || r == '\u200F', // marks of direction
		r >= '\u202A' && r <= '\u202E', r >= '\u2066' && r <= '\u2069', // embeddings, overrides, isolates
		r == '\uFEFF',                // byte order mark
		r >= 0xE0000 && r <= 0xE0FFF, // tags: invisible text
		unicode.Is(unicode.Noncharacter_Code_Point, r):
		return true
	}
	return false
}

// withoutEscapes removes the sequences by which programs colour a terminal: CSI and OSC.
func withoutEscapes(s string) string {
	if !strings.Contains(s, "\x1b") {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		at := strings.IndexByte(s, 0x1b)
		if at < 0 {
			break
		}
		b.WriteString(s[:at])
		s = afterEscape(s[at+1:])
	}
	b.WriteString(s)
	return b.String()
}

// afterEscape gives what follows one escape sequence whose ESC has been read.
func afterEscape(s string) string {
	switch {
	case strings.HasPrefix(s, "["): // CSI: parameters, then one letter
		for i := 1; i < len(s); i++ {
			if s[i] >= 0x40 && s[i] <= 0x7e {
				return s[i+1:]
			}
			if s[i] < 0x20 || s[i] > 0x7e {
				return s[i:]
			}
		}
		return ""
	case strings.HasPrefix(s, "]"): // OSC: text, ended by BEL or by ESC and a backslash
		if end := strings.IndexAny(s, "\a\x1b\n"); end >= 0 {
			return strings.TrimPrefix(strings.TrimPrefix(s[end:], "\x1b\\"), "\a")
		}
		return ""
	}
	return s
}

// oneLine is clean on a single line: every run of white space becomes one space.
func oneLine(s string, max int) string {
	return cut(strings.Join(strings.Fields(clean(s, 4*max)), " "), max)
}

// cut keeps at most max runes and marks what it cut with "…".
func cut(s string, max int) string {
	if len(s) <= max || utf8.RuneCountInString(s) <= max {
		return s
	}
	count := 0
	for i := range s {
		if count == max-1 {
			return strings.TrimRight(s[:seam(s, i)], " ") + "…"
		}
		count++
	}
	return s
}

// seam gives the last place up to i at which a text may be cut without splitting what a reader sees as one character: a letter
// with its marks (が in two code points, as some systems write it), or an emoji that is joined of several.
func seam(s string, i int) int {
	const most = 16 // code points; more marks than that are no writing
	at := i
	for range most {
		next, _ := utf8.DecodeRuneInString(s[at:])
		last, size := utf8.DecodeLastRuneInString(s[:at])
		if at == 0 || !unicode.Is(unicode.M, next) && next != joiner && last != joiner && (next < '\U0001F3FB' || next > '\U0001F3FF') {
			return at
		}
		at -= size
	}
	return i
}

// joiner is the zero-width joiner between the parts of an emoji.
const joiner = '\u200D'

// cutMiddle keeps the beginning and the end of a text that is longer than max bytes: in an output both matter. The mark
// between them is a format with one number, the bytes left out.
func cutMiddle(s string, max int, mark string) string {
	if len(s) <= max {
		return s
	}
	head, tail := max/2, len(s)-max/2
	for head > 0 && !utf8.RuneStart(s[head]) {
		head--
	}
	for tail < len(s) && !utf8.RuneStart(s[tail]) {
		tail++
	}
	return s[:head] + "\n" + fmt.Sprintf(mark, tail-head) + "\n" + s[tail:]
}

// lastLines keeps the last lines of a text, at most count of them and at most max runes, and says whether it left
// something out. Logs say at their end what happened.
func lastLines(s string, count, max int) (kept string, whole bool) {
	lines := strings.Split(s, "\n")
	start, size := len(lines), 0
	for start > 0 && len(lines)-start < count {
		size += utf8.RuneCountInString(lines[start-1]) + 1
		if size > max && start < len(lines) {
			break
		}
		start--
	}
	for i := start; i < len(lines); i++ {
		lines[i] = cut(lines[i], max)
	}
	kept = strings.Join(lines[start:], "\n")
	return kept, kept == s
}

// width is the length of a text as Slack counts it: in UTF-16 units.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// clock gives an instant in the reader's zone; the zero time is "-".
func (p Packet) clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(p.Zone).Format("2006-01-02 15:04:05 MST")
}

// hour gives the time of day in the reader's zone, with the day when that is another one than the incident's.
func (p Packet) hour(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	t, since := t.In(p.Zone), p.Incident.Since.In(p.Zone)
	if t.Year() == since.Year() && t.YearDay() == since.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("01-02 15:04:05")
}

// ago gives how long before Now an instant was; empty when either is unknown.
func (p Packet) ago(t time.Time) string {
	if t.IsZero() || p.Now.IsZero() || p.Now.Before(t) {
		return ""
	}
	return fmt.Sprintf(p.words.phrase.ago, p.words.duration(p.Now.Sub(t)))
}
