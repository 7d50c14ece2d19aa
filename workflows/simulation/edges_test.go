package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/workflows"
)

// The outside as the engine's activities see it.

// incidentAPI is PagerDuty's interface.
type incidentAPI struct{ *town }

func (i incidentAPI) Read(_ context.Context, id incident.ID) (incident.Incident, error) {
	return i.pd.read(id), nil
}

func (i incidentAPI) Status(_ context.Context, id incident.ID) (incident.Incident, error) {
	inc := i.pd.read(id)
	inc.Alerts = nil
	if i.sabotage.lonely && inc.Status != incident.Resolved {
		inc.AcknowledgedBy, inc.LastChangeBy = nil, alarm
	}
	return inc, nil
}

func (i incidentAPI) Acknowledge(_ context.Context, id incident.ID) error {
	err := i.pd.hold(id, ackTimeout, acted)
	i.die(id, "acknowledge")
	return err
}

func (i incidentAPI) AcknowledgeFor(_ context.Context, id incident.ID, user string) error {
	if user != aiko.ID {
		return fmt.Errorf("%w: there is no user %q", workflows.ErrRefused, user)
	}
	i.pd.act(id, incident.EventAcknowledged)
	i.die(id, "acknowledge for")
	return nil
}

func (i incidentAPI) Snooze(_ context.Context, id incident.ID, d time.Duration) error {
	if d <= 0 || d > 7*24*time.Hour {
		return fmt.Errorf("%w: a snooze takes 1 second to 7 days, not %s", workflows.ErrRefused, d)
	}
	if i.sabotage.shortSnooze {
		d = max(d-20*time.Minute, time.Second)
	}
	err := i.pd.hold(id, d, snoozed)
	i.die(id, "snooze")
	return err
}

func (i incidentAPI) Resolve(_ context.Context, id incident.ID, _ string) error {
	if i.pd.read(id).Status == incident.Resolved {
		return workflows.ErrResolved
	}
	for _, s := range i.plan.stuck {
		if s.covers(i.now()) {
			return errors.New("503")
		}
	}
	i.pd.resolve(id, self, "")
	i.die(id, "resolve")
	return nil
}

func (i incidentAPI) Note(_ context.Context, id incident.ID, _, _ string, _ bool) error {
	i.die(id, "note")
	return nil
}

func (i incidentAPI) Reassign(_ context.Context, id incident.ID, policy string) error {
	err := i.pd.reassign(id, policy)
	i.die(id, "reassign")
	return err
}

// slack takes every message, and calls people.
type slack struct{ *town }

func (s slack) Post(_ context.Context, channel string, m handover.Message, key string) (workflows.Posted, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return workflows.Posted{}, err
	}
	if strings.HasPrefix(key, "digest/") {
		if !s.sabotage.mute {
			s.seen.add(entry{at: s.now(), kind: listForTier, to: channel, key: key, text: string(text)})
		}
		if s.sabotage.twice {
			s.seen.add(entry{at: s.now().Add(time.Second), kind: listForTier, to: channel, key: key + "0", text: string(text)})
		}
		s.die("", "digest", key)
		return workflows.Posted{Channel: channel, TS: key}, nil
	}
	id := incident.ID(key[:strings.Index(key, "/")])
	s.seen.add(entry{at: s.now(), kind: packet, incident: id, to: channel, key: key})
	if strings.Contains(key, "/asked/") {
		s.answers(id, key)
		s.die(id, "question")
		return workflows.Posted{Channel: channel, TS: key}, nil
	}
	s.pd.call(id)
	s.presses(id, key)
	s.die(id, "packet")
	return workflows.Posted{Channel: channel, TS: key}, nil
}

func (s slack) Update(context.Context, workflows.Posted, handover.Message) error { return nil }

func (s slack) Reply(context.Context, workflows.Posted, handover.Message) error { return nil }

// contacts takes every message for the customer.
type contacts struct{ *town }

func (c contacts) TellContact(_ context.Context, to customer.Contact, news workflows.ContactNews) (string, error) {
	m, key := news.Message, news.Key
	e := entry{at: c.now(), kind: toldContact, to: to.String(), key: key}
	if strings.HasPrefix(key, "digest/") {
		text, err := json.Marshal(m.Slack())
		if err != nil {
			return "", err
		}
		e.kind, e.text = listForContact, m.Text+string(text)
	} else {
		e.incident = incident.ID(key[:strings.Index(key, "/")])
	}
	c.seen.add(e)
	if c.sabotage.twice {
		e.key += "/again"
		c.seen.add(e)
	}
	c.die(e.incident, "contact", to.String(), key)
	return "", nil
}

// actions does what scenarios do.
type actions struct{ *town }

func (a actions) Run(_ context.Context, c workflows.Call) (json.RawMessage, error) {
	id, now := c.Key.Incident, a.now()
	rng := draw(a.plan.seed, a.plan.customer, "action", c.Key, now.Unix())
	a.pd.mu.Lock()
	defer a.pd.mu.Unlock()
	t := a.pd.ticket(id)
	switch c.Action {
	case "http.request":
		if chance(rng, 0.02) {
			return nil, &workflows.StepError{Kind: incident.Transient, Err: errors.New("no route")}
		}
		if t.broken(now) {
			return json.RawMessage(`{"status":502}`), nil
		}
		return json.RawMessage(`{"status":200}`), nil
	case "local.run":
		a.seen.add(entry{at: now, kind: changedHost, incident: id, text: string(c.Params),
			key: fmt.Sprintf("%d/%d/%d", c.Key.Run, c.Key.Attempt, c.Key.Round)})
		t.repaired = t.repaired || t.repairs && chance(rng, 0.7)
		a.die(id, "change", c.Key)
		if chance(rng, 0.03) {
			return nil, &workflows.StepError{Kind: incident.UnknownEffect, Err: errors.New("the connection broke")}
		}
	}
	return json.RawMessage(`{"stdout":"","exit_code":0}`), nil
}

// policies gives the windows that are in force.
type policies struct{ *town }

func (p policies) Policy(context.Context, incident.CustomerID) (quiethours.Policy, string, error) {
	now := p.now()
	policy := p.plan.rules.policy(now)
	if ignore := p.sabotage.ignores; ignore != nil {
		windows := policy.Windows()
		for i := range windows {
			ignore(&windows[i])
		}
		policy = quiethours.New(policy.Zone(), windows)
	}
	return policy, p.plan.rules.at(now).from.UTC().Format(time.RFC3339), nil
}

// pauses gives the uses of the kill switch that are in force.
type pauses struct{ *town }

func (p pauses) PausesInForce(context.Context) ([]incident.Pause, error) {
	var list []incident.Pause
	for _, k := range p.plan.pauses {
		if k.covers(p.now()) && !p.sabotage.blind {
			list = append(list, k.Pause)
		}
	}
	return list, nil
}

// digests starts digests.
type digests struct{ *town }

func (d digests) Start(_ context.Context, id incident.CustomerID, end time.Time) error {
	if d.sabotage.noDigest {
		return nil
	}
	d.env.SignalWorkflow("do", signal{Workflow: workflows.DigestID(id, end), Start: true, Digest: workflows.DigestInput{Customer: id, End: end}})
	d.die("", "start digest", end)
	return nil
}

// journal is the store's, and breaks down after it has written.
type journal struct{ *town }

func (j journal) Begin(ctx context.Context, r incident.Record) (incident.Begun, error) {
	begun, err := j.store.Begin(ctx, r)
	j.die(r.Incident.ID, "begin")
	return begun, err
}

func (j journal) Append(ctx context.Context, lines []incident.Transition) error {
	var kept []incident.Transition
	for _, l := range lines {
		if j.sabotage.loses == nil || !j.sabotage.loses(l) {
			kept = append(kept, l)
		}
	}
	err := j.store.Append(ctx, kept)
	if len(lines) > 0 {
		j.die(lines[0].Incident, "append", lines[0].Key)
	}
	return err
}

func (j journal) Record(ctx context.Context, id incident.ID) (incident.Record, error) {
	return j.store.Record(ctx, id)
}
