package workflows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

const tookOver = "Sato (slack:U1) took it over in Slack"

// A person always wins: whatever the engine does is stopped at once.
func TestTakingOver(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario string
		play     func(*bench) *press
		why      string
		changes  int
	}{
		{name: "while a step runs, which is cancelled", scenario: matches + probes + evidence + restartsTwice + verifies,
			why: tookOver, changes: 1, play: func(b *bench) *press {
				p := &press{Choice: incident.Choice{Kind: incident.TakeOver}}
				b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal},
					"local.run": {{hangs: true, do: func() { b.send(p) }}}}
				return p
			}},
		{name: "while it is checked", scenario: whole, why: tookOver, play: func(b *bench) *press {
			p := &press{Choice: incident.Choice{Kind: incident.TakeOver}}
			b.actions.answers = map[string][]answer{"http.request": {{output: down.output, do: func() { b.send(p) }}}, "local.read": {journal}, "local.run": {done}}
			return p
		}},
		{name: "while it is verified", scenario: matches + probes + evidence + restartsTwice + verifies,
			why: tookOver, changes: 1, play: func(b *bench) *press {
				b.actions.answers = broken
				return b.choose(20*time.Second, incident.Choice{Kind: incident.TakeOver})
			}},
		{name: "while an approval waits", scenario: asksFirst, why: tookOver, play: func(b *bench) *press {
			b.actions.answers = broken
			return b.choose(time.Minute, incident.Choice{Kind: incident.TakeOver, Note: "I know this one"})
		}},
		{name: "while it waits for the end of a window", scenario: whole, why: tookOver, changes: 1, play: func(b *bench) *press {
			b.actions.answers = broken
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
			return b.choose(4*time.Hour, incident.Choice{Kind: incident.TakeOver})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			p := c.play(b)
			rec := b.run()
			p.wants(t, "taken")
			if rec.Outcome != incident.TakenOver || !strings.HasPrefix(rec.Why, c.why) {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if n := len(b.changes()); n != c.changes {
				t.Errorf("%d changes, want %d", n, c.changes)
			}
			if slices.ContainsFunc(b.pd.done(), func(did string) bool { return strings.HasPrefix(did, "page") || did == "resolve" }) {
				t.Errorf("in PagerDuty: %v", b.pd.done())
			}
			if rec.TakenBy != "Sato" {
				t.Errorf("taken by %q", rec.TakenBy)
			}
		})
	}
}

// One who takes it over when the engine is just resolving it in PagerDuty comes too late, and is written down.
func TestTakingOverTooLate(t *testing.T) {
	b := newBench(t, whole)
	b.heals()
	p := &press{Choice: incident.Choice{Kind: incident.TakeOver}}
	b.pd.onResolve = func() { b.send(p) }
	rec := b.run()
	if rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if was := p.was(); was == "taken" {
		wantDecided(t, rec, `recovered : "restart" was done, and verified`, "take_over: "+tookOver+"; it was over already")
	} else {
		p.wants(t, "lost") // the workflow had ended
	}
}

// PagerDuty is away when the engine is about to close the incident: who takes it over meanwhile has it, and it is not closed.
func TestTakingOverWhileItCannotBeClosed(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(*bench)
		why  string
		did  []string // in PagerDuty, once it is back
	}{
		{name: "in Slack", why: tookOver, did: []string{"acknowledge for PSATO", "note handed_over"},
			play: func(b *bench) { b.choose(10*time.Minute, incident.Choice{Kind: incident.TakeOver}) }},
		{name: "in PagerDuty", why: "Aiko Tanaka acknowledged it in PagerDuty", did: []string{"note handed_over"},
			play: acknowledgeLater(10 * time.Minute)},
		{name: "in PagerDuty, and lets it go", why: "Aiko Tanaka acknowledged it in PagerDuty",
			did: []string{"note handed_over", "page PFIRST"}, play: func(b *bench) {
				b.after(10*time.Minute, func() { b.tell(incident.EventAcknowledged, human) })
				b.after(15*time.Minute, func() { b.tell(incident.EventUnacknowledged, incident.Agent{}) })
				b.choose(20*time.Minute, incident.Choice{Kind: incident.TakeOver})
			}},
		{name: "and resolves it in PagerDuty", why: "Aiko Tanaka resolved it in PagerDuty", did: []string{"note handed_over"},
			play: func(b *bench) { b.after(10*time.Minute, func() { b.person(incident.EventResolved) }) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			b.heals()
			away := errors.New("503")
			b.after(5*time.Second, func() { // it is verified until half a minute is over
				b.pd.failing(map[string]error{"Status": away, "Resolve": away, "Note": away, "AcknowledgeFor": away, "Reassign": away})
			})
			b.after(12*time.Minute, func() { b.pd.failing(nil) })
			c.play(b)
			rec := b.run()
			if want := c.why + `, just when the engine was about to close it: "restart" was done, and verified`; rec.Outcome != incident.TakenOver || rec.Why != want {
				t.Errorf("ended as %s (%s): %s; want %s", rec.Outcome, rec.Reason, rec.Why, want)
			}
			if took := rec.OutcomeAt.Sub(b.created); took < 10*time.Minute || took > 12*time.Minute {
				t.Errorf("the engine heeded it after %s", took)
			}
			did := b.pd.loud()[2:] // acknowledged, with a note
			slices.Sort(did)
			if d := cmp.Diff(c.did, slices.DeleteFunc(did, func(d string) bool { return d == "acknowledge for PSATO" && c.name != "in Slack" })); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
		})
	}
}

// The customer's mail server is away, and the incident is closed: there is nothing to take over.
func TestTakingOverWhatIsClosed(t *testing.T) {
	b := newBenchOf(t, tells, customerWithContacts)
	b.heals()
	b.contacts.fail = map[string]error{"ops@acme.example": errors.New("the mail server is away")}
	p := b.choose(3*time.Minute, incident.Choice{Kind: incident.TakeOver})
	rec := b.run()
	p.wants(t, workflows.RefusedEnded)
	wantDecided(t, rec, `recovered : "restart" was done, and verified`)
}

// A button is pressed twice, or Slack delivers a press twice: it counts once.
func TestTheSamePressTwice(t *testing.T) {
	b := newBench(t, asksFirst)
	b.heals()
	same := incident.Choice{ID: "the same", Kind: incident.Grant, Number: 1}
	first, second := b.choose(2*time.Minute, same), b.choose(2*time.Minute, same)
	double := b.choose(2*time.Minute+time.Second, incident.Choice{Kind: incident.Grant, Number: 1})
	changed := b.choose(2*time.Minute+time.Second, incident.Choice{Kind: incident.NotNow, Number: 1})
	late := b.choose(2*time.Minute+20*time.Second, incident.Choice{Kind: incident.Grant, Number: 1})
	rec := b.run()
	first.wants(t, "taken")
	second.wants(t, "taken") // it gets the first one's answer
	double.wants(t, "again")
	changed.wants(t, "answered")
	late.wants(t, "answered")
	wantDecided(t, rec, "asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
		`recovered : "restart" was done, and verified`)
	if len(b.changes()) != 1 {
		t.Errorf("changed %v", b.changes())
	}
}

// Two people press at the same moment: the first one's answer counts, and the other one is told.
func TestTwoPeopleAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		first, second incident.ChoiceKind
		outcome       incident.Outcome
		said          string
	}{
		"yes and no":       {incident.Grant, incident.NotNow, incident.Recovered, "answered"},
		"no and yes":       {incident.NotNow, incident.Grant, incident.HandedOver, "answered"},
		"yes and yes":      {incident.Grant, incident.Grant, incident.Recovered, "answered"},
		"both take it":     {incident.TakeOver, incident.TakeOver, incident.TakenOver, "taken"},
		"yes and takes it": {incident.Grant, incident.TakeOver, incident.TakenOver, "taken"},
		"takes it and yes": {incident.TakeOver, incident.Grant, incident.TakenOver, "answered"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, asksFirst)
			b.heals()
			var first, second *press
			b.after(2*time.Minute, func() { // in one workflow task
				first = &press{Choice: incident.Choice{Kind: c.first, By: sato}}
				second = &press{Choice: incident.Choice{Kind: c.second, By: suzuki}}
				b.send(first)
				b.send(second)
			})
			acknowledgeLater(8 * time.Minute)(b)
			rec := b.run()
			first.wants(t, "taken")
			second.wants(t, c.said)
			if rec.Outcome != c.outcome || c.outcome != incident.Recovered && len(b.changes()) > 0 {
				t.Errorf("ended as %s (%s): %s; changed %v", rec.Outcome, rec.Reason, rec.Why, b.changes())
			}
		})
	}
}

// Who presses for ever fills no history.
func TestChoicesHaveAnEnd(t *testing.T) {
	b := newBench(t, chosen)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done}}
	var presses []*press
	for n := range 600 {
		presses = append(presses, b.choose(5*time.Minute+time.Duration(n)*time.Millisecond, incident.Choice{Kind: incident.Tick, Item: 1, On: n%2 == 0}))
	}
	last := b.choose(6*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.after(7*time.Minute, func() { b.person(incident.EventResolved) })
	b.run()
	last.wants(t, "taken") // that is always possible
	for n, p := range presses {
		want := "taken"
		if n >= 500 {
			want = "too_many"
		}
		if p.was() != want {
			t.Fatalf("press %d was %s (%s), want %s", n+1, p.was(), p.why, want)
		}
	}
}

// PagerDuty's clock is ahead of ours: who takes the incident after somebody else had it, has it.
func TestTakingOverWhenClocksDiffer(t *testing.T) {
	for name, kinds := range map[string][]incident.EventType{
		"from somebody who has it":         {incident.EventAcknowledged},
		"after an acknowledgement ran out": {incident.EventAcknowledged, incident.EventUnacknowledged},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, wished)
			b.actions.answers = broken
			b.after(4*time.Minute, func() {
				for n, kind := range kinds {
					b.env.SignalWorkflow("event", b.at(incident.EventID(kind), kind, 5*time.Minute+time.Duration(n)*time.Second, human))
				}
			})
			p := b.choose(4*time.Minute+10*time.Second, incident.Choice{Kind: incident.TakeOver})
			again := b.choose(6*time.Minute, incident.Choice{Kind: incident.TakeOver})
			b.after(7*time.Minute, func() { b.person(incident.EventResolved) })
			b.run()
			p.wants(t, "taken")
			again.wants(t, "again") // so the person has it
		})
	}
}
