package scenario_test

import (
	"strings"
	"testing"

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
