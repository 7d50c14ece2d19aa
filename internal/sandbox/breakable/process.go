//go:build unix

package breakable

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// startWithin is how long a service may take until it listens.
const startWithin = 10 * time.Second

// Start starts a service, detached, and returns when it listens. Starting one that runs does nothing, and says so.
func (l Lab) Start(ctx context.Context, name string) (said string, err error) {
	s, err := l.Service(name)
	if err != nil {
		return "", fmt.Errorf("start service %q: %w", name, err)
	}
	if pid, running, err := l.Running(name); err != nil || running {
		return fmt.Sprintf("%s is already running (pid %d)", name, pid), err
	}
	pid, exited, err := l.spawn(name)
	if err != nil {
		return "", fmt.Errorf("start service %q: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-exited:
			last, _ := l.Journal(name, 3)
			return "", fmt.Errorf("start service %q: it ended at once; its journal says:\n%s", name, last)
		case <-ctx.Done():
			return "", fmt.Errorf("start service %q: it does not listen on %s: %w", name, s.Addr, ctx.Err())
		case <-tick.C:
			if now, running, err := l.Running(name); err != nil || !running || now != pid {
				continue // it has not come to its lock yet
			}
			if c, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
				_ = c.Close()
				return fmt.Sprintf("%s started (pid %d, %s)", name, pid, s.Addr), nil
			}
		}
	}
}

// spawn starts the process of a service in a session of its own, with its output in the journal, so that nothing of
// the starter keeps it or is kept by it.
func (l Lab) spawn(name string) (pid int, exited <-chan struct{}, err error) {
	if len(l.Command) == 0 {
		return 0, nil, errors.New("the lab has no command to start a service with")
	}
	dir, err := filepath.Abs(l.Dir)
	if err != nil {
		return 0, nil, err
	}
	journal, err := os.OpenFile(l.path(name, journalFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, nil, err
	}
	defer journal.Close()
	args := append(append([]string{}, l.Command[1:]...), "serve", "-dir", dir, name)
	cmd := exec.Command(l.Command[0], args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, journal, journal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	done := make(chan struct{})
	go func() { // takes the ended process off the process table, while this one lives
		_ = cmd.Wait()
		close(done)
	}()
	return cmd.Process.Pid, done, nil
}

// Stop ends a service in an orderly way. Stopping one that does not run does nothing, and says so.
func (l Lab) Stop(ctx context.Context, name string) (said string, err error) {
	pid, running, err := l.Running(name)
	if err != nil || !running {
		return name + " is not running", err
	}
	if err := l.signal(ctx, name, pid, syscall.SIGTERM); err != nil {
		return "", fmt.Errorf("stop service %q: %w", name, err)
	}
	return fmt.Sprintf("%s stopped (pid %d)", name, pid), nil
}

// Kill breaks a service the way the kernel does when memory is short: SIGKILL, and a line in the journal.
func (l Lab) Kill(ctx context.Context, name string) (said string, err error) {
	pid, running, err := l.Running(name)
	if err != nil || !running {
		return name + " is not running", err
	}
	if err := l.signal(ctx, name, pid, syscall.SIGKILL); err != nil {
		return "", fmt.Errorf("kill service %q: %w", name, err)
	}
	if err := l.log(name, "kernel", "Out of memory: Killed process %d (%s) total-vm:2097152kB, anon-rss:1834020kB", pid, name); err != nil {
		return "", fmt.Errorf("kill service %q: %w", name, err)
	}
	return fmt.Sprintf("%s killed (pid %d)", name, pid), nil
}

// signal sends a signal and waits until the service has let go of its lock.
func (l Lab) signal(ctx context.Context, name string, pid int, sig syscall.Signal) error {
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if now, running, err := l.Running(name); err != nil || !running || now != pid {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d does not end: %w", pid, ctx.Err())
		case <-tick.C:
		}
	}
}
