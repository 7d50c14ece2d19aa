package analytics

import (
	"slices"
	"time"

	"shodo/internal/incident"
)

// comeBackWithin is how long a repair has to hold.
const comeBackWithin = 24 * time.Hour

// watch waits for what was closed automatically to come back. It holds the closes of about a day, whatever the period.
type watch struct {
	closes map[watched][]closed
	swept  int64
	last   int64 // until when something that counts can come back
}

// watched is what comes back, the same thing at the same place, as a number of its names. Two things may have one
// number; their names tell them apart.
type watched uint64

// thing is the same with its names.
type thing struct {
	customer, scenario, target string
}

// closed is an automatic close.
type closed struct {
	thing    thing
	incident listed
	at       int64
	counts   *Figures // of its group
	current  bool     // of the period that is asked for, not of the one before
	young    bool     // its 24 hours are not over
}

func newWatch() *watch { return &watch{closes: map[watched][]closed{}, last: never} }

// comeBackMicros is comeBackWithin as a page has times.
const comeBackMicros = int64(comeBackWithin / time.Microsecond)

// see is of every incident that has a scenario and a target, in the order of creation. It gives the closes after which
// this one is the same again.
func (w *watch) see(key watched, what func() thing, created int64) (back []closed) {
	if created-w.swept > comeBackMicros {
		w.sweep(created)
	}
	list := w.closes[key]
	if len(list) == 0 {
		return nil
	}
	seen := what()
	kept := list[:0]
	for _, c := range list {
		switch {
		case c.thing != seen || created < c.at:
			kept = append(kept, c) // it was open still: an incident beside it, not after it
		case created <= c.at+comeBackMicros:
			back = append(back, c)
		}
	}
	w.keep(key, kept)
	return back
}

// close begins to watch.
func (w *watch) close(key watched, c closed) {
	w.closes[key] = append(w.closes[key], c)
	w.last = max(w.last, c.at+comeBackMicros)
}

func (w *watch) keep(key watched, list []closed) {
	if len(list) == 0 {
		delete(w.closes, key)
		return
	}
	w.closes[key] = list
}

// sweep forgets, once a day, what did not come back.
func (w *watch) sweep(now int64) {
	w.swept = now
	for key, list := range w.closes {
		w.keep(key, slices.DeleteFunc(list, func(c closed) bool { return now > c.at+comeBackMicros }))
	}
}

// hashes numbers the names of a column, once each.
func hashes(into []uint64, names []string) []uint64 {
	into = into[:0]
	for _, name := range names {
		h := uint64(14695981039346656037) // FNV-1a: the same in every process
		for i := range len(name) {
			h = (h ^ uint64(name[i])) * 1099511628211
		}
		into = append(into, h)
	}
	return into
}

// watchedAs puts the numbers of three names together.
func watchedAs(customer, scenario, target uint64) watched {
	h := customer*0x9E3779B97F4A7C15 ^ scenario
	h = (h^h>>32)*0xD6E8FEB86659FD93 ^ target
	return watched((h ^ h>>29) * 0xBF58476D1CE4E5B9)
}

// listed is an incident of the figure that is asked for.
type listed struct {
	id      incident.ID
	created int64
}
