package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

func TestAnIncidentThatCannotBeReadGoesToItsCustomer(t *testing.T) {
	b := newBench(t, whole)
	b.pd.fail = map[string]error{"Read": workflows.ErrRefused}
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.EngineError || rec.Customer.ID != "acme" {
		t.Errorf("ended as %s (%s) of customer %q: %s", rec.Outcome, rec.Reason, rec.Customer.ID, rec.Why)
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

// The event was received in time, and then the engine was away: what is repaired now may be in a person's hands for long.
func TestAnIncidentThatHasWaitedForTheEngineIsStale(t *testing.T) {
	b := newBench(t, whole)
	b.pd.inc.CreatedAt = b.created.Add(-5 * time.Hour)
	acknowledgeSoon(b)
	rec := b.runFrom(incident.Event{ID: "E1", Type: incident.EventTriggered, OccurredAt: b.pd.inc.CreatedAt,
		ReceivedAt: b.pd.inc.CreatedAt.Add(time.Second), Incident: "Q1", Service: service})
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Stale {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestObservingClosesNothing(t *testing.T) {
	for name, file := range map[string]string{
		"it is healthy":   observes,
		"it only reports": "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\n" + evidence + "unrecovered: report\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, file)
			b.actions.answers = map[string][]answer{"http.request": {up}, "local.read": {journal}}
			acknowledgeSoon(b)
			if rec := b.run(); rec.Outcome != incident.HandedOver || rec.Reason != incident.Observed {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if slices.Contains(b.pd.done(), "resolve") {
				t.Errorf("it was resolved: %v", b.pd.done())
			}
		})
	}
}
