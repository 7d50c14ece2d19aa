package analytics

import (
	"iter"
	"math/bits"
)

// table counts by numbers. It is for what is looked up for each incident: there Go's own map takes most of the time of an
// answer. The zero table is empty.
type table struct {
	slots []slot // at least twice as many as keys, a power of two; a key is in the first one from its own on that is free
	keys  int
	zero  int32 // the count of key 0, which in a slot means that it is free
}

type slot struct {
	key   uint64
	count int32
}

// minSlots is how many slots there are at first.
const minSlots = 16

// len is how many keys have a place. One that is asked for has one.
func (t *table) len() int {
	if t.zero != 0 {
		return t.keys + 1
	}
	return t.keys
}

// at gives the count of a key; of one that is not there, 0.
func (t *table) at(key uint64) int32 {
	if key == 0 {
		return t.zero
	}
	if len(t.slots) == 0 {
		return 0
	}
	return t.slots[t.find(key)].count
}

// of gives the place of a key's count, until the next call.
func (t *table) of(key uint64) *int32 {
	if key == 0 {
		return &t.zero
	}
	if 2*t.keys >= len(t.slots) {
		t.grow()
	}
	s := &t.slots[t.find(key)]
	if s.key == 0 {
		s.key = key
		t.keys++
	}
	return &s.count
}

// find gives the slot that has a key, or that is free for it.
func (t *table) find(key uint64) int {
	i := int(key * 0x9E3779B97F4A7C15 >> bits.LeadingZeros64(uint64(len(t.slots)-1))) // the highest bits of the product: they depend on all of the key's
	for t.slots[i].key != key && t.slots[i].key != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	return i
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, max(2*len(old), minSlots))
	for _, s := range old {
		if s.key != 0 {
			t.slots[t.find(s.key)] = s
		}
	}
}

// forget empties the table and keeps its memory.
func (t *table) forget() {
	clear(t.slots)
	t.keys, t.zero = 0, 0
}

// all gives the keys whose count is not 0, in no order.
func (t *table) all() iter.Seq2[uint64, int32] {
	return func(yield func(uint64, int32) bool) {
		if t.zero != 0 && !yield(0, t.zero) {
			return
		}
		for _, s := range t.slots {
			if s.key != 0 && s.count != 0 && !yield(s.key, s.count) {
				return
			}
		}
	}
}
