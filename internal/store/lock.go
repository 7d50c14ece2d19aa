package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// takeLock makes sure that this is the only engine on a database. The kernel drops the lock when the process ends,
// however it ends, so a stale file is harmless. The file holds the owner's process id, for the error message only.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		return nil, fmt.Errorf("%w (process %s); stop it, or give this one a data directory of its own",
			ErrInUse, strings.TrimSpace(string(owner)))
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %q: %w", path, err)
	}
	// A full disk must not keep an engine from starting, so the number is written without asking how it went.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(fmt.Sprintln(os.Getpid())), 0)
	return f, nil
}

// dropLock frees the lock. Closing the file does not do it while a program that is being started still has its descriptor.
func dropLock(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
