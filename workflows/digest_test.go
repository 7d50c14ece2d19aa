package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

func (b *bench) messages() string { return strings.Join(b.slack.texts, "\n") }

func TestOneDigestForAllThatWaited(t *testing.T) {
	s := newStage(t, leaves)
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
	s.breaks("QHEALTHY", 0, map[string][]answer{"http.request": {down, up}})
	s.breaks("QBROKEN", time.Hour, map[string][]answer{"http.request": {down}})
	s.breaks("QRESOLVED", 2*time.Hour, map[string][]answer{"http.request": {down}})
	s.breaks("QATONCE", 3*time.Hour, map[string][]answer{"http.request": {up}})
	s.after(4*time.Hour, func() { s.event("QRESOLVED", incident.EventResolved, incident.Agent{}) })
	s.after(8*time.Hour+5*time.Minute, func() { s.event("QBROKEN", incident.EventResolved, human) })
	records := s.perform()
	if d := cmp.Diff([]string{"#first", "#first"}, s.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	if len(s.digests.ends) != 1 {
		t.Errorf("digests at %v", s.digests.ends)
	}
	for id, want := range map[incident.ID][]string{
		"QHEALTHY":  {"deferred page", "outcome cleared", "resumed page", "listed page first"},
		"QBROKEN":   {"deferred page", "resumed page", "outcome handed_over observed", "told first", "told first"},
		"QRESOLVED": {"deferred page", "outcome resolved_upstream PagerDuty", "resumed page PagerDuty", "listed page first"},
		"QATONCE":   {"outcome cleared"},
	} {
		if d := cmp.Diff(want, story(records[id])); d != "" {
			t.Errorf("%s (-want +got):\n%s", id, d)
		}
	}
	if list := s.slack.texts[len(s.slack.texts)-1]; !strings.Contains(list, "QHEALTHY") || !strings.Contains(list, "QRESOLVED") || strings.Contains(list, "QBROKEN") {
		t.Errorf("the list says:\n%s", list)
	}
}

// What goes on at the window's end takes its time: the list waits for it.
func TestTheDigestWaitsForARepair(t *testing.T) {
	s := newStage(t, matches+probes+restarts+"verify: {within: 20m, every: 1m, stable_for: 5m}\n")
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, answers{incident.Page: incident.Defer, incident.MayRecover: incident.Forbid}))
	s.breaks("QREPAIRED", 0, map[string][]answer{"http.request": {down, down, down, down, up}, "local.run": {done}})
	s.breaks("QHEALTHY", time.Hour, map[string][]answer{"http.request": {down, up}})
	records := s.perform()
	if records["QREPAIRED"].Outcome != incident.Recovered {
		t.Errorf("it ended as %s: %s", records["QREPAIRED"].Outcome, records["QREPAIRED"].Why)
	}
	if len(s.slack.sent) != 1 || !strings.Contains(s.messages(), "QREPAIRED") || !strings.Contains(s.messages(), "QHEALTHY") {
		t.Errorf("told %v:\n%s", s.slack.sent, s.messages())
	}
	if listed := lineTime(records["QHEALTHY"], incident.Listed); listed.Before(records["QREPAIRED"].OutcomeAt) {
		t.Errorf("listed at %v, before the repair's end", listed)
	}
}

// One that does not come to an end holds the others up for a while only, and has a list of its own.
func TestTheDigestDoesNotWaitForever(t *testing.T) {
	s := newStage(t, strings.ReplaceAll(matches, "timeout: 10m", "timeout: 5h")+probes+restarts+"verify: {within: 4h, every: 5m}\n")
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, answers{incident.Page: incident.Defer, incident.MayRecover: incident.Forbid}))
	slow := []answer{down, down}
	for range 40 { // 200 minutes of verification
		slow = append(slow, down)
	}
	s.breaks("QSLOW", 0, map[string][]answer{"http.request": append(slow, up), "local.run": {done}})
	s.breaks("QHEALTHY", time.Hour, map[string][]answer{"http.request": {down, up}})
	records := s.perform()
	for id, want := range map[incident.ID]time.Duration{"QHEALTHY": 10 * time.Hour, "QSLOW": 11*time.Hour + 20*time.Minute} {
		if n := count(records[id], incident.Listed); n != 1 {
			t.Errorf("%s is listed %d times", id, n)
		}
		if at := lineTime(records[id], incident.Listed).Sub(s.created); at < want-10*time.Minute || at > want+10*time.Minute {
			t.Errorf("%s was listed after %v, want %v", id, at, want)
		}
	}
}

func TestTheCustomersDigest(t *testing.T) {
	recovers := map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	contact := answers{incident.Contact: incident.Defer}
	for _, c := range []struct {
		name   string
		change func(*stage)
		told   map[string]int // messages to each contact
		at     time.Duration
		listed int
	}{
		{"at the window's end", func(*stage) {}, map[string]int{"ops@acme.example": 1, "#acme": 1}, 8 * time.Hour, 2},
		{"the window ends later", func(s *stage) {
			s.after(5*time.Hour, func() { s.policies.are(s.window("nights", -time.Hour, 12*time.Hour, contact)) })
		}, map[string]int{"ops@acme.example": 1, "#acme": 1}, 12 * time.Hour, 2},
		{"the window ends later, and the engine is told", func(s *stage) {
			s.digestWindowsChange(5*time.Hour, s.window("nights", -time.Hour, 12*time.Hour, contact))
		}, map[string]int{"ops@acme.example": 1, "#acme": 1}, 12 * time.Hour, 2},
		{"the window is removed, and the engine is told", func(s *stage) { s.digestWindowsChange(5 * time.Hour) },
			map[string]int{"ops@acme.example": 1, "#acme": 1}, 5 * time.Hour, 2},
		{"the window ends sooner, and the engine is told", func(s *stage) {
			s.digestWindowsChange(5*time.Hour, s.window("nights", -time.Hour, 6*time.Hour, contact))
		}, map[string]int{"ops@acme.example": 1, "#acme": 1}, 6 * time.Hour, 2},
		{"other windows, the same end", func(s *stage) {
			s.digestWindowsChange(5*time.Hour, s.window("holiday", -time.Hour, 8*time.Hour, contact))
		}, map[string]int{"ops@acme.example": 1, "#acme": 1}, 8 * time.Hour, 2},
		{"the window suppresses by now", func(s *stage) {
			s.after(5*time.Hour, func() {
				s.policies.are(s.window("nights", -time.Hour, 12*time.Hour, answers{incident.Contact: incident.Suppress}))
			})
		}, map[string]int{}, 8 * time.Hour, 1},
		{"a contact takes nothing", func(s *stage) {
			s.contacts.fail = map[string]error{"#acme": errNotTaken}
		}, map[string]int{"ops@acme.example": 1}, 8 * time.Hour, 2},
		{"the process dies after the message", func(s *stage) { s.journal.crash = "listed/contact" },
			map[string]int{"ops@acme.example": 1, "#acme": 1}, 8 * time.Hour, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, tells)
			s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, contact))
			s.breaks("QONE", 0, recovers)
			s.breaks("QTWO", time.Hour, recovers)
			c.change(s)
			records := s.perform()
			told := map[string]int{}
			for _, one := range s.contacts.told {
				who, _, _ := strings.Cut(one, ": ")
				told[who]++
			}
			if d := cmp.Diff(c.told, told); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			if text := s.contacts.last.Text; len(c.told) > 0 && (!strings.Contains(text, "trouble QONE") || !strings.Contains(text, "trouble QTWO")) {
				t.Errorf("the digest says:\n%s", text)
			}
			if s.contacts.sent != len(s.contacts.told) {
				t.Errorf("%d messages were sent for %d", s.contacts.sent, len(s.contacts.told))
			}
			for id, rec := range records {
				if n := count(rec, incident.Listed); n != c.listed {
					t.Errorf("%s is listed %d times: %v", id, n, story(rec))
				}
				if at := lineTime(rec, incident.Listed).Sub(s.created); at < c.at || at > c.at+time.Minute {
					t.Errorf("%s was listed after %v, want %v", id, at, c.at)
				}
			}
			if len(s.slack.sent) > 0 {
				t.Errorf("tiers were told in %v", s.slack.sent)
			}
			if open, err := s.store.OpenDeferrals(t.Context()); err != nil || len(open) > 0 {
				t.Errorf("open deferrals: %v, %v", open, err)
			}
		})
	}
}

func TestTheListWaitsAsLongAsWindowsFollow(t *testing.T) {
	const day = 24 * time.Hour
	s := newStage(t, leaves)
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, pageDeferred), s.window("new year", 8*time.Hour, 20*day, answers{incident.Page: incident.Suppress}))
	s.breaks("QRESOLVED", 0, map[string][]answer{"http.request": {down}})
	s.after(4*time.Hour, func() { s.event("QRESOLVED", incident.EventResolved, incident.Agent{}) })
	if at := lineTime(s.perform()["QRESOLVED"], incident.Listed).Sub(s.created); at < 20*day {
		t.Errorf("listed after %v", at)
	}
}

// Another window, which leaves nobody to be told, follows the one that the list is for.
func TestTheListKeepsOutOfWindows(t *testing.T) {
	s := newStage(t, leaves)
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, pageDeferred),
		s.window("release 42", 8*time.Hour, 9*time.Hour, answers{incident.Page: incident.Suppress}))
	s.breaks("QRESOLVED", 0, map[string][]answer{"http.request": {down}})
	s.breaks("QBROKEN", time.Hour, map[string][]answer{"http.request": {down}})
	s.after(4*time.Hour, func() { s.event("QRESOLVED", incident.EventResolved, incident.Agent{}) })
	s.after(8*time.Hour+30*time.Minute, func() { s.event("QBROKEN", incident.EventResolved, incident.Agent{}) })
	records := s.perform()
	if at := lineTime(records["QRESOLVED"], incident.Listed).Sub(s.created); at < 9*time.Hour || len(s.slack.sent) != 1 {
		t.Errorf("listed after %v, told %v", at, s.slack.sent)
	}
	if rec := records["QBROKEN"]; rec.Outcome != incident.Suppressed || count(rec, incident.Listed) != 1 {
		t.Errorf("it ended as %s: %v", rec.Outcome, story(rec))
	}
}

func TestTheListWithoutSlack(t *testing.T) {
	s := newStage(t, leaves)
	s.slack.fail = errNotTaken
	s.policies.are(s.window("nights", -time.Hour, 8*time.Hour, pageDeferred))
	s.breaks("QRESOLVED", 0, map[string][]answer{"http.request": {down}})
	s.after(4*time.Hour, func() { s.event("QRESOLVED", incident.EventResolved, incident.Agent{}) })
	records := s.perform()
	if d := cmp.Diff([]string{"acknowledge", "note started", "snooze 8h5m0s", "note listed"}, s.incidents["QRESOLVED"].done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if line := lineAt(t, records["QRESOLVED"], incident.Listed); line.Why != "in PagerDuty" {
		t.Errorf("the record says %q", line.Why)
	}
}

// What was to be told to the customer is not true any more.
func TestAnIncidentThatIsReopenedBeforeTheDigest(t *testing.T) {
	b := newBenchOf(t, tells, customerWithContacts)
	b.actions.answers = map[string][]answer{"http.request": {down, up, up, up, down}, "local.read": {journal}, "local.run": {done}}
	b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, answers{incident.Contact: incident.Defer}))
	b.play(b.first())
	b.pd.change(func(i *incident.Incident) { i.Status, i.LastChangeBy = incident.Triggered, incident.Agent{} })
	b.next(2 * time.Hour)
	b.after(10*time.Minute, func() { b.person(incident.EventResolved) })
	b.play(b.at("E2", incident.EventReopened, 2*time.Hour, incident.Agent{}))
	b.digest(8 * time.Hour)
	if len(b.contacts.told) > 0 {
		t.Errorf("told %v", b.contacts.told)
	}
	if open, err := b.store.OpenDeferrals(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("open deferrals: %v, %v", open, err)
	}
}
