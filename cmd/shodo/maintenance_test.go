package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/app"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/store"
	"shodo/internal/web"
)

const (
	ownToken   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	aliceToken = "alice-0123456789abcdef0123456789"
)

// standing is what the clock of the engine shows: 00:30 of December 1 in Tokyo.
var standing = time.Date(2026, 11, 30, 15, 30, 0, 0, time.UTC)

// windowID and pauseID are ids of windows and of pauses.
var (
	windowID = regexp.MustCompile(`\bM[A-Z2-7]{12}\b`)
	pauseID  = regexp.MustCompile(`\bP[A-Z2-7]{12}\b`)
)

// TestMaintenanceScripts plays testdata/maintenance: what a person types and gets from an engine's API.
func TestMaintenanceScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/maintenance",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE_GOLDEN") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			env.Setenv("SUDO_USER", "aiko")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "engine": startAPI, "remember": remember},
	})
}

// startAPI is "engine": it answers the API with a real store in data/, for the catalog in catalog/, and writes shodo.yaml
// with the address. The token of this machine is in data/api.token.
func startAPI(ts *testscript.TestScript, _ bool, _ []string) {
	c, problems, err := loadCatalog(ts.MkAbs("catalog"))
	ts.Check(err)
	ts.Check(problems.Err())
	ts.Check(os.MkdirAll(ts.MkAbs("data"), 0o700))
	address, stop, err := serveAPI(ts.MkAbs("data"), c)
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv("ADDRESS", address)
	ts.Check(os.WriteFile(ts.MkAbs("shodo.yaml"), []byte("listen: "+address+"\ndata_dir: data\n"), 0o600))
}

// remember is "remember NAME": it puts the first id of a window or of a pause in the last output into $NAME.
func remember(ts *testscript.TestScript, _ bool, args []string) {
	id := cmp.Or(windowID.FindString(ts.ReadFile("stdout")), pauseID.FindString(ts.ReadFile("stdout")))
	if len(args) != 1 || id == "" {
		ts.Fatalf("usage: remember NAME, after an output with the id of a window or of a pause")
	}
	ts.Setenv(args[0], id)
}

// serveAPI answers the API at a free port.
func serveAPI(dir string, c *catalog.Catalog) (address string, stop func(), err error) {
	if err := writeRecords(filepath.Join(dir, "store.db"), aRecord("QHANDED", true)); err != nil {
		return "", nil, err
	}
	s, err := store.Open(context.Background(), filepath.Join(dir, "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, app.TokenFile), []byte(ownToken+"\n"), 0o600); err != nil {
		return "", nil, errors.Join(err, s.Close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, s.Close())
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: web.New(web.Options{
		API: web.API{
			Tokens:      []web.Token{{Name: "cli", Value: secret.New(ownToken), Local: true}, {Name: "alice", Value: secret.New(aliceToken)}},
			Maintenance: keeper{s}, Pauses: keeper{s}, Customers: func() web.Customers { return c }, Now: func() time.Time { return standing },
		},
		Choices:  web.Choices{Chooser: &clerk{}, Records: keeper{s}},
		Ready:    func(context.Context) []web.Check { return nil },
		Registry: prometheus.NewRegistry(),
		Log:      slog.New(slog.DiscardHandler),
	})}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	return listener.Addr().String(), func() { _ = errors.Join(server.Close(), s.Close()) }, nil
}

// keeper is a store whose errors are in the words of package web.
type keeper struct{ *store.Store }

func (k keeper) EndMaintenance(ctx context.Context, id, by string, at time.Time) (incident.Maintenance, error) {
	m, err := k.Store.EndMaintenance(ctx, id, by, at)
	if errors.Is(err, store.ErrNotFound) {
		err = web.ErrNoMaintenance
	}
	return m, err
}

func (k keeper) EndPause(ctx context.Context, id, by string, at time.Time) (incident.Pause, error) {
	p, err := k.Store.EndPause(ctx, id, by, at)
	if errors.Is(err, store.ErrNotFound) {
		err = web.ErrNoPause
	}
	return p, err
}

func (k keeper) Record(ctx context.Context, id incident.ID) (incident.Record, error) {
	r, err := k.Store.Record(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = web.ErrNoIncident
	}
	return r, err
}

// clerk takes choices as an incident that was handed over does: a customer of two people, one attempt, two points.
type clerk struct {
	mu    sync.Mutex
	taken []incident.Choice
}

func (c *clerk) Choose(_ context.Context, choice incident.Choice) (incident.ChoiceResult, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := slices.ContainsFunc(c.taken, func(t incident.Choice) bool { return t.Kind == incident.Done })
	again := slices.ContainsFunc(c.taken, func(t incident.Choice) bool {
		return t.ID == choice.ID || t.Kind == incident.TakeOver && choice.Kind == incident.TakeOver
	})
	switch {
	case over:
		return incident.ChoiceResult{}, &web.Refused{Kind: "ended", Why: "it is over"}
	case choice.Run > 1:
		return incident.ChoiceResult{}, &web.Refused{Kind: "other_run", Why: "it is of another run"}
	case choice.Kind == incident.RunAttempt && choice.Attempt > 1:
		return incident.ChoiceResult{}, &web.Refused{Kind: "no_attempt", Why: "there is one attempt"}
	case choice.Kind == incident.Tick && choice.Item > 2:
		return incident.ChoiceResult{}, &web.Refused{Kind: "no_item", Why: "there are two points"}
	}
	c.taken = append(c.taken, choice)
	return incident.ChoiceResult{Again: again, Waits: choice.Kind == incident.RunAttempt}, nil
}

func TestWhereTheEngineIs(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		":9090":          "http://127.0.0.1:9090",
		"0.0.0.0:9090":   "http://127.0.0.1:9090",
		"[::]:9090":      "http://[::1]:9090",
		"10.1.2.3:9090":  "http://10.1.2.3:9090",
		"shodo.lan:9090": "http://shodo.lan:9090",
		"127.0.0.1:0":    "",
		"nonsense":       "",
	} {
		got, err := engineURL(listen)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v; want %q", listen, got, err, want)
		}
	}
}
