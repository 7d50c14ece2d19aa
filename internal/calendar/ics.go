package calendar

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"shodo/internal/quiethours"
)

// What an .ics file may hold.
const (
	maxICS         = 1 << 20 // bytes
	maxEvents      = 5_000
	maxOccurrences = 50_000  // of one event
	maxAll         = 200_000 // of all events
	firstYear      = 1970
	lastYear       = 2099 // rules without an end are followed to the end of it
)

// ParseICS reads an iCalendar file (RFC 5545). Each event that is not cancelled is a window:
//
//   - Whole days (VALUE=DATE) are days of the customer's zone, and times without a zone are of its wall clock. Times in
//     UTC or with a TZID, which must be an IANA name, are instants.
//   - An event lasts until DTEND or for DURATION; a day without either lasts that day. As RFC 5545 says, each time of a
//     repeated event with a DTEND lasts exactly as long as the first; the days of a DURATION are days of the calendar.
//   - RRULE (with COUNT, UNTIL, INTERVAL and the BY... parts), RDATE and EXDATE are followed, and events with a
//     RECURRENCE-ID replace the time that it names. Rules by the minute or second are refused. A DTSTART that its own
//     rule does not name is no time of the event; RFC 5545 leaves that open.
//   - TRANSP, alarms, to-dos and all else are not looked at.
//
// The calendar's years go from its first to its last day; with a rule that has no end, to 2099. Errors are of type
// *quiethours.SpecError and name the event. The file may have 1 MiB, 5,000 events and 200,000 times of all events.
func ParseICS(data []byte) (quiethours.Calendar, error) {
	if len(data) > maxICS {
		return nil, mistake("export fewer events or a shorter period", "the file has %d bytes; at most 1 MiB is read", len(data))
	}
	if !bytes.HasSuffix(bytes.ToUpper(bytes.TrimSpace(data)), []byte("END:VCALENDAR")) {
		return nil, mistake("save it again as iCalendar (.ics)", "the file does not end with END:VCALENDAR: it is cut off or of another kind")
	}
	file, err := ics.ParseCalendarWithOptions(bytes.NewReader(data), ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler))
	if err != nil {
		return nil, mistake("save it again as iCalendar (.ics)", "the file cannot be read: %s", err)
	}
	if n := len(file.Events()); n > maxEvents {
		return nil, mistake("export fewer events or a shorter period", "the file has %d events; at most %d are read", n, maxEvents)
	}
	var events []*event
	for i, v := range file.Events() {
		e, err := readEvent(i+1, v)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	replaceTimes(events)
	return listEvents(events, contentName(data))
}

// mistake makes an error that its author can mend.
func mistake(hint, format string, args ...any) error {
	return &quiethours.SpecError{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// replaceTimes takes the times that have an event of their own (by RECURRENCE-ID) from the events that they are of.
func replaceTimes(events []*event) {
	replaced := make(map[string][]stamp)
	for _, e := range events {
		if e.replaces != nil {
			replaced[e.uid] = append(replaced[e.uid], *e.replaces)
		}
	}
	for _, e := range events {
		if e.replaces == nil {
			e.without = append(e.without, replaced[e.uid]...)
		}
	}
}

// listEvents expands all events.
func listEvents(events []*event, content string) (*list, error) {
	var fixed, floating []quiethours.Span
	endless := false
	for _, e := range events {
		if e.cancelled {
			continue
		}
		spans, goesOn, err := e.expand()
		if err != nil {
			return nil, err
		}
		endless = endless || goesOn
		if e.start.form == instant {
			fixed = append(fixed, spans...)
		} else {
			floating = append(floating, spans...)
		}
		if len(fixed)+len(floating) > maxAll {
			return nil, mistake("give its rules an UNTIL, or write often repeated windows as {cron: ...}",
				"the events of the file come more than %d times", maxAll)
		}
	}
	l := &list{fixed: newIndex(fixed), floating: newIndex(floating), content: content}
	for _, s := range slices.Concat(fixed, floating) {
		if year := s.Start.Year(); l.first == 0 || year < l.first {
			l.first = year
		}
		l.last = max(l.last, s.End.Add(-time.Nanosecond).Year())
	}
	if endless {
		l.last = lastYear
	}
	return l, nil
}

// properties finds the properties of a name, in the file's order. Names have no case.
func properties(v *ics.VEvent, name ics.ComponentProperty) []ics.IANAProperty {
	var found []ics.IANAProperty
	for _, p := range v.Properties {
		if strings.EqualFold(p.IANAToken, string(name)) {
			found = append(found, p)
		}
	}
	return found
}

// parameter gives a property's parameter; empty when it has none.
func parameter(p ics.IANAProperty, name ics.Parameter) string {
	for key, values := range p.ICalParameters {
		if strings.EqualFold(key, string(name)) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
}
