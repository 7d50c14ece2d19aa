package analytics

import (
	"iter"
	"time"

	"shodo/internal/incident"
)

// savings knows what incidents of each kind cost people. It estimates what automatic incidents would have cost them: what
// the others of their kind cost on the mean, or else what their scenario says that it takes by hand.
type savings struct{ work []worked } // by the number of the kind

type worked struct {
	count int
	sum   time.Duration
}

// savedKey is what the automatic incidents of a group are counted by: the number of their kind, and that of their scenario.
type savedKey uint64

func savedAs(kind, scenario uint32) savedKey { return savedKey(kind)<<32 | savedKey(scenario) }

func (k savedKey) kind() int     { return int(k >> 32) }
func (k savedKey) scenario() int { return int(uint32(k)) }

// saved counts the automatic incidents of a group, when savings are estimated.
type saved struct {
	first savedKey // groups by kind hardly ever have a second one
	count int
	more  map[savedKey]int
}

func (s *saved) add(key savedKey, n int) {
	if s.count == 0 || s.first == key {
		s.first = key
		s.count += n
		return
	}
	if s.more == nil {
		s.more = map[savedKey]int{}
	}
	s.more[key] += n
}

func (s *saved) all() iter.Seq2[savedKey, int] {
	return func(yield func(savedKey, int) bool) {
		if s.count == 0 || !yield(s.first, s.count) {
			return
		}
		for key, n := range s.more {
			if !yield(key, n) {
				return
			}
		}
	}
}

// worked counts the time that a person had an incident of a kind.
func (s *savings) worked(kind uint32, w worked) {
	for int(kind) >= len(s.work) {
		s.work = append(s.work, make([]worked, max(1024, len(s.work)))...)
	}
	s.work[kind].count += w.count
	s.work[kind].sum += w.sum
}

func (s *savings) merge(o *savings) {
	for kind, w := range o.work {
		if w.count > 0 {
			s.worked(uint32(kind), w)
		}
	}
}

// load is of those automatic incidents for which there is an estimate. When there is one for none, it is no data for all.
func (s *savings) load(automatic *saved, scenarios *numbered[string], manual map[incident.ScenarioName]time.Duration) *Load {
	known, unknown, sum := 0, 0, time.Duration(0)
	for key, n := range automatic.all() {
		mean, ok := s.mean(key.kind())
		if !ok && key.scenario() < len(scenarios.names) {
			mean, ok = manual[incident.ScenarioName(scenarios.names[key.scenario()])]
		}
		if !ok {
			unknown += n
			continue
		}
		known += n
		sum += time.Duration(n) * mean
	}
	if known == 0 {
		return &Load{Incidents: unknown}
	}
	return &Load{Incidents: known, Mean: sum / time.Duration(known), Known: true}
}

// mean is what one incident of a kind costs a person; false: nobody knows.
func (s *savings) mean(kind int) (time.Duration, bool) {
	if kind >= len(s.work) || s.work[kind].count == 0 {
		return 0, false
	}
	return s.work[kind].sum / time.Duration(s.work[kind].count), true
}
