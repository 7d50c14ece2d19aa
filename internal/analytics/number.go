package analytics

import (
	"sync"
	"sync/atomic"
)

// numbered gives names a number for as long as a question is asked: each page has its own. Several may look at once; names are for
// afterwards.
type numbered[K comparable] struct {
	most  int // so many names have a number of their own; all others share this one
	mu    sync.RWMutex
	index map[K]uint32
	names []K
	full  atomic.Bool // there are others
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
		n.full.Store(true)
		return uint32(n.most)
	}
	number = uint32(len(n.names))
	n.index[name] = number
	n.names = append(n.names, name)
	return number
}

// numbers are those of all parts of a question. Nothing of an answer depends on which number a name has.
type numbers struct {
	outcomes, reasons, scenarios, customers, services, titles *numbered[string]
	kinds                                                     *numbered[kindKey]
}

// kindKey is a kind of alert: the numbers of its customer, its service and its title.
type kindKey uint64

func kindAs(customer, service, title uint32) kindKey {
	return kindKey(customer)<<42 | kindKey(service)<<21 | kindKey(title)
}

// Bounds of the memory of a question.
const (
	maxNames = 100_000 // below 1<<21: see kindAs
	maxKinds = 200_000
)

func newNumbers() *numbers {
	texts := func() *numbered[string] { return newNumbered[string](maxNames) }
	return &numbers{texts(), texts(), texts(), texts(), texts(), texts(), newNumbered[kindKey](maxKinds)}
}

// areFull says whether names share a number.
func (n *numbers) areFull() bool {
	for _, texts := range []*numbered[string]{n.outcomes, n.reasons, n.scenarios, n.customers, n.services, n.titles} {
		if texts.full.Load() {
			return true
		}
	}
	return n.kinds.full.Load()
}
