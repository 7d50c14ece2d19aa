package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// past: incidents come newest first, each once, with what was known when its present run began.
func past(t *testing.T, s *store.Store) {
	for i, id := range []incident.ID{"Q2", "Q0", "Q3", "Q1"} { // stored in another order than created
		r := record(id)
		r.Incident.CreatedAt = after(10 * int(id[1]-'0'))
		if i%2 == 1 {
			r.Customer.ID, r.Incident.Service.ID = "umi", "PUMI"
		}
		begin(t, s, r)
	}
	ended := transition("Q2", "outcome", 60, incident.Ended)
	ended.Outcome = incident.Recovered
	appendAll(t, s, ended)

	for name, c := range map[string]struct {
		filter incident.PastFilter
		want   string
	}{
		"all":                       {incident.PastFilter{}, "Q3 Q2 Q1 Q0"},
		"since":                     {incident.PastFilter{Since: after(10)}, "Q3 Q2 Q1"},
		"until":                     {incident.PastFilter{Until: after(10)}, "Q0"},
		"customer":                  {incident.PastFilter{Customer: "umi"}, "Q1 Q0"},
		"customer and its services": {incident.PastFilter{Customer: "umi", Services: []incident.ServiceID{"PNONE", "PWEB"}, Until: after(30)}, "Q2 Q1 Q0"},
		"services of nobody":        {incident.PastFilter{Customer: "nobody", Services: []incident.ServiceID{"PUMI"}}, "Q1 Q0"},
		"nobody":                    {incident.PastFilter{Customer: "' OR 1=1 --", Services: []incident.ServiceID{"') OR (1=1"}}, ""},
	} {
		var ids []string
		for p, err := range s.Past(t.Context(), c.filter) {
			must(t, err)
			ids = append(ids, string(p.ID))
		}
		if got := strings.Join(ids, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}

	want := record("Q2")
	want.Incident.CreatedAt = after(20)
	for i := range want.Incident.Alerts {
		want.Incident.Alerts[i].Raw = nil
	}
	list := allPast(t, s, incident.PastFilter{Since: after(20), Until: after(21)})
	if len(list) != 1 || !list[0].CreatedAt.Equal(after(20)) {
		t.Fatalf("%+v", list)
	}
	var got incident.Record
	must(t, json.Unmarshal(list[0].Doc, &got))
	wantSame(t, got, want)
}

func allPast(t *testing.T, s *store.Store, f incident.PastFilter) []incident.Past {
	t.Helper()
	var list []incident.Past
	for p, err := range s.Past(t.Context(), f) {
		must(t, err)
		list = append(list, p)
	}
	return list
}

// pastOfReopened: a reopened incident comes once, with what its latest run saw last.
func pastOfReopened(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	appendAll(t, s, transition("Q1", "outcome", 5, incident.Ended), transition("Q1", "end", 6, incident.ResponseEnd))
	second := record("Q1")
	second.WorkflowRun = "run-2"
	for _, title := range []string{"again", "still"} {
		second.Incident.Title = title
		begin(t, s, second)
		list := allPast(t, s, incident.PastFilter{})
		var got incident.Record
		if len(list) == 1 {
			must(t, json.Unmarshal(list[0].Doc, &got))
		}
		if got.Incident.Title != title {
			t.Errorf("%d incidents, %q; want one, %q", len(list), got.Incident.Title, title)
		}
	}
}

// pastStopped: whoever ends the loop, or is called back, leaves nothing behind, and keeps what was given.
func pastStopped(t *testing.T, s *store.Store) {
	for i := range 20 {
		begin(t, s, record(incident.ID(fmt.Sprintf("Q%02d", i))))
	}
	var kept []incident.Past
	for range 20 { // more often than there are connections
		for p, err := range s.Past(t.Context(), incident.PastFilter{}) {
			must(t, err)
			kept = append(kept, p)
			break
		}
	}
	for p, err := range s.Past(t.Context(), incident.PastFilter{}) { // others' rows do not change what was given
		must(t, err)
		kept = append(kept, p)
	}
	for _, p := range kept {
		var r incident.Record
		must(t, json.Unmarshal(p.Doc, &r))
		if r.Incident.ID != p.ID {
			t.Errorf("%s has the record of %s", p.ID, r.Incident.ID)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var last error
	for _, last = range s.Past(ctx, incident.PastFilter{}) {
		cancel()
	}
	cancel()
	wantError(t, last, context.Canceled)
}
