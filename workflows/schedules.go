package workflows

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

// catchUp is how long ago a turn of a schedule may have been missed, and is still made up for.
const catchUp = 31 * 24 * time.Hour

// ReportSchedule says when a report is sent.
type ReportSchedule struct {
	Name     string
	Cron     string // five fields
	TimeZone string // of cron; empty: UTC
}

// note is what the schedule was made from, for people and for put: Temporal keeps the times in another form.
func (r ReportSchedule) note() string { return strings.TrimSpace(r.Cron + " " + r.TimeZone) }

// Schedules keeps Temporal's Schedules as the configuration says, and starts reports by hand.
type Schedules struct{ client client.Client }

// NewSchedules makes one.
func NewSchedules(c client.Client) *Schedules { return &Schedules{client: c} }

// Sync makes, changes and removes schedules until there is one for each report, and no other. Several processes may do it at
// the same time.
func (s *Schedules) Sync(ctx context.Context, reports []ReportSchedule) error {
	wanted := map[string]bool{}
	for _, r := range reports {
		wanted[reportScheduleID(r.Name)] = true
		if err := s.put(ctx, r); err != nil {
			return fmt.Errorf("schedule the report %q: %w", r.Name, err)
		}
	}
	list, err := s.client.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 100})
	if err != nil {
		return fmt.Errorf("list the schedules of reports: %w", err)
	}
	for list.HasNext() {
		one, err := list.Next()
		if err != nil {
			return fmt.Errorf("list the schedules of reports: %w", err)
		}
		if !strings.HasPrefix(one.ID, reportSchedules) || wanted[one.ID] {
			continue
		}
		var gone *serviceerror.NotFound
		if err := s.client.ScheduleClient().GetHandle(ctx, one.ID).Delete(ctx); err != nil && !errors.As(err, &gone) {
			return fmt.Errorf("remove the schedule %q: %w", one.ID, err)
		}
	}
	return nil
}

// put makes one schedule, or changes it. One that is as it should be is left alone: after a change Temporal does not make up
// for the turns that were missed before.
func (s *Schedules) put(ctx context.Context, r ReportSchedule) error {
	spec := client.ScheduleSpec{CronExpressions: []string{r.Cron}, TimeZoneName: r.TimeZone}
	action := &client.ScheduleWorkflowAction{
		ID: reportScheduleID(r.Name), Workflow: ReportWorkflow, Args: []any{ReportInput{Name: r.Name}}, TaskQueue: TaskQueue,
	}
	_, err := s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: reportScheduleID(r.Name), Spec: spec, Action: action,
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, CatchupWindow: catchUp, Note: r.note(),
	})
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return err
	}
	err = s.client.ScheduleClient().GetHandle(ctx, reportScheduleID(r.Name)).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			changed := in.Description.Schedule
			if changed.State != nil && changed.State.Note == r.note() {
				return nil, temporal.ErrSkipScheduleUpdate
			}
			state := client.ScheduleState{Note: r.note()}
			if changed.State != nil {
				state.Paused = changed.State.Paused // by an operator
			}
			changed.State = &state
			changed.Spec, changed.Action = &spec, action
			changed.Policy = &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL, CatchupWindow: catchUp}
			return &client.ScheduleUpdate{Schedule: &changed}, nil
		},
	})
	if errors.Is(err, temporal.ErrSkipScheduleUpdate) {
		return nil
	}
	return err
}

// SendReport starts a report by hand. The same wish again changes nothing.
func (s *Schedules) SendReport(ctx context.Context, in ReportInput) error {
	_, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: reportScheduleID(in.Name) + "/" + in.Again, TaskQueue: TaskQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	}, ReportWorkflow, in)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) {
		return fmt.Errorf("start the report %q: %w", in.Name, err)
	}
	return nil
}
