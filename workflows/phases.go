package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// quickTimeout is the longest timeout of a read-only step that runs inside a workflow task. Longer ones are activities
// of their own, which can be seen while they run and do not hold the workflow up.
const quickTimeout = 10 * time.Second

// phaseRun is one pass over the steps of a read-only phase.
type phaseRun struct {
	Case     Case
	Phase    incident.Phase
	Attempt  int
	Round    int
	Steps    []StepPlan
	Done     []incident.Step
	Parallel bool
}

// runSteps runs the steps and gives their results in order. When a step's failure ends the phase, the results end
// with it.
func runSteps(ctx workflow.Context, p phaseRun) ([]incident.Step, error) {
	if p.Parallel {
		return p.allAtOnce(ctx)
	}
	var results []incident.Step
	for begin := 0; begin < len(p.Steps); {
		end := begin + 1
		if p.Steps[begin].quick() {
			for end < len(p.Steps) && p.Steps[end].quick() {
				end++
			}
		}
		steps, err := p.start(ctx, begin, end, results)()
		results = append(results, steps...)
		if err != nil || len(steps) < end-begin || ended(p.Steps, results) {
			return results, err
		}
		begin = end
	}
	return results, nil
}

// allAtOnce starts everything before it waits for anything.
func (p phaseRun) allAtOnce(ctx workflow.Context) ([]incident.Step, error) {
	var quickOnes []int
	results := make([]incident.Step, len(p.Steps))
	waits := make([]func() ([]incident.Step, error), 0, len(p.Steps))
	places := make([][]int, 0, len(p.Steps))
	for i, s := range p.Steps {
		if s.quick() {
			quickOnes = append(quickOnes, i)
			continue
		}
		waits, places = append(waits, p.start(ctx, i, i+1, nil)), append(places, []int{i})
	}
	if len(quickOnes) > 0 {
		waits, places = append(waits, p.startQuick(ctx, quickOnes, nil)), append(places, quickOnes)
	}
	var firstErr error
	for i, wait := range waits {
		steps, err := wait()
		if err != nil && firstErr == nil {
			firstErr = err
		}
		for j, s := range steps {
			results[places[i][j]] = s
		}
	}
	known := results[:0]
	for _, s := range results {
		if s.Status != "" {
			known = append(known, s)
		}
	}
	return known, firstErr
}

// start begins the steps from begin up to end: quick ones together, a slow one alone.
func (p phaseRun) start(ctx workflow.Context, begin, end int, before []incident.Step) func() ([]incident.Step, error) {
	if p.Steps[begin].quick() {
		indices := make([]int, 0, end-begin)
		for i := begin; i < end; i++ {
			indices = append(indices, i)
		}
		return p.startQuick(ctx, indices, before)
	}
	step := p.Steps[begin]
	f := workflow.ExecuteActivity(seen(ctx, step, p.Case.Deadline), step.Action, StepInput{
		Case: p.Case,
		Key: incident.StepKey{Incident: p.Case.Incident.ID, Run: p.Case.Run, Phase: p.Phase, Attempt: p.Attempt,
			Round: p.Round, Index: begin},
		Done: latest(p.Done, before),
	})
	return func() ([]incident.Step, error) {
		var result StepResult
		if err := f.Get(ctx, &result); err != nil {
			return nil, err
		}
		return []incident.Step{result.Step}, nil
	}
}

func (p phaseRun) startQuick(ctx workflow.Context, indices []int, before []incident.Step) func() ([]incident.Step, error) {
	f := workflow.ExecuteLocalActivity(quick(ctx, p.timeOf(indices)), stepsActivity, StepsInput{
		Case: p.Case, Phase: p.Phase, Attempt: p.Attempt, Round: p.Round, Indices: indices, Parallel: p.Parallel,
		Done: latest(p.Done, before),
	})
	return func() ([]incident.Step, error) {
		var steps []incident.Step
		err := f.Get(ctx, &steps)
		return steps, err
	}
}

// timeOf is the longest that the steps may take: one after the other, or all at once.
func (p phaseRun) timeOf(indices []int) time.Duration {
	var sum, longest time.Duration
	for _, i := range indices {
		t := totalTime(p.Steps[i])
		sum, longest = sum+t, max(longest, t)
	}
	if p.Parallel {
		return longest
	}
	return sum
}

// quick says whether the step runs inside a workflow task, retries included.
func (s StepPlan) quick() bool { return !s.Changes && totalTime(s) <= quickTimeout }

// ended says whether the last result ends its phase.
func ended(plans []StepPlan, results []incident.Step) bool {
	if len(results) == 0 {
		return false
	}
	last := results[len(results)-1]
	return last.Status == incident.Failed && onError(plans, last.Index) != "continue"
}

func onError(plans []StepPlan, i int) string {
	if i < len(plans) {
		return plans[i].OnError
	}
	return "hand_over"
}

// allHealthy says whether every step that ran found health, and at least one did. A step that failed or said nothing
// is not health.
func allHealthy(steps []incident.Step) bool {
	found := false
	for _, s := range steps {
		if s.Status == incident.Skipped {
			continue
		}
		if s.Healthy == nil || !*s.Healthy {
			return false
		}
		found = true
	}
	return found
}

// cause takes Temporal's wrapping off an activity's error.
func cause(err error) error {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return errors.New(app.Message())
	}
	return err
}
