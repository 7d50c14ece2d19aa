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

// numbered is the numbers of texts. Several may look at once; names is for afterwards.
type numbered struct {
	mu    sync.RWMutex
	index map[string]uint32
	names []string
	full  atomic.Bool // there are others
}

// look gives the numbers of texts, in the memory of a list.
func (n *numbered) look(into []uint32, texts []string) []uint32 {
	into = resized(into, len(texts))
	if n.known(into, texts) {
		return into
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, text := range texts {
		into[i] = n.number(text)
	}
	return into
}

// known looks as long as all have a number.
func (n *numbered) known(into []uint32, texts []string) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, text := range texts {
		number, known := n.index[text]
		if !known {
			return false
		}
		into[i] = number
	}
	return true
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

// kindNumbers is the numbers of kinds of alerts. Several may look at once.
type kindNumbers struct {
	mu    sync.RWMutex
	index table // 1 more than the number
	full  atomic.Bool
}

// kindKey is a kind of alert: the numbers of its customer, its service and its title.
func kindKey(customer, service, title uint32) uint64 {
	return uint64(customer)<<42 | uint64(service)<<21 | uint64(title)
}

// look replaces keys by numbers.
func (n *kindNumbers) look(into []uint32, keys []uint64) []uint32 {
	into = resized(into, len(keys))
	if n.known(into, keys) {
		return into
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, key := range keys {
		into[i] = n.number(key)
	}
	return into
}

func (n *kindNumbers) known(into []uint32, keys []uint64) bool {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for i, key := range keys {
		number := n.index.at(key)
		if number == 0 {
			return false
		}
		into[i] = uint32(number - 1)
	}
	return true
}

func (n *kindNumbers) number(key uint64) uint32 {
	if number := n.index.at(key); number > 0 {
		return uint32(number - 1)
	}
	if n.index.len() >= maxKinds {
		n.full.Store(true)
		return maxKinds
	}
	number := uint32(n.index.len())
	*n.index.of(key) = int32(number + 1)
	return number
}
