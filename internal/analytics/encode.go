package analytics

import (
	"encoding/binary"
	"math/bits"

	"shodo/internal/incident"
)

// A page's hot part is the version and the number of incidents, then one section after the other, each with its length in
// bytes before it, so that what is not asked for is passed over. Numbers that stand alone are varints of package
// encoding/binary, texts are their length and their bytes. A list of numbers has one for each incident: a byte with the
// width, 1 to 8, and then the numbers in that many bytes, the lowest first. The sections:
//
//	created     the first one, a varint; a list of each one's distance from the one before
//	times       five sections, each a list: 0 for none, or 1 more than the zigzag of the distance from created
//	run, alerts, attempted: lists
//	texts       nine sections: how many texts, the texts, then a list of codes
//	windows     how many, then each: which incident, who suppressed, how many waits, and these
//	open        how many, then each: which incident, its id
//
// The cold part is the version, the number, and the ids.

// encode writes columns that have all parts.
func encode(c *columns) (hot, cold []byte) {
	w := &writer{}
	w.number(PageVersion)
	w.number(uint64(c.len()))
	list := make([]uint64, c.len())
	w.section(func(w *writer) {
		if c.len() > 0 {
			w.signed(c.created[0])
		}
		for i := range list[min(1, c.len()):] {
			list[i+1] = uint64(c.created[i+1] - c.created[i])
		}
		w.list(list)
	})
	for _, column := range c.columnsOfTime() {
		for i, at := range *column {
			list[i] = distance(at, c.created[i])
		}
		w.section(func(w *writer) { w.list(list) })
	}
	w.section(func(w *writer) { w.list(widened(list, c.run)) })
	w.section(func(w *writer) { w.list(widened(list, c.alerts)) })
	w.section(func(w *writer) { w.list(c.attempted) })
	for _, t := range c.columnsOfText() {
		w.section(func(w *writer) {
			w.number(uint64(len(t.names)))
			for _, name := range t.names {
				w.text(name)
			}
			w.list(widened(list, t.codes))
		})
	}
	w.section(func(w *writer) {
		w.number(uint64(len(c.windows)))
		for _, h := range c.windows {
			w.number(uint64(h.at))
			w.windows(h.windows, c.created[h.at])
		}
	})
	w.section(c.writeOpen)
	cold = (&writer{}).ids(c.ids)
	return w.out, cold
}

func widened(into []uint64, list []uint32) []uint64 {
	for i, n := range list {
		into[i] = uint64(n)
	}
	return into
}

// distance is how a time is written beside another one.
func distance(at, from int64) uint64 {
	if at == never {
		return 0
	}
	d := at - from
	return uint64(d<<1^d>>63) + 1
}

// writeOpen writes the ids of those that are open: they are told by name, always.
func (c *columns) writeOpen(w *writer) {
	open := 0
	for _, at := range c.ended {
		if at == never {
			open++
		}
	}
	w.number(uint64(open))
	for i, at := range c.ended {
		if at == never {
			w.number(uint64(i))
			w.text(string(c.id(i)))
		}
	}
}

type writer struct{ out []byte }

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }
func (w *writer) signed(n int64)  { w.out = binary.AppendVarint(w.out, n) }

func (w *writer) text(s string) {
	w.number(uint64(len(s)))
	w.out = append(w.out, s...)
}

// section writes what write does, with its length before it.
func (w *writer) section(write func(*writer)) {
	var inner writer
	write(&inner)
	w.number(uint64(len(inner.out)))
	w.out = append(w.out, inner.out...)
}

// list writes numbers as wide as the largest needs.
func (w *writer) list(list []uint64) {
	all := uint64(0)
	for _, n := range list {
		all |= n
	}
	width := max((bits.Len64(all)+7)/8, 1) // a list is at least as long as the incidents are many
	w.out = append(w.out, byte(width))
	var eight [8]byte
	for _, n := range list {
		binary.LittleEndian.PutUint64(eight[:], n)
		w.out = append(w.out, eight[:width]...)
	}
}

func (w *writer) windows(h incident.Windows, created int64) {
	w.text(h.SuppressedBy)
	w.number(uint64(len(h.Waits)))
	for _, wait := range h.Waits {
		w.text(string(wait.Question))
		w.text(wait.Window)
		w.signed(wait.Waited.Microseconds())
		w.number(distance(microsOf(wait.Since), created))
		w.text(string(wait.Became))
	}
}

func (w *writer) ids(ids []incident.ID) []byte {
	w.number(PageVersion)
	w.number(uint64(len(ids)))
	for _, id := range ids {
		w.text(string(id))
	}
	return w.out
}
