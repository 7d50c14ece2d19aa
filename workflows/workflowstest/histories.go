// Package workflowstest reads what an incident left behind in Temporal, for tests and measurements.
//
// It promises to read only: nothing that it does changes a workflow.
package workflowstest

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

// Histories gives the history of a workflow's latest run and those of the child workflows that it started, by workflow
// id.
func Histories(ctx context.Context, c client.Client, workflowID string) (map[string]*historypb.History, error) {
	found := map[string]*historypb.History{}
	for next := []string{workflowID}; len(next) > 0; next = next[1:] {
		history := new(historypb.History)
		events := c.GetWorkflowHistory(ctx, next[0], "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			e, err := events.Next()
			if err != nil {
				return nil, fmt.Errorf("read the history of %q: %w", next[0], err)
			}
			history.Events = append(history.Events, e)
			if child := e.GetChildWorkflowExecutionStartedEventAttributes(); child != nil {
				next = append(next, child.WorkflowExecution.WorkflowId)
			}
		}
		found[next[0]] = history
	}
	return found, nil
}

// Actions counts what Temporal Cloud would bill for a history, by its published list: starts, signals, activities,
// timers, child workflows (two each, the child's own start is one of them), search attribute upserts, and one for all
// local activities of a workflow task (https://docs.temporal.io/cloud/actions). Retries of activities are not in a
// history and are not counted.
func Actions(h *historypb.History) int {
	n, markers := 0, false
	for _, e := range h.Events {
		switch e.EventType {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
			enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enumspb.EVENT_TYPE_TIMER_STARTED,
			enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
			enumspb.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			n++
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
			markers = false
		case enumspb.EVENT_TYPE_MARKER_RECORDED:
			if !markers {
				n++
			}
			markers = true
		}
	}
	return n
}
