package analytics

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"shodo/internal/incident"
)

// Deferrals is what became of the incidents that had to wait for the end of a window. Each is one of the five.
type Deferrals struct {
	Count   int   `json:"count"`
	Told    int   `json:"told"`
	Listed  int   `json:"listed"`
	Taken   int   `json:"taken"`
	Waiting int   `json:"waiting"` // still
	Other   int   `json:"other"`   // the wait is over, and none of these
	Wait    Times `json:"wait"`    // of those that wait no more
}

// held is what windows did with one question of an incident.
type held struct {
	deferred bool
	fate     Figure // which of the five; empty unless deferred
	wait     span   // in all; none while it waits
}

// heldBy looks at the waits of one question.
func heldBy(waits []incident.Wait, q incident.Question) held {
	var h held
	waiting, became := false, incident.TransitionKind("")
	for _, w := range waits {
		if w.Question != q {
			continue
		}
		h.deferred = true
		h.wait.long += w.Waited
		waiting = waiting || !w.Since.IsZero()
		became = cmp.Or(became, w.Became)
	}
	if h.deferred {
		h.fate, h.wait.ok = fateOf(became, waiting), !waiting
	}
	return h
}

// fateOf names what became of what was deferred, as Definitions says of waking somebody.
func fateOf(became incident.TransitionKind, waiting bool) Figure {
	switch {
	case became == incident.ToldTier || became == incident.ToldContact:
		return DeferredTold
	case became == incident.Listed:
		return DeferredListed
	case became == incident.PersonTook:
		return DeferredTaken
	case waiting:
		return DeferredWaiting
	}
	return DeferredOther
}

// deferrals counts what was deferred.
type deferrals struct {
	counts Deferrals
	waited durations
}

func (d *deferrals) add(h held) {
	if !h.deferred {
		return
	}
	d.waited.measured(h.wait)
	d.counts.Count++
	switch h.fate {
	case DeferredTold:
		d.counts.Told++
	case DeferredListed:
		d.counts.Listed++
	case DeferredTaken:
		d.counts.Taken++
	case DeferredWaiting:
		d.counts.Waiting++
	default:
		d.counts.Other++
	}
}

func (d *deferrals) merge(o *deferrals) {
	d.waited.merge(&o.waited)
	d.counts.Count += o.counts.Count
	d.counts.Told += o.counts.Told
	d.counts.Listed += o.counts.Listed
	d.counts.Taken += o.counts.Taken
	d.counts.Waiting += o.counts.Waiting
	d.counts.Other += o.counts.Other
}

func (d *deferrals) result() Deferrals {
	out := d.counts
	out.Wait = d.waited.times()
	return out
}

// windowKey is a window and what it was asked.
type windowKey struct {
	window   string
	question incident.Question
}

// windowTally counts what one window did.
type windowTally struct {
	suppressed int
	deferred   deferrals
}

func (t *windowTally) merge(o *windowTally) {
	t.suppressed += o.suppressed
	t.deferred.merge(&o.deferred)
}

// result gives what was counted; of nil, nothing.
func (t *windowTally) result() WindowedBefore {
	if t == nil {
		return WindowedBefore{}
	}
	return WindowedBefore{t.suppressed, t.deferred.result()}
}

// held counts an incident for each window that deferred or suppressed it.
func (s *side) held(f *row) {
	if f.isSuppressed() {
		by := ""
		if f.windows != nil {
			by = f.windows.SuppressedBy
		}
		s.window(by, incident.Page).suppressed++
	}
	if f.windows == nil {
		return
	}
	for _, w := range f.windows.Waits {
		s.window(w.Window, w.Question).deferred.add(heldBy([]incident.Wait{w}, w.Question))
	}
}

// maxWindows bounds the memory of an answer.
const maxWindows = 10_000

// window gives the counters of a window. Maintenance comes with new names all the time: there is a bound.
func (s *side) window(name string, q incident.Question) *windowTally {
	key := windowKey{name, q}
	if s.windows[key] == nil && len(s.windows) >= maxWindows {
		key.window, s.crowded = OtherGroups, true
	}
	if s.windows[key] == nil {
		s.windows[key] = &windowTally{}
	}
	return s.windows[key]
}

func (a *asking) windows() []Windowed {
	keys := maps.Clone(a.current.windows)
	maps.Copy(keys, a.previous.windows)
	list := []Windowed{}
	for key := range keys {
		now := a.current.windows[key].result()
		list = append(list, Windowed{Window: key.window, Question: key.question, Suppressed: now.Suppressed, Deferred: now.Deferred,
			Previous: a.previous.windows[key].result()})
	}
	slices.SortFunc(list, func(x, y Windowed) int {
		return cmp.Or(y.Suppressed+y.Deferred.Count-x.Suppressed-x.Deferred.Count, strings.Compare(x.Window, y.Window),
			cmp.Compare(x.Question, y.Question))
	})
	return list
}
