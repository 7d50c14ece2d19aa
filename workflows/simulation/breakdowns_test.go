package simulation

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// How often what breaks.
const (
	notRun     = 0.02 // an activity is not run
	answerLost = 0.03 // it was run, and nobody knows
	diesWithin = 0.01 // the process ends right after something was sent or written
)

// died is what the process says when it ends in the middle of an activity.
type died struct{ what string }

// die ends the process, that is the activity that runs, at times.
func (w *town) die(id incident.ID, what ...any) {
	rng := draw(w.plan.seed, append([]any{w.plan.customer, "die", id, w.now().Unix()}, what...)...)
	if chance(rng, diesWithin) {
		w.figures.deaths.Add(1)
		panic(died{"the process died"})
	}
}

// breakdowns makes activities fail, keeps everything waiting while the engine is away, and has Temporal repeat activities
// as often as a server does: its test environment gives up after ten times.
type breakdowns struct {
	interceptor.WorkerInterceptorBase
	town *town
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (b *breakdowns) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	i := &breaking{town: b.town}
	i.Next = next
	return i
}

type breaking struct {
	interceptor.ActivityInboundInterceptorBase
	town *town
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (b *breaking) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info, w := activity.GetInfo(ctx), b.town
	if wait := w.untilBack(0); wait > 0 && !info.IsLocalActivity { // it was retried; new ones are held by waiting
		return nil, temporal.NewApplicationErrorWithOptions("the engine is away", "away", temporal.ApplicationErrorOptions{NextRetryDelay: wait})
	}
	rng := draw(w.plan.seed, w.plan.customer, "activity", info.WorkflowExecution.ID, info.ActivityType.Name, info.Attempt, w.now().Unix())
	if chance(rng, notRun) {
		w.figures.deaths.Add(1)
		return nil, errors.New("the process died before the activity began")
	}
	result, err := b.Next.ExecuteActivity(ctx, in)
	if err == nil && chance(rng, answerLost) {
		w.figures.deaths.Add(1)
		return nil, errors.New("the process died before the activity's answer was known")
	}
	return result, err
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (b *breakdowns) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	i := &waitingInbound{town: b.town}
	i.Next = next
	return i
}

type waitingInbound struct {
	interceptor.WorkflowInboundInterceptorBase
	town *town
}

// Init implements interceptor.WorkflowInboundInterceptor.
func (i *waitingInbound) Init(next interceptor.WorkflowOutboundInterceptor) error {
	out := &waiting{town: i.town}
	out.Next = next
	return i.Next.Init(out)
}

type waiting struct {
	interceptor.WorkflowOutboundInterceptorBase
	town *town
}

// ExecuteActivity implements interceptor.WorkflowOutboundInterceptor.
func (o *waiting) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	opts := workflow.GetActivityOptions(ctx)
	if opts.RetryPolicy != nil && opts.RetryPolicy.MaximumAttempts == 0 {
		retry := *opts.RetryPolicy
		retry.MaximumAttempts = 1 << 30
		opts.RetryPolicy = &retry
		ctx = workflow.WithActivityOptions(ctx, opts)
	}
	return o.held(ctx, func(ctx workflow.Context) workflow.Future { return o.Next.ExecuteActivity(ctx, name, args...) })
}

// ExecuteLocalActivity implements interceptor.WorkflowOutboundInterceptor.
func (o *waiting) ExecuteLocalActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	return o.held(ctx, func(ctx workflow.Context) workflow.Future { return o.Next.ExecuteLocalActivity(ctx, name, args...) })
}

// held does what is to be done when the engine is there.
func (o *waiting) held(ctx workflow.Context, do func(workflow.Context) workflow.Future) workflow.Future {
	wait := o.town.untilBack(0)
	if wait <= 0 {
		return do(ctx)
	}
	future, set := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		// A cancellation reaches the workflow when the engine is there again, too.
		quiet, _ := workflow.NewDisconnectedContext(ctx)
		_ = workflow.Sleep(quiet, wait+time.Second)
		set.Chain(do(ctx))
	})
	return future
}
