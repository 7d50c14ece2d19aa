package storetest

import (
	"errors"
	"log/slog"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// Beside is the contract of OpenBeside for the database of a url, which nobody uses yet.
func Beside(t *testing.T, url string) {
	log := slog.New(slog.DiscardHandler)
	open := func(how func() (*store.Store, error)) *store.Store {
		t.Helper()
		s, err := how()
		must(t, err)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	beside := func() (*store.Store, error) { return store.OpenBeside(t.Context(), url, log) }
	engine := func() (*store.Store, error) { return store.Open(t.Context(), url, log) }

	alone := open(beside) // it makes the database
	saveImported(t, alone, begunImport(t, alone, newImport("one")), imported("Q1", "a"))
	running := open(engine) // and keeps no engine from starting
	second := open(beside)  // nor is it kept by one
	saveImported(t, second, begunImport(t, second, newImport("one")), imported("Q2", "a"))
	begin(t, running, incident.Record{WorkflowRun: "w1", Incident: incident.Incident{ID: "Q3", CreatedAt: historyBegin}})
	saveImported(t, alone, begunImport(t, alone, newImport("one")), imported("Q4", "a"))
	for _, id := range []incident.ID{"Q1", "Q2", "Q3", "Q4"} {
		if _, err := running.Record(t.Context(), id); err != nil {
			t.Errorf("the engine does not see %s: %v", id, err)
		}
	}
	if _, err := engine(); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a second engine: %v", err)
	}
}
