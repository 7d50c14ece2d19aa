package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/workflows"
)

const contactsOfHandOver = customerFile + `contacts:
  - {email: closed-only@acme.example}
  - {email: both@acme.example, tell: [handed_over, closed]}
  - ticket: {jira: {url: https://acme.atlassian.net, project: OPS, token: {env: T}}}
  - call: {phone: "+81312345678", region: r, instance: i, contact_flow: f, from: "+81501234567"}
letters:
  handed_over: {subject: "We work on {{.Title}}", text: "{{.Standard}}"}
`

// said is what a contact was told, in short.
func (b *bench) said() []string {
	var list []string
	for i, n := range b.contacts.news {
		who, _, _ := strings.Cut(b.contacts.told[i], ": ")
		what := string(n.Of)
		if n.Opened {
			what += " again"
		}
		if n.Sentence != "" && strings.HasPrefix(who, "call") {
			what += " by voice"
		}
		list = append(list, who+" "+what)
	}
	slices.Sort(list)
	return list
}

func TestContactsAreToldOfAHandOver(t *testing.T) {
	broken := map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
	all := []string{
		"Jira OPS (acme.atlassian.net) closed again", "Jira OPS (acme.atlassian.net) handed_over",
		"both@acme.example closed again", "both@acme.example handed_over", "call +81312345678 handed_over by voice",
	}
	defers := answers{incident.Contact: incident.Defer}
	for _, c := range []struct {
		name    string
		answers map[string][]answer
		before  func(*bench)
		want    []string
	}{
		{name: "and of its end", answers: broken, want: all},
		{name: "not of what the engine closes", answers: map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}},
			want: []string{"Jira OPS (acme.atlassian.net) closed", "both@acme.example closed", "closed-only@acme.example closed"}},
		{name: "at the window's end, when it is not over", answers: broken, want: all,
			before: func(b *bench) { b.policies.are(b.window("nights", -time.Hour, 8*time.Minute, defers)) }},
		{name: "not when it is over before the window is", answers: broken,
			before: func(b *bench) { b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, defers)) }},
		{name: "and of its end at the window's end, who was told of it and nobody else", answers: broken, want: all,
			before: func(b *bench) { b.policies.are(b.window("nights", 13*time.Minute, 8*time.Hour, defers)) }},
		{name: "never, where it is suppressed", answers: broken,
			before: func(b *bench) {
				b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, answers{incident.Contact: incident.Suppress}))
			}},
		{name: "as far as they take it", answers: broken, want: []string{all[2], all[3], all[4]},
			before: func(b *bench) {
				b.contacts.fail = map[string]error{"Jira OPS (acme.atlassian.net)": fmt.Errorf("%w: no such project", workflows.ErrNotTaken)}
			}},
		{name: "once it takes it", answers: broken, want: all,
			before: func(b *bench) {
				b.contacts.fail = map[string]error{"Jira OPS (acme.atlassian.net)": errors.New("away")}
				b.after(3*time.Minute, func() { b.contacts.mend() })
			}},
		{name: "the others, when it is never reached", answers: broken, want: []string{all[2], all[3], all[4]},
			before: func(b *bench) { // the test environment gives up after ten tries, as the engine does after a week
				b.contacts.fail = map[string]error{"Jira OPS (acme.atlassian.net)": errors.New("away")}
			}},
		{name: "once, when the process dies", answers: broken, want: all, before: func(b *bench) { b.journal.crash = "contacted/handed_over/3" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBenchOf(t, tells, contactsOfHandOver)
			b.actions.answers = c.answers
			if c.before != nil {
				c.before(b)
			}
			b.after(12*time.Minute, func() { b.person(incident.EventAcknowledged) })
			b.after(15*time.Minute, func() { b.person(incident.EventResolved) })
			b.run()
			slices.Sort(c.want)
			if d := cmp.Diff(c.want, b.said()); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			if open, err := b.store.OpenDeferrals(t.Context()); err != nil {
				t.Error(err)
			} else if c.name == "not when it is over before the window is" && len(open) > 0 {
				t.Errorf("open deferrals: %v", open)
			}
		})
	}
}

func TestWhatContactsAreToldOfAHandOver(t *testing.T) {
	b := newBenchOf(t, tells, contactsOfHandOver)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
	b.after(12*time.Minute, func() { b.person(incident.EventResolved) })
	b.run()
	i := slices.IndexFunc(b.contacts.news, func(n workflows.ContactNews) bool { return n.Of == customer.OfHandOver })
	j := slices.IndexFunc(b.contacts.news, func(n workflows.ContactNews) bool { return n.Of == customer.OfClose })
	if i < 0 || j < 0 {
		t.Fatalf("told %v", b.said())
	}
	begun, end := b.contacts.news[i], b.contacts.news[j]
	if begun.Message.Subject != "We work on health check of www.acme.example" || !strings.Contains(begun.Message.Text, "engineers are looking into it") {
		t.Errorf("the letter says %q: %s", begun.Message.Subject, begun.Message.Text)
	}
	if begun.Facts.Event != handover.EventHandedOver || begun.Facts.Outcome != incident.HandedOver || begun.Facts.Key != begun.Key || begun.Facts.At.IsZero() {
		t.Errorf("facts %+v", begun.Facts)
	}
	if !strings.Contains(begun.Sentence, "health check of www.acme.example") {
		t.Errorf("the sentence is %q", begun.Sentence)
	}
	if end.Facts.Event != handover.EventClosed || !strings.Contains(end.Message.Text, "have handled it") || end.Issue != begun.Issue || end.Key == begun.Key {
		t.Errorf("the end is %+v", end)
	}
}
