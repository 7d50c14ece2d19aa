package analytics

import (
	"time"

	"shodo/internal/incident"
)

// comeBackWithin is how long a repair has to hold.
const comeBackWithin = 24 * time.Hour

// watch waits for what was closed automatically to come back. It holds the closes of about a day, whatever the period.
type watch struct {
	closes map[watched][]closed
	swept  time.Time
	last   time.Time // until when something that counts can come back
}

// watched is what comes back: the same thing at the same place.
type watched struct {
	customer incident.CustomerID
	scenario incident.ScenarioName
	target   string
}

// closed is an automatic close.
type closed struct {
	incident listed
	at       time.Time
	counts   *Figures // of its group
	current  bool     // of the period that is asked for, not of the one before
	young    bool     // its 24 hours are not over
}

func newWatch() *watch { return &watch{closes: map[watched][]closed{}} }

// see is of every incident, in the order of creation. It gives the closes after which this one is the same again.
func (w *watch) see(f incident.Fact) (back []closed) {
	w.sweep(f.CreatedAt)
	key := watched{f.Customer, f.Scenario, f.Target}
	list := w.closes[key]
	if len(list) == 0 {
		return nil
	}
	kept := list[:0]
	for _, c := range list {
		switch {
		case f.CreatedAt.Before(c.at):
			kept = append(kept, c) // it was open still: an incident beside it, not after it
		case !f.CreatedAt.After(c.at.Add(comeBackWithin)):
			back = append(back, c)
		}
	}
	w.keep(key, kept)
	return back
}

// close begins to watch.
func (w *watch) close(f incident.Fact, c closed) {
	key := watched{f.Customer, f.Scenario, f.Target}
	w.closes[key] = append(w.closes[key], c)
	if end := c.at.Add(comeBackWithin); end.After(w.last) {
		w.last = end
	}
}

func (w *watch) keep(key watched, list []closed) {
	if len(list) == 0 {
		delete(w.closes, key)
		return
	}
	w.closes[key] = list
}

// sweep forgets, now and then, what did not come back.
func (w *watch) sweep(now time.Time) {
	if now.Sub(w.swept) < comeBackWithin/4 {
		return
	}
	w.swept = now
	for key, list := range w.closes {
		kept := list[:0]
		for _, c := range list {
			if !now.After(c.at.Add(comeBackWithin)) {
				kept = append(kept, c)
			}
		}
		w.keep(key, kept)
	}
}

// canComeBack says whether an incident is watched: it was closed automatically, and there is something to come back.
func canComeBack(f incident.Fact) bool {
	return isAutomatic(f) && !isOpen(f) && f.Scenario != "" && f.Target != ""
}
