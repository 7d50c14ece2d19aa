package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"

	"shodo/internal/quiethours"
)

// Export writes every piece of the policy's windows that meets [from, to) as an iCalendar file with the given name. The
// bytes depend on nothing else. A piece has the same UID in every export, so that a program which reads the file again
// finds what it knows; it is another one when the window's name, rule or times are others.
func Export(p quiethours.Policy, name string, from, to time.Time) []byte {
	file := ics.NewCalendarFor("shodo")
	file.SetProductId("-//shodo//quiet hours//EN")
	file.SetXWRCalName(printable(name))
	file.SetXWRTimezone(p.Zone().String())
	seen := make(map[string]int)
	for _, s := range p.Spans(from, to) {
		uid := pieceID(p.Zone(), s)
		seen[uid]++
		if n := seen[uid]; n > 1 {
			uid = fmt.Sprintf("%d.%s", n, uid) // two windows that are the same in all but their answers
		}
		e := file.AddEvent(uid)
		e.SetDtStampTime(s.Start) // a fixed one: the moment of the export would make each file another one
		e.SetStartAt(s.Start)
		e.SetEndAt(s.End)
		e.SetSummary(printable(summary(s.Window)))
		e.SetDescription(description(s.Window))
	}
	return []byte(file.Serialize(ics.WithNewLineWindows))
}

// pieceID names a piece of a window by what it is.
func pieceID(zone *time.Location, s quiethours.NamedSpan) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d", zone.String(), s.Window.Label(), s.Window.When.Spec(), s.Start.Unix()))
	return hex.EncodeToString(sum[:16]) + "@shodo"
}

// summary gives a window's name with what it says: `quiet hours "nights": contact defer, page defer`.
func summary(w quiethours.Window) string {
	var says []string
	for _, q := range quiethours.Questions() {
		if a := w.Answer(q); a != "allow" {
			says = append(says, fmt.Sprintf("%s %s", q, a))
		}
	}
	if len(says) == 0 {
		return w.Label()
	}
	return w.Label() + ": " + strings.Join(says, ", ")
}

// description tells the rule and the conditions, a line each.
func description(w quiethours.Window) string {
	lines := []string{w.When.Spec()}
	if w.Match != nil {
		lines = append(lines, "match: "+w.Match.Source())
	}
	if w.Unless != nil {
		lines = append(lines, "unless: "+w.Unless.Source())
	}
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// printable leaves out what would end a line of the file.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
