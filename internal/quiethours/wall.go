package quiethours

import "time"

// wall is what a clock on the wall shows, as seconds: the instant at which a clock in UTC shows the same. Walls are
// counted and compared without any time zone; only a clock turns them into instants.
type wall int64

const day wall = 24 * 60 * 60

// wallOf reads the date and the time of day of t in t's own zone.
func wallOf(t time.Time) wall {
	_, offset := t.Zone()
	return wall(t.Unix() + int64(offset))
}

// floorDay gives the midnight at or before w.
func (w wall) floorDay() wall {
	d := w / day
	if w%day < 0 {
		d--
	}
	return d * day
}

// utc gives w as the time at which a clock in UTC shows it.
func (w wall) utc() time.Time { return time.Unix(int64(w), 0).UTC() }

// clock turns the walls of one zone into instants. It keeps the last stretch of time without a change of the clocks,
// because the next question is nearly always about the same. It is for one goroutine.
type clock struct {
	zone       *time.Location
	from, to   int64 // seconds: the stretch [from, to) in which offset holds
	offset     int64
	hasStretch bool
}

// reach is more than any zone differs from UTC: clocks within it decide what a wall can mean.
const reach = 26 * 60 * 60

// start gives the first instant (in Unix seconds) at which the clock shows w or later: of a skipped time the end of the
// gap, of a repeated one the first.
func (c *clock) start(w wall) int64 {
	if c.plain(w) {
		return int64(w) - c.offset
	}
	for at := int64(w) - reach; ; at = c.to {
		c.read(at)
		if first := max(c.from, int64(w)-c.offset); first < c.to {
			return first
		}
	}
}

// end gives the instant after the last one at which the clock shows less than w: of a skipped time the end of the gap,
// of a repeated one the second.
func (c *clock) end(w wall) int64 {
	if c.plain(w) {
		return int64(w) - c.offset
	}
	for at := int64(w) + reach; ; at = c.from - 1 {
		c.read(at)
		if last := min(c.to, int64(w)-c.offset); last > c.from {
			return last
		}
	}
}

// plain says whether the kept stretch holds every instant that w could mean.
func (c *clock) plain(w wall) bool {
	if !c.hasStretch || int64(w) < c.from || int64(w) >= c.to {
		c.read(int64(w))
	}
	return c.from <= int64(w)-reach && int64(w)+reach < c.to
}

// read keeps the stretch that holds the instant.
func (c *clock) read(at int64) {
	if c.hasStretch && c.from <= at && at < c.to {
		return
	}
	t := time.Unix(at, 0).In(c.zone)
	from, to := t.ZoneBounds()
	_, offset := t.Zone()
	c.from, c.to, c.offset, c.hasStretch = farPast, farFuture, int64(offset), true
	if !from.IsZero() {
		c.from = from.Unix()
	}
	if !to.IsZero() {
		c.to = to.Unix()
	}
}

// The ends of a stretch that has none; far enough from the ends of int64 that adding to them is safe.
const (
	farPast   = -1 << 60
	farFuture = 1 << 60
)

// wall gives what the clock shows at an instant.
func (c *clock) wall(at int64) wall {
	c.read(at)
	return wall(at + c.offset)
}

// span gives the instants of a piece of the wall clock.
func (c *clock) span(from, to wall) Span {
	return Span{Start: c.time(c.start(from)), End: c.time(c.end(to))}
}

func (c *clock) time(seconds int64) time.Time { return time.Unix(seconds, 0).In(c.zone) }

// OnWall gives the instants of the interval [from, to) of the wall clock in the zone. Of from and to only the date and
// the time of day are read, in whole seconds; the zones that they carry are not. What the package comment says of hours
// that are skipped or repeated holds. The span is empty when the whole interval is skipped.
func OnWall(zone *time.Location, from, to time.Time) Span {
	c := clock{zone: zone}
	return c.span(wallOf(from), wallOf(to))
}

// Span is an unbroken piece of time, from Start up to and without End.
type Span struct{ Start, End time.Time }

// Covers says whether the instant lies in the span.
func (s Span) Covers(at time.Time) bool { return !at.Before(s.Start) && at.Before(s.End) }

// IsEmpty says whether no instant lies in the span.
func (s Span) IsEmpty() bool { return !s.Start.Before(s.End) }

// Overlap gives what both spans cover; it is empty when they do not meet.
func (s Span) Overlap(other Span) Span {
	if other.Start.After(s.Start) {
		s.Start = other.Start
	}
	if other.End.Before(s.End) {
		s.End = other.End
	}
	return s
}
