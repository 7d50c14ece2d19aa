package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// change runs a step that changes something. Before anything is sent it looks at the incident once more, asks the
// budgets and the customer's windows, and makes the intent durable; an intent that is there already is never sent again.
// One that was refused before a crash was not sent: it is decided again.
func (a *Activities) change(ctx context.Context, run *stepRun, s *scenario.Scenario) (StepResult, error) {
	known, found, err := a.StepLog.FindStep(ctx, run.record.StepKey)
	if err != nil {
		return StepResult{}, fmt.Errorf("look for an earlier intent of step %q: %w", run.record.Name, err)
	}
	if found && known.ErrorKind != incident.Refused {
		return a.comeBack(ctx, run, known)
	}
	if ready := run.prepare(); !ready {
		return StepResult{Step: run.record}, run.save(ctx)
	}
	if v, err := a.stillOurs(ctx, run); err != nil || v != nil {
		return run.notSent(ctx, v, "", err)
	}
	if p, err := a.pausedNow(ctx, run.customer, s.Name); err != nil || p != nil {
		return a.notWhilePaused(ctx, run, p, err)
	}
	if !run.isGranted() {
		return run.notNow(ctx, incident.NotApproved, "what it would do is not what was approved", nil)
	}
	intent, result, err := a.intend(ctx, run, s)
	switch {
	case err != nil || intent == nil:
		return result, err
	case !intent.New:
		return a.comeBack(ctx, run, intent.Step)
	}
	run.send(ctx)
	return StepResult{Step: run.record}, run.save(ctx)
}

// intend asks the budgets and the customer's windows, and makes the intent durable; without one the result says why not. Who
// shares limits.targets with others has to see the intents of those before: one after the other has its turn.
func (a *Activities) intend(ctx context.Context, run *stepRun, s *scenario.Scenario) (*incident.StepState, StepResult, error) {
	if s.Limits.Targets != nil {
		turn := a.turnOf(run.customer, s.Name)
		select {
		case turn <- struct{}{}:
			defer func() { <-turn }()
		case <-ctx.Done():
			result, err := run.notSent(ctx, nil, "", ctx.Err())
			return nil, result, err
		}
	}
	if over, err := a.overBudget(ctx, run, s); err != nil || over != "" {
		result, err := run.notSent(ctx, nil, over, err)
		return nil, result, err
	}
	if why, err := a.forbidden(ctx, run); err != nil || why != "" {
		result, err := run.notNow(ctx, incident.Forbidden, why, err)
		return nil, result, err
	}
	intent, err := a.StepLog.StartStep(ctx, run.record)
	if err != nil {
		return nil, StepResult{}, fmt.Errorf("record the intent of step %q: %w", run.record.Name, err)
	}
	return &intent, StepResult{}, nil
}

// turnOf gives what those take who may repair targets of one customer with one scenario.
func (a *Activities) turnOf(customer incident.CustomerID, name incident.ScenarioName) chan struct{} {
	turn, _ := a.turns.LoadOrStore([2]string{string(customer), string(name)}, make(chan struct{}, 1))
	return turn.(chan struct{})
}

// send runs the action. One that is cut off because the process stops was not cancelled by anybody.
func (r *stepRun) send(ctx context.Context) {
	r.execute(ctx)
	if r.record.ErrorKind == incident.Cancelled && isStopping(ctx) {
		r.fails(incident.UnknownEffect, errors.New("the engine was stopped while the step was running, "+
			"and did not wait for its end: it is not known whether it took effect"))
	}
}

// comeBack goes on with a step that was begun before a crash.
func (a *Activities) comeBack(ctx context.Context, run *stepRun, known incident.Step) (StepResult, error) {
	run.record = known
	switch {
	case known.Status != incident.Started: // its end is known
		return StepResult{Step: known}, nil
	case run.step.Action.Idempotent:
		stepped, why, err := a.mayNotAgain(ctx, run)
		switch {
		case err != nil && !wasStopped(ctx):
			return StepResult{}, err // asked again
		case err != nil:
			why = err.Error()
		}
		if why == "" {
			run.send(ctx)
		} else { // it was sent once: it is not refused
			run.fails(incident.UnknownEffect, fmt.Errorf("the engine was interrupted after the step was sent, and it may not be sent again: %s", why))
		}
		return StepResult{Step: run.record, Stepped: stepped}, run.save(ctx)
	default:
		run.fails(incident.UnknownEffect, errors.New("the engine was interrupted after the step was sent: "+
			"it is not known whether it took effect, and it is not sent again"))
	}
	return StepResult{Step: run.record}, run.save(ctx)
}

// wasStopped says whether the step's context has ended because somebody stepped in, and not because the process stops.
func wasStopped(ctx context.Context) bool { return ctx.Err() != nil && !isStopping(ctx) }

// mayNotAgain says in words why a step that is idempotent may not be sent again; empty when it may. A verdict comes with it
// when somebody stepped in.
func (a *Activities) mayNotAgain(ctx context.Context, run *stepRun) (stepped *Verdict, why string, err error) {
	v, err := a.stillOurs(ctx, run)
	if err != nil {
		return nil, "", err
	}
	if v != nil {
		return v, afterChange(*v, true).Why, nil
	}
	p, err := a.pausedNow(ctx, run.customer, run.of.Scenario.Name)
	if err != nil || p != nil {
		return nil, pauseWords(p), err
	}
	why, err = a.forbidden(ctx, run)
	return nil, why, err
}

// stillOurs reads the incident again. A verdict means that somebody stepped in; where a person has asked for the step, only
// that the incident is over.
func (a *Activities) stillOurs(ctx context.Context, run *stepRun) (*Verdict, error) {
	pinned := run.facts.Incident
	now, self, err := a.look(ctx, pinned.ID)
	if err != nil {
		return nil, err
	}
	v := steppedInSince(pinned, now, self)
	if v != nil && run.wish && !v.Resolved {
		return nil, nil
	}
	return v, nil
}

// look reads the incident again, and tells who the engine is in PagerDuty.
func (a *Activities) look(ctx context.Context, id incident.ID) (inc incident.Incident, self string, err error) {
	if inc, err = a.Incidents.Status(ctx, id); err != nil {
		return inc, "", fmt.Errorf("read incident %q again before a change: %w", id, err)
	}
	if self, err = a.Self(ctx); err != nil {
		return inc, "", fmt.Errorf("look up the engine's own PagerDuty user: %w", err)
	}
	return inc, self, nil
}

// forbidden says in words which of the customer's windows forbids to change anything; empty when none does.
func (a *Activities) forbidden(ctx context.Context, run *stepRun) (string, error) {
	r, err := a.ask(ctx, incident.MayRecover, run.of)
	if err != nil || !r.windows {
		return "", err
	}
	key := fmt.Sprintf("recover/%d/%d/%s", run.record.Attempt, run.record.Index, r.Answer)
	if run.record.Round > 0 {
		key = fmt.Sprintf("%s/%d", key, run.record.Round)
	}
	line := r.decision(run.of, key, a.Now())
	if err := a.Journal.Append(ctx, []incident.Transition{line}); err != nil {
		return "", fmt.Errorf("record whether step %q is permitted: %w", run.record.Name, err)
	}
	if r.Answer == incident.Allow {
		return "", nil
	}
	return r.Why, nil
}

// notNow ends a changing step that a window forbids, or the kill switch, or that is not what was approved. The record has
// the decision, and no step: it may be made later.
func (r *stepRun) notNow(ctx context.Context, reason incident.Reason, why string, err error) (StepResult, error) {
	if err != nil {
		return r.notSent(ctx, nil, "", err)
	}
	r.fails(incident.Refused, errors.New(why))
	return StepResult{Step: r.record, Refused: reason}, nil
}

// notWhilePaused ends a changing step that the kill switch stops.
func (a *Activities) notWhilePaused(ctx context.Context, run *stepRun, p *incident.Pause, err error) (StepResult, error) {
	if err == nil {
		key := fmt.Sprintf("%d/%d/%d", run.record.Attempt, run.record.Round, run.record.Index)
		err = a.Record(ctx, RecordInput{Transitions: []incident.Transition{pausedLine(run.of, key, *p, a.Now())}})
	}
	return run.notNow(ctx, incident.Paused, pauseWords(p), err)
}

// overBudget says in words which limit of the scenario forbids the step; empty when none does. The first step of an
// attempt that is sent asks for the whole attempt.
func (a *Activities) overBudget(ctx context.Context, run *stepRun, s *scenario.Scenario) (string, error) {
	if run.attemptHasBegun(s) {
		return "", nil
	}
	customer, target := run.customer, run.facts.Target
	if b := s.Limits.Recoveries; b != nil {
		n, err := a.Budgets.Attempts(ctx, customer, target, a.Now().Add(-b.Per))
		if err != nil {
			return "", err
		}
		if n >= b.Max {
			return fmt.Sprintf("%q had %d repairs within %s, and limits.recoveries allows %d: the fix does not hold",
				target, n, b.Per, b.Max), nil
		}
	}
	if b := s.Limits.Targets; b != nil {
		n, err := a.Budgets.Targets(ctx, customer, s.Name, a.Now().Add(-b.Per))
		if err != nil {
			return "", err
		}
		if n >= b.Max {
			return fmt.Sprintf("this scenario has repaired %d targets of the customer within %s, and limits.targets allows %d",
				n, b.Per, b.Max), nil
		}
	}
	return "", nil
}

// attemptHasBegun says whether an earlier step of this attempt that changes something was sent: with it the attempt was counted.
func (r *stepRun) attemptHasBegun(s *scenario.Scenario) bool {
	return slices.ContainsFunc(r.facts.Steps, func(done incident.Step) bool {
		if done.Phase != incident.Recover || done.Attempt != r.record.Attempt || done.Round != r.record.Round || !wasSent(done) {
			return false
		}
		step, err := stepAt(s, done.StepKey)
		return err == nil && step.Action.Effect == scenario.Changes
	})
}

// notSent ends a changing step before anything was sent.
func (r *stepRun) notSent(ctx context.Context, stepped *Verdict, over string, err error) (StepResult, error) {
	result := StepResult{Stepped: stepped}
	switch {
	case err != nil && !wasStopped(ctx):
		return StepResult{}, err // asked again
	case err != nil: // whoever stopped it knows why: the record has no step
		r.fails(incident.Refused, err)
		return StepResult{Step: r.record}, nil
	case stepped != nil:
		r.fails(incident.Refused, errors.New(stepped.Why))
	default:
		r.fails(incident.Refused, errors.New(over))
		result.Refused = incident.OverBudget
	}
	result.Step = r.record
	return result, r.save(ctx)
}
