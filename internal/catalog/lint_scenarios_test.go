package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

// TestLintScenarios: what is doubtful, and no more, apart from what Load tells.
func TestLintScenarios(t *testing.T) {
	actions := builtin.List(builtin.Settings{})
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	yamldoctest.Golden(t, "testdata/lint/*.txtar", func(file string, data []byte) yamldoc.Problems {
		c, problems := catalog.Load(unpack(data), "", actions)
		if err := problems.Err(); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		return c.Lint(now)
	})
}

// Customers that adopted many scenarios have an index; what is told does not depend on it.
func TestLintOfManyScenarios(t *testing.T) {
	fsys := archive(t, "lint/scenarios-that-never-run.txtar")
	few := load(t, fsys).Lint(time.Time{})
	adopted := "\nscenarios:"
	for i := range 40 {
		name := fmt.Sprintf("more-%02d", i)
		fsys["scenarios/"+name+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `title: More
runbook: r.md
match: {when: 'alert.class == "class %d" and alert.summary matches "disk %d"'}
priority: %d
check: [{uses: tcp.connect, with: {host: a.example, port: 80}, healthy: output.connected}]
`, i, i, i+100)}
		fsys["scenarios/"+name+"_test.yaml"] = &fstest.MapFile{}
		adopted += "\n  " + name + ": {}"
	}
	file := fsys["customers/acme.yaml"]
	file.Data = []byte(strings.Replace(string(file.Data), "\nscenarios:", adopted, 1))
	many := load(t, fsys).Lint(time.Time{})
	if len(few) == 0 || len(many) != len(few) {
		t.Fatalf("got %v\nwant %v", many, few)
	}
	for i := range many {
		if many[i].Message != few[i].Message {
			t.Errorf("got %v, want %v", many[i], few[i])
		}
	}
}

func BenchmarkLint10000(b *testing.B) {
	for _, customers := range []int{1, 1000} {
		b.Run(fmt.Sprint(customers), func(b *testing.B) {
			c, problems := catalog.Load(estate(10_000, customers, 10_000/customers), "", builtin.List(builtin.Settings{}))
			if err := problems.Err(); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				c.Lint(time.Time{})
			}
		})
	}
}
