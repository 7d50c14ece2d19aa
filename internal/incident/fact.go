package incident

import (
	"math/bits"
	"time"
)

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
	Title      string   // only when FactFilter.Titles asked for it
	Alerts     int      // how many alerts the incident had in PagerDuty when the run began
	Attempted  Attempts // those that were allowed to change something
	Outcome    Outcome
	Reason     Reason
	CreatedAt  time.Time
	ReceivedAt time.Time
	StartedAt  time.Time
	OutcomeAt  time.Time
	TakenAt    time.Time
	EndedAt    time.Time
}

// Attempts is a set of recovery attempts: bit 0 is attempt 1.
type Attempts uint64

// MaxAttempts is the last attempt that a set of attempts can hold.
const MaxAttempts = 62

// Has says whether the attempt, from 1, is in the set.
func (a Attempts) Has(attempt int) bool { return attempt > 0 && a>>(attempt-1)&1 == 1 }

// Last is the highest attempt in the set; 0: it is empty.
func (a Attempts) Last() int { return bits.Len64(uint64(a)) }

// FactFilter chooses incidents for figures. Zero fields choose everything.
type FactFilter struct {
	Since    time.Time // created at or after
	Until    time.Time // created before
	Customer CustomerID
	Scenario ScenarioName
	Titles   bool // give Fact.Title, too
}
