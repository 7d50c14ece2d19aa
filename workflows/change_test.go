package workflows_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/workflows"
)

// A second life of the same step, while the first one still runs: whichever makes the intent durable sends it, and no
// other.
func TestTheIntentOfAStepIsWrittenOnce(t *testing.T) {
	b := newBench(t, whole)
	b.steps.blind = true
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done},
		"local.read": {{output: journal.output, do: func() { b.began(incident.StepKey{Incident: "Q1", Run: 1, Phase: incident.Recover, Attempt: 1}) }}}}
	acknowledgeSoon(b)
	if rec := b.run(); rec.Outcome != incident.HandedOver || rec.Reason != incident.Inconclusive {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if n := b.actions.count("local.run"); n != 0 {
		t.Errorf("the step was sent %d times more", n)
	}
}

// began makes the intent of a step durable.
func (b *bench) began(key incident.StepKey) {
	_, err := b.store.StartStep(b.t.Context(), incident.Step{StepKey: key, Name: "restart", Action: "local.run", StartedAt: b.env.Now()})
	if err != nil {
		b.t.Error(err)
	}
}

func TestAnAttemptWhoseFirstStepIsSkippedCountsToo(t *testing.T) {
	b := newBench(t, "title: x\nrunbook: web.md\nautonomy: automatic\nmatch: {service: [PWEB]}\ntarget: www\n"+
		"limits: {recoveries: {max: 1, per: 1h}}\n"+probes+restarts+`  - name: careful reboot
    steps:
      - {uses: local.run, if: target == "mail", with: {command: [/usr/bin/sync]}}
      - {uses: local.run, with: {command: [/usr/bin/reboot]}}
verify: {within: 5s, every: 5s}
`)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done}}
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.OverBudget {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if n := b.actions.count("local.run"); n != 1 {
		t.Errorf("%d changing actions were sent, want 1", n)
	}
}

// PagerDuty's event is late or lost: what the incident itself shows is enough.
func TestAPersonIsSeenInTheIncidentItself(t *testing.T) {
	for name, act := range map[string]func(*incident.Incident){
		"reassigned by a person": func(i *incident.Incident) {
			i.Status, i.AcknowledgedBy, i.LastChangeBy = incident.Triggered, nil, human
		},
		"given to another policy": func(i *incident.Incident) { i.EscalationPolicy = incident.Ref{ID: "POTHER", Name: "Network"} },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done},
				"local.read": {{output: journal.output, do: func() { b.pd.change(act) }}}}
			if rec := b.run(); rec.Outcome != incident.TakenOver || b.actions.count("local.run") != 0 {
				t.Errorf("ended as %s with %d changes: %s", rec.Outcome, b.actions.count("local.run"), rec.Why)
			}
		})
	}
	t.Run("acknowledged by the monitor, which is nobody", func(t *testing.T) {
		b := newBench(t, whole)
		b.pd.change(func(i *incident.Incident) {
			i.Status, i.AcknowledgedBy = incident.Acknowledged, []incident.Agent{{ID: "PMON", Name: "Monitor", Type: "service_reference"}}
		})
		b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
		if rec := b.run(); rec.Outcome != incident.Recovered {
			t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
	})
}

func (p *pagerDuty) change(how func(*incident.Incident)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	how(&p.inc)
}

// An attempt may begin by reading something: that sends nothing, and the budgets are asked before the first change.
func TestAnAttemptThatBeginsByReadingHasNoBudgetOfItsOwn(t *testing.T) {
	b := newBench(t, strings.Replace(matches, "timeout: 10m", "timeout: 10m, recoveries: {max: 1, per: 1h}", 1)+probes+
		strings.Replace(restarts, "steps:\n", "steps:\n      - {uses: local.read, with: {command: [/usr/bin/uptime]}}\n", 1)+verifies)
	b.heals()
	b.repaired("Q0", "www")
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.OverBudget || len(b.changes()) != 0 {
		t.Errorf("ended as %s (%s): %s; changed %v", rec.Outcome, rec.Reason, rec.Why, b.changes())
	}
}

// A step is stopped while it is found out whether it may be sent: nothing was sent, and the record has no step that was.
func TestAStepThatIsStoppedBeforeItIsSent(t *testing.T) {
	b := newBench(t, whole)
	running, stop := context.WithCancel(t.Context())
	b.world.Pauses = stopping{stop}
	in := workflows.StepInput{Case: b.pin(), Key: restart}
	result, err := b.runStep(running, "local.run", in)
	if err != nil || len(b.changes()) > 0 || result.Step.ErrorKind != incident.Refused {
		t.Errorf("result %+v, error %v; sent %v", result, err, b.changes())
	}
	if known, found, err := b.store.FindStep(t.Context(), restart); err != nil || found {
		t.Errorf("the record has: %s %s (%s), %v", known.Status, known.ErrorKind, known.Error, err)
	}
}

// stopping stops what asks for pauses.
type stopping struct{ stop context.CancelFunc }

func (s stopping) PausesInForce(ctx context.Context) ([]incident.Pause, error) {
	s.stop()
	return nil, ctx.Err()
}

// Many targets break in the same moment: no more of them are repaired than limits.targets allows.
func TestABlastRadiusHoldsWhenEverythingBreaksAtOnce(t *testing.T) {
	s := newStage(t, strings.Replace(strings.Replace(matches, "timeout: 10m", "timeout: 10m, targets: {max: 2, per: 1h}", 1),
		"target: www", "target: ${{ incident.id }}", 1)+probes+restarts+verifies)
	s.world.Budgets = slowBudgets{s.store}
	s.environment(s.created)
	s.env.SetTestTimeout(time.Minute)
	s.env.RegisterWorkflow(stageWorkflow)
	const incidents = 6
	for n := range incidents {
		id := incident.ID(fmt.Sprintf("QMANY%d", n))
		s.breaks(id, 0, broken)
		s.after(30*time.Minute, func() { s.event(id, incident.EventResolved, human) })
	}
	changed := 0
	for id := range s.perform() {
		changed += s.actions[id].count("local.run")
	}
	if changed != 2 {
		t.Errorf("%d targets were repaired, and 2 are allowed", changed)
	}
}

// slowBudgets give everybody the time to ask at once.
type slowBudgets struct{ workflows.Budgets }

func (b slowBudgets) Targets(ctx context.Context, customer incident.CustomerID, name incident.ScenarioName, since time.Time) (int, error) {
	n, err := b.Budgets.Targets(ctx, customer, name, since)
	for range 1000 {
		runtime.Gosched()
	}
	return n, err
}
