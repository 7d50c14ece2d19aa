package analytics

import "sync"

// numbered gives names a number for as long as a question is asked: each page has its own. Several may look at once; names
// and full are for afterwards.
type numbered[K comparable] struct {
	most  int // so many names have a number of their own; all others share this one
	mu    sync.RWMutex
	index map[K]uint32
	names []K
	full  bool // there are others
}

func newNumbered[K comparable](most int) *numbered[K] {
	return &numbered[K]{most: most, index: map[K]uint32{}}
}

// look gives the numbers of so many names, in the memory of a list.
func (n *numbered[K]) look(into []uint32, count int, name func(int) K) []uint32 {
	into = resized(into, count)
	if n.known(into, name) {
		return into
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range into {
		into[i] = n.number(name(i))
	}
	return into
}

// known looks as long as all have a number.
func (n *numbered[K]) known(into []uint32, name func(int) K) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i := range into {
		number, known := n.index[name(i)]
		if !known {
			return false
		}
		into[i] = number
	}
	return true
}

func (n *numbered[K]) number(name K) uint32 {
	number, known := n.index[name]
	if known {
		return number
	}
	if len(n.names) == n.most {
		n.full = true
		return uint32(n.most)
	}
	number = uint32(len(n.names))
	n.index[name] = number
	n.names = append(n.names, name)
	return number
}

// numbers are those of all parts of a question. Nothing of an answer depends on which number a name has.
type numbers struct {
	outcomes, reasons, scenarios *numbered[string]
	kinds                        *numbered[kindName]
}

// kindName is a kind of alert.
type kindName struct{ customer, service, title string }

// Bounds of the memory of a question, for outcomes of other versions too.
const (
	maxNames = 100_000
	maxKinds = 200_000
)

func newNumbers() *numbers {
	return &numbers{newNumbered[string](maxNames), newNumbered[string](maxNames), newNumbered[string](maxNames), newNumbered[kindName](maxKinds)}
}

// areFull says whether names share a number.
func (n *numbers) areFull() bool {
	return n.outcomes.full || n.reasons.full || n.scenarios.full || n.kinds.full
}
