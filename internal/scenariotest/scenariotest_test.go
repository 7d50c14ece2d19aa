package scenariotest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenariotest"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
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

func TestEveryOutcomeCanBeWritten(t *testing.T) {
	for _, r := range run(t, os.DirFS("testdata/passing")) {
		t.Run(r.Name, func(t *testing.T) {
			for _, f := range r.Failures {
				t.Errorf("%+v", f)
			}
			if t.Failed() {
				t.Log(r.Why)
			}
		})
	}
}

func TestFailuresAreTold(t *testing.T) {
	results := run(t, os.DirFS("testdata/failing"))
	for i := range results {
		if results[i].Passed() {
			t.Errorf("%q passed", results[i].Name)
		}
		results[i].Seconds = 0.0125
	}
	for name, write := range map[string]func(io.Writer, []scenariotest.Result) error{
		"text": scenariotest.WriteText, "json": scenariotest.WriteJSON, "junit": scenariotest.WriteJUnit,
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := write(&b, results); err != nil {
				t.Fatal(err)
			}
			golden(t, "testdata/failing."+name, b.String())
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with UPDATE_GOLDEN=1", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestWrongFilesAreToldAtOnce(t *testing.T) {
	_, problems := scenariotest.Find(os.DirFS("testdata/wrong"), options())
	yamldoctest.Compare(t, "testdata/wrong.problems", problems)
}

// A case sees nothing of the others, and the same files give the same results.
func TestResultsDoNotDependOnTheRun(t *testing.T) {
	suite, problems := scenariotest.Find(os.DirFS("testdata/failing"), options())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	first := suite.Run(t.Context())
	second := suite.Run(t.Context())
	if diff := cmp.Diff(first, second, cmpopts.IgnoreFields(scenariotest.Result{}, "Seconds")); diff != "" {
		t.Errorf("the second run differs (-first +second):\n%s", diff)
	}
}

func TestStoppedRun(t *testing.T) {
	suite, _ := scenariotest.Find(os.DirFS("testdata/passing"), options())
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, r := range suite.Run(ctx) {
		if r.Passed() {
			t.Errorf("%q passed, and was never run", r.Name)
		}
	}
}

func TestSelect(t *testing.T) {
	suite, _ := scenariotest.Find(os.DirFS("testdata/passing"), options())
	suite.Select(func(name string) bool { return name == "web: it is old news" })
	results := suite.Run(t.Context())
	if len(results) != 1 || results[0].Name != "it is old news" {
		t.Errorf("selected %v", results)
	}
}

// The keys that stand beside an answer's outputs are no output of any action.
func TestNoOutputIsHidden(t *testing.T) {
	actions := builtin.List(builtin.Settings{})
	for _, name := range actions.Names() {
		action, _ := actions.Lookup(name)
		for f := range action.Output.Fields() {
			if key := f.Tag.Get("json"); key == "kind" || key == "takes" || key == "times" {
				t.Errorf("%s has an output %q, which a test cannot answer", name, key)
			}
		}
	}
}

// BenchmarkCases runs 200 cases of a check, evidence, a repair and its verification. The aim is 20 s.
func BenchmarkCases(b *testing.B) {
	const want = 200
	one, err := os.ReadFile("testdata/passing/scenarios/web_test.yaml")
	if err != nil {
		b.Fatal(err)
	}
	first, _, _ := strings.Cut(string(one), "\n\n")
	first = strings.TrimSpace(first)
	var file strings.Builder
	for i := range want {
		file.WriteString(strings.Replace(first, "name: a restart", fmt.Sprintf("name: %d, a restart", i), 1) + "\n")
	}
	fsys := fstest.MapFS{"scenarios/web_test.yaml": {Data: []byte(file.String())}}
	for _, name := range []string{"scenarios/web.yaml", "customers/acme.yaml"} {
		data, err := os.ReadFile("testdata/passing/" + name)
		if err != nil {
			b.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	for b.Loop() {
		suite, problems := scenariotest.Find(fsys, options())
		if err := problems.Err(); err != nil {
			b.Fatal(err)
		}
		if results := suite.Run(b.Context()); scenariotest.Passed(results) != want {
			b.Fatalf("%d of %d passed: %+v", scenariotest.Passed(results), len(results), results[0].Failures)
		}
	}
}

// The example of the manual is one that runs.
func TestExampleOfTheManual(t *testing.T) {
	page, err := os.ReadFile("../../docs/scenario-tests.md")
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("../../scenarios/http-down_test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	_, cases, _ := strings.Cut(string(file), "\n") // after the line for editors
	if !found || !strings.HasPrefix(cases, example) {
		t.Errorf("docs/scenario-tests.md does not begin with the first case of scenarios/http-down_test.yaml, but with:\n%s", example)
	}
}
