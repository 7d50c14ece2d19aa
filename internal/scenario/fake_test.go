package scenario_test

import (
	"reflect"
	"slices"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// actions are the actions of the tests: one of each sort, with every type of parameter and output.
type actions map[string]scenario.Action

func (a actions) Lookup(name string) (scenario.Action, bool) {
	action, ok := a[name]
	return action, ok
}

func (a actions) Names() []string {
	var names []string
	for name := range a {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

type httpParams struct {
	URL     scenario.URL      `json:"url" required:"true" doc:"what to ask"`
	Method  string            `json:"method" default:"GET" enum:"GET,HEAD"`
	Headers map[string]string `json:"headers"`
	Timeout scenario.Duration `json:"timeout" default:"10s"`
	Retries int               `json:"retries"`
	Ratio   float64           `json:"ratio"`
	Follow  bool              `json:"follow"`
	Expect  []string          `json:"expect"`
}

type httpOutput struct {
	Status   int               `json:"status"`
	Body     string            `json:"body"`
	Headers  map[string]string `json:"headers"`
	Took     scenario.Duration `json:"took"`
	Redirect []redirect        `json:"redirects"`
}

type redirect struct {
	To string `json:"to"`
}

type runParams struct {
	Instance string           `json:"instance" required:"true"`
	Command  scenario.Command `json:"command"`
	Script   scenario.Script  `json:"script"`
	Env      scenario.Env     `json:"env"`
}

type runOutput struct {
	Stdout   string `json:"stdout"`
	ExitCode int    `json:"exit_code"`
}

type rebootParams struct {
	Instance string `json:"instance" required:"true"`
}

type none struct{}

func testActions() actions {
	all := actions{}
	for _, a := range []scenario.Action{
		{Name: "http.request", Effect: scenario.Reads, Params: reflect.TypeFor[httpParams](), Output: reflect.TypeFor[httpOutput](), Timeout: 10 * time.Second},
		{Name: "aws.ssm.read", Effect: scenario.Reads, Params: reflect.TypeFor[runParams](), Output: reflect.TypeFor[runOutput](), Timeout: time.Minute},
		{Name: "aws.ssm.run_command", Effect: scenario.Changes, Params: reflect.TypeFor[runParams](), Output: reflect.TypeFor[runOutput](), Timeout: time.Minute},
		{Name: "aws.ec2.reboot", Effect: scenario.Changes, Idempotent: true, Params: reflect.TypeFor[rebootParams](), Output: reflect.TypeFor[none](), Timeout: 5 * time.Minute},
	} {
		all[a.Name] = a
	}
	return all
}

// facts are those of an incident that testdata/good-http-down.yaml is for.
func facts() scenario.Facts {
	at := time.Date(2026, 11, 20, 3, 0, 0, 0, time.FixedZone("JST", 9*3600))
	return scenario.Facts{
		Incident: incident.Incident{
			ID: "Q2CKYRLH85UNN4", Number: 42, Title: "acme is down", Urgency: "high", Priority: "P1",
			Service: incident.Ref{ID: "PX1234", Name: "acme-web-1"}, Teams: []incident.Ref{{ID: "PT1", Name: "SRE"}},
			URL: "https://acme.pagerduty.example/incidents/Q2CKYRLH85UNN4", CreatedAt: at,
			Alerts: []incident.Alert{{
				Summary: "health check failed", Severity: "critical", Source: "web-1", CreatedAt: at, Monitor: "cloudwatch",
				Details: map[string]any{"InstanceId": "i-0abc", "port": 8080.0, "count": 1234567.0, "tags": []any{"a", "b"}, "deep": map[string]any{"x": "y"}},
			}},
		},
		Customer: incident.Customer{ID: "acme", Name: "株式会社アクメ", Department: "cloud-1", TimeZone: "Asia/Tokyo", Labels: map[string]string{"contract": "gold"}},
	}
}
