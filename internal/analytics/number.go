package analytics

import (
	"sync"
	"sync/atomic"
)

// numbers gives names a number for as long as a question is asked: each page has its own. All parts of a question share
// them, and nothing of an answer depends on which number a name has.
type numbers struct {
	outcomes, reasons, scenarios, customers, services, titles numbered
	kinds                                                     kindNumbers
}

// areFull says whether names share a number.
func (n *numbers) areFull() bool {
	for _, texts := range []*numbered{&n.outcomes, &n.reasons, &n.scenarios, &n.customers, &n.services, &n.titles} {
		if texts.full.Load() {
			return true
		}
	}
	return n.kinds.full.Load()
}

// Bounds of the memory of a question: so many have a number of their own, and all others share this one.
const (
	maxNames = 100_000 // below 1<<21: see kindKey
	maxKinds = 200_000
)

// look gives the numbers of names, in the memory of a list. Several may look at once; only new names make them wait.
func look[K any](mu *sync.RWMutex, into []uint32, names []K, known func(K) (uint32, bool), number func(K) uint32) []uint32 {
	into = resized(into, len(names))
	mu.RLock()
	all := true
	for i := 0; i < len(names) && all; i++ {
		into[i], all = known(names[i])
	}
	mu.RUnlock()
	if all {
		return into
	}
	mu.Lock()
	defer mu.Unlock()
	for i, name := range names {
		into[i] = number(name)
	}
	return into
}

// numbered is the numbers of texts; names is for afterwards.
type numbered struct {
	mu    sync.RWMutex
	index map[string]uint32
	names []string
	full  atomic.Bool // there are others
}

func (n *numbered) look(into []uint32, texts []string) []uint32 {
	return look(&n.mu, into, texts, n.known, n.number)
}

func (n *numbered) known(text string) (uint32, bool) {
	number, known := n.index[text]
	return number, known
}

func (n *numbered) number(text string) uint32 {
	number, known := n.index[text]
	if known {
		return number
	}
	if len(n.names) == maxNames {
		n.full.Store(true)
		return maxNames
	}
	if n.index == nil {
		n.index = map[string]uint32{}
	}
	number = uint32(len(n.names))
	n.index[text] = number
	n.names = append(n.names, text)
	return number
}

// kindNumbers is the numbers of kinds of alerts.
type kindNumbers struct {
	mu    sync.RWMutex
	index table // 1 more than the number
	full  atomic.Bool
}

// kindKey is a kind of alert: the numbers of its customer, its service and its title.
func kindKey(customer, service, title uint32) uint64 {
	return uint64(customer)<<42 | uint64(service)<<21 | uint64(title)
}

func (n *kindNumbers) look(into []uint32, keys []uint64) []uint32 {
	return look(&n.mu, into, keys, n.known, n.number)
}

func (n *kindNumbers) known(key uint64) (uint32, bool) {
	number := n.index.at(key)
	return uint32(number - 1), number > 0
}

func (n *kindNumbers) number(key uint64) uint32 {
	if number, known := n.known(key); known {
		return number
	}
	number := n.index.len()
	if number >= maxKinds {
		n.full.Store(true)
		return maxKinds
	}
	*n.index.of(key) = int32(number + 1)
	return uint32(number)
}
