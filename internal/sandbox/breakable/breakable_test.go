//go:build unix

package breakable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shodo/internal/sandbox/breakable"
)

// TestMain lets this test program be the command that services are started with.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "demo-service" {
		os.Exit(breakable.Main(os.Args[2:], os.Stdout))
	}
	os.Exit(m.Run())
}

func newLab(t *testing.T) breakable.Lab {
	t.Helper()
	return breakable.Lab{Dir: t.TempDir(), Command: []string{os.Args[0], "demo-service"}}
}

// service defines a service and ends it with the test.
func service(t *testing.T, l breakable.Lab, name string, s breakable.Service) (addr string) {
	t.Helper()
	addr, err := l.Define(name, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := l.Stop(context.Background(), name); err != nil {
			t.Error(err)
		}
	})
	return addr
}

// health gives the process id that answers, or 0.
func health(addr string) int {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	response, err := client.Get("http://" + addr + "/health")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var body struct {
		PID int `json:"pid"`
	}
	if json.NewDecoder(response.Body).Decode(&body) != nil {
		return 0
	}
	return body.PID
}

// until polls, because what is waited for happens in another process.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not happen", what)
		case <-tick.C:
		}
	}
}

func command(t *testing.T, l breakable.Lab, args ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), l.Command[0], append([]string{l.Command[1], args[0], "-dir", l.Dir}, args[1:]...)...)
}

func run(t *testing.T, l breakable.Lab, args ...string) (out string, code int) {
	t.Helper()
	data, err := command(t, l, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil {
		code = exit.ExitCode()
	}
	return string(data), code
}

// TestKilledAndStarted is the demo's first incident, by the commands that the engine and the demo use.
func TestKilledAndStarted(t *testing.T) {
	l := newLab(t)
	addr := service(t, l, "web", breakable.Service{})
	if out, code := run(t, l, "status", "web"); code != 3 {
		t.Errorf("status before the first start: %d %s", code, out)
	}
	if out, code := run(t, l, "start", "web"); code != 0 || !strings.Contains(out, "started") {
		t.Fatalf("start: %d %s", code, out)
	}
	first := health(addr)
	if first == 0 {
		t.Fatal("the service does not answer after its starter has ended")
	}
	if session, err := syscall.Getpgid(first); err != nil || session != first {
		t.Errorf("process group %d, %v: the service is not detached", session, err)
	}
	if out, code := run(t, l, "start", "web"); code != 0 || !strings.Contains(out, "already running") {
		t.Errorf("second start: %d %s", code, out)
	}
	if again := health(addr); again != first {
		t.Errorf("the second start replaced process %d by %d", first, again)
	}
	if out, code := run(t, l, "kill", "web"); code != 0 {
		t.Fatalf("kill: %d %s", code, out)
	}
	if pid := health(addr); pid != 0 {
		t.Fatalf("process %d still answers", pid)
	}
	if out, _ := run(t, l, "journal", "web", "-n", "1"); !strings.Contains(out, "Out of memory: Killed process") {
		t.Errorf("journal: %s", out)
	}
	if out, code := run(t, l, "start", "web"); code != 0 {
		t.Fatalf("start: %d %s", code, out)
	}
	if pid := health(addr); pid == 0 || pid == first {
		t.Errorf("after the repair process %d answers", pid)
	}
	if out, code := run(t, l, "stop", "web"); code != 0 || health(addr) != 0 {
		t.Errorf("stop: %d %s", code, out)
	}
}

func TestStartFails(t *testing.T) {
	l := newLab(t)
	addr := service(t, l, "one", breakable.Service{})
	service(t, l, "two", breakable.Service{Addr: addr})
	if _, err := l.Start(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Start(t.Context(), "two"); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("two services on one address: %v", err)
	}
	if _, err := l.Start(t.Context(), "three"); !errors.Is(err, breakable.ErrUnknown) {
		t.Errorf("an unknown service: %v", err)
	}
	if _, err := l.Start(t.Context(), "../one"); err == nil {
		t.Error("a path was taken for a name")
	}
}

// TestCrashLoop: each start works, and does not last.
func TestCrashLoop(t *testing.T) {
	l := newLab(t)
	addr := service(t, l, "loop", breakable.Service{CrashAfter: 300 * time.Millisecond})
	for range 2 {
		if _, err := l.Start(t.Context(), "loop"); err != nil {
			t.Fatal(err)
		}
		if health(addr) == 0 {
			t.Fatal("it does not answer after its start")
		}
		until(t, "the crash", func() bool { return health(addr) == 0 })
	}
	journal, err := l.Journal("loop", 0)
	if err != nil || strings.Count(journal, "lock file is corrupt") != 2 {
		t.Errorf("journal (%v):\n%s", err, journal)
	}
}

func TestQuota(t *testing.T) {
	l := newLab(t)
	dir, err := l.DefineQuota("logs", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "orders.db"), []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().AddDate(-1, 0, 0)
	if err := os.Chtimes(filepath.Join(dir, "orders.db"), old, old); err != nil {
		t.Fatal(err)
	}
	if out, code := run(t, l, "usage", "logs"); code != 0 || out != "0\n" {
		t.Errorf("empty: %d %q", code, out)
	}
	if out, code := run(t, l, "fill", "logs", "-to", "96"); code != 0 {
		t.Fatalf("fill: %d %s", code, out)
	}
	if out, code := run(t, l, "usage", "logs", "-max", "90"); code != 1 || (out != "95\n" && out != "96\n") {
		t.Errorf("full: %d %q", code, out)
	}
	if out, code := run(t, l, "clean", "logs", "-older", "72h"); code != 0 || !strings.HasPrefix(out, "removed 12 logs") {
		t.Errorf("clean: %d %q", code, out)
	}
	if out, code := run(t, l, "usage", "logs", "-max", "90"); code != 0 || out != "2\n" && out != "1\n" {
		t.Errorf("clean: %d %q", code, out)
	}
	for _, kept := range []string{"orders.db", "app.log"} {
		if _, err := os.Stat(filepath.Join(dir, kept)); err != nil {
			t.Errorf("cleaning took %s: %v", kept, err)
		}
	}
}

// TestSlowRepair: it completes, or it is cancelled and changes nothing.
func TestSlowRepair(t *testing.T) {
	l := newLab(t)
	addr := service(t, l, "db", breakable.Service{})

	cmd := command(t, l, "repair", "db", "-takes", "1h")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the repair", func() bool {
		r, err := l.LastRepair("db")
		return err == nil && r.State == breakable.RepairRunning
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	if r, err := l.LastRepair("db"); err != nil || r.State != breakable.RepairCancelled || r.EndedAt.IsZero() {
		t.Errorf("record of the cancelled repair: %+v, %v", r, err)
	}
	if health(addr) != 0 {
		t.Error("a cancelled repair started the service")
	}

	if out, code := run(t, l, "repair", "db", "-takes", "10ms"); code != 0 {
		t.Fatalf("repair: %d %s", code, out)
	}
	if r, err := l.LastRepair("db"); err != nil || r.State != breakable.RepairCompleted || r.Runs != 2 {
		t.Errorf("record of the repair: %+v, %v", r, err)
	}
	if health(addr) == 0 {
		t.Error("the repaired service does not answer")
	}
}

func TestWrongCommands(t *testing.T) {
	for name, args := range map[string][]string{
		"nothing": {}, "no directory": {"start", "web"}, "no name": {"start", "-dir", "x"},
		"an unknown flag": {"start", "-dir", "x", "-fast", "1", "web"}, "an unknown command": {"explode", "-dir", "x", "web"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SHODO_DEMO_DIR", "")
			if code := breakable.Main(args, io.Discard); code != 2 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
