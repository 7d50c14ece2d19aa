package analytics

import (
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

// saved counts the automatic incidents of a group by the number of their kind and that of their scenario, when savings are
// estimated.
type saved struct {
	first uint64 // groups by kind hardly ever have a second one
	count int32
	more  table
}

func savedAs(kind, scenario uint32) uint64 { return uint64(kind)<<32 | uint64(scenario) }

func (s *saved) add(key uint64, n int32) {
	if s.count == 0 || s.first == key {
		s.first = key
		s.count += n
		return
	}
	*s.more.of(key) += n
}

func (s *saved) merge(o *saved) {
	if o.count > 0 {
		s.add(o.first, o.count)
	}
	for key, n := range o.more.all() {
		s.add(key, n)
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
func (s *savings) load(automatic *saved, scenarios *numbered, manual map[incident.ScenarioName]time.Duration) *Load {
	known, unknown, sum := 0, 0, time.Duration(0)
	estimate := func(key uint64, n int) {
		mean, ok := s.mean(int(key >> 32))
		if scenario := int(uint32(key)); !ok && scenario < len(scenarios.names) {
			mean, ok = manual[incident.ScenarioName(scenarios.names[scenario])]
		}
		if !ok {
			unknown += n
			return
		}
		known += n
		sum += time.Duration(n) * mean
	}
	estimate(automatic.first, int(automatic.count))
	for key, n := range automatic.more.all() {
		estimate(key, int(n))
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
