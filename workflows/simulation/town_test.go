package simulation

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/action/builtin"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/store"
	"shodo/workflows"
)

// town is where one customer lives: one clock, one PagerDuty, the engine, and what was seen outside of it.
type town struct {
	t        *testing.T
	plan     *plan
	sabotage sabotage
	env      *testsuite.TestWorkflowEnvironment
	store    *store.Store
	pd       *pagerDuty
	seen     seen
	figures  figures

	running map[string]*running // workflows by id
	pending atomic.Int64        // webhooks on their way
	told    map[string]bool     // who was told of which windows, as the engine remembers it
	over    bool
}

// running is a workflow that has not ended. Signals that come before its code runs wait for it.
type running struct {
	ready   bool
	signals []signal
}

// signal is what is sent to a workflow; it is started for it where it does not run.
type signal struct {
	Workflow string
	Name     string
	Event    incident.Event
	Digest   workflows.DigestInput
	Pause    incident.Pause
	Start    bool // start the workflow where it does not run
	Stop     bool // end the simulation
}

// live lets the customer live through the plan, and gives what is to be judged.
func live(t *testing.T, p *plan, s sabotage) *town {
	t.Helper()
	dir := t.TempDir()
	if memory, err := os.MkdirTemp("/dev/shm", "shodo-simulation-"); err == nil { // a disk waits for each write
		t.Cleanup(func() { _ = os.RemoveAll(memory) })
		dir = memory
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := store.Open(t.Context(), filepath.Join(dir, "store.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	set := builtin.List(builtin.Settings{})
	cat, err := loadCatalog(p.customer, p.rules.zone.String(), set)
	if err != nil {
		t.Fatal(err)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(log))
	w := &town{t: t, plan: p, sabotage: s, env: suite.NewTestWorkflowEnvironment(), store: db, running: map[string]*running{}, told: map[string]bool{}}
	w.pd = &pagerDuty{town: w, tickets: map[incident.ID]*ticket{}, open: len(p.troubles)}
	w.env.SetStartTime(p.begin)
	w.env.SetTestTimeout(time.Minute)
	w.env.SetDetachedChildWait(false)
	w.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: "town", TaskQueue: workflows.TaskQueue})
	w.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: time.Minute, Interceptors: []interceptor.WorkerInterceptor{&breakdowns{town: w}}})
	workflows.Register(registry{w}, workflows.World{
		Catalog:  func() workflows.Catalog { return cat },
		Compiler: scenario.NewCompiler(set, 20),
		Journal:  journal{w}, StepLog: db, Budgets: db,
		Incidents: incidentAPI{w}, PagerDuty: incidentAPI{w}, Slack: slack{w}, Contacts: contacts{w}, Actions: actions{w},
		Policies: policies{w}, Deferrals: db, Digests: digests{w}, Pauses: pauses{w},
		Self:  func(context.Context) (string, error) { return bot, nil },
		Now:   w.now,
		Pause: func(context.Context, time.Duration) bool { return true },
		Log:   log, EngineVersion: "simulation",
	}, set.Names())
	w.env.RegisterWorkflowWithOptions(w.root, workflow.RegisterOptions{Name: "town"})
	w.arrange()
	w.env.ExecuteWorkflow("town")
	if err := w.env.GetWorkflowError(); err != nil {
		t.Fatalf("the simulation broke: %v", err)
	}
	return w
}

func (w *town) now() time.Time { return w.env.Now() }

// at does something later, by the simulated clock. It may be called from anywhere.
func (w *town) at(d time.Duration, do func()) { w.env.RegisterDelayedCallback(do, max(d, 0)) }

// arrange has everything happen that is planned.
func (w *town) arrange() {
	w.at(0, func() { w.next(0) })
	for _, v := range w.plan.rules.versions[1:] {
		w.at(v.from.Sub(w.plan.begin), func() {
			w.seen.add(entry{at: v.from, kind: policyChanged, text: v.what})
			// As in package app: at once, and again, since a decision may have been on its way.
			for _, later := range []time.Duration{0, time.Minute, 2 * time.Minute, 10 * time.Minute} {
				w.at(w.untilBack(later), w.tellChanges)
			}
		})
	}
	for _, away := range w.plan.away {
		w.at(away.from.Sub(w.plan.begin), func() {
			w.seen.add(entry{at: w.now(), kind: awayBegan, text: "until " + away.to.UTC().Format("2006-01-02 15:04:05")})
		})
		w.at(away.to.Sub(w.plan.begin), w.tellChanges)
		w.at(away.to.Sub(w.plan.begin)+time.Minute, w.tellChanges)
	}
	for _, p := range w.plan.pauses {
		w.at(w.untilBack(p.from.Sub(w.plan.begin)), func() { w.pauseAll(p) })
	}
	w.at(length+after, func() { w.env.SignalWorkflow("do", signal{Stop: true}) })
}

// next lets the i-th trouble happen, and those after it.
func (w *town) next(i int) {
	if i == len(w.plan.troubles) {
		return
	}
	tr := w.plan.troubles[i]
	w.at(tr.created.Sub(w.now()), func() {
		w.pd.create(tr)
		w.next(i + 1)
	})
}

// untilBack is how long it takes until the engine is there, but no less than d.
func (w *town) untilBack(d time.Duration) time.Duration {
	at := w.now().Add(d)
	for _, away := range w.plan.away {
		if away.covers(at) {
			at = away.to
		}
	}
	return at.Sub(w.now())
}

// send has a webhook delivered: as a rule at once, at times late or twice.
func (w *town) send(e incident.Event) {
	if w.sabotage.lonely && e.Agent.ID == aiko.ID && e.Type != incident.EventResolved && e.Type != incident.EventReopened {
		return
	}
	rng := draw(w.plan.seed, w.plan.customer, "webhook", e.Incident, e.Type, e.OccurredAt.Unix())
	times := 1
	if chance(rng, 0.03) {
		times = 2
	}
	for range times {
		delay := seconds(rng, time.Second, 5*time.Second)
		switch n := rng.Float64(); {
		case n < 0.01 && e.Type != incident.EventTriggered: // those that are not there are looked for by the minute
			delay = seconds(rng, time.Minute, 6*time.Hour)
		case n < 0.05:
			delay = seconds(rng, time.Second, 3*time.Minute)
		}
		w.pending.Add(1)
		w.at(delay, func() { w.deliver(e) })
	}
}

// deliver hands an event over as the inbox does, when the engine is there.
func (w *town) deliver(e incident.Event) {
	if wait := w.untilBack(0); wait > 0 {
		w.at(wait+3*time.Second, func() { w.deliver(e) })
		return
	}
	w.pending.Add(-1)
	e.ReceivedAt = w.now()
	w.seen.add(entry{at: w.now(), kind: sent, incident: e.Incident, to: string(e.Type), text: "of " + e.OccurredAt.UTC().Format("15:04:05")})
	w.env.SignalWorkflow("do", signal{Workflow: workflows.WorkflowID(e.Incident), Name: "event", Event: e, Start: true})
}

// tellChanges tells those who wait that the windows are others, as package app does.
func (w *town) tellChanges() {
	if w.sabotage.deaf || w.untilBack(0) > 0 {
		return
	}
	open, err := w.store.OpenDeferrals(w.t.Context())
	if err != nil {
		panic(err)
	}
	hash := w.plan.rules.policy(w.now()).Hash()
	for _, d := range open {
		key := fmt.Sprint(d.Incident, d.Run, d.Key, hash)
		if d.Policy == hash || w.told[key] {
			continue
		}
		s := signal{Workflow: workflows.WorkflowID(d.Incident), Name: "policy"}
		if d.Question == incident.Contact {
			s = signal{Workflow: workflows.DigestID(d.Customer, d.Until), Name: "policy", Start: true,
				Digest: workflows.DigestInput{Customer: d.Customer, End: d.Until}}
		}
		w.told[key] = s.Start || w.running[s.Workflow] != nil // otherwise it is tried again
		w.figures.Changes++
		w.env.SignalWorkflow("do", s)
	}
}

// root is the parent of all workflows of the customer. Temporal's test environment runs one workflow and its children.
func (w *town) root(ctx workflow.Context) error {
	todo := workflow.GetSignalChannel(ctx, "do")
	for {
		var s signal
		todo.Receive(ctx, &s)
		if s.Stop {
			return nil
		}
		w.do(ctx, s)
	}
}

// do sends a signal to a workflow, or starts it.
func (w *town) do(ctx workflow.Context, s signal) {
	r := w.running[s.Workflow]
	switch {
	case r == nil && !s.Start:
		return
	case r == nil:
		r = &running{}
		w.running[s.Workflow] = r
		ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: s.Workflow, TaskQueue: workflows.TaskQueue})
		if s.Digest.Customer != "" {
			w.figures.Digests++
			workflow.ExecuteChildWorkflow(ctx, workflows.DigestWorkflow, s.Digest)
		} else {
			workflow.ExecuteChildWorkflow(ctx, workflows.IncidentWorkflow, workflows.IncidentInput{Event: s.Event})
		}
	}
	if s.Name == "" || s.Name == "event" && s.Event.Type == incident.EventTriggered {
		return // it came with the start
	}
	if !r.ready {
		r.signals = append(r.signals, s)
		return
	}
	w.signal(s)
}

func (w *town) signal(s signal) {
	var in any
	switch s.Name {
	case "event":
		in = s.Event
	case "pause":
		in = s.Pause
	}
	if err := w.env.SignalWorkflowByID(s.Workflow, s.Name, in); err != nil {
		panic(fmt.Sprintf("signal %q: %v", s.Workflow, err))
	}
}

// runs keeps the books on a workflow that runs. Its end is told by what it gives.
func (w *town) runs(ctx workflow.Context) func(error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	r := w.running[id]
	r.ready = true
	for _, s := range r.signals {
		w.signal(s)
	}
	r.signals = nil
	return func(err error) {
		if workflow.IsContinueAsNewError(err) {
			r.ready = false
			return
		}
		delete(w.running, id)
		w.pd.mu.Lock()
		open := w.pd.open
		w.pd.mu.Unlock()
		if len(w.running) == 0 && w.pending.Load() == 0 && open == 0 {
			w.over = true
			w.env.SignalWorkflow("do", signal{Stop: true})
		}
	}
}

// registry makes the engine's workflows known, with books kept on them.
type registry struct{ *town }

func (r registry) RegisterWorkflowWithOptions(w any, o workflow.RegisterOptions) {
	switch run := w.(type) {
	case func(workflow.Context, workflows.IncidentInput) (workflows.IncidentResult, error):
		w = func(ctx workflow.Context, in workflows.IncidentInput) (workflows.IncidentResult, error) {
			ended := r.runs(ctx)
			result, err := run(ctx, in)
			ended(err)
			return result, err
		}
	case func(workflow.Context, workflows.DigestInput) error:
		w = func(ctx workflow.Context, in workflows.DigestInput) error {
			ended := r.runs(ctx)
			err := run(ctx, in)
			ended(err)
			return err
		}
	}
	r.env.RegisterWorkflowWithOptions(w, o)
}

func (r registry) RegisterActivityWithOptions(a any, o activity.RegisterOptions) {
	r.env.RegisterActivityWithOptions(a, o)
}
