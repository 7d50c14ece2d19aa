package catalog

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/yamldoc"
)

// calendarNotice is how long before the end of a calendar's years Lint tells of it.
const calendarNotice = 90 * 24 * time.Hour

// Lint tells what is doubtful about the scenarios, and about the customers' windows at an instant, all of it as warnings:
// scenarios that never run, tie, or have no runbook or test, and customers without any; windows that overlap with different
// answers, never open, or cover all time, calendars that run out, and maintenance that is over. It looks two years ahead.
func (c *Catalog) Lint(now time.Time) yamldoc.Problems {
	problems := c.lintScenarios()
	for _, one := range c.Customers() {
		if !one.Policy.IsEmpty() {
			problems = append(problems, lintWindows(one, now)...)
		}
	}
	problems.Sort()
	return problems
}

func lintWindows(c *customer.Customer, now time.Time) yamldoc.Problems {
	l := windowLint{customer: c, now: now, written: map[string]customer.Window{}}
	for _, w := range c.Windows {
		l.written[w.Name] = w
	}
	l.overlaps()
	l.neverOpen(l.calendars())
	l.coverAll()
	return l.problems
}

// windowLint looks at the windows of one customer.
type windowLint struct {
	customer *customer.Customer
	now      time.Time
	written  map[string]customer.Window // by their names
	problems yamldoc.Problems
}

func (l *windowLint) warn(w quiethours.Window, key, message, hint string) {
	place := l.written[w.Name].Place
	if key != "" {
		place = place.At(key)
	}
	l.problems = append(l.problems, place.Warning(message, hint))
}

// overlaps tells of windows that say different things to one question. Maintenance that is stricter than quiet hours is
// what maintenance is for.
func (l *windowLint) overlaps() {
	for _, o := range l.customer.Policy.Overlaps(l.now) {
		a, b := o.A.Answer(o.Question), o.B.Answer(o.Question)
		if o.A.Kind == quiethours.QuietHours && o.B.Kind == quiethours.Maintenance && strictest(a, b) == b {
			continue
		}
		both := "for every incident"
		if o.Conditional {
			both = "for an incident that both are about"
		}
		hint := fmt.Sprintf("the strictest wins, %s; give one of them match or unless, when that is not meant", strictest(a, b))
		if a == incident.Allow || b == incident.Allow {
			hint = "allow lifts no other answer; to except incidents, give the other window unless"
		}
		l.warn(o.B, string(o.Question), fmt.Sprintf("%q answers %s here, and %q answers %s: at %s both are open, %s",
			o.B.Name, b, o.A.Name, a, l.show(o.First.Start), both), hint)
	}
}

// neverOpen tells of windows that nothing will come of, but for those of which it is told already.
func (l *windowLint) neverOpen(told map[string]bool) {
	for _, w := range l.customer.Policy.NeverOpens(l.now) {
		if told[w.Name] {
			continue
		}
		if ends := l.written[w.Name].Ends; !ends.IsZero() && !ends.After(l.now) {
			l.warn(w, "", fmt.Sprintf("the maintenance %q is over since %s", w.Name, l.show(ends)), "remove it")
			continue
		}
		l.warn(w, "", fmt.Sprintf("the window %q does not open in the next two years", w.Name), "correct its days, or remove it")
	}
}

// coverAll tells of questions that are never answered with allow, and what that means.
func (l *windowLint) coverAll() {
	for _, c := range l.customer.Policy.CoversEverything(l.now) {
		var names []string
		conditional := false
		for _, w := range c.Windows {
			names = append(names, fmt.Sprintf("%q", w.Name))
			conditional = conditional || w.Unless != nil
		}
		who := fmt.Sprintf("the window %s covers all time", names[0])
		if len(names) > 1 {
			who = fmt.Sprintf("the windows %s together cover all time", strings.Join(names, ", "))
		}
		means, hint := whatCoverMeans(c)
		if conditional {
			means += ", but for what unless excepts"
		}
		l.warn(c.Windows[0], string(c.Question), who+": "+means, hint)
	}
}

func whatCoverMeans(c quiethours.Cover) (means, hint string) {
	switch {
	case c.Question == incident.MayRecover:
		return "nothing is ever repaired, every incident goes to a person", "leave time without a window; or adopt the scenarios with autonomy: observe"
	case c.Question == incident.Page && c.Answer == incident.Defer:
		return "nobody is ever called, and what is deferred waits for an end that does not come", "leave time without a window"
	case c.Question == incident.Page:
		return "nobody is ever called", "leave time without a window; or remove the service from this file"
	case c.Answer == incident.Defer:
		return "the customer is never told, and what is deferred waits for an end that does not come", "leave time without a window; or remove contacts"
	}
	return "the customer is never told", "remove contacts, when that is meant"
}

// calendars tells of those whose years end soon, or do not hold now, and gives the names of the windows on them.
func (l *windowLint) calendars() (told map[string]bool) {
	told = map[string]bool{}
	for _, m := range l.customer.Policy.YearsMissing(l.now) {
		zone, window := l.customer.TimeZone, m.Window.Name
		ends := time.Date(m.Last+1, 1, 1, 0, 0, 0, 0, zone)
		hint := "a newer version of the engine may know more years"
		if strings.HasSuffix(m.Calendar, ".ics") {
			hint = "get a newer file"
		}
		message := ""
		switch {
		case !ends.After(l.now):
			message = fmt.Sprintf("the calendar %q knew the years up to %d: the window %q does not open any more", m.Calendar, m.Last, window)
		case ends.Before(l.now.Add(calendarNotice)):
			message = fmt.Sprintf("the calendar %q knows the years up to %d only: after that the window %q does not open", m.Calendar, m.Last, window)
		case l.now.In(zone).Year() < m.First:
			message = fmt.Sprintf("the calendar %q begins with the year %d: until then the window %q does not open", m.Calendar, m.First, window)
			hint = ""
		default:
			continue // it is not near
		}
		told[window] = true
		l.warn(m.Window, "when", message, hint)
	}
	return told
}

// show gives an instant as the customer's clock shows it.
func (l *windowLint) show(t time.Time) string {
	return t.In(l.customer.TimeZone).Format("Mon 2006-01-02 15:04 MST")
}

// strictest gives the answer that wins.
func strictest(a, b incident.Answer) incident.Answer {
	order := map[incident.Answer]int{incident.Allow: 0, incident.Defer: 1, incident.Suppress: 2, incident.Forbid: 2}
	if cmp.Compare(order[a], order[b]) < 0 {
		return b
	}
	return a
}
