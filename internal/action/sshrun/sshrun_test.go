package sshrun_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh/knownhosts"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/action/sshrun"
	"shodo/internal/incident"
)

type params = actiontest.Params

func newSet() *action.Set { return action.NewSet(sshrun.Actions(sshrun.Settings{})...) }

func TestContract(t *testing.T) {
	server := actiontest.StartSSHD(t)
	silent := actiontest.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	closing := actiontest.Listen(t, func(c net.Conn) {})
	_, stranger := actiontest.NewKey(t)
	keyLine := strings.Split(string(server.Login.Key), "\n")[2]

	for _, name := range []string{"ssh.run", "ssh.read"} {
		t.Run(name, func(t *testing.T) {
			mark := actiontest.Mark()
			with := func(more params) params {
				more["host"] = "127.0.0.1"
				return more
			}
			failing := incident.Permanent
			if name == "ssh.read" {
				failing = ""
			}
			failures := []actiontest.Failure{
				{Name: "the host hangs", Params: with(params{"command": []string{"true"}, "port": silent.Port, "connect_timeout": "300ms"}),
					Kind: incident.Transient, Error: "no answer within 300ms"},
				{Name: "the host hangs up", Params: with(params{"command": []string{"true"}, "port": closing.Port}),
					Kind: incident.Transient, Error: "connect to"},
				{Name: "nothing listens", Params: with(params{"command": []string{"true"}, "port": actiontest.ClosedPort(t)}),
					Kind: incident.Transient, Error: "connection refused"},
				{Name: "a forbidden address", Params: params{"host": "169.254.169.254", "command": []string{"true"}},
					Kind: incident.Refused, Error: "link-local"},
				{Name: "neither command nor script", Params: with(params{}), Kind: incident.Permanent, Error: "empty"},
				{Name: "command and script", Params: with(params{"command": []string{"true"}, "script": "true"}), Kind: incident.Permanent, Error: "both"},
				{Name: "a command that looks like an option", Params: with(params{"command": []string{"-c", "true"}}), Kind: incident.Permanent, Error: "name of a program"},
				{Name: "a command that looks like a variable", Params: with(params{"command": []string{"A=b", "true"}}), Kind: incident.Permanent, Error: "name of a program"},
				{Name: "a bad variable", Params: with(params{"command": []string{"true"}, "env": map[string]string{"A;B": "c"}}), Kind: incident.Permanent, Error: "environment variable"},
				{Name: "no such port", Params: with(params{"command": []string{"true"}, "port": 70000}), Kind: incident.Permanent, Error: "TCP port"},
				{Name: "no host", Params: params{"host": "a b", "command": []string{"true"}}, Kind: incident.Permanent, Error: "host name"},
				{Name: "another user's key", Params: with(params{"command": []string{"true"}}), Connection: altered(server, func(c *action.SSH) { c.Key = stranger }),
					Kind: incident.Permanent, Error: "unable to authenticate"},
				{Name: "a broken key", Params: with(params{"command": []string{"true"}}), Connection: altered(server, func(c *action.SSH) { c.Key = []byte(actiontest.Canary) }),
					Kind: incident.Permanent, Error: "not a usable key"},
				{Name: "no key", Params: with(params{"command": []string{"true"}}), Connection: altered(server, func(c *action.SSH) { c.Key = nil }),
					Kind: incident.Permanent, Error: "no key"},
				{Name: "no credentials", Params: with(params{"command": []string{"true"}}), Connection: actiontest.Connections{},
					Kind: incident.Permanent, Error: "no such credential"},
				{Name: "no agent", Params: with(params{"command": []string{"true"}}), Connection: altered(server, func(c *action.SSH) { c.AgentSocket = "/nonexistent/agent" }),
					Kind: incident.Transient, Error: "ssh agent"},
			}
			if failing != "" {
				failures = append(failures, actiontest.Failure{Name: "exit code 3", Params: with(params{"script": "echo no such unit >&2; exit 3"}),
					Kind: failing, Error: "exit code 3: no such unit"})
			}
			actiontest.Run(t, actiontest.Case{
				Set: newSet(), Name: name, Connection: actiontest.Connections{SSHConnection: server.Login},
				Works:    with(params{"command": []string{"echo", "hello"}}),
				Waits:    with(params{"script": "sleep " + mark + " & (sleep " + mark + "; true) & sleep " + mark}),
				Endless:  with(params{"command": []string{"yes"}}),
				Echoes:   with(params{"command": []string{"echo", keyLine}}),
				Late:     incident.TimedOut,
				Failures: failures,
				Hostile:  hostilePlaces(name),
				NothingLeft: func(t *testing.T) {
					actiontest.Eventually(t, "the command's processes end", func() bool { return actiontest.Running(mark) == 0 })
				},
			})
		})
	}
}

// hostilePlaces: the actions share their code, so ssh.read tries only the most usual place.
func hostilePlaces(name string) []actiontest.Hostile {
	with := func(more params) params { more["host"] = "127.0.0.1"; return more }
	argument := actiontest.Hostile{Place: "argument", Refuses: cannotBeArgument, Arrived: arrived, Params: func(text string) params {
		return with(params{"command": []string{"sh", "-c", `printf %s "$#:"; printf %s "$1" | sha256sum`, "sh", text}})
	}}
	if name == "ssh.read" {
		return []actiontest.Hostile{argument}
	}
	return []actiontest.Hostile{argument,
		{Place: "variable of a script", Refuses: cannotBeArgument, Arrived: arrived, Params: func(text string) params {
			return with(params{"script": "printf %s 1:\nprintf %s \"$TEXT\" | sha256sum\n", "env": map[string]string{"TEXT": text}})
		}},
		{Place: "variable of a command", Refuses: cannotBeArgument, Arrived: arrived, Params: func(text string) params {
			return with(params{"command": []string{"sh", "-c", `printf %s 1:; printf %s "$TEXT" | sha256sum`}, "env": map[string]string{"TEXT": text}})
		}},
	}
}

func cannotBeArgument(text string) bool { return strings.ContainsRune(text, 0) || len(text) > 100_000 }

// arrived checks the number of arguments and their hash: the output itself is cut and cleaned.
func arrived(t *testing.T, text string, output json.RawMessage) {
	t.Helper()
	var got action.CommandOutput
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("1:%x  -\n", sha256.Sum256([]byte(text))); got.Stdout != want {
		t.Errorf("%.60q did not arrive as one argument: %q, want %q (%s)", text, got.Stdout, want, got.Stderr)
	}
}

func altered(s *actiontest.SSHD, change func(*action.SSH)) action.Connections {
	c := s.Login
	change(&c)
	return actiontest.Connections{SSHConnection: c}
}

// run runs a command or script on the server.
func run(t *testing.T, ctx context.Context, c action.Connections, name string, p params) (action.CommandOutput, error) {
	t.Helper()
	if p["host"] == nil {
		p["host"] = "127.0.0.1"
	}
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	output, err := newSet().Run(ctx, name, action.Call{Params: raw, Connection: c})
	var got action.CommandOutput
	if output != nil {
		if err := json.Unmarshal(output, &got); err != nil {
			t.Fatal(err)
		}
		got.DurationMS = 0
	}
	return got, err
}

func TestOutput(t *testing.T) {
	server := actiontest.StartSSHD(t)
	c := actiontest.Connections{SSHConnection: server.Login}
	for _, tc := range []struct {
		name, action string
		params       params
		want         action.CommandOutput
		kind         incident.ErrorKind
	}{
		{"both streams", "ssh.run", params{"script": "echo out; echo err >&2"}, action.CommandOutput{Stdout: "out\n", Stderr: "err\n"}, ""},
		{"a failed read is an answer", "ssh.read", params{"script": "echo gone; exit 4"}, action.CommandOutput{ExitCode: 4, Stdout: "gone\n"}, ""},
		{"a failed change keeps its output", "ssh.run", params{"script": "echo half; exit 4"}, action.CommandOutput{ExitCode: 4, Stdout: "half\n"}, incident.Permanent},
		{"no such program", "ssh.read", params{"command": []string{"/nonexistent/program"}}, action.CommandOutput{ExitCode: 127}, ""},
		{"a command that kills itself", "ssh.read", params{"script": "kill -9 $$"}, action.CommandOutput{ExitCode: 137, Signal: "KILL"}, ""},
		{"stdin is empty", "ssh.read", params{"command": []string{"cat"}}, action.CommandOutput{}, ""},
		{"a shell's builtin is not run", "ssh.read", params{"command": []string{"exit", "3"}}, action.CommandOutput{ExitCode: 127}, ""},
		{"variables of a command", "ssh.read", params{"command": []string{"printenv", "A", "B"}, "env": map[string]string{"A": "1 $B", "B": "2"}},
			action.CommandOutput{Stdout: "1 $B\n2\n"}, ""},
		{"traps are not inherited", "ssh.read", params{"script": "trap"}, action.CommandOutput{}, ""},
		{"a terminal cannot be steered", "ssh.read", params{"command": []string{"printf", `\033[2J\007\000\377`}}, action.CommandOutput{Stdout: "␛[2J␇␀\ufffd"}, ""},
		{"a child in the background does not keep the step", "ssh.read", params{"script": "sleep 8 & echo done"}, action.CommandOutput{Stdout: "done\n"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			got, err := run(t, ctx, c, tc.action, tc.params)
			if kind := action.KindOf(err); kind != tc.kind {
				t.Errorf("kind %q, want %q: %v", kind, tc.kind, err)
			}
			if got.ExitCode == 127 && got.Stderr != "" {
				got.Stderr = "" // the shells' words differ
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLongOutputKeepsItsEnd(t *testing.T) {
	server := actiontest.StartSSHD(t)
	got, err := run(t, t.Context(), actiontest.Connections{SSHConnection: server.Login}, "ssh.read",
		params{"script": "seq 1 100000; seq 1 100000 >&2; echo the end"})
	if err != nil {
		t.Fatal(err)
	}
	if !got.Truncated || !strings.HasPrefix(got.Stdout, "1\n2\n") || !strings.HasSuffix(got.Stdout, "\n100000\nthe end\n") ||
		!strings.Contains(got.Stdout, "bytes left out ...]") {
		t.Errorf("truncated %v, stdout %.20q ... %q", got.Truncated, got.Stdout, got.Stdout[len(got.Stdout)-40:])
	}
}

// A command that does not listen to TERM, and its children, are killed; the error says that it was stopped.
func TestTimeoutKillsWhatIgnoresTerm(t *testing.T) {
	server := actiontest.StartSSHD(t)
	mark := actiontest.Mark()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	got, err := run(t, ctx, actiontest.Connections{SSHConnection: server.Login}, "ssh.run",
		params{"script": `trap "" TERM HUP INT; echo begun; sleep ` + mark + ` & sleep ` + mark + `; sleep ` + mark})
	if action.KindOf(err) != incident.TimedOut || !strings.Contains(err.Error(), "it was stopped there") {
		t.Errorf("kind %q: %v", action.KindOf(err), err)
	}
	if got.Stdout != "begun\n" {
		t.Errorf("stdout %q is not what was printed before", got.Stdout)
	}
	actiontest.Eventually(t, "the process tree ends", func() bool { return actiontest.Running(mark) == 0 })
}

// A command that ends at TERM does not leave behind a child that ignores it.
func TestCancelKillsChildrenThatIgnoreTerm(t *testing.T) {
	server := actiontest.StartSSHD(t)
	mark := actiontest.Mark()
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		_, err := run(t, ctx, actiontest.Connections{SSHConnection: server.Login}, "ssh.run",
			params{"script": `(trap "" TERM HUP; sleep ` + mark + `; true) & sleep ` + mark + `; true`})
		failed <- err
	}()
	actiontest.Eventually(t, "both run", func() bool { return actiontest.Running(mark) == 2 })
	cancel()
	if err := <-failed; action.KindOf(err) != incident.Cancelled || !strings.Contains(err.Error(), "it was stopped there") {
		t.Errorf("kind %q: %v", action.KindOf(err), err)
	}
	actiontest.Eventually(t, "the process tree ends", func() bool { return actiontest.Running(mark) == 0 })
}

// When the engine dies or the network goes, the host ends the command by itself. A read may be repeated then; what a
// change did is not known.
func TestLostConnectionEndsTheCommand(t *testing.T) {
	for name, want := range map[string]incident.ErrorKind{"ssh.run": incident.UnknownEffect, "ssh.read": incident.Transient} {
		t.Run(name, func(t *testing.T) {
			server := actiontest.StartSSHD(t)
			proxy, c := behindProxy(t, server)
			mark := actiontest.Mark()
			failed := make(chan error, 1)
			go func() {
				_, err := run(t, t.Context(), c, name, params{"script": "sleep " + mark + "; true"})
				failed <- err
			}()
			actiontest.Eventually(t, "the command runs", func() bool { return actiontest.Running(mark) > 0 })
			proxy.Cut()
			if err := <-failed; action.KindOf(err) != want {
				t.Errorf("kind %q, want %q: %v", action.KindOf(err), want, err)
			}
			actiontest.Eventually(t, "the process tree ends", func() bool { return actiontest.Running(mark) == 0 })
		})
	}
}

func behindProxy(t *testing.T, server *actiontest.SSHD) (*actiontest.Server, action.Connections) {
	proxy := actiontest.StartProxy(t, server.Address)
	known := []byte(knownhosts.Line([]string{proxy.Address}, server.HostKey))
	return proxy, altered(server, func(c *action.SSH) { c.KnownHosts, c.Port = known, proxy.Port })
}

// When the network swallows everything the order to stop does not arrive: the host ends the command at its own limit,
// and the effect is not known.
func TestSilentNetworkEndsTheCommandOnTheHost(t *testing.T) {
	server := actiontest.StartSSHD(t)
	proxy, c := behindProxy(t, server)
	mark := actiontest.Mark()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	failed := make(chan error, 1)
	go func() {
		_, err := run(t, ctx, c, "ssh.run", params{"script": "sleep " + mark + "; true"})
		failed <- err
	}()
	actiontest.Eventually(t, "the command runs", func() bool { return actiontest.Running(mark) > 0 })
	proxy.Freeze()
	if err := <-failed; action.KindOf(err) != incident.UnknownEffect || !strings.Contains(err.Error(), "not known") {
		t.Errorf("kind %q, want unknown_effect: %v", action.KindOf(err), err)
	}
	actiontest.Eventually(t, "the process tree ends", func() bool { return actiontest.Running(mark) == 0 })
}

// What the command leaves in the background on purpose lives on when the command ends by itself.
func TestDaemonsLiveOn(t *testing.T) {
	server := actiontest.StartSSHD(t)
	pidFile := filepath.Join(t.TempDir(), "pid")
	_, err := run(t, t.Context(), actiontest.Connections{SSHConnection: server.Login}, "ssh.run",
		params{"script": `setsid sleep 60 >/dev/null 2>&1 & echo $! > "$FILE"`, "env": map[string]string{"FILE": pidFile}})
	if err != nil {
		t.Fatal(err)
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/" + string(bytes.TrimSpace(pid))); err != nil {
		t.Errorf("the daemon is gone: %v", err)
	}
	_, _ = run(t, t.Context(), actiontest.Connections{SSHConnection: server.Login}, "ssh.run",
		params{"command": []string{"kill", string(bytes.TrimSpace(pid))}})
}
