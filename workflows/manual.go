package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// This file makes one attempt because a person has asked for it, after the incident was handed over. It is made as every
// other: under the target's lock, within budgets, windows and limits, not while the engine is paused, and verified. That a
// person has the incident does not stop it, because it was a person who asked; its end does, and somebody else who takes it.
// What comes of it is told, and changes nothing of the outcome.

const (
	// secondPerson is how long another person has for the approval, where the customer demands two people.
	secondPerson = 10 * time.Minute
	// usualLimit stands for limits.timeout in runs that an earlier engine has begun.
	usualLimit = 30 * time.Minute
)

// runAttempt carries a wish out, beside the run's own course.
func (r *response) runAttempt(ctx workflow.Context, c incident.Choice) {
	r.wishes++
	r.paused = nil // whether the kill switch is on is asked again
	w := &wish{response: r, choice: c, number: r.wishes, holder: r.people.holder()}
	r.recordIn(ctx, r.chosen(c))
	ctx, w.stop = workflow.WithCancel(r.ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		w.carryOut(ctx)
		w.ended, r.choices.manual = true, nil
	})
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		_ = workflow.Await(ctx, func() bool { return w.ended || w.stopped() != "" })
		w.stop()
	})
}

// wish is one attempt that is made because a person has asked for it.
type wish struct {
	*response
	choice incident.Choice
	number int    // of the run, from 1
	holder string // who had the incident then
	stop   workflow.CancelFunc
	ended  bool
}

// carryOut makes the attempt and records what came of it.
func (w *wish) carryOut(ctx workflow.Context) {
	line := incident.Transition{Key: fmt.Sprintf("manual/%d/result", w.number), Kind: incident.Acted, Phase: incident.HandOver,
		Choice: incident.RunAttempt, Attempt: w.choice.Attempt, By: w.choice.By.Name}
	name := w.plan.Attempts[w.choice.Attempt-1].Name
	result, wanted := w.attempt(ctx)
	if !wanted {
		return // it is in the record that nobody approved it
	}
	line.Outcome, line.Reason = result.Verdict.Outcome, result.Verdict.Reason
	switch {
	case result.Verdict.Outcome == incident.Recovered:
		line.Why = fmt.Sprintf("attempt %d (%q) was made at the wish of %s, and verified", w.choice.Attempt, name, w.choice.By.Name)
	case result.Changed:
		line.Why = fmt.Sprintf("attempt %d (%q) was made at the wish of %s: %s", w.choice.Attempt, name, w.choice.By.Name, result.Verdict.Why)
	default:
		line.Why = fmt.Sprintf("attempt %d (%q), which %s asked for, was not made: %s", w.choice.Attempt, name, w.choice.By.Name, result.Verdict.Why)
	}
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	w.recordIn(disconnected, line)
}

// attempt has the attempt approved where that takes two people, and makes it. It is not wanted when nobody approved. What a
// later step would do may be known only when an earlier one has ended: then it is asked again.
func (w *wish) attempt(ctx workflow.Context) (result RecoveryResult, wanted bool) {
	began := workflow.Now(ctx)
	if err := w.lookAgain(ctx); err != nil {
		return w.failed(ctx, "look before the attempt", err), true
	}
	if !w.plan.TwoPeople {
		return w.make(ctx, nil, began), true
	}
	changed, sent := false, 0
	for again := false; ; again = true {
		granted, ended := w.askAnother(ctx, again)
		switch {
		case granted != nil:
			result = w.make(ctx, granted, workflow.Now(ctx))
		case ended == nil && !changed:
			return result, false
		case ended == nil:
			result.Verdict = Verdict{Outcome: incident.HandedOver, Reason: incident.NotApproved, Why: "its first steps were done, and the rest was not approved"}
		default:
			result = *ended
		}
		changed = changed || result.Changed
		before := sent
		sent = sentOf(w.done, w.choice.Attempt, w.number)
		if again && granted != nil && result.Asks > 0 && sent == before {
			result = RecoveryResult{Verdict: *w.changedTwice(w.choice.Attempt)}
		}
		if granted == nil || result.Asks == 0 {
			result.Changed = changed
			return result, true
		}
	}
}

// make makes the attempt, when its turn comes.
func (w *wish) make(ctx workflow.Context, granted *Granted, began time.Time) (result RecoveryResult) {
	c := w.plan.Case
	c.Deadline = began.Add(cmp.Or(w.plan.Limit, usualLimit))
	for wait := lockWait; ; wait = min(2*wait, maxLockWait) {
		child := workflow.ExecuteChildWorkflow(withRecovery(ctx, c), RecoveryWorkflow, RecoveryInput{
			Case: c, Attempts: w.plan.Attempts, Verify: w.plan.Verify, Done: w.done, From: w.choice.Attempt, Granted: granted,
			Wish: w.number, AsksOn: true,
		})
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		err := child.Get(disconnected, &result)
		if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			w.done, w.changed = latest(w.done, result.Steps), w.changed || result.Changed
			if err != nil || result.Verdict.Outcome != incident.Recovered && w.stopped() != "" {
				failed := w.failed(ctx, "make the attempt", err)
				failed.Changed = result.Changed
				return failed
			}
			return result
		}
		if workflow.Now(ctx).Add(wait).After(c.Deadline) {
			return RecoveryResult{Verdict: Verdict{Outcome: incident.HandedOver, Reason: incident.BusyTarget,
				Why: fmt.Sprintf("another repair of %q did not end in time", c.Target)}}
		}
		if err := workflow.Sleep(ctx, wait); err != nil {
			return w.failed(ctx, "wait for the other repair", err)
		}
	}
}

// failed is the result when somebody has stopped the attempt, or it could not be made.
func (w *wish) failed(ctx workflow.Context, doing string, err error) RecoveryResult {
	v := Verdict{Outcome: incident.TakenOver, Why: w.over()}
	switch {
	case w.paused != nil:
		v = *paused(*w.paused)
	case w.stopped() != "":
	case ctx.Err() != nil:
		v = *cancelledInTemporal()
	case err != nil:
		v = *engineError(doing, err)
	}
	return RecoveryResult{Verdict: v}
}

// lookAgain runs what the attempt's expressions may read, and was not run yet: an incident that was handed over at once was
// never checked.
func (w *wish) lookAgain(ctx workflow.Context) error {
	c := w.plan.Case
	c.Deadline = workflow.Now(ctx).Add(cmp.Or(w.plan.Limit, usualLimit))
	for _, p := range []struct {
		phase incident.Phase
		steps []StepPlan
	}{{incident.Check, w.plan.Check}, {incident.Gather, w.plan.Gather}} {
		if len(p.steps) == 0 || w.round(p.phase) > 0 {
			continue
		}
		run := w.phase(p.phase, p.steps)
		run.Case = c
		steps, err := runSteps(ctx, run)
		w.done = latest(w.done, steps)
		if err != nil {
			return err
		}
	}
	return nil
}

// askAnother asks another person to approve what the first one has asked for. It gives what was approved, or why it cannot
// be; nothing when nobody approved.
func (w *wish) askAnother(ctx workflow.Context, again bool) (*Granted, *RecoveryResult) {
	in := QuestionInput{Attempt: w.choice.Attempt, AskedBy: w.choice.By.Name,
		Approval: ApprovalPlan{Tier: w.tier(0), Within: secondPerson, Otherwise: otherwiseDrop}}
	over := func() bool { return w.over() != "" }
	q, err := w.ask(ctx, question{QuestionInput: in, asker: &w.choice.By, over: over}, w.number, again)
	var answer *incident.Choice
	if err == nil && q.Verdict == nil {
		disconnected, _ := workflow.NewDisconnectedContext(ctx)
		answer = w.awaitAnswer(disconnected, q)
	}
	switch {
	case err != nil || q.Verdict == nil && over():
		failed := w.failed(ctx, "ask another person", err)
		return nil, &failed
	case q.Verdict != nil:
		return nil, &RecoveryResult{Verdict: *q.Verdict}
	case answer == nil || answer.Kind != incident.Grant:
		return nil, nil
	}
	return &Granted{Attempt: q.Attempt, Number: q.Number, Steps: q.Steps}, nil
}

// stopped says in words why the attempt must not go on; empty while it may. That the monitor has resolved the incident may
// be the attempt's success: verification has to tell.
func (w *wish) stopped() string {
	p := &w.people
	switch {
	case w.response.paused != nil:
		return pauseSentence(*w.response.paused)
	case p.resolved != nil && !p.resolvedByMonitor():
		return who(p.resolved.Agent) + " resolved it in PagerDuty"
	case p.taken != nil && p.holder() != w.holder && !p.isWith(w.choice.By):
		return p.sentence(p.taken)
	}
	return ""
}

// over is stopped as long as nothing was done: then an incident that the monitor has resolved needs nothing.
func (w *wish) over() string {
	if why := w.stopped(); why != "" || w.people.resolved == nil {
		return why
	}
	return "the monitor resolved it"
}

// holder names who has the incident, the same person by the same name; empty: nobody.
func (p *people) holder() string {
	if p.taken == nil {
		return ""
	}
	if c, chosen := p.choice(p.taken); chosen {
		return cmp.Or(c.By.PagerDuty, c.By.ID)
	}
	return cmp.Or(p.taken.Agent.ID, p.taken.Agent.Name)
}

// closeChoices waits for what people have asked for, and writes down what came too late. It says whether there was any of
// that, so that people have something to be told still.
func (r *response) closeChoices() (late bool) {
	for {
		c, more := r.choices.next()
		if !more {
			break
		}
		late = true
		line := r.chosen(c)
		line.Kind, line.Phase, line.Why = incident.Chosen, incident.End, line.Why+"; it was over already"
		r.record(line)
		if c.Kind == incident.RunAttempt {
			r.choices.manual = nil
		}
	}
	r.choices.stand = over
	if r.choices.manual != nil {
		late = true
		_ = workflow.Await(r.ctx, func() bool { return r.choices.manual == nil })
	}
	return late
}
