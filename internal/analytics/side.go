package analytics

import "time"

// side is what is counted of one of the two periods.
type side struct {
	period       Period
	since, until int64
	groups       map[Group]*tally
	attempts     map[string]*attempts // by scenario
	windows      map[windowKey]*windowTally
	savings      savings
	crowded      bool        // there was no place for a group or a window
	ofBatch      []*tally    // by the number of the group in the batch
	ofKind       []*tally    // by the number of the kind
	attemptsOf   []*attempts // by the number of the scenario in the batch
	day          dayTally
}

func newSide(p Period) *side {
	return &side{period: p, since: p.Since.UnixMicro(), until: p.Until.UnixMicro(), groups: map[Group]*tally{},
		attempts: map[string]*attempts{}, windows: map[windowKey]*windowTally{}}
}

func (s *side) holds(created int64) bool { return s.since <= created && created < s.until }

// begin forgets the numbers of the batch before.
func (s *side) begin(b *batch, by Dimension) {
	s.ofBatch, s.attemptsOf = resized(s.ofBatch, b.groupCodes(by)), resized(s.attemptsOf, len(b.scenario.names))
	clear(s.ofBatch)
	clear(s.attemptsOf)
}

// tally gives the counters of an incident's group.
func (s *side) tally(b *batch, q *Question, i int, created int64) *tally {
	switch q.By {
	case ByDay:
		if !s.day.holds(created) {
			s.day = dayTallyOf(created, q.Period.Since.Location())
			s.day.tally = s.group(Group{Name: s.day.name})
		}
		return s.day.tally
	case ByKind:
		return s.kind(b, i)
	}
	code := b.groupCode(q.By, i)
	if s.ofBatch[code] == nil {
		s.ofBatch[code] = s.group(b.group(q.By, i))
	}
	return s.ofBatch[code]
}

// kind gives the counters of an incident's kind. There are so many kinds that looking for their names takes long.
func (s *side) kind(b *batch, i int) *tally {
	if b.ofKinds.shared {
		return s.group(b.group(ByKind, i))
	}
	number := int(b.ofKinds.kinds[i])
	if number >= len(s.ofKind) {
		s.ofKind = append(s.ofKind, make([]*tally, number+1024-len(s.ofKind))...)
	}
	if s.ofKind[number] == nil {
		s.ofKind[number] = s.group(b.group(ByKind, i))
	}
	return s.ofKind[number]
}

// group gives the counters of a group.
func (s *side) group(g Group) *tally {
	t := s.groups[g]
	if t == nil && len(s.groups) >= maxCounted {
		s.crowded = true
		g = Group{Name: OtherGroups}
		t = s.groups[g]
	}
	if t == nil {
		t = &tally{}
		s.groups[g] = t
	}
	return t
}

// merge adds what was counted of a later stretch of the same period.
func (s *side) merge(o *side) {
	for g, t := range o.groups {
		if s.groups[g] == nil {
			s.groups[g] = t
		} else {
			s.groups[g].merge(t)
		}
	}
	for name, a := range o.attempts {
		if s.attempts[name] == nil {
			s.attempts[name] = a
		} else {
			s.attempts[name].merge(a)
		}
	}
	for key, t := range o.windows {
		if s.windows[key] == nil {
			s.windows[key] = t
		} else {
			s.windows[key].merge(t)
		}
	}
	s.savings.merge(&o.savings)
	s.crowded = s.crowded || o.crowded || len(s.groups) > maxCounted || len(s.windows) > maxWindows
}

// estimate counts what an incident saves, or what it shows about what its kind costs.
func (s *side) estimate(t *tally, b *batch, i int, f *row, work span) {
	kind := b.ofKinds.kinds[i]
	switch {
	case f.isAutomatic():
		t.saved.add(savedAs(kind, b.ofKinds.scenarios[b.scenario.codes[i]]), 1)
	case work.ok:
		s.savings.worked(kind, worked{1, work.long})
	}
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
