package scenariotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/workflows"
)

const (
	// stuck is how long nothing may happen, of this machine's time.
	stuck = 30 * time.Second
	// lastResort is when somebody resolves what nobody else does.
	lastResort = 30 * 24 * time.Hour
)

// play is one performance of a case.
type play struct {
	c       *testCase
	env     *testsuite.TestWorkflowEnvironment
	pd      *pagerDuty
	journal *journal
	script  *script
	deeds   *deeds
	ending  sync.Once
}

// explained is a catalog whose decisions tell of every scenario, so that a failed case can say why its own did not match.
type explained struct{ *catalog.Catalog }

// Decide decides as the catalog does.
func (c explained) Decide(inc incident.Incident) catalog.Decision { return c.Explain(inc) }

func newPlay(c *testCase, o Options) *play {
	log := slog.New(slog.DiscardHandler)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(log))
	p := &play{c: c, env: suite.NewTestWorkflowEnvironment(), pd: newPagerDuty(c.incident), deeds: &deeds{}}
	p.env.SetStartTime(c.start)
	p.env.SetTestTimeout(stuck)
	p.env.SetWorkerOptions(worker.Options{DeadlockDetectionTimeout: stuck}) // a slow machine is no deadlock
	p.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.WorkflowID(c.incident.ID), TaskQueue: workflows.TaskQueue})
	p.journal = &journal{earlier: c.earlier, onTold: p.end}
	p.script = &script{actions: o.Actions, steps: p.scenario, answers: c.answers, asked: map[string]int{}, strays: map[string]bool{}}
	workflows.Register(&registry{env: p.env, clock: newClock(p.env), noted: map[int]chan struct{}{}}, workflows.World{
		Catalog:  func() workflows.Catalog { return explained{c.catalog} },
		Compiler: scenario.NewCompiler(o.Actions, 1),
		Journal:  p.journal, StepLog: p.journal, Budgets: p.journal,
		Incidents: p.pd, PagerDuty: p.pd, Slack: slack{}, Actions: p.script,
		Policies: windows{c.catalog}, Deferrals: windows{}, Digests: windows{}, Pauses: p.deeds,
		Self: func(context.Context) (string, error) { return self, nil },
		Now:  p.env.Now, Pause: pass, Log: log, DefaultChannel: "#default", EngineVersion: "test",
	}, o.Actions.Names())
	return p
}

// scenario is the one that the incident got.
func (p *play) scenario() *scenario.Scenario {
	s, _ := p.c.catalog.Scenario(p.record().Match.Scenario)
	return s
}

func (p *play) record() incident.Record {
	p.journal.mu.Lock()
	defer p.journal.mu.Unlock()
	return p.journal.copy()
}

// perform plays the case to its end. An error means that the workflow did not come to one.
func (p *play) perform() (err error) {
	defer func() {
		if r := recover(); r != nil { // how the test environment tells that nothing happens any more
			first, _, _ := strings.Cut(fmt.Sprint(r), "\n")
			err = fmt.Errorf("the workflow stopped: %s", first)
		}
	}()
	p.acts()
	p.env.RegisterDelayedCallback(p.resolve, lastResort)
	p.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: incident.Event{
		ID: "first", Type: incident.EventTriggered, OccurredAt: p.c.incident.CreatedAt, ReceivedAt: p.c.start,
		Incident: p.c.incident.ID, Service: incident.ServiceID(p.c.incident.Service.ID),
	}})
	if !p.env.IsWorkflowCompleted() {
		return fmt.Errorf("the workflow did not end")
	}
	var next *workflow.ContinueAsNewError // of what was suppressed; a case is one first response
	if err := p.env.GetWorkflowError(); !errors.As(err, &next) {
		return err
	}
	return nil
}

// seen is what came of the case.
func (p *play) seen() seen {
	got := seenIn(p.record(), p.scenario(), p.script.actions)
	got.notes = p.pd.notes
	return got
}

// seenIn is what a record tells of its present run. The scenario names the attempts.
func seenIn(rec incident.Record, s *scenario.Scenario, actions Actions) seen {
	got := seen{record: rec}
	for _, s := range rec.Steps {
		switch {
		case s.Status == incident.Planned:
			got.planned = append(got.planned, s.Name)
		case ran(s):
			got.ran = append(got.ran, s.Name)
			if action, ok := actions.Lookup(s.Action); ok && action.Effect == scenario.Changes {
				got.changed++
			}
		}
	}
	rounds := map[string]bool{}
	for _, t := range rec.Transitions {
		if t.Kind == incident.Asked {
			got.asked = append(got.asked, asking(nameOfAttempt(s, t.Attempt), t.By))
		}
		round := t.Key[strings.LastIndex(t.Key, "/")+1:]
		if t.Kind == incident.ToldTier && !rounds[round] {
			rounds[round] = true
			got.told = append(got.told, cmp.Or(t.By, "default"))
		}
	}
	return got
}
