package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/store"
)

// seed is "seed FILE": it makes a store with two incidents, one repaired and one handed over.
func seed(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed FILE")
	}
	ts.Check(writeRecords(ts.MkAbs(args[0]), aRecord("QREPAIRED", false), aRecord("QHANDED", true)))
}

// startSandbox is "sandbox": it starts a local PagerDuty and puts its address into $SANDBOX.
func startSandbox(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := sandbox.New(sandbox.Options{})
	ts.Check(err)
	s.Start()
	ts.Defer(func() { ts.Check(s.Close()) })
	ts.Setenv("SANDBOX", s.PagerDutyURL())
}

// writeRecords writes records as the engine does.
func writeRecords(path string, records ...incident.Record) error {
	ctx := context.Background()
	s, err := store.Open(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.Close()
	for _, r := range records {
		if _, err := s.Begin(ctx, r); err != nil {
			return err
		}
		for _, step := range r.Steps {
			if err := s.FinishStep(ctx, step); err != nil {
				return err
			}
		}
		if err := s.Append(ctx, r.Transitions); err != nil {
			return err
		}
	}
	return s.Close()
}

func TestRecordAsJSONKeepsTheNamesOfTheRecord(t *testing.T) {
	data, err := json.Marshal(incident.Show(aRecord("Q1", false)))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"first_response_seconds": "6.2", "changed": "true", "outcome": `"recovered"`,
		"alerts_as_received": `[{"as":"received"}]`} {
		if got := string(fields[name]); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
