package workflows_test

import (
	"strings"
	"testing"

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
