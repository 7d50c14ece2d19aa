package quiethours

import (
	"slices"
	"time"

	"shodo/internal/incident"
)

// Lookahead is how far ahead of an instant the checks of this file look: two years.
const Lookahead = 2 * 366 * 24 * time.Hour

// Overlap is two windows that say different things at the same time.
type Overlap struct {
	A, B     Window // in the policy's order
	Question incident.Question
	First    Span // the first time that both are open
	// Conditional says that at least one of them is about some incidents only: perhaps no incident ever sees both.
	Conditional bool
}

// Overlaps finds windows that overlap with different answers to the same question, in the two years from an instant on.
// An answer that a window leaves out is none, but a written "allow" is one: it does not make an exception, as the
// strictest answer wins.
func (p Policy) Overlaps(from time.Time) []Overlap {
	var found []Overlap
	c := clock{zone: p.Zone()}
	for i, a := range p.windows {
		for _, b := range p.windows[i+1:] {
			differ := slices.DeleteFunc(Questions(), func(q incident.Question) bool {
				return a.said(q) == "" || b.said(q) == "" || a.said(q) == b.said(q)
			})
			if len(differ) == 0 {
				continue
			}
			first, ok := c.meet(a.When, b.When, from, from.Add(Lookahead))
			for _, q := range differ {
				if ok {
					found = append(found, Overlap{A: a, B: b, Question: q, First: first, Conditional: a.isConditional() || b.isConditional()})
				}
			}
		}
	}
	return found
}

// meet gives the first time that two rules both cover.
func (c *clock) meet(a, b Rule, from, limit time.Time) (Span, bool) {
	for from.Before(limit) {
		x, okX := a.next(c, from, limit)
		y, okY := b.next(c, from, limit)
		if !okX || !okY {
			return Span{}, false
		}
		if both := x.Overlap(y).Overlap(Span{from, limit}); !both.IsEmpty() {
			return both, true
		}
		// They do not meet, so the one that starts first is over before the other begins.
		from = x.Start
		if y.Start.After(from) {
			from = y.Start
		}
	}
	return Span{}, false
}

// NeverOpens finds windows that are not open at any time of the two years from an instant on: maintenance that is over,
// a calendar without days, a day that is years away.
func (p Policy) NeverOpens(from time.Time) []Window {
	c := clock{zone: p.Zone()}
	return slices.DeleteFunc(p.Windows(), func(w Window) bool {
		_, opens := w.When.next(&c, from, from.Add(Lookahead))
		return opens
	})
}

// Cover is a question that is never answered with Allow.
type Cover struct {
	Question incident.Question
	Answer   incident.Answer // at all times this one or a stricter one
	Windows  []Window        // those that give it
}

// CoversEverything finds the questions that the windows together never allow in the two years from an instant on.
// Windows with "match" are left out, since they are about some incidents only. Those with "unless" are not: what is no
// exception is silent for ever.
func (p Policy) CoversEverything(from time.Time) []Cover {
	var found []Cover
	for _, q := range Questions() {
		for _, answer := range []incident.Answer{incident.Forbid, incident.Suppress, incident.Defer} {
			windows := slices.DeleteFunc(p.Windows(), func(w Window) bool {
				return w.Match != nil || strictness(w.Answer(q)) < strictness(answer)
			})
			gives := slices.ContainsFunc(windows, func(w Window) bool { return w.Answer(q) == answer })
			if gives && p.coversAll(windows, from, from.Add(Lookahead)) {
				found = append(found, Cover{Question: q, Answer: answer, Windows: windows})
				break
			}
		}
	}
	return found
}

func (p Policy) coversAll(windows []Window, from, to time.Time) bool {
	c := clock{zone: p.Zone()}
	for grew := true; grew && from.Before(to); {
		grew = false
		for _, w := range windows {
			next := func(t time.Time) (Span, bool) { return w.When.next(&c, t, to) }
			if end := extend(next, from, to); end.After(from) {
				from, grew = end, true
			}
		}
	}
	return !from.Before(to)
}

// YearsMissing is a window on a calendar that does not know all of the years to come.
type YearsMissing struct {
	Window      Window
	Calendar    string // as the customer's file calls it
	First, Last int    // the years that it knows
}

// YearsMissing finds windows on a calendar that knows nothing of some of the two years from an instant on: in those the
// window does not open, and nobody would notice.
func (p Policy) YearsMissing(from time.Time) []YearsMissing {
	var found []YearsMissing
	for _, w := range p.windows {
		on, ok := w.When.(onCalendar)
		if !ok {
			continue
		}
		first, last := on.calendar.Valid()
		if first == 0 && last == 0 {
			continue
		}
		if from.In(p.Zone()).Year() < first || from.Add(Lookahead).In(p.Zone()).Year() > last {
			found = append(found, YearsMissing{Window: w, Calendar: on.name, First: first, Last: last})
		}
	}
	return found
}
