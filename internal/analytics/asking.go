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
	batch             batch
	outcomes, reasons *numbered
	scenarios         *numbered
	kinds             *kindNumbers
	open              []incident.Fact
	list              []listed
	slow              []Slow
	back              func(*closed) // cameBack
}

// side is one of the two periods.
type side struct {
	period       Period
	since, until int64
	groups       map[Group]*tally
	attempts     map[string]*attempts // by scenario
	windows      map[windowKey]*windowTally
	saved        savings
	ofBatch      []*tally    // by the number of the group in the batch
	attemptsOf   []*attempts // by the number of the scenario in the batch
	day          dayTally
}

// attempts are those of one scenario, the first one first.
type attempts struct{ repairs []Share }

func newSide(p Period, scenarios *numbered) *side {
	return &side{period: p, since: p.Since.UnixMicro(), until: p.Until.UnixMicro(), groups: map[Group]*tally{},
		attempts: map[string]*attempts{}, windows: map[windowKey]*windowTally{}, saved: newSavings(scenarios)}
}

func (s *side) holds(created int64) bool { return s.since <= created && created < s.until }

func newAsking(q Question) *asking {
	before := q.Period.Previous(q.Now)
	if q.Alone {
		before = Period{Since: q.Period.Since, Until: q.Period.Since}
	}
	scenarios := &numbered{}
	a := &asking{q: q, current: newSide(q.Period, scenarios), previous: newSide(before, scenarios), watch: newWatch(), scenarios: scenarios,
		outcomes: &numbered{}, reasons: &numbered{}, kinds: newKindNumbers()}
	a.back = a.cameBack
	return a
}

// hasEnough says whether incidents created from then on change nothing: the period is over, and nothing that is
// watched can come back.
func (a *asking) hasEnough(created int64) bool {
	return created >= a.current.until && created > a.watch.last
}

// take counts some incidents, the next ones in the order of creation.
func (a *asking) take(c *columns) {
	b := &a.batch
	b.look(c, a.q.Filter)
	a.outcomes.look(c.outcome.names)
	a.reasons.look(c.reason.names)
	if a.q.estimates() {
		a.kinds.look(c)
		a.scenarios.look(c.scenario.names)
	}
	for _, s := range []*side{a.current, a.previous} {
		s.ofBatch = append(s.ofBatch[:0], make([]*tally, b.groupCodes(a.q.By))...)
		s.attemptsOf = append(s.attemptsOf[:0], make([]*attempts, len(c.scenario.names))...)
	}
	held := 0
	for i := range c.len() {
		var windows incident.Windows
		if held < len(c.windows) && c.windows[held].at == i {
			windows = c.windows[held].windows
			held++
		}
		f := c.row(i, windows)
		a.add(i, &f)
	}
}

// add counts one incident. One of no period can still be what came back.
func (a *asking) add(i int, f *row) {
	b := &a.batch
	var key watched
	if f.covered && f.hasTarget {
		key = b.watched(i)
		a.watch.see(key, f.created, a.back)
	}
	var s *side
	switch {
	case a.current.holds(f.created):
		s = a.current
	case a.previous.holds(f.created):
		s = a.previous
	}
	if s == nil || !b.takes(i) {
		return
	}
	m := measure(f)
	t := a.tally(s, i, f.created)
	t.add(f, &m, int(a.outcomes.of[b.outcome.codes[i]]), int(a.reasons.of[b.reason.codes[i]]))
	s.repaired(t, i, f, b)
	s.held(f)
	if a.q.estimates() {
		s.saved.add(t, a.kinds.of[b.kind[i]], a.scenarios.of[b.scenario.codes[i]], f.isAutomatic(), m.work)
	}
	if f.canComeBack() {
		a.closed(s, t, i, key, f)
	}
	if s == a.previous {
		return
	}
	if f.isOpen() && len(a.open) < MaxOpen {
		a.open = append(a.open, b.fact(i))
	}
	if a.q.Slow {
		a.waited(i, f, &m)
	}
	if a.q.List.counts(f, &m) {
		a.list = append(a.list, listed{b.id(i), f.created})
	}
}

// tally gives the counters of an incident's group.
func (a *asking) tally(s *side, i int, created int64) *tally {
	if a.q.By == ByDay {
		if !s.day.holds(created) {
			s.day = dayTallyOf(created, a.q.Period.Since.Location())
			s.day.tally = a.group(s, Group{Name: s.day.name})
		}
		return s.day.tally
	}
	code := a.batch.groupCode(a.q.By, i)
	if s.ofBatch[code] == nil {
		s.ofBatch[code] = a.group(s, a.batch.group(a.q.By, i))
	}
	return s.ofBatch[code]
}

func (a *asking) group(s *side, g Group) *tally {
	if t := s.groups[g]; t != nil {
		return t
	}
	if len(s.groups) >= maxGroups {
		g = Group{Name: OtherGroups}
		if t := s.groups[g]; t != nil {
			return t
		}
	}
	t := newTally(a.outcomes, a.reasons)
	s.groups[g] = t
	return t
}

// dayTally is the group of the day that incidents are of, as long as they are of one day.
type dayTally struct {
	since, until int64
	name         string
	tally        *tally
}

func (d *dayTally) holds(created int64) bool { return d.since <= created && created < d.until }

func dayTallyOf(created int64, zone *time.Location) dayTally {
	at := time.UnixMicro(created).In(zone)
	y, m, day := at.Date()
	d := dayTally{since: created, until: created + 1, name: at.Format(time.DateOnly)}
	// Where midnight is skipped or comes twice the day is told incident by incident.
	since, until := time.Date(y, m, day, 0, 0, 0, 0, zone), time.Date(y, m, day+1, 0, 0, 0, 0, zone)
	if until.Sub(since) == 24*time.Hour {
		d.since, d.until = since.UnixMicro(), until.UnixMicro()
	}
	return d
}

// waited keeps the hand-overs that waited longest, whether a person took them in the end or not.
func (a *asking) waited(i int, f *row, m *measures) {
	s := Slow{Waited: m.person.long, Taken: m.person.ok}
	if f.isNotTaken() && f.decided != never {
		s.Waited = time.Duration(f.ended-f.decided) * time.Microsecond
	} else if !m.person.ok {
		return
	}
	if len(a.slow) == MaxSlow && s.Waited <= a.slow[MaxSlow-1].Waited {
		return
	}
	s.Incident = a.batch.fact(i)
	at := slices.IndexFunc(a.slow, func(o Slow) bool { return o.Waited < s.Waited })
	if at < 0 {
		at = len(a.slow)
	}
	a.slow = slices.Insert(a.slow, at, s)[:min(len(a.slow)+1, MaxSlow)]
}

// closed watches an automatic close.
func (a *asking) closed(s *side, t *tally, i int, key watched, f *row) {
	c := closed{key: key, at: f.ended, counts: &t.figures, current: s == a.current}
	if a.q.List == CameBack {
		c.listed = listed{a.batch.id(i), f.created}
	}
	if c.young = f.ended+comeBackMicros > a.q.Now.UnixMicro(); c.young {
		t.figures.MayComeBack++
	} else {
		t.figures.CameBack.Of++
	}
	a.watch.close(c)
}

// cameBack counts a close after which the same came again.
func (a *asking) cameBack(c *closed) {
	c.counts.CameBack.Count++
	if c.young {
		c.counts.MayComeBack--
		c.counts.CameBack.Of++
	}
	if c.current && a.q.List == CameBack {
		a.list = append(a.list, c.listed)
	}
}

// repaired counts the attempts of an incident. Only the last one of a run that recovered has held.
func (s *side) repaired(t *tally, i int, f *row, b *batch) {
	if f.attempted == 0 {
		return
	}
	of := s.attemptsBy(b, i)
	last := f.attempted.Last()
	of.reach(last)
	for n := 1; n <= last; n++ {
		if !f.attempted.Has(n) {
			continue
		}
		held := n == last && f.outcome == incident.Recovered
		for _, share := range [...]*Share{&t.figures.Repairs, &of.repairs[n-1]} {
			share.Of++
			countIf(held, &share.Count)
		}
	}
}

// attemptsBy gives the counters of an incident's scenario.
func (s *side) attemptsBy(b *batch, i int) *attempts {
	code := b.scenario.codes[i]
	if s.attemptsOf[code] == nil {
		name := b.scenario.names[code]
		if s.attempts[name] == nil {
			s.attempts[name] = &attempts{}
		}
		s.attemptsOf[code] = s.attempts[name]
	}
	return s.attemptsOf[code]
}

// reach makes counters up to an attempt.
func (a *attempts) reach(attempt int) {
	for len(a.repairs) < attempt {
		a.repairs = append(a.repairs, Share{})
	}
}

// at gives an attempt, also of a scenario that is not there.
func (a *attempts) at(attempt int) Share {
	if a == nil || attempt > len(a.repairs) {
		return Share{}
	}
	return a.repairs[attempt-1]
}

func (a *asking) answer() Answer {
	out := Answer{Question: a.q, PreviousPeriod: a.previous.period, Open: a.open, Slowest: a.slow}
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
	total := newTally(a.outcomes, a.reasons)
	for _, g := range slices.SortedFunc(maps.Keys(s.groups), compareGroups) {
		total.merge(s.groups[g])
	}
	f := total.result()
	if a.q.estimates() {
		f.TimeSaved = s.saved.all(a.q.Manual)
	}
	return f
}

func (a *asking) groups() []Grouped {
	names := maps.Clone(a.current.groups)
	if a.q.By != ByDay { // the previous period has other days
		maps.Copy(names, a.previous.groups)
	}
	now, before := a.results(a.current), a.results(a.previous)
	list := []Grouped{}
	for name := range names {
		list = append(list, Grouped{Group: name, Figures: now(name), Previous: before(name)})
	}
	slices.SortFunc(list, func(x, y Grouped) int {
		if a.q.By == ByDay {
			return compareGroups(x.Group, y.Group)
		}
		return cmp.Or(weight(a.q.By, y)-weight(a.q.By, x), compareGroups(x.Group, y.Group))
	})
	return list
}

// results gives the figures of each group; of one that is not there, those of nothing.
func (a *asking) results(s *side) func(Group) Figures {
	var saved map[*tally]*Load
	if a.q.estimates() {
		saved = s.saved.each(a.q.Manual)
	}
	return func(g Group) Figures {
		t := s.groups[g]
		if t == nil {
			t = newTally(a.outcomes, a.reasons)
		}
		f := t.result()
		if a.q.estimates() {
			if f.TimeSaved = saved[t]; f.TimeSaved == nil {
				f.TimeSaved = &Load{}
			}
		}
		return f
	}
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
