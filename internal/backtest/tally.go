package backtest

import (
	"cmp"
	"maps"
	"slices"

	"shodo/internal/incident"
)

// tally counts a part of the incidents. It belongs to one goroutine.
type tally struct {
	Question
	decoder
	unreadable int
	customers  map[incident.CustomerID]*Counts
	shifts     map[shift]int
	changes    map[Kind][]Change // at most Limit of each, in the order of the stream
}

// shift is what the incidents of one Shift have in common. There are as many as pairs of scenarios, at most.
type shift struct {
	kind                          Kind
	from, to                      incident.ScenarioName
	autonomyBefore, autonomyAfter incident.Autonomy
	customerBefore, customerAfter incident.CustomerID // of CustomerChanged only
}

func newTally(q Question) *tally {
	return &tally{Question: q, customers: map[incident.CustomerID]*Counts{}, shifts: map[shift]int{}, changes: map[Kind][]Change{}}
}

// take decides and counts one incident.
func (t *tally) take(place int, past incident.Past) {
	var s seen
	if !t.decoder.read(past.Doc, &s) {
		t.unreadable++
		return
	}
	pick := t.After.Pick(s.Incident)
	after := decisionOf(pick)
	var before Decision
	if t.Before == nil {
		before = s.decided(pick)
	} else {
		before = decisionOf(t.Before.Pick(s.Incident))
	}
	if t.Customer != "" && before.Customer != t.Customer && after.Customer != t.Customer {
		return
	}
	kind := compare(before, after)
	t.count(before, after, kind)
	if kind == "" || len(t.changes[kind]) >= t.Limit {
		return
	}
	why := t.After.Decide(s.Incident).Match.Why
	switch kind {
	case NoLongerMatched:
		why = whyNot(t.After, s.Incident, before, after)
	case CannotRun:
		why = after.Problem
	}
	t.changes[kind] = append(t.changes[kind], Change{ID: past.ID, Title: s.Incident.Title, URL: s.Incident.URL, Service: s.Incident.Service,
		CreatedAt: past.CreatedAt, Before: before, After: after, Why: why, place: place})
}

// count adds to the customer who has the incident after, or else who had it.
func (t *tally) count(before, after Decision, kind Kind) {
	owner := cmp.Or(after.Customer, before.Customer)
	c := t.customers[owner]
	if c == nil {
		c = &Counts{Changes: map[Kind]int{}}
		t.customers[owner] = c
	}
	c.Incidents++
	c.Before.count(before)
	c.After.count(after)
	if kind == "" {
		return
	}
	c.Changes[kind]++
	key := shift{kind: kind, from: before.Scenario, to: after.Scenario, autonomyBefore: before.Autonomy, autonomyAfter: after.Autonomy}
	if kind == CustomerChanged {
		key.customerBefore, key.customerAfter = before.Customer, after.Customer
	}
	t.shifts[key]++
}

func (s *Side) count(d Decision) {
	if d.Scenario == "" {
		return
	}
	s.Matched++
	if d.Problem != "" {
		s.CannotRun++
	} else if d.Autonomy == incident.Automatic {
		s.Automatic++
	}
}

// report puts the parts together.
func report(parts []*tally, limit int) Report {
	r := Report{Total: Counts{Changes: map[Kind]int{}}, Lists: map[Kind][]Change{}}
	customers := map[incident.CustomerID]*Counts{}
	shifts := map[shift]int{}
	for _, p := range parts {
		r.Unreadable += p.unreadable
		for id, c := range p.customers {
			r.Total.add(c)
			if customers[id] == nil {
				customers[id] = &Counts{Changes: map[Kind]int{}}
			}
			customers[id].add(c)
		}
		for key, n := range p.shifts {
			shifts[key] += n
		}
		for kind, list := range p.changes {
			r.Lists[kind] = append(r.Lists[kind], list...)
		}
	}
	for kind, list := range r.Lists {
		slices.SortFunc(list, func(a, b Change) int { return cmp.Compare(a.place, b.place) })
		r.Lists[kind] = list[:min(len(list), limit)]
	}
	for _, id := range slices.Sorted(maps.Keys(customers)) {
		r.Customers = append(r.Customers, CustomerCounts{Customer: id, Counts: *customers[id]})
	}
	slices.SortStableFunc(r.Customers, func(a, b CustomerCounts) int { return cmp.Compare(b.Changed(), a.Changed()) })
	r.Shifts = shiftsOf(shifts)
	return r
}

// shiftsOf orders shifts by their kinds, the most frequent first.
func shiftsOf(counts map[shift]int) []Shift {
	var list []Shift
	for key, n := range counts {
		list = append(list, Shift{Kind: key.kind, Count: n,
			Before: Decision{Customer: key.customerBefore, Scenario: key.from, Autonomy: key.autonomyBefore},
			After:  Decision{Customer: key.customerAfter, Scenario: key.to, Autonomy: key.autonomyAfter}})
	}
	kinds := Kinds()
	slices.SortFunc(list, func(a, b Shift) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), b.Count-a.Count, compareDecisions(a.Before, b.Before), compareDecisions(a.After, b.After))
	})
	return list
}

func compareDecisions(a, b Decision) int {
	return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Autonomy, b.Autonomy))
}
