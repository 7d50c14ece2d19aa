package analytics

import (
	"maps"
	"slices"
	"time"

	"shodo/internal/incident"
)

// comeBackWithin is how long a repair has to hold.
const comeBackWithin = 24 * time.Hour

// comeBackMicros is comeBackWithin as a page has times.
const comeBackMicros = int64(comeBackWithin / time.Microsecond)

// watch waits for what was closed automatically to come back. It holds the closes of about two days, whatever the
// period.
type watch struct {
	first  table // of the things with this half of the key: the first close, an index of closes
	closes []closed
	free   int32 // the first place that is free; 0: none is
	swept  int64
}

// watched is what comes back, the same thing at the same place: 128 bits of its customer, scenario and target, so that
// no two things are ever taken for one.
type watched struct{ a, b uint64 }

// closed is an automatic close. Closes of a thing, and of those few that share half of its key, are a chain.
type closed struct {
	key     watched
	at      int64
	counts  *tally // of its group
	listed  listed
	next    int32 // 0: it is the last
	current bool  // of the period that is asked for, not of the one before
	young   bool  // its 24 hours are not over
}

// listed is an incident of the figure that is asked for.
type listed struct {
	id      incident.ID
	created int64
}

func newWatch() *watch {
	return &watch{closes: make([]closed, 1, 256)}
}

// see is of every incident that has a scenario and a target, in the order of creation. It gives the closes after which
// this one is the same again.
func (w *watch) see(key watched, created int64, back func(*closed)) {
	if created-w.swept > comeBackMicros {
		w.sweep(created)
	}
	first := w.first.at(key.a)
	if first == 0 {
		return
	}
	kept, last := int32(0), int32(0)
	for i := first; i != 0; {
		c, next := &w.closes[i], w.closes[i].next
		if created < c.at || c.key != key { // it was open still: an incident beside it, not after it
			if c.next = 0; last == 0 {
				kept = i
			} else {
				w.closes[last].next = i
			}
			last = i
		} else {
			if created <= c.at+comeBackMicros {
				back(c)
			}
			w.forget(i)
		}
		i = next
	}
	if kept != first {
		*w.first.of(key.a) = kept
	}
}

// chain begins to watch a close: it puts it before the others of its thing.
func (w *watch) chain(c closed) {
	c.next = w.first.at(c.key.a)
	*w.first.of(c.key.a) = w.place(c)
}

// place puts a close where one has been forgotten, or at the end.
func (w *watch) place(c closed) int32 {
	if w.free == 0 {
		w.closes = append(w.closes, c)
		return int32(len(w.closes) - 1)
	}
	i := w.free
	w.free = w.closes[i].next
	w.closes[i] = c
	return i
}

func (w *watch) forget(i int32) {
	w.closes[i] = closed{next: w.free}
	w.free = i
}

// sweep forgets, once a day, what did not come back.
func (w *watch) sweep(now int64) {
	w.swept = now
	old := w.closes
	w.closes, w.free = w.closes[:1], 0 // those that stay move to the front, behind the one that is looked at
	w.first.forget()
	for _, c := range old[1:] {
		if c.counts != nil && now <= c.at+comeBackMicros {
			w.chain(c)
		}
	}
}

// adopt watches what another one still watches at an instant.
func (w *watch) adopt(o *watch, now int64) {
	for _, c := range o.closes[1:] {
		if c.counts != nil && now <= c.at+comeBackMicros {
			w.chain(c)
		}
	}
}

// awaits gives the days of a stretch in which something can come back; without until it has no end.
func (w *watch) awaits(s stretch) []stretch {
	days := map[time.Time]bool{}
	for _, c := range w.closes[1:] {
		if c.counts == nil {
			continue
		}
		day, end := dayOf(time.UnixMicro(max(c.at, s.since.UnixMicro()))), c.at+comeBackMicros
		for ; day.UnixMicro() <= end && (s.until.IsZero() || day.Before(s.until)); day = day.Add(24 * time.Hour) {
			days[day] = true
		}
	}
	var list []stretch
	for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		end := day.Add(24 * time.Hour)
		if n := len(list); n > 0 && list[n-1].until.Equal(day) {
			list[n-1].until = end
		} else {
			list = append(list, stretch{day, end})
		}
	}
	return list
}

// hashes numbers the names of a column, once each, in 128 bits.
func hashes(into []watched, names []string) []watched {
	into = into[:0]
	for _, name := range names {
		h := watched{14695981039346656037, 0x9E3779B97F4A7C15} // two of FNV-1a's kind: the same in every process
		for i := range len(name) {
			h.a = (h.a ^ uint64(name[i])) * 1099511628211
			h.b = (h.b ^ uint64(name[i])) * 0xD6E8FEB86659FD93
			h.b ^= h.b >> 32
		}
		into = append(into, h)
	}
	return into
}

// watchedAs puts the numbers of three names together.
func watchedAs(customer, scenario, target watched) watched {
	return watched{mixed(mixed(customer.a, scenario.a), target.a), mixed(mixed(customer.b, scenario.b), target.b)}
}

func mixed(x, y uint64) uint64 {
	x = (x ^ x>>29) * 0xBF58476D1CE4E5B9
	return (x^x>>32)*0x94D049BB133111EB + y
}
