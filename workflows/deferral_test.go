package workflows_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// leaves is a scenario that leaves the repair to a person.
const leaves = matches + probes

func TestAtTheEndOfAWindow(t *testing.T) {
	began := []string{"acknowledge", "note started"}
	unmatched := strings.ReplaceAll(leaves, "critical", "info")
	for _, c := range []struct {
		name     string
		scenario string
		answers  map[string][]answer
		windows  answers
		during   func(*bench)
		outcome  incident.Outcome
		reason   incident.Reason
		did      []string
		slack    []string
		changed  int
		listed   bool
	}{
		{name: "it is healthy again", scenario: leaves, answers: map[string][]answer{"http.request": {down, up}},
			outcome: incident.Cleared, did: append(began, "snooze 8h5m0s", "snooze 15m0s", "resolve"), listed: true},
		{name: "it is still broken", scenario: leaves, answers: map[string][]answer{"http.request": {down}},
			outcome: incident.HandedOver, reason: incident.Observed,
			did: append(began, "snooze 8h5m0s", "snooze 15m0s", "page PFIRST", "note handed_over"), slack: []string{"#first"}},
		{name: "the repair had not held, and is not made again", scenario: whole,
			answers: map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.HandedOver, reason: incident.VerifyFailed, changed: 1,
			did: append(began, "snooze 8h4m0s", "snooze 15m0s", "page PFIRST", "note handed_over"), slack: []string{"#first"}},
		{name: "the repair has held in the end", scenario: whole,
			answers: map[string][]answer{"http.request": {down, down, down, down, down, down, up}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.Recovered, changed: 1, did: append(began, "snooze 8h4m0s", "snooze 15m0s", "resolve"), listed: true},
		{name: "it may be repaired now", scenario: whole, windows: answers{incident.Page: incident.Defer, incident.MayRecover: incident.Forbid},
			answers: map[string][]answer{"http.request": {down, down, up}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.Recovered, changed: 1, did: append(began, "snooze 8h5m0s", "snooze 15m0s", "resolve"), listed: true},
		{name: "what is only observed stays open", scenario: observes, answers: map[string][]answer{"http.request": {down, up}},
			outcome: incident.HandedOver, reason: incident.Observed,
			did: append(began, "snooze 8h5m0s", "snooze 15m0s", "page PFIRST", "note handed_over"), slack: []string{"#first"}},
		{name: "no scenario covers it", scenario: unmatched,
			outcome: incident.Unmatched, did: []string{"snooze 8h5m0s", "page PFIRST", "note handed_over"}, slack: []string{"#first"}},
		{name: "no scenario covers it, and the end of it was not told", scenario: unmatched,
			during:  func(b *bench) { b.pd.act(incident.EventResolved, incident.Agent{}) },
			outcome: incident.ResolvedUpstream, did: []string{"snooze 8h5m0s"}, listed: true},
		{name: "somebody has it, and that was not told", scenario: leaves, answers: map[string][]answer{"http.request": {down}},
			during:  func(b *bench) { b.pd.act(incident.EventAcknowledged, human) },
			outcome: incident.TakenOver, did: append(began, "snooze 8h5m0s", "note handed_over"), slack: []string{"#first"}},
		{name: "an event could not be read", scenario: leaves, answers: map[string][]answer{"http.request": {down, up}},
			during: func(b *bench) {
				b.env.SignalWorkflow("event", incident.Event{ID: "broken", Type: incident.EventUnreadable, ReceivedAt: b.env.Now(), Incident: "Q1"})
			},
			outcome: incident.Cleared, did: append(began, "snooze 8h5m0s", "snooze 15m0s", "resolve"), listed: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			b.actions.answers = c.answers
			if c.windows == nil {
				c.windows = pageDeferred
			}
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, c.windows))
			b.after(7*time.Hour, func() {
				rec, err := b.store.Record(t.Context(), "Q1")
				if err != nil || !rec.DeferredUntil.Equal(b.created.Add(8*time.Hour)) || rec.Outcome != "" {
					t.Errorf("deferred until %v, outcome %q, error %v", rec.DeferredUntil, rec.Outcome, err)
				}
				if c.during != nil {
					c.during(b)
				}
				if len(b.slack.sent) > 0 && c.outcome != incident.TakenOver {
					t.Errorf("told in the window: %v", b.slack.sent)
				}
			})
			b.after(8*time.Hour+9*time.Minute, func() { b.person(incident.EventAcknowledged) })
			rec := b.run()
			if rec.Outcome != c.outcome || rec.Reason != c.reason {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if n := b.actions.count("local.run"); n != c.changed {
				t.Errorf("%d changing actions, want %d", n, c.changed)
			}
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.slack, b.slack.sent); d != "" {
				t.Errorf("in Slack (-want +got):\n%s", d)
			}
			if told := lineTime(rec, incident.ToldTier); !told.IsZero() && told.Before(b.created.Add(8*time.Hour)) {
				t.Errorf("told at %v", told)
			}
			if !rec.DeferredUntil.IsZero() {
				t.Errorf("still deferred until %v", rec.DeferredUntil)
			}
			told := len(b.slack.sent)
			b.digest(8 * time.Hour)
			if listed := len(b.slack.sent) > told; listed != c.listed {
				t.Errorf("listed: %v\n%v", listed, story(b.record()))
			}
		})
	}
}

func TestWhatEndsAWait(t *testing.T) {
	for _, c := range []struct {
		name    string
		act     func(*bench)
		outcome incident.Outcome
		by      string
		told    bool // by the hand-over; otherwise by the digest
	}{
		{"a person acknowledges", func(b *bench) { b.person(incident.EventAcknowledged) }, incident.TakenOver, human.Name, true},
		{"a person reassigns", func(b *bench) { b.person(incident.EventReassigned) }, incident.TakenOver, human.Name, true},
		{"a person resolves", func(b *bench) { b.person(incident.EventResolved) }, incident.TakenOver, human.Name, true},
		{"a person merges", func(b *bench) {
			b.pd.act(incident.EventResolved, human)
			b.env.SignalWorkflow("event", incident.Event{ID: "M", Type: incident.EventResolved, OccurredAt: b.env.Now(), Agent: human,
				MergedInto: "Q9", Incident: "Q1"})
		}, incident.TakenOver, human.Name, true},
		{"the monitor resolves", func(b *bench) {
			b.pd.act(incident.EventResolved, incident.Agent{})
			b.tell(incident.EventResolved, incident.Agent{})
		}, incident.ResolvedUpstream, "PagerDuty", false},
		{"an operator cancels the workflow", func(b *bench) {
			b.env.CancelWorkflow()
			b.after(9*time.Minute, func() { b.person(incident.EventAcknowledged) })
		}, incident.HandedOver, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, leaves)
			b.actions.answers = map[string][]answer{"http.request": {down}}
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
			b.after(3*time.Hour, func() { c.act(b) })
			rec := b.run()
			if rec.Outcome != c.outcome {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if over := lineAt(t, rec, incident.Resumed); over.At.Sub(b.created) > 3*time.Hour+time.Minute || over.By != c.by {
				t.Errorf("the wait ended after %v by %q: %s", over.At.Sub(b.created), over.By, over.Why)
			}
			if told := len(b.slack.sent) == 1; told != c.told {
				t.Errorf("told in %v", b.slack.sent)
			}
			b.digest(8 * time.Hour)
			if len(b.slack.sent) != 1 {
				t.Errorf("with the digest told in %v:\n%v", b.slack.sent, story(b.record()))
			}
		})
	}
}

func TestWindowsThatChangeWhileAnIncidentWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*bench)
		told   time.Duration // when people are told
		ends   []time.Duration
	}{
		{"the window is removed", func(b *bench) { b.windowsChange(3 * time.Hour) }, 3 * time.Hour, []time.Duration{8 * time.Hour}},
		{"the window ends sooner", func(b *bench) {
			b.windowsChange(3*time.Hour, b.window("nights", -time.Hour, 5*time.Hour, pageDeferred))
		}, 5 * time.Hour, []time.Duration{8 * time.Hour, 5 * time.Hour}},
		{"the window ends later", func(b *bench) {
			b.windowsChange(3*time.Hour, b.window("nights", -time.Hour, 20*time.Hour, pageDeferred))
		}, 20 * time.Hour, []time.Duration{8 * time.Hour, 20 * time.Hour}},
		{"it was moved, and nobody told the engine", func(b *bench) {
			b.after(3*time.Hour, func() { b.policies.are(b.window("nights", -time.Hour, 20*time.Hour, pageDeferred)) })
		}, 20 * time.Hour, []time.Duration{8 * time.Hour, 20 * time.Hour}},
		{"another one follows without a break", func(b *bench) {
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred), b.window("holiday", 8*time.Hour, 20*time.Hour, pageDeferred))
		}, 20 * time.Hour, []time.Duration{20 * time.Hour}},
		{"a change that changes nothing for it", func(b *bench) {
			b.windowsChange(3*time.Hour, b.window("nights", -time.Hour, 8*time.Hour, pageDeferred), b.window("later", 30*time.Hour, 40*time.Hour, recoverForbid))
		}, 8 * time.Hour, []time.Duration{8 * time.Hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, leaves)
			b.actions.answers = map[string][]answer{"http.request": {down}}
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
			c.change(b)
			b.after(c.told+9*time.Minute, func() { b.person(incident.EventAcknowledged) })
			rec := b.run()
			if at := lineTime(rec, incident.ToldTier).Sub(b.created); at < c.told || at > c.told+time.Minute {
				t.Errorf("told after %v, want %v: %v", at, c.told, story(rec))
			}
			var ends []time.Duration
			for _, end := range b.digests.ends {
				ends = append(ends, end.Sub(b.created))
			}
			if d := cmp.Diff(c.ends, ends); d != "" {
				t.Errorf("digests (-want +got):\n%s", d)
			}
			if resumed := count(rec, incident.Resumed); resumed != 1 {
				t.Errorf("the wait ended %d times: %v", resumed, story(rec))
			}
			for _, end := range c.ends {
				b.digest(end)
			}
			if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
				t.Errorf("told with the digests (-want +got):\n%s", d)
			}
			if open, err := b.store.OpenDeferrals(t.Context()); err != nil || len(open) > 0 {
				t.Errorf("open deferrals: %v, %v", open, err)
			}
		})
	}
}

func TestTheSecondTiersTurnFallsIntoAWindow(t *testing.T) {
	for name, a := range map[string]answers{"deferred": pageDeferred, "suppressed": {incident.Page: incident.Suppress}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, leaves)
			b.actions.answers = map[string][]answer{"http.request": {down}}
			b.policies.are(b.window("nights", 5*time.Minute, 8*time.Hour, a))
			b.after(8*time.Hour+35*time.Minute, func() { b.person(incident.EventAcknowledged) })
			rec := b.run()
			if d := cmp.Diff([]string{"#first", "#second", "#first"}, b.slack.sent); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			var at []time.Duration
			for _, line := range rec.Transitions {
				if line.Kind == incident.ToldTier && strings.HasPrefix(line.Key, "told/slack/") {
					at = append(at, line.At.Sub(b.created).Truncate(time.Minute))
				}
			}
			if d := cmp.Diff([]time.Duration{0, 8 * time.Hour, 8*time.Hour + 30*time.Minute}, at); d != "" {
				t.Errorf("told at (-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"acknowledge", "note started", "page PFIRST", "note handed_over", "snooze 7h55m0s", "page PSECOND", "page PFIRST"}, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			if rec.Outcome != incident.HandedOver || rec.OutcomeAt.Sub(b.created) > time.Minute {
				t.Errorf("ended as %s after %v", rec.Outcome, rec.OutcomeAt.Sub(b.created))
			}
		})
	}
}

// A message that Slack and PagerDuty do not take at once must not come in a window that has opened since.
func TestAMessageThatIsHeldUpIntoAWindow(t *testing.T) {
	b := newBench(t, leaves)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.policies.are(b.window("nights", time.Minute, 8*time.Hour, pageDeferred))
	b.slack.fail = errors.New("503")
	b.pd.fail = map[string]error{"Reassign": errors.New("503")}
	b.after(2*time.Minute, func() {
		b.slack.mu.Lock()
		b.slack.fail = nil
		b.slack.mu.Unlock()
		b.pd.refuse("", nil)
	})
	b.after(8*time.Hour+5*time.Minute, func() { b.person(incident.EventAcknowledged) })
	rec := b.run()
	if at := lineTime(rec, incident.ToldTier).Sub(b.created); at < 8*time.Hour {
		t.Errorf("told after %v", at)
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"acknowledge", "note started", "snooze 8h3m0s", "page PFIRST", "note handed_over"}, b.pd.done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
}

// PagerDuty takes a snooze of seven days at most.
func TestAWindowOfTwentyDays(t *testing.T) {
	b := newBench(t, leaves)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	const day = 24 * time.Hour
	b.policies.are(b.window("new year", -time.Hour, 20*day, pageDeferred))
	b.after(20*day+5*time.Minute, func() { b.person(incident.EventAcknowledged) })
	b.after(21*day, func() { b.person(incident.EventResolved) })
	rec := b.play(incident.Event{ID: "E1", Type: incident.EventTriggered, OccurredAt: b.created, ReceivedAt: b.created, Incident: "Q1", Service: service})
	if d := cmp.Diff([]string{"acknowledge", "note started", "snooze 168h0m0s", "snooze 168h0m0s", "snooze 168h0m0s", "snooze 48h5m0s",
		"snooze 15m0s", "page PFIRST", "note handed_over"}, b.pd.done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if at := lineTime(rec, incident.ToldTier).Sub(b.created); at < 20*day {
		t.Errorf("told after %v", at)
	}
}

// PagerDuty's snooze may have ended before the engine comes back.
func TestPagerDutyIsSilentWhileTheEngineChecksAgain(t *testing.T) {
	for _, c := range []struct {
		name       string
		ackTimeout bool
		awake      bool // PagerDuty pages by itself again
		did        []string
	}{
		{"the snooze holds", true, false, []string{"acknowledge", "note started", "snooze 8h5m0s", "snooze 15m0s", "resolve"}},
		{"the snooze is over", true, true, []string{"acknowledge", "note started", "snooze 8h5m0s", "acknowledge", "resolve"}},
		{"the snooze holds, and acknowledgements never run out", false, false, []string{"note started", "snooze 8h5m0s", "snooze 15m0s", "resolve"}},
		{"the snooze is over, and acknowledgements never run out", false, true, []string{"note started", "snooze 8h5m0s", "resolve"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, leaves)
			b.pd.inc.AckTimeout = c.ackTimeout
			b.actions.answers = map[string][]answer{"http.request": {down, up}}
			b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
			if c.awake {
				b.after(7*time.Hour, func() {
					b.pd.change(func(i *incident.Incident) { i.Status, i.AcknowledgedBy = incident.Triggered, nil })
				})
			}
			b.run()
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
		})
	}
}

func TestWindowsThatCannotBeAsked(t *testing.T) {
	b := newBench(t, leaves)
	b.actions.answers = map[string][]answer{"http.request": {{output: down.output, do: func() { b.policies.fail = errors.New("disk full") }}}}
	b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
	b.after(12*time.Minute, func() { // as long as it is asked
		b.policies.mu.Lock()
		defer b.policies.mu.Unlock()
		b.policies.fail = nil
		b.policies.windows = nil
	})
	b.after(20*time.Minute, func() { b.person(incident.EventAcknowledged) })
	rec := b.run()
	if at := lineTime(rec, incident.ToldTier).Sub(b.created); rec.Outcome != incident.HandedOver || at > 15*time.Minute {
		t.Errorf("ended as %s, told after %v", rec.Outcome, at)
	}
}
