package scenariotest

import (
	"context"
	"sync"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/workflows"
)

// self is the engine's own user in PagerDuty.
const self = "PSHODO"

// pagerDuty holds the case's one incident, and the notes that the engine wrote.
type pagerDuty struct {
	mu    sync.Mutex
	inc   incident.Incident
	notes []string
	keys  map[string]bool
}

func newPagerDuty(inc incident.Incident) *pagerDuty {
	return &pagerDuty{inc: inc, keys: map[string]bool{}}
}

func (p *pagerDuty) Read(context.Context, incident.ID) (incident.Incident, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inc, nil
}

func (p *pagerDuty) Status(ctx context.Context, id incident.ID) (incident.Incident, error) {
	return p.Read(ctx, id)
}

func (p *pagerDuty) Acknowledge(context.Context, incident.ID) error {
	return p.change(func() {
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, []incident.Agent{engine()}
	})
}

func (p *pagerDuty) AcknowledgeFor(_ context.Context, _ incident.ID, user string) error {
	return p.change(func() {
		by := engine()
		if user != "" {
			by = incident.Agent{ID: user, Type: "user_reference"}
		}
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, []incident.Agent{by}
	})
}

func (p *pagerDuty) Resolve(_ context.Context, _ incident.ID, resolution string) error {
	return p.change(func() {
		p.inc.Status, p.inc.AcknowledgedBy, p.inc.LastChangeBy = incident.Resolved, nil, engine()
		p.notes = append(p.notes, resolution)
	})
}

func (p *pagerDuty) Reassign(context.Context, incident.ID, string) error {
	return p.change(func() { p.inc.Status, p.inc.AcknowledgedBy = incident.Triggered, nil })
}

// Snooze keeps the incident acknowledged. Cases end before a snooze does.
func (p *pagerDuty) Snooze(context.Context, incident.ID, time.Duration) error {
	return p.change(func() {
		p.inc.Status, p.inc.AcknowledgedBy, p.inc.LastChangeBy = incident.Acknowledged, []incident.Agent{engine()}, engine()
	})
}

// change does something to an incident that is not resolved.
func (p *pagerDuty) change(do func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inc.Status == incident.Resolved {
		return workflows.ErrResolved
	}
	do()
	return nil
}

func (p *pagerDuty) Note(_ context.Context, _ incident.ID, key, text string, _ bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.keys[key] {
		p.keys[key] = true
		p.notes = append(p.notes, text)
	}
	return nil
}

// act is what somebody else does: a person, or the monitor.
func (p *pagerDuty) act(kind incident.EventType, by incident.Agent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inc.LastChangeBy = by
	switch kind {
	case incident.EventAcknowledged:
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, append(p.inc.AcknowledgedBy, by)
	case incident.EventReassigned:
		p.inc.Status, p.inc.AcknowledgedBy = incident.Triggered, nil
	case incident.EventResolved:
		p.inc.Status, p.inc.AcknowledgedBy = incident.Resolved, nil
	}
}

func engine() incident.Agent { return incident.Agent{ID: self, Name: "shodo", Type: "user_reference"} }

// slack takes every message.
type slack struct{}

func (slack) Post(_ context.Context, channel string, _ handover.Message, key string) (workflows.Posted, error) {
	return workflows.Posted{Channel: channel, TS: key}, nil
}

func (slack) Update(context.Context, workflows.Posted, handover.Message) error { return nil }

func (slack) Reply(context.Context, workflows.Posted, handover.Message) error { return nil }

// windows are those of the customer's file, asked at the case's own time.
type windows struct{ catalog *catalog.Catalog }

// Policy gives the customer's windows.
func (w windows) Policy(_ context.Context, id incident.CustomerID) (quiethours.Policy, string, error) {
	c, ok := w.catalog.Customer(id)
	if !ok {
		return quiethours.Policy{}, w.catalog.Version(), nil
	}
	return c.Policy, w.catalog.Version(), nil
}

// DeferralsUntil gives nothing: no case has a digest.
func (windows) DeferralsUntil(context.Context, incident.CustomerID, time.Time) (open, ended []incident.Deferral, err error) {
	return nil, nil, nil
}

// Start starts no digest: what a case waits for is told or closed by the incident's own workflow.
func (windows) Start(context.Context, incident.CustomerID, time.Time) error { return nil }
