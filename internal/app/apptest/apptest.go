// Package apptest runs the whole product in tests: the process of package app, with a Temporal server beside it and the
// sandbox's PagerDuty and Slack around it.
//
// The Temporal server is the product's own binary ("shodo temporal") as a process, so that tests need not compile the
// server into themselves, with the race detector a second time. SHODO_TEST_BINARY names the binary; without it, it is
// built.
package apptest

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"shodo/internal/app"
	"shodo/internal/config"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
	"shodo/workflows"
	"shodo/workflows/workflowstest"
)

// Secret is what webhooks are signed with.
const Secret = "webhook-secret-of-the-tests"

var build = sync.OnceValues(func() (string, error) {
	if given := os.Getenv("SHODO_TEST_BINARY"); given != "" {
		path, err := filepath.Abs(given)
		if err == nil {
			_, err = os.Stat(path) // the go command sees this, and runs the tests again when the binary is another one
		}
		return path, err
	}
	dir, err := os.MkdirTemp("", "shodo-test-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "shodo")
	out, err := exec.Command("go", "build", "-o", binary, "shodo/cmd/shodo").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return binary, nil
})

// Binary gives the path of the product's binary.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TemporalServer is a Temporal server in a process of its own.
type TemporalServer struct {
	Address string

	t    testing.TB
	dir  string
	port string
	cmd  *exec.Cmd
}

// NewTemporal starts a server for the test.
func NewTemporal(t testing.TB) *TemporalServer {
	t.Helper()
	s := &TemporalServer{t: t, dir: t.TempDir(), port: "0"}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start starts it, after Kill on the same address and data.
func (s *TemporalServer) Start() {
	s.t.Helper()
	s.cmd = exec.Command(Binary(s.t), "temporal", "--data-dir", s.dir, "--port", s.port)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("the temporal server did not start: %v", err)
	}
	s.Address = strings.TrimSpace(address)
	if _, s.port, err = net.SplitHostPort(s.Address); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends it without a warning.
func (s *TemporalServer) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Log is a log into the test's output.
func Log(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Options says what to run.
type Options struct {
	Catalog  map[string]string // files of the catalog by their path
	Programs []string          // that local.run may start
	Account  sandbox.Account
	Channels []sandbox.Channel
	Temporal string               // address; empty: one is started
	DataDir  string               // empty: a new one
	Change   func(*config.Config) // of the settings, before the start; may be nil
}

// Harness is the running product with its surroundings.
type Harness struct {
	*app.App
	Sandbox *sandbox.Server
	Config  *config.Config

	t    testing.TB
	stop func()
}

// Start runs the product until the test ends.
func Start(t testing.TB, o Options) *Harness {
	t.Helper()
	s, err := sandbox.New(sandbox.Options{From: "shodo@example.com", Token: "pd-token", BotToken: "xoxb-token",
		Account: o.Account, Channels: o.Channels, RetryBackoff: 50 * time.Millisecond, CheckPagerDuty: sandboxtest.Checked(t),
		CheckSlack: sandboxtest.CheckedSlack(t)})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { _ = s.Close() })
	if o.Temporal == "" {
		o.Temporal = NewTemporal(t).Address
	}
	if o.DataDir == "" {
		o.DataDir = t.TempDir()
	}
	h := &Harness{Sandbox: s, t: t, Config: Configure(s, WriteCatalog(t, o.Catalog), o.DataDir)}
	h.Config.Temporal.Address = o.Temporal
	h.Config.Actions.LocalRun.Programs = o.Programs
	if o.Change != nil {
		o.Change(h.Config)
	}
	h.Run()
	s.PagerDuty.Subscribe("http://"+h.Address()+"/webhooks/pagerduty", Secret)
	return h
}

// Configure gives the settings for a product that speaks to a sandbox.
func Configure(s *sandbox.Server, catalog, data string) *config.Config {
	cfg := &config.Config{Listen: "127.0.0.1:0", DataDir: data, StopTimeout: 30 * time.Second}
	cfg.Catalog.Dir = catalog
	cfg.PagerDuty = config.PagerDuty{APIURL: s.PagerDutyURL(), Token: config.NewSecret("pd-token"), From: "shodo@example.com",
		WebhookSecrets: []config.Secret{config.NewSecret(Secret)}}
	cfg.Slack = config.Slack{APIURL: s.SlackURL(), BotToken: config.NewSecret("xoxb-token"), Channel: "#incidents"}
	cfg.Temporal.Namespace = "default"
	return cfg
}

// WriteCatalog writes the files into a new folder.
func WriteCatalog(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Run starts the process, again after Stop.
func (h *Harness) Run() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.New(ctx, app.Options{Config: h.Config, Version: "test", Log: Log(h.t)})
	if err != nil {
		cancel()
		h.t.Fatal(err)
	}
	h.App = a
	h.Config.Listen = a.Address() // the same again after a restart
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("the process ended with: %v", err)
		}
	})
	h.t.Cleanup(h.stop)
}

// Stop stops the process cleanly.
func (h *Harness) Stop() { h.stop() }

// Await waits until the record of an incident is as wanted, and gives it.
func (h *Harness) Await(id string, what string, wanted func(incident.Record) bool) incident.Record {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), time.Minute)
	defer cancel()
	changes := h.Store().Watch(ctx)
	for {
		rec, err := h.Store().Record(ctx, incident.ID(id))
		if err == nil && wanted(rec) {
			return rec
		}
		if _, open := <-changes; !open {
			h.t.Fatalf("incident %s never came to %s; it is in phase %q, outcome %q, reason %q: %s", id, what, rec.Phase, rec.Outcome, rec.Reason, rec.Why)
		}
	}
}

// Ended waits for an incident's outcome.
func (h *Harness) Ended(id string) incident.Record {
	h.t.Helper()
	return h.Await(id, "an outcome", func(r incident.Record) bool { return r.Outcome != "" })
}

// Get asks the process over HTTP and gives the status.
func (h *Harness) Get(path string) (*http.Response, error) {
	return http.Get("http://" + h.Address() + path)
}

// Histories gives the histories of an incident's workflow and of the recoveries that it started, by workflow id.
func (h *Harness) Histories(id string) map[string]*historypb.History {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	c, err := client.DialContext(ctx, client.Options{HostPort: h.TemporalAddress(), Namespace: h.Config.Temporal.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	found, err := workflowstest.Histories(ctx, c, workflows.WorkflowID(incident.ID(id)))
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

// Completed waits until the incident's workflow has ended, and gives its histories.
func (h *Harness) Completed(id string) map[string]*historypb.History {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		histories := h.Histories(id)
		events := histories[workflows.WorkflowID(incident.ID(id))].Events
		if events[len(events)-1].EventType == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
			return histories
		}
	}
	h.t.Fatalf("the workflow of incident %s did not end", id)
	return nil
}
