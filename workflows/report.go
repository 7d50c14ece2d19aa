package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Report makes a report and sends it to each place that the configuration names. A Temporal Schedule starts it: a turn that
// was missed, because nothing ran at that time, is caught up, and is still of its own week or month. Each place is by itself:
// that one takes nothing holds no other up.
func Report(ctx workflow.Context, in ReportInput) error {
	if in.At.IsZero() {
		in.At = turn(ctx)
	}
	var due ReportDue
	if err := workflow.ExecuteLocalActivity(persistent(ctx), reportDueActivity, in).Get(ctx, &due); err != nil {
		return fmt.Errorf("ask where the report %q is sent: %w", in.Name, err)
	}
	if err := workflow.Sleep(ctx, due.NotBefore.Sub(workflow.Now(ctx))); err != nil {
		return err
	}
	sent := make([]workflow.Future, len(due.Places))
	for i, place := range due.Places {
		sent[i] = workflow.ExecuteActivity(writing(ctx), deliverReportActivity, DeliverInput{ReportInput: in, Place: place})
	}
	var failed error
	for i, f := range sent {
		if err := f.Get(ctx, nil); err != nil {
			failed = errors.Join(failed, fmt.Errorf("send the report %q to %s: %w", in.Name, due.Places[i], cause(err)))
		}
	}
	return failed
}

// scheduledStart is where Temporal's scheduler says for which time it has started a workflow, however late that was.
var scheduledStart = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// turn is the time of the schedule that this workflow was started for.
func turn(ctx workflow.Context) time.Time {
	if at, ok := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledStart); ok {
		return at
	}
	return workflow.GetInfo(ctx).WorkflowStartTime
}

// ReportDue tells where a report is sent.
func (a *Activities) ReportDue(ctx context.Context, in ReportInput) (ReportDue, error) {
	return a.Reports.Due(ctx, in)
}

// DeliverReport sends a report to one place. What is never taken is not repeated.
func (a *Activities) DeliverReport(ctx context.Context, in DeliverInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	err := a.Reports.Deliver(ctx, in)
	if errors.Is(err, ErrNotTaken) {
		a.Log.Error("send a report", "report", in.Name, "place", in.Place, "err", err)
		return temporal.NewNonRetryableApplicationError(err.Error(), "not_taken", nil)
	}
	return err
}
