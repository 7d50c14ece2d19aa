package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// afterSuppressed is how much later than the window the snooze of a suppressed incident ends: clocks differ, and the run
// that PagerDuty's event begins must not find the window still open.
const afterSuppressed = time.Minute

// suppress ends a run of which nobody is told. The incident is not resolved but snoozed to the window's end: a fault that
// outlives the window would not alert again. If it is still open then, PagerDuty's "unacknowledged" begins the next run.
func (r *response) suppress(v Verdict) Verdict {
	if stopped := r.people.verdict(r.changed); stopped != nil && (stopped.Resolved || stopped.Outcome == incident.TakenOver) {
		return *stopped
	}
	r.people.latest = nil
	end := incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End,
		Why: "recorded only; snoozed in PagerDuty to the end of the window"}
	r.settle("", v.Why)
	r.record(outcome(r.plan.Case, v, incident.Close, 0, workflow.Now(r.ctx)), end)
	until := v.Until.Add(afterSuppressed)
	r.snooze(until)
	for until.Sub(workflow.Now(r.ctx)) > longestSnooze && !r.isAnother() {
		r.await(renewSnooze, r.isAnother)
		until = r.stillSuppressed(until)
		r.snooze(until)
	}
	return v
}

// isAnother says whether something has happened since that ends this run, or begins another one.
func (r *response) isAnother() bool {
	return r.people.latest != nil || r.people.resolved != nil || r.isCancelled()
}

// snooze waits until PagerDuty has taken the snooze.
func (r *response) snooze(until time.Time) {
	if r.isAnother() {
		return
	}
	taken, end := r.silence(until)
	_ = workflow.Await(r.ctx, func() bool { return taken() || r.isAnother() })
	end()
}

// stillSuppressed asks again in a window that is longer than a snooze. When it was moved or removed, the next run begins.
func (r *response) stillSuppressed(until time.Time) time.Time {
	if r.isAnother() {
		return until
	}
	var now Resumption
	err := workflow.ExecuteLocalActivity(patient(r.ctx), resumeActivity, ResumeInput{Case: r.plan.Case}).Get(r.ctx, &now)
	switch {
	case err != nil:
		workflow.GetLogger(r.ctx).Error("ask the customer's windows again", "err", err)
	case now.Answer == incident.Suppress:
		return now.Until.Add(afterSuppressed)
	default:
		at := workflow.Now(r.ctx)
		r.people.latest = &incident.Event{ID: incident.EventID("window/" + at.UTC().Format(time.RFC3339)),
			Type: incident.EventUnacknowledged, OccurredAt: at, ReceivedAt: at, Incident: r.plan.Incident.ID,
			Service: incident.ServiceID(r.plan.Incident.Service.ID)}
	}
	return until
}

// nextRun gives the event that begins the next run of the incident's workflow, or nil: it was reopened, or what nobody was
// told of needs a first response after all.
func (r *response) nextRun(v Verdict) *incident.Event {
	if e := r.people.reopenedBy(); e != nil {
		return e
	}
	if v.Outcome == incident.Suppressed && r.people.resolved == nil && !r.isCancelled() {
		return r.people.latest
	}
	return nil
}
