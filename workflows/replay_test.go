package workflows_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/encoding/protojson"

	"shodo/internal/incident"
	"shodo/workflows"
)

// An incident may wait for weeks, and outlive several versions of the engine: what an earlier one has written goes on
// with the present code. testdata/histories has one incident per outcome, in folders that are named after what the engine
// did not know yet; package app's tests record them.
func TestHistoriesOfEarlierVersions(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no histories: %v", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			if err := replay(readHistory(t, file)); err != nil {
				t.Error(err)
			}
		})
	}
}

// The incident is reopened at the moment when the last thing that its run has waited for ends: the next run begins.
func TestAnEventThatComesWithTheLastTask(t *testing.T) {
	history := readHistory(t, "testdata/histories/with-choices/recovered-and-told.incident.json")
	events := history.Events
	last := len(events) - 4 // a task is scheduled, is started, is completed, and with it the workflow
	in, err := converter.GetDefaultDataConverter().ToPayloads(incident.Event{ID: "AGAIN", Type: incident.EventReopened,
		Incident: "Q1", OccurredAt: events[last].EventTime.AsTime(), Agent: human})
	if err != nil {
		t.Fatal(err)
	}
	reopened := &historypb.HistoryEvent{EventId: events[last].EventId, EventTime: events[last].EventTime,
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
			WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: "event", Input: in}}}
	for _, e := range events[last:] {
		e.EventId++
	}
	events[last+1].GetWorkflowTaskStartedEventAttributes().ScheduledEventId++
	events[last+2].GetWorkflowTaskCompletedEventAttributes().ScheduledEventId++
	events[last+2].GetWorkflowTaskCompletedEventAttributes().StartedEventId++
	events[last+3].EventType = enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
	events[last+3].Attributes = &historypb.HistoryEvent_WorkflowExecutionContinuedAsNewEventAttributes{
		WorkflowExecutionContinuedAsNewEventAttributes: &historypb.WorkflowExecutionContinuedAsNewEventAttributes{}}
	history.Events = slices.Insert(events, last, reopened)
	if err := replay(history); err != nil {
		t.Error(err)
	}
}

func readHistory(t *testing.T, file string) *historypb.History {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var history historypb.History
	if err := protojson.Unmarshal(text, &history); err != nil {
		t.Fatal(err)
	}
	return &history
}

// replay runs the present code against a history, and tells where it does something else.
func replay(history *historypb.History) error {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Incident, workflow.RegisterOptions{Name: workflows.IncidentWorkflow})
	replayer.RegisterWorkflowWithOptions(workflows.Recovery, workflow.RegisterOptions{Name: workflows.RecoveryWorkflow})
	replayer.RegisterWorkflowWithOptions(workflows.Digest, workflow.RegisterOptions{Name: workflows.DigestWorkflow})
	return replayer.ReplayWorkflowHistory(nil, history)
}
