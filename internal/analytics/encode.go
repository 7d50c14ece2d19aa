package analytics

import (
	"encoding/binary"

	"shodo/internal/incident"
)

// A page's hot part is the version and the number of incidents, then one section after the other, each with its length in bytes before
// it, so that what is not asked for is passed over. Whole numbers are varints of package encoding/binary, texts are
// their length and their bytes. The sections:
//
//	created     the first one, then each one's distance from the one before
//	times       five sections: 0 for none, or 1 more than the zigzag of the distance from created
//	run, alerts, attempted
//	texts       eight sections: how many texts, the texts, then a code for each incident
//	kinds       how many, each one's customer, service and title, then a code for each incident
//	windows     how many, then each: which incident, who suppressed, how many waits, and these
//	open        how many, then each: which incident, its id
//
// The cold part is the version, the number, and the ids.

// encode writes columns that have all parts.
func encode(c *columns) (hot, cold []byte) {
	w := &writer{}
	w.number(PageVersion)
	w.number(uint64(c.len()))
	w.section(func(w *writer) {
		last := int64(0)
		for _, at := range c.created {
			w.signed(at - last)
			last = at
		}
	})
	for _, column := range c.columnsOfTime() {
		w.section(func(w *writer) {
			for i, at := range *column {
				w.time(at, c.created[i])
			}
		})
	}
	w.section(func(w *writer) { each(w, c.run) })
	w.section(func(w *writer) { each(w, c.alerts) })
	w.section(func(w *writer) { each(w, c.attempted) })
	for _, t := range c.columnsOfText() {
		w.section(func(w *writer) {
			w.number(uint64(len(t.names)))
			for _, name := range t.names {
				w.text(name)
			}
			each(w, t.codes)
		})
	}
	w.section(func(w *writer) {
		w.number(uint64(len(c.kinds)))
		for _, k := range c.kinds {
			w.number(uint64(k.customer))
			w.number(uint64(k.service))
			w.text(k.title)
		}
		each(w, c.kind)
	})
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

// time writes a time by its distance from another one.
func (w *writer) time(at, from int64) {
	if at == never {
		w.number(0)
		return
	}
	distance := at - from
	w.number(uint64(distance<<1^distance>>63) + 1)
}

// section writes what write does, with its length before it.
func (w *writer) section(write func(*writer)) {
	var inner writer
	write(&inner)
	w.number(uint64(len(inner.out)))
	w.out = append(w.out, inner.out...)
}

func each[N uint32 | uint64](w *writer, list []N) {
	for _, n := range list {
		w.number(uint64(n))
	}
}

func (w *writer) windows(h incident.Windows, created int64) {
	w.text(h.SuppressedBy)
	w.number(uint64(len(h.Waits)))
	for _, wait := range h.Waits {
		w.text(string(wait.Question))
		w.text(wait.Window)
		w.signed(wait.Waited.Microseconds())
		w.time(microsOf(wait.Since), created)
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
