package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// Whoever is in the scope of a pause that cancels is told once, again when it could not be told, and again after a restart;
// nobody else is.
func TestWhomAPauseStops(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	for _, r := range []struct {
		id       incident.ID
		customer incident.CustomerID
		scenario incident.ScenarioName
		received time.Time
		over     bool
	}{
		{"QACME", "acme", "disk", at.Add(-time.Hour), false},
		{"QWEB", "acme", "web", at.Add(30 * time.Second), false}, // by a clock that is a little ahead
		{"QOTHER", "other", "disk", at.Add(-time.Hour), false},
		{"QLATER", "acme", "disk", at.Add(time.Hour), false}, // it was handed over when it came
		{"QOVER", "acme", "disk", at.Add(-time.Hour), true},
	} {
		rec := incident.Record{WorkflowRun: "run-" + string(r.id), Customer: incident.Customer{ID: r.customer}, Match: incident.Match{Scenario: r.scenario}, ReceivedAt: r.received,
			Phase: incident.Intake, Incident: incident.Incident{ID: r.id, Status: incident.Triggered, CreatedAt: r.received}}
		if _, err := s.Begin(ctx, rec); err != nil {
			t.Fatal(err)
		}
		if r.over {
			err := s.Append(ctx, []incident.Transition{{Incident: r.id, Run: 1, Key: "end", At: at, Kind: incident.ResponseEnd}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var told []string
	var fails error
	k := newKillSwitch(s, func(_ context.Context, id incident.ID, p incident.Pause) error {
		told = append(told, fmt.Sprintf("%s of %s", id, p.ID))
		return fails
	}, slog.New(slog.DiscardHandler))
	known := map[stopped]bool{}
	look := func(what string, wantErr bool, want ...string) {
		t.Helper()
		told = nil
		if err := k.tellAll(ctx, known); (err != nil) != wantErr {
			t.Errorf("%s: error %v", what, err)
		}
		slices.Sort(told)
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s: told (-want +got):\n%s", what, diff)
		}
	}
	add := func(p incident.Pause) {
		t.Helper()
		p.At, p.By = at, "Sato"
		if err := k.AddPause(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	look("nothing is paused", false)
	add(incident.Pause{ID: "P1", Scope: incident.PauseAll})
	look("running steps are let finish", false)
	add(incident.Pause{ID: "P2", Scope: incident.PauseCustomer, Name: "acme", Cancel: true})
	fails = errors.New("temporal is away")
	look("nobody can be told", true, "QACME of P2", "QWEB of P2")
	fails = nil
	look("it is tried again", false, "QACME of P2", "QWEB of P2")
	look("all have been told", false)
	add(incident.Pause{ID: "P3", Scope: incident.PauseScenario, Name: "disk", Cancel: true})
	look("another one", false, "QACME of P3", "QOTHER of P3")
	known = map[stopped]bool{}
	look("after a restart", false, "QACME of P2", "QACME of P3", "QOTHER of P3", "QWEB of P2")
	for _, id := range []string{"P2", "P3"} {
		if _, err := k.EndPause(ctx, id, "Ueno", at.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	look("resumed", false)
	if len(known) != 0 {
		t.Errorf("remembered for ever: %v", known)
	}
}
