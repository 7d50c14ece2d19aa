// Package app builds the process from its parts and runs it: store, catalog, Temporal, worker, inbox, HTTP.
//
// It promises that New tells everything that keeps the process from running, that Run returns only when everything has
// stopped, and that a stop cuts no running step in half, as long as the step ends within stop_timeout. Tests run the
// whole product by it, on port 0.
//
// It never decides anything about an incident: it only connects.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"shodo/internal/action"
	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/config"
	"shodo/internal/inbox"
	"shodo/internal/mail"
	"shodo/internal/pagerduty"
	"shodo/internal/roster"
	"shodo/internal/scenario"
	"shodo/internal/secret"
	"shodo/internal/slack"
	"shodo/internal/source"
	"shodo/internal/store"
	"shodo/internal/temporalserver"
	"shodo/internal/web"
	"shodo/workflows"
)

// compiled is how many pinned scenarios are kept compiled.
const compiled = 2048

// Options says what to run.
type Options struct {
	Config  *config.Config
	Version string // of the engine, for the record
	Log     *slog.Logger
}

// App is the whole process.
type App struct {
	cfg        *config.Config
	log        *slog.Logger
	metrics    *metrics
	store      *store.Store
	house      *housekeeper
	catalog    *source.Source
	news       chan struct{} // of size one: a catalog was taken or refused
	policies   *policies
	actions    *action.Set
	pagerduty  *pagerduty.Client
	slack      *slack.Client // nil: not configured
	mail       *mail.Client  // nil: not configured
	slackState remembered
	pagerState remembered
	mailState  remembered
	self       *self
	roster     *roster.Roster
	pauses     *killSwitch
	socket     *slack.Socket          // nil: what people do in Slack comes by requests, or not at all
	embedded   *temporalserver.Server // nil: Temporal is elsewhere
	temporal   client.Client
	starter    *workflows.Starter
	schedules  *workflows.Schedules
	worker     worker.Worker
	broken     chan error // the worker's fatal error
	inbox      *inbox.Inbox
	listener   net.Listener
	site       *web.Site
	server     *http.Server
}

// New opens and connects everything, and listens. Nothing is worked on before Run.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{cfg: o.Config, log: o.Log, broken: make(chan error, 1), news: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := a.openFiles(ctx); err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	a.metrics = newMetrics(registry)
	a.metrics.watchWindows(registry, a.store, a.log)
	a.house = newHousekeeper(a.store, a.cfg.Store.Retention.Stored(), registry, a.log)
	a.metrics.watchPauses(registry, a.store, a.log)
	registry.MustRegister(newCatalogGauges(a.catalog.State, time.Now()))
	if err := a.connectEdges(); err != nil {
		return nil, err
	}
	if err := a.connectTemporal(ctx); err != nil {
		return nil, err
	}
	a.starter = workflows.NewStarter(a.temporal, a.customerOf)
	a.schedules = workflows.NewSchedules(a.temporal)
	a.pauses = newKillSwitch(a.store, a.starter.Paused, a.log)
	a.inbox = inbox.New(a.store, a.starter, inbox.Config{
		Self: a.self.known, Trouble: a.trouble, Log: a.log, Metrics: registry, Retention: keepDeliveries(a.cfg.Store.Retention),
	})
	a.startWorker(o.Version)
	if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", a.cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen on %q: %w (change \"listen\")", a.cfg.Listen, err)
	}
	api, err := a.api()
	if err != nil {
		return nil, err
	}
	a.site = web.New(web.Options{
		Webhooks: web.Webhooks{Secrets: values(a.cfg.PagerDuty.WebhookSecrets), Inbox: a.inbox, Now: time.Now},
		Git:      a.gitWebhook(),
		API:      api,
		Slack:    a.slackSite(),
		Choices:  web.Choices{Chooser: chooser{workflows.NewChooser(a.temporal)}, Records: records{a.store}, People: a.roster},
		Ready:    a.ready,
		Registry: registry,
		Log:      a.log,
	})
	a.server = web.NewServer(a.site, a.log)
	return a, nil
}

// openFiles reads the catalog and opens the store: what is wrong here is wrong with this machine's files.
func (a *App) openFiles(ctx context.Context) error {
	a.actions = builtin.List(builtin.Settings{
		AllowAddresses: a.cfg.Actions.HTTP.AllowLinkLocal, LocalPrograms: a.cfg.Actions.LocalRun.Programs,
	})
	err := os.MkdirAll(a.cfg.DataDir, 0o700)
	if err != nil {
		return fmt.Errorf("make data_dir: %w", err)
	}
	if a.store, err = store.Open(ctx, a.cfg.StoreURL().Reveal(), a.log, a.sharing()...); err != nil {
		return err
	}
	if err := a.openCatalog(ctx); err != nil { // after the store, which keeps a second engine out of data_dir
		return fmt.Errorf("read the catalog: %w", err)
	}
	a.policies = newPolicies(a.catalog.Current, a.store, time.Now, a.log)
	return nil
}

// sharing says whether other engines may work on the same store: they may when they have one Temporal with this one.
func (a *App) sharing() []store.Option {
	if a.cfg.Temporal.Address == "" {
		return nil
	}
	return []store.Option{store.Shared}
}

func (a *App) connectEdges() (err error) {
	a.pagerduty = pagerduty.NewClient(pagerduty.Options{
		APIURL: a.cfg.PagerDuty.APIURL, Token: a.cfg.PagerDuty.Token.Value, From: a.cfg.PagerDuty.From, Log: a.log,
		Observe: a.metrics.observePagerDuty,
	})
	a.self = &self{lookUp: a.pagerduty.Self}
	if !a.cfg.Slack.BotToken.IsZero() {
		a.slack = slack.New(slack.Options{APIURL: a.cfg.Slack.APIURL, Token: a.cfg.Slack.BotToken.Value, Log: a.log})
	}
	if !a.cfg.Slack.AppToken.IsZero() {
		a.socket = slack.NewSocket(slack.SocketOptions{APIURL: a.cfg.Slack.APIURL, AppToken: a.cfg.Slack.AppToken.Value, Log: a.log})
	}
	people := roster.Options{PagerDuty: rota{a.pagerduty}, Operators: a.cfg.Slack.Operators, Now: time.Now, Log: a.log}
	if a.slack != nil {
		people.Slack = directory{a.slack}
	}
	a.roster = roster.New(people)
	if m := a.cfg.Mail; m.Address != "" {
		a.mail, err = mail.New(mail.Options{Address: m.Address, TLS: mail.Mode(m.TLS), User: m.User, Password: m.Password.Value, From: m.From})
	}
	return err
}

// world is what the workflows see of all this.
func (a *App) world(version string) workflows.World {
	w := workflows.World{
		Catalog:   func() workflows.Catalog { return a.catalog.Current() },
		Compiler:  scenario.NewCompiler(a.actions, compiled),
		Journal:   a.store,
		StepLog:   a.store,
		Budgets:   a.store,
		Contacts:  contacts{slack: a.slack, mail: a.mail},
		Policies:  a.policies,
		Deferrals: a.store,
		Digests:   workflows.NewDigestStarter(a.temporal),
		Reports:   a.sender(),
		Pauses:    a.store,
		OnCall:    a.roster,
		Incidents: pagerDutyEdge{a.pagerduty},
		PagerDuty: pagerDutyEdge{a.pagerduty},
		Actions:   &runner{actions: a.actions, catalog: a.catalog, metrics: a.metrics, log: a.log},
		Self:      a.self.id,
		Now:       time.Now,
		Log:       a.log,

		Buttons:        a.cfg.Slack.HearsPeople(),
		DefaultChannel: a.cfg.Slack.Channel,
		EngineVersion:  version,
	}
	if a.slack != nil {
		w.Slack = slackEdge{a.slack}
		w.Buttons = a.cfg.Slack.HearsPeople()
	}
	return w
}

// Address is where the HTTP server listens.
func (a *App) Address() string { return a.listener.Addr().String() }

// TemporalAddress is the frontend of the Temporal that is used.
func (a *App) TemporalAddress() string {
	if a.embedded != nil {
		return a.embedded.Address()
	}
	return a.cfg.Temporal.Address
}

// Catalog is the one in force, for whoever watches the process from inside.
func (a *App) Catalog() *catalog.Catalog { return a.catalog.Current() }

// Store is the record, for whoever watches the process from inside.
func (a *App) Store() *store.Store { return a.store }

// Run works until ctx ends, then stops cleanly.
func (a *App) Run(ctx context.Context) error {
	defer a.close()
	if err := a.worker.Start(); err != nil {
		return fmt.Errorf("start the temporal worker: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.serve(ctx) })
	group.Go(func() error { return a.handEvents(ctx) })
	group.Go(func() error { a.catalog.Watch(ctx); return nil })
	group.Go(func() error { a.house.run(ctx); return nil })
	group.Go(func() error { a.tellCatalog(ctx); return nil })
	group.Go(func() error { a.scheduleReports(ctx); return nil })
	group.Go(func() error { a.metrics.watchRecord(ctx, a.store, a.log); return nil })
	group.Go(func() error { a.policies.tellChanges(ctx, a.decideAgain); return nil })
	group.Go(func() error { a.pauses.stopRunning(ctx); return nil })
	if a.socket != nil {
		group.Go(func() error {
			return a.socket.Run(ctx, func(ctx context.Context, e slack.Envelope) any { return a.site.FromSlack(ctx, e) })
		})
	}
	group.Go(func() error {
		select {
		case err := <-a.broken:
			return fmt.Errorf("temporal worker: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	err := group.Wait()
	a.site.Wait()
	a.log.Info("stopping: waiting for running steps", "at_most", a.cfg.StopTimeout)
	a.worker.Stop()
	return err
}

// serve answers HTTP until ctx ends; requests that are being answered are finished.
func (a *App) serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- a.server.Serve(a.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := a.server.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop HTTP: %w", err)
	}
	return nil
}

// handEvents hands events on, once the engine knows its own user: without it, it would take its own acknowledgement
// for a person's.
func (a *App) handEvents(ctx context.Context) error {
	if err := a.self.await(ctx, a.log); err != nil {
		return nil // stopped before; the events wait in the inbox
	}
	if err := a.inbox.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}

// close releases what New has opened, last first.
func (a *App) close() {
	if a.listener != nil {
		_ = a.listener.Close() // after a clean stop it is closed already
	}
	if a.temporal != nil {
		a.temporal.Close()
	}
	if a.embedded != nil {
		if err := a.embedded.Stop(); err != nil {
			a.log.Error("stop", "err", err)
		}
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			a.log.Error("close the store", "err", err)
		}
	}
}

func values(secrets []config.Secret) []secret.Value {
	list := make([]secret.Value, len(secrets))
	for i, s := range secrets {
		list[i] = s.Value
	}
	return list
}
