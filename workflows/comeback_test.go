package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/workflows"
)

// repeatable are the actions of the engine, of which local.run may be sent twice without harm.
type repeatable struct{ scenario.Actions }

func (r repeatable) Lookup(name string) (scenario.Action, bool) {
	a, known := r.Actions.Lookup(name)
	a.Idempotent = name == "local.run"
	return a, known
}

var restart = incident.StepKey{Incident: "Q1", Run: 1, Phase: incident.Recover, Attempt: 1}

// The process has died after it sent a step that may be sent again, and by now it may not be: what the record says of it
// is that it was sent.
func TestAnInterruptedStepThatIsNotSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		play    func(*bench)
		stepped bool
	}{
		"somebody has the incident": {func(b *bench) { b.pd.act(incident.EventAcknowledged, human) }, true},
		"the monitor has resolved it": {func(b *bench) {
			b.pd.act(incident.EventResolved, incident.Agent{Type: "service_reference"})
		}, true},
		"the engine is paused": {func(b *bench) { b.pause(0, everything) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, whole)
			b.world.Compiler = scenario.NewCompiler(repeatable{builtin.List(builtin.Settings{})}, 10)
			b.world.Pauses = b.store
			in := workflows.StepInput{Case: b.pin(), Key: restart}
			b.began(restart)
			c.play(b)

			result, err := b.runStep(t.Context(), "local.run", in)
			if err != nil || (result.Stepped != nil) != c.stepped || len(b.changes()) > 0 {
				t.Fatalf("result %+v, error %v; sent %v", result, err, b.changes())
			}
			known, _, err := b.store.FindStep(t.Context(), restart)
			if err != nil || known.Status != incident.Failed || known.ErrorKind != incident.UnknownEffect ||
				!strings.Contains(known.Error, "interrupted after the step was sent") {
				t.Errorf("the record has: %s %s (%s), %v", known.Status, known.ErrorKind, known.Error, err)
			}
		})
	}
}

// unwritten is a record of steps that takes the end of no step that changes something.
type unwritten struct{ *stepLog }

func (u unwritten) FinishStep(ctx context.Context, s incident.Step) error {
	if s.Phase == incident.Recover {
		return errors.New("the disk is full")
	}
	return u.stepLog.FinishStep(ctx, s)
}

// A step was sent, and its end cannot be written down: in doubt it has changed something, whoever resolves the incident.
func TestAStepWhoseEndCannotBeRecorded(t *testing.T) {
	b := newBench(t, whole)
	b.heals()
	b.world.StepLog = unwritten{b.steps}
	b.world.Pause = func(context.Context, time.Duration) bool { return true }
	b.environment(b.created)
	b.after(time.Minute, func() {
		monitor := incident.Agent{ID: "PMON", Type: "service_reference"}
		b.pd.act(incident.EventResolved, monitor)
		b.tell(incident.EventResolved, monitor)
	})
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Inconclusive || len(b.changes()) != 1 {
		t.Errorf("ended as %s (%s): %s; sent %v", rec.Outcome, rec.Reason, rec.Why, b.changes())
	}
}
