package analytics_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

func TestTimeSaved(t *testing.T) {
	data := &record{facts: facts(t, `
		A1 acme/east/disk/a recovered          1h  outcome=5s             end=5s
		A2 acme/west/http/b cleared            2h  outcome=5s             end=5s
		A3 acme/east/disk/c handed_over:storm  3h  outcome=5s taken=60s   end=360s
		A4 acme/east/disk/d handed_over:storm  4h  outcome=5s taken=60s   end=160s
		B1 beta/west/http/a cleared            6h  outcome=5s             end=5s
		B2 beta/west/ping/a cleared            7h  outcome=5s             end=5s`)}
	for i := range data.facts {
		data.facts[i].Title = []string{"disk", "disk", "disk", "disk", "down", "ping"}[i]
	}
	manual := map[incident.ScenarioName]time.Duration{"http": 10 * time.Minute, "disk": time.Hour}
	// People took 300 s and 100 s for the kind "disk" of acme: A1 and A2 saved 200 s each, whatever disk's scenario says.
	// Nobody had "down" of beta: B1 saved http's 10 minutes. Nobody knows about B2.
	for by, want := range map[analytics.Dimension]map[string]time.Duration{
		analytics.ByNothing:    {},
		analytics.ByDepartment: {"east": 200 * time.Second, "west": 800 * time.Second},
		analytics.ByScenario:   {"disk": 200 * time.Second, "http": 800 * time.Second, "ping": -1},
		analytics.ByCustomer:   {"acme": 400 * time.Second, "beta": 600 * time.Second},
		analytics.ByKind:       {"disk": 400 * time.Second, "down": 600 * time.Second, "ping": -1},
	} {
		a := ask(t, data, analytics.Question{By: by, Saved: true, Manual: manual})
		if total, ok := a.Figures.TimeSaved.Total(); total.Round(time.Second) != 1000*time.Second || !ok || a.Figures.TimeSaved.Incidents != 3 {
			t.Errorf("by %s: all saved %s, %t, of %d", by, total, ok, a.Figures.TimeSaved.Incidents)
		}
		got := map[string]time.Duration{}
		for _, g := range a.Groups {
			saved, ok := g.Figures.TimeSaved.Total()
			if !ok {
				saved = -1
			}
			got[g.Name] = saved
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", by, diff)
		}
	}
	if a := ask(t, data, analytics.Question{}); a.Figures.TimeSaved != nil {
		t.Error("time saved is estimated unasked")
	}
}

func TestAloneHasNothingBefore(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	a, both := ask(t, data, analytics.Question{Alone: true}), ask(t, data, analytics.Question{})
	if diff := cmp.Diff(both.Figures, a.Figures); diff != "" || a.Previous.Incidents != 0 || both.Previous.Incidents != 1 {
		t.Errorf("%d before (-with +alone):\n%s", a.Previous.Incidents, diff)
	}
}

func TestSlowestHandOvers(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	got := ""
	for _, s := range ask(t, data, analytics.Question{Slow: true}).Slowest {
		got += fmt.Sprintf("%s %s %t, ", s.Incident.ID, s.Waited, s.Taken)
	}
	// H2 was handed over after 20 s, nobody took it, and it ended after 300 s.
	if want := "H2 4m40s false, H1 2m0s true, N1 1m0s true, O1 10s true, "; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	many := &record{}
	for i := range 30 {
		many.facts = append(many.facts, fact(t, fmt.Sprintf("Q%d a/b/c/d unmatched %dm outcome=1s taken=%ds end=90s", i, i, 2+(i*7)%30)))
	}
	list := ask(t, many, analytics.Question{Slow: true}).Slowest
	if len(list) != analytics.MaxSlow || list[0].Waited != 30*time.Second || list[9].Waited != 21*time.Second {
		t.Errorf("%d: %+v", len(list), list)
	}
}

func TestAdopting(t *testing.T) {
	scenario := []incident.ScenarioName{"disk"}
	got := analytics.Adopting([]analytics.Customer{{ID: "d", Department: "west"}, {ID: "a", Department: "west", Scenarios: scenario}, {ID: "b", Department: "east"},
		{ID: "a2", Department: "east"}, {ID: "x", Scenarios: scenario}})
	want := []analytics.Adoption{
		{Customers: analytics.Share{Count: 1, Of: 1}, Not: []incident.CustomerID{}},
		{Department: "east", Customers: analytics.Share{Of: 2}, Not: []incident.CustomerID{"a2", "b"}},
		{Department: "west", Customers: analytics.Share{Count: 1, Of: 2}, Not: []incident.CustomerID{"d"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
