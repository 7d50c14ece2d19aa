package workflows_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"shodo/internal/incident"
	"shodo/workflows"
)

// The process stops while a step runs, and the step does not end within stop_timeout: its context ends. Nobody stepped
// in, so the step is not recorded as one that a person has cancelled.
func TestAStepThatAStopCuts(t *testing.T) {
	for _, c := range []struct {
		name, action string
		key          incident.StepKey
		again        bool // another worker runs it again
	}{
		{"a change has an unknown effect", "local.run", incident.StepKey{Phase: incident.Recover, Attempt: 1}, false},
		{"what only reads is repeated", "local.read", incident.StepKey{Phase: incident.Gather}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			running, stop := context.WithCancelCause(t.Context())
			b.actions.answers[c.action] = []answer{{hangs: true, do: func() { stop(worker.ErrWorkerShutdown) }}}
			in := workflows.StepInput{Case: b.pin(), Key: c.key}
			in.Key.Incident, in.Key.Run = "Q1", 1

			result, err := b.runStep(running, c.action, in)
			if (err != nil) != c.again {
				t.Fatalf("result %+v, error %v", result, err)
			}
			known, found, err := b.store.FindStep(t.Context(), in.Key)
			if err != nil {
				t.Fatal(err)
			}
			if found == c.again || found && (known.Status != incident.Failed || known.ErrorKind != incident.UnknownEffect) {
				t.Errorf("the record has: %v, %s %s (%s)", found, known.Status, known.ErrorKind, known.Error)
			}
		})
	}
}

// pin opens the record of the incident, and gives its case.
func (b *bench) pin() workflows.Case {
	b.t.Helper()
	d := b.world.Catalog().Decide(b.pd.inc)
	if _, err := b.store.Begin(b.t.Context(), incident.Record{Incident: b.pd.inc, WorkflowRun: "R1", ReceivedAt: b.created}); err != nil {
		b.t.Fatal(err)
	}
	return workflows.Case{Incident: b.pd.inc, Run: 1, Customer: d.Customer.Facts(), Scenario: d.Scenario.Pinned(),
		Target: d.Target, Deadline: b.env.Now().Add(time.Hour)}
}

// runStep runs one step as a worker does.
func (b *bench) runStep(ctx context.Context, action string, in workflows.StepInput) (result workflows.StepResult, err error) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	env.RegisterActivityWithOptions((&workflows.Activities{World: b.world}).Step, activity.RegisterOptions{Name: action})
	value, err := env.ExecuteActivity(action, in)
	if err == nil {
		err = value.Get(&result)
	}
	return result, err
}
