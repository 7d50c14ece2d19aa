package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shodo/internal/calendar"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// calendarFile is an .ics file.
type calendarFile struct {
	path     string
	calendar quiethours.Calendar // nil: it is broken, which is told
	used     bool
}

func (l *loader) parseCalendars(list []file) map[string]*calendarFile {
	calendars := map[string]*calendarFile{}
	for _, f := range list {
		one := &calendarFile{path: f.path}
		calendars[f.name] = one
		parsed, err := calendar.ParseICS(f.data)
		if err != nil {
			p := yamldoc.Problem{File: f.path, Message: err.Error()}
			if refused := (*quiethours.SpecError)(nil); errors.As(err, &refused) {
				p.Message, p.Hint = refused.Message, refused.Hint
			}
			l.add(p)
			continue
		}
		one.calendar = parsed
	}
	return calendars
}

// policy makes the customer's policy of the windows in its file.
func (l *loader) policy(c *customer.Customer) quiethours.Policy {
	var windows []quiethours.Window
	for _, w := range c.Windows {
		rule := w.When
		if rule == nil {
			rule = l.onCalendar(w.Calendar)
		}
		one := quiethours.Window{Name: w.Name, Kind: w.Kind, When: rule, Contact: w.Contact, Page: w.Page, Recover: w.Recover,
			Match: l.condition(w.Match), Unless: l.condition(w.Unless)}
		if rule != nil { // else there is no catalog, and the reason is told
			windows = append(windows, one)
		}
	}
	return quiethours.New(c.TimeZone, windows)
}

// onCalendar gives the rule of a calendar; nil when there is none, which is told.
func (l *loader) onCalendar(named customer.Calendar) quiethours.Rule {
	if found, ok := calendar.Named(named.Name); ok {
		return quiethours.OnCalendar(named.Name, found)
	}
	if found, ok := l.calendars[named.Name]; ok {
		found.used = true
		if found.calendar == nil {
			return nil
		}
		return quiethours.OnCalendar(named.Name, found.calendar)
	}
	known := slices.Concat(calendar.Names(), slices.Sorted(maps.Keys(l.calendars)))
	hint := cmp.Or(yamldoc.Suggest(named.Name, known),
		fmt.Sprintf("known are %s; another one is an .ics file in the folder customers", strings.Join(calendar.Names(), ", ")))
	l.add(named.Place.Problem(fmt.Sprintf("there is no calendar %q", named.Name), hint))
	return nil
}

func (l *loader) warnOfUnusedCalendars() {
	for _, name := range slices.Sorted(maps.Keys(l.calendars)) {
		if one := l.calendars[name]; !one.used && !l.unknown {
			l.add(yamldoc.Place{File: one.path}.Warning("no customer's quiet hours name this calendar", ""))
		}
	}
}

// condition compiles a condition; nil when there is none, or when it is broken, which is told.
func (l *loader) condition(e *customer.Expression) quiethours.Condition {
	if e == nil {
		return nil
	}
	compiled, problem := scenario.CompileCondition(e.Place, e.Source)
	if problem == nil {
		return compiled
	}
	if !e.Inline {
		problem.Column = e.Place.Column
	}
	l.add(*problem)
	return nil
}

// MaintenanceWindow gives the window of maintenance that was added while the engine runs, named by its reason. One that
// was ended before its time ends then; it covers nothing when that was before it began.
//
// The error says what is wrong with what was asked for: times, answers or the condition. With a wrong condition (of
// another version of the engine, perhaps) there is a window all the same, whose condition breaks whenever it is asked.
func MaintenanceWindow(m incident.Maintenance) (quiethours.Window, error) {
	if err := checkMaintenance(m); err != nil {
		return quiethours.Window{}, err
	}
	to := m.To
	if !m.EndedAt.IsZero() && m.EndedAt.Before(to) {
		to = m.EndedAt
	}
	w := quiethours.Window{Name: cmp.Or(m.Reason, m.ID), Kind: quiethours.Maintenance, When: quiethours.Once(m.From, to),
		Contact: m.Contact, Page: m.Page, Recover: m.Recover}
	if m.Match == "" {
		return w, nil
	}
	compiled, problem := scenario.CompileCondition(yamldoc.Place{}, m.Match)
	if problem != nil {
		err := fmt.Errorf("match %q: %s%s", m.Match, problem.Message, inBrackets(problem.Hint))
		w.Match = brokenCondition{m.Match, err}
		return w, err
	}
	w.Match = compiled
	return w, nil
}

// brokenCondition is one that cannot be compiled.
type brokenCondition struct {
	source string
	err    error
}

func (c brokenCondition) Holds(incident.Incident, incident.Customer) (bool, error) {
	return false, c.err
}

func (c brokenCondition) Source() string { return c.source }

func checkMaintenance(m incident.Maintenance) error {
	asked := func(q incident.Question, a incident.Answer, allowed ...incident.Answer) error {
		if a == "" || slices.Contains(allowed, a) {
			return nil
		}
		return fmt.Errorf("%s: found %q, expected one of: %s", q, a, listed(allowed))
	}
	if err := errors.Join(
		asked(incident.Contact, m.Contact, incident.Allow, incident.Defer, incident.Suppress),
		asked(incident.Page, m.Page, incident.Allow, incident.Defer, incident.Suppress),
		asked(incident.MayRecover, m.Recover, incident.Allow, incident.Forbid),
	); err != nil {
		return err
	}
	silent := func(a incident.Answer) bool { return a == "" || a == incident.Allow }
	switch {
	case m.From.IsZero() || m.To.IsZero():
		return errors.New("maintenance needs a beginning and an end (from, to)")
	case !m.From.Before(m.To):
		return fmt.Errorf("maintenance ends at %s, which is not after its beginning at %s", m.To.Format(time.RFC3339), m.From.Format(time.RFC3339))
	case silent(m.Contact) && silent(m.Page) && silent(m.Recover):
		return errors.New("maintenance that answers no question changes nothing (give contact or page: defer or suppress, or recover: forbid)")
	}
	return nil
}

func inBrackets(hint string) string {
	if hint == "" {
		return ""
	}
	return " (" + hint + ")"
}

func listed[T ~string](list []T) string {
	text := ""
	for i, one := range list {
		if i > 0 {
			text += ", "
		}
		text += string(one)
	}
	return text
}
