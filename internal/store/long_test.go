package store_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store/postgrestest"
)

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("SQLite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "store.db")) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, postgrestest.NewStore(t)) })
}

// veryLong is a text of 100 kB that cannot be compressed, and so does not fit into an index of PostgreSQL.
func veryLong(seed uint64) string {
	var b strings.Builder
	for r := rand.New(rand.NewPCG(seed, 0)); b.Len() < 100_000; {
		fmt.Fprintf(&b, "%x", r.Uint64())
	}
	return b.String()
}

// Names and targets of any length are stored, and found again by the same name; two long ones that begin alike stay two.
func TestLongNames(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s, ctx, now := open(t, url), t.Context(), time.Now()
		tail := veryLong(1)
		one, other := tail+"-1", tail+"-2"
		for n, name := range []string{one, other, one} {
			d := event(n)
			d.ID, d.Incident, d.Service = incident.EventID(name), incident.ID(name), incident.ServiceID(name)
			if _, fresh, err := s.PutDelivery(ctx, d); err != nil || fresh != (n < 2) {
				t.Fatalf("event %d: fresh %t, error %.300v", n, fresh, err)
			}
		}
		for _, name := range []string{one, other} {
			id := incident.ID(name)
			if list, err := s.Deliveries(ctx, id); err != nil || len(list) != 1 {
				t.Fatalf("%d deliveries, error %.300v", len(list), err)
			}
			if body, err := s.Body(ctx, incident.EventID(name)); err != nil || string(body) != "{}" {
				t.Fatalf("body %q, error %.300v", body, err)
			}
			r := incident.Record{Incident: incident.Incident{ID: id, Title: name, CreatedAt: now, Service: incident.Ref{ID: name}}, WorkflowRun: "run",
				Customer: incident.Customer{ID: "acme"}, Match: incident.Match{Scenario: "disk-full", Target: name}}
			for n := range 2 {
				if b, err := s.Begin(ctx, r); err != nil || b.Run != 1 || b.Known != (n == 1) {
					t.Fatalf("it begins as %+v, error %.300v", b, err)
				}
			}
			step := incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: incident.Recover, Attempt: 1}, Name: name, StartedAt: now}
			for n := range 2 {
				if state, err := s.StartStep(ctx, step); err != nil || state.New != (n == 0) {
					t.Fatalf("start %d: %+v, error %.300v", n, state.New, err)
				}
			}
			step.Status = incident.Succeeded
			if err := s.FinishStep(ctx, step); err != nil {
				t.Fatalf("%.300v", err)
			}
			if n, err := s.Attempts(ctx, "acme", name, now.Add(-time.Minute)); err != nil || n != 1 {
				t.Errorf("%d attempts, error %.300v", n, err)
			}
			wait := incident.Transition{Incident: id, Run: 1, Key: name, At: now, Kind: incident.Deferred, Question: incident.Contact,
				Window: name, Until: now.Add(time.Hour), Why: name, By: name}
			if err := s.Append(ctx, []incident.Transition{wait, wait}); err != nil {
				t.Fatalf("%.300v", err)
			}
			back, err := s.Record(ctx, id)
			if err != nil || back.Match.Target != name || back.Incident.Title != name || len(back.Transitions) != 1 || back.Transitions[0].Why != name {
				t.Errorf("it comes back with %d lines, error %.300v", len(back.Transitions), err)
			}
			if _, found, err := s.FindStep(ctx, step.StepKey); err != nil || !found {
				t.Errorf("found %t, error %.300v", found, err)
			}
		}
		if n, err := s.Targets(ctx, "acme", "disk-full", now.Add(-time.Minute)); err != nil || n != 2 {
			t.Errorf("%d targets, error %.300v", n, err)
		}
		if list, err := s.OpenDeferrals(ctx); err != nil || len(list) != 2 {
			t.Errorf("%d wait, error %.300v", len(list), err)
		}
	})
}
