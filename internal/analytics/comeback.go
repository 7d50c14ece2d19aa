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

type closed struct {
	at   time.Time
	back func() // tells that it came back
}

func newWatch() *watch { return &watch{closes: map[watched][]closed{}} }

// see is of every incident, in the order of creation: what came before and is this again came back.
func (w *watch) see(f incident.Fact) {
	w.sweep(f.CreatedAt)
	key := watched{f.Customer, f.Scenario, f.Target}
	list := w.closes[key]
	kept := list[:0]
	for _, c := range list {
		switch {
		case f.CreatedAt.Before(c.at):
			kept = append(kept, c) // it was open still: an incident beside it, not after it
		case f.CreatedAt.After(c.at.Add(comeBackWithin)):
		default:
			c.back()
		}
	}
	if w.closes[key] = kept; len(kept) == 0 {
		delete(w.closes, key)
	}
}

// close begins to watch an incident.
func (w *watch) close(f incident.Fact, back func()) {
	key := watched{f.Customer, f.Scenario, f.Target}
	w.closes[key] = append(w.closes[key], closed{f.EndedAt, back})
	if end := f.EndedAt.Add(comeBackWithin); end.After(w.last) {
		w.last = end
	}
}

// sweep forgets, now and then, what did not come back.
func (w *watch) sweep(now time.Time) {
	if now.Sub(w.swept) < time.Hour {
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
		if w.closes[key] = kept; len(kept) == 0 {
			delete(w.closes, key)
		}
	}
}

// canComeBack says whether an incident is watched: it was closed automatically, and there is something to come back.
func canComeBack(f incident.Fact) bool {
	return isAutomatic(f) && !isOpen(f) && f.Scenario != "" && f.Target != ""
}
