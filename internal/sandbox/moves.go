package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// This file is what people and monitors do, for Go programs. The page and the REST API end in the same functions.

// Alert is what a monitor sends.
type Alert struct {
	Service   string // id or name; not needed with Incident
	Summary   string // also the incident's title
	Severity  string // critical, error, warning or info; "critical" when empty
	Source    string
	Component string
	Group     string
	Class     string
	DedupKey  string // made up when empty
	Details   any    // the event's custom_details: an object, or a text, which PagerDuty allows too
	Links     []Link
	Client    string // name of the monitor, as it would give it: "Datadog", "Prometheus Alertmanager"
	ClientURL string
	Priority  string // of a new incident: "P1" to "P5"
	Urgency   string // of a new incident: "high" or "low"; the service's when empty

	// Channel is how it came in: "api" when empty, or "email", ...; Body is the channel as PagerDuty would show it
	// on the trigger log entry, where it holds the original event. Both are only shown, never read.
	Channel string
	Body    map[string]any
	NoCEF   bool // leave out body.cef_details, as integrations other than Events API v2 do
}

// Link is a link of an alert.
type Link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

// Trigger lets a monitor send an alert. An alert whose key is open already joins its incident; the id is then that
// incident's.
func (p *PagerDuty) Trigger(a Alert) (incidentID string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	service := p.opts.Account.serviceNamed(a.Service)
	if service == nil {
		return "", fmt.Errorf("trigger %q: no service is called %q; there are %s", a.Summary, a.Service, p.serviceNames())
	}
	i, err := p.receive(service, a)
	if err != nil {
		return "", fmt.Errorf("trigger %q: %w", a.Summary, err)
	}
	return i.id, nil
}

// AddAlert adds one more alert to an open incident, as alert grouping does.
func (p *PagerDuty) AddAlert(incidentID string, a Alert) error {
	return p.change("add an alert to", incidentID, func(i *incident) error {
		if !i.open() {
			return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
		}
		added := p.newAlert(i.service, a)
		p.attach(i, added, p.record(i, &logEntry{kind: "trigger", by: byIntegration(i.service), alert: added}))
		return nil
	})
}

// receive is the one way in for alerts. The lock is held.
func (p *PagerDuty) receive(service *Service, a Alert) (*incident, error) {
	added := p.newAlert(service, a)
	if i := p.openIncident(service, added.DedupKey); i != nil {
		p.record(i, &logEntry{kind: "trigger", by: byIntegration(service), alert: added})
		i.updatedAt = p.now()
		p.touch()
		return i, nil
	}
	i, err := p.triggerIncident(opening{service: service, title: added.Summary, key: added.DedupKey,
		urgency: a.Urgency, prio: a.Priority, by: byIntegration(service), alert: added})
	if err != nil {
		return nil, err
	}
	p.touch()
	return i, nil
}

func (p *PagerDuty) newAlert(service *Service, a Alert) *alert {
	if a.DedupKey == "" {
		a.DedupKey = newID("", 32)
	}
	if a.Severity == "" {
		a.Severity = "critical"
	}
	return &alert{Alert: a, integration: service, client: client{a.Client, a.ClientURL}}
}

// openIncident finds the incident that has an open alert with a key.
func (p *PagerDuty) openIncident(service *Service, key string) *incident {
	if i := p.byKey[alertKey{service.ID, key}]; i != nil && i.open() && i.openAlert(key) != nil {
		return i
	}
	return nil
}

// AcknowledgeAs lets a user acknowledge an incident. The user is an id, a name or an e-mail address, as everywhere
// in these functions.
func (p *PagerDuty) AcknowledgeAs(user, incidentID string) error {
	return p.move("acknowledge", user, incidentID, p.acknowledge)
}

// ResolveAs lets a user resolve an incident, with a resolution note unless it is empty.
func (p *PagerDuty) ResolveAs(user, incidentID, resolution string) error {
	return p.move("resolve", user, incidentID, func(i *incident, by actor) error { return p.resolve(i, by, resolution) })
}

// ReassignAs lets a user give an incident to another user, directly.
func (p *PagerDuty) ReassignAs(user, incidentID, to string) error {
	return p.move("reassign", user, incidentID, func(i *incident, by actor) error {
		target, err := p.person(to)
		if err != nil {
			return err
		}
		return p.reassignTo(i, by, []*User{target})
	})
}

// Reopen lets a user open a resolved incident again.
func (p *PagerDuty) Reopen(user, incidentID string) error {
	return p.move("reopen", user, incidentID, p.reopen)
}

// Note lets a user write a note on an incident.
func (p *PagerDuty) Note(user, incidentID, content string) error {
	return p.move("annotate", user, incidentID, func(i *incident, by actor) error {
		_, err := p.annotate(i, by, content)
		return err
	})
}

// SnoozeAs lets a user snooze an incident.
func (p *PagerDuty) SnoozeAs(user, incidentID string, d time.Duration) error {
	return p.move("snooze", user, incidentID, func(i *incident, by actor) error { return p.snooze(i, by, d) })
}

// MergeAs lets a user merge incidents into a target.
func (p *PagerDuty) MergeAs(user, target string, sources ...string) error {
	return p.move("merge into", user, target, func(i *incident, by actor) error {
		var from []*incident
		for _, id := range sources {
			source := p.byID[id]
			if source == nil {
				return errNotFound
			}
			from = append(from, source)
		}
		return p.merge(i, by, from)
	})
}

// ResolveByMonitor lets the monitor say that all is well: every alert of the incident is resolved, and with the
// last one the incident.
func (p *PagerDuty) ResolveByMonitor(incidentID string) error {
	return p.change("resolve", incidentID, func(i *incident) error {
		return p.resolve(i, byIntegration(i.service), "")
	})
}

// move is change by a user.
func (p *PagerDuty) move(verb, user, incidentID string, do func(*incident, actor) error) error {
	return p.change(verb, incidentID, func(i *incident) error {
		u, err := p.person(user)
		if err != nil {
			return err
		}
		return do(i, byUser(u))
	})
}

// change looks an incident up under the lock and tells everybody who waits.
func (p *PagerDuty) change(verb, incidentID string, do func(*incident) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.byID[incidentID]
	if i == nil {
		return fmt.Errorf("%s incident %q: %w", verb, incidentID, errNotFound)
	}
	if err := do(i); err != nil {
		return fmt.Errorf("%s incident %q: %w", verb, incidentID, err)
	}
	p.touch()
	return nil
}

func (p *PagerDuty) person(name string) (*User, error) {
	if u := p.opts.Account.user(name); u != nil {
		return u, nil
	}
	if u := p.opts.Account.userByEmail(name); u != nil {
		return u, nil
	}
	for i := range p.opts.Account.Users {
		if p.opts.Account.Users[i].Name == name {
			return &p.opts.Account.Users[i], nil
		}
	}
	return nil, fmt.Errorf("no user is called %q", name)
}

func (p *PagerDuty) serviceNames() string {
	names := ""
	for n, s := range p.opts.Account.Services {
		if n > 0 {
			names += ", "
		}
		names += fmt.Sprintf("%q (%s)", s.Name, s.ID)
	}
	return names
}
