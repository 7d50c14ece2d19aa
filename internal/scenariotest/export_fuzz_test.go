package scenariotest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// Whatever hosts and monitors said, the case that is written holds it as text, and reads back as it was.
func FuzzWrittenCase(f *testing.F) {
	for _, text := range []string{"", "killed", "a: b\n- c", "'\"", "${{ incident.id }}", "#x", "---\nname: x", "\x1b[31m\u2028\ufeff", "yes", "1e3", "!!tag &a *b", "\t tab", "  \n \n", "あ\r\n"} {
		f.Add(text, text)
	}
	actions := exportOptions().Actions
	f.Fuzz(func(t *testing.T, stdout, target string) {
		output, err := json.Marshal(map[string]any{"exit_code": 3, "stdout": stdout})
		if err != nil {
			t.Fatal(err)
		}
		rec := incident.Record{Outcome: incident.Cleared, Customer: incident.Customer{ID: "acme"}, Match: incident.Match{Target: strings.ToValidUTF8(target, "")},
			Steps: []incident.Step{{Name: "journal", Action: "ssh.read", Status: incident.Succeeded, Output: output}}}
		x := &exporter{rec: rec, scenario: &scenario.Scenario{}, options: Options{Actions: actions}}
		written, err := caseWriter{exporter: x, alert: "testdata/q.json", ran: true}.write("a case")
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Name     string                    `yaml:"name"`
			Alert    string                    `yaml:"alert"`
			Customer string                    `yaml:"customer"`
			At       time.Time                 `yaml:"at"`
			Steps    map[string]map[string]any `yaml:"steps"`
			Want     map[string]any            `yaml:"want"`
		}
		if err := yamldoc.Decode("q_test.yaml", written, &cases).Err(); err != nil {
			t.Fatalf("%v\n%s", err, written)
		}
		var asJSON struct{ Stdout string }
		if err := json.Unmarshal(output, &asJSON); err != nil { // which holds no broken UTF-8
			t.Fatal(err)
		}
		if got, _ := cases[0].Steps["journal"]["stdout"].(string); got != secret.Mask(asJSON.Stdout) {
			t.Errorf("%q became %q in\n%s", stdout, got, written)
		}
	})
}
