package analytics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"shodo/internal/incident"
)

func (a *asking) answer() Answer {
	out := Answer{Question: *a.q, PreviousPeriod: a.previous.period, Open: a.open, Slowest: a.slow}
	out.Figures, out.Previous = a.total(a.current), a.total(a.previous)
	if a.q.By != ByNothing {
		out.Groups = a.groups()
	}
	out.Attempts, out.Windows = a.attempts(), a.windows()
	slices.SortStableFunc(a.list, func(x, y listed) int {
		return cmp.Or(cmp.Compare(x.created, y.created), cmp.Compare(x.id, y.id))
	})
	for _, l := range a.list {
		out.Incidents = append(out.Incidents, l.id)
	}
	return out
}

func (a *asking) total(s *side) Figures {
	groups := slices.Collect(maps.Values(s.groups))
	var mu sync.Mutex
	var total tally
	together(len(groups), func(from, to int) {
		var part tally
		for _, t := range groups[from:to] {
			part.merge(t)
		}
		mu.Lock()
		defer mu.Unlock()
		total.merge(&part)
	})
	return a.figures(s, &total)
}

// figures gives those of a group; of nil, those of nothing.
func (a *asking) figures(s *side, t *tally) Figures {
	f := t.result(a.numbers)
	if !a.q.estimates() {
		return f
	}
	f.TimeSaved = &Load{}
	if t != nil {
		f.TimeSaved = s.savings.load(&t.saved, &a.numbers.scenarios, a.q.Manual)
	}
	return f
}

// group is the counters of one group, of both periods; one that is not there has none.
type group struct {
	name        Group
	now, before *tally
}

func (a *asking) groups() []Grouped {
	list := make([]group, 0, len(a.current.groups))
	for name, t := range a.current.groups {
		list = append(list, group{name, t, a.previous.groups[name]})
	}
	for name, t := range a.previous.groups {
		if a.current.groups[name] == nil && a.q.By != ByDay { // the previous period has other days
			list = append(list, group{name, nil, t})
		}
	}
	list = a.bounded(a.ordered(list))
	out := make([]Grouped, len(list))
	together(len(list), func(from, to int) {
		for i, g := range list[from:to] {
			out[from+i] = Grouped{Group: g.name, Figures: a.figures(a.current, g.now), Previous: a.figures(a.previous, g.before)}
		}
	})
	return out
}

// ordered puts what weighs most first, and days in their order.
func (a *asking) ordered(list []group) []group {
	weight := (*tally).incidents
	switch a.q.By {
	case ByDay:
		weight = func(*tally) int { return 0 }
	case ByKind:
		weight = (*tally).load
	}
	slices.SortFunc(list, func(x, y group) int {
		return cmp.Or(weight(y.now)-weight(x.now), compareGroups(x.name, y.name))
	})
	return list
}

// bounded puts the lightest groups into one when there are too many.
func (a *asking) bounded(list []group) []group {
	if len(list) <= maxGroups {
		return list
	}
	others := group{Group{Name: OtherGroups}, &tally{}, &tally{}}
	kept := list[:0]
	for _, g := range list {
		if g.name != others.name && len(kept) < maxGroups {
			kept = append(kept, g)
			continue
		}
		others.now.merge(g.now)
		others.before.merge(g.before)
	}
	return a.ordered(append(kept, others))
}

func compareGroups(x, y Group) int {
	return cmp.Or(strings.Compare(x.Name, y.Name), cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.Service, y.Service))
}

func (a *asking) attempts() []Attempted {
	names := maps.Clone(a.current.attempts)
	maps.Copy(names, a.previous.attempts)
	list := []Attempted{}
	for name := range names {
		now, before := a.current.attempts[name], a.previous.attempts[name]
		for n := 1; n <= incident.MaxAttempts; n++ {
			one := Attempted{Scenario: incident.ScenarioName(name), Attempt: n, Repairs: now.at(n), Previous: before.at(n)}
			if one.Repairs.Of+one.Previous.Of > 0 {
				list = append(list, one)
			}
		}
	}
	slices.SortFunc(list, func(x, y Attempted) int {
		return cmp.Or(cmp.Compare(x.Scenario, y.Scenario), x.Attempt-y.Attempt)
	})
	return list
}
