package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// Callers that go away during a read cost no connection: while the process can open no file, reads go on. So they do
// before anything was read.
func TestReadersStayOpen(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	writeIncident(t, s, "Q1")
	noMoreFiles(t)
	if _, err := os.Open("."); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("files can be opened still: %v", err)
	}
	readAll(t, s)
	var wg sync.WaitGroup
	for range store.Readers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			if err := s.ReadForever(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
	wg.Wait()
	readAll(t, s)
	writeIncident(t, s, "Q2")
	if r, err := s.Record(t.Context(), "Q2"); err != nil || len(r.Steps) != 5 {
		t.Errorf("what was written since has %d steps, error %v", len(r.Steps), err)
	}
}

// readAll reads over all connections.
func readAll(t *testing.T, s *store.Store) {
	t.Helper()
	var wg sync.WaitGroup
	for range 10 * store.Readers {
		wg.Go(func() {
			_, found, err := s.FindStep(context.Background(), incident.StepKey{Incident: "Q1", Run: 1, Phase: incident.Recover, Attempt: 1, Index: 3})
			if err != nil || !found {
				t.Errorf("found %t, error %v", found, err)
			}
		})
	}
	wg.Wait()
}

// noMoreFiles keeps the process from opening any file until the test ends.
func noMoreFiles(t *testing.T) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 0, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
}
