// Package calendar holds the calendars that windows are drawn on: Japan's national holidays ([Japan]) and .ics files
// ([ParseICS]); and it writes a policy's windows as an .ics file ([Export]).
//
// Whole days of a calendar are days of the customer's zone, whichever zone that is; events at a time of their own stay
// at that time. Holidays are data, not rules: laws move them, and the days of the equinoxes are announced a year ahead.
// So each calendar says which years it knows ([quiethours.Calendar]), and nothing is guessed outside of them: there it
// has no days, a window on it does not open, and people are told as on any other day. [quiethours.Policy.YearsMissing]
// finds windows that come to that.
//
// The package promises that the same data gives the same days on every machine, and that no .ics file makes it run or
// grow without bound. It never does I/O.
package calendar

import (
	"slices"
	"sort"
	"time"

	"shodo/internal/quiethours"
)

// Named gives the calendar that the product ships under a name; Names lists them.
func Named(name string) (quiethours.Calendar, bool) {
	if name == "japan" {
		return Japan(), true
	}
	return nil, false
}

// Names lists the calendars that the product ships.
func Names() []string { return []string{"japan"} }

// list is a calendar whose pieces are all known.
type list struct {
	fixed    index // of instants
	floating index // of the wall clock, as times in UTC; days are from midnight to midnight
	first    int
	last     int
	content  string
}

func (l *list) Valid() (from, to int) { return l.first, l.last }

func (l *list) Content() string { return l.content }

// reach is more than any zone differs from UTC.
const reach = 26 * time.Hour

func (l *list) Spans(from, to time.Time, zone *time.Location) []quiethours.Span {
	found := l.fixed.meeting(from, to)
	for i, s := range found {
		found[i] = quiethours.Span{Start: s.Start.In(zone), End: s.End.In(zone)}
	}
	for _, s := range l.floating.meeting(from.Add(-reach), to.Add(reach)) {
		if s = quiethours.OnWall(zone, s.Start, s.End); !s.IsEmpty() && s.End.After(from) && s.Start.Before(to) {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, byStart)
	return found
}

func byStart(a, b quiethours.Span) int { return a.Start.Compare(b.Start) }

// index finds spans by time.
type index struct {
	spans []quiethours.Span // by start
	ends  []time.Time       // the latest end up to and with each of them
}

func newIndex(spans []quiethours.Span) index {
	x := index{spans: spans, ends: make([]time.Time, len(spans))}
	slices.SortStableFunc(x.spans, byStart)
	var latest time.Time
	for i, s := range x.spans {
		if s.End.After(latest) {
			latest = s.End
		}
		x.ends[i] = latest
	}
	return x
}

// meeting gives the spans that end after from and start before to.
func (x index) meeting(from, to time.Time) []quiethours.Span {
	first := sort.Search(len(x.ends), func(i int) bool { return x.ends[i].After(from) })
	end := sort.Search(len(x.spans), func(i int) bool { return !x.spans[i].Start.Before(to) })
	var found []quiethours.Span
	for i := first; i < end; i++ {
		if x.spans[i].End.After(from) {
			found = append(found, x.spans[i])
		}
	}
	return found
}
