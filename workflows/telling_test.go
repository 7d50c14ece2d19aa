package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

const observes = "title: x\nrunbook: web.md\nautonomy: observe\nmatch: {service: [PWEB]}\ntarget: www\n" + probes + restarts

func TestATierThatCannotBePagedGivesItsPlace(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		did  []string
	}{
		{"nobody is on call, so the incident's own policy is paged", workflows.ErrRefused,
			[]string{"acknowledge", "note started", "page PDEFAULT", "note handed_over", "page PSECOND"}},
		{"PagerDuty never answers, so the next tier comes", errors.New("503"),
			[]string{"acknowledge", "note started", "page PSECOND", "note handed_over"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, observes)
			b.actions.answers = map[string][]answer{"http.request": {down}}
			b.slack.fail = workflows.ErrNotTaken
			b.pd.unpaged = map[string]error{"PFIRST": c.err}
			b.after(15*time.Minute, func() { b.person(incident.EventAcknowledged) })
			b.run()
			if d := cmp.Diff(c.did, b.pd.done()); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
		})
	}
}

func TestThePacketIsWrittenWhereNobodyCanBePaged(t *testing.T) {
	b := newBench(t, observes)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.pd.fail = map[string]error{"Reassign": workflows.ErrRefused}
	acknowledgeSoon(b)
	b.run()
	if !slices.Contains(b.pd.done(), "note handed_over") {
		t.Errorf("in PagerDuty: %v", b.pd.done())
	}
}

// Whether the acknowledgement took effect is not known: should it have, PagerDuty calls nobody, and the engine has to.
func TestAnAcknowledgementWithoutAnAnswerIsNoReasonToTrustInPagerDutysPage(t *testing.T) {
	b := newBench(t, observes)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.pd.fail = map[string]error{"Acknowledge": errors.New("the connection broke")}
	acknowledgeSoon(b)
	b.run()
	if !slices.Contains(b.pd.done(), "page PFIRST") {
		t.Errorf("nobody was paged: %v", b.pd.done())
	}
}

// PagerDuty takes the page only after a person, whom Slack has called, has acknowledged: nothing is taken from her.
func TestAPageThatWasHeldUpTakesNothingFromAPerson(t *testing.T) {
	b := newBench(t, observes)
	b.actions.answers = map[string][]answer{"http.request": {down}}
	b.pd.unpaged = map[string]error{"PFIRST": errors.New("503")}
	b.after(3*time.Minute, func() {
		b.person(incident.EventAcknowledged)
		b.pd.mu.Lock()
		defer b.pd.mu.Unlock()
		b.pd.unpaged = nil
	})
	b.run()
	if d := cmp.Diff([]string{"acknowledge", "note started", "note handed_over"}, b.pd.done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
}

func TestTheRecordShowsThatPeopleAreCalled(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
	b.after(5*time.Minute, func() {
		if rec, err := b.store.Record(t.Context(), "Q1"); err != nil || rec.Phase != incident.HandOver {
			t.Errorf("phase %q, error %v", rec.Phase, err)
		}
	})
	acknowledgeSoon(b)
	b.run()
}
