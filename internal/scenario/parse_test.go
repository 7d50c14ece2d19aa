package scenario_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

// TestProblems reads every file of testdata, each named after the mistake in it.
func TestProblems(t *testing.T) {
	yamldoctest.Golden(t, "testdata/*.yaml", func(file string, data []byte) yamldoc.Problems {
		name := incident.ScenarioName(strings.TrimSuffix(file, ".yaml"))
		s, problems := scenario.Parse(name, file, data, testActions())
		if (s == nil) != (problems.Err() != nil) {
			t.Errorf("%s: a scenario is given: %v, an error: %v", file, s != nil, problems.Err())
		}
		return problems
	})
}

// A file that is made to keep the loader busy is read or refused soon.
func TestHostileFilesEnd(t *testing.T) {
	repeat := strings.Repeat
	target := func(text string) string { return "target: '" + text + "'" }
	many := func(line string) string {
		var b strings.Builder
		for i := range 9000 {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	tests := []struct{ name, source, want string }{
		{"steps", "check:\n" + many("  - {id: s%d, uses: aws.ssm.read, with: {instance: \"${{ alert.source }}\"}}\n"), "9001 steps; at most 200 are allowed"},
		{"inputs", "inputs:\n" + many("  i%d: {type: string, from: alert.details.x}\n"), "9000 inputs; at most 100 are allowed"},
		{"brackets", target("${{ " + repeat("(", 2000) + "1" + repeat(")", 2000) + " }}"), ""},
		{"open brackets", target("${{ " + repeat("(", 4000) + " }}"), "target: "},
		{"calls", target("${{ " + repeat("trim(", 500) + "alert.source" + repeat(`, "a")`, 500) + " }}"), "expression of 5514 bytes"},
		{"short calls", target("${{ " + repeat("len(", 200) + "alert.source" + repeat(")", 200) + " }}"), "more than 8 functions inside each other"},
		{"pipes", target("${{ alert.source" + repeat(` | trim("a")`, 200) + " }}"), "more than 8 functions inside each other"},
		{"loops", target("${{ " + repeat("all(incident.alerts, ", 20) + "true" + repeat(")", 20) + " }}"), "more than 8 functions inside each other"},
		{"choices", target("${{ " + repeat("true ? 1 : (", 100) + "2" + repeat(")", 100) + " }}"), ""},
		{"fields", target("${{ alert.details" + repeat(".a", 200) + " }}"), ""},
		{"many fields", target("${{ alert.details" + repeat(".a", 1500) + " }}"), "more than 500 names, values and operators"},
		{"operators", target("${{ " + repeat("not ", 900) + "true }}"), "more than 500 names, values and operators"},
		{"long text", target(repeat("x", 500_000)), "longer than 64 KiB"},
		{"long formula", target("${{ " + repeat("1 + ", 100_000) + "1 }}"), "expression of 400003 bytes"},
		{"many formulas", target(repeat("${{ 1 }}", 60_000)), "more than 100 expressions"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := "title: T\nmatch: {when: true}\ngather: [{uses: aws.ssm.read, with: {instance: a}}]\n" + test.source + "\n"
			start := time.Now()
			_, problems := scenario.Parse("test", "test.yaml", []byte(source), testActions())
			if took := time.Since(start); took > 10*time.Second { // at most 1 s on an idle machine
				t.Errorf("it took %s", took)
			}
			if got := problems.Error(); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
				t.Errorf("got %.300s, want %s", got, test.want)
			}
		})
	}
}
