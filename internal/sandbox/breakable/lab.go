//go:build unix

// Package breakable has small real things that really break on this machine, for the demo and the tests of the whole
// process: web services that are processes of their own and can be killed, services that crash again after each
// start, a directory with a quota that fills up, and a repair that takes its time.
//
// A [Lab] is a directory; each thing is a folder in it, and all that is known about it is in files there. So the
// program that breaks a thing, the engine that repairs it and the command that the engine runs need nothing of each other
// but the directory. [Main] is that command.
//
// A service is started detached, in a session of its own: it outlives the process that started it, as services do.
// That it runs is told by a lock that its process holds, never by a process id alone, so that a reused id is never taken
// for it, and never killed.
//
// The package touches nothing outside its directory and ends no process that it did not start.
package breakable

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Lab is a directory of breakable things.
type Lab struct {
	Dir string

	// Command starts a program that calls Main with the arguments that follow, such as ["/usr/bin/shodo", "demo-service"].
	// Only Start and what uses it need it.
	Command []string
}

// Service is a web service that can break.
type Service struct {
	Addr       string        `json:"addr"`        // host:port; Define chooses a free port when it is empty
	CrashAfter time.Duration `json:"crash_after"` // it crashes that long after each start; 0: never
}

// The names of the files of a thing.
const (
	serviceFile = "service.json"
	quotaFile   = "quota.json"
	lockFile    = "lock"
	journalFile = "journal.log"
	repairFile  = "repair.json"
	dataDir     = "data"
)

// ErrUnknown is wrapped by errors about a name that the lab does not have.
var ErrUnknown = errors.New("there is no such thing in the lab")

// Define adds a service, or changes it from its next start on, and gives its address.
func (l Lab) Define(name string, s Service) (addr string, err error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	if s.Addr == "" {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", fmt.Errorf("define service %q: %w", name, err)
		}
		s.Addr = free.Addr().String()
		if err := free.Close(); err != nil {
			return "", fmt.Errorf("define service %q: %w", name, err)
		}
	}
	if err := l.write(name, serviceFile, s); err != nil {
		return "", fmt.Errorf("define service %q: %w", name, err)
	}
	return s.Addr, nil
}

// Service gives a service's definition.
func (l Lab) Service(name string) (Service, error) {
	var s Service
	err := l.read(name, serviceFile, &s)
	return s, err
}

// checkName keeps names to one path element.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
		return fmt.Errorf("%q is no name of a thing: it must be one word without slashes", name)
	}
	return nil
}

func (l Lab) path(name, file string) string { return filepath.Join(l.Dir, name, file) }

// write stores a value as JSON, whole or not at all.
func (l Lab) write(name, file string, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(l.Dir, name), 0o755); err != nil {
		return err
	}
	temporary := l.path(name, file) + "." + strconv.Itoa(os.Getpid())
	if err := os.WriteFile(temporary, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, l.path(name, file))
}

func (l Lab) read(name, file string, into any) error {
	if err := checkName(name); err != nil {
		return err
	}
	data, err := os.ReadFile(l.path(name, file))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%q: %w (no %s in its folder)", name, ErrUnknown, file)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read %s of %q: %w", file, name, err)
	}
	return nil
}

// Running gives the process id of a service that runs: the one that holds its lock, as the kernel says.
func (l Lab) Running(name string) (pid int, running bool, err error) {
	if _, err := l.Service(name); err != nil {
		return 0, false, err
	}
	f, err := os.OpenFile(l.path(name, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return 0, false, fmt.Errorf("look at service %q: %w", name, err)
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil {
		return 0, false, fmt.Errorf("look at service %q: %w", name, err)
	}
	return int(lock.Pid), lock.Type != syscall.F_UNLCK, nil
}

// hold takes a service's lock for the life of this process.
func (l Lab) hold(name string) (release func(), err error) {
	f, err := os.OpenFile(l.path(name, lockFile), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	err = syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK})
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		err = errors.New("it runs already")
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// Journal gives the last lines of a thing's journal; all of it when lines is 0.
func (l Lab) Journal(name string, lines int) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	data, err := os.ReadFile(l.path(name, journalFile))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the journal of %q: %w", name, err)
	}
	all := strings.SplitAfter(string(data), "\n")
	if n := len(all); all[n-1] == "" {
		all = all[:n-1]
	}
	if lines > 0 && len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, ""), nil
}

// log adds a line to a thing's journal.
func (l Lab) log(name, unit, format string, args ...any) error {
	f, err := os.OpenFile(l.path(name, journalFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %s: %s\n", time.Now().Format("2006-01-02T15:04:05.000Z07:00"), unit, fmt.Sprintf(format, args...))
	return errors.Join(err, f.Close())
}
