package workflows_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
	"shodo/workflows"
)

const customerWithContacts = customerFile + `contacts: [{email: ops@acme.example}, {slack: "#acme"}]
`

const (
	tells   = whole + "close: {tell_customer: true, note: \"restarted the web server\"}\n"
	reports = matches + probes + evidence + "unrecovered: report\n"
)

func TestTheCustomerIsTold(t *testing.T) {
	recovers := map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	both := []string{"ops@acme.example", "#acme"}
	for _, c := range []struct {
		name     string
		scenario string
		answers  map[string][]answer
		windows  answers
		before   func(*bench)
		told     []string
		digest   bool // it is told at the window's end
	}{
		{name: "of a repair", scenario: tells, answers: recovers, told: both},
		{name: "of nothing that the scenario does not say", scenario: whole, answers: recovers},
		{name: "of what only reports", scenario: reports, answers: map[string][]answer{"http.request": {down}, "local.read": {journal}}, told: both},
		{name: "of what was healthy", scenario: tells, answers: map[string][]answer{"http.request": {up}}, told: both},
		{name: "of nothing that a person goes on with", scenario: tells,
			answers: map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}, before: acknowledgeSoon},
		{name: "of nothing that the monitor has resolved", scenario: tells,
			before: func(b *bench) { b.pd.act(incident.EventResolved, incident.Agent{}) }},
		{name: "at the window's end", scenario: tells, answers: recovers, windows: answers{incident.Contact: incident.Defer}, told: both, digest: true},
		{name: "never, where it is suppressed", scenario: tells, answers: recovers, windows: answers{incident.Contact: incident.Suppress}},
		{name: "as far as it takes messages", scenario: tells, answers: recovers, told: []string{"#acme"}, before: func(b *bench) {
			b.contacts.fail = map[string]error{"ops@acme.example": workflows.ErrNotTaken}
		}},
		{name: "once it takes messages", scenario: tells, answers: recovers, told: both, before: func(b *bench) {
			b.contacts.fail = map[string]error{"ops@acme.example": errors.New("the mail server is away")}
			b.after(3*time.Minute, func() { b.contacts.mend() }) // the test environment gives up soon
		}},
		{name: "not in a window that opens before it takes messages", scenario: tells, answers: recovers, told: both, before: func(b *bench) {
			b.contacts.fail = map[string]error{"ops@acme.example": errors.New("the mail server is away")}
			b.policies.are(b.window("nights", time.Minute, 8*time.Minute, answers{incident.Contact: incident.Defer}))
			b.after(2*time.Minute, func() { b.contacts.mend() })
			b.after(7*time.Minute, func() {
				if slices.ContainsFunc(b.contacts.told, func(who string) bool { return strings.HasPrefix(who, "ops") }) {
					b.t.Error("told in the window")
				}
			})
		}},
		{name: "once, when the process dies after the message", scenario: tells, answers: recovers, told: both,
			before: func(b *bench) { b.journal.crash = "contacted/1" }},
		{name: "once, when the process dies after the question", scenario: tells, answers: recovers, windows: answers{incident.Contact: incident.Defer},
			told: both, digest: true, before: func(b *bench) { b.journal.crash = "decision/contact" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBenchOf(t, c.scenario, customerWithContacts)
			b.actions.answers = c.answers
			if c.windows != nil {
				b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, c.windows))
			}
			if c.before != nil {
				c.before(b)
			}
			b.run()
			if c.digest {
				if len(b.contacts.told) > 0 {
					t.Errorf("told in the window: %v", b.contacts.told)
				}
				b.digest(8 * time.Hour)
			}
			var told []string
			for _, one := range b.contacts.told {
				who, _, _ := strings.Cut(one, ": ")
				told = append(told, who)
			}
			slices.Sort(told)
			slices.Sort(c.told)
			if d := cmp.Diff(c.told, told); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			rec := b.record()
			recorded := count(rec, incident.ToldContact) + count(rec, incident.Listed)
			if recorded != len(c.told) {
				t.Errorf("the record has %d told: %v", recorded, story(rec))
			}
			if c.windows != nil && lineAtQuestion(t, rec, incident.Contact).Window != `quiet hours "nights"` {
				t.Error("the record does not name the window")
			}
			if open, err := b.store.OpenDeferrals(t.Context()); err != nil || len(open) > 0 {
				t.Errorf("open deferrals: %v, %v", open, err)
			}
		})
	}
}

func (c *contacts) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fail = nil
}

// The message is about an end that has not lasted; the first response to what comes now does not wait for a mail server.
func TestAContactThatTakesNothingHoldsNoFirstResponseUp(t *testing.T) {
	b := newBenchOf(t, tells, customerWithContacts)
	b.actions.answers = map[string][]answer{"http.request": {up}}
	b.contacts.fail = map[string]error{"ops@acme.example": errors.New("the mail server is away")}
	b.after(2*time.Minute, func() { b.tell(incident.EventReopened, human) })
	b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: b.first()})
	var again *workflow.ContinueAsNewError
	if err := b.env.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("no new run was started: %v", err)
	}
	if took := b.env.Now().Sub(b.created); took > 3*time.Minute {
		t.Errorf("it waited %v", took)
	}
}
