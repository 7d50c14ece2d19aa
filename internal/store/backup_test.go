package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// A backup that is made while the engine writes is a whole store, of one moment, that only its owner may read.
func TestBackupWhileWriting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	s := open(t, path)
	writeIncident(t, s, "Q1")
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			if _, _, err := s.PutDelivery(t.Context(), event(n)); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	reader, err := store.OpenReader(t.Context(), path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	copied := filepath.Join(dir, "it's a backup.db")
	if err := reader.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	close(stop)
	<-stopped
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(copied + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := reader.Backup(t.Context(), copied); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second one says %v", err)
	}
	restored := open(t, copied)
	if r, err := restored.Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
	list, err := restored.Deliveries(t.Context(), "Q1")
	if err != nil {
		t.Fatal(err)
	}
	for n, d := range list { // what was stored later is not there without what was stored earlier
		if d.ID != event(n).ID {
			t.Fatalf("delivery %d is %s", n, d.ID)
		}
	}
	writeIncident(t, restored, incident.ID("Q2"))
}

func TestBackupToNowhere(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	path := filepath.Join(t.TempDir(), "no", "such", "folder.db")
	if err := s.Backup(t.Context(), path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
