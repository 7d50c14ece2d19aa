package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// This file is the V3 webhook bodies. The field set is that of captures of 2025 and 2026: occurred_at has
// milliseconds, created_at has seconds; incident_key is null when a monitor made the incident; agent is null for
// PagerDuty's own automation.

// Event is one event that the account told its subscribers.
type Event struct {
	ID         string
	Type       string
	Incident   string // id; empty for a ping
	Service    string // id; empty for a ping
	OccurredAt time.Time
	Body       []byte // as delivered
}

type envelope struct {
	Event eventJSON `json:"event"`
}

type eventJSON struct {
	ID           string      `json:"id"`
	EventType    string      `json:"event_type"`
	ResourceType string      `json:"resource_type"`
	OccurredAt   string      `json:"occurred_at"`
	Agent        any         `json:"agent"`
	Client       *clientJSON `json:"client"`
	Data         any         `json:"data"`
}

type clientJSON struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type incidentData struct {
	ID               string     `json:"id"`
	Type             string     `json:"type"`
	Self             string     `json:"self"`
	HTMLURL          string     `json:"html_url"`
	Number           int        `json:"number"`
	Status           string     `json:"status"`
	IncidentKey      *string    `json:"incident_key"`
	CreatedAt        string     `json:"created_at"`
	ReopenedAt       any        `json:"reopened_at"`
	Title            string     `json:"title"`
	Service          ref        `json:"service"`
	Assignees        []ref      `json:"assignees"`
	EscalationPolicy ref        `json:"escalation_policy"`
	Teams            []ref      `json:"teams"`
	Priority         *ref       `json:"priority"`
	Urgency          string     `json:"urgency"`
	ConferenceBridge any        `json:"conference_bridge"`
	ResolveReason    any        `json:"resolve_reason"`
	IncidentType     namedThing `json:"incident_type"`
}

type namedThing struct {
	Name string `json:"name"`
}

type noteData struct {
	Incident ref    `json:"incident"`
	ID       string `json:"id"`
	Content  string `json:"content"`
	Trimmed  bool   `json:"trimmed"`
	Type     string `json:"type"`
}

type pingData struct {
	Message string `json:"message"`
	Type    string `json:"type"`
}

// webhookAgent is a user, the integration, or null.
func (p *PagerDuty) webhookAgent(by actor) any {
	switch {
	case by.user != nil:
		return p.userRef(by.user)
	case by.integration != nil:
		return p.integrationRef(by.integration, "inbound_integration_reference")
	default:
		return nil
	}
}

// webhookIncidentRef differs from the REST API's reference: its summary is the bare title.
func (p *PagerDuty) webhookIncidentRef(i *incident) ref {
	r := p.incidentRef(i)
	r.Summary = i.title
	return r
}

func (p *PagerDuty) incidentData(i *incident) incidentData {
	self := p.incidentRef(i)
	d := incidentData{
		ID: i.id, Type: "incident", Self: self.Self, HTMLURL: self.HTMLURL, Number: i.number, Status: i.status,
		CreatedAt: second(i.createdAt), ReopenedAt: secondOrNil(i.reopenedAt), Title: i.title,
		Service: p.serviceRef(i.service), Assignees: []ref{}, EscalationPolicy: p.policyRef(i.policy), Teams: []ref{},
		Priority: p.priorityRef(i.priority), Urgency: i.urgency, IncidentType: namedThing{"incident_default"},
	}
	if !i.byMonitor {
		d.IncidentKey = &i.key
	}
	for _, u := range i.users() {
		d.Assignees = append(d.Assignees, p.userRef(u))
	}
	if i.mergedInto != nil {
		d.ResolveReason = object{"type": "merge_resolve_reason", "incident": p.webhookIncidentRef(i.mergedInto)}
	}
	return d
}

// emitIncident tells an event that carries the whole incident.
func (p *PagerDuty) emitIncident(i *incident, kind string, by actor, c client) {
	e := eventJSON{EventType: kind, ResourceType: "incident", Agent: p.webhookAgent(by), Data: p.incidentData(i)}
	if c.name != "" {
		e.Client = &clientJSON{c.name, c.url}
	}
	p.publish(p.seal(e, i.id, i.service.ID))
}

func (p *PagerDuty) emitNote(i *incident, n *note, by actor) {
	p.publish(p.seal(eventJSON{EventType: "incident.annotated", ResourceType: "incident", Agent: p.webhookAgent(by),
		Data: noteData{Incident: p.webhookIncidentRef(i), ID: n.id, Content: n.content, Type: "incident_note"},
	}, i.id, i.service.ID))
}

// seal gives an event its id, its time and its final bytes.
func (p *PagerDuty) seal(e eventJSON, incidentID, serviceID string) Event {
	now := p.now()
	e.ID, e.OccurredAt = newID("01", 24), now.Format("2006-01-02T15:04:05.000Z")
	body, err := json.Marshal(envelope{e})
	if err != nil {
		// Every part was made by this file or came in as JSON.
		panic(fmt.Sprintf("sandbox: encode event %s: %v", e.EventType, err))
	}
	return Event{ID: e.ID, Type: e.EventType, Incident: incidentID, Service: serviceID, OccurredAt: now, Body: body}
}

// Sign gives the X-PagerDuty-Signature of a body: one "v1=" per secret, as during the rotation of a secret.
func Sign(body []byte, secrets ...string) string {
	signatures := make([]string, 0, len(secrets))
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		signatures = append(signatures, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, ",")
}
