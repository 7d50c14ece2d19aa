package scenario_test

import (
	"errors"
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// matching gives a scenario with that match section.
func matching(t *testing.T, match string) *scenario.Scenario {
	t.Helper()
	return parse(t, "title: T\nmatch:\n"+match+"\ngather:\n  - {uses: aws.ssm.read, with: {instance: a}}\n")
}

func parse(t testing.TB, source string) *scenario.Scenario {
	t.Helper()
	s, problems := scenario.Parse("test", "test.yaml", []byte(source), testActions())
	if err := problems.Err(); err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return s
}

func TestMatchesSaysWhy(t *testing.T) {
	tests := []struct {
		name, match string
		change      func(*scenario.Facts)
		matched     bool
		why         string
	}{
		{name: "service id", match: `  service: [PX1234]`, matched: true,
			why: `service "PX1234" (acme-web-1) is "PX1234"`},
		{name: "service name glob", match: `  service: ["other", "acme-*-?"]`, matched: true,
			why: `service "PX1234" (acme-web-1) is "acme-*-?"`},
		{name: "other service", match: `  service: ["PX9", "acme-db-*"]`,
			why: `service "PX1234" (acme-web-1) is not one of ["PX9", "acme-db-*"]`},
		{name: "service without a name", match: `  service: ["PX9"]`,
			change: func(f *scenario.Facts) { f.Incident.Service = incident.Ref{ID: "PX1"} },
			why:    `service "PX1" is not one of ["PX9"]`},
		{name: "everything", match: `  when: true`, matched: true, why: `true holds`},
		{name: "two terms hold", match: `  when: alert.severity == "critical" && customer.labels.contract == "gold"`, matched: true,
			why: `alert.severity == "critical" holds: alert.severity is "critical"; customer.labels.contract == "gold" holds: customer.labels.contract is "gold"`},
		{name: "the first false term", match: `  when: alert.severity == "critical" and alert.summary contains "disk" and alert.source == "db"`,
			why: `alert.summary contains "disk" does not hold: alert.summary is "health check failed"`},
		{name: "a false or", match: `  when: alert.severity == "info" or incident.number > 100`,
			why: `alert.severity == "info" or incident.number > 100 does not hold: alert.severity is "critical", incident.number is 42`},
		{name: "a missing detail", match: `  when: alert.details.Region == "ap-northeast-1"`,
			why: `alert.details.Region == "ap-northeast-1" does not hold: alert.details.Region is missing`},
		{name: "a missing detail contains nothing", match: `  when: alert.details.Region contains "ap"`,
			why: `alert.details.Region contains "ap" does not hold: alert.details.Region is missing`},
		{name: "no alert: the incident's title is its summary", match: `  when: alert.summary == "acme is down"`, matched: true,
			change: func(f *scenario.Facts) { f.Incident.Alerts = nil },
			why:    `alert.summary == "acme is down" holds: alert.summary is "acme is down"`},
		{name: "all alerts", match: `  when: any(incident.alerts, .summary startsWith "health")`, matched: true,
			why: `any(incident.alerts, .summary startsWith "health") holds: incident.alerts is a list of 1`},
		{name: "teams", match: `  when: any(incident.teams, .name == "SRE")`, matched: true,
			why: `any(incident.teams, .name == "SRE") holds: incident.teams is [{"id":"PT1","name":"SRE"}]`},
		{name: "times compare", match: `  when: incident.created_at - alert.created_at < duration("1m")`, matched: true,
			why: `incident.created_at - alert.created_at < duration("1m") holds: incident.created_at is 2026-11-19T18:00:00Z, alert.created_at is 2026-11-19T18:00:00Z`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := facts()
			if test.change != nil {
				test.change(&f)
			}
			matched, why, err := matching(t, test.match).Matches(f)
			if err != nil || matched != test.matched || !strings.HasPrefix(why, test.why) {
				t.Errorf("got %v, %v\n%s\nwant %v\n%s", matched, err, why, test.matched, test.why)
			}
		})
	}
}

// A condition that cannot be evaluated is no match and no panic.
func TestMatchesFails(t *testing.T) {
	for name, match := range map[string]string{
		"a field of nothing":        `  when: alert.details.a.b == 1`,
		"a number of text":          `  when: int(alert.summary) > 1`,
		"text less than number":     `  when: alert.details.InstanceId < 3`,
		"not a boolean":             `  when: alert.details.InstanceId`,
		"a map is no list":          `  when: "any(alert.details.deep, # == 1)"`,
		"no such element":           `  when: incident.alerts[7].summary == ""`,
		"calls what is no function": `  when: alert.details.deep["x"] + 1 > 1`,
	} {
		t.Run(name, func(t *testing.T) {
			matched, why, err := matching(t, match).Matches(facts())
			var e *scenario.EvalError
			if matched || !errors.As(err, &e) || !strings.Contains(err.Error(), why) || why == "" {
				t.Errorf("got %v, %q, %v; want an evaluation error", matched, why, err)
			}
			if strings.ContainsAny(why, "\n") || strings.Contains(why, "interface {}") {
				t.Errorf("why is not for people: %s", why)
			}
		})
	}
}

// The same facts give the same answer, to the letter.
func TestMatchesIsDeterministic(t *testing.T) {
	s := matching(t, `  when: alert.details == alert.details and string(alert.details) == "" and len(customer.labels) == 1`)
	_, first, _ := s.Matches(facts())
	for range 200 {
		if _, why, _ := s.Matches(facts()); why != first {
			t.Fatalf("got %q, then %q", first, why)
		}
	}
}
