package handover

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
)

// stepRow tells one step: name, command, what came of it, when.
func (p Packet) stepRow(l Line, indent int) row {
	w := p.words
	r := row{indent: indent, mark: mark(l), spans: []span{name(l.Name), say(": " + p.stateOf(l))}}
	if l.Error != "" {
		r.spans = append(r.spans, say(" — "), l.errorSpan())
	} else if l.Found != "" {
		r.spans = append(r.spans, say(" — "), raw(l.Found))
	}
	var notes []string
	if l.ErrorKind != "" {
		notes = append(notes, w.kindOf(l.ErrorKind))
	}
	if l.Note != "" {
		notes = append(notes, l.Note)
	}
	if l.Rounds > 1 {
		notes = append(notes, fmt.Sprintf(w.phrase.rounds, l.Rounds))
	}
	if !l.At.IsZero() {
		notes = append(notes, strings.TrimSuffix(p.hour(l.At)+", "+p.took(l.Took), ", "))
	}
	if len(notes) > 0 {
		r.spans = append(r.spans, say(" ("+strings.Join(notes, "; ")+")"))
	}
	if l.What != "" || l.Action != "" {
		r.spans = append(r.spans, say(" · "), raw(strings.TrimSpace(l.Action+" "+l.What)))
	}
	return r
}

// errorSpan shows what a machine answered as it is, and what the engine says as a sentence.
func (l Line) errorSpan() span {
	if l.Said {
		return say(l.Error)
	}
	return raw(l.Error)
}

// stateOf says how a step went: by what it found, where it looked for health.
func (p Packet) stateOf(l Line) string {
	w := p.words
	switch {
	case l.Healthy != nil && *l.Healthy:
		return w.phrase.healthy
	case l.Healthy != nil:
		return w.phrase.unhealthy
	case l.Status == incident.Started && (p.Outcome == "" || p.Wish != nil):
		return w.step.running
	}
	return w.stepOf(l.Status)
}

// took leaves out what a step that is still running, or never ran, did not take.
func (p Packet) took(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return p.words.duration(d)
}

// mark sums a step up in one sign.
func mark(l Line) string {
	switch {
	case l.Status == incident.Started, l.ErrorKind == incident.UnknownEffect:
		return "?"
	case l.Status == incident.Failed, l.Healthy != nil && !*l.Healthy:
		return "✗"
	case l.Status == incident.Succeeded:
		return "✓"
	}
	return "–"
}
