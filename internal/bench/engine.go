package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/store"
	"shodo/internal/temporalserver"
	"shodo/workflows"
)

const customerFile = `name: Acme
department: cloud-1
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PBENCH1]}
scenarios: {web: {}}
allow: ["local.*"]
tiers:
  - {name: first, slack: "#operations", pagerduty: {escalation_policy: PPOLICY}}
`

// The scenario of all measurements: one check, two gathers, one recover step and a verify.
const scenarioFile = `title: A web server is down
runbook: web.md
autonomy: automatic
match: {when: 'alert.severity == "critical" and alert.summary matches "(?i)health check"'}
inputs:
  host: {type: string, from: alert.source}
target: "${{ inputs.host }}"
limits: {timeout: 10m, recoveries: {max: 3, per: 1h}}
check:
  - id: probe
    uses: local.read
    timeout: 5s
    with: {command: [/usr/bin/probe, "${{ inputs.host }}"]}
    healthy: output.exit_code == 0
gather:
  - id: status
    uses: local.read
    timeout: 5s
    with: {command: [/usr/bin/status, "${{ inputs.host }}"]}
  - id: journal
    uses: local.read
    timeout: 5s
    with: {command: [/usr/bin/journal, "${{ inputs.host }}"]}
recover:
  - name: restart
    steps:
      - uses: local.run
        timeout: 20s
        with: {command: [/usr/bin/repair, "${{ inputs.host }}"]}
verify: {within: 1m, every: 5s}
close: {note: "Restarted the web server on ${{ inputs.host }}."}
`

// engine is the product's store, Temporal server, catalog and worker around an outside world that answers at once.
type engine struct {
	*outside
	store    *store.Store
	temporal client.Client
	starter  *workflows.Starter
	worker   worker.Worker
	catalog  *catalog.Catalog
	log      *slog.Logger

	cleanups []func()
}

// newEngine starts everything in a new folder, apart from the worker.
func newEngine(ctx context.Context, s settings) (_ *engine, err error) {
	e := &engine{outside: newOutside(), log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	dir, err := os.MkdirTemp(s.dir, "shodo-bench-")
	if err != nil {
		return nil, err
	}
	e.later(func() { _ = os.RemoveAll(dir) })
	if e.store, err = store.Open(ctx, filepath.Join(dir, "shodo.db"), e.log); err != nil {
		return nil, err
	}
	e.later(func() { _ = e.store.Close() })
	server, err := temporalserver.Start(ctx, temporalserver.Options{File: filepath.Join(dir, "temporal.db"), Namespace: "default",
		SearchAttributes: workflows.SearchAttributes(), Log: e.log})
	if err != nil {
		return nil, err
	}
	e.later(func() { _ = server.Stop() })
	e.temporal, err = client.DialContext(ctx, client.Options{HostPort: server.Address(), Namespace: "default",
		Logger: sdklog.NewStructuredLogger(e.log), ConnectionOptions: client.ConnectionOptions{GrpcCompression: &client.GrpcCompressionNone{}}})
	if err != nil {
		return nil, err
	}
	e.later(e.temporal.Close)
	return e, e.build()
}

// build makes the catalog and the worker.
func (e *engine) build() error {
	actions := builtin.List(builtin.Settings{})
	var problems interface{ Err() error }
	e.catalog, problems = catalog.Load(fstest.MapFS{
		"scenarios/web.yaml":  {Data: []byte(scenarioFile)},
		"customers/acme.yaml": {Data: []byte(customerFile)},
		"runbooks/web.md":     {Data: []byte("# Web\nLook at it.\n")},
	}, "bench", actions)
	if err := problems.Err(); err != nil {
		return err
	}
	e.starter = workflows.NewStarter(e.temporal, func(id incident.ServiceID) (incident.Customer, bool) {
		c, ok := e.catalog.CustomerOf(id)
		if !ok {
			return incident.Customer{}, false
		}
		return c.Facts(), true
	})
	e.worker = worker.New(e.temporal, workflows.TaskQueue, e.workerOptions())
	workflows.Register(e.worker, workflows.World{
		Catalog:  func() workflows.Catalog { return e.catalog },
		Compiler: scenario.NewCompiler(actions, 10),
		Journal:  e.store, StepLog: e.store, Budgets: e.store,
		Incidents: e.outside, PagerDuty: e.outside, Actions: e.outside,
		Self: func(context.Context) (string, error) { return engineUser, nil },
		Now:  time.Now, Log: e.log, EngineVersion: "bench",
	}, actions.Names())
	return nil
}

// workerOptions are the product's own.
func (e *engine) workerOptions() worker.Options {
	return workflows.WorkerOptions(10*time.Second, func(err error) { e.log.Error("the worker broke", "err", err) })
}

// work starts the worker.
func (e *engine) work() error {
	if err := e.worker.Start(); err != nil {
		return err
	}
	e.later(e.worker.Stop)
	return nil
}

func (e *engine) later(do func()) { e.cleanups = append(e.cleanups, do) }

func (e *engine) close() {
	for i := range e.cleanups {
		e.cleanups[len(e.cleanups)-1-i]()
	}
}

// respond plays one incident from its first event to the end of its workflow's work.
func (e *engine) respond(ctx context.Context, id incident.ID) error {
	inc, _ := e.breakDown(id)
	defer e.forget(inc)
	if err := e.starter.Hand(ctx, eventOf(inc)); err != nil {
		return err
	}
	return await(ctx, inc)
}

// result waits for the end of an incident's workflow, and tells when it did not end well.
func (e *engine) result(ctx context.Context, id incident.ID) error {
	var result workflows.IncidentResult
	if err := e.temporal.GetWorkflow(ctx, workflows.WorkflowID(id), "").Get(ctx, &result); err != nil {
		return err
	}
	if result.Outcome != incident.Recovered {
		return fmt.Errorf("incident %q ended as %s (%s)", id, result.Outcome, result.Reason)
	}
	return nil
}

func eventOf(inc *pagerDutyIncident) incident.Event {
	return incident.Event{ID: incident.EventID("01" + string(inc.ID)), Type: incident.EventTriggered, OccurredAt: inc.CreatedAt,
		ReceivedAt: time.Now(), Incident: inc.ID, Service: service, Agent: incident.Agent{ID: "PINTEGR", Type: "inbound_integration_reference"}}
}

// await waits until PagerDuty has the incident as resolved.
func await(ctx context.Context, inc *pagerDutyIncident) error {
	select {
	case <-inc.resolved:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for incident %q: %w", inc.ID, ctx.Err())
	case <-time.After(time.Minute):
		return fmt.Errorf("incident %q was not resolved within a minute", inc.ID)
	}
}
