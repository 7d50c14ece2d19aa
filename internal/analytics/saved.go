package analytics

import (
	"time"

	"shodo/internal/incident"
)

// savings estimates what automatic incidents would have cost people: what the others of their kind cost on the mean, or
// else what their scenario says that it takes by hand.
type savings struct {
	work      []worked // of each kind
	automatic map[savedKey]int
	scenarios *numbered
}

type worked struct {
	count int
	sum   time.Duration
}

// savedKey is what automatic incidents are counted by.
type savedKey struct {
	group          *tally
	kind, scenario uint32
}

func newSavings(scenarios *numbered) savings {
	return savings{scenarios: scenarios, automatic: map[savedKey]int{}}
}

func (s *savings) add(group *tally, kind, scenario uint32, automatic bool, work span) {
	if automatic {
		s.automatic[savedKey{group, kind, scenario}]++
		return
	}
	if !work.ok {
		return
	}
	for int(kind) >= len(s.work) {
		s.work = append(s.work, make([]worked, max(1024, len(s.work)))...)
	}
	s.work[kind].count++
	s.work[kind].sum += work.long
}

// mean is what one incident costs a person; false: nobody knows.
func (s *savings) mean(key savedKey, manual map[incident.ScenarioName]time.Duration) (time.Duration, bool) {
	if int(key.kind) < len(s.work) && s.work[key.kind].count > 0 {
		w := s.work[key.kind]
		return w.sum / time.Duration(w.count), true
	}
	d, ok := manual[incident.ScenarioName(s.scenarios.names[key.scenario])]
	return d, ok
}

// estimate is a load while it is summed.
type estimate struct {
	known, unknown int
	sum            time.Duration
}

// load is of those for which there is an estimate. When there is one for none, it is no data for all.
func (e *estimate) load() *Load {
	if e.known == 0 {
		return &Load{Incidents: e.unknown}
	}
	return &Load{Incidents: e.known, Mean: e.sum / time.Duration(e.known), Known: true}
}

func (e *estimate) add(n int, mean time.Duration, known bool) {
	if !known {
		e.unknown += n
		return
	}
	e.known += n
	e.sum += time.Duration(n) * mean
}

// all is the estimate of everything.
func (s *savings) all(manual map[incident.ScenarioName]time.Duration) *Load {
	var e estimate
	for key, n := range s.automatic {
		mean, known := s.mean(key, manual)
		e.add(n, mean, known)
	}
	return e.load()
}

// each is the estimate of each group.
func (s *savings) each(manual map[incident.ScenarioName]time.Duration) map[*tally]*Load {
	sums := map[*tally]*estimate{}
	for key, n := range s.automatic {
		if sums[key.group] == nil {
			sums[key.group] = &estimate{}
		}
		mean, known := s.mean(key, manual)
		sums[key.group].add(n, mean, known)
	}
	loads := map[*tally]*Load{}
	for t, e := range sums {
		loads[t] = e.load()
	}
	return loads
}
