package analytics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

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
	var total tally
	for _, t := range s.groups {
		total.merge(t)
	}
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
		f.TimeSaved = s.savings.load(&t.saved, a.numbers.scenarios, a.q.Manual)
	}
	return f
}

func (a *asking) groups() []Grouped {
	names := maps.Clone(a.current.groups)
	if a.q.By != ByDay { // the previous period has other days
		maps.Copy(names, a.previous.groups)
	}
	list := make([]Grouped, 0, len(names))
	for name := range names {
		list = append(list, Grouped{Group: name, Figures: a.figures(a.current, a.current.groups[name]), Previous: a.figures(a.previous, a.previous.groups[name])})
	}
	if a.q.By == ByDay {
		slices.SortFunc(list, func(x, y Grouped) int { return compareGroups(x.Group, y.Group) })
		return list
	}
	a.order(list)
	return a.bounded(list)
}

// order puts what weighs most first.
func (a *asking) order(list []Grouped) {
	slices.SortFunc(list, func(x, y Grouped) int {
		return cmp.Or(weight(a.q.By, y)-weight(a.q.By, x), compareGroups(x.Group, y.Group))
	})
}

// bounded puts the lightest groups into one when there are too many.
func (a *asking) bounded(list []Grouped) []Grouped {
	if len(list) <= maxGroups {
		return list
	}
	kept := slices.Clone(list[:maxGroups])
	var now, before tally
	for _, g := range list[maxGroups:] {
		for into, from := range map[*tally]*tally{&now: a.current.groups[g.Group], &before: a.previous.groups[g.Group]} {
			if from != nil {
				into.merge(from)
			}
		}
	}
	others := Group{Name: OtherGroups}
	if i := slices.IndexFunc(kept, func(g Grouped) bool { return g.Group == others }); i >= 0 {
		now.merge(cmp.Or(a.current.groups[others], &tally{}))
		before.merge(cmp.Or(a.previous.groups[others], &tally{}))
		kept = slices.Delete(kept, i, i+1)
	}
	kept = append(kept, Grouped{Group: others, Figures: a.figures(a.current, &now), Previous: a.figures(a.previous, &before)})
	a.order(kept)
	return kept
}

// weight is what comes first: kinds by the load on people, all others by their number.
func weight(by Dimension, g Grouped) int {
	if by == ByKind {
		load, _ := g.Figures.PersonLoad.Total()
		return int(load / time.Second)
	}
	return g.Figures.Incidents
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
