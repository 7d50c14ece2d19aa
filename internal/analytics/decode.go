package analytics

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"shodo/internal/incident"
)

// decode reads a page into columns, whose memory it uses again. Parts that are not asked for are passed over: their
// texts are empty. Whatever the bytes are, it takes no more memory than a few times their length.
func (c *columns) decode(p Page, with incident.FactPart) error {
	r := &reader{in: p.Hot}
	if v := r.number(); v != PageVersion && r.err == nil {
		return fmt.Errorf("read page of %s: %w: it says version %d", p.Day.Format(time.DateOnly), ErrPage, v)
	}
	n := r.count()
	created := r.section()
	c.created = resized(c.created, n)
	last := int64(0)
	for i := range c.created {
		last += created.signed()
		c.created[i] = last
	}
	r.take(created)
	for _, column := range c.columnsOfTime() {
		*column = resized(*column, n)
		r.times(*column, c.created)
	}
	c.run, c.alerts, c.attempted = resized(c.run, n), resized(c.alerts, n), resized(c.attempted, n)
	numbers(r, c.run, math.MaxUint32)
	numbers(r, c.alerts, math.MaxUint32)
	numbers(r, c.attempted, math.MaxUint64)
	wanted := [...]bool{true, with&incident.FactDepartment != 0, true, true, true, with&incident.FactPriority != 0, true, true}
	for k, t := range c.columnsOfText() {
		r.texts(t, n, wanted[k])
	}
	r.kinds(c, n, with&incident.FactTitle != 0)
	r.windows(c, n)
	r.open(c, n)
	if r.err == nil && len(r.in) > 0 {
		r.fail()
	}
	if r.err == nil && with&incident.FactID != 0 && p.Cold != nil {
		r = &reader{in: p.Cold}
		r.ids(c, n)
	} else {
		c.ids = nil
	}
	if r.err != nil {
		return fmt.Errorf("read page of %s: %w", p.Day.Format(time.DateOnly), r.err)
	}
	return nil
}

// resized gives a list of that length in the memory of another one.
func resized[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n, n+n/4)
	}
	return list[:n]
}

// reader reads numbers and texts until something is wrong; after that, zeros.
type reader struct {
	in  []byte
	err error
}

func (r *reader) fail() { r.in, r.err = nil, ErrPage }

func (r *reader) number() uint64 {
	if len(r.in) > 0 && r.in[0] < 0x80 { // most are short
		n := uint64(r.in[0])
		r.in = r.in[1:]
		return n
	}
	n, size := binary.Uvarint(r.in)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.in = r.in[size:]
	return n
}

func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

// count reads how many things follow. Each takes a byte at least, so a wrong number makes no large list.
func (r *reader) count() int {
	n := r.number()
	if n > uint64(len(r.in)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	s := string(r.in[:n])
	r.in = r.in[n:]
	return s
}

// index reads a number below a limit.
func (r *reader) index(limit int) int {
	n := r.number()
	if n >= uint64(limit) {
		if r.err == nil {
			r.fail()
		}
		return 0
	}
	return int(n)
}

func (r *reader) time(from int64) int64 {
	n := r.number()
	if n == 0 {
		return never
	}
	n--
	return from + (int64(n>>1) ^ -int64(n&1))
}

// section gives the next section, to be read to its end.
func (r *reader) section() *reader {
	n := r.count()
	s := &reader{in: r.in[:n], err: r.err}
	r.in = r.in[n:]
	return s
}

// take ends a section: it is right when it was read to its end.
func (r *reader) take(section *reader) {
	if section.err != nil || len(section.in) > 0 {
		r.fail()
	}
}

func (r *reader) times(list, created []int64) {
	s := r.section()
	for i := range list {
		list[i] = s.time(created[i])
	}
	r.take(s)
}

func numbers[N uint32 | uint64](r *reader, list []N, most uint64) {
	s := r.section()
	for i := range list {
		n := s.number()
		if n > most {
			s.fail()
		}
		list[i] = N(n)
	}
	r.take(s)
}

func (s *reader) codes(list []uint32, limit int) {
	for i := range list {
		list[i] = uint32(s.index(limit))
	}
}

func (r *reader) texts(t *texts, n int, wanted bool) {
	s := r.section()
	t.codes = resized(t.codes, n)
	if !wanted {
		t.names = append(t.names[:0], "")
		clear(t.codes)
		return
	}
	t.names = resized(t.names, s.count())
	for i := range t.names {
		t.names[i] = s.text()
	}
	s.codes(t.codes, len(t.names))
	r.take(s)
}

func (r *reader) kinds(c *columns, n int, wanted bool) {
	s := r.section()
	if !wanted {
		c.kind, c.kinds = nil, nil
		return
	}
	c.kinds, c.kind = resized(c.kinds, s.count()), resized(c.kind, n)
	for i := range c.kinds {
		c.kinds[i] = kindKey{uint32(s.index(len(c.customer.names))), uint32(s.index(len(c.service.names))), s.text()}
	}
	s.codes(c.kind, len(c.kinds))
	r.take(s)
}

func (r *reader) windows(c *columns, n int) {
	s := r.section()
	c.windows = c.windows[:0]
	last := -1
	for held := s.count(); held > 0 && s.err == nil; held-- {
		h := held1{at: s.index(n)}
		if s.err != nil || h.at <= last {
			s.fail()
			break
		}
		last = h.at
		h.windows.SuppressedBy = s.text()
		for waits := s.count(); waits > 0 && s.err == nil; waits-- {
			h.windows.Waits = append(h.windows.Waits, incident.Wait{Question: incident.Question(s.text()), Window: s.text(),
				Waited: time.Duration(s.signed()) * time.Microsecond, Since: timeOf(s.time(c.created[h.at])), Became: incident.TransitionKind(s.text())})
		}
		c.windows = append(c.windows, h)
	}
	r.take(s)
}

func (r *reader) open(c *columns, n int) {
	s := r.section()
	clear(c.openIDs)
	for open := s.count(); open > 0 && s.err == nil; open-- {
		i := s.index(n)
		if c.openIDs == nil {
			c.openIDs = map[int]incident.ID{}
		}
		c.openIDs[i] = incident.ID(s.text())
	}
	r.take(s)
}

func (r *reader) ids(c *columns, n int) {
	if r.number() != PageVersion || r.count() != n {
		r.fail()
		return
	}
	c.ids = resized(c.ids, n)
	for i := range c.ids {
		c.ids[i] = incident.ID(r.text())
	}
	if len(r.in) > 0 {
		r.fail()
	}
}
