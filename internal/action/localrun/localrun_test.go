package localrun_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/action/localrun"
	"shodo/internal/incident"
)

type params = actiontest.Params

// The shell is listed here to have something that can wait, fail and count its arguments.
func newSet(programs ...string) *action.Set {
	return action.NewSet(localrun.Actions(localrun.Settings{Programs: programs})...)
}

func sh(script string, args ...string) params {
	return params{"command": append([]string{"/bin/sh", "-c", script, "sh"}, args...)}
}

func TestContract(t *testing.T) {
	for _, name := range []string{"local.run", "local.read"} {
		t.Run(name, func(t *testing.T) {
			mark := actiontest.Mark()
			with := func(p params, key string, value any) params { p[key] = value; return p }
			failures := []actiontest.Failure{
				{Name: "not listed", Params: params{"command": []string{"/bin/ls"}}, Kind: incident.Refused, Error: "not in the list"},
				{Name: "not there", Params: params{"command": []string{"/nonexistent/sh"}}, Kind: incident.Refused, Error: "not in the list"},
				{Name: "relative", Params: params{"command": []string{"sh", "-c", "true"}}, Kind: incident.Refused, Error: "absolute path"},
				{Name: "listed and not there", Params: params{"command": []string{"/usr/bin/no-such-program"}}, Kind: incident.Permanent, Error: "no such file"},
				{Name: "loader", Params: with(sh("true"), "env", map[string]string{"LD_PRELOAD": "/opt/x.so"}), Kind: incident.Refused, Error: "LD_PRELOAD"},
				{Name: "shell's file", Params: with(sh("true"), "env", map[string]string{"ENV": "/opt/x"}), Kind: incident.Refused, Error: "ENV"},
				{Name: "no such dir", Params: with(sh("true"), "dir", "/nonexistent"), Kind: incident.Permanent, Error: "dir"},
				{Name: "relative dir", Params: with(sh("true"), "dir", "etc"), Kind: incident.Permanent, Error: "absolute path"},
				{Name: "empty", Params: params{"command": []string{}}, Kind: incident.Permanent, Error: "empty"},
			}
			if name == "local.run" {
				failures = append(failures, actiontest.Failure{Name: "exit code", Params: sh("echo no unit >&2; exit 3"),
					Kind: incident.Permanent, Error: "exit code 3: no unit"})
			}
			actiontest.Run(t, actiontest.Case{
				Set: newSet("/bin/sh", "/usr/bin/yes", "/usr/bin/no-such-program"), Name: name,
				Works:    sh("echo hello"),
				Waits:    sh("sleep " + mark + " & (sleep " + mark + "; true) & sleep " + mark),
				Endless:  params{"command": []string{"/usr/bin/yes"}},
				Late:     incident.TimedOut,
				Failures: failures,
				Hostile: []actiontest.Hostile{
					{Place: "argument", Refuses: cannotBeArgument, Arrived: arrived, Params: func(text string) params {
						return sh(`printf %s "$#:"; printf %s "$1" | sha256sum`, text)
					}},
					{Place: "variable", Refuses: cannotBeArgument, Arrived: arrived, Params: func(text string) params {
						return with(sh(`printf %s 1:; printf %s "$TEXT" | sha256sum`), "env", map[string]string{"TEXT": text})
					}},
				},
				NothingLeft: func(t *testing.T) {
					actiontest.Eventually(t, "the program's processes end", func() bool { return actiontest.Running(mark) == 0 })
				},
			})
		})
	}
}

func cannotBeArgument(text string) bool { return strings.ContainsRune(text, 0) || len(text) > 100_000 }

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

func run(t *testing.T, ctx context.Context, set *action.Set, name string, p params) (action.CommandOutput, error) {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	output, err := set.Run(ctx, name, action.Call{Params: raw})
	var got action.CommandOutput
	if output != nil {
		if err := json.Unmarshal(output, &got); err != nil {
			t.Fatal(err)
		}
		got.DurationMS = 0
	}
	return got, err
}

func TestOffUnlessConfigured(t *testing.T) {
	for _, name := range []string{"local.run", "local.read"} {
		if _, err := run(t, t.Context(), newSet(), name, sh("true")); action.KindOf(err) != incident.Refused {
			t.Errorf("%s: kind %q, want refused: %v", name, action.KindOf(err), err)
		}
	}
}

func TestOutput(t *testing.T) {
	t.Setenv("SHODO_SECRET", actiontest.Canary)
	for _, tc := range []struct {
		name, action string
		params       params
		want         action.CommandOutput
		kind         incident.ErrorKind
	}{
		{"both streams", "local.run", sh("echo out; echo err >&2"), action.CommandOutput{Stdout: "out\n", Stderr: "err\n"}, ""},
		{"a failed read is an answer", "local.read", sh("echo gone; exit 4"), action.CommandOutput{ExitCode: 4, Stdout: "gone\n"}, ""},
		{"a failed change keeps its output", "local.run", sh("echo half; exit 4"), action.CommandOutput{ExitCode: 4, Stdout: "half\n"}, incident.Permanent},
		{"killed", "local.read", sh("kill -9 $$"), action.CommandOutput{ExitCode: -1, Signal: "KILL"}, ""},
		{"killed change", "local.run", sh("kill -9 $$"), action.CommandOutput{ExitCode: -1, Signal: "KILL"}, incident.Permanent},
		{"clean environment", "local.read", sh("unset PWD OLDPWD _; env | sort"),
			action.CommandOutput{Stdout: "LANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"}, ""},
		{"dir", "local.read", params{"command": []string{"/bin/sh", "-c", "pwd"}, "dir": "/usr"}, action.CommandOutput{Stdout: "/usr\n"}, ""},
		{"stdin is empty", "local.read", sh("cat"), action.CommandOutput{}, ""},
		{"a child in the background does not keep the step", "local.read", sh("sleep 8 & echo done"), action.CommandOutput{Stdout: "done\n"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			got, err := run(t, ctx, newSet("/bin/sh"), tc.action, tc.params)
			if kind := action.KindOf(err); kind != tc.kind {
				t.Errorf("kind %q, want %q: %v", kind, tc.kind, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTimeoutKillsWhatIgnoresTerm(t *testing.T) {
	mark := actiontest.Mark()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	got, err := run(t, ctx, newSet("/bin/sh"), "local.run",
		sh(`trap "" TERM HUP INT; echo begun; sleep `+mark+` & sleep `+mark+`; sleep `+mark))
	if action.KindOf(err) != incident.TimedOut || got.Stdout != "begun\n" {
		t.Errorf("kind %q, stdout %q: %v", action.KindOf(err), got.Stdout, err)
	}
	actiontest.Eventually(t, "the process tree ends", func() bool { return actiontest.Running(mark) == 0 })
}

// The whole group is asked to end before it is killed.
func TestChildrenMayEndWell(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	got, err := run(t, ctx, newSet("/bin/sh"), "local.run",
		sh(`(trap "echo bye; exit" TERM; sleep 30 & wait) & child=$!; trap "wait $child" TERM; wait`))
	if action.KindOf(err) != incident.TimedOut || got.Stdout != "bye\n" {
		t.Errorf("kind %q, stdout %q: %v", action.KindOf(err), got.Stdout, err)
	}
}

// A program that ends well on TERM was stopped all the same.
func TestProgramThatEndsWellOnTermWasStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := run(t, ctx, newSet("/bin/sh"), "local.run", sh(`trap "exit 0" TERM; sleep 30 & wait`)); action.KindOf(err) != incident.TimedOut {
		t.Errorf("kind %q, want timeout: %v", action.KindOf(err), err)
	}
}

// Only the listed name may be run: not a link to it, not what it is a link to, not a way around.
func TestList(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tools, other := filepath.Join(dir, "tools"), filepath.Join(dir, "other")
	for _, d := range []string{tools, other} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := []byte("#!/bin/sh\necho \"$0\"\n")
	for path, target := range map[string]string{
		filepath.Join(tools, "all"):  "",
		filepath.Join(tools, "mend"): "all", // one file is all programs
		filepath.Join(tools, "wipe"): "all", //
		filepath.Join(other, "mend"): "",    //
		filepath.Join(other, "link"): filepath.Join(tools, "mend"),
		filepath.Join(dir, "bin"):    "tools", // like /bin and /usr/bin
	} {
		if target == "" {
			err = os.WriteFile(path, script, 0o755)
		} else {
			err = os.Symlink(target, path)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		program string
		runs    bool
	}{
		{tools + "/mend", true},
		{dir + "/bin/mend", true},
		{tools + "/../tools/./mend", true},
		{tools + "/wipe", false},
		{tools + "/all", false},
		{other + "/mend", false},
		{other + "/link", false},
		{tools + "/mend/", false},
		{"mend", false},
		{"./mend", false},
	} {
		got, err := run(t, t.Context(), newSet(tools+"/mend"), "local.run", params{"command": []string{tc.program}, "dir": tools})
		if ran := err == nil && got.Stdout != ""; ran != tc.runs {
			t.Errorf("%s: ran %v, want %v: %v", tc.program, ran, tc.runs, err)
		}
	}
}
