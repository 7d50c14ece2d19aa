package store_test

import (
	"bytes"
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
}
