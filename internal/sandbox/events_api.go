package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// This file is Events API v2. PagerDuty answers 202 before it works on an event; here the work is done first, which
// no client can tell from a quick PagerDuty.

// event is the body of /v2/enqueue.
type event struct {
	RoutingKey  string `json:"routing_key"`
	EventAction string `json:"event_action"`
	DedupKey    string `json:"dedup_key"`
	Client      string `json:"client"`
	ClientURL   string `json:"client_url"`
	Links       []Link `json:"links"`
	Payload     struct {
		Summary       string `json:"summary"`
		Severity      string `json:"severity"`
		Source        string `json:"source"`
		Component     string `json:"component"`
		Group         string `json:"group"`
		Class         string `json:"class"`
		CustomDetails any    `json:"custom_details"`
	} `json:"payload"`
}

// problems are what is wrong with an event, in the words of the API's answer.
func (e event) problems() []string {
	var list []string
	if len(e.RoutingKey) != 32 {
		list = append(list, "Length of 'routing_key' is incorrect (should be 32 characters)")
	}
	if len(e.DedupKey) > 255 {
		list = append(list, "Length of 'dedup_key' is too long (at most 255 characters)")
	}
	switch e.EventAction {
	case "acknowledge", "resolve":
		if e.DedupKey == "" {
			list = append(list, "'dedup_key' is missing or blank")
		}
	case "trigger":
		for name, value := range map[string]string{"summary": e.Payload.Summary, "source": e.Payload.Source} {
			if strings.TrimSpace(value) == "" {
				list = append(list, "'payload."+name+"' is missing or blank")
			}
		}
		if !slices.Contains([]string{"critical", "error", "warning", "info"}, e.Payload.Severity) {
			list = append(list, "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
		}
	default:
		list = append(list, "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
	}
	slices.Sort(list)
	return list
}

func (e event) alert() Alert {
	return Alert{Summary: e.Payload.Summary, Severity: e.Payload.Severity, Source: e.Payload.Source,
		Component: e.Payload.Component, Group: e.Payload.Group, Class: e.Payload.Class, DedupKey: e.DedupKey,
		Details: e.Payload.CustomDetails, Links: e.Links, Client: e.Client, ClientURL: e.ClientURL}
}

func (p *PagerDuty) enqueueEvent(w http.ResponseWriter, r *http.Request) {
	var e event
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 512<<10)).Decode(&e); err != nil {
		rejectEvent(w, "JSON parse error or more than 512 KB")
		return
	}
	if problems := e.problems(); len(problems) > 0 {
		rejectEvent(w, problems...)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	service := p.opts.Account.serviceByKey(e.RoutingKey)
	if service == nil {
		rejectEvent(w, "Invalid routing key")
		return
	}
	if e.DedupKey == "" {
		e.DedupKey = newID("", 32)
	}
	if _, err := p.handleEvent(service, e); err != nil {
		p.opts.Log.Warn("the sandbox dropped an event", "dedup_key", e.DedupKey, "err", err)
	}
	writeJSON(w, http.StatusAccepted, object{"status": "success", "message": "Event processed", "dedup_key": e.DedupKey})
}

func rejectEvent(w http.ResponseWriter, problems ...string) {
	writeJSON(w, http.StatusBadRequest, object{"status": "invalid event", "message": "Event object is invalid", "errors": problems})
}

// handleEvent does what an event says. An acknowledge or resolve of a key that is not open is dropped, as PagerDuty
// does; the incident is nil then. The lock is held.
func (p *PagerDuty) handleEvent(service *Service, e event) (*incident, error) {
	if e.EventAction == "trigger" {
		return p.receive(service, e.alert())
	}
	i := p.openIncident(service, e.DedupKey)
	if i == nil {
		return nil, nil
	}
	defer p.touch()
	if e.EventAction == "acknowledge" {
		if i.status == "acknowledged" {
			return i, nil
		}
		return i, p.acknowledge(i, byIntegration(service))
	}
	i.openAlert(e.DedupKey).resolved = true
	for _, a := range i.alerts {
		if !a.resolved {
			return i, nil
		}
	}
	return i, p.resolve(i, byIntegration(service), "")
}
