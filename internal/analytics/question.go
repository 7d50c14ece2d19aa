package analytics

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"shodo/internal/incident"
)

// Source is the record.
type Source interface {
	// Facts streams incidents in the order of CreatedAt.
	Facts(context.Context, incident.FactFilter) iter.Seq2[incident.Fact, error]
}

// Filter chooses incidents. Zero fields choose everything.
type Filter struct {
	Customer   incident.CustomerID   `json:"customer,omitempty"`
	Department string                `json:"department,omitempty"`
	Scenario   incident.ScenarioName `json:"scenario,omitempty"`
	Service    incident.ServiceID    `json:"service,omitempty"`
	Priority   string                `json:"priority,omitempty"`
}

// Dimension is what groups are made by.
type Dimension string

// The dimensions. A kind of alert is a customer, a service, and a title without what differs each time.
const (
	ByNothing    Dimension = ""
	ByCustomer   Dimension = "customer"
	ByDepartment Dimension = "department"
	ByScenario   Dimension = "scenario"
	ByService    Dimension = "service"
	ByPriority   Dimension = "priority"
	ByOutcome    Dimension = "outcome"
	ByDay        Dimension = "day"
	ByKind       Dimension = "kind"
)

// Dimensions lists every dimension.
func Dimensions() []Dimension {
	return []Dimension{ByCustomer, ByDepartment, ByScenario, ByService, ByPriority, ByOutcome, ByDay, ByKind}
}

// Question is what is asked.
type Question struct {
	Period Period
	Filter Filter
	By     Dimension
	List   Figure    // the incidents of this figure are listed; empty: of none
	Saved  bool      // also estimate the time saved; by kind it always is
	Alone  bool      // the period before is not looked at: its figures are those of nothing
	Slow   bool      // also tell which hand-overs waited longest for a person
	Now    time.Time // what is over, and what may still come back, depends on it

	// Manual is how long the work of a scenario takes by hand: what an automatic incident saved when no person has had one
	// of its kind.
	Manual map[incident.ScenarioName]time.Duration
}

// estimates says whether the time saved is estimated: it takes the titles of all incidents.
func (q Question) estimates() bool { return q.Saved || q.By == ByKind }

// needs says what of a fact the answer depends on, beside what it always does.
func (q Question) needs() incident.FactPart {
	var parts incident.FactPart
	for _, c := range []struct {
		needed bool
		part   incident.FactPart
	}{
		{q.List != "" || q.Slow, incident.FactID},
		{q.By == ByDepartment || q.Filter.Department != "", incident.FactDepartment},
		{q.By == ByService || q.estimates() || q.Filter.Service != "", incident.FactService},
		{q.By == ByPriority || q.Filter.Priority != "", incident.FactPriority},
		{q.estimates(), incident.FactTitle},
	} {
		if c.needed {
			parts |= c.part
		}
	}
	return parts
}

// Group names a group of incidents. Customer and service are of kinds only.
type Group struct {
	Name     string              `json:"name"`
	Customer incident.CustomerID `json:"customer,omitempty"`
	Service  incident.ServiceID  `json:"service,omitempty"`
}

// OtherGroups is the name of the group that takes what would be a group too many.
const OtherGroups = "(others)"

// Bounds of the memory of an answer: so many groups are counted, and so many of these are told, those that weigh most.
const (
	maxCounted = 50_000
	maxGroups  = 10_000
)

// Grouped is the figures of one group, and those of the same group in the previous period.
type Grouped struct {
	Group
	Figures  Figures `json:"figures"`
	Previous Figures `json:"previous"`
}

// Attempted is how one attempt of a scenario did.
type Attempted struct {
	Scenario incident.ScenarioName `json:"scenario"`
	Attempt  int                   `json:"attempt"` // from 1
	Repairs  Share                 `json:"repairs"` // verified, of the attempted
	Previous Share                 `json:"previous"`
}

// Windowed is what one window did with one question: windows of the same name count as one, whosever they are.
type Windowed struct {
	Window     string            `json:"window"`     // with its kind, as in the record; empty: none was named
	Question   incident.Question `json:"question"`   // page or contact
	Suppressed int               `json:"suppressed"` // of page: incidents with this outcome because of it
	Deferred   Deferrals         `json:"deferred"`   // what it deferred
	Previous   WindowedBefore    `json:"previous"`
}

// WindowedBefore is the same in the previous period.
type WindowedBefore struct {
	Suppressed int       `json:"suppressed"`
	Deferred   Deferrals `json:"deferred"`
}

// Answer is what is known about a period, and about the one before.
type Answer struct {
	Question       Question
	PreviousPeriod Period
	Figures        Figures
	Previous       Figures
	Groups         []Grouped       // most incidents first; days in their order; nil when nothing was to be grouped
	Attempts       []Attempted     // by scenario and attempt
	Windows        []Windowed      // most incidents first
	Open           []incident.Fact // the oldest that are open, at most MaxOpen of Figures.Open
	Incidents      []incident.ID   // those of Question.List, in the order of creation
	Slowest        []Slow          // of Question.Slow: at most MaxSlow, the longest first
}

// Slow is a hand-over and how long it waited for a person.
type Slow struct {
	Incident incident.Fact
	Waited   time.Duration // until a person took it; until the first response ended when nobody did
	Taken    bool
}

// MaxSlow is how many hand-overs are told.
const MaxSlow = 10

// MaxOpen is how many open incidents an answer lists.
const MaxOpen = 20

// Ask reads the record once and answers. It uses as many cores as there are, up to four.
func Ask(ctx context.Context, record Source, q Question) (Answer, error) {
	if q.By != ByNothing && !slices.Contains(Dimensions(), q.By) {
		return Answer{}, fmt.Errorf("group by %q: there is no such dimension", q.By)
	}
	if q.List != "" && !q.List.exists() {
		return Answer{}, fmt.Errorf("list %q: there is no such figure", q.List)
	}
	return ask(ctx, record, q, min(runtime.GOMAXPROCS(0), maxParts))
}
