package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// This file is what can happen to an incident. Every function holds the account's lock already, checks what PagerDuty
// checks, changes the state, writes the log, pages people, and emits the webhook events in PagerDuty's order.

// opening is how a new incident starts.
type opening struct {
	service *Service
	policy  *Policy // the service's when nil
	title   string
	body    string
	key     string
	urgency string // the service's when empty
	prio    string
	by      actor
	assign  []*User // instead of the policy
	alert   *alert  // nil: a user made it, and it has none
}

func (p *PagerDuty) triggerIncident(o opening) (*incident, error) {
	if o.policy == nil {
		o.policy = p.opts.Account.policy(o.service.Policy)
	}
	if o.urgency == "" {
		o.urgency = o.service.urgency()
	}
	now := p.now()
	i := &incident{
		id: newID("Q", 13), key: o.key, title: o.title, body: o.body, number: len(p.incidents) + 1,
		service: o.service, policy: o.policy, status: "triggered", urgency: o.urgency, priority: o.prio, byMonitor: o.by.user == nil,
		createdAt: now, hiddenReads: p.lateReads,
	}
	if i.key == "" {
		i.key = newID("", 32)
	}
	if o.service.AutoResolve > 0 {
		i.autoResolves = now.Add(o.service.AutoResolve)
	}
	if len(o.assign) == 0 && !p.hasPeople(o.policy, 1) {
		return nil, refuse(http.StatusBadRequest, 1015, "Escalation policy has no one on call")
	}
	p.incidents = append(p.incidents, i)
	p.byID[i.id] = i
	p.changedBy(i, o.by)
	trigger := p.record(i, &logEntry{kind: "trigger", by: o.by, alert: o.alert})
	if o.alert != nil {
		p.attach(i, o.alert, trigger)
	}
	if len(o.assign) > 0 {
		p.assign(i, o.assign, true, 0)
	} else {
		p.assign(i, p.people(o.policy, 1), false, 1)
	}
	p.emitIncident(i, "incident.triggered", o.by, alertClient(o.alert))
	p.notify(i, "triggered")
	if o.by.user != nil && len(o.assign) == 1 && o.assign[0] == o.by.user {
		// Who makes an incident for themselves has acknowledged it by that: seen 0.13 s apart in real captures.
		return i, p.acknowledge(i, o.by)
	}
	return i, nil
}

func alertClient(a *alert) client {
	if a == nil {
		return client{}
	}
	return a.client
}

// attach puts an alert into an incident.
func (p *PagerDuty) attach(i *incident, a *alert, trigger *logEntry) {
	a.id, a.at, a.trigger = newID("Q", 13), p.now(), trigger
	i.alerts = append(i.alerts, a)
	p.byKey[alertKey{i.service.ID, a.DedupKey}] = i
}

// acknowledge follows the OpenAPI: a resolved incident is opened again by it, as acknowledged. Code 1002 is answered
// when the same user has acknowledged it already.
func (p *PagerDuty) acknowledge(i *incident, by actor) error {
	if i.mergedInto != nil {
		return refuse(http.StatusBadRequest, 1019, "Incident has already been merged")
	}
	if i.status == "acknowledged" && i.ackedBy(by.user) {
		return refuse(http.StatusBadRequest, 1002, "Incident Already Acknowledged")
	}
	now := p.now()
	if i.status == "resolved" {
		p.openAgain(i)
		if by.user != nil {
			p.assign(i, []*User{by.user}, true, 0)
		}
		p.emitIncident(i, "incident.reopened", by, client{})
	}
	i.status = "acknowledged"
	i.acks = append(i.acks, assignment{now, by.user})
	i.escalateAt, i.unackAt, i.snoozed = time.Time{}, time.Time{}, false
	if i.service.AckTimeout > 0 {
		i.unackAt = now.Add(i.service.AckTimeout)
	}
	p.changedBy(i, by)
	p.record(i, &logEntry{kind: "acknowledge", by: by})
	p.emitIncident(i, "incident.acknowledged", by, client{})
	return nil
}

// resolve ends an incident and its alerts. A resolution becomes a note, in an event of its own after the first
// ("Resolution Note: ..." in real captures).
func (p *PagerDuty) resolve(i *incident, by actor, resolution string) error {
	if i.status == "resolved" {
		return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
	}
	p.close(i)
	p.changedBy(i, by)
	p.record(i, &logEntry{kind: "resolve", by: by, note: resolution})
	p.emitIncident(i, "incident.resolved", by, client{})
	if resolution != "" {
		_, err := p.annotate(i, by, "Resolution Note: "+resolution)
		return err
	}
	return nil
}

// close is the part of resolving that a merge shares.
func (p *PagerDuty) close(i *incident) {
	for _, a := range i.alerts {
		a.resolved = true
	}
	i.status, i.resolvedAt = "resolved", p.now()
	i.assignees, i.acks = nil, nil
	i.unackAt, i.escalateAt, i.autoResolves = time.Time{}, time.Time{}, time.Time{}
}

// reopen returns a resolved incident to triggered, and pages its policy.
func (p *PagerDuty) reopen(i *incident, by actor) error {
	if i.status != "resolved" {
		return refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", "Incident is not resolved")
	}
	if i.mergedInto != nil {
		return refuse(http.StatusBadRequest, 1019, "Incident has already been merged")
	}
	p.openAgain(i)
	i.status = "triggered"
	p.assign(i, p.people(i.policy, 1), false, 1)
	p.changedBy(i, by)
	p.emitIncident(i, "incident.reopened", by, client{})
	p.notify(i, "reopened")
	return nil
}

func (p *PagerDuty) openAgain(i *incident) {
	i.reopenedAt, i.resolvedAt, i.loop = p.now(), time.Time{}, 0
	if i.service.AutoResolve > 0 {
		i.autoResolves = p.now().Add(i.service.AutoResolve)
	}
}

// unacknowledge returns an incident to triggered and pages whom it is assigned to.
func (p *PagerDuty) unacknowledge(i *incident, by actor, why string) error {
	if i.status != "acknowledged" {
		return refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", "Incident is not acknowledged")
	}
	p.toTriggered(i)
	p.changedBy(i, by)
	p.record(i, &logEntry{kind: "unacknowledge", by: by})
	p.emitIncident(i, "incident.unacknowledged", by, client{})
	p.notify(i, why)
	return nil
}

// toTriggered ends acknowledgements and starts the escalation clock of the current level again.
func (p *PagerDuty) toTriggered(i *incident) {
	i.status, i.acks, i.unackAt = "triggered", nil, time.Time{}
	p.startEscalation(i)
}

// reassignTo gives an incident to people directly: it returns to triggered and no longer escalates.
func (p *PagerDuty) reassignTo(i *incident, by actor, users []*User) error {
	if !i.open() {
		return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
	}
	i.status, i.acks, i.unackAt = "triggered", nil, time.Time{}
	p.assign(i, users, true, 0)
	p.changedBy(i, by)
	p.emitIncident(i, "incident.reassigned", by, client{})
	p.notify(i, "reassigned")
	return nil
}

// escalateTo moves an incident to a level of a policy, which may be another than its own: then the event is
// "delegated" and not "escalated". It returns to triggered, and the level is paged.
func (p *PagerDuty) escalateTo(i *incident, by actor, policy *Policy, level int, why string) error {
	if !i.open() {
		return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
	}
	if level < 1 || level > len(policy.Levels) {
		return refuse(http.StatusBadRequest, 1006, "Incident Cannot Be Escalated",
			fmt.Sprintf("escalation policy %q has no level %d", policy.ID, level))
	}
	if !p.hasPeople(policy, level) {
		return refuse(http.StatusBadRequest, 1015, "Escalation policy has no one on call")
	}
	event, kind := "incident.escalated", "escalate"
	if policy != i.policy {
		event, kind = "incident.delegated", "delegate"
		i.loop = 0
	}
	i.status, i.acks, i.unackAt, i.policy = "triggered", nil, time.Time{}, policy
	p.changedBy(i, by)
	p.record(i, &logEntry{kind: kind, by: by})
	p.assign(i, p.people(policy, level), false, level)
	p.emitIncident(i, event, by, client{})
	p.notify(i, why)
	return nil
}

// snooze acknowledges an incident for a while. PagerDuty has no event type for it; its end is "unacknowledged".
func (p *PagerDuty) snooze(i *incident, by actor, d time.Duration) error {
	if !i.open() {
		return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
	}
	if i.status != "acknowledged" {
		if err := p.acknowledge(i, by); err != nil {
			return err
		}
	}
	i.unackAt, i.snoozed = p.now().Add(d), true
	p.changedBy(i, by)
	p.record(i, &logEntry{kind: "snooze", by: by})
	return nil
}

func (p *PagerDuty) annotate(i *incident, by actor, content string) (*note, error) {
	if len(i.notes) >= 2000 {
		return nil, refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", "Incident has 2000 notes already")
	}
	n := &note{id: newID("P", 6), content: content, at: p.now(), user: by.user}
	i.notes = append(i.notes, n)
	i.updatedAt = n.at
	p.record(i, &logEntry{kind: "annotate", by: by, note: content})
	p.emitNote(i, n, by)
	return n, nil
}

// merge resolves the sources with a resolve reason, and moves their alerts to the target.
func (p *PagerDuty) merge(target *incident, by actor, sources []*incident) error {
	if !target.open() {
		return refuse(http.StatusBadRequest, 1001, "Incident Already Resolved")
	}
	for _, source := range sources {
		switch {
		case source.mergedInto != nil:
			return refuse(http.StatusBadRequest, 1019, "Incident has already been merged")
		case source == target:
			return refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", "An incident cannot be merged into itself")
		case len(target.alerts)+len(source.alerts) > 1000:
			return refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", "An incident cannot have more than 1000 alerts")
		}
	}
	for _, source := range sources {
		moved := source.alerts
		source.alerts = nil
		p.close(source)
		target.alerts = append(target.alerts, moved...)
		for _, a := range moved {
			p.byKey[alertKey{a.integration.ID, a.DedupKey}] = target
		}
		source.mergedInto = target
		p.changedBy(source, by)
		p.record(source, &logEntry{kind: "resolve", by: by})
		p.emitIncident(source, "incident.resolved", by, client{})
	}
	target.updatedAt = p.now()
	return nil
}

// assign sets who has the incident, and starts the clock of its escalation.
func (p *PagerDuty) assign(i *incident, users []*User, direct bool, level int) {
	i.assignees = nil
	for _, u := range users {
		i.assignees = append(i.assignees, assignment{p.now(), u})
	}
	i.direct, i.level = direct, level
	p.startEscalation(i)
	p.record(i, &logEntry{kind: "assign", users: users})
}

func (p *PagerDuty) startEscalation(i *incident) {
	i.escalateAt = time.Time{}
	if i.direct || i.level < 1 || i.level > len(i.policy.Levels) {
		return
	}
	if delay := i.policy.Levels[i.level-1].Delay; delay > 0 {
		i.escalateAt = p.now().Add(delay)
	}
}

func (p *PagerDuty) changedBy(i *incident, by actor) {
	i.updatedAt, i.changedAt, i.changedBy = p.now(), p.now(), by
}

func (p *PagerDuty) hasPeople(policy *Policy, level int) bool {
	return len(p.people(policy, level)) > 0
}

// people gives the users of a level.
func (p *PagerDuty) people(policy *Policy, level int) []*User {
	if level < 1 || level > len(policy.Levels) {
		return nil
	}
	var users []*User
	for _, id := range policy.Levels[level-1].Users {
		users = append(users, p.opts.Account.user(id))
	}
	return users
}

// Tick carries out everything that has fallen due by the account's clock: ends of acknowledgements and snoozes,
// escalations, automatic resolutions. The account does it by itself ten times a second; a test that moves a clock of its own
// calls it.
func (p *PagerDuty) Tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	due := func(at time.Time) bool { return !at.IsZero() && !at.After(now) }
	for _, i := range p.incidents {
		var err error
		switch {
		case due(i.autoResolves):
			err = p.resolve(i, actor{}, "")
		case i.status == "acknowledged" && due(i.unackAt):
			why := "acknowledgement timed out"
			if i.snoozed {
				why = "snooze ended"
			}
			err = p.unacknowledge(i, actor{}, why)
		case i.status == "triggered" && due(i.escalateAt):
			err = p.escalateByClock(i)
		default:
			continue
		}
		if err != nil {
			p.opts.Log.Warn("the sandbox's clock could not move an incident", "incident", i.id, "err", err)
		}
		p.touch()
	}
}

// escalateByClock goes to the next level that has people, starts again at level 1 as often as the policy says, and then
// stays where it is.
func (p *PagerDuty) escalateByClock(i *incident) error {
	for level := i.level + 1; level <= len(i.policy.Levels); level++ {
		if p.hasPeople(i.policy, level) {
			return p.escalateTo(i, actor{}, i.policy, level, "escalated")
		}
	}
	if i.loop < i.policy.Loops {
		i.loop++
		return p.escalateTo(i, actor{}, i.policy, 1, "escalated")
	}
	i.escalateAt = time.Time{}
	p.record(i, &logEntry{kind: "exhaust_escalation_path"})
	return nil
}
