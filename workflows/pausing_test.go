package workflows_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

var everything = incident.Pause{ID: "P1", Scope: incident.PauseAll, Reason: "release", By: "Sato"}

// pause uses the kill switch: the store knows it, and with cancel those who run are told.
func (b *bench) pause(after time.Duration, p incident.Pause) {
	stop := func() {
		p.At = b.env.Now()
		if err := b.store.AddPause(b.t.Context(), p); err != nil {
			b.t.Error(err)
		}
		if p.Cancel && after > 0 {
			b.env.SignalWorkflow("pause", p)
		}
	}
	if after == 0 {
		stop()
		return
	}
	b.after(after, stop)
}

// resume ends the pause.
func (b *bench) resume(after time.Duration, p incident.Pause) {
	b.after(after, func() {
		if _, err := b.store.EndPause(b.t.Context(), p.ID, "Sato", b.env.Now()); err != nil {
			b.t.Error(err)
		}
	})
}

func pausedOf(scope incident.PauseScope, name string, cancel bool) incident.Pause {
	p := everything
	p.Scope, p.Name, p.Cancel = scope, name, cancel
	return p
}

func TestTheKillSwitch(t *testing.T) {
	const said = "Sato has paused everything: release"
	cancelling := everything
	cancelling.Cancel = true
	twice := matches + probes + evidence + restartsTwice + verifies
	for _, c := range []struct {
		name     string
		scenario string
		play     func(*bench)
		outcome  incident.Outcome
		reason   incident.Reason
		why      string
		ran      []string // the actions
		did      []string // in PagerDuty, up to the hand-over
	}{
		{
			name: "before it begins", scenario: whole, play: func(b *bench) { b.pause(0, everything) },
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			did: []string{"note handed_over"}, // PagerDuty pages by itself: nobody has acknowledged
		},
		{
			name: "its customer, before it begins", scenario: whole,
			play:    func(b *bench) { b.pause(0, pausedOf(incident.PauseCustomer, "acme", false)) },
			outcome: incident.HandedOver, reason: incident.Paused, why: `Sato has paused everything for customer "acme": release`,
			did: []string{"note handed_over"},
		},
		{
			name: "its scenario, before it begins", scenario: whole,
			play:    func(b *bench) { b.pause(0, pausedOf(incident.PauseScenario, "web", false)) },
			outcome: incident.HandedOver, reason: incident.Paused, why: `Sato has paused scenario "web": release`,
			did: []string{"note handed_over"},
		},
		{
			name: "another customer", scenario: whole,
			play:    func(b *bench) { b.pause(0, pausedOf(incident.PauseCustomer, "beta", true)) },
			outcome: incident.Recovered, why: `"restart" was done, and verified`,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "another scenario, while it works", scenario: whole,
			play:    func(b *bench) { b.pause(5*time.Second, pausedOf(incident.PauseScenario, "mail", true)) },
			outcome: incident.Recovered, why: `"restart" was done, and verified`,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "a pause that is over", scenario: whole,
			play: func(b *bench) {
				b.pause(0, everything)
				if _, err := b.store.EndPause(b.t.Context(), everything.ID, "Sato", b.created); err != nil {
					b.t.Fatal(err)
				}
			},
			outcome: incident.Recovered, why: `"restart" was done, and verified`,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "between two attempts: what runs is verified, and nothing more is changed", scenario: twice,
			play: func(b *bench) {
				b.actions.decide = nil
				b.actions.answers = broken
				b.pause(20*time.Second, everything)
			},
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"},
		},
		{
			name: "while a step runs, which goes on to its end", scenario: whole,
			play: func(b *bench) {
				fixed := false
				b.actions.decide = func(action string) *answer {
					switch {
					case action == "local.run":
						return &answer{output: done.output, do: func() {
							fixed = true
							b.pause(0, everything)
						}}
					case action == "http.request" && fixed:
						return &up
					case action == "http.request":
						return &down
					}
					return nil
				}
			},
			outcome: incident.Recovered, why: `"restart" was done, and verified`,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "while a step runs, which is cancelled", scenario: twice,
			play: func(b *bench) {
				b.actions.decide = nil
				b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal},
					"local.run": {{hangs: true, do: func() {
						b.pause(0, cancelling)
						b.env.SignalWorkflow("pause", cancelling)
					}}}}
			},
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read", "local.run"},
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"},
		},
		{
			name: "while it is verified, which is cut short", scenario: twice,
			play: func(b *bench) {
				b.actions.decide = nil
				b.actions.answers = broken
				b.pause(20*time.Second, cancelling)
			},
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read", "local.run", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"},
		},
		{
			name: "while an approval waits: it is worth nothing", scenario: asksFirst,
			play: func(b *bench) {
				b.pause(2*time.Minute, everything)
				b.choose(4*time.Minute, incident.Choice{Kind: incident.Grant})
			},
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read", "http.request"},
			did: []string{"acknowledge", "note started", "note 1", "page PFIRST", "note handed_over"},
		},
		{
			name: "while an approval waits, which ends", scenario: asksFirst, play: func(b *bench) { b.pause(2*time.Minute, cancelling) },
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read"},
			did: []string{"acknowledge", "note started", "note 1", "page PFIRST", "note handed_over"},
		},
		{
			name: "before anybody is asked", scenario: asksFirst,
			play: func(b *bench) {
				b.actions.answers["local.read"] = []answer{{output: journal.output, do: func() { b.pause(0, everything) }}}
			},
			outcome: incident.HandedOver, reason: incident.Paused, why: said,
			ran: []string{"http.request", "local.read"},
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"},
		},
		{
			name: "and it is over before the change", scenario: asksFirst,
			play: func(b *bench) {
				b.pause(2*time.Minute, everything)
				b.resume(3*time.Minute, everything)
				b.choose(4*time.Minute, incident.Choice{Kind: incident.Grant})
			},
			outcome: incident.Recovered, why: `"restart" was done, and verified`,
			ran: []string{"http.request", "local.read", "http.request", "local.run", "http.request", "http.request", "http.request"},
			did: []string{"acknowledge", "note started", "note 1", "resolve"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			b.heals()
			b.world.Pauses = b.store
			b.environment(b.created)
			acknowledgeLater(9 * time.Minute)(b)
			c.play(b)
			rec := b.run()
			if rec.Outcome != c.outcome || rec.Reason != c.reason || rec.Why != c.why {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if d := cmp.Diff(c.ran, b.actions.ran); d != "" {
				t.Errorf("what ran (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.did, b.pd.loud()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			stopped := slices.ContainsFunc(rec.Transitions, func(l incident.Transition) bool {
				return l.Reason == incident.Paused && l.By == "Sato" || l.Kind == incident.Ended && strings.Contains(l.Why, "Sato has paused")
			})
			if stopped != (c.reason == incident.Paused) {
				t.Errorf("the record: %+v", rec.Transitions)
			}
		})
	}
}

// An incident that was paused in the middle of its repair, at night, is taken up again at the window's end, if the pause is
// over by then.
func TestAPausedRepairGoesOnAfterTheWindow(t *testing.T) {
	for name, over := range map[string]bool{"the pause is over": true, "the pause is still in force": false} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, whole)
			b.heals()
			b.world.Pauses = b.store
			b.environment(b.created)
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
			b.actions.answers["local.read"] = []answer{{output: journal.output, do: func() { b.pause(0, everything) }}}
			if over {
				b.resume(6*time.Hour, everything)
			}
			acknowledgeLater(8*time.Hour + 9*time.Minute)(b)
			want, changes := incident.HandedOver, 0
			if over {
				want, changes = incident.Recovered, 1
			}
			if rec := b.run(); rec.Outcome != want || len(b.changes()) != changes {
				t.Errorf("ended as %s (%s): %s; %d changes", rec.Outcome, rec.Reason, rec.Why, len(b.changes()))
			}
		})
	}
}

// pauses cannot be read for a while.
type pauses struct {
	workflows.Pauses
	mu   sync.Mutex
	fail int
}

func (p *pauses) PausesInForce(ctx context.Context) ([]incident.Pause, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail > 0 {
		p.fail--
		return nil, errors.New("the disk is full")
	}
	return p.Pauses.PausesInForce(ctx)
}

// In doubt nothing is changed: whether the engine is paused is asked until there is an answer.
func TestPausesThatCannotBeRead(t *testing.T) {
	b := newBench(t, whole)
	b.heals()
	p := &pauses{Pauses: b.store}
	b.world.Pauses = p
	b.environment(b.created)
	b.actions.answers["local.read"] = []answer{{output: journal.output, do: func() { p.fail = 3 }}}
	if rec := b.run(); rec.Outcome != incident.Recovered || len(b.changes()) != 1 || p.fail != 0 {
		t.Errorf("ended as %s (%s): %s; changed %v, %d failures left", rec.Outcome, rec.Reason, rec.Why, b.changes(), p.fail)
	}
}
