package scenario_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// FuzzParse: no file makes the loader panic, and what it accepts can be used.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		s, problems := scenario.Parse("fuzz", "fuzz.yaml", source, testActions())
		if (s == nil) != (problems.Err() != nil) {
			t.Fatalf("scenario %v, problems %v", s, problems)
		}
		for _, p := range problems {
			if p.Message == "" || strings.Contains(p.Message, "\n") || !utf8.ValidString(p.Message) {
				t.Errorf("not a message: %q", p.Message)
			}
		}
		if s == nil {
			return
		}
		use(s)
		again, err := scenario.NewCompiler(testActions(), 1).Compile(s.Pinned())
		if err != nil || again.Hash != s.Hash {
			t.Fatalf("the pinned scenario does not compile: %v", err)
		}
	})
}

// use evaluates everything that a scenario holds; only panics matter.
func use(s *scenario.Scenario) {
	f := stepFacts()
	_, _, _ = s.Matches(f)
	_, _, _ = s.Fill(map[string]any{"url": "https://acme.example", "text": 3}, f)
	_, _ = s.RenderTarget(f)
	f.Output = json.RawMessage(`{"status": 200, "body": "{}"}`)
	steps := [][]scenario.Step{s.Check, s.Gather, s.Verify.Steps}
	for i := range s.Recover {
		_, _ = s.Recover[i].Wanted(f)
		steps = append(steps, s.Recover[i].Steps)
	}
	for _, list := range steps {
		for i := range list {
			_, _ = list[i].Wanted(f)
			_, _ = list[i].Render(f)
			_, _ = list[i].Judge(f)
		}
	}
	if s.Close.Note != nil {
		_, _ = s.Close.Note.Render(f)
	}
}

// FuzzExpression: no expression panics, never ends or answers twice in different ways, whatever the alert says.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		`alert.severity in ["critical", "error"] and alert.summary contains "health check"`,
		`any(incident.alerts, {.summary matches "^a+$"}) or count(incident.teams, .name == "SRE") > 0`,
		`let x = alert.details.deep; x.x == "y" ? true : x?.z?.w ?? false`,
		`alert.summary | upper() | trim("x") | split(",") | len() > 1`,
		`fromJSON(toJSON(alert.details)).port + 1 > 3.5 and not (1 in 1..5)`,
		`incident.created_at - alert.created_at > duration("5m")`,
		`{"a": [1, 2, {"b": alert}]}["a"][2].b.summary[1:3] == "ea"`,
		`if alert.severity == "info" { true } else { false }`,
		`alert.severity in ["critical", ""] ? not (lower(alert.source) != "web-1") : alert.summary matches "(?i)disk (is )?(full|失敗)+"`,
		`max(map(incident.alerts, len(.summary))) % 2 == 0 ?? customer.labels["a"] < "b"`,
	} {
		f.Add(seed, "health check failed")
	}
	f.Fuzz(func(t *testing.T, when, summary string) {
		source, err := json.Marshal(map[string]any{
			"title": "T", "match": map[string]any{"when": when},
			"gather": []any{map[string]any{"uses": "aws.ssm.read", "with": map[string]any{"instance": "${{ " + when + " }}"}}},
		})
		if err != nil {
			t.Skip()
		}
		s, _ := scenario.Parse("fuzz", "fuzz.yaml", source, testActions())
		if s == nil {
			return
		}
		facts := stepFacts()
		facts.Incident.Alerts[0].Summary = summary
		facts.Incident.Alerts = append(facts.Incident.Alerts, incident.Alert{Summary: summary})
		matched, first, _ := s.Matches(facts)
		_, second, _ := s.Matches(facts)
		if first != second {
			t.Errorf("got %q, then %q", first, second)
		}
		if needs := s.Needs(); matched && (!needs.MayMeet(facts) || needs.Never()) {
			t.Errorf("it matches, and needs %v", needs)
		}
		if !s.Match.Covers(s.Match) {
			t.Error("it does not match what it matches")
		}
		rendered, err := s.Gather[0].Render(facts)
		if err == nil && !json.Valid(rendered) {
			t.Errorf("rendered %q", rendered)
		}
	})
}
