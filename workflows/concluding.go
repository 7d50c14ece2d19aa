package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

const (
	// firstClose and lastClose bound the wait between two tries to close an incident, and closeWithin how long it is tried.
	// When PagerDuty is away for longer, a person gets it by Slack.
	firstClose  = 500 * time.Millisecond
	lastClose   = time.Minute
	closeWithin = 3 * time.Hour
)

// conclude carries an automatic outcome out. The verdict changes when a person took the incident at the last moment.
func (r *response) conclude(v Verdict) Verdict {
	if v.Outcome == incident.Suppressed {
		r.choices.stand = over
		return r.suppress(v)
	}
	if c, taken := r.people.choice(r.people.taken); taken && !v.Resolved {
		return tookIt(Verdict{Outcome: incident.TakenOver, By: c.By.Name, Why: sentence(c)}, v)
	}
	in := ConcludeInput{Case: r.plan.Case, Verdict: v, Attempt: r.attempt, Done: r.done, Waiting: r.waiting}
	final, err := r.carryOut(in)
	if err != nil {
		return *engineError(fmt.Sprintf("carry out the outcome %q", v.Outcome), err)
	}
	if final.Outcome.IsAutomatic() {
		r.waiting, r.choices.stand = 0, over
	}
	if final.TellCustomer {
		r.tellCustomer(ContactInput{}, final.CloseNote)
	}
	return final.Verdict
}

// carryOut has PagerDuty close the incident, and the outcome recorded. While PagerDuty is away it is tried again; a person
// who takes the incident between two tries has it, and it is not closed any more.
func (r *response) carryOut(in ConcludeInput) (final Concluded, err error) {
	if !r.plan.Yields {
		err = workflow.ExecuteLocalActivity(closing(r.ctx), concludeActivity, in).Get(r.ctx, &final)
		return final, err
	}
	giveUp := workflow.Now(r.ctx).Add(closeWithin)
	for wait := firstClose; ; wait = min(2*wait, lastClose) {
		err := workflow.ExecuteLocalActivity(closingOnce(r.ctx), concludeActivity, in).Get(r.ctx, &final)
		if err == nil || workflow.Now(r.ctx).Add(wait).After(giveUp) {
			return final, err
		}
		if r.await(wait, func() bool { return r.isTaken(in.Verdict) }); r.isTaken(in.Verdict) {
			return Concluded{Verdict: tookIt(*r.people.verdict(r.changed), in.Verdict)}, nil
		}
	}
}

// isTaken says whether a person has taken the incident since, of which PagerDuty may not know.
func (r *response) isTaken(from Verdict) bool {
	v := r.people.verdict(r.changed)
	return !from.Resolved && v != nil && v.Outcome == incident.TakenOver
}

// tookIt is the verdict when a person was faster than the engine with its own.
func tookIt(by, v Verdict) Verdict {
	by.Why = fmt.Sprintf("%s, just when the engine was about to close it: %s", by.Why, v.Why)
	return by
}
