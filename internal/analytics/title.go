package analytics

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// KindTitle takes out of an alert's title what differs each time, so that the same trouble has the same title. These become "#",
// as does a row of them:
//
//   - words with a digit: numbers with their units, ids, times and dates with their names, hosts such as web-12. Of what is joined by
//     "-" or "_" what tells the trouble stays: the words behind the last digit, what is written LikeThis, and what monitors measure
//     ("cpu", "errors") with what stands before it. "prod-web-01-CPUUtilization-High" is "#-CPUUtilization-High", "cpu-high-prod-web-01" is
//     "cpu-high-#". A few names stay as they are: 5xx, p99, s3, ...
//   - domains and mail addresses, web addresses, IPv6 and MAC addresses, paths from "/" on, letters of drives
//   - sets of labels in braces, and what follows "=" without a space
//
// Full-width forms of ASCII count, and are shown, as their usual ones. Within Japanese, Chinese and Korean text only the part in
// other letters and digits is a word. The rest stays as it is written. Of a title that is one joined word and nothing else only what has
// digits goes: "vpn-tunnel-2" is "vpn-tunnel-#". What KindTitle gives it leaves as it is.
//
// internal/suggest measures how well it groups titles of real monitors.
func KindTitle(title string) string {
	m := masking{rest: []rune(unifyTriggered(strings.Join(strings.FieldsFunc(strings.Map(halfWidth, title), unicode.IsSpace), " ")))}
	for len(m.rest) > 0 {
		m.step()
	}
	kind := strings.TrimSpace(joinMarks(m.parts))
	if kind == "#" {
		return maskAlone(title)
	}
	return kind
}

// unifyTriggered makes one of Datadog's two words for the beginning of an alert.
func unifyTriggered(title string) string {
	return strings.ReplaceAll(title, "[Re-Triggered", "[Triggered")
}

// halfWidth gives the usual form of a full-width character of ASCII.
func halfWidth(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	}
	return r
}

// masking reads a title from the left.
type masking struct {
	rest  []rune
	parts []string // what was read: "#", a word, or one other character
}

func (m *masking) put(part string, read int) {
	m.parts = append(m.parts, part)
	m.rest = m.rest[read:]
}

func (m *masking) last() string {
	if len(m.parts) == 0 {
		return " "
	}
	return m.parts[len(m.parts)-1]
}

// step reads one part.
func (m *masking) step() {
	begins := strings.ContainsAny(m.last(), ` (:=,"'<[`) // a word can begin here
	if m.rest[0] == '{' {
		if n := labels(m.rest); n > 0 {
			m.put("#", n)
			return
		}
	}
	if begins && m.rest[0] == '/' {
		if n := max(path(m.rest), m.top()); n > 0 {
			m.put("#", n)
			return
		}
	}
	if n := webAddress(m.rest); n > 0 {
		m.put("#", n)
		return
	}
	if n := colons(m.rest); n > 0 && !isWordRune(lastRune(m.last())) {
		m.put("#", n)
		return
	}
	n := word(m.rest)
	if n == 0 {
		m.put(string(m.rest[0]), 1)
		return
	}
	text := string(m.rest[:n])
	value := m.last() == "=" && len(m.parts) > 1 && m.parts[len(m.parts)-2] != " "
	drive := n == 1 && n < len(m.rest) && m.rest[n] == ':' && begins
	if drive {
		n++ // with its colon
	}
	if value || drive {
		text = "#"
	}
	m.parts = append(m.parts, pieces(maskWord(text))...)
	m.rest = m.rest[n:]
}

// pieces cuts a masked word at "#" and the marks beside it: so it is read the second time.
func pieces(word string) []string {
	var list []string
	for {
		before, behind, masked := strings.Cut(word, "#")
		if !masked {
			return appendTexts(list, before)
		}
		mark := max(len(before)-1, 0)
		list = appendTexts(list, before[:mark], before[mark:], "#", behind[:min(len(behind), 1)])
		word = behind[min(len(behind), 1):]
	}
}

// appendTexts appends those that are not empty.
func appendTexts(list []string, texts ...string) []string {
	for _, text := range texts {
		if text != "" {
			list = append(list, text)
		}
	}
	return list
}

// maxLabels is the length of the longest set of labels in braces.
const maxLabels = 1000

// labels is how long a set of labels in braces is; 0: there is none.
func labels(text []rune) int {
	end := slices.Index(text[:min(len(text), maxLabels)], '}')
	if end < 0 || !slices.ContainsFunc(text[:end], func(r rune) bool { return r == ':' || r == '=' }) {
		return 0
	}
	return end + 1
}

// path is how long a path is that begins with "/".
func path(text []rune) int {
	n := 1
	for n < len(text) && (isWordRune(text[n]) || strings.ContainsRune("/._-@+", text[n]) || text[n] == ':' && text[n-1] == '/') {
		n++
	}
	if n == 1 && n < len(text) && text[n] != ':' && text[n] != ')' {
		return 0 // a stroke between words
	}
	return trimmed(text, n, 1)
}

// top is 1 where a lone stroke is the path "/": before a figure, as in "/ 91%", or behind a colon, but not between figures.
func (m *masking) top() int {
	space := len(m.parts) > 0 && m.last() == " "
	if len(m.rest) < 3 || m.rest[1] != ' ' || !space || len(m.parts) < 2 || m.parts[len(m.parts)-2] == "#" {
		return 0
	}
	if unicode.IsNumber(m.rest[2]) || m.parts[len(m.parts)-2] == ":" {
		return 1
	}
	return 0
}

// trimmed takes the marks off the end of what is n long, but not the first ones.
func trimmed(text []rune, n, least int) int {
	for n > least && !isWordRune(text[n-1]) && text[n-1] != '/' {
		n--
	}
	return n
}

// webAddress is how long a web address is: "scheme://" and what follows, up to a space, a bracket, a quote.
func webAddress(text []rune) int {
	n := 0
	for n < len(text) && text[n] < utf8.RuneSelf && unicode.IsLetter(text[n]) {
		n++
	}
	if n == 0 || n+3 > len(text) || string(text[n:n+3]) != "://" {
		return 0
	}
	for n < len(text) && text[n] < utf8.RuneSelf && !strings.ContainsRune(` "'<>()[]{}|`, text[n]) {
		n++
	}
	return trimmed(text, n, 1)
}

// colons is how long an IPv6 or MAC address is.
func colons(text []rune) int {
	n, marks := 0, 0
	for n < len(text) && (text[n] == ':' || strings.ContainsRune("0123456789abcdefABCDEF", text[n])) {
		if text[n] == ':' {
			marks++
		}
		n++
	}
	if marks < 2 || n < 6 || n < len(text) && (isWordRune(text[n]) || text[n] == '#') {
		return 0
	}
	return n
}

// word is how long the word is that begins here: letters and digits, with marks between them. Some marks join digits only.
func word(text []rune) int {
	n := 0
	for n < len(text) {
		switch r := text[n]; {
		case isWordRune(r):
		case n == 0 || n+1 == len(text) || !isWordRune(text[n+1]):
			return n
		case strings.ContainsRune("._-@", r):
		case strings.ContainsRune(",:/+", r) && unicode.IsNumber(text[n-1]) && unicode.IsNumber(text[n+1]):
		default:
			return n
		}
		n++
	}
	return n
}

// isWordRune is of digits, and of letters of scripts that put spaces between words.
func isWordRune(r rune) bool {
	return unicode.IsNumber(r) && !unicode.Is(unicode.Han, r) || unicode.In(r, unicode.L, unicode.M) && !isDense(r)
}

// isDense is of letters of scripts in which words stand without spaces, or with what is joined to them.
func isDense(r rune) bool {
	return r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) || r == 'ー')
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}
