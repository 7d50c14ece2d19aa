package sshrun

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"shodo/internal/action"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// work says what is run where, for errors.
type work struct {
	where  string
	effect scenario.Effect
}

// lateOutput is how long output may come after the command's exit code: a child in the background that keeps stdout
// open must not keep the step.
const lateOutput = time.Second

// execute runs the line in a session of its own and waits until it ends or is ended.
//
// It speaks to the channel directly, because ssh.Session waits for the end of all output before it tells the exit code.
func execute(ctx context.Context, client *ssh.Client, line string, w work) (action.CommandOutput, error) {
	began := time.Now()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	channel, requests, err := client.OpenChannel("session", nil)
	if !stop() {
		return action.CommandOutput{}, action.Ended(ctx, "%s: open a session", w.where)
	}
	if err != nil {
		return action.CommandOutput{}, openError(w, err)
	}
	defer channel.Close()

	var stdout, stderr action.Output
	var copying sync.WaitGroup
	copying.Go(func() { _, _ = io.Copy(&stdout, channel) })
	copying.Go(func() { _, _ = io.Copy(&stderr, channel.Stderr()) })
	exited := make(chan exit, 1)
	go func() { exited <- watch(requests) }()
	refused := make(chan error, 1)
	go func() {
		if err := start(channel, line); err != nil {
			refused <- err
		}
	}()

	var end exit
	select {
	case err := <-refused:
		client.Close()
		copying.Wait()
		return action.CommandOutput{}, startError(w, err)
	case end = <-exited:
	case <-ctx.Done():
		end = endRemote(channel, exited)
	}
	if end.told {
		waitAtMost(&copying, lateOutput)
	}
	client.Close()
	copying.Wait()

	output := action.CommandOutput{ExitCode: end.code, Signal: end.signal, Stdout: stdout.String(), Stderr: stderr.String(),
		Truncated: stdout.Truncated() || stderr.Truncated(), DurationMS: int(time.Since(began).Milliseconds())}
	switch ended := action.Ended(ctx, "%s: run the command", w.where); {
	case ended != nil:
		return output, stoppedError(w, ended, end.told)
	case !end.told:
		return output, lostError(w)
	}
	return output, output.Judge(w.effect, w.where)
}

// start asks for the command.
func start(channel ssh.Channel, line string) error {
	accepted, err := channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{line}))
	if err == nil && !accepted {
		return errDenied
	}
	return err
}

var errDenied = errors.New("the host does not let this user run a command")

// endRemote closes the command's stdin, which is the wrapper's order to stop, and waits for the host to tell the end.
func endRemote(channel ssh.Channel, exited <-chan exit) exit {
	_ = channel.CloseWrite()
	select {
	case end := <-exited:
		return end
	case <-time.After(stopTime):
		return exit{code: -1}
	}
}

// exit is what the host told about the end of the command.
type exit struct {
	told   bool
	code   int
	signal string
}

// watch reads the channel's requests until the host tells how the command ended, and drops the rest.
func watch(requests <-chan *ssh.Request) exit {
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
		var end exit
		switch r.Type {
		case "exit-status": // RFC 4254, 6.10; a shell tells a signal as 128 and its number
			if len(r.Payload) < 4 {
				continue
			}
			code := int(binary.BigEndian.Uint32(r.Payload))
			end = exit{told: true, code: code, signal: action.SignalName(code - 128)}
		case "exit-signal":
			var sent struct {
				Name       string
				CoreDumped bool
				Error      string
				Lang       string
			}
			if err := ssh.Unmarshal(r.Payload, &sent); err != nil {
				continue
			}
			end = exit{told: true, code: -1, signal: action.Text([]byte(sent.Name))}
		default:
			continue
		}
		go ssh.DiscardRequests(requests)
		return end
	}
	return exit{code: -1}
}

func waitAtMost(group *sync.WaitGroup, limit time.Duration) {
	done := make(chan struct{})
	go func() { group.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(limit):
	}
}

func openError(w work, err error) error {
	var refused *ssh.OpenChannelError
	if errors.As(err, &refused) && refused.Reason == ssh.Prohibited {
		return action.Errorf(incident.Permanent, "%s: open a session: %w", w.where, err)
	}
	return action.Errorf(incident.Transient, "%s: open a session: %w", w.where, err)
}

// startError: the request was sent, so when the connection breaks before the answer nobody knows.
func startError(w work, err error) error {
	if errors.Is(err, errDenied) {
		return action.Errorf(incident.Permanent, "%s: %w", w.where, err)
	}
	return lostError(w)
}

func lostError(w work) error {
	if w.effect == scenario.Reads {
		return action.Errorf(incident.Transient, "%s: the connection was lost while the command ran", w.where)
	}
	return action.Errorf(incident.UnknownEffect, "%s: the connection was lost while the command ran; what it did is not known", w.where)
}

func stoppedError(w work, ended *action.Error, confirmed bool) error {
	switch {
	case confirmed:
		return action.Errorf(ended.Kind, "%w; it was stopped there", ended)
	case ended.Kind == incident.TimedOut && w.effect == scenario.Changes:
		return action.Errorf(incident.UnknownEffect, "%w, and whether it has stopped there is not known", ended)
	}
	return action.Errorf(ended.Kind, "%w; whether it has stopped there is not known", ended)
}
