package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

func (t *teller) transition(n incident.Transition) {
	what, said := string(n.Kind), terminal.OneLine(n.Why)
	switch n.Kind {
	case incident.PhaseBegan:
		what = string(n.Phase)
		if n.Phase == incident.Recover || n.Phase == incident.Verify {
			what = fmt.Sprintf("%s, attempt %d", n.Phase, n.Attempt)
		}
	case incident.Ended:
		what = string(n.Outcome)
		if n.Reason != "" {
			what += ": " + string(n.Reason)
		}
		said = ofWindow(n)
	case incident.Decided:
		if n.Why == t.rec.Match.Why {
			said = "see above"
		}
		if n.Question != "" {
			what, said = asked(n), ofWindow(n)
		}
	case incident.Deferred:
		what, said = asked(n), joined(", ", "until "+t.minute(n.Until), ofWindow(n))
	case incident.ToldContact:
		said = joined(", ", terminal.OneLine(n.By), ofWindow(n))
	case incident.Resumed, incident.Listed:
		what, said = asked(n), joined(", ", terminal.OneLine(n.By), ofWindow(n))
	case incident.ToldTier:
		said = joined(", ", terminal.OneLine(n.By), said)
	case incident.ResponseEnd:
		what = "end"
		if n.Choice == "" { // the sentence of a choice says whose it was
			said = joined(", ", terminal.OneLine(n.By), said)
		}
	case incident.EventSeen:
		said = joined(", ", terminal.OneLine(n.By), said)
	case incident.Asked:
		said = joined(", ", terminal.OneLine(n.By), fmt.Sprintf("question %d", n.Item), prefixed("until ", t.minute(n.Until)), said)
	case incident.Chosen:
		what = string(n.Choice)
	case incident.Expired:
		what = fmt.Sprintf("expired: question %d", n.Item)
	case incident.Acted:
		if n.Choice != "" {
			what = joined(": ", string(n.Choice)+" ended", cmp.Or(string(n.Reason), string(n.Outcome)))
		}
	case incident.PersonTook:
		said = cmp.Or(said, terminal.OneLine(n.By))
	}
	t.line("  %s  %s  %s", t.hour(n.At), terminal.Pad(what, max(18, terminal.Columns(what))), t.cut(said))
}

// asked is the kind of a line, and what was asked of the customer's windows.
func asked(n incident.Transition) string {
	switch {
	case n.Question == incident.Silence && n.Kind == incident.Deferred:
		return "silent"
	case n.Question == incident.Silence:
		return "silence over"
	}
	return terminal.OneLine(joined(": ", string(n.Kind), string(n.Question)))
}

// ofWindow is why, after the window's name unless the sentence has it.
func ofWindow(n incident.Transition) string {
	window, why := terminal.OneLine(n.Window), terminal.OneLine(n.Why)
	if strings.Contains(why, window) {
		window = ""
	}
	return joined(": ", window, why)
}

// minute is precise enough for the end of a window.
func (t *teller) minute(at time.Time) string { return at.In(t.zone).Format("2006-01-02 15:04 MST") }

// waits says how long the present run has waited for windows, and until when it does.
func (t *teller) waits() {
	var long time.Duration
	var since time.Time // of the wait that is open
	window := ""
	for _, n := range t.rec.Transitions {
		if n.Run != t.rec.Run || n.Question != incident.Page {
			continue
		}
		switch {
		case n.Kind == incident.Deferred:
			window = terminal.OneLine(n.Window)
			if since.IsZero() {
				since = n.At
			}
		case n.Kind == incident.Resumed && !since.IsZero():
			long += max(n.At.Sub(since), 0)
			since = time.Time{}
		}
	}
	if long > 0 {
		t.field("waited", took(long)+" for the end of a window; it is part of the first response")
	}
	if !t.rec.DeferredUntil.IsZero() {
		t.field("waits", joined(", ", "until "+t.minute(t.rec.DeferredUntil), window))
	}
}
