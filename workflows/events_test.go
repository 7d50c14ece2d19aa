package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

// at is an event as PagerDuty sent it, whenever it arrives.
func (b *bench) at(id incident.EventID, kind incident.EventType, occurred time.Duration, by incident.Agent) incident.Event {
	return incident.Event{ID: id, Type: kind, OccurredAt: b.created.Add(occurred), ReceivedAt: b.env.Now(), Agent: by,
		Incident: "Q1", Service: service}
}

func TestAnUnreadableEventCallsAPerson(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration
	}{{"while the repair is verified", 5 * time.Second}, {"while the first tier is asked", 3 * time.Minute}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
			b.after(c.after, func() {
				b.env.SignalWorkflow("event", incident.Event{ID: "broken", Type: incident.EventUnreadable, ReceivedAt: b.env.Now(), Incident: "Q1"})
			})
			b.after(20*time.Minute, func() { b.person(incident.EventAcknowledged) })
			rec := b.run()
			if rec.Outcome != incident.HandedOver {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if d := cmp.Diff([]string{"#first", "#second"}, b.slack.sent); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			if rec.TakenBy != human.Name {
				t.Errorf("taken by %q, want %q", rec.TakenBy, human.Name)
			}
		})
	}
}

func TestAPersonWhoLetsGoWhileTheRepairStopsIsFollowedByTheTiers(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {{hangs: true, do: func() {
		b.env.SignalWorkflow("event", b.at("A", incident.EventAcknowledged, time.Minute, human))
		b.env.SignalWorkflow("event", b.at("B", incident.EventUnacknowledged, 2*time.Minute, incident.Agent{}))
	}}}}
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.TakenOver || rec.Why != "Aiko Tanaka acknowledged it in PagerDuty" {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if !slices.Contains(b.pd.done(), "page PFIRST") {
		t.Errorf("nobody was paged: %v", b.pd.done())
	}
}

func TestEventsThatArriveInTheWrongOrder(t *testing.T) {
	t.Run("the acknowledgement that ran out comes after the one that holds", func(t *testing.T) {
		b := newBench(t, whole)
		b.pd.act(incident.EventAcknowledged, human)
		b.after(time.Minute, func() {
			b.env.SignalWorkflow("event", b.at("B", incident.EventAcknowledged, 50*time.Second, human))
			b.env.SignalWorkflow("event", b.at("A", incident.EventUnacknowledged, 40*time.Second, incident.Agent{}))
		})
		b.run()
		if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
			t.Errorf("told (-want +got):\n%s", d)
		}
	})
	t.Run("the resolution comes after the reopening", func(t *testing.T) {
		b := newBench(t, whole)
		b.pd.act(incident.EventAcknowledged, human)
		b.after(time.Minute, func() {
			b.env.SignalWorkflow("event", b.at("B", incident.EventReopened, 50*time.Second, human))
			b.env.SignalWorkflow("event", b.at("A", incident.EventResolved, 40*time.Second, human))
		})
		b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: b.at("E1", incident.EventTriggered, 0, incident.Agent{})})
		var again *workflow.ContinueAsNewError
		if err := b.env.GetWorkflowError(); !errors.As(err, &again) {
			t.Fatalf("no new run was started: %v", err)
		}
	})
	t.Run("what came before the reopening comes after it", func(t *testing.T) {
		b := newBench(t, whole)
		b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
		b.after(time.Second, func() {
			b.env.SignalWorkflow("event", b.at("A", incident.EventResolved, -time.Minute, human))
		})
		if rec := b.runFrom(b.at("E9", incident.EventReopened, 0, human)); rec.Outcome != incident.Recovered {
			t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
	})
}
