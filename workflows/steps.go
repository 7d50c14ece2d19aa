package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// beat is how often a running step shows that its worker lives, and so how soon it learns that it is cancelled.
const beat = time.Second

// Steps runs quick read-only steps of one phase: one after the other until one ends the phase, or all at once.
func (a *Activities) Steps(ctx context.Context, in StepsInput) ([]incident.Step, error) {
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	if err := a.began(ctx, in.Case, in.Phase, in.Attempt, in.Round); err != nil {
		return nil, err
	}
	runs := make([]*stepRun, len(in.Indices))
	for i, index := range in.Indices {
		key := incident.StepKey{Incident: in.Case.Incident.ID, Run: in.Case.Run, Phase: in.Phase, Attempt: in.Attempt,
			Round: in.Round, Index: index}
		if runs[i], err = a.newStepRun(s, in.Case, key, in.Done, func(any) {}); err != nil {
			return nil, err
		}
	}
	if in.Parallel {
		return allAtOnce(ctx, runs)
	}
	return inTurn(ctx, runs, in.Done)
}

func allAtOnce(ctx context.Context, runs []*stepRun) ([]incident.Step, error) {
	steps, errs := make([]incident.Step, len(runs)), make([]error, len(runs))
	var group sync.WaitGroup
	for i, run := range runs {
		group.Go(func() { steps[i], errs[i] = run.do(ctx) })
	}
	group.Wait()
	for i := range steps {
		steps[i] = trimStep(steps[i])
	}
	return steps, errors.Join(errs...)
}

func inTurn(ctx context.Context, runs []*stepRun, done []incident.Step) ([]incident.Step, error) {
	var steps []incident.Step
	for _, run := range runs {
		run.facts.Steps = latest(done, steps)
		step, err := run.do(ctx)
		if err != nil {
			return steps, err
		}
		steps = append(steps, trimStep(step))
		if step.Status == incident.Failed && run.step.OnError != scenario.Continue {
			break
		}
	}
	return steps, nil
}

// Step runs one step under its action's own name: a slow read-only one, or one that changes something.
func (a *Activities) Step(ctx context.Context, in StepInput) (StepResult, error) {
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return StepResult{}, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	if err := a.began(ctx, in.Case, in.Key.Phase, in.Key.Attempt, in.Key.Round); err != nil {
		return StepResult{}, err
	}
	ctx, stop := keepBeating(ctx)
	defer stop()
	run, err := a.newStepRun(s, in.Case, in.Key, in.Done, func(detail any) { activity.RecordHeartbeat(ctx, detail) })
	if err != nil {
		return StepResult{}, err
	}
	run.granted, run.wish = in.Granted, in.Wish
	var result StepResult
	if run.step.Action.Effect == scenario.Changes {
		result, err = a.change(ctx, run, s)
	} else {
		result.Step, err = run.do(ctx)
	}
	result.Step = trimStep(result.Step)
	return result, err
}

// keepBeating sends heartbeats until it is stopped, whatever the action does.
func keepBeating(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()
	return ctx, cancel
}

// began records that a phase began; only its first step's word counts.
func (a *Activities) began(ctx context.Context, c Case, phase incident.Phase, attempt, round int) error {
	if round > 0 {
		return nil
	}
	t := incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: fmt.Sprintf("phase/%s/%d", phase, attempt), At: a.Now(),
		Kind: incident.PhaseBegan, Phase: phase, Attempt: attempt}
	if err := a.Journal.Append(ctx, []incident.Transition{t}); err != nil {
		return fmt.Errorf("record that %s of incident %q began: %w", phase, c.Incident.ID, err)
	}
	return nil
}

// stepRun is one execution of a step.
type stepRun struct {
	a        *Activities
	of       Case
	step     *scenario.Step
	facts    scenario.Facts
	record   incident.Step
	customer incident.CustomerID
	deadline time.Time
	beat     func(any)

	granted *Granted // what was approved; nil: nothing needs to be
	wish    bool     // a person has asked for it
}

func (a *Activities) newStepRun(s *scenario.Scenario, c Case, key incident.StepKey, done []incident.Step, beat func(any)) (*stepRun, error) {
	step, err := stepAt(s, key)
	if err != nil {
		return nil, err
	}
	facts, err := factsOf(c, done, key.Attempt)
	if err != nil {
		return nil, err
	}
	return &stepRun{
		a: a, of: c, step: step, facts: facts, customer: c.Customer.ID, deadline: c.Deadline, beat: beat,
		record: incident.Step{StepKey: key, ID: step.ID, Name: step.DisplayName(), Action: step.Uses},
	}, nil
}

// stepAt finds a step by its place in the scenario.
func stepAt(s *scenario.Scenario, key incident.StepKey) (*scenario.Step, error) {
	var steps []scenario.Step
	switch key.Phase {
	case incident.Check:
		steps = s.Check
	case incident.Gather:
		steps = s.Gather
	case incident.Verify:
		steps = s.Verify.Steps
	case incident.Recover:
		if key.Attempt >= 1 && key.Attempt <= len(s.Recover) {
			steps = s.Recover[key.Attempt-1].Steps
		}
	}
	if key.Index < 0 || key.Index >= len(steps) {
		return nil, fmt.Errorf("scenario %q has no step %d in %s, attempt %d", s.Name, key.Index, key.Phase, key.Attempt)
	}
	return &steps[key.Index], nil
}

// factsOf gives what expressions may read.
func factsOf(c Case, done []incident.Step, attempt int) (scenario.Facts, error) {
	facts := scenario.Facts{Incident: c.Incident, Customer: c.Customer, Target: c.Target, Steps: done, Attempt: attempt}
	if len(c.Inputs) == 0 {
		return facts, nil
	}
	if err := json.Unmarshal(c.Inputs, &facts.Inputs); err != nil {
		return facts, fmt.Errorf("decode the inputs of incident %q: %w", c.Incident.ID, err)
	}
	return facts, nil
}

// do runs a read-only step, with its retries, judges it and records it. A failure of the step is in the result; an
// error means that it could not be recorded, or that the process stops and another one has to run it again.
func (r *stepRun) do(ctx context.Context) (incident.Step, error) {
	if ready := r.prepare(); ready {
		r.execute(ctx)
		if r.record.Status == incident.Failed && isStopping(ctx) {
			return r.record, fmt.Errorf("run step %q of incident %q: %w", r.record.Name, r.record.Incident, context.Cause(ctx))
		}
	}
	return r.record, r.save(ctx)
}

// isStopping says whether the context has ended because the process stops, and not because somebody stepped in.
func isStopping(ctx context.Context) bool {
	return errors.Is(context.Cause(ctx), worker.ErrWorkerShutdown)
}

// prepare evaluates "if" and the parameters. It is false when there is nothing to run.
func (r *stepRun) prepare() bool {
	r.record.StartedAt = r.a.Now()
	wanted, err := r.step.Wanted(r.facts)
	if err != nil {
		r.fails(incident.Permanent, fmt.Errorf("evaluate if: %w", err))
		return false
	}
	if !wanted {
		r.record.Status, r.record.Note, r.record.EndedAt = incident.Skipped, "its condition is false", r.record.StartedAt
		return false
	}
	if r.record.Params, err = r.step.Render(r.facts); err != nil {
		r.fails(incident.Permanent, fmt.Errorf("render the parameters: %w", err))
		return false
	}
	return true
}

// execute runs the action until it succeeds, or no retry is left.
func (r *stepRun) execute(ctx context.Context) {
	wait := r.step.Retry.Every
	for try := 1; ; try++ {
		err := r.once(ctx)
		if err == nil {
			r.judge()
			return
		}
		var failed *StepError
		kind := incident.Permanent
		if errors.As(err, &failed) {
			kind = failed.Kind
		}
		if kind != incident.Transient || try >= r.step.Retry.Attempts || !r.a.pause(ctx, wait) {
			r.fails(kind, err)
			return
		}
		wait = nextWait(wait, r.step.Retry.Backoff)
	}
}

// once runs the action one time, within its own timeout and what is left of the run.
func (r *stepRun) once(ctx context.Context) error {
	timeout := left(r.a.Now(), r.deadline, r.step.Timeout)
	if timeout == 0 {
		return &StepError{Kind: incident.TimedOut, Err: errors.New("the scenario's limits.timeout ran out before the step")}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	output, err := r.a.Actions.Run(ctx, Call{Key: r.record.StepKey, Action: r.step.Uses, Params: r.record.Params, Customer: r.customer,
		Heartbeat: r.beat})
	if r.record.Output = nil; len(output) > 0 {
		r.record.Output = output
	}
	return err
}

func (r *stepRun) judge() {
	r.record.Status, r.record.EndedAt = incident.Succeeded, r.a.Now()
	if r.step.Healthy == nil {
		return
	}
	r.facts.Output = r.record.Output
	healthy, err := r.step.Judge(r.facts)
	if err != nil {
		r.fails(incident.Permanent, fmt.Errorf("evaluate healthy: %w", err))
		return
	}
	r.record.Healthy = &healthy
}

func (r *stepRun) fails(kind incident.ErrorKind, err error) {
	r.record.Status, r.record.ErrorKind, r.record.Error, r.record.EndedAt = incident.Failed, kind, err.Error(), r.a.Now()
}

// saveTries is how often a step's end is written down before this activity gives up and another one has to find out what
// became of the step. A store that is started again is back by then.
const saveTries = 8

// save records the step even when its context has ended: what was done must be known.
func (r *stepRun) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	wait := 100 * time.Millisecond
	for try := 1; ; try++ {
		err := r.a.StepLog.FinishStep(ctx, r.record)
		if err == nil {
			return nil
		}
		if try == saveTries || !r.a.pause(ctx, wait) {
			return fmt.Errorf("record step %q of incident %q: %w", r.record.Name, r.record.Incident, err)
		}
		wait *= 2
	}
}

// pause waits; it is false when the context ended first.
func (a *Activities) pause(ctx context.Context, d time.Duration) bool {
	if a.Pause != nil {
		return a.Pause(ctx, d)
	}
	return sleep(ctx, d)
}
