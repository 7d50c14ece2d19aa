// Package scenariotest runs the tests that authors write for their scenarios: "shodo test".
//
// scenarios/NAME_test.yaml holds cases for the scenario NAME. [Find] reads all of them strictly and tells everything
// that is wrong at once; [Suite.Run] plays each case through the real incident workflow in Temporal's test environment,
// where time is skipped. docs/scenario-tests.md has every key.
//
// What is real: the catalog's decision, inputs, target, autonomy, the workflow with its order, waits, limits and
// hand-over, the rendered parameters of every step and their check, and the judgement of "healthy". What is not:
// actions are answered from the file and never run; PagerDuty, Slack and the record are kept in memory, and PagerDuty
// and Slack never fail.
//
// It promises that the same files give the same results, that a step which the file does not answer fails its case and
// says so, and that no case sees another one. Nothing leaves the process; the package reads only through the fs.FS that
// it is given and never writes.
//
// It knows no action's code, no database and no wire format: who runs it gives what it needs in [Options].
package scenariotest

import (
	"context"
	"encoding/json"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// Options is what a run needs to know. All fields are needed.
type Options struct {
	// Load reads a catalog, with the library below it.
	Load func(fs.FS) (*catalog.Catalog, yamldoc.Problems)
	// Actions are those that scenarios are checked against.
	Actions Actions
	// ReadIncident reads an incident with its alerts. The name is for errors.
	ReadIncident func(name string, data []byte) (incident.Incident, error)
}

// Actions knows the actions and the parameters that they take.
type Actions interface {
	scenario.Actions
	// CheckParams tells what the action of that name would not accept.
	CheckParams(name string, params json.RawMessage) error
}

// Suite is every case of a catalog, ready to run.
type Suite struct {
	options Options
	cases   []*testCase
}

// Len is the number of cases.
func (s *Suite) Len() int { return len(s.cases) }

// Select leaves only the cases that are chosen by "SCENARIO: NAME".
func (s *Suite) Select(chosen func(string) bool) {
	var kept []*testCase
	for _, c := range s.cases {
		if chosen(string(c.subject) + ": " + c.name) {
			kept = append(kept, c)
		}
	}
	s.cases = kept
}

// Result is how one case went.
type Result struct {
	Scenario incident.ScenarioName `json:"scenario"` // which the file is for
	Name     string                `json:"name"`
	File     string                `json:"file"`
	Line     int                   `json:"line"`
	Seconds  float64               `json:"seconds"`            // of this machine's time
	Failures []Failure             `json:"failures,omitempty"` // none: it passed
	Why      string                `json:"why,omitempty"`      // the engine's own words about the outcome
	Unused   []string              `json:"unused,omitempty"`   // answers that nobody asked for
}

// Passed says whether everything was as expected.
func (r Result) Passed() bool { return len(r.Failures) == 0 }

// Failure is one thing that was not as expected.
type Failure struct {
	What     string    `json:"what"`               // the key of want, or "answers", "people", "run"
	Want     string    `json:"want,omitempty"`     // of a single value
	Got      string    `json:"got,omitempty"`      //
	Sequence *Sequence `json:"sequence,omitempty"` // of ran, planned, told and asked
	Detail   string    `json:"detail,omitempty"`   // in words
	Texts    []string  `json:"texts,omitempty"`    // what was looked through
}

// Sequence is what should have come one after the other, and what did.
type Sequence struct {
	Expected []string `json:"expected"`
	Actual   []string `json:"actual"`
}

// Run plays all cases, as many at once as there are processors, and gives their results in the order of the files.
func (s *Suite) Run(ctx context.Context) []Result {
	results := make([]Result, len(s.cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(s.cases)) {
		workers.Go(func() {
			for i := range next {
				results[i] = s.run(ctx, s.cases[i])
			}
		})
	}
	for i := range s.cases {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

func (s *Suite) run(ctx context.Context, c *testCase) Result {
	began := time.Now()
	r := Result{Scenario: c.subject, Name: c.name, File: c.place.File, Line: c.place.Line}
	if err := ctx.Err(); err != nil {
		r.Failures = []Failure{{What: "run", Detail: "stopped: " + err.Error()}}
		return r
	}
	p := newPlay(c, s.options)
	if err := p.perform(); err != nil {
		r.Failures = append(r.Failures, Failure{What: "run", Detail: err.Error()})
	} else {
		r.Failures = append(r.Failures, c.want.compare(p.seen())...)
		r.Why = p.record().Why
	}
	r.Failures = append(r.Failures, p.deeds.failures()...)
	for _, problem := range p.script.problems() {
		r.Failures = append(r.Failures, Failure{What: "answers", Detail: problem})
	}
	r.Unused = p.script.unused()
	r.Seconds = time.Since(began).Seconds()
	return r
}
