package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func facts(t *testing.T, s *store.Store) {
	for i, id := range []incident.ID{"Q2", "Q1", "Q0", "Q4", "Q3"} { // stored in another order than created; Q3 with Q4
		r := record(id)
		r.Incident.CreatedAt = after(10 * int(id[1]-'0'))
		if id == "Q4" {
			r.Incident.CreatedAt = after(30)
		}
		if i == 0 {
			r.Customer, r.Match = incident.Customer{}, incident.Match{}
		}
		begin(t, s, r)
	}
	must(t, s.FinishStep(t.Context(), step("Q1", incident.Check, 0)))
	ended := transition("Q1", "outcome", 60, incident.Ended)
	ended.Outcome, ended.Reason = incident.HandedOver, incident.Storm
	appendAll(t, s, ended, transition("Q1", "taken", 70, incident.PersonTook), transition("Q1", "end", 80, incident.ResponseEnd))

	for name, c := range map[string]struct {
		filter incident.FactFilter
		want   string
	}{
		"all":      {incident.FactFilter{}, "Q0 Q1 Q2 Q4 Q3"},
		"since":    {incident.FactFilter{Since: after(10)}, "Q1 Q2 Q4 Q3"},
		"until":    {incident.FactFilter{Until: after(10)}, "Q0"},
		"customer": {incident.FactFilter{Customer: "acme"}, "Q0 Q1 Q4 Q3"},
		"scenario": {incident.FactFilter{Scenario: "disk-full", Since: after(1), Until: after(30)}, "Q1"},
		"nobody":   {incident.FactFilter{Customer: "' OR 1=1 --"}, ""},
	} {
		var ids []string
		c.filter.With = incident.FactID
		for f, err := range s.Facts(t.Context(), c.filter) {
			must(t, err)
			ids = append(ids, string(f.ID))
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}

	want := incident.Fact{ID: "Q1", Run: 1, Customer: "acme", Department: "east", Service: "PWEB", Scenario: "disk-full", Target: "web-1",
		Priority: "P1", Alerts: 3, Outcome: incident.HandedOver, Reason: incident.Storm, CreatedAt: after(10), ReceivedAt: after(1),
		StartedAt: after(10), OutcomeAt: after(60), TakenAt: after(70), EndedAt: after(80)}
	want.Title = "ディスク使用率 95%"
	wantSame(t, oneFact(t, s, incident.FactFilter{Since: after(10), Until: after(11), With: incident.FactEverything}), want)
	for part, field := range map[incident.FactPart]*string{incident.FactID: (*string)(&want.ID), incident.FactDepartment: &want.Department,
		incident.FactService: (*string)(&want.Service), incident.FactPriority: &want.Priority, incident.FactTitle: &want.Title} {
		kept := *field
		*field = ""
		wantSame(t, oneFact(t, s, incident.FactFilter{Since: after(10), Until: after(11), With: incident.FactEverything &^ part}), want)
		*field = kept
	}
	wantSame(t, oneFact(t, s, incident.FactFilter{Since: after(20), Until: after(21)}), incident.Fact{ID: "Q2", Run: 1, // it is open
		Alerts: 3, CreatedAt: after(20), ReceivedAt: after(1)})
}

func oneFact(t *testing.T, s *store.Store, filter incident.FactFilter) incident.Fact {
	t.Helper()
	var list []incident.Fact
	for f, err := range s.Facts(t.Context(), filter) {
		must(t, err)
		list = append(list, f)
	}
	if len(list) != 1 {
		t.Fatalf("%d facts", len(list))
	}
	return list[0]
}

// factsOfReopened: a reopened incident is one fact, of its latest run; a repeated Begin changes what it says.
func factsOfReopened(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	appendAll(t, s, transition("Q1", "outcome", 5, incident.Ended), transition("Q1", "end", 6, incident.ResponseEnd))
	second := record("Q1")
	second.WorkflowRun, second.ReceivedAt, second.Incident.Title, second.Incident.AlertCount = "run-2", after(100), "again", 7
	begin(t, s, second)
	f := oneFact(t, s, incident.FactFilter{With: incident.FactEverything})
	if f.Run != 2 || !f.ReceivedAt.Equal(after(100)) || !f.EndedAt.IsZero() || f.Title != "again" || f.Alerts != 7 {
		t.Errorf("%+v", f)
	}
	second.Incident.Title, second.Incident.AlertCount = "still", 8
	begin(t, s, second)
	if f := oneFact(t, s, incident.FactFilter{With: incident.FactEverything}); f.Title != "still" || f.Alerts != 8 {
		t.Errorf("%+v", f)
	}
}

// factsStopped: whoever ends the loop, or is called back, leaves nothing behind.
func factsStopped(t *testing.T, s *store.Store) {
	for i := range 20 {
		begin(t, s, record(incident.ID(fmt.Sprintf("Q%d", i))))
	}
	for range 20 { // more often than there are connections
		for _, err := range s.Facts(t.Context(), incident.FactFilter{}) {
			must(t, err)
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, last = range s.Facts(ctx, incident.FactFilter{}) {
	}
	wantError(t, last, context.Canceled)
}

// factsOfAttempts: the attempts of the latest run that began to change something, each once.
func factsOfAttempts(t *testing.T, s *store.Store) {
	try := func(run, attempt, index int, phase incident.Phase) {
		st := step("Q1", phase, index)
		st.Run, st.Attempt = run, attempt
		_, err := s.StartStep(t.Context(), st)
		must(t, err)
	}
	want := func(attempts ...int) {
		t.Helper()
		var set incident.Attempts
		for _, a := range attempts {
			set |= 1 << (a - 1)
		}
		if got := oneFact(t, s, incident.FactFilter{}).Attempted; got != set {
			t.Errorf("attempts %b, want %b", got, set)
		}
	}
	begin(t, s, record("Q1"))
	try(1, 0, 0, incident.Gather)
	want()
	try(1, 1, 0, incident.Recover)
	try(1, 1, 1, incident.Recover)
	try(1, 1, 1, incident.Recover)
	want(1)
	try(1, 3, 0, incident.Recover) // the second one's condition was false
	try(1, incident.MaxAttempts, 0, incident.Recover)
	try(1, 99, 0, incident.Recover)
	want(1, 3, incident.MaxAttempts)
	again := record("Q1")
	again.WorkflowRun = "run-2"
	begin(t, s, again)
	want()
	try(1, 2, 0, incident.Recover) // late, of the first run
	try(2, 2, 0, incident.Recover)
	want(2)
	begin(t, s, again)
	want(2)
}
