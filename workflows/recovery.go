package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// Recovery repairs one target: the attempts in order, and verify after each one. Its workflow id is the target's lock.
// When it is cancelled, because somebody stepped in, it ends with what had been done until then.
func Recovery(ctx workflow.Context, in RecoveryInput) (RecoveryResult, error) {
	r := &recovery{ctx: ctx, in: in}
	for k, attempt := range in.Attempts {
		if k+1 < in.From {
			continue
		}
		applies, err := r.applies(k+1, attempt)
		if err != nil {
			return r.ends(*engineError(fmt.Sprintf("attempt %q", attempt.Name), err)), nil
		}
		if !applies {
			continue
		}
		if stopped := r.try(k+1, attempt); stopped != nil {
			return r.ends(*stopped), nil
		}
		held, stopped := r.verify(k + 1)
		if stopped != nil {
			return r.ends(*stopped), nil
		}
		if held {
			r.result.Attempt = k + 1
			return r.ends(Verdict{Outcome: incident.Recovered, Why: fmt.Sprintf("%q was done, and verified", attempt.Name)}), nil
		}
		if r.unknown {
			return r.ends(Verdict{Outcome: incident.HandedOver, Reason: incident.Inconclusive,
				Why: fmt.Sprintf("it is not known whether %q took effect, and it is still broken", attempt.Name)}), nil
		}
	}
	return r.ends(r.exhausted()), nil
}

type recovery struct {
	ctx     workflow.Context
	in      RecoveryInput
	result  RecoveryResult
	tried   int
	unknown bool // a step was sent and its end is not known
}

// applies asks for the attempt's "if".
func (r *recovery) applies(k int, a AttemptPlan) (bool, error) {
	if !a.Conditional {
		return true, nil
	}
	var yes bool
	err := workflow.ExecuteLocalActivity(quick(r.ctx, 0), attemptActivity,
		AttemptInput{Case: r.in.Case, Attempt: k, Done: r.done()}).Get(r.ctx, &yes)
	return yes, err
}

// try runs the steps of one attempt. It gives a verdict when nothing more may be tried.
func (r *recovery) try(k int, a AttemptPlan) *Verdict {
	r.tried++
	for i, step := range a.Steps {
		if stopped := r.interrupted(); stopped != nil {
			return stopped
		}
		result, err := r.step(k, i, step)
		if err != nil {
			if temporal.IsCanceledError(err) {
				return r.interrupted()
			}
			return engineError(fmt.Sprintf("attempt %q, step %q", a.Name, step.Name), err)
		}
		r.result.Steps = latest(r.result.Steps, []incident.Step{result.Step})
		switch {
		case result.Stepped != nil:
			return r.steppedIn(*result.Stepped)
		case result.Refused != "":
			if result.Refused == incident.Forbidden {
				r.result.Forbidden = k
			}
			return &Verdict{Outcome: incident.HandedOver, Reason: result.Refused, Why: result.Step.Error}
		}
		r.result.Changed = r.result.Changed || step.Changes && result.Step.Status != incident.Skipped
		if stopped := r.interrupted(); stopped != nil {
			return stopped
		}
		if result.Step.Status != incident.Failed {
			continue
		}
		if result.Step.ErrorKind == incident.UnknownEffect || result.Step.ErrorKind == incident.TimedOut {
			r.unknown = true // verify tells whether it helped; nothing else is tried on top of it
			return nil
		}
		switch step.OnError {
		case "hand_over":
			return &Verdict{Outcome: incident.HandedOver, Reason: incident.StepFailed,
				Why: fmt.Sprintf("%q: %s", step.Name, result.Step.Error)}
		case "next_attempt":
			return nil
		}
	}
	return nil
}

// steppedIn is the verdict when the incident, read again before a change, was no longer ours.
func (r *recovery) steppedIn(v Verdict) *Verdict {
	v = afterChange(v, r.result.Changed)
	return &v
}

func (r *recovery) step(k, i int, step StepPlan) (StepResult, error) {
	key := incident.StepKey{Incident: r.in.Case.Incident.ID, Run: r.in.Case.Run, Phase: incident.Recover, Attempt: k, Index: i}
	var result StepResult
	err := workflow.ExecuteActivity(seen(r.ctx, step, r.in.Case.Deadline), step.Action,
		StepInput{Case: r.in.Case, Key: key, Done: r.done()}).Get(r.ctx, &result)
	return result, err
}

// verify asks until the target has been healthy for as long as the scenario demands, or the time for it is over.
func (r *recovery) verify(k int) (held bool, stopped *Verdict) {
	plan := r.in.Verify
	last := workflow.Now(r.ctx).Add(plan.Within)
	var since time.Time // of the unbroken health
	for round := 0; ; round++ {
		steps, err := runSteps(r.ctx, phaseRun{Case: r.in.Case, Phase: incident.Verify, Attempt: k, Round: round,
			Steps: plan.Steps, Done: r.done()})
		r.result.Steps = latest(r.result.Steps, steps)
		if stopped := r.interrupted(); stopped != nil {
			return false, stopped
		}
		if err != nil {
			return false, engineError("verify", err)
		}
		now := workflow.Now(r.ctx)
		switch {
		case !allHealthy(steps):
			since = time.Time{}
			if !now.Before(last) {
				return false, nil
			}
		case since.IsZero():
			since = now
			fallthrough
		default:
			if now.Sub(since) >= plan.StableFor {
				return true, nil
			}
		}
		if err := workflow.Sleep(r.ctx, r.pauseBefore(now, last, since)); err != nil {
			return false, r.interrupted()
		}
	}
}

// pauseBefore is the wait until the next round: never past the moment that decides.
func (r *recovery) pauseBefore(now, last, since time.Time) time.Duration {
	next := last
	if !since.IsZero() {
		next = since.Add(r.in.Verify.StableFor)
	}
	return max(min(r.in.Verify.Every, next.Sub(now)), time.Millisecond)
}

// interrupted says whether the run has to end now.
func (r *recovery) interrupted() *Verdict {
	if r.ctx.Err() != nil {
		return &Verdict{Outcome: incident.TakenOver, Why: "somebody stepped in"} // the incident's workflow knows who
	}
	if workflow.Now(r.ctx).After(r.in.Case.Deadline) {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.Timeout, Why: "the scenario's limits.timeout ran out"}
	}
	return nil
}

// exhausted is the verdict when no attempt is left.
func (r *recovery) exhausted() Verdict {
	v := Verdict{Outcome: incident.HandedOver, Reason: incident.VerifyFailed}
	switch r.tried {
	case 0:
		v.Reason, v.Why = incident.Inconclusive, "it is broken, and no attempt of the scenario applies"
	case 1:
		v.Why = "the attempt did not hold"
	default:
		v.Why = fmt.Sprintf("none of the %d attempts held", r.tried)
	}
	return v
}

func (r *recovery) ends(v Verdict) RecoveryResult {
	r.result.Verdict, r.result.Cancelled = v, r.ctx.Err() != nil
	return r.result
}

func (r *recovery) done() []incident.Step { return latest(r.in.Done, r.result.Steps) }
