package quiethours

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rule says which pieces of time a window covers. The functions of this package make them.
type Rule interface {
	// Spec gives the rule as a short canonical text, for messages: "mon,tue 22:00-07:00".
	Spec() string
	// next gives the first piece, by start, that ends after at and starts before limit.
	next(c *clock, at, limit time.Time) (Span, bool)
	// within gives all pieces that meet [from, to), by start.
	within(c *clock, from, to time.Time) []Span
}

// SpecError is a rule that cannot be, told so that its author can mend it.
type SpecError struct {
	Message string // what was found and what was expected, lower case
	Hint    string // what to do
}

func (e *SpecError) Error() string { return e.Message + " (" + e.Hint + ")" }

// WallTime is a time of day in minutes after midnight, 0 to 1439.
type WallTime int

// ParseWallTime reads "HH:MM", "00:00" to "23:59". Errors are of type *SpecError.
func ParseWallTime(text string) (WallTime, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, okHour := twoDigits(hour)
	m, okMinute := twoDigits(minute)
	switch {
	case !ok || !okHour || !okMinute:
		return 0, &SpecError{fmt.Sprintf("%q is not a time of day", text), `write hours and minutes with two digits each, in quotes, such as "07:30"`}
	case h == 24 && m == 0:
		return 0, &SpecError{`"24:00" is not a time of day`, `write to: "00:00" for the end of the day; leave out both from and to for whole days`}
	case h > 23 || m > 59:
		return 0, &SpecError{fmt.Sprintf("%q is not a time of day", text), `the first is "00:00", the last "23:59"`}
	}
	return WallTime(h*60 + m), nil
}

func twoDigits(s string) (int, bool) {
	if len(s) != 2 || s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

// String gives "07:30".
func (t WallTime) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

func (t WallTime) wall() wall { return wall(t) * 60 }

// ParseWeekday reads "mon", "tue", "wed", "thu", "fri", "sat" or "sun", in any case. Errors are of type *SpecError.
func ParseWeekday(text string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(text, shortDay(d)) {
			return d, nil
		}
	}
	return 0, &SpecError{fmt.Sprintf("%q is not a day of the week", text), "the days are mon, tue, wed, thu, fri, sat and sun"}
}

func shortDay(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }

// Weekly covers a time of some days of each week; no days means every day. When to is at or before from, the window ends
// on the next day: 22:00 to 07:00 of "mon" ends on Tuesday. An error, of type *SpecError, tells that from and to are the
// same.
func Weekly(days []time.Weekday, from, to WallTime) (Rule, error) {
	if from < 0 || to < 0 || from >= 24*60 || to >= 24*60 {
		return nil, &SpecError{"from or to is not a time of day", `the first is "00:00", the last "23:59"`}
	}
	if from == to {
		return nil, &SpecError{fmt.Sprintf(`from and to are both "%s"`, from),
			"leave both out for whole days; for 24 hours that begin at another time write {cron: ..., for: 24h}"}
	}
	week := weekOf(days)
	end := to.wall()
	if to < from {
		end += day
	}
	return &daily{spec: week.String() + " " + from.String() + "-" + to.String(), days: week,
		pieces: []piece{{from.wall(), end}}}, nil
}

// WholeDays covers some days of each week from midnight to midnight; no days means every day.
func WholeDays(days []time.Weekday) Rule {
	week := weekOf(days)
	return &daily{spec: week.String() + " all day", days: week, pieces: []piece{{0, day}}}
}

// daily is a rule whose pieces are at the same times of each of its days.
type daily struct {
	spec   string
	days   days
	pieces []piece // in order; both their starts and their ends rise, within a day and over to the next one
}

// piece is a part of the wall clock, counted from midnight of its day. It may end days later.
type piece struct{ from, to wall }

// days tells the days of a daily rule.
type days interface {
	next(midnight wall) (wall, bool) // the first day at or after the given one
}

func (r *daily) Spec() string { return r.spec }

func (r *daily) next(c *clock, at, limit time.Time) (found Span, ok bool) {
	r.each(c, at, limit, func(s Span) bool {
		found, ok = s, true
		return false
	})
	return found, ok
}

func (r *daily) within(c *clock, from, to time.Time) (all []Span) {
	r.each(c, from, to, func(s Span) bool {
		all = append(all, s)
		return true
	})
	return all
}

// each gives the pieces that end after at and start before limit, until yield says stop.
func (r *daily) each(c *clock, at, limit time.Time, yield func(Span) bool) {
	after, before := at.Unix(), limit.Unix()
	over := c.wall(after) // a piece that ends here or earlier is over
	if !c.plain(over) {
		over -= reach // whatever the clocks do
	}
	longest := r.pieces[len(r.pieces)-1].to
	for d, ok := r.days.next((over - longest).floorDay()); ok; d, ok = r.days.next(d + day) {
		for _, p := range r.pieces {
			if d+p.to <= over {
				continue
			}
			start, end := c.start(d+p.from), c.end(d+p.to)
			if start > before || start == before && limit.Nanosecond() == 0 {
				return
			}
			if end > after && start < end && !yield(Span{c.time(start), c.time(end)}) {
				return
			}
		}
	}
}

// week is a set of days of the week: bit 0 is Sunday.
type week uint8

const everyDay week = 1<<7 - 1

func weekOf(list []time.Weekday) week {
	var w week
	for _, d := range list {
		w |= 1 << (d % 7)
	}
	if w == 0 {
		return everyDay
	}
	return w
}

func (w week) next(midnight wall) (wall, bool) {
	for w&(1<<weekday(midnight)) == 0 {
		midnight += day
	}
	return midnight, true
}

// weekday gives the day of the week of a midnight, 0 for Sunday. Day 0 of the count was a Thursday.
func weekday(midnight wall) int { return int((midnight/day%7 + 4 + 7) % 7) }

// String gives "mon,tue", the days from Monday on.
func (w week) String() string {
	if w == everyDay {
		return "every day"
	}
	var names []string
	for i := range 7 {
		if d := time.Weekday((i + 1) % 7); w&(1<<d) != 0 {
			names = append(names, shortDay(d))
		}
	}
	return strings.Join(names, ",")
}

// Once covers one piece of time. When to is not after from it covers nothing.
func Once(from, to time.Time) Rule { return once{Span{from, to}} }

type once struct{ span Span }

func (r once) Spec() string {
	return r.span.Start.UTC().Format(time.RFC3339Nano) + " to " + r.span.End.UTC().Format(time.RFC3339Nano)
}

func (r once) next(_ *clock, at, limit time.Time) (Span, bool) {
	return r.span, r.span.End.After(at) && r.span.Start.Before(limit) && !r.span.IsEmpty()
}

func (r once) within(c *clock, from, to time.Time) []Span {
	if s, ok := r.next(c, from, to); ok {
		return []Span{s}
	}
	return nil
}

// Calendar is a list of days or times, such as a country's holidays. It does not change, and may be used by many
// goroutines at once.
type Calendar interface {
	// Spans gives what meets [from, to), ordered by start: whole, not cut. Whole days are those of the zone.
	Spans(from, to time.Time, zone *time.Location) []Span
	// Valid gives the first and the last year that the calendar knows of; 0, 0 when it holds for all.
	Valid() (from, to int)
	// Content names what the calendar holds: another content has another name. It goes into a policy's hash.
	Content() string
}

// OnCalendar covers what a calendar lists. The name is what the customer's file calls it.
func OnCalendar(name string, c Calendar) Rule { return onCalendar{name, c} }

type onCalendar struct {
	name     string
	calendar Calendar
}

func (r onCalendar) Spec() string { return "calendar " + strconv.Quote(r.name) }

// next looks through the calendar in pieces of time that grow, since most answers are near.
func (r onCalendar) next(c *clock, at, limit time.Time) (Span, bool) {
	const first = 35 * 24 * time.Hour
	for from, size := at, first; from.Before(limit); size *= 2 {
		to := from.Add(size)
		if to.After(limit) {
			to = limit
		}
		if found := r.within(c, from, to); len(found) > 0 {
			return found[0], true
		}
		from = to
	}
	return Span{}, false
}

func (r onCalendar) within(c *clock, from, to time.Time) []Span {
	var all []Span
	for _, s := range r.calendar.Spans(from, to, c.zone) {
		if !s.IsEmpty() && s.End.After(from) && s.Start.Before(to) {
			all = append(all, s)
		}
	}
	return all
}

// canonical gives all that a rule decides, as text.
func canonical(r Rule) string {
	if on, ok := r.(onCalendar); ok {
		return "calendar " + on.calendar.Content()
	}
	return r.Spec()
}
