package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"shodo/internal/incident"
	"shodo/workflows"
)

const (
	engineUser = "PENGINE"
	service    = "PBENCH1"
)

// outside is the world around the product, which answers at once: PagerDuty's incidents, and machines that are broken
// until they are repaired. Each incident has a machine of its own.
type outside struct {
	mu        sync.Mutex
	incidents map[incident.ID]*pagerDutyIncident
	machines  map[string]*machine
}

type pagerDutyIncident struct {
	incident.Incident
	resolved chan struct{}
}

type machine struct {
	repaired bool
	probed   chan time.Time // gets the time of the first probe
	probes   int
}

func newOutside() *outside {
	return &outside{incidents: map[incident.ID]*pagerDutyIncident{}, machines: map[string]*machine{}}
}

// breakDown breaks a machine, and gives PagerDuty's incident about it.
func (o *outside) breakDown(id incident.ID) (*pagerDutyIncident, *machine) {
	now := time.Now().UTC()
	host := "web-" + string(id) + ".acme.example"
	inc := &pagerDutyIncident{resolved: make(chan struct{}), Incident: incident.Incident{
		ID: id, Number: 37, Key: "dfead9d88e0649e8b7dee514b1875756", Title: "health check of " + host + " failed",
		Status: incident.Triggered, Urgency: "high", Service: incident.Ref{ID: service, Name: "Web of Acme"}, AckTimeout: true,
		URL: "https://acme.pagerduty.com/incidents/" + string(id), CreatedAt: now, AlertCount: 1,
		EscalationPolicy: incident.Ref{ID: "PPOLICY", Name: "Operations"}, Assignees: []incident.Ref{{ID: "PUSER01", Name: "Aiko Tanaka"}},
		Alerts: []incident.Alert{{
			ID: "PT4KHLK", DedupKey: "health/" + host, Summary: "health check of " + host + " failed", Severity: "critical",
			Source: host, Component: "nginx", Group: "web", Class: "http", CreatedAt: now, Monitor: "prometheus",
			Details: map[string]any{"alertname": "HealthCheckFailed", "instance": host, "job": "blackbox", "value": "502", "for": "2m"},
			Raw:     json.RawMessage(`{"client":"Alertmanager","event_details":{"firing":"HealthCheckFailed"}}`),
		}},
	}}
	m := &machine{probed: make(chan time.Time, 1)}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.incidents[id], o.machines[host] = inc, m
	return inc, m
}

// forget frees what an ended incident took.
func (o *outside) forget(inc *pagerDutyIncident) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.machines, inc.First().Source)
	delete(o.incidents, inc.ID)
}

func (o *outside) Read(ctx context.Context, id incident.ID) (incident.Incident, error) {
	return o.Status(ctx, id)
}

func (o *outside) Status(_ context.Context, id incident.ID) (incident.Incident, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	inc, ok := o.incidents[id]
	if !ok {
		return incident.Incident{}, workflows.ErrRefused
	}
	return inc.Incident, nil
}

func (o *outside) Acknowledge(_ context.Context, id incident.ID) error {
	by := incident.Agent{ID: engineUser, Type: "user_reference"}
	return o.change(id, func(inc *pagerDutyIncident) {
		inc.Incident.Status, inc.AcknowledgedBy, inc.LastChangeBy = incident.Acknowledged, []incident.Agent{by}, by
	})
}

func (o *outside) AcknowledgeFor(ctx context.Context, id incident.ID, _ string) error {
	return o.Acknowledge(ctx, id)
}

func (o *outside) Resolve(_ context.Context, id incident.ID, _ string) error {
	return o.change(id, func(inc *pagerDutyIncident) {
		if inc.Incident.Status != incident.Resolved {
			close(inc.resolved)
		}
		inc.Incident.Status, inc.AcknowledgedBy = incident.Resolved, nil
	})
}

func (o *outside) Note(context.Context, incident.ID, string, string, bool) error { return nil }

func (o *outside) Reassign(_ context.Context, id incident.ID, _ string) error {
	return o.change(id, func(*pagerDutyIncident) {})
}

func (o *outside) Snooze(_ context.Context, id incident.ID, _ time.Duration) error {
	return o.change(id, func(*pagerDutyIncident) {})
}

func (o *outside) change(id incident.ID, do func(*pagerDutyIncident)) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	inc, ok := o.incidents[id]
	if !ok {
		return workflows.ErrRefused
	}
	do(inc)
	return nil
}

// Run is one use of an action: a probe, a look at something, or the repair.
func (o *outside) Run(_ context.Context, c workflows.Call) (json.RawMessage, error) {
	var params struct {
		Command []string `json:"command"`
	}
	if err := json.Unmarshal(c.Params, &params); err != nil || len(params.Command) != 2 {
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: fmt.Errorf("run %q: unexpected parameters", c.Action)}
	}
	return o.do(params.Command[0], params.Command[1])
}

// do is what a command does on a machine.
func (o *outside) do(command, host string) (json.RawMessage, error) {
	now := time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	m, ok := o.machines[host]
	if !ok {
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: fmt.Errorf("there is no machine %q", host)}
	}
	switch command {
	case "/usr/bin/repair":
		m.repaired = true
	case "/usr/bin/probe":
		if m.probes++; m.probes == 1 {
			m.probed <- now
		}
		if !m.repaired {
			return json.RawMessage(`{"exit_code":1,"stdout":"","stderr":"connection refused"}`), nil
		}
	}
	return json.RawMessage(`{"exit_code":0,"stdout":"Nov 20 03:00:00 web nginx[812]: worker process 813 exited on signal 9","stderr":""}`), nil
}
