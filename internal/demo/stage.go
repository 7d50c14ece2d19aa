package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"shodo/internal/app"
	"shodo/internal/config"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/breakable"
)

// The demo's secrets are made up, and open nothing.
const (
	restToken     = "demo-rest-token"
	botToken      = "xoxb-demo"
	webhookSecret = "demo-webhook-secret"
	signingSecret = "demo-signing-secret"
)

const (
	readyWithin = 30 * time.Second
	stopWithin  = 15 * time.Second // above the longest step of the demo
)

// stage is everything that the demo starts: breakable things, PagerDuty, Slack, and the product itself.
type stage struct {
	dir     string
	lab     breakable.Lab
	addr    map[string]string // host:port of each service
	quiet   time.Time         // the end of the quiet hours
	http    *http.Client
	sandbox *sandbox.Server
	app     *app.App
	log     *os.File
	approve <-chan struct{}    // somebody at the terminal agrees; nil: nobody can
	patient time.Duration      // how long the question waits for somebody at the terminal or on the page
	ended   chan error         // what app.Run returned
	stopApp context.CancelFunc // nil before it runs

	mu   sync.Mutex
	pids map[string]int // of the services, before the trouble
}

// setUp starts everything. What it has started is in the stage also when it fails: close it in any case.
func (s *stage) setUp(ctx context.Context, o Options) error {
	s.http = &http.Client{Timeout: 5 * time.Second}
	s.approve, s.patient = o.Approve, o.Patience
	s.pids, s.addr = map[string]int{}, map[string]string{}
	s.lab = breakable.Lab{Dir: filepath.Join(s.dir, "lab"), Command: []string{o.Program, "demo-service"}}
	for _, step := range []func(context.Context, Options) error{s.startThings, s.startSandbox, s.startEngine} {
		if err := step(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// startThings makes what is going to break.
func (s *stage) startThings(ctx context.Context, _ Options) error {
	for _, name := range []string{shop, books, search, orders, letter, payments} {
		addr, err := s.lab.Define(name, breakable.Service{})
		if err != nil {
			return err
		}
		s.addr[name] = addr
		if _, err := s.start(ctx, name); err != nil {
			return err
		}
		pid, _, err := s.lab.Running(name)
		if err != nil {
			return err
		}
		s.note(name, pid)
	}
	_, err := s.lab.DefineQuota(logs, quotaBytes)
	return err
}

func (s *stage) startSandbox(context.Context, Options) error {
	var err error
	s.sandbox, err = sandbox.New(sandbox.Options{Token: restToken, BotToken: botToken, Account: account(), Channels: channels()})
	if err != nil {
		return err
	}
	s.sandbox.Start()
	return nil
}

// startEngine starts the product as "shodo serve" does, and tells PagerDuty where it is.
func (s *stage) startEngine(ctx context.Context, o Options) error {
	s.quiet = time.Now().Add(quietFor).Truncate(time.Second) // until they begin for real: see openQuietHours
	err := writeCatalog(s.catalogDir(), places{Shodo: o.Program, Lab: s.lab.Dir, Addr: s.addr, Quiet: s.quiet})
	if err != nil {
		return err
	}
	if s.log, err = os.Create(s.logFile()); err != nil {
		return fmt.Errorf("make the engine's log: %w", err)
	}
	log := slog.New(slog.NewTextHandler(s.log, nil))
	if s.app, err = app.New(ctx, app.Options{Config: s.config(o.Program), Version: o.Version, Log: log}); err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	// The engine is stopped by close and not by the caller's context: what it is doing then is finished first.
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stopApp, s.ended = stop, make(chan error, 1)
	go func() { s.ended <- s.app.Run(running) }()
	s.pagerDuty().Subscribe(s.engineURL()+"/webhooks/pagerduty", webhookSecret)
	s.sandbox.Slack.PointTo(s.engineURL()+"/webhooks/slack/interactions", s.engineURL()+"/webhooks/slack/commands", signingSecret)
	return s.awaitReady(ctx)
}

// openQuietHours lets them begin when everything is ready, and last longer on a machine that was slow to get so: the incident
// that has to wait for their end must come before it.
func (s *stage) openQuietHours(slow time.Duration) error {
	s.quiet = time.Now().Add(quietFor + slow).Truncate(time.Second)
	if err := writeNight(s.catalogDir(), s.quiet); err != nil {
		return err
	}
	if err := s.app.Reload(); err != nil {
		return fmt.Errorf("begin the quiet hours: %w", err)
	}
	return nil
}

func (s *stage) config(program string) *config.Config {
	cfg := &config.Config{
		Listen:      "127.0.0.1:0",
		DataDir:     filepath.Join(s.dir, "data"),
		StopTimeout: stopWithin,
		Catalog:     config.Catalog{Dir: s.catalogDir()},
		PagerDuty: config.PagerDuty{
			APIURL: s.sandbox.PagerDutyURL(), Token: config.NewSecret(restToken), From: botEmail,
			WebhookSecrets: []config.Secret{config.NewSecret(webhookSecret)},
		},
		Slack: config.Slack{APIURL: s.sandbox.SlackURL(), BotToken: config.NewSecret(botToken), SigningSecret: config.NewSecret(signingSecret),
			Channel: "#" + managersChannel},
		Temporal: config.Temporal{Namespace: "default"},
	}
	cfg.Actions.LocalRun.Programs = []string{program}
	return cfg
}

// awaitReady asks /readyz until the engine says that it is.
func (s *stage) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	var last string
	err := until(ctx, func() (bool, error) {
		select {
		case err := <-s.ended:
			s.ended <- err
			return false, fmt.Errorf("the engine ended: %w", err)
		default:
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.engineURL()+"/readyz", nil)
		if err != nil {
			return false, err
		}
		resp, err := s.http.Do(req)
		if err != nil {
			last = err.Error()
			return false, nil
		}
		defer resp.Body.Close()
		last = resp.Status
		return resp.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		return fmt.Errorf("wait until the engine is ready: %w (it said: %s; its log is %s)", err, last, s.logFile())
	}
	return nil
}

// close stops everything, last first, and leaves no process behind.
func (s *stage) close() error {
	var errs []error
	if s.stopApp != nil {
		s.stopApp()
		select {
		case err := <-s.ended:
			if err != nil {
				errs = append(errs, fmt.Errorf("the engine: %w", err))
			}
		case <-time.After(2 * stopWithin):
			errs = append(errs, fmt.Errorf("the engine does not stop within %s", 2*stopWithin))
		}
	}
	if s.sandbox != nil {
		errs = append(errs, s.sandbox.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	for name := range s.addr {
		_, err := s.lab.Stop(ctx, name)
		errs = append(errs, err)
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	return errors.Join(errs...)
}

// start starts a service, to the end also when the demo is stopped meanwhile: one that is half started would be left
// behind.
func (s *stage) start(ctx context.Context, name string) (said string, err error) {
	return s.lab.Start(context.WithoutCancel(ctx), name)
}

func (s *stage) pagerDuty() *sandbox.PagerDuty { return s.sandbox.PagerDuty }
func (s *stage) engineURL() string             { return "http://" + s.app.Address() }
func (s *stage) catalogDir() string            { return filepath.Join(s.dir, "catalog") }
func (s *stage) logFile() string               { return filepath.Join(s.dir, "shodo.log") }
func (s *stage) storeFile() string             { return filepath.Join(s.dir, "data", "store.db") }

// note remembers the process of a service.
func (s *stage) note(name string, pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pids[name] = pid
}

func (s *stage) pid(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pids[name]
}
