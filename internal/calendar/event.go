package calendar

import (
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"shodo/internal/quiethours"
)

// event is one VEVENT, read but not expanded.
type event struct {
	name      string // for errors: its number and what people call it
	uid       string
	start     stamp
	length    length
	rule      string  // RRULE; empty: none
	also      []stamp // RDATE
	without   []stamp // EXDATE, and what other events replace
	replaces  *stamp  // RECURRENCE-ID
	cancelled bool
}

// readEvent reads the properties that say when the event is.
func readEvent(number int, v *ics.VEvent) (*event, error) {
	e := &event{
		name:      fmt.Sprintf("event %d %q", number, first(v, ics.ComponentPropertySummary)),
		uid:       first(v, ics.ComponentPropertyUniqueId),
		cancelled: strings.EqualFold(first(v, ics.ComponentPropertyStatus), "CANCELLED"),
	}
	for _, step := range []func(*ics.VEvent) error{e.readStart, e.readLength, e.readRule, e.readExceptions} {
		if err := step(v); err != nil {
			return nil, mistake("correct the event, or leave it out of the file", "%s: %s", e.name, err)
		}
	}
	return e, nil
}

// first gives the value of a property that comes once; empty when it does not.
func first(v *ics.VEvent, name ics.ComponentProperty) string {
	if found := properties(v, name); len(found) > 0 {
		return strings.TrimSpace(found[0].Value)
	}
	return ""
}

// moment reads a property with one moment; it is false when there is no such property.
func moment(v *ics.VEvent, name ics.ComponentProperty) (stamp, bool, error) {
	found := properties(v, name)
	if len(found) == 0 {
		return stamp{}, false, nil
	}
	all, err := stamps(found[0])
	if err != nil {
		return stamp{}, true, err
	}
	if len(found) > 1 || len(all) > 1 {
		return stamp{}, true, fmt.Errorf("%s is given more than once", name)
	}
	return all[0], true, nil
}

func (e *event) readStart(v *ics.VEvent) error {
	start, found, err := moment(v, ics.ComponentPropertyDtStart)
	if !found {
		return fmt.Errorf("it has no DTSTART")
	}
	e.start = start
	return err
}

func (e *event) readLength(v *ics.VEvent) error {
	end, found, err := moment(v, ics.ComponentPropertyDtEnd)
	duration := first(v, ics.ComponentPropertyDuration)
	switch {
	case err != nil:
		return err
	case found && duration != "":
		return fmt.Errorf("it has both DTEND and DURATION")
	case duration != "":
		e.length, err = readDuration(duration)
		if err == nil && e.start.form == date && e.length.rest != 0 {
			err = fmt.Errorf("DURATION: %q of an event of whole days is not in whole days", duration)
		}
		return err
	case !found && e.start.form == date:
		e.length = length{days: 1}
		return nil
	case !found:
		return fmt.Errorf("it has no DTEND and no DURATION, so it covers no time")
	case end.form != e.start.form:
		return fmt.Errorf("DTSTART is %s, DTEND is %s", e.start.form, end.form)
	case e.start.form == instant:
		e.length.rest = quiethours.OnWall(end.zone, end.wall.Add(-time.Second), end.wall).End.Sub(e.start.at())
	default:
		e.length.rest = end.wall.Sub(e.start.wall)
	}
	if e.length.rest <= 0 {
		return fmt.Errorf("DTEND is not after DTSTART; the DTEND of whole days is the day after the last one")
	}
	return nil
}

func (e *event) readRule(v *ics.VEvent) error {
	rules := properties(v, ics.ComponentPropertyRrule)
	switch {
	case len(properties(v, ics.ComponentPropertyExrule)) > 0:
		return fmt.Errorf("EXRULE is not understood; list the times as EXDATE")
	case len(rules) > 1:
		return fmt.Errorf("it has more than one RRULE; make an event of each")
	case len(rules) == 1:
		e.rule = strings.TrimSpace(rules[0].Value)
	}
	return nil
}

func (e *event) readExceptions(v *ics.VEvent) (err error) {
	if e.also, err = e.readMoments(v, ics.ComponentPropertyRdate); err != nil {
		return err
	}
	if e.without, err = e.readMoments(v, ics.ComponentPropertyExdate); err != nil {
		return err
	}
	replaces, err := e.readMoments(v, ics.ComponentPropertyRecurrenceId)
	switch {
	case err != nil || len(replaces) == 0:
		return err
	case len(replaces) > 1:
		return fmt.Errorf("RECURRENCE-ID is given more than once")
	case parameter(properties(v, ics.ComponentPropertyRecurrenceId)[0], "RANGE") != "":
		return fmt.Errorf("RECURRENCE-ID with RANGE is not understood; replace each time by itself")
	case e.rule != "":
		return fmt.Errorf("it has both RECURRENCE-ID and RRULE")
	}
	e.replaces = &replaces[0]
	return nil
}

// readMoments reads a property that may come often, with many moments each.
func (e *event) readMoments(v *ics.VEvent, name ics.ComponentProperty) ([]stamp, error) {
	var all []stamp
	for _, p := range properties(v, name) {
		some, err := stamps(p)
		if err != nil {
			return nil, err
		}
		for _, s := range some {
			// A replaced time may have another form than what replaces it; expand compares it with what it is of.
			if s.form != e.start.form && name != ics.ComponentPropertyRecurrenceId {
				return nil, fmt.Errorf("DTSTART is %s, %s is %s", e.start.form, name, s.form)
			}
		}
		all = append(all, some...)
	}
	return all, nil
}

// expand gives all times of the event: instants, or pieces of the wall clock as times in UTC. It also says whether they
// go on without end; then they are cut off after lastYear.
func (e *event) expand() (spans []quiethours.Span, endless bool, err error) {
	starts := []stamp{e.start}
	if e.rule != "" {
		if starts, endless, err = e.repeat(); err != nil {
			return nil, false, mistake("correct its RRULE, or write the window as {days: ...} or {cron: ...}", "%s: RRULE %q: %s", e.name, e.rule, err)
		}
	}
	done := make(map[int64]bool)
	for _, s := range e.without {
		if s.form != e.start.form {
			return nil, false, mistake("write both in the same form", "%s: DTSTART is %s, the RECURRENCE-ID of a time of it is %s", e.name, e.start.form, s.form)
		}
		done[s.key()] = true
	}
	for _, s := range append(starts, e.also...) {
		if key := s.key(); !done[key] {
			done[key] = true
			spans = append(spans, e.span(s))
		}
	}
	return spans, endless, nil
}

func (e *event) span(s stamp) quiethours.Span {
	start := s.wall
	if s.form == instant {
		start = s.at()
	}
	return quiethours.Span{Start: start, End: e.length.from(s)}
}
