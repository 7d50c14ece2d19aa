package sandbox

import (
	"time"
)

// incident is one incident with everything that belongs to it. The account's lock guards it.
type incident struct {
	id, key, title, body string
	number               int
	service              *Service
	policy               *Policy
	level                int // of the policy, from 1
	loop                 int // how often the policy has started again
	direct               bool
	status               string // "triggered", "acknowledged", "resolved"
	urgency              string
	priority             string // "P1" to "P5", or empty
	byMonitor            bool   // created by an integration and not by a user

	createdAt, updatedAt, changedAt, reopenedAt, resolvedAt time.Time

	changedBy    actor
	assignees    []assignment
	acks         []assignment
	mergedInto   *incident
	alerts       []*alert
	notes        []*note
	log          []*logEntry // oldest first
	hiddenReads  int         // reads of the alert list that still find none
	unackAt      time.Time   // when the acknowledgement or the snooze ends; zero: never
	snoozed      bool        // it is a snooze that ends then
	escalateAt   time.Time
	autoResolves time.Time
}

// alertKey is what tells whether a monitor's event belongs to an alert: the same key of the same integration.
type alertKey struct{ service, key string }

type assignment struct {
	at   time.Time
	user *User
}

// alert is one alert of an incident, as the monitor sent it.
type alert struct {
	Alert
	id          string
	at          time.Time
	resolved    bool
	integration *Service // whose integration received it; nil for none
	trigger     *logEntry
	client      client
}

// client is who sent an event, in the words of the Events API.
type client struct{ name, url string }

type note struct {
	id, content string
	at          time.Time
	user        *User
}

// logEntry is one line of an incident's log.
type logEntry struct {
	id, kind string // kind as in PagerDuty's type, without "_log_entry"
	at       time.Time
	by       actor
	alert    *alert // of trigger entries
	users    []*User
	note     string
}

// actor is who does something: a user, the integration of a service, or nobody (PagerDuty's own automation).
type actor struct {
	user        *User
	integration *Service
}

func byUser(u *User) actor           { return actor{user: u} }
func byIntegration(s *Service) actor { return actor{integration: s} }

func (i *incident) open() bool { return i.status != "resolved" }

// openAlert finds an alert that is not resolved by its key.
func (i *incident) openAlert(key string) *alert {
	for _, a := range i.alerts {
		if !a.resolved && a.DedupKey == key {
			return a
		}
	}
	return nil
}

func (i *incident) hasKey(key string) bool {
	if i.key == key {
		return true
	}
	for _, a := range i.alerts {
		if a.DedupKey == key {
			return true
		}
	}
	return false
}

func (i *incident) ackedBy(u *User) bool {
	for _, a := range i.acks {
		if a.user == u {
			return true
		}
	}
	return false
}

func (i *incident) users() []*User {
	users := make([]*User, 0, len(i.assignees))
	for _, a := range i.assignees {
		users = append(users, a.user)
	}
	return users
}

// Page is one notification: a person's telephone rang.
type Page struct {
	Incident string // id
	User     User
	At       time.Time
	Level    int    // of the escalation policy, from 1; 0 for a direct assignment
	Why      string // "triggered", "escalated", "reassigned", "acknowledgement timed out", "snooze ended", "reopened"
}

// Paged gives who was notified of an incident, oldest first; of every incident when id is empty.
func (p *PagerDuty) Paged(id string) []Page {
	p.mu.Lock()
	defer p.mu.Unlock()
	var pages []Page
	for _, page := range p.notified {
		if id == "" || page.Incident == id {
			pages = append(pages, page)
		}
	}
	return pages
}

// notify rings everybody to whom the incident is assigned. The lock is held.
func (p *PagerDuty) notify(i *incident, why string) {
	level := i.level
	if i.direct {
		level = 0
	}
	for _, u := range i.users() {
		p.notified = append(p.notified, Page{Incident: i.id, User: *u, At: p.now(), Level: level, Why: why})
		p.record(i, &logEntry{kind: "notify", users: []*User{u}})
	}
}

// record adds an entry to the incident's log. The lock is held.
func (p *PagerDuty) record(i *incident, e *logEntry) *logEntry {
	e.id, e.at = newID("R", 25), p.now()
	i.log = append(i.log, e)
	return e
}
