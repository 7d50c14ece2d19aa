package catalog

import "math/bits"

// members are some of the candidates.
type members struct {
	few  []int32 // when they are few
	many set     // when not
}

func newMembers(list []int, size int) *members {
	m := &members{}
	if len(list) > size/64 {
		m.many = newSet(size)
		for _, i := range list {
			m.many.put(i)
		}
		return m
	}
	for _, i := range list {
		m.few = append(m.few, int32(i))
	}
	return m
}

func (m *members) addTo(s set) {
	for _, i := range m.few {
		s.put(int(i))
	}
	for w, word := range m.many {
		s[w] |= word
	}
}

// set is a set of candidates by their numbers, a bit each.
type set []uint64

func newSet(size int) set { return make(set, (size+63)/64) }

func fullSet(size int) set {
	s := newSet(size)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if rest := size % 64; rest > 0 {
		s[len(s)-1] = 1<<rest - 1
	}
	return s
}

func (s set) put(i int)    { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i int) { s[i/64] &^= 1 << (i % 64) }

func (s set) intersect(other set) {
	for i, word := range other {
		s[i] &= word
	}
}

func (s set) count() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// all goes through the numbers, lowest first.
func (s set) all(yield func(int) bool) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(w*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
