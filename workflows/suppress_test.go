package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/workflows"
)

func (b *bench) first() incident.Event {
	return b.at("E1", incident.EventTriggered, 0, incident.Agent{})
}

func TestSuppressed(t *testing.T) {
	pageOnly := answers{incident.Page: incident.Suppress}
	for _, c := range []struct {
		name     string
		scenario string
		windows  answers
		outcome  incident.Outcome
		checks   int
		did      []string
	}{
		{"everything at once: no step is run", whole, allSuppressed, incident.Suppressed, 0, []string{"snooze 8h5m0s"}},
		{"no scenario covers it", "title: x\nrunbook: web.md\nautonomy: automatic\nmatch: {when: alert.severity == \"info\"}\ntarget: www\n" + probes,
			allSuppressed, incident.Suppressed, 0, []string{"snooze 8h5m0s"}},
		{"nobody is told of what cannot be repaired", leaves, pageOnly, incident.Suppressed, 1,
			[]string{"acknowledge", "note started", "snooze 8h5m0s"}},
		{"nobody is told of what is only observed", observes, pageOnly, incident.Suppressed, 1,
			[]string{"acknowledge", "note started", "snooze 8h5m0s"}},
		{"what can be repaired is", whole, pageOnly, incident.Recovered, 4, []string{"acknowledge", "note started", "resolve"}},
		{"nothing may be changed, and nobody is told", whole, answers{incident.Page: incident.Suppress, incident.MayRecover: incident.Forbid},
			incident.Suppressed, 1, []string{"acknowledge", "note started", "snooze 8h5m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
			b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, c.windows))
			rec := b.play(b.first())
			if rec.Outcome != c.outcome || len(b.slack.sent) > 0 {
				t.Errorf("ended as %s (%s), told in %v: %s", rec.Outcome, rec.Reason, b.slack.sent, rec.Why)
			}
			if n := b.actions.count("http.request"); n != c.checks {
				t.Errorf("checked %d times, want %d", n, c.checks)
			}
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			if rec.Outcome != incident.Suppressed {
				return
			}
			if end := lineAt(t, rec, incident.Ended); end.Window != `quiet hours "release 42"` || !end.Until.Equal(b.created.Add(8*time.Hour)) {
				t.Errorf("the outcome's window is %q until %v", end.Window, end.Until)
			}
			if took := rec.EndedAt.Sub(b.created); took > time.Minute {
				t.Errorf("the run took %v", took)
			}
		})
	}
}

// A fault that outlives the window would not alert again: the end of PagerDuty's snooze begins another run.
func TestASuppressedIncidentThatIsStillOpenAtTheWindowsEnd(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, allSuppressed))
	if rec := b.play(b.first()); rec.Outcome != incident.Suppressed {
		t.Fatalf("ended as %s: %s", rec.Outcome, rec.Why)
	}
	b.pd.change(func(i *incident.Incident) { i.Status, i.AcknowledgedBy = incident.Triggered, nil })
	b.next(8*time.Hour + time.Minute)
	rec := b.play(b.at("E2", incident.EventUnacknowledged, 8*time.Hour+time.Minute, incident.Agent{}))
	if rec.Run != 2 || rec.Outcome != incident.Recovered {
		t.Errorf("run %d ended as %s (%s): %s", rec.Run, rec.Outcome, rec.Reason, rec.Why)
	}
}

// Who reassigns a silent incident wants somebody to be called: the run that begins then silences nobody, and repairs nothing.
func TestAPersonWhoReassignsASuppressedIncident(t *testing.T) {
	for _, kind := range []incident.EventType{incident.EventReassigned, incident.EventDelegated, incident.EventEscalated} {
		t.Run(string(kind), func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = broken
			b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, allSuppressed))
			b.after(2*time.Hour, func() { b.person(kind) })
			b.play(b.first())
			silenced := b.pd.done()
			b.pd.change(func(i *incident.Incident) { i.Status, i.AcknowledgedBy = incident.Triggered, nil })
			b.next(2 * time.Hour)
			rec := b.runFrom(b.at("E2", kind, 2*time.Hour, human))
			if rec.Run != 2 || rec.Outcome != incident.TakenOver || rec.TakenBy != human.Name || len(b.changes()) > 0 {
				t.Errorf("run %d ended as %s (%s), taken by %q: %s; changed %v", rec.Run, rec.Outcome, rec.Reason, rec.TakenBy, rec.Why, b.changes())
			}
			if d := cmp.Diff([]string{"note handed_over"}, b.pd.done()[len(silenced):]); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
		})
	}
	t.Run("PagerDuty escalates by itself", func(t *testing.T) {
		b := newBench(t, whole)
		b.heals()
		if rec := b.runFrom(b.at("E1", incident.EventEscalated, 0, incident.Agent{})); rec.Outcome != incident.Recovered {
			t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
	})
}

func TestASuppressedIncidentThatEndsItself(t *testing.T) {
	b := newBench(t, whole)
	b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, allSuppressed))
	b.after(2*time.Hour, func() {
		b.pd.act(incident.EventResolved, incident.Agent{})
		b.tell(incident.EventResolved, incident.Agent{})
	})
	rec := b.play(b.first())
	if err := b.env.GetWorkflowError(); err != nil {
		t.Errorf("another run begins: %v", err)
	}
	if rec.Run != 1 || rec.Outcome != incident.Suppressed || len(b.slack.sent) > 0 {
		t.Errorf("run %d ended as %s, told in %v", rec.Run, rec.Outcome, b.slack.sent)
	}
}

// What happens in the moment in which the run ends is not lost.
func TestAPersonWhoTakesAnIncidentJustWhenItIsSuppressed(t *testing.T) {
	b := newBench(t, whole)
	b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, allSuppressed))
	b.pd.onSnooze = func() {
		b.env.SignalWorkflow("event", b.at("E2", incident.EventAcknowledged, time.Second, human))
	}
	b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: b.first()})
	var again *workflow.ContinueAsNewError
	if err := b.env.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("no new run was started: %v", err)
	}
}

// PagerDuty's snooze lasts seven days at most: the run stays, and renews it.
func TestSuppressedForTwentyDays(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		act  func(*bench)
		next bool // another run begins
		last time.Duration
		did  []string
	}{
		{"to the end", func(*bench) {}, true, 20 * day,
			[]string{"snooze 168h0m0s", "snooze 168h0m0s", "snooze 168h0m0s", "snooze 48h5m0s"}},
		{"a person takes it", func(b *bench) { b.after(day, func() { b.person(incident.EventAcknowledged) }) }, true, day,
			[]string{"snooze 168h0m0s"}},
		{"a person ends the snooze", func(b *bench) { b.after(day, func() { b.tell(incident.EventUnacknowledged, human) }) }, true, day,
			[]string{"snooze 168h0m0s"}},
		{"the monitor resolves it", func(b *bench) {
			b.after(day, func() {
				b.pd.act(incident.EventResolved, incident.Agent{})
				b.tell(incident.EventResolved, incident.Agent{})
			})
		}, false, day, []string{"snooze 168h0m0s"}},
		{"an operator cancels the workflow", func(b *bench) { b.after(day, b.env.CancelWorkflow) }, false, day, []string{"snooze 168h0m0s"}},
		{"the window is removed", func(b *bench) { b.after(day, func() { b.moves() }) }, true, day, []string{"snooze 168h0m0s"}},
		{"the window becomes shorter", func(b *bench) {
			b.after(day, func() { b.moves(b.window("new year", -time.Hour, 8*day, allSuppressed)) })
		}, true, 8 * day, []string{"snooze 168h0m0s", "snooze 168h0m0s", "snooze 24h5m0s"}},
		{"the window becomes longer", func(b *bench) {
			b.after(day, func() { b.moves(b.window("new year", -time.Hour, 22*day, allSuppressed)) })
		}, true, 22 * day, []string{"snooze 168h0m0s", "snooze 168h0m0s", "snooze 168h0m0s", "snooze 168h0m0s", "snooze 72h5m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			b.policies.are(b.window("new year", -time.Hour, 20*day, allSuppressed))
			c.act(b)
			b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: b.first()})
			var again *workflow.ContinueAsNewError
			if next := errors.As(b.env.GetWorkflowError(), &again); next != c.next {
				t.Errorf("another run: %v (%v)", next, b.env.GetWorkflowError())
			}
			if took := b.env.Now().Sub(b.created); took < c.last || took > c.last+time.Hour {
				t.Errorf("the run took %v, want %v", took, c.last)
			}
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			rec := b.record()
			if rec.Outcome != incident.Suppressed || rec.EndedAt.Sub(b.created) > time.Minute || slices.Contains(story(rec), "deferred page") {
				t.Errorf("ended as %s after %v: %v", rec.Outcome, rec.EndedAt.Sub(b.created), story(rec))
			}
		})
	}
}

// PagerDuty's own page is all that is left when it takes no snooze; the record says so.
func TestASnoozeThatIsNotTaken(t *testing.T) {
	for name, c := range map[string]struct {
		err error
		did []string
	}{"it is refused": {workflows.ErrRefused, nil}, "PagerDuty is away": {errors.New("503"), []string{"snooze 8h2m0s"}}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, whole)
			b.policies.are(b.window("release 42", -time.Hour, 8*time.Hour, allSuppressed))
			b.pd.fail = map[string]error{"Snooze": c.err}
			b.after(2*time.Minute, func() { b.pd.refuse("", nil) })
			rec := b.play(b.first())
			if d := cmp.Diff(c.did, b.pd.done()); rec.Outcome != incident.Suppressed || d != "" {
				t.Errorf("ended as %s; in PagerDuty (-want +got):\n%s", rec.Outcome, d)
			}
			lineAt(t, rec, incident.Acted) // the record says what became of the snooze
			if open, err := b.store.OpenDeferrals(t.Context()); err != nil || len(open) > 0 {
				t.Errorf("still silent: %v, %v", open, err)
			}
		})
	}
}

// moves changes the customer's windows, and tells the run that they have changed.
func (b *bench) moves(windows ...quiethours.Window) {
	b.policies.are(windows...)
	b.env.SignalWorkflow("policy", nil)
}
