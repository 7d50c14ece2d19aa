package workflows_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/workflows"
)

// unreadable is a compiler that reads no pinned scenario any more, as a later engine may.
type unreadable struct {
	workflows.Compiler
	now bool
}

func (u *unreadable) Compile(p scenario.Pinned) (*scenario.Scenario, error) {
	if u.now {
		return nil, errors.New("the action local.run is gone")
	}
	return u.Compiler.Compile(p)
}

// A running incident whose scenario cannot be read any more reaches a person.
func TestAScenarioThatCannotBeReadAnyMore(t *testing.T) {
	for name, file := range map[string]string{
		"to plan":    strings.Replace(whole, "autonomy: automatic", "autonomy: suggest", 1),
		"to ask for": asksFirst,
		"to make":    whole,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, file)
			u := &unreadable{Compiler: b.world.Compiler}
			b.world.Compiler = u
			b.environment(b.created)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done},
				"local.read": {{output: journal.output, do: func() { u.now = true }}}}
			acknowledgeLater(3 * time.Hour)(b)
			rec := b.run()
			if at := lineTime(rec, incident.ToldTier).Sub(b.created); rec.Outcome != incident.HandedOver || rec.Reason != incident.EngineError || at < 0 || at > time.Hour {
				t.Errorf("ended as %s (%s): %s; told after %v", rec.Outcome, rec.Reason, rec.Why, at)
			}
		})
	}
}
