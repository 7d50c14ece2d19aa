package storetest

import (
	"fmt"
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func budgets(t *testing.T, s *store.Store) {
	round := 0
	try := func(id incident.ID, target string, attempt, at int, phase incident.Phase) {
		r := record(id)
		r.Match.Target = target
		begin(t, s, r)
		for index := range 3 { // the steps of one attempt count once
			st := step(id, phase, index)
			st.Attempt, st.Round, st.StartedAt = attempt, round, after(at)
			_, err := s.StartStep(t.Context(), st)
			must(t, err)
		}
	}
	try("Q1", "web-1", 1, 10, incident.Recover)
	try("Q1", "web-1", 2, 20, incident.Recover)
	try("Q2", "web-1", 1, 30, incident.Recover)
	try("Q3", "web-2", 1, 40, incident.Recover)
	try("Q4", "web-3", 1, 50, incident.Gather) // reads only
	round = 1
	try("Q3", "web-2", 1, 60, incident.Recover) // once more, at a person's wish
	for _, c := range []struct {
		target string
		since  int
		want   int
	}{{"web-1", 0, 3}, {"web-1", 20, 2}, {"web-1", 31, 0}, {"web-2", 0, 2}, {"web-2", 41, 1}, {"web-3", 0, 0}} {
		got, err := s.Attempts(t.Context(), "acme", c.target, after(c.since))
		must(t, err)
		if got != c.want {
			t.Errorf("%d attempts on %s since %d, want %d", got, c.target, c.since, c.want)
		}
	}
	for since, want := range map[int]int{0: 2, 31: 1, 41: 1, 61: 0} {
		got, err := s.Targets(t.Context(), "acme", "disk-full", after(since))
		must(t, err)
		if got != want {
			t.Errorf("%d targets since %d, want %d", got, since, want)
		}
	}
	if n, err := s.Attempts(t.Context(), "other", "web-1", t0); err != nil || n != 0 {
		t.Errorf("another customer's target counts: %d, %v", n, err)
	}
}

func list(t *testing.T, s *store.Store) {
	for i := range 6 {
		r := record(incident.ID(fmt.Sprintf("Q%d", i)))
		r.Incident.CreatedAt = after(i)
		if i%2 == 1 {
			r.Customer.ID, r.Match.Scenario = "beta", "web-down"
		}
		begin(t, s, r)
		if i >= 4 {
			appendAll(t, s, incident.Transition{Incident: r.Incident.ID, Run: 1, Key: "o", At: after(50), Kind: incident.Ended,
				Outcome: incident.Cleared}, incident.Transition{Incident: r.Incident.ID, Run: 1, Key: "e", At: after(51), Kind: incident.ResponseEnd})
		}
	}
	for name, c := range map[string]struct {
		filter incident.Filter
		want   string
	}{
		"all":       {incident.Filter{}, "Q5 Q4 Q3 Q2 Q1 Q0"},
		"since":     {incident.Filter{Since: after(4)}, "Q5 Q4"},
		"until":     {incident.Filter{Until: after(1)}, "Q0"},
		"customer":  {incident.Filter{Customer: "beta"}, "Q5 Q3 Q1"},
		"scenario":  {incident.Filter{Scenario: "disk-full"}, "Q4 Q2 Q0"},
		"outcome":   {incident.Filter{Outcome: incident.Cleared}, "Q5 Q4"},
		"open":      {incident.Filter{Open: true}, "Q3 Q2 Q1 Q0"},
		"phase":     {incident.Filter{Phase: incident.End}, "Q5 Q4"},
		"limit":     {incident.Filter{Limit: 2}, "Q5 Q4"},
		"several":   {incident.Filter{Customer: "beta", Open: true, Since: after(1), Limit: 1}, "Q3"},
		"nobody":    {incident.Filter{Customer: "' OR 1=1 --"}, ""},
		"too large": {incident.Filter{Limit: 1 << 40}, "Q5 Q4 Q3 Q2 Q1 Q0"},
	} {
		got, err := s.List(t.Context(), c.filter)
		must(t, err)
		var ids []string
		for _, r := range got {
			ids = append(ids, string(r.Incident.ID))
		}
		if strings.Join(ids, " ") != c.want {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
}

func watch(t *testing.T, s *store.Store) {
	changes := s.Watch(t.Context())
	begin(t, s, record("Q1"))
	if err := s.Append(t.Context(), []incident.Transition{transition("Q1", "lost", 1, incident.Decided), transition("Q9", "x", 1, incident.Decided)}); err == nil {
		t.Fatal("it was written")
	}
	one := transition("Q1", "a", 1, incident.Decided)
	appendAll(t, s, one, one) // told once
	st := step("Q1", incident.Recover, 0)
	state, err := s.StartStep(t.Context(), st)
	must(t, err)
	_, err = s.StartStep(t.Context(), st)
	must(t, err)
	must(t, s.FinishStep(t.Context(), st))
	must(t, s.Close())
	var got []incident.Change
	for c := range changes {
		got = append(got, c)
	}
	wantSame(t, got, []incident.Change{{Transition: &one}, {Step: &state.Step}, {Step: &st}})
	if _, open := <-s.Watch(t.Context()); open {
		t.Fatal("a closed store tells something")
	}
}

// watchSlow: a watcher that reads nothing delays nobody, and loses its channel instead of filling the memory.
func watchSlow(t *testing.T, s *store.Store) {
	changes := s.Watch(t.Context())
	begin(t, s, record("Q1"))
	const rounds, each = 12, 1000
	for i := range rounds {
		batch := make([]incident.Transition, each)
		for n := range batch {
			batch[n] = transition("Q1", fmt.Sprintf("%d-%d", i, n), 1, incident.EventSeen)
		}
		appendAll(t, s, batch...)
	}
	told := 0
	for range changes {
		told++
	}
	if told >= rounds*each {
		t.Fatal("the channel held everything")
	}
}
