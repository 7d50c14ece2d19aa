// Package quiethours says what a customer's quiet hours and maintenance decide at an instant.
//
// A [Window] covers pieces of time, by its [Rule], and answers up to three questions in them: may the customer be told
// (contact), may a tier be woken (page), may actions change things (recover). A [Policy] is all windows of a customer
// with the customer's time zone; [Policy.Decide] gives one [Ruling] for each question. Of several windows the strictest
// answer wins: allow < defer < suppress, allow < forbid.
//
// Time. Windows are drawn on the wall clock of the zone, each piece from its start up to and without its end. A piece
// becomes instants so: it starts at the first instant at which the clock shows the start or later, and ends after the
// last instant at which the clock shows less than the end. So each piece is one unbroken span; one that starts or ends
// in an hour that is skipped does so at the next instant that exists; in an hour that is repeated it covers both passes.
// What is given as instants (one-off windows, timed events of a calendar) is taken as it is.
//
// The end of a ruling is the first instant at which the answer is no longer the same for this incident: windows that
// overlap or touch are joined. It is looked for up to [Horizon] ahead.
//
// Conditions. A window may hold for some incidents only: "match" must hold, "unless" must not. When a condition cannot
// be evaluated, the window does not apply to contact and page (in doubt a person is called) and does apply to recover
// (in doubt nothing is changed); the ruling says so.
//
// The package promises that the same windows, instant and incident give the same decision, that a Policy does not
// change and may be used by many goroutines at once, and that a decision costs microseconds. It never does I/O, reads no
// clock and knows no file formats: package customer reads windows from YAML, package calendar holds the calendars.
package quiethours

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Horizon is how far ahead the end of a ruling is looked for. One that lasts longer is given as ending there; who waits
// for it asks again then.
const Horizon = 400 * 24 * time.Hour

// Kind says which of the two a window is. It is part of what people read, and decides nothing.
type Kind string

// The kinds.
const (
	QuietHours  Kind = "quiet hours"
	Maintenance Kind = "maintenance"
)

// Window is what a customer says about some pieces of time.
type Window struct {
	Name string
	Kind Kind
	When Rule

	// The answers to the three questions. An empty one is no answer: other windows decide. A written Allow decides
	// nothing either, as the strictest answer wins; Overlaps tells of it, because its author thinks otherwise.
	Contact incident.Answer
	Page    incident.Answer
	Recover incident.Answer

	Match  Condition // nil: every incident
	Unless Condition // nil: no exception
}

// Condition decides whether a window is about an incident.
type Condition interface {
	// Holds evaluates the condition. An error means that it cannot be told for this incident.
	Holds(incident.Incident, incident.Customer) (bool, error)
	// Source gives the condition as it was written.
	Source() string
}

// Label gives the window's name with its kind, as rulings and messages show it: `quiet hours "nights"`.
func (w Window) Label() string { return fmt.Sprintf("%s %q", w.Kind, w.Name) }

// Answer gives what the window says to the question; Allow when it says nothing.
func (w Window) Answer(q incident.Question) incident.Answer {
	answer := w.said(q)
	if answer == "" {
		return incident.Allow
	}
	return answer
}

// said gives the answer as written; empty when there is none.
func (w Window) said(q incident.Question) incident.Answer {
	switch q {
	case incident.Contact:
		return w.Contact
	case incident.Page:
		return w.Page
	case incident.MayRecover:
		return w.Recover
	}
	return ""
}

// isConditional says whether the window is about some incidents only.
func (w Window) isConditional() bool { return w.Match != nil || w.Unless != nil }

// strictness orders the answers to one question.
func strictness(a incident.Answer) int {
	switch a {
	case incident.Defer:
		return 1
	case incident.Suppress, incident.Forbid:
		return 2
	}
	return 0
}

// Questions lists the three questions in the order in which they are shown.
func Questions() []incident.Question {
	return []incident.Question{incident.Contact, incident.Page, incident.MayRecover}
}

// Policy is all windows of a customer. The zero Policy has none, and allows everything.
type Policy struct {
	zone    *time.Location
	windows []Window
}

// New makes a policy of windows in a zone; nil means UTC. The windows' order matters for one thing only: of several that
// give the same answer and end at the same time, the first is named.
func New(zone *time.Location, windows []Window) Policy {
	return Policy{zone: zone, windows: slices.Clone(windows)}
}

// With gives the policy with more windows, such as maintenance that was added while the engine runs.
func (p Policy) With(extra ...Window) Policy {
	return Policy{zone: p.zone, windows: slices.Concat(p.windows, extra)}
}

// Windows gives all windows, in their order.
func (p Policy) Windows() []Window { return slices.Clone(p.windows) }

// IsEmpty says whether there are no windows: then everything is always allowed.
func (p Policy) IsEmpty() bool { return len(p.windows) == 0 }

// Zone gives the zone whose wall clock the windows are drawn on.
func (p Policy) Zone() *time.Location {
	if p.zone == nil {
		return time.UTC
	}
	return p.zone
}

// Hash names what the policy decides, in hexadecimal: two policies with the same hash decide the same. It covers the
// zone and each window's rule, answers and conditions, and what calendars hold; not the windows' names and order.
func (p Policy) Hash() string {
	lines := make([]string, len(p.windows))
	for i, w := range p.windows {
		lines[i] = fmt.Sprintf("%q %q %q %q %q %q", canonical(w.When), w.Answer(incident.Contact), w.Answer(incident.Page),
			w.Answer(incident.MayRecover), source(w.Match), source(w.Unless))
	}
	slices.Sort(lines)
	sum := sha256.Sum256(fmt.Appendf(nil, "zone %q\n%s", p.Zone().String(), strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

func source(c Condition) string {
	if c == nil {
		return ""
	}
	return c.Source()
}

// NamedSpan is one piece of time that a window covers.
type NamedSpan struct {
	Span
	Window Window
}

// Spans gives every piece of every window that lies in [from, to) or reaches into it, ordered by start and then by the
// windows' order. Pieces are whole and as their rule makes them: neither cut to the period nor joined, so that each is
// the same whatever period is asked for. Conditions are not looked at.
func (p Policy) Spans(from, to time.Time) []NamedSpan {
	var all []NamedSpan
	c := clock{zone: p.Zone()}
	for _, w := range p.windows {
		for _, s := range w.When.within(&c, from, to) {
			all = append(all, NamedSpan{Span: s, Window: w})
		}
	}
	slices.SortStableFunc(all, func(a, b NamedSpan) int { return a.Start.Compare(b.Start) })
	return all
}
