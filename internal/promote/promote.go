// Package promote judges by the record whether a scenario has earned the next level of autonomy: observe, suggest, approve,
// automatic.
//
// Whoever asks gathers the [Evidence]: the figures of package analytics, and what the store knows of attempts and of
// people's choices ([Deeds]). [Judge] compares it with what is [Needed] and says which of its conditions hold. What it promises:
//
//   - It only recommends, and gives each reason as a number beside what was needed. Nothing is ever raised by itself.
//   - The same evidence and needs give the same verdict.
//   - Too little evidence is never enough: a share of nothing holds no condition.
//
// The evidence is of one period, whatever the autonomy was then: ask for the time since it was changed last.
package promote

import (
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// Evidence is what the record says about a scenario in a period, for one customer or for all.
type Evidence struct {
	Runs     int                      `json:"runs"`  // incidents that got the scenario
	Ended    int                      `json:"ended"` // those with an outcome
	Outcomes map[incident.Outcome]int `json:"outcomes"`
	Reasons  map[incident.Reason]int  `json:"reasons"` // of those that were handed over
	Deferred int                      `json:"deferred"`

	WouldMatch Matched         `json:"would_match"`
	Attempts   []Attempt       `json:"attempts"` // in the order of the scenario
	Questions  Questions       `json:"approvals"`
	Wishes     Wishes          `json:"manual_runs"`
	Noise      int             `json:"noise"` // a person said that nobody was needed
	CameBack   analytics.Share `json:"came_back"`
}

// Matched is what the catalog decides now about the stored incidents.
type Matched struct {
	Incidents int `json:"incidents"`  // that were looked at
	Now       int `json:"now"`        // would get the scenario
	Then      int `json:"then"`       // got it
	Both      int `json:"both"`       // got it, and would get it again
	CannotRun int `json:"cannot_run"` // would get it, and its inputs could not be filled
}

// Attempt is how one attempt of the scenario did.
type Attempt struct {
	Attempt  int    `json:"attempt"` // from 1
	Name     string `json:"name"`
	Planned  int    `json:"planned"`  // runs in which it would have been made
	Made     int    `json:"made"`     // runs in which the engine began to change something by it
	Verified int    `json:"verified"` // of these, how often verification held
}

// Questions is what became of the approvals that the engine asked for.
type Questions struct {
	Asked   int `json:"asked"`
	Granted int `json:"granted"`
	Refused int `json:"refused"` // "not now"
	Expired int `json:"expired"` // nobody answered
}

// Wishes is what became of attempts that people started.
type Wishes struct {
	Asked    int `json:"asked"`
	Made     int `json:"made"`
	Verified int `json:"verified"`
}

// Filter chooses the runs of a scenario.
type Filter struct {
	Scenario     incident.ScenarioName
	Customer     incident.CustomerID // empty: of all
	Since, Until time.Time           // of the creation of the incidents; until is not in it
}

// Deeds is what the store counts of these runs, the present one of each incident. Keys of Planned, Made and Verified are
// attempts, from 1.
type Deeds struct {
	Planned, Made, Verified map[int]int
	Questions               Questions
	Wished                  int                     // attempts that people asked for
	Wishes                  map[incident.Reason]int // their results: empty is verified
	Noise                   int
}

// made are the results of a wish of which something was changed.
func made(r incident.Reason) bool {
	switch r {
	case incident.OverBudget, incident.Forbidden, incident.Paused, incident.BusyTarget, incident.NotApproved:
		return false
	}
	return true
}

// Add puts what the store counted into the evidence. The names are those of the scenario's attempts.
func (e *Evidence) Add(d Deeds, names []string) {
	e.Questions, e.Noise = d.Questions, d.Noise
	for i, name := range names {
		k := i + 1
		e.Attempts = append(e.Attempts, Attempt{Attempt: k, Name: name, Planned: d.Planned[k], Made: d.Made[k], Verified: d.Verified[k]})
	}
	e.Wishes = Wishes{Asked: d.Wished, Verified: d.Wishes[""]}
	for reason, n := range d.Wishes {
		if made(reason) {
			e.Wishes.Made += n
		}
	}
}

// Planned is in how many runs some attempt would have been made; the first one that would is counted.
func (e Evidence) Planned() int {
	most := 0
	for _, a := range e.Attempts {
		most = max(most, a.Planned)
	}
	return most
}

// Repairs is how many attempts were verified, of those made: by the engine, and at a person's wish.
func (e Evidence) Repairs() analytics.Share {
	s := analytics.Share{Count: e.Wishes.Verified, Of: e.Wishes.Made}
	for _, a := range e.Attempts {
		s.Count, s.Of = s.Count+a.Verified, s.Of+a.Made
	}
	return s
}

// Unclear is in how many runs the engine did not come to know what to do, or could not do it.
func (e Evidence) Unclear() analytics.Share {
	n := 0
	for _, r := range []incident.Reason{incident.Inconclusive, incident.StepFailed, incident.Timeout, incident.EngineError} {
		n += e.Reasons[r]
	}
	return analytics.Share{Count: n, Of: e.Ended}
}

// Disagreed is how often a person wanted something else: took the incident from the engine, did not approve, or called it
// noise.
func (e Evidence) Disagreed() analytics.Share {
	return analytics.Share{Count: e.Outcomes[incident.TakenOver] + e.Questions.Refused + e.Noise, Of: e.Ended}
}

// OverBudget is in how many runs a repair did not hold often enough to be tried again.
func (e Evidence) OverBudget() analytics.Share {
	return analytics.Share{Count: e.Reasons[incident.OverBudget], Of: e.Ended}
}
