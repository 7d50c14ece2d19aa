package catalog_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

func incidentOf(service, name, summary, severity, host string) incident.Incident {
	a := incident.Alert{Summary: summary, Severity: severity, Details: map[string]any{}}
	if host != "" {
		a.Details["host"] = host
	}
	return incident.Incident{ID: "Q1", Service: incident.Ref{ID: service, Name: name}, Alerts: []incident.Alert{a}}
}

func TestDecide(t *testing.T) {
	c := load(t, archive(t, "good-decide.txtar"))
	tests := map[string]struct {
		inc        incident.Incident
		customer   string
		scenario   string
		target     string
		problem    string // part of it
		match      incident.Match
		considered []string // "scenario: matched: why"
	}{
		"no customer has the service": {
			inc:   incidentOf("PX99", "elsewhere", "down", "critical", "h"),
			match: incident.Match{Why: `no customer has the service "PX99" (elsewhere)`},
		},
		"a customer that adopted nothing": {
			inc: incidentOf("PX30", "", "down", "critical", "h"), customer: "empty",
			match: incident.Match{Why: `customer "empty" has adopted no scenario`},
		},
		"none matches": {
			inc: incidentOf("PX10", "web", "slow", "info", "h"), customer: "acme",
			match: incident.Match{Why: `none of the 2 scenarios that customer "acme" has adopted matches; it has not adopted the other 2 of the catalog`},
			considered: []string{
				`critical: false: alert.severity == "critical" does not hold: alert.severity is "info"`,
				`down: false: alert.summary contains "down" does not hold: alert.summary is "slow"`,
			},
		},
		"one matches": {
			inc: incidentOf("PX10", "web", "it is down", "error", "web-1"), customer: "acme", scenario: "down", target: "web-1",
			match: incident.Match{
				Scenario: "down", Title: "Down", Runbook: "down.md", Autonomy: incident.Observe, Target: "web-1",
				Inputs:  []byte(`{"host":"web-1","tries":3,"url":"https://a.example"}`),
				Origins: []incident.Origin{{Input: "url", From: "customer"}, {Input: "host", From: "alert"}, {Input: "tries", From: "default"}},
				Why:     `scenario "down" matches: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
			considered: []string{
				`critical: false: alert.severity == "critical" does not hold: alert.severity is "error"`,
				`down: true: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
		},
		"the highest priority wins": {
			inc: incidentOf("PX10", "web", "it is down", "critical", "web-1"), customer: "acme", scenario: "critical",
			match: incident.Match{
				Scenario: "critical", Title: "Critical", Autonomy: incident.Automatic, Inputs: []byte(`{}`),
				Why: `scenario "critical" matches: alert.severity == "critical" holds: alert.severity is "critical"`,
			},
			considered: []string{
				`critical: true: alert.severity == "critical" holds: alert.severity is "critical"`,
				`down: true: it matches too, but "critical" comes first: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
		},
		"the customer's own beats a shared one of higher priority": {
			inc: incidentOf("PX20", "globex-web", "all well", "critical", ""), customer: "globex", scenario: "globex/tiny",
			match: incident.Match{
				Scenario: "globex/tiny", Title: "Tiny", Autonomy: incident.Automatic, Inputs: []byte(`{}`),
				Why: `scenario "globex/tiny" matches: service "PX20" (globex-web) is "PX20"`,
			},
			considered: []string{
				`globex/tiny: true: service "PX20" (globex-web) is "PX20"`,
				`critical: true: it matches too, but "globex/tiny" comes first: alert.severity == "critical" holds: alert.severity is "critical"`,
				`any-down: false: service "PX20" (globex-web) is not one of ["acme-*"]`,
				`down: false: alert.summary contains "down" does not hold: alert.summary is "all well"`,
			},
		},
		"an input that nobody fills": {
			inc: incidentOf("PX10", "web", "it is down", "error", ""), customer: "acme", scenario: "down",
			problem: `input "host" is missing`,
			match: incident.Match{
				Scenario: "down", Title: "Down", Runbook: "down.md", Autonomy: incident.Observe,
				Why: `scenario "down" matches: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
			considered: []string{
				`critical: false: alert.severity == "critical" does not hold: alert.severity is "error"`,
				`down: true: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
		},
		"a target that cannot be one": {
			inc: incidentOf("PX10", "web", "it is down", "error", strings.Repeat("h", 300)), customer: "acme", scenario: "down",
			problem: `render the target of scenario "down": it is longer than 200 bytes`,
			match: incident.Match{
				Scenario: "down", Title: "Down", Runbook: "down.md", Autonomy: incident.Observe,
				Inputs:  []byte(`{"host":"` + strings.Repeat("h", 300) + `","tries":3,"url":"https://a.example"}`),
				Origins: []incident.Origin{{Input: "url", From: "customer"}, {Input: "host", From: "alert"}, {Input: "tries", From: "default"}},
				Why:     `scenario "down" matches: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
			considered: []string{
				`critical: false: alert.severity == "critical" does not hold: alert.severity is "error"`,
				`down: true: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
		},
		"an incident without alerts": {
			inc:      incident.Incident{Title: "it is down", Service: incident.Ref{ID: "PX21", Name: "acme-db"}},
			customer: "globex", scenario: "any-down",
			match: incident.Match{
				Scenario: "any-down", Title: "Any down", Autonomy: incident.Automatic, Inputs: []byte(`{}`),
				Why: `scenario "any-down" matches: service "PX21" (acme-db) is "acme-*"; alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
			considered: []string{
				`globex/tiny: false: service "PX21" (acme-db) is not one of ["PX20"]`,
				`critical: false: alert.severity == "critical" does not hold: alert.severity is ""`,
				`any-down: true: service "PX21" (acme-db) is "acme-*"; alert.summary contains "down" holds: alert.summary is "it is down"`,
				`down: true: it matches too, but "any-down" comes first: alert.summary contains "down" holds: alert.summary is "it is down"`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := c.Decide(tt.inc)
			if (d.Customer == nil) != (tt.customer == "") || d.Customer != nil && string(d.Customer.ID) != tt.customer {
				t.Errorf("customer %v, want %q", d.Customer, tt.customer)
			}
			if (d.Scenario == nil) != (tt.scenario == "") || d.Scenario != nil && string(d.Scenario.Name) != tt.scenario {
				t.Errorf("scenario %v, want %q", d.Scenario, tt.scenario)
			}
			if d.Target != tt.target || (d.Problem == "") != (tt.problem == "") || !strings.Contains(d.Problem, tt.problem) {
				t.Errorf("target %q, problem %q; want %q, %q", d.Target, d.Problem, tt.target, tt.problem)
			}
			var considered []string
			for _, one := range d.Match.Considered {
				considered = append(considered, string(one.Scenario)+": "+map[bool]string{true: "true", false: "false"}[one.Matched]+": "+one.Why)
			}
			if diff := cmp.Diff(tt.considered, considered); diff != "" {
				t.Errorf("considered (-want +got):\n%s", diff)
			}
			if d.Scenario != nil && d.Match.Hash != d.Scenario.Hash {
				t.Errorf("hash %q", d.Match.Hash)
			}
			d.Match.Considered, d.Match.Hash = nil, ""
			if diff := cmp.Diff(tt.match, d.Match); diff != "" {
				t.Errorf("match (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDecideAtOnce: a catalog is used by many goroutines, and always says the same.
func TestDecideAtOnce(t *testing.T) {
	c := load(t, archive(t, "good-decide.txtar"))
	inc := incidentOf("PX20", "acme-web", "it is down", "critical", "web-1")
	want := c.Decide(inc).Match
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if diff := cmp.Diff(want, c.Decide(inc).Match); diff != "" {
					t.Errorf("another answer:\n%s", diff)
					return
				}
			}
		})
	}
	wg.Wait()
}
