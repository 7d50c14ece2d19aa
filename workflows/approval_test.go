package workflows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/testsuite"

	"shodo/internal/incident"
	"shodo/workflows"
)

const (
	approved = `title: Web is down
runbook: web.md
autonomy: approve
match: {when: alert.severity == "critical"}
target: www
limits: {timeout: 10m}
`
	asksFirst = approved + probes + evidence + restarts + verifies
)

var broken = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}

// heals has the check break until something was changed.
func (b *bench) heals() {
	fixed := false
	b.actions.answers = map[string][]answer{"local.read": {journal},
		"local.run": {{output: done.output, do: func() { fixed = true }}}}
	b.actions.decide = func(action string) *answer {
		switch {
		case action != "http.request":
			return nil
		case fixed:
			return &up
		}
		return &down
	}
}

func TestAnApproval(t *testing.T) {
	b := newBench(t, asksFirst)
	b.heals()
	granted := b.choose(8*time.Minute, incident.Choice{Kind: incident.Grant, Run: 1, Number: 1})
	rec := b.run()
	granted.wants(t, "taken")
	wantDecided(t, rec, "asked first for attempt 1, question 1",
		"approve: Sato (slack:U1) approved attempt 1 in Slack",
		`recovered : "restart" was done, and verified`)
	if n := b.actions.count("local.run"); n != 1 {
		t.Errorf("sent %d times", n)
	}
	if d := cmp.Diff([]string{"acknowledge", "note started", "note 1", "resolve"}, b.pd.loud()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if !slices.Contains(b.pd.done(), "snooze 15m0s") {
		t.Errorf("PagerDuty pages while people think: %v", b.pd.done())
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	if !strings.Contains(b.slack.texts[0], "/usr/bin/restart") {
		t.Errorf("the question does not show what is to be approved: %s", b.slack.texts[0])
	}
	if !slices.ContainsFunc(rec.Transitions, func(l incident.Transition) bool {
		return l.Kind == incident.Chosen && l.Choice == incident.Grant && l.Item == 1 && l.Attempt == 1 && l.By == "Sato"
	}) {
		t.Errorf("the record does not say who approved: %+v", rec.Transitions)
	}
}

// What becomes of an incident whose repair has to be approved.
func TestApprovals(t *testing.T) {
	approval := func(of string) string {
		return strings.Replace(restartsTwice, "name: restart\n", "name: restart\n    approval: "+of+"\n", 1)
	}
	grant, no := incident.Choice{Kind: incident.Grant}, incident.Choice{Kind: incident.NotNow}
	const asked = "asked first for attempt 1, question 1"
	for _, c := range []struct {
		name     string
		scenario string
		play     func(*bench)
		decided  []string
		changes  []string // what was sent
		told     []string // where in Slack
		paged    time.Duration
	}{
		{
			name: "nobody answers", scenario: asksFirst, play: acknowledgeLater(18 * time.Minute),
			decided: []string{asked, "expired question 1: nobody answered within 10m0s: it is handed over",
				`handed_over not_approved: nobody approved attempt "restart" within 10m0s`},
			told: []string{"#first", "#first"}, paged: 10 * time.Minute,
		},
		{
			name: "somebody says no", scenario: asksFirst,
			play: func(b *bench) {
				no.Note = "the customer is using it"
				b.choose(2*time.Minute, no)
				acknowledgeLater(8 * time.Minute)(b)
			},
			decided: []string{asked, "not_now: Sato (slack:U1) did not approve attempt 1 in Slack: the customer is using it",
				"handed_over not_approved: Sato (slack:U1) did not approve attempt 1 in Slack: the customer is using it"},
			told: []string{"#first", "#first"}, paged: 2 * time.Minute,
		},
		{
			name: "the next attempt's turn comes", scenario: matches + probes + approval("{within: 1m, otherwise: next_attempt}") + verifies,
			play: acknowledgeLater(20 * time.Minute),
			decided: []string{asked, "expired question 1: nobody answered within 1m0s: the next attempt's turn comes",
				"recovered : \"reboot\" was done, and verified"},
			changes: []string{"reboot"}, told: []string{"#first"},
		},
		{
			name: "no attempt is left", scenario: approved + probes + approval("{within: 1m, otherwise: next_attempt}") + verifies,
			play: func(b *bench) {
				b.choose(30*time.Second, no)
				b.choose(2*time.Minute, no)
				acknowledgeLater(9 * time.Minute)(b)
			},
			decided: []string{asked, "not_now: Sato (slack:U1) did not approve attempt 1 in Slack: the customer is using it",
				"asked first for attempt 2, question 2",
				"not_now: Sato (slack:U1) did not approve attempt 2 in Slack: the customer is using it",
				"handed_over not_approved: Sato (slack:U1) did not approve attempt 2 in Slack: the customer is using it"},
			told: []string{"#first", "#first", "#first"}, paged: 2 * time.Minute,
		},
		{
			name: "the only attempt is passed over", scenario: matches + probes +
				strings.Replace(restarts, "name: restart\n", "name: restart\n    approval: {within: 1m, otherwise: next_attempt}\n", 1) + verifies,
			play: acknowledgeLater(9 * time.Minute),
			decided: []string{asked, "expired question 1: nobody answered within 1m0s: the next attempt's turn comes",
				`handed_over not_approved: nobody approved attempt "restart" within 1m0s`},
			told: []string{"#first", "#first"}, paged: time.Minute,
		},
		{
			name: "another tier is asked, and has all night", scenario: matches + probes + approval("{from: second, within: 8h}") + verifies,
			play: func(b *bench) { b.choose(7*time.Hour, grant) }, // limits.timeout is 10 minutes
			decided: []string{"asked second for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				"recovered : \"restart\" was done, and verified"},
			changes: []string{"restart"}, told: []string{"#second"},
		},
		{
			name: "it is healthy by then", scenario: asksFirst,
			play: func(b *bench) {
				b.choose(5*time.Minute, grant)
				b.after(4*time.Minute, func() { b.actions.decide = func(string) *answer { return &up } })
			},
			decided: []string{asked, "approve: Sato (slack:U1) approved attempt 1 in Slack",
				"cleared : the check found it healthy; nothing was changed"},
			told: []string{"#first"},
		},
		{
			name: "the monitor resolves it", scenario: asksFirst,
			play: func(b *bench) {
				b.after(5*time.Minute, func() {
					b.pd.act(incident.EventResolved, incident.Agent{})
					b.tell(incident.EventResolved, incident.Agent{})
				})
			},
			decided: []string{asked, "resolved_upstream : the monitor resolved it before anything was changed"},
			told:    []string{"#first"},
		},
		{
			name: "somebody acknowledges it in PagerDuty", scenario: asksFirst, play: acknowledgeLater(5 * time.Minute),
			decided: []string{asked, "taken_over : Aiko Tanaka acknowledged it in PagerDuty"},
			told:    []string{"#first", "#first"},
		},
		{
			name: "nothing is asked for a repair that needs none", scenario: whole,
			decided: []string{"recovered : \"restart\" was done, and verified"}, changes: []string{"restart"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.scenario)
			b.heals()
			var paged time.Duration
			b.pd.onPage = func() { paged = b.env.Now().Sub(b.created) }
			if c.play != nil {
				c.play(b)
			}
			rec := b.run()
			wantDecided(t, rec, c.decided...)
			var sent []string
			for _, params := range b.changes() {
				name, _, _ := strings.Cut(params[strings.LastIndex(params, "/bin/")+5:], `"`)
				sent = append(sent, name)
			}
			if d := cmp.Diff(c.changes, sent); d != "" {
				t.Errorf("what was changed (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.told, b.slack.sent); d != "" {
				t.Errorf("told in Slack (-want +got):\n%s", d)
			}
			if paged.Truncate(10*time.Second) != c.paged {
				t.Errorf("paged after %v, want %v", paged, c.paged)
			}
		})
	}
}

func acknowledgeLater(after time.Duration) func(*bench) {
	return func(b *bench) { b.after(after, func() { b.person(incident.EventAcknowledged) }) }
}

// What was approved is what is sent, or nothing.
func TestWhatWasApprovedChanges(t *testing.T) {
	uses := strings.Replace(asksFirst, "[/usr/bin/restart]", `[/usr/bin/restart, "${{ steps.probe.output.status }}"]`, 1)
	for _, c := range []struct {
		name    string
		found   []string // by each check
		grants  int
		decided []string
		sent    []string
	}{
		{
			name: "it stays", found: []string{"502", "502", "200"}, grants: 1,
			decided: []string{"asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				`recovered : "restart" was done, and verified`},
			sent: []string{`{"command":["/usr/bin/restart","502"],"dir":"/"}`},
		},
		{
			name: "it changes once", found: []string{"502", "503", "503", "200"}, grants: 2,
			decided: []string{"asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				"asked first for attempt 1, question 2", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				`recovered : "restart" was done, and verified`},
			sent: []string{`{"command":["/usr/bin/restart","503"],"dir":"/"}`},
		},
		{
			name: "it changes again", found: []string{"502", "503", "504"}, grants: 2,
			decided: []string{"asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				"asked first for attempt 1, question 2", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				`handed_over not_approved: what attempt "restart" would do has changed twice after it was approved`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, uses)
			b.actions.answers = map[string][]answer{"local.read": {journal}, "local.run": {done}}
			for _, status := range c.found {
				b.actions.answers["http.request"] = append(b.actions.answers["http.request"], answer{output: `{"status":` + status + `}`})
			}
			for n := range c.grants {
				b.choose(time.Duration(n+1)*2*time.Minute, incident.Choice{Kind: incident.Grant, Number: n + 1})
			}
			acknowledgeLater(8 * time.Minute)(b)
			rec := b.run()
			wantDecided(t, rec, c.decided...)
			if d := cmp.Diff(c.sent, b.changes()); d != "" {
				t.Errorf("what was sent (-want +got):\n%s", d)
			}
		})
	}
}

// Customers' windows hold a question back as they hold a hand-over back, and an approval opens no window.
func TestApprovalsAndWindows(t *testing.T) {
	grant := incident.Choice{Kind: incident.Grant}
	t.Run("nobody is asked at night", func(t *testing.T) {
		b := newBench(t, asksFirst)
		b.heals()
		b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
		early := b.choose(7*time.Hour, grant)
		late := b.choose(8*time.Hour+5*time.Minute, grant)
		rec := b.run()
		early.wants(t, "answered")
		late.wants(t, "taken")
		wantDecided(t, rec, "asked first for attempt 1, question 2", "approve: Sato (slack:U1) approved attempt 1 in Slack",
			`recovered : "restart" was done, and verified`)
		if at := lineTime(rec, incident.Asked).Sub(b.created); at < 8*time.Hour || at > 8*time.Hour+time.Minute {
			t.Errorf("asked after %v", at)
		}
	})
	t.Run("nobody is ever asked", func(t *testing.T) {
		b := newBench(t, asksFirst)
		b.heals()
		b.policies.are(b.window("closed", -time.Hour, 80*time.Hour, answers{incident.Page: incident.Suppress}))
		rec := b.run()
		if rec.Outcome != incident.Suppressed || len(b.slack.sent) > 0 || len(b.changes()) > 0 {
			t.Errorf("ended as %s: %s; told %v, changed %v", rec.Outcome, rec.Why, b.slack.sent, b.changes())
		}
	})
	t.Run("nobody is asked for what is forbidden", func(t *testing.T) {
		b := newBench(t, asksFirst)
		b.heals()
		b.policies.are(b.window("batch", -time.Hour, 3*time.Hour, recoverForbid))
		acknowledgeSoon(b)
		rec := b.run()
		if rec.Reason != incident.Forbidden || len(rec.Transitions) == 0 || !lineTime(rec, incident.Asked).IsZero() {
			t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
	})
	t.Run("a window opens between the question and the change", func(t *testing.T) {
		b := newBench(t, asksFirst)
		b.heals()
		b.policies.are(b.window("nights", 5*time.Minute, 8*time.Hour, answers{incident.Page: incident.Defer, incident.MayRecover: incident.Forbid}))
		b.choose(6*time.Minute, grant)
		b.choose(8*time.Hour+5*time.Minute, grant)
		rec := b.run()
		wantDecided(t, rec, "asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
			"asked first for attempt 1, question 2", "approve: Sato (slack:U1) approved attempt 1 in Slack",
			`recovered : "restart" was done, and verified`)
		if len(b.changes()) != 1 {
			t.Errorf("changed %v", b.changes())
		}
	})
}

// Whoever approves means now: after a night in which nothing was sent, it is asked again.
func TestAnApprovalDoesNotOutliveAWait(t *testing.T) {
	b := newBench(t, asksFirst)
	stop := incident.Pause{ID: "P1", Scope: incident.PauseAll, Cancel: true, By: "Sato"} // and somebody ends it at once
	b.actions.answers = map[string][]answer{"local.read": {journal}, "local.run": {done},
		"http.request": {down, {output: down.output, do: func() { b.env.SignalWorkflow("pause", stop) }}, down}}
	b.policies.are(b.window("nights", time.Minute, 8*time.Hour, pageDeferred))
	b.choose(2*time.Minute, incident.Choice{Kind: incident.Grant})
	acknowledgeLater(8*time.Hour + 5*time.Minute)(b)
	rec := b.run()
	wantDecided(t, rec, "asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
		"asked first for attempt 1, question 2", "taken_over : "+human.Name+" acknowledged it in PagerDuty")
	if len(b.changes()) > 0 {
		t.Errorf("sent %v", b.changes())
	}
}

// Nobody waits for long until a question can be prepared: then a person gets the incident without one.
func TestAQuestionThatCannotBePrepared(t *testing.T) {
	b := newBench(t, asksFirst)
	b.heals()
	b.actions.answers["local.read"] = []answer{{output: journal.output, do: func() { b.policies.fail = errors.New("disk full") }}}
	acknowledgeLater(time.Hour)(b)
	rec := b.run()
	if at := lineTime(rec, incident.ToldTier).Sub(b.created); rec.Reason != incident.EngineError || at < 10*time.Minute || at > 30*time.Minute {
		t.Errorf("ended as %s (%s): %s; told after %v", rec.Outcome, rec.Reason, rec.Why, at)
	}
}

// A budget that is used up is told before anybody is asked.
func TestNobodyIsAskedForWhatNoBudgetAllows(t *testing.T) {
	b := newBench(t, strings.Replace(asksFirst, "timeout: 10m", "timeout: 10m, recoveries: {max: 1, per: 1h}", 1))
	b.heals()
	b.repaired("Q0", "www")
	acknowledgeSoon(b)
	if rec := b.run(); rec.Reason != incident.OverBudget || !lineTime(rec, incident.Asked).IsZero() {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

// The process may die after each thing that it does around an approval: it is asked once, sent once, and in the record once.
func TestACrashAtEachStepOfAnApproval(t *testing.T) {
	for _, line := range []string{"asked/", "chosen/", "phase/recover", "outcome"} {
		t.Run(line, func(t *testing.T) {
			b := newBench(t, asksFirst)
			b.heals()
			b.journal.crash = line
			b.choose(2*time.Minute, incident.Choice{Kind: incident.Grant})
			rec := b.run()
			wantDecided(t, rec, "asked first for attempt 1, question 1", "approve: Sato (slack:U1) approved attempt 1 in Slack",
				`recovered : "restart" was done, and verified`)
			if b.journal.crash != "" || len(b.changes()) != 1 || len(b.slack.sent) != 1 {
				t.Errorf("crashed %v, changed %v, asked in %v", b.journal.crash == "", b.changes(), b.slack.sent)
			}
		})
	}
}

// Who cannot be asked in Slack is asked by PagerDuty's note alone.
func TestAQuestionThatSlackDoesNotTake(t *testing.T) {
	b := newBench(t, asksFirst)
	b.heals()
	b.world.Slack = nil
	b.environment(b.created)
	b.choose(2*time.Minute, incident.Choice{Kind: incident.Grant, By: incident.Person{ID: "local:root", Name: "root"}})
	rec := b.run()
	wantDecided(t, rec, "asked first for attempt 1, question 1", "approve: root (local:root) approved attempt 1 on the command line",
		`recovered : "restart" was done, and verified`)
	if !slices.Contains(b.pd.done(), "note 1") {
		t.Errorf("nobody was asked: %v", b.pd.done())
	}
}

// repaired has an earlier repair of the target in the record.
func (b *bench) repaired(id incident.ID, target string) {
	b.t.Helper()
	before := incident.Record{Incident: incident.Incident{ID: id, CreatedAt: b.created}, WorkflowRun: "R0", ReceivedAt: b.created,
		Customer: incident.Customer{ID: "acme"}, Match: incident.Match{Scenario: "web", Target: target}}
	step := incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: incident.Recover, Attempt: 1}, Name: "restart",
		Action: "local.run", Status: incident.Started, StartedAt: b.created}
	_, err := b.store.Begin(b.t.Context(), before)
	if err == nil {
		_, err = b.store.StartStep(b.t.Context(), step)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// While people think, another incident of the same target is repaired; then the first one is found healthy, and its approval
// sends nothing.
func TestAQuestionHoldsNoTarget(t *testing.T) {
	s := newStage(t, strings.Replace(asksFirst, "steps:\n", "approval: {within: 1h}\n    steps:\n", 1))
	fixed := false
	heals := func(action string) *answer {
		switch {
		case action == "local.run":
			return &answer{output: done.output, do: func() { fixed = true }}
		case action == "http.request" && fixed:
			return &up
		case action == "http.request":
			return &down
		}
		return &journal
	}
	s.breaks("QFIRST", 0, nil)
	s.breaks("QSECOND", time.Minute, nil)
	s.actions["QFIRST"].decide, s.actions["QSECOND"].decide = heals, heals
	for id, at := range map[incident.ID]time.Duration{"QSECOND": 10 * time.Minute, "QFIRST": 20 * time.Minute} {
		s.after(at, func() {
			c := incident.Choice{ID: string(id), Kind: incident.Grant, Incident: id, By: sato}
			if err := s.env.UpdateWorkflowByID(workflows.WorkflowID(id), "choose", c.ID, &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(err error) { t.Error(err) }, OnComplete: func(any, error) {},
			}, c); err != nil {
				t.Error(err)
			}
		})
	}
	records := s.perform()
	for id, want := range map[incident.ID]incident.Outcome{"QFIRST": incident.Cleared, "QSECOND": incident.Recovered} {
		if records[id].Outcome != want {
			t.Errorf("%s ended as %s (%s): %s", id, records[id].Outcome, records[id].Reason, records[id].Why)
		}
	}
	if n := s.actions["QFIRST"].count("local.run") + s.actions["QSECOND"].count("local.run"); n != 1 {
		t.Errorf("%d changes", n)
	}
}
