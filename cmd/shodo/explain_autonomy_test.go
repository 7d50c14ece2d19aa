package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// seedPauses is "seed_pauses FILE": it makes a store in which the kill switch holds for acme and for another customer, and
// was lifted for everything.
func seedPauses(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed_pauses FILE")
	}
	ctx, at := context.Background(), time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	s, err := store.Open(ctx, ts.MkAbs(args[0]), slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer s.Close()
	for _, p := range []incident.Pause{
		{ID: "p1", Scope: incident.PauseCustomer, Name: "acme", Reason: "they move their servers", By: "Aiko", At: at},
		{ID: "p2", Scope: incident.PauseCustomer, Name: "other", Reason: "not of acme", By: "Aiko", At: at},
		{ID: "p3", Scope: incident.PauseAll, Reason: "it is lifted", By: "Aiko", At: at, ResumedBy: "Aiko", ResumedAt: at.Add(time.Hour)},
	} {
		ts.Check(s.AddPause(ctx, p))
	}
}
