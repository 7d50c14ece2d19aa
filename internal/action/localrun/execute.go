package localrun

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"shodo/internal/action"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// killAfter is how long a program has to end after TERM.
const killAfter = 2 * time.Second

// execute runs the program and waits until it ends or is ended.
func execute(ctx context.Context, program string, p Params, effect scenario.Effect) (action.CommandOutput, error) {
	where := filepath.Base(program)
	var stdout, stderr action.Output
	cmd := exec.Command(program)
	cmd.Args = p.Command
	cmd.Dir = p.Dir
	cmd.Env = append([]string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"},
		action.Assignments(p.Env)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second // a child in the background that keeps stdout open must not keep the step

	began := time.Now()
	if err := cmd.Start(); err != nil {
		return action.CommandOutput{}, startError(where, p.Dir, err)
	}
	ended := make(chan struct{})
	stopped := make(chan bool)
	go func() { stopped <- stopGroup(ctx, cmd.Process.Pid, ended) }()
	_ = cmd.Wait() // its error says what ProcessState says, or that output came too late
	close(ended)
	wasStopped := <-stopped

	output := action.CommandOutput{ExitCode: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String(),
		Truncated: stdout.Truncated() || stderr.Truncated(), DurationMS: int(time.Since(began).Milliseconds())}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		output.Signal = action.SignalName(int(status.Signal()))
	}
	if wasStopped {
		end := action.Ended(ctx, "run %s", where)
		return output, action.Errorf(end.Kind, "%w; it was stopped", end)
	}
	return output, output.Judge(effect, where)
}

// stopGroup ends the process group when the context ends before the program, and says whether it did. The group's
// number stays taken while any process of the group lives.
func stopGroup(ctx context.Context, group int, ended <-chan struct{}) bool {
	select {
	case <-ended:
		return false
	case <-ctx.Done():
	}
	_ = syscall.Kill(-group, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(killAfter):
	}
	_ = syscall.Kill(-group, syscall.SIGKILL)
	return true
}

func startError(where, dir string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return action.Errorf(incident.Transient, "start %s: %w", where, err)
	case errors.As(err, &path) && path.Op == "chdir":
		return action.Errorf(incident.Permanent, "start %s: dir %.60q cannot be used: %w", where, dir, path.Err)
	}
	return action.Errorf(incident.Permanent, "start %s: %w", where, err)
}
