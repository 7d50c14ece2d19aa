package analytics

import (
	"cmp"
	"slices"
	"time"

	"shodo/internal/incident"
)

// asking is a question while a stretch of the record is read.
type asking struct {
	q                 *Question
	numbers           *numbers
	current, previous *side
	watch             *watch
	batch             batch
	open              []incident.Fact
	list              []listed
	slow              []Slow
	back              func(*closed) // cameBack
}

// newAsking counts for two periods; incidents of neither are only looked at for what they are the same again as.
func newAsking(q *Question, n *numbers, current, previous Period) *asking {
	a := &asking{q: q, numbers: n, current: newSide(current), previous: newSide(previous), watch: newWatch()}
	a.back = a.cameBack
	return a
}

// take counts some incidents, the next ones in the order of creation.
func (a *asking) take(c *columns) {
	b := &a.batch
	b.look(c, a.q, a.numbers)
	for _, s := range []*side{a.current, a.previous} {
		s.begin(b, a.q.By)
	}
	held := 0
	for i := range c.len() {
		var windows *incident.Windows
		if held < len(c.windows) && c.windows[held].at == i {
			windows = &c.windows[held].windows
			held++
		}
		f := b.row(i, windows)
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
	t := s.tally(b, a.q, i, f.created)
	t.add(f, &m, b.outcomes[b.outcome.codes[i]], b.reasons[b.reason.codes[i]])
	s.repaired(t, i, f, b)
	s.held(f)
	if a.q.estimates() {
		s.estimate(t, b, i, f, m.work)
	}
	if f.canComeBack() {
		a.closed(s, t, i, key, f)
	}
	if s == a.current {
		a.tell(i, f, &m)
	}
}

// tell keeps what is told of single incidents.
func (a *asking) tell(i int, f *row, m *measures) {
	b := &a.batch
	if f.isOpen() && len(a.open) < MaxOpen {
		a.open = append(a.open, b.fact(i))
	}
	if a.q.Slow {
		a.waited(i, f, m)
	}
	if a.q.List != "" && a.q.List.counts(f, m, b.outcome.at(i), b.reason.at(i)) {
		a.list = append(a.list, listed{b.id(i), f.created})
	}
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
	a.slow = slowest(append(a.slow, s))
}

// slowest orders, longest first and otherwise as before, and keeps as many as are told.
func slowest(list []Slow) []Slow {
	slices.SortStableFunc(list, func(x, y Slow) int { return cmp.Compare(y.Waited, x.Waited) })
	return list[:min(len(list), MaxSlow)]
}

// closed watches an automatic close.
func (a *asking) closed(s *side, t *tally, i int, key watched, f *row) {
	c := closed{key: key, at: f.ended, counts: t, current: s == a.current}
	if a.q.List == CameBack {
		c.listed = listed{a.batch.id(i), f.created}
	}
	if c.young = f.ended+comeBackMicros > a.q.Now.UnixMicro(); c.young {
		t.n[nMayComeBack]++
	} else {
		t.n[nCouldComeBack]++
	}
	a.watch.chain(c)
}

// cameBack counts a close after which the same came again.
func (a *asking) cameBack(c *closed) {
	c.counts.n[nCameBack]++
	if c.young {
		c.counts.n[nMayComeBack]--
		c.counts.n[nCouldComeBack]++
	}
	if c.current && a.q.List == CameBack {
		a.list = append(a.list, c.listed)
	}
}

// merge adds what was counted of a later stretch. That one must not be used any more.
func (a *asking) merge(later *asking) {
	a.current.merge(later.current)
	a.previous.merge(later.previous)
	a.open = append(a.open, later.open...)
	a.open = a.open[:min(len(a.open), MaxOpen)]
	a.list = append(a.list, later.list...)
	a.slow = slowest(append(a.slow, later.slow...))
}

// isCrowded says whether something did not get a place of its own: which one depends on the order of reading.
func (a *asking) isCrowded() bool {
	return a.current.crowded || a.previous.crowded || a.numbers.areFull()
}
