package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"shodo/internal/store"
)

// smallDisk mounts a file system of its own, for which the test needs the right to mount.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestFullDisk is TestFullDatabase on a disk that is really full.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "size=4m")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, bytes.Repeat([]byte{1}, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, filepath.Join(dir, "store.db"))
	fillUntilFull(t, s, 10<<10)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s)
}

func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t, "size=4m")
	path := filepath.Join(dir, "store.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot mount read-only here: %v", err)
	}
	_, err := store.Open(t.Context(), path, quiet())
	wantError(t, err, store.ErrReadOnly)
	_, err = store.OpenBeside(t.Context(), path, quiet())
	wantError(t, err, store.ErrReadOnly)
}

// A backup that lies on a disk that is read-only is read all the same, and copied.
func TestReadingFromReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t, "size=4m")
	path := filepath.Join(dir, "store.db")
	s := open(t, path)
	writeIncident(t, s, "Q1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("cannot mount read-only here: %v", err)
	}
	reader, err := store.OpenReader(t.Context(), path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if r, err := reader.Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
	err = store.Backup(t.Context(), path, filepath.Join(dir, "copy.db"))
	if !errors.Is(err, syscall.EROFS) || errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a backup to that disk says %v", err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := store.Backup(t.Context(), path, copied); err != nil {
		t.Fatal(err)
	}
	writeIncident(t, open(t, copied), "Q2")
}

// A backup for which there is no space says so, and leaves nothing.
func TestBackupToFullDisk(t *testing.T) {
	from := filepath.Join(t.TempDir(), "store.db")
	s := open(t, from)
	for n := range 100 {
		d := event(n)
		d.Body = bytes.Repeat([]byte{'x'}, 10<<10)
		if _, _, err := s.PutDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	dir := smallDisk(t, "size=512k")
	wantError(t, store.Backup(t.Context(), from, filepath.Join(dir, "copy.db")), store.ErrFull)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}
