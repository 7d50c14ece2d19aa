package workflows_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// The process may die after each thing that it does while it defers: nothing is told twice, and nothing is lost.
func TestACrashAtEachStepOfADeferral(t *testing.T) {
	for _, healthy := range []bool{false, true} {
		for _, c := range []struct {
			name  string
			crash func(*bench)
		}{
			{"the deferral is recorded", func(b *bench) { b.journal.crash = "deferred/page" }},
			{"the digest is started", func(b *bench) { b.digests.fail = 1 }},
			{"the snooze is taken", func(b *bench) { b.pd.lostSnoozes = 1 }},
			{"the snooze is recorded", func(b *bench) { b.journal.crash = "acted/snooze" }},
			{"the end is recorded", func(b *bench) { b.journal.crash = "resumed/page" }},
			{"the outcome is recorded", func(b *bench) { b.journal.crash = "outcome" }},
			{"the tier is told", func(b *bench) { b.journal.crash = "told/" }},
			{"the digest is told", func(b *bench) { b.journal.crash = "listed/" }},
		} {
			name := c.name + ", broken"
			if healthy {
				name = c.name + ", healthy"
			}
			t.Run(name, func(t *testing.T) {
				b := newBench(t, leaves)
				b.actions.answers = map[string][]answer{"http.request": {down}}
				if healthy {
					b.actions.answers["http.request"] = []answer{down, up}
				}
				b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
				c.crash(b)
				b.after(8*time.Hour+9*time.Minute, func() { b.person(incident.EventAcknowledged) })
				b.run()
				if b.digest(8 * time.Hour); len(b.slack.sent) != 1 || b.slack.tries != 1 {
					t.Errorf("told in %v, with %d messages", b.slack.sent, b.slack.tries)
				}
				rec := b.record()
				want := []string{"deferred page", "resumed page", "outcome handed_over observed", "told first", "told first"}
				if healthy {
					want = []string{"deferred page", "outcome cleared", "resumed page", "listed page first"}
				}
				if d := cmp.Diff(want, story(rec)); d != "" {
					t.Errorf("the record (-want +got):\n%s", d)
				}
				if len(b.digests.ends) != 1 {
					t.Errorf("digests at %v", b.digests.ends)
				}
			})
		}
	}
}

// The window ends while the engine is down between a decision and its answer: what was recorded holds.
func TestTheWindowEndsBetweenTwoLivesOfADecision(t *testing.T) {
	b := newBench(t, leaves)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
	b.journal.crash = "deferred/page"
	b.journal.onCrash = func() { b.policies.are() }
	b.after(9*time.Minute, func() { b.person(incident.EventAcknowledged) })
	rec := b.run()
	if d := cmp.Diff([]string{"deferred page", "resumed page", "outcome handed_over observed", "told first", "told first"}, story(rec)); d != "" {
		t.Errorf("the record (-want +got):\n%s", d)
	}
}
