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
	r := &reader{in: p.Hot, scratch: &c.scratch}
	if v := r.number(); v != PageVersion && r.err == nil {
		return fmt.Errorf("read page of %s: %w: it says version %d", p.Day.Format(time.DateOnly), ErrPage, v)
	}
	n := r.count()
	c.created, c.run, c.alerts, c.attempted = resized(c.created, n), resized(c.run, n), resized(c.alerts, n), resized(c.attempted, n)
	r.created(c.created)
	for _, column := range c.columnsOfTime() {
		*column = resized(*column, n)
		r.times(*column, c.created)
	}
	r.small(c.run)
	r.small(c.alerts)
	copy(c.attempted, r.numbers(n))
	wanted := [...]bool{true, with&incident.FactDepartment != 0, true, true, true, with&incident.FactPriority != 0, true, true, with&incident.FactTitle != 0}
	for k, t := range c.columnsOfText() {
		r.texts(t, n, wanted[k])
	}
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
	in      []byte
	all     string // what was left of in at the first text: the texts of a section share their memory
	err     error
	scratch *[]uint64
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
	if r.all == "" {
		r.all = string(r.in)
	}
	n := len(r.bytes())
	end := len(r.all) - len(r.in)
	return r.all[end-n : end]
}

func (r *reader) bytes() []byte {
	n := r.count()
	text := r.in[:n]
	r.in = r.in[n:]
	return text
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

func (r *reader) time(from int64) int64 { return timeFrom(r.number(), from) }

// timeFrom is the reverse of distance.
func timeFrom(n uint64, from int64) int64 {
	if n == 0 {
		return never
	}
	n--
	return from + (int64(n>>1) ^ -int64(n&1))
}

// list reads so many numbers of one width, to the end of the section. What it gives is used again for the next list.
func (r *reader) list(n int) []uint64 {
	*r.scratch = resized(*r.scratch, n)
	list := *r.scratch
	width := 0
	if len(r.in) > 0 {
		width = int(r.in[0])
	}
	if r.err != nil || width < 1 || width > 8 || len(r.in) != 1+n*width {
		r.fail()
		clear(list)
		return list
	}
	in := r.in[1:]
	r.in = nil
	if width == 1 {
		for i, b := range in {
			list[i] = uint64(b)
		}
		return list
	}
	mask := uint64(1)<<(8*width) - 1 // of width 8 all: 1<<64 is 0
	whole := max(len(in)-8, -1)/width + 1
	if len(in) < 8 {
		whole = 0
	}
	for i := range whole {
		list[i] = binary.LittleEndian.Uint64(in[i*width:]) & mask
	}
	for i := whole; i < n; i++ {
		var eight [8]byte
		copy(eight[:], in[i*width:(i+1)*width])
		list[i] = binary.LittleEndian.Uint64(eight[:])
	}
	return list
}

// section gives the next section, to be read to its end.
func (r *reader) section() *reader {
	n := r.count()
	s := &reader{in: r.in[:n], err: r.err, scratch: r.scratch}
	r.in = r.in[n:]
	return s
}

// take ends a section: it is right when it was read to its end.
func (r *reader) take(section *reader) {
	if section.err != nil || len(section.in) > 0 {
		r.fail()
	}
}

func (r *reader) created(list []int64) {
	s := r.section()
	if len(list) > 0 {
		list[0] = s.signed()
	}
	for i, n := range s.list(len(list)) {
		if i > 0 {
			list[i] = list[i-1] + int64(n)
		}
	}
	r.take(s)
}

func (r *reader) times(list, created []int64) {
	for i, n := range r.numbers(len(list)) {
		list[i] = timeFrom(n, created[i])
	}
}

// numbers reads a section that is one list.
func (r *reader) numbers(n int) []uint64 {
	s := r.section()
	list := s.list(n)
	r.take(s)
	return list
}

func (r *reader) small(list []uint32) {
	for i, n := range r.numbers(len(list)) {
		if list[i] = uint32(n); n > math.MaxUint32 {
			r.fail()
		}
	}
}

func (r *reader) codes(list []uint32, limit int) {
	for i, n := range r.list(len(list)) {
		if list[i] = uint32(n); n >= uint64(limit) {
			r.fail()
			clear(list)
			return
		}
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
		c.ids[i] = incident.ID(r.bytes()) // of its own: a list of a few keeps no page
	}
	if len(r.in) > 0 {
		r.fail()
	}
}
