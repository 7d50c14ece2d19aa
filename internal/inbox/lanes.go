package inbox

import (
	"cmp"
	"slices"
	"time"

	"shodo/internal/incident"
)

// pageSize is how many deliveries of a lane are read at once; up to half as many more are held.
const pageSize = 256

// item is a delivery that waits to be handed over.
type item struct {
	incident.Delivery
	lane      *lane
	flying    bool      // being handed over
	failures  int       // how often handing it over failed since it was read
	notBefore time.Time // when it may be tried again
	wins      uint64    // of the dispatcher, when it was read or failed last: see dispatcher.failed
}

// lane holds the next deliveries of one service, in order of arrival.
type lane struct {
	name   string
	items  []*item
	known  map[int64]bool // numbers that are in items, or handed over and not yet settled
	cursor int64          // everything up to this number has been read
	more   bool           // there may be something after the cursor
}

// add takes deliveries in that were read from the store, without those that it has already.
func (l *lane) add(page []incident.Delivery, wins uint64) (added []*item) {
	for _, d := range page {
		l.cursor = max(l.cursor, d.Seq)
		if !l.known[d.Seq] {
			l.known[d.Seq] = true
			added = append(added, &item{Delivery: d, lane: l, wins: wins})
		}
	}
	l.items = append(l.items, added...)
	slices.SortStableFunc(l.items, func(a, b *item) int { return cmp.Compare(a.Seq, b.Seq) })
	return added
}

func (l *lane) remove(it *item) {
	l.items = slices.DeleteFunc(l.items, func(other *item) bool { return other == it })
}

func (l *lane) hasRoom() bool { return len(l.items) <= pageSize/2 }

func (l *lane) isDone() bool { return len(l.known) == 0 && !l.more }

// next gives the first item that may be handed over now: its time has come, and no earlier one of its incident is here.
// Without one it tells when to look again, if waiting helps.
func (l *lane) next(now time.Time) (ready *item, later time.Time) {
	var blocked []incident.ID
	for _, it := range l.items {
		switch {
		case slices.Contains(blocked, it.Incident):
			continue
		case it.flying:
		case it.notBefore.After(now):
			later = earliest(later, it.notBefore)
		default:
			return it, time.Time{}
		}
		blocked = append(blocked, it.Incident)
	}
	return nil, later
}

// earliest gives the earlier of two times, of which the zero time means none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// ring is all lanes in the order of their turns.
type ring struct {
	byName map[string]*lane
	order  []*lane
	turn   int // whose turn it is in order
}

func (r *ring) get(name string) *lane {
	l := r.byName[name]
	if l == nil {
		l = &lane{name: name, known: map[int64]bool{}}
		r.byName[name] = l
		// The newcomer's turn is next: it has waited longest.
		r.order = slices.Insert(r.order, r.turn, l)
	}
	return l
}

// next gives the next item by turns.
func (r *ring) next(now time.Time) (ready *item, later time.Time) {
	for range r.order {
		r.turn %= len(r.order)
		it, at := r.order[r.turn].next(now)
		r.turn++
		if it != nil {
			return it, time.Time{}
		}
		later = earliest(later, at)
	}
	return nil, later
}

// freshest gives the item that has failed least: the best one to find out with whether the engine works again.
func (r *ring) freshest(now time.Time) (best *item, later time.Time) {
	for _, l := range r.order {
		it, at := l.next(now)
		if it != nil && (best == nil || it.failures < best.failures) {
			best = it
		}
		later = earliest(later, at)
	}
	return best, later
}

// sweep forgets the lanes in which nothing waits.
func (r *ring) sweep() {
	for n, l := range slices.Backward(r.order) {
		if l.isDone() {
			delete(r.byName, l.name)
			r.order = slices.Delete(r.order, n, n+1)
			if n < r.turn {
				r.turn--
			}
		}
	}
}
