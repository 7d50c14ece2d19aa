package incident

import "time"

// Fact is one incident as figures see it: its present run in a few columns. Times that have not come are zero.
type Fact struct {
	ID         ID
	Run        int // 1, and one more for each reopening; everything below is of this run
	Customer   CustomerID
	Department string // as it was when the run began
	Service    ServiceID
	Scenario   ScenarioName
	Target     string
	Priority   string
	Title      string // only when FactFilter.Titles asked for it
	Alerts     int    // how many alerts the incident had in PagerDuty when the run began
	Outcome    Outcome
	Reason     Reason
	CreatedAt  time.Time
	ReceivedAt time.Time
	StartedAt  time.Time
	OutcomeAt  time.Time
	TakenAt    time.Time
	EndedAt    time.Time
}

// Repair is one recovery attempt that was allowed to change something.
type Repair struct {
	Fact       Fact    // the incident that it was for
	Run        int     // the run that made the attempt; it may be an earlier one than the fact's
	Attempt    int     // from 1
	RunOutcome Outcome // how that run ended; empty while it runs
}

// FactFilter chooses incidents for figures. Zero fields choose everything.
type FactFilter struct {
	Since    time.Time // created at or after
	Until    time.Time // created before
	Customer CustomerID
	Scenario ScenarioName
	Titles   bool // give Fact.Title, too
}
