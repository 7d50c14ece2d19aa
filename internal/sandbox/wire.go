package sandbox

import (
	"fmt"
	"time"
)

// This file is the JSON of the REST API. Its shapes are the OpenAPI's; where a value is missing the real service
// writes null (as in the OpenAPI's own examples, although the schema does not say "nullable"), and so does this one.

type object = map[string]any

// ref is PagerDuty's reference to a thing. The order of the fields is that of real captures.
type ref struct {
	HTMLURL string `json:"html_url"`
	ID      string `json:"id"`
	Self    string `json:"self"`
	Summary string `json:"summary"`
	Type    string `json:"type"`
}

// apiHost is what "self" names in every real payload. It is not where this server listens, which is the point: a
// client must not build requests from it.
const apiHost = "https://api.pagerduty.com"

func (p *PagerDuty) ref(path, id, summary, kind string) ref {
	return ref{HTMLURL: p.opts.Page + path + id, ID: id, Self: apiHost + path + id, Summary: summary, Type: kind}
}

func (p *PagerDuty) userRef(u *User) ref { return p.ref("/users/", u.ID, u.Name, "user_reference") }

func (p *PagerDuty) serviceRef(s *Service) ref {
	return p.ref("/services/", s.ID, s.Name, "service_reference")
}

func (p *PagerDuty) policyRef(e *Policy) ref {
	return p.ref("/escalation_policies/", e.ID, e.Name, "escalation_policy_reference")
}

func (p *PagerDuty) integrationRef(s *Service, kind string) ref {
	return p.ref("/services/"+s.ID+"/integrations/", s.integrationID(), s.integrationName(), kind)
}

func (p *PagerDuty) incidentRef(i *incident) ref {
	return p.ref("/incidents/", i.id, fmt.Sprintf("[#%d] %s", i.number, i.title), "incident_reference")
}

func (p *PagerDuty) logRef(i *incident, e *logEntry) ref {
	r := p.ref("/incidents/"+i.id+"/log_entries/", e.id, e.summary(), e.kind+"_log_entry_reference")
	r.Self = apiHost + "/log_entries/" + e.id
	return r
}

func (p *PagerDuty) priorityRef(name string) *ref {
	if name == "" {
		return nil
	}
	r := p.ref("/priorities/", priorityID(name), name, "priority_reference")
	return &r
}

func priorityID(name string) string { return "PRIO0" + name }

// restAgent is how the REST API names an actor: the OpenAPI's AgentReference has no type for "nobody", and
// PagerDuty's own examples show the service there.
func (p *PagerDuty) restAgent(i *incident, by actor) ref {
	if by.user != nil {
		return p.userRef(by.user)
	}
	return p.serviceRef(i.service)
}

// second is a time as REST writes it.
func second(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// secondOrNil is null for a time that has not come.
func secondOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return second(t)
}

// has says whether an include[] asks for a thing.
func has(include []string, name string) bool {
	for _, s := range include {
		if s == name {
			return true
		}
	}
	return false
}

func (p *PagerDuty) incidentJSON(i *incident, include []string) object {
	assignments, acks, pending := []object{}, []object{}, []object{}
	for _, a := range i.assignees {
		assignments = append(assignments, object{"at": second(a.at), "assignee": p.userRef(a.user)})
	}
	for _, a := range i.acks {
		if a.user != nil {
			acks = append(acks, object{"at": second(a.at), "acknowledger": p.userRef(a.user)})
		} else {
			acks = append(acks, object{"at": second(a.at), "acknowledger": p.serviceRef(i.service)})
		}
	}
	for _, next := range []struct {
		kind string
		at   time.Time
	}{{"unacknowledge", i.unackAt}, {"escalate", i.escalateAt}, {"resolve", i.autoResolves}} {
		if !next.at.IsZero() {
			pending = append(pending, object{"type": next.kind, "at": second(next.at)})
		}
	}
	via := "escalation_policy"
	if i.direct {
		via = "direct_assignment"
	}
	self := p.incidentRef(i)
	out := object{
		"id": i.id, "type": "incident", "summary": self.Summary, "self": self.Self, "html_url": self.HTMLURL,
		"incident_number": i.number, "title": i.title, "description": i.title, "status": i.status,
		"created_at": second(i.createdAt), "updated_at": second(i.updatedAt), "resolved_at": secondOrNil(i.resolvedAt),
		"last_status_change_at": second(i.changedAt), "last_status_change_by": p.restAgent(i, i.changedBy),
		"incident_key": i.key, "service": p.serviceRef(i.service), "escalation_policy": p.policyRef(i.policy),
		"assignments": assignments, "assigned_via": via, "acknowledgements": acks, "pending_actions": pending,
		"alert_counts": i.alertCounts(), "is_mergeable": len(i.alerts) > 0 || !i.byMonitor,
		"incident_type": object{"name": "incident_default"}, "teams": []ref{}, "urgency": i.urgency,
		"priority": p.priorityRef(i.priority), "resolve_reason": p.resolveReason(i),
		"incidents_responders": []object{}, "responder_requests": []object{},
		"first_trigger_log_entry": p.logRef(i, i.log[0]),
	}
	if has(include, "first_trigger_log_entries") {
		out["first_trigger_log_entry"] = p.logEntryJSON(i, i.log[0], true)
	}
	if has(include, "body") {
		out["body"] = object{"type": "incident_body", "details": i.body}
	}
	return out
}

func (i *incident) alertCounts() object {
	resolved := 0
	for _, a := range i.alerts {
		if a.resolved {
			resolved++
		}
	}
	return object{"all": len(i.alerts), "resolved": resolved, "triggered": len(i.alerts) - resolved}
}

func (p *PagerDuty) resolveReason(i *incident) any {
	if i.mergedInto == nil {
		return nil
	}
	return object{"type": "merge_resolve_reason", "incident": p.incidentRef(i.mergedInto)}
}

func (p *PagerDuty) alertJSON(i *incident, a *alert, include []string) object {
	status := "triggered"
	if a.resolved {
		status = "resolved"
	}
	var trigger any = p.logRef(i, a.trigger)
	if has(include, "first_trigger_log_entries") {
		trigger = p.logEntryJSON(i, a.trigger, true)
	}
	return object{
		"id": a.id, "type": "alert", "summary": a.Summary, "created_at": second(a.at), "status": status,
		"self": apiHost + "/incidents/" + i.id + "/alerts/" + a.id, "html_url": p.opts.Page + "/alerts/" + a.id,
		"alert_key": a.DedupKey, "severity": a.Severity, "suppressed": false,
		"service": p.serviceRef(i.service), "incident": p.incidentRef(i), "first_trigger_log_entry": trigger,
		"integration": p.integrationRef(a.integration, "events_api_v2_inbound_integration_reference"),
		"body":        a.body(),
	}
}

// body is alert.body: the details in the sender's own form and, for Events API v2, the same in PagerDuty's common
// event format. The latter is in no schema but in every real alert; its field names are from public integrations'
// captures.
func (a *alert) body() object {
	body := object{"type": "alert_body", "contexts": a.contexts(), "details": a.details()}
	if !a.NoCEF {
		body["cef_details"] = object{
			"client": orNil(a.Client), "client_url": orNil(a.ClientURL), "contexts": a.contexts(),
			"dedup_key": a.DedupKey, "description": a.Summary, "message": a.Summary, "details": a.details(),
			"event_class": orNil(a.Class), "service_group": orNil(a.Group), "severity": a.Severity,
			"source_component": orNil(a.Component), "source_origin": orNil(a.Source), "version": "1.0",
			"mutations": []any{}, "priority": nil, "reporter_component": nil, "reporter_location": nil,
			"source_location": nil, "urgency": nil,
		}
	}
	return body
}

func (a *alert) details() any {
	if a.Details == nil {
		return object{}
	}
	return a.Details
}

func (a *alert) contexts() []object {
	contexts := []object{}
	for _, l := range a.Links {
		contexts = append(contexts, object{"type": "link", "href": l.Href, "text": l.Text})
	}
	return contexts
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (p *PagerDuty) noteJSON(n *note) object {
	out := object{"id": n.id, "content": n.content, "created_at": second(n.at), "updated_at": second(n.at),
		"channel": object{"summary": "The PagerDuty website or APIs"}}
	if n.user != nil {
		out["user"] = p.userRef(n.user)
	}
	return out
}

var logSummaries = map[string]string{
	"trigger": "Triggered", "acknowledge": "Acknowledged", "unacknowledge": "Unacknowledged", "resolve": "Resolved",
	"annotate": "Note added", "assign": "Assigned", "escalate": "Escalated", "delegate": "Delegated",
	"snooze": "Snoozed", "notify": "Notified", "exhaust_escalation_path": "Nobody left to escalate to",
}

func (e *logEntry) summary() string {
	s := logSummaries[e.kind]
	for n, u := range e.users {
		if n > 0 {
			s += ","
		} else if e.kind == "assign" {
			s += " to"
		}
		s += " " + u.Name
	}
	return s
}

// logEntryJSON is one log entry; full has the channel with the original event, which PagerDuty shows on request.
func (p *PagerDuty) logEntryJSON(i *incident, e *logEntry, full bool) object {
	self := p.logRef(i, e)
	out := object{
		"id": e.id, "type": e.kind + "_log_entry", "summary": self.Summary, "self": self.Self, "html_url": self.HTMLURL,
		"created_at": second(e.at), "agent": p.restAgent(i, e.by), "service": p.serviceRef(i.service),
		"incident": p.incidentRef(i), "teams": []ref{}, "contexts": []object{}, "channel": e.channel(full),
	}
	switch e.kind {
	case "trigger":
		out["event_details"] = object{"description": i.title}
		if e.alert != nil {
			out["contexts"] = e.alert.contexts()
		}
	case "assign":
		users := []ref{}
		for _, u := range e.users {
			users = append(users, p.userRef(u))
		}
		out["assignees"] = users
	case "notify":
		out["user"] = p.userRef(e.users[0])
	case "annotate":
		out["event_details"] = object{}
	}
	if e.note != "" {
		out["note"] = e.note
	}
	return out
}

// channel is how an entry came in. Its published schema is only a sketch; what Events API v2 really puts there is the
// common event format.
func (e *logEntry) channel(full bool) object {
	switch {
	case e.alert != nil:
		kind := e.alert.Channel
		if kind == "" {
			kind = "api"
		}
		channel := object{"type": kind}
		if !full {
			return channel
		}
		for k, v := range e.alert.body() {
			if k != "type" {
				channel[k] = v
			}
		}
		channel["summary"], channel["incident_key"] = e.alert.Summary, e.alert.DedupKey
		for k, v := range e.alert.Body {
			channel[k] = v
		}
		return channel
	case e.kind == "annotate":
		return object{"type": "note", "summary": e.note}
	case e.by.user != nil:
		return object{"type": "website"}
	case e.by.integration != nil:
		return object{"type": "api"}
	default:
		return object{"type": "timeout"}
	}
}
