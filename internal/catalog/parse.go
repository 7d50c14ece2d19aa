package catalog

import (
	"runtime"
	"sync"
	"sync/atomic"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// parsed is what one scenario file gives.
type parsed struct {
	scenario *scenario.Scenario
	problems yamldoc.Problems
}

// parseScenarios reads the scenario files, on all processors at once: there may be thousands. The result has the order of
// the files.
func parseScenarios(list []file, names []incident.ScenarioName, actions scenario.Actions) []parsed {
	out := make([]parsed, len(list))
	var next atomic.Int64
	var done sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(list)) {
		done.Go(func() {
			parser := scenario.NewParser(actions)
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				out[i].scenario, out[i].problems = parser.Parse(names[i], list[i].path, list[i].data)
			}
		})
	}
	done.Wait()
	return out
}
