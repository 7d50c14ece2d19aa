package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/workflows"
)

// stage runs several incidents, and the digests that they start, at the same time, in one world.
type stage struct {
	*bench
	incidents map[incident.ID]*pagerDuty
	actions   map[incident.ID]*script
}

// stageWorkflow has ours as its children.
func stageWorkflow(ctx workflow.Context, events []incident.Event) error {
	digests := workflow.GetSignalChannel(ctx, "digest")
	running := 0
	start := func(id, name string, in any) {
		running++
		child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: id}), name, in)
		workflow.Go(ctx, func(ctx workflow.Context) {
			if err := child.Get(ctx, nil); err != nil {
				workflow.GetLogger(ctx).Error("a child ended", "id", id, "err", err)
			}
			running--
		})
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var in workflows.DigestInput
			digests.Receive(ctx, &in)
			start(workflows.DigestID(in.Customer, in.End), workflows.DigestWorkflow, in)
		}
	})
	for _, e := range events {
		if err := workflow.Sleep(ctx, e.OccurredAt.Sub(workflow.Now(ctx))); err != nil {
			return err
		}
		start(workflows.WorkflowID(e.Incident), workflows.IncidentWorkflow, workflows.IncidentInput{Event: e})
	}
	return workflow.Await(ctx, func() bool { return running == 0 && digests.Len() == 0 })
}

func newStage(t *testing.T, scenarioFile string) *stage {
	t.Helper()
	s := &stage{bench: newBenchOf(t, scenarioFile, customerWithContacts), incidents: map[incident.ID]*pagerDuty{}, actions: map[incident.ID]*script{}}
	s.world.Incidents, s.world.PagerDuty, s.world.Actions = s, s, s
	s.environment(s.created)
	s.env.SetTestTimeout(time.Minute)
	s.env.RegisterWorkflow(stageWorkflow)
	s.digests.onNew = func(customer incident.CustomerID, end time.Time) {
		s.env.SignalWorkflow("digest", workflows.DigestInput{Customer: customer, End: end})
	}
	return s
}

// breaks adds an incident that begins at that time, and what its actions answer.
func (s *stage) breaks(id incident.ID, at time.Duration, answers map[string][]answer) {
	inc := s.pd.inc
	inc.ID, inc.Title, inc.CreatedAt, inc.Number = id, "trouble "+string(id), s.created.Add(at), len(s.incidents)+1
	s.incidents[id] = &pagerDuty{inc: inc}
	s.actions[id] = &script{answers: answers, used: map[string]int{}}
}

// event tells an incident's workflow what happened in PagerDuty.
func (s *stage) event(id incident.ID, kind incident.EventType, by incident.Agent) {
	s.incidents[id].act(kind, by)
	err := s.env.SignalWorkflowByID(workflows.WorkflowID(id), "event", incident.Event{ID: incident.EventID(fmt.Sprintf("%s/%s@%s", id, kind, s.env.Now())),
		Type: kind, OccurredAt: s.env.Now(), ReceivedAt: s.env.Now(), Agent: by, Incident: id})
	if err != nil {
		s.t.Error(err)
	}
}

// perform plays everything to its end, and gives the records.
func (s *stage) perform() map[incident.ID]incident.Record {
	s.t.Helper()
	var events []incident.Event
	for n := range len(s.incidents) {
		for id, pd := range s.incidents {
			if pd.inc.Number == n+1 {
				events = append(events, incident.Event{ID: incident.EventID("E/" + id), Type: incident.EventTriggered, OccurredAt: pd.inc.CreatedAt,
					ReceivedAt: pd.inc.CreatedAt, Incident: id, Service: service})
			}
		}
	}
	s.env.ExecuteWorkflow(stageWorkflow, events)
	if err := s.env.GetWorkflowError(); err != nil || !s.env.IsWorkflowCompleted() {
		s.t.Fatalf("the stage did not end: %v", err)
	}
	records := map[incident.ID]incident.Record{}
	for id := range s.incidents {
		rec, err := s.store.Record(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		records[id] = rec
	}
	return records
}

func (s *stage) Read(ctx context.Context, id incident.ID) (incident.Incident, error) {
	return s.incidents[id].Read(ctx, id)
}

func (s *stage) Status(ctx context.Context, id incident.ID) (incident.Incident, error) {
	return s.incidents[id].Status(ctx, id)
}

func (s *stage) Acknowledge(ctx context.Context, id incident.ID) error {
	return s.incidents[id].Acknowledge(ctx, id)
}

func (s *stage) AcknowledgeFor(ctx context.Context, id incident.ID, user string) error {
	return s.incidents[id].AcknowledgeFor(ctx, id, user)
}

func (s *stage) Resolve(ctx context.Context, id incident.ID, note string) error {
	return s.incidents[id].Resolve(ctx, id, note)
}

func (s *stage) Note(ctx context.Context, id incident.ID, key, text string, mayExist bool) error {
	return s.incidents[id].Note(ctx, id, key, text, mayExist)
}

func (s *stage) Reassign(ctx context.Context, id incident.ID, policy string) error {
	return s.incidents[id].Reassign(ctx, id, policy)
}

func (s *stage) Snooze(ctx context.Context, id incident.ID, d time.Duration) error {
	return s.incidents[id].Snooze(ctx, id, d)
}

func (s *stage) Run(ctx context.Context, c workflows.Call) (json.RawMessage, error) {
	return s.actions[c.Key.Incident].Run(ctx, c)
}

// digestWindowsChange has the digests told that the customer's windows are others now.
func (s *stage) digestWindowsChange(after time.Duration, windows ...quiethours.Window) {
	s.after(after, func() {
		s.policies.are(windows...)
		for _, end := range s.digests.ends {
			if err := s.env.SignalWorkflowByID(workflows.DigestID("acme", end), "policy", nil); err != nil {
				s.t.Error(err)
			}
		}
	})
}
