package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The presets of how activities are run. Each names what it is for.

const (
	lockWait    = 5 * time.Second // the first wait for a target's lock
	maxLockWait = time.Minute

	heartbeat = 10 * time.Second // without one for this long, a worker is taken for dead
	grace     = 20 * time.Second // for writing a step's end down
	// bookkeeping is for what comes before a step is sent and after it: PagerDuty alone may make a request wait 90 seconds.
	bookkeeping = 3 * time.Minute
)

// quick is for idempotent work inside the workflow task, which takes as long as its steps, if it has any.
func quick(ctx workflow.Context, steps time.Duration) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: steps + time.Minute,
		RetryPolicy:         untilDone(),
	})
}

// patient is for intake, which needs PagerDuty: longer than its rate limit lasts, and than a short outage.
func patient(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    2 * time.Minute,
		ScheduleToCloseTimeout: 10 * time.Minute,
		RetryPolicy:            untilDone(),
	})
}

// closingOnce is for one try to carry an automatic outcome out.
func closingOnce(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// closing is closingOnce in runs that an earlier engine has begun: it is tried again whoever takes the incident.
func closing(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    2 * time.Minute,
		ScheduleToCloseTimeout: closeWithin,
		RetryPolicy:            untilDone(),
	})
}

// persistent is for what has to happen, however long the store is away. Each try costs the history several events, of
// which it can hold 50,000: so the waits become longer.
func persistent(ctx workflow.Context) workflow.Context {
	retry := untilDone()
	retry.MaximumInterval = 5 * time.Minute
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    time.Minute,
		ScheduleToCloseTimeout: 365 * 24 * time.Hour,
		RetryPolicy:            retry,
	})
}

// asking is for what comes before a person is told: whether one may be woken, or asked, and for what. When that cannot be
// found out for this long, one is woken.
func asking(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    time.Minute,
		ScheduleToCloseTimeout: 10 * time.Minute,
		RetryPolicy:            untilDone(),
	})
}

// silencing is for snoozes: as telling, but nothing goes on before a snooze that is given up has ended.
func silencing(ctx workflow.Context) workflow.Context {
	ctx = telling(ctx)
	opts := workflow.GetActivityOptions(ctx)
	opts.WaitForCancellation = true
	return workflow.WithActivityOptions(ctx, opts)
}

// telling is for messages to people: long enough for the other side's rate limits, repeated until it is taken. Its
// heartbeat is what makes a crash delay a message by seconds, and not by all of that time.
func telling(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:    heartbeat,
		RetryPolicy:         untilDone(),
	})
}

// questioning is telling for what is of no use once its time is over.
func questioning(ctx workflow.Context, until time.Time) workflow.Context {
	ctx = telling(ctx)
	opts := workflow.GetActivityOptions(ctx)
	opts.ScheduleToCloseTimeout = max(until.Sub(workflow.Now(ctx)), time.Second)
	return workflow.WithActivityOptions(ctx, opts)
}

// writing is for messages that wake nobody: repeated as long as they are worth something, without hurry.
func writing(ctx workflow.Context) workflow.Context {
	retry := untilDone()
	retry.MaximumInterval = 5 * time.Minute
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    5 * time.Minute,
		ScheduleToCloseTimeout: 7 * 24 * time.Hour,
		HeartbeatTimeout:       heartbeat,
		RetryPolicy:            retry,
	})
}

// reading is for questions to the record that take in many incidents.
func reading(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout:    5 * time.Minute,
		ScheduleToCloseTimeout: time.Hour,
		RetryPolicy:            untilDone(),
	})
}

// seen is for a step under its action's own name, which can be watched while it runs, and cancelled. Temporal may start
// it again after a crash: a reading one is repeated; of a changing one the store knows whether it was sent, and it never
// gives an error that Temporal would answer with a repetition of the change.
func seen(ctx workflow.Context, s StepPlan, deadline time.Time) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    totalTime(s) + bookkeeping,
		ScheduleToCloseTimeout: max(deadline.Sub(workflow.Now(ctx)), 0) + bookkeeping,
		HeartbeatTimeout:       heartbeat,
		WaitForCancellation:    true,
		RetryPolicy:            untilDone(),
	})
}

// withRecovery is for the child that repairs one target at a time.
func withRecovery(ctx workflow.Context, c Case) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            recoveryID(c.Customer.ID, c.Target),
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WaitForCancellation:   true,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			keyword(CustomerAttribute, string(c.Customer.ID)),
			keyword(DepartmentAttribute, c.Customer.Department),
			keyword(ScenarioAttribute, string(c.Scenario.Name)),
		),
	})
}

func keyword(name, value string) temporal.SearchAttributeUpdate {
	return temporal.NewSearchAttributeKeyKeyword(name).ValueSet(value)
}

func untilDone() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Minute}
}

// totalTime is the longest that a step may take, its own retries included.
func totalTime(s StepPlan) time.Duration {
	total, wait := s.Timeout, s.Retry.Every
	for range max(s.Retry.Attempts-1, 0) {
		total += wait + s.Timeout
		wait = nextWait(wait, s.Retry.Backoff)
	}
	return total
}

func nextWait(wait time.Duration, backoff float64) time.Duration {
	if backoff > 1 {
		return time.Duration(float64(wait) * backoff)
	}
	return wait
}

// left cuts a timeout to what is left of the run.
func left(now, deadline time.Time, timeout time.Duration) time.Duration {
	return max(min(timeout, deadline.Sub(now)), 0)
}
