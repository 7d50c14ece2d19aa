package store

import (
	"path/filepath"
	"syscall"
	"testing"
)

// A program that is being started holds the files of this process for a moment, the lock's among them.
func TestLockIsFreeOnceClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db.lock")
	first, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	held, err := syscall.Dup(int(first.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(held)
	if err := dropLock(first); err != nil {
		t.Fatal(err)
	}
	second, err := takeLock(path)
	if err != nil {
		t.Fatalf("the lock is not free: %v", err)
	}
	if err := dropLock(second); err != nil {
		t.Error(err)
	}
}
