package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
	"shodo/workflows"
)

const (
	matches = `title: Web is down
runbook: web.md
autonomy: automatic
match: {when: alert.severity == "critical"}
target: www
limits: {timeout: 10m}
`
	probes = `check:
  - id: probe
    uses: http.request
    with: {url: "https://www.acme.example/"}
    healthy: output.status < 500
`
	evidence = `gather:
  - id: journal
    uses: local.read
    with: {command: [/usr/bin/journalctl]}
`
	restarts = `recover:
  - name: restart
    steps:
      - uses: local.run
        with: {command: [/usr/bin/restart]}
`
	restartsTwice = restarts + `  - name: reboot
    steps:
      - uses: local.run
        with: {command: [/usr/bin/reboot]}
`
	verifies = `verify: {within: 1m, every: 15s, stable_for: 30s}
`
	whole = matches + probes + evidence + restarts + verifies
)

var (
	up      = answer{output: `{"status":200}`}
	down    = answer{output: `{"status":502}`}
	done    = answer{output: `{"exit_code":0}`}
	journal = answer{output: `{"stdout":"it broke","exit_code":0}`}
)

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		name     string
		scenario string
		answers  map[string][]answer
		before   func(*bench)
		outcome  incident.Outcome
		reason   incident.Reason
		changed  int      // how often a changing action was sent
		did      []string // in PagerDuty
		slack    []string
	}{
		{
			name: "a restart brings it back", scenario: whole,
			answers: map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.Recovered, changed: 1, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "it is healthy", scenario: whole, answers: map[string][]answer{"http.request": {up}},
			outcome: incident.Cleared, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "it comes back only after a while", scenario: whole,
			answers: map[string][]answer{"http.request": {down, down, down, up}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.Recovered, changed: 1, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "it is healthy for a moment only", scenario: whole,
			answers: map[string][]answer{"http.request": {down, up, down}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.HandedOver, reason: incident.VerifyFailed, changed: 1,
			did:   []string{"acknowledge", "note started", "page PFIRST", "note handed_over", "page PSECOND"},
			slack: []string{"#first", "#second"},
			before: func(b *bench) {
				b.after(20*time.Minute, func() { b.person(incident.EventAcknowledged) })
			},
		},
		{
			name: "neither of two attempts holds", scenario: matches + probes + evidence + restartsTwice + verifies,
			answers: map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}},
			before:  func(b *bench) { b.after(9*time.Minute, func() { b.person(incident.EventAcknowledged) }) },
			outcome: incident.HandedOver, reason: incident.VerifyFailed, changed: 2,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "the second attempt holds", scenario: matches + probes + evidence + restartsTwice + "verify: {within: 10s, every: 5s}\n",
			answers: map[string][]answer{"http.request": {down, down, down, down, up}, "local.read": {journal}, "local.run": {done}},
			outcome: incident.Recovered, changed: 2, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "no scenario covers it", scenario: "title: x\nrunbook: web.md\nautonomy: automatic\n" +
				"match: {when: alert.severity == \"info\"}\ntarget: www\n" + probes,
			before:  acknowledgeSoon,
			outcome: incident.Unmatched, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "no scenario covers it, and only the engine is paged", scenario: "title: x\nrunbook: web.md\nautonomy: automatic\n" +
				"match: {when: alert.severity == \"info\"}\ntarget: www\n" + probes,
			before: func(b *bench) {
				b.pd.inc.Assignees = []incident.Ref{{ID: bot}}
				acknowledgeSoon(b)
			},
			outcome: incident.Unmatched, did: []string{"page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "it only observes", scenario: "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\ntarget: www\n" + probes + restarts,
			answers: map[string][]answer{"http.request": {down}}, before: acknowledgeSoon,
			outcome: incident.HandedOver, reason: incident.Observed,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "it only reports", scenario: matches + probes + evidence + "unrecovered: report\n",
			answers: map[string][]answer{"http.request": {down}, "local.read": {journal}},
			outcome: incident.Reported, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "the check cannot tell", scenario: whole, before: acknowledgeSoon,
			answers: map[string][]answer{"http.request": {{err: &workflows.StepError{Kind: incident.Transient, Err: errors.New("no route")}}}},
			outcome: incident.HandedOver, reason: incident.Inconclusive,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "evidence is not to be had", scenario: whole,
			answers: map[string][]answer{"http.request": {down, up}, "local.run": {done},
				"local.read": {{err: &workflows.StepError{Kind: incident.Permanent, Err: errors.New("no journal")}}}},
			outcome: incident.Recovered, changed: 1, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "the repair fails", scenario: whole, before: acknowledgeSoon,
			answers: map[string][]answer{"http.request": {down}, "local.read": {journal},
				"local.run": {{err: &workflows.StepError{Kind: incident.Permanent, Err: errors.New("exit code 1")}}}},
			outcome: incident.HandedOver, reason: incident.VerifyFailed, changed: 1,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "it is not known whether the repair took effect", scenario: matches + probes + restartsTwice + verifies, before: acknowledgeSoon,
			answers: map[string][]answer{"http.request": {down},
				"local.run": {{err: &workflows.StepError{Kind: incident.UnknownEffect, Err: errors.New("connection lost")}}}},
			outcome: incident.HandedOver, reason: incident.Inconclusive, changed: 1,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "an unknown effect that helped", scenario: whole,
			answers: map[string][]answer{"http.request": {down, up}, "local.read": {journal},
				"local.run": {{err: &workflows.StepError{Kind: incident.UnknownEffect, Err: errors.New("connection lost")}}}},
			outcome: incident.Recovered, changed: 1, did: []string{"acknowledge", "note started", "resolve"},
		},
		{
			name: "it is older than the limit", scenario: whole,
			before: func(b *bench) {
				b.pd.inc.CreatedAt = b.created.Add(-48 * time.Hour)
				acknowledgeSoon(b)
			},
			outcome: incident.HandedOver, reason: incident.Stale, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "a clock that is an hour ahead changes nothing", scenario: whole,
			before: func(b *bench) {
				b.pd.inc.CreatedAt = b.created.Add(-time.Hour)
				acknowledgeSoon(b)
			},
			outcome: incident.HandedOver, reason: incident.Stale, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "a person has it before it arrives", scenario: whole,
			before:  func(b *bench) { b.pd.act(incident.EventAcknowledged, human) },
			outcome: incident.TakenOver, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "the monitor resolved it before it arrives", scenario: whole,
			before:  func(b *bench) { b.pd.act(incident.EventResolved, incident.Agent{}) },
			outcome: incident.ResolvedUpstream,
		},
		{
			name: "it was merged before it arrives", scenario: whole,
			before: func(b *bench) {
				b.pd.act(incident.EventResolved, human)
				b.pd.inc.MergedInto = "Q2"
			},
			outcome: incident.TakenOver, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "PagerDuty does not show it", scenario: whole,
			before: func(b *bench) {
				b.pd.fail = map[string]error{"Read": workflows.ErrRefused}
				acknowledgeSoon(b)
			},
			outcome: incident.HandedOver, reason: incident.EngineError, did: []string{"note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "an acknowledgement would never run out", scenario: whole,
			before:  func(b *bench) { b.pd.inc.AckTimeout = false },
			answers: map[string][]answer{"http.request": {up}},
			outcome: incident.Cleared, did: []string{"note started", "resolve"},
		},
		{
			name: "the time is up", scenario: "title: x\nrunbook: web.md\nautonomy: automatic\nmatch: {service: [PWEB]}\ntarget: www\nlimits: {timeout: 1m}\n" +
				probes + restarts + "verify: {within: 30m, every: 20s}\n",
			answers: map[string][]answer{"http.request": {down}, "local.run": {done}}, before: acknowledgeSoon,
			outcome: incident.HandedOver, reason: incident.Timeout, changed: 1,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "the target was repaired too often", scenario: "title: x\nrunbook: web.md\nautonomy: automatic\nmatch: {service: [PWEB]}\ntarget: www\n" +
				"limits: {recoveries: {max: 1, per: 1h}}\n" + probes + restartsTwice + "verify: {within: 5s, every: 5s}\n",
			answers: map[string][]answer{"http.request": {down}, "local.run": {done}}, before: acknowledgeSoon,
			outcome: incident.HandedOver, reason: incident.OverBudget, changed: 1,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, slack: []string{"#first"},
		},
		{
			name: "Slack takes nothing", scenario: "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\ntarget: www\n" + probes + restarts,
			answers: map[string][]answer{"http.request": {down}},
			before: func(b *bench) {
				b.slack.fail = workflows.ErrNotTaken
				acknowledgeSoon(b)
			},
			outcome: incident.HandedOver, reason: incident.Observed,
			did: []string{"acknowledge", "note started", "page PFIRST", "note handed_over"},
		},
		{
			name: "PagerDuty takes no page", scenario: "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\ntarget: www\n" + probes + restarts,
			answers: map[string][]answer{"http.request": {down}},
			before: func(b *bench) {
				b.pd.fail = map[string]error{"Reassign": errors.New("503")}
				acknowledgeSoon(b)
			},
			outcome: incident.HandedOver, reason: incident.Observed, did: []string{"acknowledge", "note started"}, slack: []string{"#first"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			b.actions.answers = c.answers
			if c.before != nil {
				c.before(b)
			}
			rec := b.run()
			if rec.Outcome != c.outcome || rec.Reason != c.reason {
				t.Errorf("ended as %s (%s): %s; want %s (%s)", rec.Outcome, rec.Reason, rec.Why, c.outcome, c.reason)
			}
			if rec.Why == "" {
				t.Error("the record does not say why")
			}
			if n := b.actions.count("local.run"); n != c.changed {
				t.Errorf("sent %d changing actions, want %d", n, c.changed)
			}
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.slack, b.slack.sent); d != "" {
				t.Errorf("in Slack (-want +got):\n%s", d)
			}
		})
	}
}

func acknowledgeSoon(b *bench) {
	b.after(9*time.Minute, func() { b.person(incident.EventAcknowledged) })
}

func TestAPersonWins(t *testing.T) {
	for _, c := range []struct {
		name    string
		act     func(*bench)
		outcome incident.Outcome
	}{
		{"acknowledge", func(b *bench) { b.person(incident.EventAcknowledged) }, incident.TakenOver},
		{"reassign", func(b *bench) { b.person(incident.EventReassigned) }, incident.TakenOver},
		{"resolve", func(b *bench) { b.person(incident.EventResolved) }, incident.TakenOver},
	} {
		t.Run(c.name+" while a repair runs", func(t *testing.T) {
			b := newBench(t, matches+probes+restartsTwice+verifies)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {{hangs: true, do: func() { c.act(b) }}}}
			rec := b.run()
			if rec.Outcome != c.outcome || rec.TakenBy != human.Name && c.name != "resolve" {
				t.Errorf("ended as %s, taken by %q: %s", rec.Outcome, rec.TakenBy, rec.Why)
			}
			if n := b.actions.count("local.run"); n != 1 {
				t.Errorf("%d changing actions were sent, want only the one that was cancelled", n)
			}
			if slices.Contains(b.pd.done(), "resolve") || slices.Contains(b.pd.done(), "page PFIRST") {
				t.Errorf("the engine went on in PagerDuty: %v", b.pd.done())
			}
		})
		t.Run(c.name+" just before the repair, and the event is late", func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done},
				"local.read": {{output: journal.output, do: func() { b.pd.act(incident.EventAcknowledged, human) }}}}
			rec := b.run()
			if rec.Outcome != incident.TakenOver || b.actions.count("local.run") != 0 {
				t.Errorf("ended as %s with %d changes: %s", rec.Outcome, b.actions.count("local.run"), rec.Why)
			}
		})
	}
}

func TestTheMonitorResolvesWhileTheRepairIsVerified(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	b.after(10*time.Second, func() {
		b.pd.act(incident.EventResolved, incident.Agent{})
		b.tell(incident.EventResolved, incident.Agent{})
	})
	rec := b.run()
	if rec.Outcome != incident.Recovered {
		t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if d := cmp.Diff([]string{"acknowledge", "note started", "note closed"}, b.pd.done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
}

func TestEventsThatChangeNothing(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	first := incident.Event{ID: "E1", Type: incident.EventTriggered, OccurredAt: b.created, ReceivedAt: b.created, Incident: "Q1"}
	b.after(5*time.Second, func() {
		b.env.SignalWorkflow("event", first)
		b.tell(incident.EventUnacknowledged, incident.Agent{})
		b.tell(incident.EventEscalated, incident.Agent{}) // PagerDuty's own escalation, not a person's
		b.tell("incident.priority_updated", human)
	})
	if rec := b.run(); rec.Outcome != incident.Recovered {
		t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestAStepThatWasSentBeforeACrashIsNotSentAgain(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
	acknowledgeSoon(b)
	// The worker that sent the step has died after the intent became durable.
	journalDone := false
	b.actions.answers["local.read"] = []answer{{output: journal.output, do: func() {
		if journalDone {
			return
		}
		journalDone = true
		_, err := b.store.StartStep(t.Context(), incident.Step{StepKey: incident.StepKey{Incident: "Q1", Run: 1,
			Phase: incident.Recover, Attempt: 1}, Name: "restart", Action: "local.run", StartedAt: b.env.Now()})
		if err != nil {
			t.Error(err)
		}
	}}}
	rec := b.run()
	if n := b.actions.count("local.run"); n != 0 {
		t.Errorf("the step was sent %d times more", n)
	}
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Inconclusive {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

// The engine comes back to an incident that it has resolved itself: nobody has taken it over, and nobody is told.
func TestAResolutionWhoseAnswerIsLost(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	b.pd.lost = 1
	rec := b.run()
	if rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if diff := cmp.Diff([]string{"acknowledge", "note started", "resolve"}, b.pd.done()); diff != "" {
		t.Errorf("in PagerDuty: %s", diff)
	}
	if len(b.slack.sent) != 0 {
		t.Errorf("told in %v", b.slack.sent)
	}
}

func TestReopenedBeforeTheRunHasEnded(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers map[string][]answer
		outcome incident.Outcome
	}{
		{"while a person has it", map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}, incident.HandedOver},
		{"while the check runs", map[string][]answer{"http.request": {{hangs: true}}}, incident.ResolvedUpstream},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = c.answers
			reopen := func() {
				b.pd.act(incident.EventResolved, incident.Agent{})
				b.tell(incident.EventResolved, incident.Agent{})
				b.tell(incident.EventReopened, human)
			}
			if list := c.answers["http.request"]; list[0].hangs {
				list[0] = answer{output: down.output, do: reopen}
			} else {
				b.after(time.Hour, reopen)
			}
			b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: incident.Event{ID: "E1",
				Type: incident.EventTriggered, ReceivedAt: b.created, Incident: "Q1", Service: service}})
			var again *workflow.ContinueAsNewError
			if err := b.env.GetWorkflowError(); !errors.As(err, &again) {
				t.Fatalf("no new run was started: %v", err)
			}
			rec, err := b.store.Record(t.Context(), "Q1")
			if err != nil || rec.Outcome != c.outcome || rec.EndedAt.IsZero() {
				t.Errorf("the first run ended as %q at %v: %v", rec.Outcome, rec.EndedAt, err)
			}
		})
	}
}

func TestNobodyAnswersSoTheTiersAreToldInTurn(t *testing.T) {
	b := newBench(t, "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\ntarget: www\n"+probes+restarts)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.after(45*time.Minute, func() { b.person(incident.EventAcknowledged) })
	b.run()
	if d := cmp.Diff([]string{"#first", "#second", "#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	slices.Sort(b.slack.news)
	if d := cmp.Diff([]string{
		"C#first/1: Aiko Tanaka has taken over. The engine changes nothing more.",
		"C#first/1: Nobody of first has answered within 10 min. Next: second.",
		"C#first/1: Resolved by Aiko Tanaka.",
		"C#first/3: Aiko Tanaka has taken over. The engine changes nothing more.",
		"C#first/3: Resolved by Aiko Tanaka.",
		"C#second/2: Aiko Tanaka has taken over. The engine changes nothing more.",
		"C#second/2: Nobody of second has answered within 30 min. Next: first.",
		"C#second/2: Resolved by Aiko Tanaka.",
	}, b.slack.news); d != "" {
		t.Errorf("in the threads (-want +got):\n%s", d)
	}
}

func TestAPersonWhoLetsGoIsFollowedByTheTiers(t *testing.T) {
	b := newBench(t, whole)
	b.pd.act(incident.EventAcknowledged, human)
	b.after(30*time.Minute, func() { b.tell(incident.EventUnacknowledged, incident.Agent{}) })
	b.after(35*time.Minute, func() { b.person(incident.EventAcknowledged) })
	if rec := b.run(); rec.Outcome != incident.TakenOver {
		t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if d := cmp.Diff([]string{"#first", "#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}
