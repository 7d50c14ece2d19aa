package quiethours

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Decision is the answers to all three questions for one incident at one instant.
type Decision struct {
	Contact, Page, Recover Ruling
}

// Ruling gives the answer to one question; the zero Ruling when there is no such question.
func (d Decision) Ruling(q incident.Question) Ruling {
	switch q {
	case incident.Contact:
		return d.Contact
	case incident.Page:
		return d.Page
	case incident.MayRecover:
		return d.Recover
	}
	return Ruling{}
}

// Ruling is the answer to one question.
type Ruling struct {
	Question incident.Question
	Answer   incident.Answer
	Until    time.Time // the first instant at which the answer is no longer this one, at most Horizon away; zero for Allow
	Window   string    // the label of the window that gives the answer, the one that lasts longest of several; empty for Allow
	Why      string    // one sentence for people
}

// Decide answers the three questions for the incident at an instant.
func (p Policy) Decide(at time.Time, inc incident.Incident, c incident.Customer) Decision {
	if p.IsEmpty() {
		return allowAll()
	}
	d := decider{clock: clock{zone: p.Zone()}, at: at, limit: at.Add(Horizon), incident: inc, customer: c,
		windows: make([]candidate, len(p.windows))}
	for i := range p.windows {
		d.windows[i].Window = &p.windows[i]
		span, found := d.next(&d.windows[i], at)
		d.windows[i].open = found && span.Covers(at)
	}
	return Decision{Contact: d.rule(incident.Contact), Page: d.rule(incident.Page), Recover: d.rule(incident.MayRecover)}
}

// allowAll is the decision of a policy without windows.
func allowAll() Decision {
	allow := func(q incident.Question) Ruling {
		return Ruling{Question: q, Answer: incident.Allow, Why: deed(q) + " is allowed: the customer has no quiet hours and no maintenance"}
	}
	return Decision{Contact: allow(incident.Contact), Page: allow(incident.Page), Recover: allow(incident.MayRecover)}
}

// decider makes one decision.
type decider struct {
	clock     clock
	at, limit time.Time
	incident  incident.Incident
	customer  incident.Customer
	windows   []candidate
}

// candidate is a window with what is known of it for this decision.
type candidate struct {
	*Window
	open    bool // at the instant that is asked about
	fit     fit  // its conditions; evaluated when they first matter
	failure error
	read    [2]reading // the rule's pieces that were read first and last: the questions ask for the same ones
}

// reading is the first piece of a rule that ends after an instant.
type reading struct {
	after time.Time
	span  Span
	found bool
	valid bool
}

// answers says whether the reading tells the first piece that ends after t, too.
func (r reading) answers(t time.Time) bool {
	return r.valid && !t.Before(r.after) && (!r.found || t.Before(r.span.End))
}

// next gives the first piece of the window that ends after t.
func (d *decider) next(w *candidate, t time.Time) (Span, bool) {
	for _, r := range w.read {
		if r.answers(t) {
			return r.span, r.found
		}
	}
	r := reading{after: t, valid: true}
	r.span, r.found = w.When.next(&d.clock, t, d.limit)
	if !w.read[0].valid {
		w.read[0] = r
	} else {
		w.read[1] = r
	}
	return r.span, r.found
}

// cover gives the end of what the window covers without a break from an instant on.
func (d *decider) cover(w *candidate, from time.Time) time.Time {
	return extend(func(t time.Time) (Span, bool) { return d.next(w, t) }, from, d.limit)
}

// fit says whether a window is about an incident.
type fit int

const (
	unknown fit = iota // not evaluated yet
	fits
	excluded // match does not hold, or unless does
	broken   // a condition could not be evaluated
)

// rule answers one question.
func (d *decider) rule(q incident.Question) Ruling {
	answer := incident.Allow
	for i := range d.windows {
		w := &d.windows[i]
		if a := w.Answer(q); w.open && strictness(a) > strictness(answer) && d.applies(w, q) {
			answer = a
		}
	}
	if answer == incident.Allow {
		return Ruling{Question: q, Answer: answer, Why: d.whyAllowed(q)}
	}
	window, own := d.longest(q, answer)
	until := d.until(q, answer)
	return Ruling{Question: q, Answer: answer, Until: until, Window: window.Label(), Why: d.why(q, answer, window, own, until)}
}

// applies says whether the window is about this incident, as far as the question goes.
func (d *decider) applies(w *candidate, q incident.Question) bool {
	if w.fit == unknown {
		w.fit, w.failure = d.fit(w.Window)
	}
	return w.fit == fits || w.fit == broken && q == incident.MayRecover
}

// fit evaluates the conditions. What is excluded by one condition is so whether or not the other breaks.
func (d *decider) fit(w *Window) (fit, error) {
	var failure error
	if w.Match != nil {
		holds, err := w.Match.Holds(d.incident, d.customer)
		if err == nil && !holds {
			return excluded, nil
		}
		if err != nil {
			failure = fmt.Errorf("match: %s: %w", w.Match.Source(), err)
		}
	}
	if w.Unless != nil {
		holds, err := w.Unless.Holds(d.incident, d.customer)
		if err == nil && holds {
			return excluded, nil
		}
		if err != nil {
			failure = fmt.Errorf("unless: %s: %w", w.Unless.Source(), err)
		}
	}
	if failure != nil {
		return broken, failure
	}
	return fits, nil
}

// longest gives the open window of that answer whose own cover ends last, with that end.
func (d *decider) longest(q incident.Question, answer incident.Answer) (*candidate, time.Time) {
	var found *candidate
	var end time.Time
	for i := range d.windows {
		w := &d.windows[i]
		if !w.open || w.Answer(q) != answer || !d.applies(w, q) {
			continue
		}
		if e := d.cover(w, d.at); found == nil || e.After(end) {
			found, end = w, e
		}
	}
	return found, end
}

// extend follows pieces that overlap or touch from an instant on, and gives their end, at most limit; the instant itself
// when no piece covers it. Next gives the first piece that ends after an instant.
func extend(next func(time.Time) (Span, bool), from, limit time.Time) time.Time {
	for from.Before(limit) {
		s, found := next(from)
		if !found || !s.Covers(from) {
			return from
		}
		from = s.End
	}
	return limit
}

// until gives the first instant at which the answer is another one: no window gives it any more, or a stricter one
// opens.
func (d *decider) until(q incident.Question, answer incident.Answer) time.Time {
	end := d.at
	for grew := true; grew && end.Before(d.limit); {
		grew = false
		for i := range d.windows {
			if w := &d.windows[i]; w.Answer(q) == answer && d.applies(w, q) {
				if e := d.cover(w, end); e.After(end) {
					end, grew = e, true
				}
			}
		}
	}
	for i := range d.windows {
		if w := &d.windows[i]; strictness(w.Answer(q)) > strictness(answer) && d.applies(w, q) {
			if s, found := d.next(w, d.at); found && s.Start.Before(end) {
				end = s.Start
			}
		}
	}
	return end
}

// why tells a ruling that is not Allow.
func (d *decider) why(q incident.Question, answer incident.Answer, w *candidate, own, until time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is %s until %s by %s (%s)", deed(q), participle(answer), d.show(until), w.Label(), w.When.Spec())
	if own.Before(until) {
		fmt.Fprintf(&b, " and, after its own end at %s, by windows that follow it without a break", d.show(own))
	}
	if w.fit == broken {
		fmt.Fprintf(&b, "; it cannot be told whether the window is about this incident (%s), and in doubt nothing is changed", oneLine(w.failure))
	}
	for _, left := range d.leftOut(q, answer) {
		b.WriteString("; " + left)
	}
	return b.String()
}

// whyAllowed tells why no window forbids.
func (d *decider) whyAllowed(q incident.Question) string {
	left := d.leftOut(q, incident.Allow)
	if len(left) == 0 {
		left = []string{"no window says otherwise at " + d.show(d.at)}
	}
	return deed(q) + " is allowed: " + strings.Join(left, "; ")
}

// leftOut tells of the open windows that would be stricter than the answer, but do not apply.
func (d *decider) leftOut(q incident.Question, answer incident.Answer) []string {
	var told []string
	for i := range d.windows {
		w := &d.windows[i]
		switch {
		case !w.open || strictness(w.Answer(q)) <= strictness(answer):
		case w.fit == broken:
			told = append(told, fmt.Sprintf("it cannot be told whether %s is about this incident (%s), and in doubt people are called", w.Label(), oneLine(w.failure)))
		default:
			told = append(told, w.Label()+" is not about this incident")
		}
	}
	return told
}

// deed tells what a question is about.
func deed(q incident.Question) string {
	switch q {
	case incident.Contact:
		return "telling the customer"
	case incident.Page:
		return "waking a tier"
	default:
		return "changing things"
	}
}

// participle tells what an answer does to a deed.
func participle(a incident.Answer) string {
	switch a {
	case incident.Defer:
		return "deferred"
	case incident.Suppress:
		return "suppressed"
	default:
		return "forbidden"
	}
}

// show gives an instant as the customer's clock shows it.
func (d *decider) show(t time.Time) string {
	return t.In(d.clock.zone).Format("Mon 2006-01-02 15:04 MST")
}

// oneLine gives an error without line breaks, cut to a length that a sentence can hold.
func oneLine(err error) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(err.Error()), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
