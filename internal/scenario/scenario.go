// Package scenario reads scenario files: what an author writes to say which incidents are meant, how to check,
// gather, recover and verify, and when to stop.
//
// Parse reads one file strictly and tells everything that is wrong with it at once. What it gives, a [Scenario], is
// an immutable value: its expressions are compiled and typed, its steps know their actions, and its Hash names its
// content. Facts about an incident go in as [Facts]; answers come out of Matches, Fill, Wanted, Render and Judge.
//
// It promises:
//
//   - The same facts give the same answer. There is no clock, no time zone, no chance and no order of maps.
//   - No expression stalls the engine: what one evaluation costs is counted and stops at [CostLimit].
//   - No text of an alert becomes anything but text: it stays one argument of a command, one path segment or query
//     value of a URL, one variable of a script, and never part of a script or a host name.
//   - A mistake that can be told when the file is read is told then: unknown actions, parameters, inputs, steps and
//     fields, wrong types, a changing action outside recover.
//
// It never does I/O and never runs an action. It is the only user of the expression library.
package scenario

import (
	"encoding/json"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// Scenario is one compiled scenario file. It is immutable and safe for concurrent use.
type Scenario struct {
	Name        incident.ScenarioName // the base name of its file
	Title       string
	Owner       string // the team that maintains the file; may be empty
	Runbook     string // the file under runbooks/; may be empty
	Autonomy    incident.Autonomy
	Priority    int // of several that match, the highest wins
	Match       Match
	Inputs      []Input // in the order of their declaration
	Target      *Text   // what is repaired; nil when the scenario has no recover and names none
	Limits      Limits
	Check       []Step
	Gather      []Step // run at once
	Recover     []Attempt
	Verify      Verify
	Unrecovered Unrecovered
	Close       Close
	HandOver    HandOver

	// ManualMinutes is how long people take for an incident of this kind by hand, in person-minutes: of the figure "hours
	// saved". 0: not said.
	ManualMinutes float64

	Hash string // hex SHA-256 of the source

	source string
}

// Match says which incidents the scenario is for. All that is given must hold.
type Match struct {
	Service []string   // PagerDuty service ids or globs ("*", "?") of their names; empty: any
	When    *Condition // nil: always
}

// Limits bound what the automated part may do.
type Limits struct {
	Timeout    time.Duration // the whole automated part
	Recoveries *Budget       // per target; nil: not limited
	Targets    *Budget       // per customer and scenario; nil: not limited
}

// Budget allows a number of things in a time.
type Budget struct {
	Max int
	Per time.Duration
}

// Attempt is one way to recover.
type Attempt struct {
	Name  string
	If    *Condition // nil: always
	Steps []Step

	Approval *Approval // nil: none is asked for, unless the autonomy is approve; see ApprovalAt
}

// Verify says when a repair counts.
type Verify struct {
	Within    time.Duration // keep trying this long
	Every     time.Duration // between two rounds
	StableFor time.Duration // healthy this long without a break; zero: healthy once
	Steps     []Step        // those of check, when the file names none
}

// Unrecovered says how a scenario without recover ends.
type Unrecovered string

// The ways.
const (
	UnrecoveredHandOver Unrecovered = "hand_over"
	UnrecoveredReport   Unrecovered = "report"
)

// Close is what happens when the incident is closed.
type Close struct {
	Note         *Text // nil: the engine's own words
	TellCustomer bool
}

// HandOver is what a person is told when automation ends without a verified fix.
type HandOver struct {
	To        string  // a tier of the customer's file; empty: the first one
	Remaining []*Text // what is left to do
	Always    bool    // even after a repair that held: what remains is a person's
}

// OnError says what a failed step means.
type OnError string

// The values of on_error.
const (
	Continue    OnError = "continue"     // go on with the next step; in verify: not healthy, try again
	NextAttempt OnError = "next_attempt" // give this attempt up
	HandOverNow OnError = "hand_over"    // give the incident to a person
)

// Retry says how a failed step is tried again. The zero value leaves it to the action.
type Retry struct {
	Attempts int           // in all, the first one included
	Every    time.Duration // before the second one
	Backoff  float64       // by which the wait grows each time; 1: it stays
}

// Step is one use of an action.
type Step struct {
	ID      string // empty: later expressions cannot read it
	Uses    string // the action's name
	Action  Action
	Phase   incident.Phase
	Attempt string        // the name of its attempt, inside recover
	If      *Condition    // nil: always
	Healthy *Condition    // only in check and verify
	Timeout time.Duration // of one try: the step's own, else the action's
	Retry   Retry
	OnError OnError
	Place   string // "http-down.yaml:27", for messages

	params params
}

// DisplayName names the step for people: its id, else its attempt, else its action.
func (st *Step) DisplayName() string {
	switch {
	case st.ID != "":
		return st.ID
	case st.Attempt != "":
		return st.Attempt
	}
	return st.Uses
}

// Wanted says whether the step runs, or is skipped because its "if" does not hold.
func (st *Step) Wanted(f Facts) (bool, error) {
	wanted, err := st.If.holdsOrNone(f)
	return wanted, st.wrap("if", err)
}

// Render gives the action's parameters as the JSON of its parameter struct. An error is permanent: the same facts
// give the same one.
func (st *Step) Render(f Facts) (json.RawMessage, error) {
	data, err := st.params.render(f)
	return data, st.wrap("with", err)
}

// Judge says whether the step's output is healthy. A step without "healthy" always is.
func (st *Step) Judge(f Facts) (bool, error) {
	healthy, err := st.Healthy.holdsOrNone(f)
	return healthy, st.wrap("healthy", err)
}

func (st *Step) wrap(key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s of step %q: %w", st.Place, key, st.DisplayName(), err)
}

// Wanted says whether the attempt is made, or is skipped because its "if" does not hold.
func (a *Attempt) Wanted(f Facts) (bool, error) {
	wanted, err := a.If.holdsOrNone(f)
	if err != nil {
		return false, fmt.Errorf("if of attempt %q: %w", a.Name, err)
	}
	return wanted, nil
}

// RenderTarget gives what is repaired. A target of nothing but white space is an error, because lock, budget and
// history go by it.
func (s *Scenario) RenderTarget(f Facts) (string, error) {
	if s.Target == nil {
		return "", nil
	}
	target, err := s.Target.Render(f)
	if err == nil {
		err = checkTarget(target)
	}
	if err != nil {
		return "", fmt.Errorf("render the target of scenario %q: %w", s.Name, err)
	}
	return target, nil
}

// holdsOrNone is Holds, and true when there is no condition.
func (c *Condition) holdsOrNone(f Facts) (bool, error) {
	if c == nil {
		return true, nil
	}
	return c.Holds(f)
}
