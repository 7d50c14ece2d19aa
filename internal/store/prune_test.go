package store_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// A table whose rows belong to incidents goes with them, or it says here why not.
func TestPruneKnowsAllTables(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	tables, err := s.TablesOfIncidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stays := []string{
		"incidents",  // deleted by itself
		"deliveries", // they have a retention of their own
		"imported",   // what was pruned is not brought again by the next import
	}
	want := slices.Sorted(slices.Values(append(stays, store.OfIncident...)))
	if !slices.Equal(tables, want) {
		t.Errorf("tables with a column incident: %v; pruned, or said to stay: %v", tables, want)
	}
}

// Whoever is still to be told of an incident, because a window defers it, is told although its retention is over; and of an
// incident that is open every webhook stays.
func TestPruneKeepsWhatGoesOn(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx := open(t, url), t.Context()
		began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		for n, id := range []incident.ID{"DEFERRED", "OPEN", "OVER"} {
			d := event(n)
			d.Incident, d.State, d.ReceivedAt = id, incident.Handed, began
			if _, _, err := s.PutDelivery(ctx, d); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Begin(ctx, incident.Record{Incident: incident.Incident{ID: id, CreatedAt: began}, WorkflowRun: "run"}); err != nil {
				t.Fatal(err)
			}
		}
		wait := incident.Transition{Incident: "DEFERRED", Run: 1, Key: "deferred/contact/1", At: began, Kind: incident.Deferred,
			Question: incident.Contact, Until: began.AddDate(0, 0, 9)}
		end := incident.Transition{Run: 1, Key: "response_end", At: began.Add(time.Hour), Kind: incident.ResponseEnd}
		lines := []incident.Transition{wait, end, end}
		lines[1].Incident, lines[2].Incident = "DEFERRED", "OVER"
		if err := s.Append(ctx, lines); err != nil {
			t.Fatal(err)
		}
		keep := store.Retention{Incidents: 24 * time.Hour, Alerts: 24 * time.Hour, StepOutputs: 24 * time.Hour, Deliveries: 72 * time.Hour}
		prunes := func(want store.Pruned) {
			t.Helper()
			now := began.AddDate(0, 0, 8)
			if p, err := s.Prunable(ctx, keep, now); err != nil || p != want {
				t.Errorf("to prune: %+v, error %v; want %+v", p, err, want)
			}
			if p, err := s.Prune(ctx, keep, now); err != nil || p != want {
				t.Errorf("pruned: %+v, error %v; want %+v", p, err, want)
			}
		}
		prunes(store.Pruned{Incidents: 1, Deliveries: 2})
		if list, err := s.OpenDeferrals(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d wait, error %v", len(list), err)
		}
		if list, err := s.Deliveries(ctx, "OPEN"); err != nil || len(list) != 1 {
			t.Errorf("%d webhooks of the open incident, error %v", len(list), err)
		}
		told := incident.Transition{Incident: "DEFERRED", Run: 1, Key: "told", At: began.AddDate(0, 0, 9), Kind: incident.ToldContact, Question: incident.Contact}
		end.Incident = "OPEN"
		if err := s.Append(ctx, []incident.Transition{told, end}); err != nil {
			t.Fatal(err)
		}
		prunes(store.Pruned{Incidents: 2, Deliveries: 1})
	})
}
