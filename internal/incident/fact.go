package incident

import (
	"math/bits"
	"time"
)

// Fact is one incident as figures see it: its present run in a few columns. Times that have not come are zero,
// and so is what FactFilter.With does not ask for.
type Fact struct {
	ID         ID
	Run        int // 1, and one more for each reopening; everything below is of this run
	Customer   CustomerID
	Department string // as it was when the run began
	Service    ServiceID
	Scenario   ScenarioName
	Target     string
	Priority   string
	Title      string
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
	Windows    Windows
}

// Windows is what the customer's windows did to one run of an incident.
type Windows struct {
	SuppressedBy string `json:"suppressed_by,omitempty"` // of outcome Suppressed: the window; empty when none is named
	Waits        []Wait `json:"waits,omitempty"`         // at most one of each question and window, in the order of their beginning
}

// Wait is what one window deferred.
type Wait struct {
	Question Question       `json:"question"`
	Window   string         `json:"window"`
	Waited   time.Duration  `json:"waited"`           // in all that is over
	Since    time.Time      `json:"since,omitzero"`   // while it waits; zero otherwise
	Became   TransitionKind `json:"became,omitempty"` // what came first after it began: of Page ToldTier, Listed or PersonTook; of Contact ToldContact or Listed; empty: none yet
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
	With     FactPart // what is needed beside the rest of a fact
}

// FactPart is a set of the parts of a fact that are not read unless they are asked for: reading them takes time.
type FactPart uint

// The parts. Without FactID only open incidents have their id.
const (
	FactID FactPart = 1 << iota
	FactDepartment
	FactService
	FactPriority
	FactTitle

	FactEverything = FactID | FactDepartment | FactService | FactPriority | FactTitle
)
