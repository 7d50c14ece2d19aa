package scenario_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

const everyInput = `title: T
match: {when: true}
inputs:
  url:      {type: url, required: true}
  instance: {type: string, from: alert.details.InstanceId}
  unit:     {type: string, default: nginx}
  port:     {type: int, from: alert.details.port, default: 80}
  ratio:    {type: number, default: 2}
  quick:    {type: bool, from: alert.details.quick, default: false}
  wait:     {type: duration, default: 90s}
  hosts:    {type: strings, from: alert.details.tags, default: []}
gather:
  - {uses: aws.ssm.read, with: {instance: "${{ inputs.instance }}"}}
`

func TestFill(t *testing.T) {
	tests := []struct {
		name    string
		given   map[string]any
		details map[string]any
		want    string // the values as JSON
		origins string
	}{
		{"customer, alert, default", map[string]any{"url": "https://acme.example"}, map[string]any{"InstanceId": "i-1"},
			`{"hosts":[],"instance":"i-1","port":80,"quick":false,"ratio":2,"unit":"nginx","url":"https://acme.example","wait":"1m30s"}`,
			"url customer, instance alert, unit default, port default, ratio default, quick default, wait default, hosts default, "},
		{"the customer wins over the alert", map[string]any{"url": "https://acme.example", "instance": "i-2", "port": 81, "ratio": 1, "wait": "2m", "hosts": []any{"a"}}, map[string]any{"InstanceId": "i-1", "port": 82.0},
			`{"hosts":["a"],"instance":"i-2","port":81,"quick":false,"ratio":1,"unit":"nginx","url":"https://acme.example","wait":"2m0s"}`,
			"url customer, instance customer, unit default, port customer, ratio customer, quick default, wait customer, hosts customer, "},
		{"monitors send numbers as text and the other way round", map[string]any{"url": "https://acme.example"}, map[string]any{"InstanceId": 17.0, "port": " 8080 ", "quick": "true", "tags": []any{"a", "b"}},
			`{"hosts":["a","b"],"instance":"17","port":8080,"quick":true,"ratio":2,"unit":"nginx","url":"https://acme.example","wait":"1m30s"}`,
			"url customer, instance alert, unit default, port alert, ratio default, quick alert, wait default, hosts alert, "},
	}
	s := parse(t, everyInput)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := facts()
			f.Incident.Alerts[0].Details = test.details
			values, origins, err := s.Fill(test.given, f)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, toJSON(t, values)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.origins, join(origins)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// What Fill gives means the same after it was stored as JSON.
func TestFilledInputsTravel(t *testing.T) {
	s := parse(t, everyInput)
	f := facts()
	values, _, err := s.Fill(map[string]any{"url": "https://acme.example"}, f)
	if err != nil {
		t.Fatal(err)
	}
	f.Inputs = values
	before, err := s.Gather[0].Render(f)
	if err != nil {
		t.Fatal(err)
	}
	f.Inputs = nil
	if err := json.Unmarshal([]byte(toJSON(t, values)), &f.Inputs); err != nil {
		t.Fatal(err)
	}
	after, err := s.Gather[0].Render(f)
	if err != nil || string(before) != string(after) {
		t.Errorf("got %s before and %s, %v after", before, after, err)
	}
}

func TestFillNamesEveryProblem(t *testing.T) {
	s := parse(t, everyInput)
	f := facts()
	f.Incident.Alerts[0].Details = map[string]any{"port": "many"}
	_, _, err := s.Fill(map[string]any{"wait": 5, "unti": "x", "hosts": []any{1}}, f)
	want := `the inputs do not fit: input "hosts" does not fit: found a list, expected a list of texts; input "unti" is not known to scenario "test"; ` +
		`input "wait" does not fit: found the number 5, expected a duration such as 90s; input "url" is missing: the customer gives none; ` +
		`input "instance" is missing: the customer gives none, and the alert has no alert.details.InstanceId; ` +
		`input "port" alert.details.port gives what does not fit: found the text "many", expected a whole number`
	if !errors.Is(err, scenario.ErrInputs) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// An empty value of the alert is none: an empty instance id must not be repaired.
func TestEmptyDetailIsMissing(t *testing.T) {
	f := facts()
	f.Incident.Alerts[0].Details = map[string]any{"InstanceId": ""}
	_, _, err := parse(t, everyInput).Fill(map[string]any{"url": "https://acme.example"}, f)
	if !errors.Is(err, scenario.ErrInputs) {
		t.Errorf("got %v", err)
	}
}

func TestCheckInputs(t *testing.T) {
	s := parse(t, everyInput)
	got := s.CheckInputs(map[string]any{"unit": 3, "url": "ftp://acme.example", "prot": 80, "port": 80.5, "quick": "yes", "ratio": 1})
	want := []scenario.InputProblem{
		{Input: "port", Message: "does not fit: found the number 80.5, expected a whole number"},
		{Input: "prot", Message: `is not known to scenario "test"`, Hint: `did you mean "port"?`},
		{Input: "quick", Message: `does not fit: found the text "yes", expected true or false`},
		{Input: "unit", Message: "does not fit: found the number 3, expected text"},
		{Input: "url", Message: `does not fit: found the text "ftp://acme.example", expected an http or https URL`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := s.CheckInputs(nil); got != nil {
		t.Errorf("nothing given: got %v", got)
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func join(origins []incident.Origin) string {
	text := ""
	for _, o := range origins {
		text += o.Input + " " + o.From + ", "
	}
	return text
}
