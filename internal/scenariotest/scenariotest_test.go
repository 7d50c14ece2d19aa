package scenariotest_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenariotest"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

// options is what "shodo test" gives, but for the forms of an alert.
func options() scenariotest.Options {
	actions := builtin.List(builtin.Settings{})
	return scenariotest.Options{
		Load:         func(fsys fs.FS) (*catalog.Catalog, yamldoc.Problems) { return source.Load(fsys, actions) },
		Actions:      actions,
		ReadIncident: readIncident,
	}
}

// readIncident reads an incident, or a flat alert that names its service.
func readIncident(name string, data []byte) (incident.Incident, error) {
	var flat struct {
		Service string `json:"service"`
	}
	if json.Unmarshal(data, &flat) == nil {
		var alert incident.Alert
		err := json.Unmarshal(data, &alert)
		return incident.Incident{Service: incident.Ref{ID: flat.Service}, Alerts: []incident.Alert{alert}}, err
	}
	var inc incident.Incident
	if err := json.Unmarshal(data, &inc); err != nil {
		return inc, fmt.Errorf("read incident %q: %w", name, err)
	}
	return inc, nil
}

func run(t *testing.T, fsys fs.FS) []scenariotest.Result {
	t.Helper()
	suite, problems := scenariotest.Find(fsys, options())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return suite.Run(t.Context())
}

// The scenarios that every customer can adopt do what their tests say.
func TestShippedScenarios(t *testing.T) {
	results := run(t, os.DirFS("../.."))
	if len(results) < 10 {
		t.Errorf("only %d cases are found", len(results))
	}
	var b strings.Builder
	if err := scenariotest.WriteText(&b, results); err != nil {
		t.Fatal(err)
	}
	if scenariotest.Passed(results) != len(results) {
		t.Errorf("\n%s", &b)
	}
}
