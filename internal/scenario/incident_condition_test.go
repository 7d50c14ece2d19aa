package scenario_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

func TestIncidentCondition(t *testing.T) {
	inc := incident.Incident{Service: incident.Ref{ID: "PX5678", Name: "acme-web"}, Urgency: "high",
		Alerts: []incident.Alert{{Severity: "critical", Summary: "web-1 is down", Details: map[string]any{"n": 3.0}}}}
	gold := incident.Customer{ID: "acme", Labels: map[string]string{"contract": "gold"}}
	tests := []struct {
		source string
		want   bool
		fails  string // in the error; empty: none
	}{
		{source: `alert.severity == "critical"`, want: true},
		{source: `incident.service.id == "PX5678" and customer.labels.contract == "gold"`, want: true},
		{source: `incident.service.id == "PX1"`},
		{source: `any(incident.alerts, .summary contains "web")`, want: true},
		{source: `alert.details.missing == "x"`},
		{source: `alert.details.n + "x" == "3x"`, fails: "evaluate "},
		{source: `alert.details.flag`, fails: "not true or false"},
	}
	for _, tt := range tests {
		c, problem := scenario.CompileCondition(yamldoc.Place{}, tt.source)
		if problem != nil {
			t.Errorf("%s: %v", tt.source, problem)
			continue
		}
		got, err := c.Holds(inc, gold)
		if got != tt.want || (err != nil) != (tt.fails != "") {
			t.Errorf("%s: %v, %v; want %v", tt.source, got, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), tt.fails) {
			t.Errorf("%s: error %q, want one with %q", tt.source, err, tt.fails)
		}
		if c.Source() != tt.source {
			t.Errorf("source %q, want %q", c.Source(), tt.source)
		}
	}
}

func TestIncidentConditionReads(t *testing.T) {
	c, problem := scenario.CompileCondition(yamldoc.Place{}, `alert.severity == "critical" and not (incident.service.id in ["A"])`)
	if problem != nil {
		t.Fatal(problem)
	}
	if diff := cmp.Diff([]string{"alert.severity", "incident.service.id"}, c.Reads()); diff != "" {
		t.Error(diff)
	}
}

func TestIncidentConditionProblems(t *testing.T) {
	place := yamldoc.Place{File: "acme.yaml", Line: 7, Column: 12, Path: "quiet_hours[0].unless"}
	tests := []struct{ source, want string }{
		{`alert.severty == "critical"`, `acme.yaml:7:18: quiet_hours[0].unless: alert has no "severty" (did you mean "severity"?)`},
		{`inputs.url == "x"`, `acme.yaml:7:12: quiet_hours[0].unless: "inputs" cannot be read here (the inputs are not known yet where this is evaluated)`},
		{`steps.probe.status == "failed"`, `acme.yaml:7:12: quiet_hours[0].unless: "steps" cannot be read here (no step has run where this is evaluated)`},
		{`alert.severity`, `acme.yaml:7:12: quiet_hours[0].unless: a condition must be true or false; this is text (compare it with something)`},
		{` `, `acme.yaml:7:12: quiet_hours[0].unless: an empty expression`},
		{"true and\nalert.x", `acme.yaml:7:12: quiet_hours[0].unless: alert has no "x"`},
	}
	for _, tt := range tests {
		c, problem := scenario.CompileCondition(place, tt.source)
		if c != nil || problem == nil {
			t.Errorf("%s: condition %v, problem %v", tt.source, c, problem)
			continue
		}
		if got := problem.String(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", tt.source, got, tt.want)
		}
	}
	_, problem := scenario.CompileCondition(yamldoc.Place{}, `alert.severty == "x"`)
	if problem.Line != 0 || problem.Column != 0 {
		t.Errorf("a problem without a place has one: %v", problem)
	}
}

// TestIncidentConditionAtOnce: one condition serves many goroutines, and cannot stall them.
func TestIncidentConditionAtOnce(t *testing.T) {
	c, problem := scenario.CompileCondition(yamldoc.Place{}, `any(1..1000, any(1..1000, alert.summary contains string(#)))`)
	if problem != nil {
		t.Fatal(problem)
	}
	inc := incident.Incident{Alerts: []incident.Alert{{Summary: strings.Repeat("x", 100_000)}}}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := c.Holds(inc, incident.Customer{}); !errors.Is(err, scenario.ErrCost) {
				t.Errorf("error %v, want %v", err, scenario.ErrCost)
			}
		})
	}
	wg.Wait()
}
