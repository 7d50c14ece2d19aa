package handover

import (
	"fmt"
	"time"

	"shodo/internal/incident"
)

// waits gives the times in which nobody was told of the incident's last run, because a window said so. A deferral that
// follows another one without an end between them is the same wait, decided again.
func waits(rec incident.Record) []Wait {
	var list []Wait
	for _, t := range rec.Transitions {
		if t.Run != rec.Run || t.Question != incident.Page {
			continue
		}
		open := len(list) > 0 && !list[len(list)-1].Over
		switch {
		case t.Kind == incident.Deferred && open:
			list[len(list)-1].Window = Window{oneLine(t.Window, maxName), t.Until}
		case t.Kind == incident.Deferred:
			list = append(list, Wait{Window: Window{oneLine(t.Window, maxName), t.Until}, From: t.At})
		case t.Kind == incident.Resumed && open:
			last := &list[len(list)-1]
			last.Over, last.Until = true, t.At
		}
	}
	if n := len(list); n > 0 && !list[n-1].Over {
		list[n-1].endBy(rec.TakenAt)
		list[n-1].endBy(rec.EndedAt)
	}
	return list[max(0, len(list)-maxWaits):]
}

// endBy ends a wait before its time: a person took the incident, or it is over.
func (w *Wait) endBy(at time.Time) {
	if at.After(w.From) && at.Before(w.Until) {
		w.Over, w.Until = true, at
	}
}

// maxWaits is how many waits are told; the last ones matter.
const maxWaits = 5

// forbidder gives the window that forbade to change anything, as it was decided last.
func forbidder(rec incident.Record) Window {
	var w Window
	if rec.Reason != incident.Forbidden {
		return w
	}
	for _, t := range rec.Transitions {
		if t.Run == rec.Run && t.Kind == incident.Decided && t.Question == incident.MayRecover && t.Window != "" {
			w = Window{oneLine(t.Window, maxName), t.Until}
		}
	}
	return w
}

// windowRows tells what the customer's windows decided.
func (p Packet) windowRows() []row {
	w := p.words
	var rows []row
	if p.Forbidder.Name != "" {
		text := fmt.Sprintf(w.window.forbidden, w.windowOf(p.Forbidder.Name))
		if !p.Forbidder.Until.IsZero() {
			text = fmt.Sprintf(w.window.forbiddenTo, w.windowOf(p.Forbidder.Name), p.clock(p.Forbidder.Until))
		}
		rows = append(rows, row{spans: []span{say(text)}})
	}
	for _, wait := range p.Waits {
		format := w.window.waiting
		if wait.Over {
			format = w.window.waited
		}
		text := fmt.Sprintf(format, p.clock(wait.From), p.clock(wait.Until), w.windowOf(wait.Name))
		rows = append(rows, row{spans: []span{say(text)}})
	}
	return rows
}
