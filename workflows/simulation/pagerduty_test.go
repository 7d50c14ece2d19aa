package simulation

import (
	"fmt"
	"sync"
	"time"

	"shodo/internal/incident"
	"shodo/workflows"
)

const (
	bot        = "PBOT"
	ackTimeout = 30 * time.Minute // of the engine's acknowledgement
	headStart  = 5 * time.Minute  // of the engine, before people are called
	ownPolicy  = "PDEFAULT"
)

var (
	self  = incident.Agent{ID: bot, Name: "shodo", Type: "user_reference"}
	aiko  = incident.Agent{ID: "PAIKO", Name: "Aiko Tanaka", Type: "user_reference"}
	alarm = incident.Agent{ID: "PMON", Name: "monitor", Type: "inbound_integration_reference"}
)

// pagerDuty is PagerDuty as one customer's incidents need it.
type pagerDuty struct {
	town *town

	mu      sync.Mutex
	tickets map[incident.ID]*ticket
	open    int // tickets that are not resolved, or will be reopened
	events  int
}

// ticket is one incident there.
type ticket struct {
	trouble
	inc      incident.Incident
	held     int // changes with each acknowledgement: an older one cannot run out any more
	calls    int // how often people were called
	repaired bool
	reopened bool
}

// broken is the truth about what the incident is about.
func (t *ticket) broken(now time.Time) bool {
	return !t.repaired && (t.heals == 0 || now.Before(t.created.Add(t.heals)))
}

func (p *pagerDuty) ticket(id incident.ID) *ticket {
	if t := p.tickets[id]; t != nil {
		return t
	}
	panic(fmt.Sprintf("there is no incident %q", id))
}

// create begins the incident.
func (p *pagerDuty) create(tr trouble) {
	now := p.town.now()
	t := &ticket{trouble: tr, inc: incident.Incident{
		ID: tr.id, Number: tr.number, Title: fmt.Sprintf("%s: %s is down", tr.id, tr.host), Status: incident.Triggered, Urgency: "high",
		Service: incident.Ref{ID: serviceOf(p.town.plan.customer)}, CreatedAt: now, EscalationPolicy: incident.Ref{ID: ownPolicy},
		Assignees: []incident.Ref{{ID: bot}}, AckTimeout: true, LastChangeBy: alarm, AlertCount: 1,
		Alerts: []incident.Alert{{ID: "A" + string(tr.id), Summary: "down", Severity: tr.severity, Class: tr.class, Source: tr.host, CreatedAt: now}},
	}}
	if tr.toPeople {
		t.inc.Assignees = []incident.Ref{{ID: aiko.ID}}
	}
	p.mu.Lock()
	p.tickets[tr.id] = t
	p.mu.Unlock()
	p.happens(t, incident.EventTriggered, alarm, fmt.Sprintf("created: class %s, severity %s, heals after %s, a repair helps: %t, people first: %t",
		tr.class, tr.severity, tr.heals, tr.repairs, tr.toPeople))
	if tr.toPeople {
		p.call(tr.id)
	} else {
		p.town.at(headStart, func() { p.escalate(tr.id, 0, "created") })
	}
	if tr.monitor > 0 {
		p.town.at(tr.heals+tr.monitor, func() { p.resolve(tr.id, alarm, "") })
	}
	for _, a := range tr.acts {
		p.town.at(a.after, func() { p.act(tr.id, a.kind) })
	}
	p.town.at(tr.deadline, func() { p.resolve(tr.id, aiko, "") })
}

// happens writes down what somebody did, and has PagerDuty tell the engine.
func (p *pagerDuty) happens(t *ticket, kind incident.EventType, by incident.Agent, text string) {
	p.town.seen.add(entry{at: p.town.now(), kind: acted, incident: t.id, to: string(kind), text: text + " (by " + by.Name + ")"})
	p.events++
	p.town.send(incident.Event{ID: incident.EventID(fmt.Sprintf("E%d", p.events)), Type: kind, OccurredAt: p.town.now(), Agent: by,
		Incident: t.id, Service: incident.ServiceID(t.inc.Service.ID), MergedInto: t.inc.MergedInto})
}

// call lets people answer who are called about an incident.
func (p *pagerDuty) call(id incident.ID) {
	p.mu.Lock()
	t := p.ticket(id)
	a := t.answers[min(t.calls, len(t.answers)-1)]
	t.calls++
	p.mu.Unlock()
	if a.comes == 0 {
		return
	}
	p.town.at(a.comes, func() {
		if !p.act(id, incident.EventAcknowledged) {
			return
		}
		p.town.at(a.fixes, func() {
			if a.drops {
				p.act(id, incident.EventUnacknowledged)
				return
			}
			p.resolve(id, aiko, "")
		})
	})
}

// act is a person's deed. It is false when there is nothing to do any more.
func (p *pagerDuty) act(id incident.ID, kind incident.EventType) bool {
	p.mu.Lock()
	t := p.ticket(id)
	resolved, hers := t.inc.Status == incident.Resolved, t.isHers()
	p.mu.Unlock()
	switch {
	case resolved, kind == incident.EventUnacknowledged && !hers, kind == incident.EventAcknowledged && hers:
		return false
	case kind == incident.EventResolved:
		p.resolve(id, aiko, "")
		return true
	case kind == merged:
		p.resolve(id, aiko, "QOTHER")
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t.held++
	by := aiko
	switch kind {
	case incident.EventAcknowledged:
		t.inc.Status, t.inc.AcknowledgedBy = incident.Acknowledged, []incident.Agent{aiko}
	case incident.EventUnacknowledged:
		t.inc.Status, t.inc.AcknowledgedBy, by = incident.Triggered, nil, incident.Agent{}
	case incident.EventReassigned:
		t.inc.Status, t.inc.AcknowledgedBy, t.inc.Assignees = incident.Triggered, nil, []incident.Ref{{ID: aiko.ID}}
	}
	t.inc.LastChangeBy = by
	p.happens(t, kind, by, "")
	return true
}

func (t *ticket) isHers() bool {
	return len(t.inc.AcknowledgedBy) > 0 && t.inc.AcknowledgedBy[0].ID == aiko.ID
}

// resolve ends the incident; once, somebody may open it again.
func (p *pagerDuty) resolve(id incident.ID, by incident.Agent, into incident.ID) {
	p.mu.Lock()
	t := p.ticket(id)
	if t.inc.Status == incident.Resolved {
		p.mu.Unlock()
		return
	}
	t.held++
	t.inc.Status, t.inc.AcknowledgedBy, t.inc.LastChangeBy, t.inc.MergedInto = incident.Resolved, nil, by, into
	t.repaired = t.repaired || by.ID == aiko.ID
	again := t.reopens > 0 && !t.reopened && into == ""
	if !again {
		p.open--
	}
	t.reopened = t.reopened || again
	if by.ID == bot {
		p.town.seen.add(entry{at: p.town.now(), kind: acted, incident: id, to: string(incident.EventResolved), text: "by the engine"})
	} else {
		p.happens(t, incident.EventResolved, by, "")
	}
	p.mu.Unlock()
	if again {
		p.town.at(t.reopens, func() { p.reopen(id) })
	}
}

func (p *pagerDuty) reopen(id incident.ID) {
	p.mu.Lock()
	t := p.ticket(id)
	t.held++
	t.inc.Status, t.inc.LastChangeBy, t.inc.Assignees = incident.Triggered, aiko, []incident.Ref{{ID: bot}}
	t.inc.EscalationPolicy = incident.Ref{ID: ownPolicy}
	t.repaired, t.heals = false, 0
	p.happens(t, incident.EventReopened, aiko, "")
	p.mu.Unlock()
	p.town.at(t.deadline, func() { p.resolve(id, aiko, "") })
}

// What the engine does there.

func (p *pagerDuty) read(id incident.ID) incident.Incident {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ticket(id).inc
}

// hold silences an incident for a while; then PagerDuty calls by itself.
func (p *pagerDuty) hold(id incident.ID, d time.Duration, what kind) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.ticket(id)
	if t.inc.Status == incident.Resolved {
		return workflows.ErrResolved
	}
	t.held++
	held := t.held
	t.inc.Status, t.inc.AcknowledgedBy, t.inc.LastChangeBy = incident.Acknowledged, []incident.Agent{self}, self
	p.town.seen.add(entry{at: p.town.now(), kind: what, incident: id, text: "by the engine until " + p.town.now().Add(d).UTC().Format("2006-01-02 15:04:05")})
	p.town.at(d, func() { p.runOut(id, held, what) })
	return nil
}

// runOut ends a snooze or an acknowledgement of the engine's. Where the engine has a head start, people are called only
// when it does nothing.
func (p *pagerDuty) runOut(id incident.ID, held int, what kind) {
	p.mu.Lock()
	t := p.ticket(id)
	if t.held != held || t.inc.Status == incident.Resolved {
		p.mu.Unlock()
		return
	}
	t.inc.Status, t.inc.AcknowledgedBy, t.inc.LastChangeBy = incident.Triggered, nil, incident.Agent{}
	p.happens(t, incident.EventUnacknowledged, incident.Agent{}, "after: "+string(what))
	first := t.inc.Assignees[0].ID == bot
	p.mu.Unlock()
	if first {
		p.town.at(headStart, func() { p.escalate(id, held, what) })
	} else {
		p.escalate(id, held, what)
	}
}

// escalate calls people, unless something has happened meanwhile.
func (p *pagerDuty) escalate(id incident.ID, held int, what kind) {
	p.mu.Lock()
	t := p.ticket(id)
	if t.held != held || t.inc.Status == incident.Resolved {
		p.mu.Unlock()
		return
	}
	t.inc.Assignees = []incident.Ref{{ID: aiko.ID}}
	p.town.seen.add(entry{at: p.town.now(), kind: calledAgain, incident: id, to: t.inc.EscalationPolicy.ID, text: "after: " + string(what)})
	p.mu.Unlock()
	p.call(id)
}

func (p *pagerDuty) reassign(id incident.ID, policy string) error {
	p.mu.Lock()
	t := p.ticket(id)
	if t.inc.Status == incident.Resolved {
		p.mu.Unlock()
		return workflows.ErrResolved
	}
	t.held++
	t.inc.Status, t.inc.AcknowledgedBy, t.inc.LastChangeBy = incident.Triggered, nil, self
	t.inc.EscalationPolicy, t.inc.Assignees = incident.Ref{ID: policy}, []incident.Ref{{ID: aiko.ID}}
	p.town.seen.add(entry{at: p.town.now(), kind: paged, incident: id, to: policy})
	p.mu.Unlock()
	p.call(id)
	return nil
}
