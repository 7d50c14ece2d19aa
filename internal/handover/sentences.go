package handover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// form is one sentence as the engine writes it into the record, and the same in another language.
type form struct {
	en   string // its format: %d is a number, %q a quoted name, %l a list, %s anything; at the end %s may be nothing
	said string // its verbs are all %s: the parts of en in their order, or by their number
}

// forms are the sentences of one language. In English they are only what is said shorter than in the record.
type forms struct {
	sentences []form // so much of its own that no answer of a machine is taken for one
	reasons   []form // only for why something was decided
}

const (
	// maxSentence is the size in characters of what is taken apart; what is further back is not shown anyway.
	maxSentence = 2_000
	// maxNested is how deep sentences stand within each other.
	maxNested = 6
)

// why says a reason of the record in the reader's language, on one line of at most max characters. What the engine has not
// written, or what has no form, stays as it is.
func (w words) why(text string, max int) string {
	said, _ := w.said(oneLine(text, maxSentence), maxNested, slices.Concat(w.forms.sentences, w.forms.reasons))
	return oneLine(said, max) // a name that was quoted may hold anything
}

// answer says the error or the note of a step, which may be the engine's own sentence or a machine's answer, and which of
// the two it is.
func (w words) answer(text string, max int) (said string, isOurs bool) {
	said, isOurs = w.said(oneLine(text, maxSentence), maxNested, w.forms.sentences)
	return oneLine(said, max), isOurs
}

// said finds the first form that fits.
func (w words) said(text string, nested int, list []form) (string, bool) {
	if nested == 0 || text == "" {
		return text, false
	}
	for _, f := range list {
		parts, fits := takeApart(f.en, text)
		if !fits {
			continue
		}
		args := make([]any, len(parts))
		for i, p := range parts {
			args[i] = w.part(p, nested-1, list)
		}
		return fmt.Sprintf(f.said, args...), true
	}
	return text, false
}

// part says what stands within a sentence: a name, other sentences, a length of time, an instant, a window, or else a text
// as it is.
func (w words) part(p part, nested int, list []form) string {
	switch p.verb {
	case 'd', 'q':
		return p.text
	case 'l':
		pieces := strings.Split(p.text, "; ")
		for i, piece := range pieces {
			pieces[i], _ = w.said(piece, nested, list)
		}
		return strings.Join(pieces, "; ")
	}
	if said, known := w.said(p.text, nested, list); known {
		return said
	}
	if d, err := time.ParseDuration(p.text); err == nil && strings.HasSuffix(p.text, "s") {
		return w.duration(d)
	}
	if day, rest, found := strings.Cut(p.text, " "); found && len(rest) > len(shownMinute) {
		if _, err := time.Parse("Mon "+shownMinute, day+" "+rest[:len(shownMinute)]); err == nil {
			return rest // the date is enough
		}
	}
	return w.windowOf(withoutID(p.text))
}

// withoutID gives the name of a person whom the record calls "Sato (slack:U0SATO)".
func withoutID(who string) string {
	at := strings.LastIndex(who, " (")
	if at < 0 || !strings.HasSuffix(who, ")") {
		return who
	}
	switch way, _, _ := strings.Cut(who[at+2:], ":"); way {
	case "slack", "api", "local":
		return who[:at]
	}
	return who
}

// shownMinute is how quiethours shows an instant, after the day of the week and before the zone.
const shownMinute = "2006-01-02 15:04"

// part is what stood in the place of a verb.
type part struct {
	verb byte
	text string
}

// takeApart gives what stands in a text in the places of a format's verbs, and whether the format fits.
func takeApart(format, text string) (parts []part, fits bool) {
	before, rest, found := strings.Cut(format, "%")
	text, fits = strings.CutPrefix(text, before)
	if !fits || !found {
		return nil, fits && text == ""
	}
	verb, rest := rest[0], rest[1:]
	switch {
	case verb == 'd':
		number := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
		if number == "" {
			return nil, false
		}
		return with(part{verb, number}, rest, text[len(number):])
	case verb == 'q':
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil, false
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, false
		}
		return with(part{verb, name}, rest, text[len(quoted):])
	case rest == "":
		return []part{{verb, text}}, true
	}
	next, _, _ := strings.Cut(rest, "%")
	for end := 1; end < len(text); end++ { // the shortest one with which the rest fits
		more := strings.Index(text[end:], next)
		if more < 0 {
			break
		}
		end += more
		if parts, fits = with(part{verb, text[:end]}, rest, text[end:]); fits {
			return parts, true
		}
	}
	return nil, false
}

// with puts a part before those of the rest.
func with(first part, format, text string) ([]part, bool) {
	rest, fits := takeApart(format, text)
	return append([]part{first}, rest...), fits
}
