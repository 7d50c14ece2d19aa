package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// wished is handed over after one minute: the first attempt did not hold.
const wished = matches + probes + restarts + verifies

// wish asks for the first attempt.
var wish = incident.Choice{Kind: incident.RunAttempt, Attempt: 1}

// heedsAt has the check break until the n-th change.
func (b *bench) heedsAt(n int) {
	changes := 0
	b.actions.answers = map[string][]answer{"local.read": {journal}, "local.run": {{output: done.output, do: func() { changes++ }}}}
	b.actions.decide = func(action string) *answer {
		switch {
		case action != "http.request":
			return nil
		case changes >= n:
			return &up
		}
		return &down
	}
}

func TestAnAttemptAtAPersonsWish(t *testing.T) {
	const (
		failed = "handed_over verify_failed: the attempt did not hold"
		asked  = "run_attempt: Sato (slack:U1) asked for attempt 1 in Slack"
	)
	monitor := func(b *bench) {
		b.pd.act(incident.EventResolved, incident.Agent{})
		b.tell(incident.EventResolved, incident.Agent{})
	}
	for _, c := range []struct {
		name     string
		scenario string
		customer string
		works    int // the change after which it is healthy; 0: none
		play     func(*bench)
		decided  []string
		changes  int
	}{
		{
			name: "it holds", works: 2, changes: 2, play: func(b *bench) { b.choose(5*time.Minute, wish) },
			decided: []string{failed, asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "it does not hold", changes: 2, play: func(b *bench) { b.choose(5*time.Minute, wish) },
			decided: []string{failed, asked, `run_attempt verify_failed: attempt 1 ("restart") was made at the wish of Sato: the attempt did not hold`},
		},
		{
			name: "once more", works: 3, changes: 3,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(8*time.Minute, wish)
			},
			decided: []string{failed, asked, `run_attempt verify_failed: attempt 1 ("restart") was made at the wish of Sato: the attempt did not hold`,
				asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "a double click", works: 2, changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(5*time.Minute+time.Second, wish)
			},
			decided: []string{failed, asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "the person has it", works: 2, changes: 2,
			play: func(b *bench) {
				b.after(4*time.Minute, func() { b.person(incident.EventAcknowledged) })
				b.choose(5*time.Minute, wish)
			},
			decided: []string{failed, asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "the scenario only suggests", scenario: strings.Replace(wished, "automatic", "suggest", 1), works: 1, changes: 1,
			play: func(b *bench) { b.choose(5*time.Minute, wish) },
			decided: []string{"handed_over observed: the scenario only suggests here: a person decides what is run", asked,
				`run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "it was never checked", works: 1, changes: 1,
			scenario: strings.Replace(strings.Replace(wished, "[/usr/bin/restart]", `[/usr/bin/restart, "${{ steps.probe.output.status }}"]`, 1),
				"limits: {timeout: 10m}", "limits: {timeout: 1m}", 1),
			play: func(b *bench) {
				b.pd.inc.CreatedAt = b.created.Add(-time.Hour)
				b.choose(5*time.Minute, wish)
			},
			decided: []string{"handed_over stale: it was 1h0m0s old when its turn came, longer than the scenario's limits.timeout of 1m0s (if it is new, the clock is wrong)",
				asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "no budget is left", scenario: strings.Replace(wished, "timeout: 10m", "timeout: 10m, recoveries: {max: 1, per: 1h}", 1), changes: 1,
			play: func(b *bench) { b.choose(5*time.Minute, wish) },
			decided: []string{failed, asked, `run_attempt over_budget: attempt 1 ("restart"), which Sato asked for, was not made: ` +
				`"www" had 1 repairs within 1h0m0s, and limits.recoveries allows 1: the fix does not hold`},
		},
		{
			name: "a window forbids it", changes: 1,
			play: func(b *bench) {
				b.policies.are(b.window("batch", 4*time.Minute, 3*time.Hour, recoverForbid))
				b.choose(5*time.Minute, wish)
			},
			decided: []string{failed, asked, `run_attempt forbidden: attempt 1 ("restart"), which Sato asked for, was not made: FORBIDDEN`},
		},
		{
			name: "the engine is paused", changes: 1,
			play: func(b *bench) {
				b.pause(4*time.Minute, everything)
				b.choose(5*time.Minute, wish)
			},
			decided: []string{failed, asked, `run_attempt paused: attempt 1 ("restart"), which Sato asked for, was not made: Sato has paused everything: release`},
		},
		{
			name: "its condition does not hold", changes: 0,
			scenario: strings.Replace(wished, "name: restart\n", "name: restart\n    if: alert.class == \"web\"\n", 1),
			play:     func(b *bench) { b.choose(5*time.Minute, wish) },
			decided: []string{"handed_over inconclusive: it is broken, and no attempt of the scenario applies", asked,
				`run_attempt inconclusive: attempt 1 ("restart"), which Sato asked for, was not made: its condition does not hold`},
		},
		{
			name: "somebody else takes the incident over", changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(5*time.Minute+20*time.Second, incident.Choice{Kind: incident.TakeOver, By: suzuki})
			},
			decided: []string{failed, asked, "take_over: Suzuki (slack:U2) took it over in Slack",
				`run_attempt taken_over: attempt 1 ("restart") was made at the wish of Sato: Suzuki (slack:U2) took it over in Slack`},
		},
		{
			name: "somebody else takes it in PagerDuty", changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.after(5*time.Minute+20*time.Second, func() { b.person(incident.EventAcknowledged) })
			},
			decided: []string{failed, asked, `run_attempt taken_over: attempt 1 ("restart") was made at the wish of Sato: Aiko Tanaka acknowledged it in PagerDuty`},
		},
		{
			name: "the same person takes the incident over", works: 2, changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(5*time.Minute+20*time.Second, incident.Choice{Kind: incident.TakeOver})
			},
			decided: []string{failed, asked, "take_over: Sato (slack:U1) took it over in Slack",
				`run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "somebody resolves it meanwhile", changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.after(5*time.Minute+20*time.Second, func() { b.person(incident.EventResolved) })
			},
			decided: []string{failed, asked, `run_attempt taken_over: attempt 1 ("restart") was made at the wish of Sato: Aiko Tanaka resolved it in PagerDuty`},
		},
		{
			name: "the monitor resolves it, because the attempt helps", works: 2, changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.after(5*time.Minute+5*time.Second, func() { monitor(b) })
			},
			decided: []string{failed, asked, `run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "another person approves it", customer: twoPeople, works: 2, changes: 2,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(6*time.Minute, incident.Choice{Kind: incident.Grant, By: suzuki})
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1", "approve: Suzuki (slack:U2) approved attempt 1 in Slack",
				`run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`},
		},
		{
			name: "the same person approves it, by two ways", customer: twoPeople, changes: 1,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(6*time.Minute, incident.Choice{Kind: incident.Grant, By: sato})
				b.choose(7*time.Minute, incident.Choice{Kind: incident.Grant, By: incident.Person{ID: "api:sato", Name: "Sato", PagerDuty: sato.PagerDuty}})
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1", "expired question 1: nobody answered within 10m0s: it is not made"},
		},
		{
			name: "another person says no", customer: twoPeople, changes: 1,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(6*time.Minute, incident.Choice{Kind: incident.NotNow, By: suzuki})
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1", "not_now: Suzuki (slack:U2) did not approve attempt 1 in Slack"},
		},
		{
			name: "somebody takes it over while it waits for another person", customer: twoPeople, changes: 1,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(6*time.Minute, incident.Choice{Kind: incident.TakeOver, By: suzuki})
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1", "take_over: Suzuki (slack:U2) took it over in Slack",
				`run_attempt taken_over: attempt 1 ("restart"), which Sato asked for, was not made: Suzuki (slack:U2) took it over in Slack`},
		},
		{
			name: "it is resolved while it waits for another person", customer: twoPeople, changes: 1,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.after(6*time.Minute, func() { monitor(b) })
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1",
				`run_attempt taken_over: attempt 1 ("restart"), which Sato asked for, was not made: the monitor resolved it`},
		},
		{
			name: "the engine is paused while it waits for another person", customer: twoPeople, changes: 1,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.pause(6*time.Minute, pausedOf(incident.PauseScenario, "web", true))
			},
			decided: []string{failed, asked, "asked first for attempt 1, question 1",
				`run_attempt paused: attempt 1 ("restart"), which Sato asked for, was not made: Sato has paused scenario "web": release`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBenchOf(t, orElse(c.scenario, wished), orElse(c.customer, customerFile))
			b.heedsAt(1000)
			if c.works > 0 {
				b.heedsAt(c.works)
			}
			b.world.Pauses = b.store
			b.environment(b.created)
			c.play(b)
			b.after(30*time.Minute, func() { b.person(incident.EventResolved) })
			rec := b.run()
			got := decided(rec)
			for i := range got { // the window's words are package quiethours'
				if before, _, found := strings.Cut(got[i], "changing things is forbidden"); found {
					got[i] = before + "FORBIDDEN"
				}
			}
			if d := cmp.Diff(c.decided, got); d != "" {
				t.Errorf("what was decided (-want +got):\n%s", d)
			}
			if n := len(b.changes()); n != c.changes {
				t.Errorf("%d changes, want %d", n, c.changes)
			}
			if rec.Outcome != incident.HandedOver {
				t.Errorf("the wish has changed the outcome: %s", rec.Outcome)
			}
		})
	}
}

// The process may die after each thing that it does for a wish: it is sent once per press.
func TestACrashAtEachStepOfAWish(t *testing.T) {
	for _, line := range []string{"chosen/", "asked/", "manual/"} {
		t.Run(line, func(t *testing.T) {
			b := newBenchOf(t, wished, twoPeople)
			b.heedsAt(2)
			b.journal.crash = line
			b.choose(5*time.Minute, wish)
			b.choose(6*time.Minute, incident.Choice{Kind: incident.Grant, By: suzuki})
			b.after(30*time.Minute, func() { b.person(incident.EventResolved) })
			rec := b.run()
			wantDecided(t, rec, "handed_over verify_failed: the attempt did not hold",
				"run_attempt: Sato (slack:U1) asked for attempt 1 in Slack", "asked first for attempt 1, question 1",
				"approve: Suzuki (slack:U2) approved attempt 1 in Slack",
				`run_attempt recovered: attempt 1 ("restart") was made at the wish of Sato, and verified`)
			if b.journal.crash != "" || len(b.changes()) != 2 {
				t.Errorf("crashed %v, changed %v", b.journal.crash == "", b.changes())
			}
		})
	}
}

// chain is an attempt whose later steps read what the earlier ones gave.
const chain = `recover:
  - name: move
    steps:
      - {id: first, uses: local.run, with: {command: [/usr/bin/first]}}
      - {id: second, uses: local.run, with: {command: [/usr/bin/second, "${{ steps.first.output.stdout }}"]}}
      - {uses: local.run, with: {command: [/usr/bin/third, "${{ steps.second.output.stdout }}"]}}
`

// What a later step would do is known only when the earlier one has ended: then it is asked for again, and in the end the
// attempt is made whole, each of its steps once.
func TestAnAttemptWhoseStepsReadEachOther(t *testing.T) {
	whole := []string{`{"command":["/usr/bin/first"],"dir":"/"}`, `{"command":["/usr/bin/second","one"],"dir":"/"}`,
		`{"command":["/usr/bin/third","two"],"dir":"/"}`}
	grant, no := incident.Choice{Kind: incident.Grant, By: suzuki}, incident.Choice{Kind: incident.NotNow, By: suzuki}
	const (
		yes       = "approve: Suzuki (slack:U2) approved attempt 1 in Slack"
		suggested = "handed_over observed: the scenario only suggests here: a person decides what is run"
		wanted    = "run_attempt: Sato (slack:U1) asked for attempt 1 in Slack"
	)
	for _, c := range []struct {
		name     string
		scenario string
		play     func(*bench)
		decided  []string
		changes  []string
	}{
		{
			name: "the engine asks for it", scenario: approved, changes: whole,
			play: func(b *bench) {
				for n := range 3 {
					b.choose(time.Duration(n+1)*2*time.Minute, grant)
				}
			},
			decided: []string{"asked first for attempt 1, question 1", yes, "asked first for attempt 1, question 2", yes,
				"asked first for attempt 1, question 3", yes, `recovered : "move" was done, and verified`},
		},
		{
			name: "a person asks for it, and another one has to approve", scenario: strings.Replace(matches, "automatic", "suggest", 1), changes: whole,
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				for n := range 3 {
					b.choose(time.Duration(n+3)*2*time.Minute, grant)
				}
			},
			decided: []string{suggested, wanted, "asked first for attempt 1, question 1", yes, "asked first for attempt 1, question 2", yes,
				"asked first for attempt 1, question 3", yes, `run_attempt recovered: attempt 1 ("move") was made at the wish of Sato, and verified`},
		},
		{
			name: "a person asks for it, and another one says no to the rest", scenario: strings.Replace(matches, "automatic", "suggest", 1), changes: whole[:2],
			play: func(b *bench) {
				b.choose(5*time.Minute, wish)
				b.choose(6*time.Minute, grant)
				b.choose(8*time.Minute, grant)
				b.choose(10*time.Minute, no)
			},
			decided: []string{suggested, wanted, "asked first for attempt 1, question 1", yes, "asked first for attempt 1, question 2", yes,
				"asked first for attempt 1, question 3", "not_now: Suzuki (slack:U2) did not approve attempt 1 in Slack",
				`run_attempt not_approved: attempt 1 ("move") was made at the wish of Sato: its first steps were done, and the rest was not approved`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBenchOf(t, c.scenario+probes+chain+verifies, twoPeople)
			b.heedsAt(3)
			gave := func(text string) answer { return answer{output: `{"exit_code":0,"stdout":"` + text + `"}`} }
			count := b.actions.answers["local.run"][0].do
			b.actions.answers["local.run"] = []answer{gave("one"), gave("two"), gave("three")}
			for i := range b.actions.answers["local.run"] {
				b.actions.answers["local.run"][i].do = count
			}
			c.play(b)
			b.after(30*time.Minute, func() { b.person(incident.EventResolved) })
			rec := b.run()
			wantDecided(t, rec, c.decided...)
			if d := cmp.Diff(c.changes, b.changes()); d != "" {
				t.Errorf("what was sent (-want +got):\n%s", d)
			}
		})
	}
}
