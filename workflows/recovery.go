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
	r := &recovery{ctx: ctx, in: in, tried: triedBefore(in)}
	for k, attempt := range in.Attempts {
		if k+1 < in.From || in.Wish > 0 && k+1 > in.From {
			continue
		}
		applies, err := r.applies(k+1, attempt)
		if err != nil {
			return r.ends(*engineError(fmt.Sprintf("attempt %q", attempt.Name), err)), nil
		}
		if !applies {
			continue
		}
		if in.asksFor(k + 1) {
			r.result.Asks = k + 1
			return r.ends(Verdict{}), nil
		}
		if stopped := r.try(k+1, attempt); stopped != nil {
			return r.ends(*stopped), nil
		}
		if r.result.Asks > 0 {
			return r.ends(Verdict{}), nil
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

// asksFor says whether an attempt has to be approved, and is not. What a person has asked for needs no other approval than
// the one that it may have got already.
func (in RecoveryInput) asksFor(k int) bool {
	return in.Attempts[k-1].Approval != nil && in.Wish == 0 && (in.Granted == nil || in.Granted.Attempt != k)
}

// triedBefore counts the attempts that were made before this repair began.
func triedBefore(in RecoveryInput) int {
	n, last := 0, 0
	for _, s := range in.Done {
		if s.Phase == incident.Recover && s.Attempt > last && s.Attempt < in.From && wasSent(s) && in.Wish == 0 {
			n, last = n+1, s.Attempt
		}
	}
	return n
}

// wasSent says whether a step of an attempt may have changed something.
func wasSent(s incident.Step) bool {
	return s.Status != incident.Skipped && s.Status != incident.Planned && s.ErrorKind != incident.Refused
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
			r.result.Changed = r.result.Changed || step.Changes // nobody knows whether it was sent
			return engineError(fmt.Sprintf("attempt %q, step %q", a.Name, step.Name), err)
		}
		r.result.Steps = latest(r.result.Steps, []incident.Step{result.Step})
		r.result.Changed = r.result.Changed || step.Changes && wasSent(result.Step)
		switch {
		case result.Stepped != nil:
			return r.steppedIn(*result.Stepped)
		case result.Refused == incident.NotApproved && (r.in.Wish == 0 || r.in.AsksOn):
			r.result.Asks, r.result.Differs = k, true
			return nil
		case result.Refused != "":
			if result.Refused == incident.Forbidden || result.Refused == incident.Paused {
				r.result.Forbidden = k
			}
			return &Verdict{Outcome: incident.HandedOver, Reason: result.Refused, Why: result.Step.Error}
		}
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
	key := incident.StepKey{Incident: r.in.Case.Incident.ID, Run: r.in.Case.Run, Phase: incident.Recover, Attempt: k,
		Round: r.in.Wish, Index: i}
	in := StepInput{Case: r.in.Case, Key: key, Done: r.done(), Wish: r.in.Wish > 0}
	if g := r.in.Granted; g != nil && g.Attempt == k {
		in.Granted = g
	}
	var result StepResult
	err := workflow.ExecuteActivity(seen(r.ctx, step, r.in.Case.Deadline), step.Action, in).Get(r.ctx, &result)
	return result, err
}

// verify asks until the target has been healthy for as long as the scenario demands, or the time for it is over.
func (r *recovery) verify(k int) (held bool, stopped *Verdict) {
	plan := r.in.Verify
	last := workflow.Now(r.ctx).Add(plan.Within)
	var since time.Time // of the unbroken health
	for round := verifiedRounds(r.in.Done, k); ; round++ {
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

// verifiedRounds counts the rounds of verification that an attempt has had before, at somebody's wish or by itself.
func verifiedRounds(done []incident.Step, k int) int {
	n := 0
	for _, s := range done {
		if s.Phase == incident.Verify && s.Attempt == k {
			n = max(n, s.Round+1)
		}
	}
	return n
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
	switch {
	case r.in.Wish > 0 && r.tried == 0:
		v.Reason, v.Why = incident.Inconclusive, "its condition does not hold"
	case r.tried == 0 && r.in.Passed != "":
		v.Reason, v.Why = incident.NotApproved, r.in.Passed
	case r.tried == 0:
		v.Reason, v.Why = incident.Inconclusive, "it is broken, and no attempt of the scenario applies"
	case r.tried == 1:
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
