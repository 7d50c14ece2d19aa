package sandbox

import (
	"slices"
	"time"
)

// Incident is what can be seen of an incident.
type Incident struct {
	ID         string
	Number     int
	Title      string
	Status     string // "triggered", "acknowledged" or "resolved"
	Urgency    string // "high" or "low"
	Priority   string // "P1" to "P5", or empty
	Service    string // its name
	Policy     string // the escalation policy's name
	Level      int    // of the policy, from 1; 0 for a direct assignment
	AssignedTo []string
	AckedBy    []string // names of users; the service's name for an acknowledgement by its monitor
	MergedInto string   // id; empty unless it was merged
	CreatedAt  time.Time
	ResolvedAt time.Time // zero unless it is resolved
	URL        string    // of its page
	Notes      []Note    // oldest first
	Log        []Line    // oldest first
	Alerts     []SeenAlert
}

// Note is a note of an incident.
type Note struct {
	By      string
	At      time.Time
	Content string
}

// Line is one line of an incident's log.
type Line struct {
	At   time.Time
	What string // "Acknowledged", "Notified Aiko Tanaka"
	By   string // empty for PagerDuty's own automation
}

// SeenAlert is an alert of an incident.
type SeenAlert struct {
	Alert
	Resolved bool
}

// Incidents gives every incident, oldest first.
func (p *PagerDuty) Incidents() []Incident {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Incident, 0, len(p.incidents))
	for _, i := range p.incidents {
		list = append(list, p.see(i))
	}
	return list
}

// Incident gives one incident, and whether there is one with the id.
func (p *PagerDuty) Incident(id string) (Incident, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.byID[id]
	if i == nil {
		return Incident{}, false
	}
	return p.see(i), true
}

// Users gives the users of the account.
func (p *PagerDuty) Users() []User { return slices.Clone(p.opts.Account.Users) }

// see copies an incident. The lock is held.
func (p *PagerDuty) see(i *incident) Incident {
	out := Incident{ID: i.id, Number: i.number, Title: i.title, Status: i.status, Urgency: i.urgency, Priority: i.priority,
		Service: i.service.Name, Policy: i.policy.Name, Level: i.level, CreatedAt: i.createdAt, ResolvedAt: i.resolvedAt,
		URL: p.incidentRef(i).HTMLURL}
	if i.mergedInto != nil {
		out.MergedInto = i.mergedInto.id
	}
	for _, u := range i.users() {
		out.AssignedTo = append(out.AssignedTo, u.Name)
	}
	for _, a := range i.acks {
		out.AckedBy = append(out.AckedBy, nameOf(actor{user: a.user, integration: i.service}))
	}
	for _, n := range i.notes {
		out.Notes = append(out.Notes, Note{By: nameOf(actor{user: n.user}), At: n.at, Content: n.content})
	}
	for _, e := range i.log {
		out.Log = append(out.Log, Line{At: e.at, What: e.summary(), By: nameOf(e.by)})
	}
	for _, a := range i.alerts {
		out.Alerts = append(out.Alerts, SeenAlert{Alert: a.Alert, Resolved: a.resolved})
	}
	return out
}

func nameOf(a actor) string {
	switch {
	case a.user != nil:
		return a.user.Name
	case a.integration != nil:
		return a.integration.Name
	default:
		return ""
	}
}
