package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// incidentFile is the sandbox's own form of an incident in a file.
type incidentFile struct {
	Service   string `json:"service"` // id or name
	Title     string `json:"title"`
	Severity  string `json:"severity"`
	Source    string `json:"source"`
	Component string `json:"component"`
	Group     string `json:"group"`
	Class     string `json:"class"`
	DedupKey  string `json:"dedup_key"`
	Details   any    `json:"details"`
	Links     []Link `json:"links"`
	Client    string `json:"client"`
	ClientURL string `json:"client_url"`
	Urgency   string `json:"urgency"`
	Priority  string `json:"priority"`
}

// Send makes an incident from the JSON of a file, and gives its id. The JSON is one of three forms.
//
// The sandbox's own; only service and title are needed:
//
//	{
//	  "service": "Web shop",              // id or name
//	  "title": "checkout is down",
//	  "severity": "critical",             // critical, error, warning, info
//	  "source": "web-1", "component": "nginx", "group": "shop", "class": "http",
//	  "dedup_key": "checkout",            // the same key joins an open incident
//	  "details": {"url": "http://…"},     // anything, as the monitor would send it
//	  "links": [{"href": "http://…", "text": "graph"}],
//	  "client": "Prometheus", "client_url": "http://…",
//	  "urgency": "high", "priority": "P1"
//	}
//
// Or the body of an Events API v2 request ({"event_action": "trigger", "payload": {…}, …}), as monitors send it; without
// a routing_key it goes to the only service, or to the one that an additional "service" names. Or an incident as the
// engine exports it ({"service": {"id": …}, "alerts": […], …}); its first alert is sent.
func (p *PagerDuty) Send(data []byte) (incidentID string, err error) {
	var form struct {
		Action  *json.RawMessage `json:"event_action"`
		Payload *json.RawMessage `json:"payload"`
		Alerts  *json.RawMessage `json:"alerts"`
	}
	if err := json.Unmarshal(data, &form); err != nil {
		return "", fmt.Errorf("send an incident: read JSON: %w", err)
	}
	if form.Action != nil || form.Payload != nil {
		return p.sendEvent(data)
	}
	if form.Alerts != nil {
		return p.sendExported(data)
	}
	var f incidentFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		return "", fmt.Errorf("send an incident: %w (it has the fields service, title, severity, source, component, group, "+
			"class, dedup_key, details, links, client, client_url, urgency, priority; or it is an Events API v2 body)", err)
	}
	if f.Title == "" {
		return "", errors.New(`send an incident: "title" is missing`)
	}
	if f.Service == "" && len(p.opts.Account.Services) == 1 {
		f.Service = p.opts.Account.Services[0].ID
	}
	return p.Trigger(Alert{Service: f.Service, Summary: f.Title, Severity: f.Severity, Source: f.Source, Component: f.Component,
		Group: f.Group, Class: f.Class, DedupKey: f.DedupKey, Details: f.Details, Links: f.Links, Client: f.Client,
		ClientURL: f.ClientURL, Urgency: f.Urgency, Priority: f.Priority})
}

// sendExported makes an incident of one that the engine has exported. Of several alerts the first one is sent.
func (p *PagerDuty) sendExported(data []byte) (string, error) {
	var e struct {
		Title    string
		Urgency  string
		Priority string
		Service  struct{ ID string }
		Alerts   []struct {
			Summary, Severity, Source, Component, Group, Class string
			DedupKey                                           string `json:"dedup_key"`
			Details                                            map[string]any
			Links                                              []string
		}
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return "", fmt.Errorf("send an exported incident: %w", err)
	}
	if len(e.Alerts) == 0 {
		return "", errors.New("send an exported incident: it has no alert")
	}
	first := e.Alerts[0]
	a := Alert{Service: e.Service.ID, Summary: first.Summary, Severity: first.Severity, Source: first.Source, Component: first.Component,
		Group: first.Group, Class: first.Class, DedupKey: first.DedupKey, Urgency: e.Urgency, Priority: e.Priority}
	if a.Summary == "" {
		a.Summary = e.Title
	}
	if first.Details != nil {
		a.Details = first.Details
	}
	for _, link := range first.Links {
		a.Links = append(a.Links, Link{Href: link})
	}
	return p.Trigger(a)
}

func (p *PagerDuty) sendEvent(data []byte) (string, error) {
	var e struct {
		event
		Service string `json:"service"`
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return "", fmt.Errorf("send an event: %w", err)
	}
	if e.EventAction == "" {
		e.EventAction = "trigger"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	service := p.opts.Account.serviceByKey(e.RoutingKey)
	if e.RoutingKey == "" {
		service = p.opts.Account.serviceNamed(e.Service)
		if e.Service == "" && len(p.opts.Account.Services) == 1 {
			service = &p.opts.Account.Services[0]
		}
	}
	if service == nil {
		return "", fmt.Errorf("send an event: no service has its routing_key, or the name in \"service\"; there are %s", p.serviceNames())
	}
	e.RoutingKey = strings.Repeat("0", 32) // its length is the only thing that could be wrong with it now
	if problems := e.problems(); len(problems) > 0 {
		return "", fmt.Errorf("send an event: %s", strings.Join(problems, "; "))
	}
	i, err := p.handleEvent(service, e.event)
	if err != nil {
		return "", fmt.Errorf("send an event: %w", err)
	}
	if i == nil {
		return "", fmt.Errorf("send an event: no open alert has the dedup_key %q", e.DedupKey)
	}
	return i.id, nil
}

// Sent is the answer to Send over HTTP.
type Sent struct {
	Incident string `json:"incident"` // id
	URL      string `json:"url"`      // of its page
}

// SendTo is Send to the sandbox of another process. url is the address of its PagerDuty.
func SendTo(ctx context.Context, url string, data []byte) (Sent, error) {
	var sent Sent
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/ui/send", bytes.NewReader(data))
	if err != nil {
		return sent, fmt.Errorf("send to the sandbox: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return sent, fmt.Errorf("send to the sandbox: %w (is \"shodo sandbox\" running there?)", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRequest))
	if err != nil {
		return sent, fmt.Errorf("send to the sandbox: %w", err)
	}
	if response.StatusCode != http.StatusCreated {
		return sent, fmt.Errorf("send to the sandbox: it answers %d: %s", response.StatusCode, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, &sent); err != nil {
		return sent, fmt.Errorf("send to the sandbox: read its answer: %w", err)
	}
	return sent, nil
}
