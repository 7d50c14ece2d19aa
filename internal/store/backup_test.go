package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/partial"
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
	copied := filepath.Join(dir, "it's a backup.db")
	if err := store.Backup(t.Context(), path, copied); err != nil {
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
	if err := store.Backup(t.Context(), path, copied); !errors.Is(err, store.ErrExists) {
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
	from := filepath.Join(t.TempDir(), "store.db")
	open(t, from)
	path := filepath.Join(t.TempDir(), "no", "such", "folder.db")
	if err := store.Backup(t.Context(), from, path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// What a backup has left that was killed is not in the way of the next one of that name.
func TestBackupAfterOneThatWasKilled(t *testing.T) {
	from := filepath.Join(t.TempDir(), "store.db")
	writeIncident(t, open(t, from), "Q1")
	dir := t.TempDir()
	path := filepath.Join(dir, "copy.db")
	for _, suffix := range []string{".partial", ".partial-journal", ".partial-wal", ".partial-shm"} {
		if err := os.WriteFile(path+suffix, bytes.Repeat([]byte("left "), 10_000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Backup(t.Context(), from, path); err != nil {
		t.Fatal(err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("there are %v, error %v", list, err)
	}
	if r, err := open(t, path).Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
}

// Of two backups that take the same name at once one is made, and the other one says why it was not.
func TestBackupsAtOnce(t *testing.T) {
	from := filepath.Join(t.TempDir(), "store.db")
	writeIncident(t, open(t, from), "Q1")
	path := filepath.Join(t.TempDir(), "copy.db")
	errs := make(chan error)
	for range 2 {
		go func() { errs <- store.Backup(context.Background(), from, path) }()
	}
	made := 0
	for range 2 {
		switch err := <-errs; {
		case err == nil:
			made++
		case !errors.Is(err, partial.ErrBusy) && !errors.Is(err, store.ErrExists):
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d were made", made)
	}
	if r, err := open(t, path).Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
}

// Before an upgrade, a copy is made of what the new version has not opened yet; and of what only a newer one can read.
func TestBackupOfOtherVersions(t *testing.T) {
	sqlite, _ := store.Versions(t)
	for _, version := range sqlite {
		path := filepath.Join(t.TempDir(), "copy.db")
		if err := store.Backup(t.Context(), store.OldDatabase(t, version, reopened...), path); err != nil {
			t.Errorf("version %d: %v", version, err)
			continue
		}
		keepsItsData(t, open(t, path))
	}
	from, path := store.OldDatabase(t, sqlite[0]), filepath.Join(t.TempDir(), "copy.db")
	execSQL(t, from, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	if err := store.Backup(t.Context(), from, path); err != nil {
		t.Error(err)
	}
	_, err := store.OpenReader(t.Context(), path, quiet())
	wantError(t, err, store.ErrNewer)
}
