package scenariotest

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"shodo/workflows"
)

// clock lets steps take some of the case's time. Temporal's test environment stands still while an activity runs, and
// moves on while it waits to try one again. So a step that waits goes on in the background while its activity reports
// "try again when that time is over"; meanwhile other things happen, such as a person who takes over.
type clock struct {
	mu      sync.Mutex
	running map[string]*execution // by activity
}

// execution is one run of a step as an activity of its own.
type execution struct {
	cancel   context.CancelFunc
	waits    chan time.Duration // the step begins to wait
	goOn     chan struct{}      // its time is over
	finished chan struct{}      // closed when it has ended; then result and err may be read
	result   workflows.StepResult
	err      error
}

type executionKey struct{}

func newClock(env *testsuite.TestWorkflowEnvironment) *clock {
	c := &clock{running: map[string]*execution{}}
	env.SetOnActivityCanceledListener(func(info *activity.Info) { c.cancelled(nameOf(*info)) })
	return c
}

// nameOf tells an activity from all others of the case.
func nameOf(info activity.Info) string { return info.WorkflowExecution.RunID + "/" + info.ActivityID }

type stepFunc = func(context.Context, workflows.StepInput) (workflows.StepResult, error)

// timed is the same activity for a step that may take time.
func (c *clock) timed(step stepFunc) stepFunc {
	return func(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
		name := nameOf(activity.GetInfo(ctx))
		e := c.continued(name)
		if e == nil {
			e = c.begin(ctx, name, step, in)
		}
		select {
		case <-e.finished:
			c.forget(name)
			return e.result, e.err
		case d := <-e.waits:
			return workflows.StepResult{}, temporal.NewApplicationErrorWithOptions("the step goes on", "waits",
				temporal.ApplicationErrorOptions{NextRetryDelay: d})
		}
	}
}

func (c *clock) begin(ctx context.Context, name string, step stepFunc, in workflows.StepInput) *execution {
	e := &execution{waits: make(chan time.Duration), goOn: make(chan struct{}), finished: make(chan struct{})}
	ctx, e.cancel = context.WithCancel(context.WithValue(context.WithoutCancel(ctx), executionKey{}, e))
	c.mu.Lock()
	c.running[name] = e
	c.mu.Unlock()
	go func() {
		defer close(e.finished)
		defer e.cancel()
		e.result, e.err = step(ctx, in)
	}()
	return e
}

// continued lets a step that waited go on; nil when there is none.
func (c *clock) continued(name string) *execution {
	c.mu.Lock()
	e := c.running[name]
	c.mu.Unlock()
	if e != nil {
		select {
		case e.goOn <- struct{}{}:
		case <-e.finished:
		}
	}
	return e
}

func (c *clock) forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, name)
}

// cancelled ends a step that nobody waits for any more. What it has to record is recorded before time goes on.
func (c *clock) cancelled(name string) {
	c.mu.Lock()
	e := c.running[name]
	c.mu.Unlock()
	if e != nil {
		e.cancel()
		<-e.finished
	}
}

// pass lets time pass within a step; false: the step was cancelled meanwhile. A quick step runs inside the workflow's
// own task, where no time passes.
func pass(ctx context.Context, d time.Duration) bool {
	e, ok := ctx.Value(executionKey{}).(*execution)
	if !ok || d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case e.waits <- d:
	case <-ctx.Done():
		return false
	}
	select {
	case <-e.goOn:
		return true
	case <-ctx.Done():
		return false
	}
}
