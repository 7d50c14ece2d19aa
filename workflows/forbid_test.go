package workflows_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

func TestChangesThatAreForbidden(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
	b.policies.are(b.window("weekly batch", -time.Hour, 3*time.Hour, recoverForbid))
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Forbidden {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if n := b.actions.count("local.run"); n != 0 || b.actions.count("local.read") != 1 {
		t.Errorf("%d changing actions, and evidence gathered %d times", n, b.actions.count("local.read"))
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	decision := lineAtQuestion(t, rec, incident.MayRecover)
	if decision.Window != `quiet hours "weekly batch"` || !decision.Until.Equal(b.created.Add(3*time.Hour)) || !strings.Contains(decision.Why, "(catalog v1)") {
		t.Errorf("the record says: %+v", decision)
	}
}

// A window opens between two attempts: what was made stays made, and the rest waits for the window's end.
func TestTheSecondAttemptIsForbidden(t *testing.T) {
	b := newBench(t, matches+probes+evidence+restartsTwice+verifies)
	b.actions.answers = map[string][]answer{"http.request": {down, down, down, down, down, down, down, up}, "local.read": {journal}, "local.run": {done}}
	b.policies.are(b.window("nights", 30*time.Second, 8*time.Hour, answers{incident.Page: incident.Defer, incident.MayRecover: incident.Forbid}))
	rec := b.run()
	if rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if d := cmp.Diff([]string{`{"command":["/usr/bin/restart"],"dir":"/"}`, `{"command":["/usr/bin/reboot"],"dir":"/"}`}, b.changes()); d != "" {
		t.Errorf("what was changed (-want +got):\n%s", d)
	}
	if at := rec.OutcomeAt.Sub(b.created); at < 8*time.Hour {
		t.Errorf("recovered after %v", at)
	}
	var made []string
	for _, line := range rec.Transitions {
		if line.Kind == incident.Decided && line.Question == incident.MayRecover {
			made = append(made, line.Key)
		}
	}
	if d := cmp.Diff([]string{"decision/recover/1/0/allow", "decision/recover/2/0/forbid", "decision/recover/2/0/allow"}, made); d != "" {
		t.Errorf("decisions (-want +got):\n%s", d)
	}
}

// changes gives the parameters of the changing actions that were sent.
func (b *bench) changes() []string {
	var sent []string
	for i, name := range b.actions.ran {
		if name == "local.run" {
			sent = append(sent, string(b.actions.params[i]))
		}
	}
	return sent
}

// In doubt nothing is changed: a condition that breaks, or windows that cannot be read.
func TestChangesInDoubt(t *testing.T) {
	t.Run("a condition that breaks", func(t *testing.T) {
		b := newBench(t, whole)
		b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
		w := b.window("weekly batch", -time.Hour, 3*time.Hour, answers{incident.MayRecover: incident.Forbid, incident.Page: incident.Suppress})
		w.Match = brokenCondition{}
		b.policies.are(w)
		acknowledgeSoon(b)
		if rec := b.run(); rec.Reason != incident.Forbidden || len(b.slack.sent) != 1 || b.actions.count("local.run") != 0 {
			t.Errorf("ended as %s (%s), told in %v, %d changes", rec.Outcome, rec.Reason, b.slack.sent, b.actions.count("local.run"))
		}
	})
	t.Run("windows that cannot be read", func(t *testing.T) {
		b := newBench(t, whole)
		b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done},
			"local.read": {{output: journal.output, do: func() {
				b.policies.mu.Lock()
				defer b.policies.mu.Unlock()
				b.policies.fail = errors.New("disk full")
			}}}}
		b.after(20*time.Minute, func() {
			b.policies.mu.Lock()
			defer b.policies.mu.Unlock()
			b.policies.fail = nil
		})
		b.after(30*time.Minute, func() { b.person(incident.EventAcknowledged) })
		if rec := b.run(); rec.Outcome != incident.HandedOver || b.actions.count("local.run") != 0 {
			t.Errorf("ended as %s (%s) with %d changes: %s", rec.Outcome, rec.Reason, b.actions.count("local.run"), rec.Why)
		}
	})
}

type brokenCondition struct{}

func (brokenCondition) Holds(incident.Incident, incident.Customer) (bool, error) {
	return false, errors.New("no such label")
}
func (brokenCondition) Source() string { return "customer.labels.contract == 'gold'" }

func lineAtQuestion(t *testing.T, rec incident.Record, q incident.Question) incident.Transition {
	t.Helper()
	for _, line := range rec.Transitions {
		if line.Kind == incident.Decided && line.Question == q {
			return line
		}
	}
	t.Fatalf("the record has no decision about %q", q)
	return incident.Transition{}
}
