package scenariotest

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"shodo/workflows"
)

// registry makes workflows and activities known to the test environment. It lets steps take time, and puts into an
// order what is otherwise done at the same time: PagerDuty is told before Slack, so that what they say is always the
// same.
type registry struct {
	env   *testsuite.TestWorkflowEnvironment
	clock *clock
	mu    sync.Mutex
	noted map[int]chan struct{} // closed when PagerDuty has been told, by round
}

type (
	notePagerDuty = func(context.Context, workflows.TellInput) (bool, error)
	postSlack     = func(context.Context, workflows.TellInput) (workflows.ToldSlack, error)
)

func (r *registry) RegisterWorkflowWithOptions(w any, o workflow.RegisterOptions) {
	r.env.RegisterWorkflowWithOptions(w, o)
}

func (r *registry) RegisterActivityWithOptions(a any, o activity.RegisterOptions) {
	switch do := a.(type) {
	case stepFunc:
		a = r.clock.timed(do)
	case notePagerDuty:
		a = notePagerDuty(func(ctx context.Context, in workflows.TellInput) (bool, error) {
			taken, err := do(ctx, in)
			if err == nil { // otherwise it is tried again
				close(r.round(in.Round))
			}
			return taken, err
		})
	case postSlack:
		a = postSlack(func(ctx context.Context, in workflows.TellInput) (workflows.ToldSlack, error) {
			select {
			case <-r.round(in.Round):
			case <-ctx.Done():
			}
			return do(ctx, in)
		})
	}
	r.env.RegisterActivityWithOptions(a, o)
}

func (r *registry) round(n int) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.noted[n] == nil {
		r.noted[n] = make(chan struct{})
	}
	return r.noted[n]
}
