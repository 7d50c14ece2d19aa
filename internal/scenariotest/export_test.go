package scenariotest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

func exportOptions() Options {
	actions := builtin.List(builtin.Settings{})
	return Options{
		Load:    func(fsys fs.FS) (*catalog.Catalog, yamldoc.Problems) { return source.Load(fsys, actions) },
		Actions: actions,
		ReadIncident: func(name string, data []byte) (incident.Incident, error) {
			var flat struct {
				Service string `json:"service"`
			}
			if json.Unmarshal(data, &flat) == nil && flat.Service != "" {
				var alert incident.Alert
				err := json.Unmarshal(data, &alert)
				return incident.Incident{Service: incident.Ref{ID: flat.Service}, Alerts: []incident.Alert{alert}}, err
			}
			var inc incident.Incident
			if err := json.Unmarshal(data, &inc); err != nil {
				return inc, fmt.Errorf("read incident %q: %w", name, err)
			}
			return inc, nil
		},
	}
}

// What happens in a case is a record like that of a real run. Each becomes a test again, which passes, and says of it
// what can be said.
func TestEveryRunBecomesATest(t *testing.T) {
	const dir = "testdata/passing"
	suite, problems := Find(os.DirFS(dir), exportOptions())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	impossible := map[string]string{
		"nothing covers it": "no scenario matched",
		"nobody's service":  "no scenario matched",
	}
	exported := 0
	for _, c := range suite.cases {
		if _, adopted := c.catalog.Customer("acme"); !adopted {
			continue // its customer is not in the catalog
		}
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(c, exportOptions())
			if err := p.perform(); err != nil {
				t.Fatal(err)
			}
			out, err := Export(t.Context(), os.DirFS(dir), p.record(), exportOptions())
			if why := impossible[c.name]; why != "" {
				if !errors.Is(err, ErrNoTest) || !strings.Contains(err.Error(), why) {
					t.Errorf("%v, want %q", err, why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			exported++
			for _, note := range out.Notes {
				t.Errorf("%s\n%s", note, out.Added)
			}
		})
	}
	if exported < 14 {
		t.Errorf("only %d runs became tests", exported)
	}
}

// recordOf plays a case of the passing catalog, and gives what the engine recorded.
func recordOf(t *testing.T, name string) incident.Record {
	t.Helper()
	suite, problems := Find(os.DirFS("testdata/passing"), exportOptions())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for _, c := range suite.cases {
		if c.name == name {
			p := newPlay(c, exportOptions())
			if err := p.perform(); err != nil {
				t.Fatal(err)
			}
			return p.record()
		}
	}
	t.Fatalf("there is no case %q", name)
	return incident.Record{}
}

func export(t *testing.T, rec incident.Record) *Exported {
	t.Helper()
	out, err := Export(t.Context(), os.DirFS("testdata/passing"), rec, exportOptions())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A real verify looks at moments that a test with skipped time does not meet.
func TestExportOfAnotherNumberOfLooks(t *testing.T) {
	rec := recordOf(t, "neither attempt holds, and the second tier answers")
	last := len(rec.Steps) - 1
	if rec.Steps[last].Phase != incident.Verify {
		t.Fatalf("the last step is one of %s", rec.Steps[last].Phase)
	}
	rec.Steps = rec.Steps[:last]
	out := export(t, rec)
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], `"ran" is left out`) || strings.Contains(string(out.Added), "ran:") {
		t.Errorf("notes %q\n%s", out.Notes, out.Added)
	}
}

func TestExportOfAnotherScenario(t *testing.T) {
	rec := recordOf(t, "a restart brings it back")
	rec.Match.Hash = "of another time"
	if out := export(t, rec); len(out.Notes) != 1 || !strings.Contains(out.Notes[0], "not the one that ran then") {
		t.Errorf("notes %q", out.Notes)
	}
}

func TestExportLeavesSecretsAndNamesOut(t *testing.T) {
	rec := recordOf(t, "a person takes over while the restart runs")
	rec.Incident.Assignees = []incident.Ref{{ID: "PAIKO", Name: "Aiko"}}
	rec.Incident.AcknowledgedBy = []incident.Agent{{ID: "PAIKO", Name: "Aiko"}}
	rec.Incident.LastChangeBy = incident.Agent{ID: "PAIKO", Name: "Aiko"}
	rec.TakenBy = "Aiko"
	rec.Incident.Alerts[0].Details = map[string]any{"db_password": "hunter2", "url": "https://app:hunter2@web-1/", "host": "web-1"}
	for i := range rec.Steps {
		switch rec.Steps[i].Name {
		case "journal":
			rec.Steps[i].Output = json.RawMessage(`{"stdout":"killed; DB_PASSWORD=hunter2 Authorization: Bearer hunter2"}`)
		case "restart":
			rec.Steps[i].Error = "login with token=hunter2 failed"
		}
		rec.Steps[i].Params = json.RawMessage(`{"env":{"PASSWORD":"hunter2"}}`)
	}
	out := export(t, rec)
	for _, text := range []string{string(out.Added), string(out.Incident)} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "Aiko") || strings.Contains(text, "PAIKO") {
			t.Errorf("a secret or a name is in it:\n%s", text)
		}
	}
	if !strings.Contains(string(out.Added), "DB_PASSWORD=<secret>") || !strings.Contains(string(out.Incident), `"host": "web-1"`) {
		t.Errorf("too much is masked:\n%s%s", out.Added, out.Incident)
	}
}

func TestRunsThatCannotBeTests(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*incident.Record)
		want   string
	}{
		{"it is open", func(r *incident.Record) { r.Outcome = "" }, "its first response is not over"},
		{"a busy target", func(r *incident.Record) { r.Outcome, r.Reason = incident.HandedOver, incident.BusyTarget }, "no case can say what led to handed_over: busy_target"},
		{"a scenario that is gone", func(r *incident.Record) { r.Match.Scenario = "gone" }, `the catalog has no scenario "gone"`},
		{"a customer that is gone", func(r *incident.Record) { r.Customer.ID = "gone" }, `the catalog has no customer "gone"`},
		{"an action that is gone", func(r *incident.Record) { r.Steps[0].Action = "gone.away" }, `there is no action "gone.away" any more`},
		{"a folder as its id", func(r *incident.Record) { r.Incident.ID = "../Q1" }, "cannot be the name of a file"},
		{"another outcome", func(r *incident.Record) { r.Outcome = incident.Cleared }, "expected  cleared"},
		{"a name that is taken", func(r *incident.Record) { r.Incident.ID = "Q1" }, "there already, with something else in it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := recordOf(t, "a restart brings it back")
			tc.change(&rec)
			fsys := &overlay{FS: os.DirFS("testdata/passing"), files: map[string][]byte{"scenarios/testdata/q1.json": []byte("{}")}}
			out, err := Export(t.Context(), fsys, rec, exportOptions())
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q; %+v", err, tc.want, out)
			}
		})
	}
}
