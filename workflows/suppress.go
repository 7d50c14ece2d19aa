package workflows

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// suppress ends the first response to an incident of which nobody is told. The incident is not resolved but kept silent
// until the window's end: a fault that outlives the window would not alert again. If it is still open then, the next run
// begins.
func (r *response) suppress(v Verdict) Verdict {
	if stopped := r.people.verdict(r.changed); stopped != nil && (stopped.Resolved || stopped.Outcome == incident.TakenOver) {
		return *stopped
	}
	r.people.latest = nil
	r.settle("", v.Why)
	r.record(outcome(r.plan.Case, v, incident.Close, 0, workflow.Now(r.ctx)),
		incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End,
			Why: "recorded only; kept silent in PagerDuty until the window's end"},
		incident.Transition{Key: silentKey(1), Kind: incident.Deferred, Question: incident.Silence, Window: v.Window,
			Until: v.Until, Policy: v.Policy, Why: "nobody is told before"})
	why := r.keepSilent(v.Until)
	r.record(incident.Transition{Key: "silent/over", Kind: incident.Resumed, Question: incident.Silence, Why: why})
	return v
}

// keepSilent has PagerDuty wake nobody until the customer's windows suppress the incident no longer, or something
// happens to it, and says what.
func (r *response) keepSilent(until time.Time) (why string) {
	for number := 2; ; number++ {
		r.waitUntil(until, func() bool { return r.isAnother() || r.policy.Len() > 0 })
		switch {
		case r.people.resolved != nil:
			return who(r.people.resolved.Agent) + " resolved it in PagerDuty"
		case r.isCancelled():
			return "somebody cancelled the workflow in Temporal"
		case r.people.latest != nil:
			return "something happened to it in PagerDuty: the next first response begins"
		}
		if until = r.stillSilent(number); until.IsZero() {
			r.people.latest = &incident.Event{Type: incident.EventUnacknowledged}
			return "the window is over: the next first response begins"
		}
	}
}

// isAnother says whether something has happened since that ends this run, or begins another one.
func (r *response) isAnother() bool {
	return r.people.latest != nil || r.people.resolved != nil || r.isCancelled()
}

// stillSilent asks the windows again. Zero means that the incident is no longer suppressed.
func (r *response) stillSilent(number int) time.Time {
	for r.policy.ReceiveAsync(nil) {
		// what the signals tell of is asked now
	}
	var now Silence
	in := SilenceInput{Case: r.plan.Case, Number: number}
	if err := workflow.ExecuteLocalActivity(asking(r.ctx), stillSilentActivity, in).Get(r.ctx, &now); err != nil {
		workflow.GetLogger(r.ctx).Error("ask the customer's windows again; the next first response begins", "err", err)
		return time.Time{}
	}
	return now.Until
}

// nextRun gives the event that begins the next run of the incident's workflow, or nil: it was reopened, or what nobody was
// told of needs a first response after all.
func (r *response) nextRun(v Verdict) *incident.Event {
	if e := r.people.reopenedBy(); e != nil {
		return e
	}
	if v.Outcome != incident.Suppressed || r.people.resolved != nil || r.isCancelled() || r.people.latest == nil {
		return nil
	}
	e, now := *r.people.latest, workflow.Now(r.ctx)
	if e.Incident == "" { // no event of PagerDuty's but what was seen when the incident was looked at
		e.Incident, e.Service = r.plan.Incident.ID, incident.ServiceID(r.plan.Incident.Service.ID)
		e.ID, e.OccurredAt, e.ReceivedAt = incident.EventID("seen/"+now.UTC().Format(time.RFC3339)), now, now
	}
	return &e
}

// StillSilent asks the customer's windows again about an incident of which nobody was told, and records until when it
// keeps silent.
func (a *Activities) StillSilent(ctx context.Context, in SilenceInput) (Silence, error) {
	r, err := a.ask(ctx, incident.Page, in.Case)
	if err != nil || r.Answer != incident.Suppress {
		return Silence{}, err
	}
	now := a.Now()
	silent := r.deferral(in.Case, silentKey(in.Number), now, "nobody is told before")
	silent.Question = incident.Silence
	lines := []incident.Transition{r.decision(in.Case, "page/"+silentKey(in.Number), now), silent}
	if err := a.Journal.Append(ctx, lines); err != nil {
		return Silence{}, fmt.Errorf("record that incident %q keeps silent: %w", in.Case.Incident.ID, err)
	}
	return Silence{Until: r.Until}, nil
}

func silentKey(number int) string { return fmt.Sprintf("silent/%d", number) }
