package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// people is what PagerDuty's events have told since the run began: who stepped in, and how it ended.
type people struct {
	began      time.Time // when the run's first event occurred; intake has read what came before
	seen       []incident.EventID
	stepped    *incident.Event // the first acknowledge, reassign or manual escalation by a person
	taken      *incident.Event // the latest one; nil again when it ran out
	released   time.Time       // when one ran out last
	resolved   *incident.Event
	reopened   *incident.Event
	unreadable *incident.Event // what it says is not known: a person has to look
	latest     *incident.Event // the latest one that tells that the incident is open; a suppressed one needs a first response then
	stop       workflow.CancelFunc
	by         []incident.Choice // the choices by which it was taken over
	patient    bool              // a repair runs: that the monitor resolves may be its success, and verify has to tell
}

// watch listens to events until the run ends. The automatic part is stopped at once when somebody steps in.
func (p *people) watch(ctx workflow.Context, first incident.Event, stop workflow.CancelFunc) {
	p.began, p.seen, p.stop = first.OccurredAt, []incident.EventID{first.ID}, stop
	events := workflow.GetSignalChannel(ctx, eventSignal)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var e incident.Event
			if more := events.Receive(ctx, &e); !more {
				return
			}
			p.note(e)
		}
	})
}

// note takes one event in. The same event again, one that a later one has overtaken, and events that change nothing
// are passed over.
func (p *people) note(e incident.Event) {
	if slices.Contains(p.seen, e.ID) || !e.OccurredAt.IsZero() && e.OccurredAt.Before(p.began) {
		return
	}
	p.seen = append(p.seen, e.ID)
	switch e.Type {
	case incident.EventAcknowledged, incident.EventReassigned, incident.EventDelegated, incident.EventEscalated:
		p.steps(e)
	case incident.EventUnacknowledged:
		if !isOlder(e, p.taken) {
			p.taken, p.released, p.latest = nil, e.OccurredAt, &e
		}
	case incident.EventResolved:
		if !isOlder(e, p.reopened) {
			p.resolved, p.reopened = &e, nil
		}
	case incident.EventReopened:
		if isOlder(e, p.resolved) {
			return
		}
		// It was resolved before, even when that event was lost: this run ends, and the next one begins with this event.
		p.reopened = &e
		if p.resolved == nil {
			p.resolved = &e
		}
	case incident.EventUnreadable:
		p.unreadable, p.latest = &e, &e
	}
	if p.stepped != nil || p.unreadable != nil || p.resolved != nil && !(p.patient && p.resolvedByMonitor()) {
		p.stop()
	}
}

// steps notes that a person has it now. Without a person behind it, it is PagerDuty's own escalation, which takes
// nothing from us.
func (p *people) steps(e incident.Event) {
	if !e.Agent.IsPerson() || e.OccurredAt.Before(p.released) {
		return
	}
	if p.stepped == nil {
		p.stepped = &e
	}
	if !isOlder(e, p.taken) {
		p.taken, p.latest = &e, &e
	}
}

// isOlder says whether an event occurred before another one that is known already.
func isOlder(e incident.Event, known *incident.Event) bool {
	return known != nil && e.OccurredAt.Before(known.OccurredAt)
}

// verdict says how the first response ends because of the events so far; nil when it goes on.
func (p *people) verdict(changed bool) *Verdict {
	switch e := p.resolved; {
	case e == nil:
	case e.MergedInto != "":
		return &Verdict{Outcome: incident.TakenOver, By: who(e.Agent), Resolved: true,
			Why: fmt.Sprintf("%s merged it into incident %s", who(e.Agent), e.MergedInto)}
	case e.Agent.IsPerson():
		return &Verdict{Outcome: incident.TakenOver, By: who(e.Agent), Resolved: true,
			Why: who(e.Agent) + " resolved it in PagerDuty"}
	case changed:
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.Inconclusive, Resolved: true,
			Why: "the monitor resolved it while the repair was running, before the repair could be verified"}
	default:
		return &Verdict{Outcome: incident.ResolvedUpstream, By: who(e.Agent), Resolved: true,
			Why: "the monitor resolved it before anything was changed"}
	}
	if e := p.stepped; e != nil {
		return &Verdict{Outcome: incident.TakenOver, By: who(e.Agent), Why: p.sentence(e)}
	}
	if e := p.unreadable; e != nil {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError,
			Why: fmt.Sprintf("PagerDuty's event %s could not be read", e.ID)}
	}
	return nil
}

// resolvedByMonitor says whether the incident was resolved by no person and not by a merge.
func (p *people) resolvedByMonitor() bool {
	return p.resolved != nil && p.resolved.MergedInto == "" && !p.resolved.Agent.IsPerson()
}

// answered says whether somebody has the incident, or it is over.
func (p *people) answered() bool { return p.taken != nil || p.resolved != nil }

// answer gives the event by which it is answered, or nil.
func (p *people) answer() *incident.Event {
	if p.resolved != nil {
		return p.resolved
	}
	return p.taken
}

// holds takes over from a verdict who has the incident, when no event has told.
func (p *people) holds(v Verdict) {
	e := incident.Event{ID: "verdict", Type: incident.EventAcknowledged, Agent: incident.Agent{Name: v.By}}
	if v.Resolved && p.resolved == nil {
		p.resolved = &e
	}
	if p.stepped == nil && !p.answered() {
		p.taken = &e
	}
}

// reopenedBy gives the event that reopened the incident after it was resolved, or nil.
func (p *people) reopenedBy() *incident.Event { return p.reopened }

func who(a incident.Agent) string {
	return cmp.Or(a.Name, a.ID, "PagerDuty")
}

func deed(t incident.EventType) string {
	switch t {
	case incident.EventAcknowledged:
		return "acknowledged it in PagerDuty"
	case incident.EventEscalated:
		return "escalated it in PagerDuty"
	case incident.EventResolved:
		return "resolved it in PagerDuty"
	default:
		return "reassigned it in PagerDuty"
	}
}
