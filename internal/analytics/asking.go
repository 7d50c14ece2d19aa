package analytics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// asking is a question while the record is read.
type asking struct {
	q                 Question
	current, previous *side
	watch             *watch
	open              []incident.Fact
	list              []listed
}

// listed is an incident of the figure that is asked for.
type listed struct {
	id      incident.ID
	created time.Time
}

// side is one of the two periods.
type side struct {
	period   Period
	groups   map[Group]*tally
	attempts map[attemptKey]*Share
	windows  map[windowKey]*windowTally
}

type attemptKey struct {
	scenario incident.ScenarioName
	attempt  int
}

func newSide(p Period) *side {
	return &side{period: p, groups: map[Group]*tally{}, attempts: map[attemptKey]*Share{},
		windows: map[windowKey]*windowTally{}}
}

func newAsking(q Question) *asking {
	return &asking{q: q, current: newSide(q.Period), previous: newSide(q.Period.Previous(q.Now)), watch: newWatch()}
}

// side gives the period that an incident belongs to; nil: none.
func (a *asking) side(f incident.Fact) *side {
	switch {
	case !a.q.Filter.takes(f):
		return nil
	case a.current.period.holds(f.CreatedAt):
		return a.current
	case a.previous.period.holds(f.CreatedAt):
		return a.previous
	}
	return nil
}

// tally gives the counters of an incident's group.
func (s *side) tally(g Group) *tally {
	if t := s.groups[g]; t != nil {
		return t
	}
	if len(s.groups) >= maxGroups {
		g = Group{Name: OtherGroups}
		if t := s.groups[g]; t != nil {
			return t
		}
	}
	t := newTally()
	s.groups[g] = t
	return t
}

// hasEnough says whether incidents created from then on change nothing: the period is over, and nothing that is
// watched can come back.
func (a *asking) hasEnough(created time.Time) bool {
	return !created.Before(a.q.Period.Until) && created.After(a.watch.last)
}

// add takes one incident, in the order of creation. One of no period can still be what came back.
func (a *asking) add(f incident.Fact) {
	for _, c := range a.watch.see(f) {
		a.cameBack(c)
	}
	s := a.side(f)
	if s == nil {
		return
	}
	m := measure(f)
	t := s.tally(a.q.By.group(f, a.q.Period.Since.Location()))
	t.add(f, m)
	s.repaired(t, f)
	s.held(f)
	if canComeBack(f) {
		a.closed(s, t, f)
	}
	if s == a.previous {
		return
	}
	if isOpen(f) && len(a.open) < MaxOpen {
		a.open = append(a.open, f)
	}
	if a.q.List.counts(f, m) {
		a.list = append(a.list, listed{f.ID, f.CreatedAt})
	}
}

// closed watches an automatic close.
func (a *asking) closed(s *side, t *tally, f incident.Fact) {
	c := closed{incident: listed{f.ID, f.CreatedAt}, at: f.EndedAt, counts: &t.figures, current: s == a.current}
	if c.young = f.EndedAt.Add(comeBackWithin).After(a.q.Now); c.young {
		t.figures.MayComeBack++
	} else {
		t.figures.CameBack.Of++
	}
	a.watch.close(f, c)
}

// cameBack counts a close after which the same came again.
func (a *asking) cameBack(c closed) {
	c.counts.CameBack.Count++
	if c.young {
		c.counts.MayComeBack--
		c.counts.CameBack.Of++
	}
	if c.current && a.q.List == CameBack {
		a.list = append(a.list, c.incident)
	}
}

// repaired counts the attempts of an incident. Only the last one of a run that recovered has held.
func (s *side) repaired(t *tally, f incident.Fact) {
	for n := 1; n <= f.Attempted.Last(); n++ {
		if !f.Attempted.Has(n) {
			continue
		}
		key := attemptKey{f.Scenario, n}
		if s.attempts[key] == nil {
			s.attempts[key] = &Share{}
		}
		for _, share := range []*Share{&t.figures.Repairs, s.attempts[key]} {
			share.Of++
			if n == f.Attempted.Last() && f.Outcome == incident.Recovered {
				share.Count++
			}
		}
	}
}

func (a *asking) answer() Answer {
	out := Answer{Question: a.q, PreviousPeriod: a.previous.period, Open: a.open}
	out.Figures, out.Previous = a.current.total(), a.previous.total()
	if a.q.By != ByNothing {
		out.Groups = a.groups()
	}
	if a.q.By == ByKind {
		out.Figures.TimeSaved, out.Previous.TimeSaved = a.current.saved(), a.previous.saved()
	}
	out.Attempts, out.Windows = a.attempts(), a.windows()
	slices.SortStableFunc(a.list, func(x, y listed) int {
		return cmp.Or(x.created.Compare(y.created), cmp.Compare(x.id, y.id))
	})
	for _, l := range a.list {
		out.Incidents = append(out.Incidents, l.id)
	}
	return out
}

func (s *side) total() Figures {
	total := newTally()
	for _, g := range slices.SortedFunc(maps.Keys(s.groups), compareGroups) {
		total.merge(s.groups[g])
	}
	return total.result()
}

// result gives the figures of a group; of one that is not there, those of nothing.
func (s *side) result(g Group, by Dimension) Figures {
	t := s.groups[g]
	if t == nil {
		t = newTally()
	}
	f := t.result()
	if by == ByKind {
		f.TimeSaved = saved(f)
	}
	return f
}

// saved estimates what the automatic ones of a kind would have cost people: what the others of the kind cost.
func saved(f Figures) *Load {
	return &Load{Incidents: f.Automatic.Count, Mean: f.PersonTime.Mean, Known: f.PersonTime.Count > 0}
}

// saved sums the kinds for which there is an estimate. When there is one for none, it is no data for all.
func (s *side) saved() *Load {
	var sum Load
	var long time.Duration
	automatic := 0
	for _, t := range s.groups {
		l := saved(t.result())
		automatic += l.Incidents
		if l.Known {
			total, _ := l.Total()
			sum.Incidents, sum.Known, long = sum.Incidents+l.Incidents, true, long+total
		}
	}
	switch {
	case !sum.Known:
		sum.Incidents = automatic
	case sum.Incidents > 0:
		sum.Mean = long / time.Duration(sum.Incidents)
	}
	return &sum
}

func (a *asking) groups() []Grouped {
	names := maps.Clone(a.current.groups)
	if a.q.By != ByDay { // the previous period has other days
		maps.Copy(names, a.previous.groups)
	}
	list := []Grouped{}
	for name := range names {
		g := Grouped{Group: name, Figures: a.current.result(name, a.q.By)}
		g.Previous = a.previous.result(name, a.q.By)
		list = append(list, g)
	}
	slices.SortFunc(list, func(x, y Grouped) int {
		if a.q.By == ByDay {
			return compareGroups(x.Group, y.Group)
		}
		return cmp.Or(weight(a.q.By, y)-weight(a.q.By, x), compareGroups(x.Group, y.Group))
	})
	return list
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
	keys := maps.Clone(a.current.attempts)
	maps.Copy(keys, a.previous.attempts)
	list := []Attempted{}
	for key := range keys {
		one := Attempted{Scenario: key.scenario, Attempt: key.attempt}
		if s := a.current.attempts[key]; s != nil {
			one.Repairs = *s
		}
		if s := a.previous.attempts[key]; s != nil {
			one.Previous = *s
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(x, y Attempted) int {
		return cmp.Or(cmp.Compare(x.Scenario, y.Scenario), x.Attempt-y.Attempt)
	})
	return list
}
