package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/app"
	"shodo/internal/app/apptest"
	"shodo/internal/config"
	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
)

// on lets the product use a database.
func on(url string) func(*config.Config) {
	return func(c *config.Config) { c.Store.URL = url }
}

// Two processes share PostgreSQL and a Temporal: each incident is answered once, whoever does it.
func TestTwoProcessesOnPostgres(t *testing.T) {
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	o.Change = on(postgrestest.NewStore(t))
	h := apptest.Start(t, o)

	cfg := *h.Config
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	second, err := app.New(ctx, app.Options{Config: &cfg, Version: "test", Log: apptest.Log(t)})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- second.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for range 4 {
		_ = os.Remove(l.flag) // it is there from the second time on
		id := trigger(t, h, "critical")
		rec := h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
		if rec.Outcome != incident.Recovered && rec.Outcome != incident.Cleared {
			t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
		outcomes := 0
		for _, line := range rec.Transitions {
			if line.Kind == incident.Ended {
				outcomes++
			}
		}
		if outcomes != 1 {
			t.Errorf("%d outcomes are recorded", outcomes)
		}
		if other, err := second.Store().Record(ctx, incident.ID(id)); err != nil || other.Outcome != rec.Outcome {
			t.Errorf("the other process has the outcome %q, error %v", other.Outcome, err)
		}
	}
}

// A window that is added to one process holds in the other one at once.
func TestMaintenanceHoldsInBothProcesses(t *testing.T) {
	url := postgrestest.NewStore(t)
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	o.Change = on(url)
	h := apptest.Start(t, o)
	h.Ended(trigger(t, h, "critical")) // the process has read the windows
	other, err := store.Open(t.Context(), url, slog.New(slog.DiscardHandler), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	now := time.Now()
	err = other.AddMaintenance(t.Context(), incident.Maintenance{ID: "M1", Customer: "acme", From: now.Add(-time.Hour), To: now.Add(time.Hour),
		Page: "suppress", Recover: "forbid", Contact: "suppress", Reason: "release", AddedBy: "cli", AddedAt: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(l.flag); err != nil {
		t.Fatal(err)
	}
	if rec := h.Ended(trigger(t, h, "critical")); rec.Outcome != incident.Suppressed {
		t.Errorf("in the window it ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if _, err := os.Stat(l.flag); err == nil {
		t.Error("something was changed in spite of the window")
	}
}

// slowRepair notes each run in a file, and ends when it may.
const slowRepair = `#!/bin/sh
echo run >> "%[1]s/runs"
while [ ! -e "%[1]s/go" ]; do sleep 0.05; done
touch "$1"
`

// PostgreSQL goes away while a repair runs, and another incident comes meanwhile: when it is back everything is in the
// record, and the repair was made once.
func TestPostgresGoesAwayDuringARepair(t *testing.T) {
	server := postgrestest.Start(t)
	l := newLab(t)
	dir := t.TempDir()
	repair := filepath.Join(dir, "repair")
	if err := os.WriteFile(repair, fmt.Appendf(nil, slowRepair, dir), 0o700); err != nil {
		t.Fatal(err)
	}
	o := l.options(repair)
	o.Change = on(server.NewStore(t))
	h := apptest.Start(t, o)
	first := trigger(t, h, "critical")
	await(t, "the repair", func() bool {
		_, err := os.Stat(filepath.Join(dir, "runs"))
		return err == nil
	})
	server.Stop(t)
	if status := ready(t, h); status["store"].OK {
		t.Error("ready without the store")
	}
	second := trigger(t, h, "critical")
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the repair", func() bool {
		_, err := os.Stat(l.flag)
		return err == nil
	})
	server.Restart(t)
	for _, id := range []string{first, second} {
		var rec incident.Record
		await(t, "the end of incident "+id, func() bool { // not by Watch: its connection broke, too
			var err error
			rec, err = h.Store().Record(t.Context(), incident.ID(id))
			return err == nil && !rec.EndedAt.IsZero()
		})
		if want := map[string]incident.Outcome{first: incident.Recovered, second: incident.Cleared}[id]; rec.Outcome != want {
			t.Errorf("incident %s ended as %s (%s): %s; want %s", id, rec.Outcome, rec.Reason, rec.Why, want)
		}
		for _, step := range rec.Steps {
			if step.Status != incident.Succeeded && step.Phase != incident.Check {
				t.Errorf("of incident %s the step %s is recorded as %s: %s", id, step.Name, step.Status, step.Error)
			}
		}
	}
	runs, err := os.ReadFile(filepath.Join(dir, "runs"))
	if err != nil || strings.Count(string(runs), "run") != 1 {
		t.Errorf("the repair ran as %q, error %v; want once", runs, err)
	}
}

// await waits until something is so.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("%s never came", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
