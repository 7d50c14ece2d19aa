package crashtest

import (
	"fmt"
	"slices"
	"sync"
)

// The moments that the scenario's programs tell.
const (
	gatherRuns   = "gather runs"
	repairStarts = "repair starts"
	repairHalf   = "repair is half done"
	repairDone   = "repair has changed it"
	repairEnds   = "repair has ended"
)

// moments are the points of an incident that can be seen from outside, each with a number: "probe 2" is the second one
// since the incident began. Whoever reaches a moment waits until its trap has done its work.
type moments struct {
	mu    sync.Mutex
	open  bool // the incident has begun
	seen  []string
	count map[string]int
	traps []trap // the first one is armed
}

// trap does something at a moment.
type trap struct {
	moment string
	cuts   bool // the process has died, and whatever goes on outside at the moment breaks
	spring func()
}

// begin counts from now on.
func (m *moments) begin(traps ...trap) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open, m.count, m.traps = true, map[string]int{}, traps
}

// reach notes a moment. It says whether the process has died of it.
func (m *moments) reach(what string) (cut bool) {
	m.mu.Lock()
	if !m.open {
		m.mu.Unlock()
		return false
	}
	m.count[what]++
	name := fmt.Sprintf("%s %d", what, m.count[what])
	m.seen = append(m.seen, name)
	if len(m.traps) == 0 || m.traps[0].moment != name {
		m.mu.Unlock()
		return false
	}
	trap := m.traps[0]
	m.traps = m.traps[1:]
	m.mu.Unlock()
	trap.spring()
	return trap.cuts
}

// all gives every moment so far, in order.
func (m *moments) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen)
}

// times says how often something was reached.
func (m *moments) times(what string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count[what]
}
