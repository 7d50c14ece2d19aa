package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shodo/internal/incident"
)

const (
	// engineFirst is how much later than the window PagerDuty's snooze ends: the engine has the first go, and when it is
	// dead PagerDuty pages by itself.
	engineFirst = 5 * time.Minute
	// longestSnooze is the most that PagerDuty takes.
	longestSnooze = 7 * 24 * time.Hour
)

// MayPage asks the customer's windows whether a person may be woken now, and records what follows from it: the outcome
// when one may, that it waits when one may not yet. Asking again after a crash gives what was recorded.
func (a *Activities) MayPage(ctx context.Context, in PageInput) (PageAnswer, error) {
	r, err := a.ask(ctx, incident.Page, in.Case)
	if err != nil {
		return PageAnswer{}, err
	}
	if in.Begun && r.Answer == incident.Suppress {
		r.Answer = incident.Defer // who is told already is told on; nothing may end in silence
	}
	present := r.policy
	if r, err = a.asRecorded(ctx, in, r); err != nil {
		return PageAnswer{}, err
	}
	now := a.Now()
	var lines []incident.Transition
	if r.windows {
		lines = append(lines, r.decision(in.Case, fmt.Sprintf("page/%d", in.Number), now))
	}
	switch {
	case r.Answer == incident.Defer:
		lines = append(lines, r.deferral(in.Case, deferredKey(r.Question, in.Number), now, in.Verdict.Why))
	case r.Answer == incident.Suppress:
	case in.Waiting > 0:
		lines = append(lines, resumed(in.Case, in.Waiting, now, "", "people may be told now: "+in.Verdict.Why))
	}
	if r.Answer == incident.Allow && !in.Begun {
		lines = append(lines, outcome(in.Case, in.Verdict, incident.HandOver, 0, now))
	}
	if err := a.Journal.Append(ctx, lines); err != nil {
		return PageAnswer{}, fmt.Errorf("record whether people are told of incident %q: %w", in.Case.Incident.ID, err)
	}
	if r.Answer == incident.Defer && !in.Begun {
		if err := a.Digests.Start(ctx, in.Case.Customer.ID, r.Until); err != nil {
			return PageAnswer{}, fmt.Errorf("start the digest of customer %q at %s: %w", in.Case.Customer.ID, r.Until, err)
		}
	}
	answer := PageAnswer{Answer: r.Answer, Until: r.Until, Window: r.Window, Why: r.Why, Policy: r.policy, Windows: r.windows}
	if answer.Answer == incident.Defer && r.policy != present {
		answer.Until = time.Time{} // it was recorded before a crash, and the windows have changed since: ask again at once
	}
	return answer, nil
}

// asRecorded gives the answer that a life of this activity before a crash has recorded: the window may have ended since.
func (a *Activities) asRecorded(ctx context.Context, in PageInput, r ruling) (ruling, error) {
	if !r.windows && !in.Windows {
		return r, nil // without windows nothing can have waited
	}
	rec, err := a.Journal.Record(ctx, in.Case.Incident.ID)
	if err != nil {
		return r, fmt.Errorf("read the record of incident %q: %w", in.Case.Incident.ID, err)
	}
	if t, known := find(rec, deferredKey(incident.Page, in.Number)); known {
		r.Answer, r.Until, r.Window, r.policy = incident.Defer, t.Until, t.Window, t.Policy
	} else if has(rec, "outcome") && !in.Begun {
		r.Answer = incident.Allow
	}
	return r, nil
}

// Snooze silences the incident in PagerDuty until a moment. It looks first, and gives an event to take in instead when
// somebody has the incident or it is over.
func (a *Activities) Snooze(ctx context.Context, in SnoozeInput) (incident.Event, error) {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id := in.Case.Incident.ID
	inc, self, err := a.look(ctx, id)
	switch {
	case errors.Is(err, ErrRefused):
		return gone(err), nil
	case err != nil:
		return incident.Event{}, err
	}
	if e := missed(inc, self); e.Type != "" {
		return e, nil
	}
	d := min(in.Until.Sub(a.Now()), longestSnooze)
	if d <= 0 {
		return incident.Event{}, nil
	}
	did := "snoozed in PagerDuty until " + in.Until.UTC().Format(time.RFC3339)
	if err := a.PagerDuty.Snooze(ctx, id, d); errors.Is(err, ErrRefused) {
		a.Log.Error("snooze", "incident", id, "err", err)
		did = fmt.Sprintf("PagerDuty did not take the snooze, and may page by itself: %v", err)
	} else if err != nil {
		return incident.Event{}, fmt.Errorf("snooze incident %q: %w", id, err)
	}
	return incident.Event{}, a.Record(ctx, RecordInput{Transitions: []incident.Transition{{Incident: id, Run: in.Case.Run,
		Key: fmt.Sprintf("acted/snooze/%d", in.Until.Unix()), At: a.Now(), Kind: incident.Acted, Why: did}}})
}

// missed gives the event that PagerDuty's state tells of, in case that its own was lost: it is over, or a person has it.
func missed(inc incident.Incident, self string) incident.Event {
	v := steppedIn(inc, self)
	switch {
	case v == nil:
		return incident.Event{}
	case v.Resolved:
		return incident.Event{ID: "look/resolved", Type: incident.EventResolved, Agent: inc.LastChangeBy, MergedInto: inc.MergedInto}
	}
	for _, agent := range inc.AcknowledgedBy {
		if agent.IsPerson() && agent.ID != self {
			return incident.Event{ID: incident.EventID("look/acknowledged/" + agent.ID), Type: incident.EventAcknowledged, Agent: agent}
		}
	}
	return incident.Event{}
}

// gone gives the end of an incident that PagerDuty has no more; what only cannot be read is not over.
func gone(err error) incident.Event {
	if errors.Is(err, ErrGone) {
		return incident.Event{ID: "look/gone", Type: incident.EventResolved}
	}
	return incident.Event{}
}

// Resume looks at an incident whose wait is over: may people be told, does somebody have it, is it over? When the engine
// is going to check again it has a new limit for that, in which PagerDuty is silent.
func (a *Activities) Resume(ctx context.Context, in ResumeInput) (Resumption, error) {
	r, err := a.ask(ctx, incident.Page, in.Case)
	if err != nil || r.Answer != incident.Allow {
		return Resumption{Answer: r.Answer}, err
	}
	now := Resumption{Answer: r.Answer}
	inc, self, err := a.look(ctx, in.Case.Incident.ID)
	switch {
	case errors.Is(err, ErrGone):
		now.Stepped = &Verdict{Outcome: incident.ResolvedUpstream, Resolved: true, By: who(incident.Agent{}), Why: "PagerDuty has it no more"}
		return now, nil
	case err != nil && !errors.Is(err, ErrRefused):
		return Resumption{}, err
	case err == nil:
		now.Stepped, now.Paging = steppedInSince(in.Case.Incident, inc, self), isPaging(inc, self)
	}
	if now.Stepped != nil || !in.Work {
		return now, nil
	}
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return Resumption{}, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	now.Deadline = a.Now().Add(s.Limits.Timeout)
	if a.silenceWork(ctx, inc, s.Limits.Timeout) {
		now.Paging = false
	}
	return now, nil
}

// silenceWork keeps PagerDuty from paging while the engine works, after a wait. As long as the snooze holds, it is made
// longer, because an acknowledgement would end with it; after it, the incident is acknowledged again, as at intake not
// where that would never run out.
func (a *Activities) silenceWork(ctx context.Context, inc incident.Incident, limit time.Duration) (silent bool) {
	var err error
	switch {
	case inc.Status == incident.Acknowledged:
		err = a.PagerDuty.Snooze(ctx, inc.ID, min(limit+engineFirst, longestSnooze))
	case inc.AckTimeout:
		err = a.PagerDuty.Acknowledge(ctx, inc.ID)
	default:
		return false
	}
	if err != nil {
		a.Log.Warn("silence PagerDuty while the engine works", "incident", inc.ID, "err", err)
	}
	return err == nil
}
