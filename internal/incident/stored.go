package incident

import "time"

// Begun is the store's answer when the first response to an incident begins.
type Begun struct {
	Run    int  `json:"run"`    // which run this is: 1, and one more for each reopening
	Known  bool `json:"known"`  // the same Record.WorkflowRun has begun before: the engine repeats itself after a crash
	Closed bool `json:"closed"` // an earlier run has an outcome and the incident is resolved: nothing was written, nothing is to do
}

// StepState is the store's answer when a changing step is about to be sent.
type StepState struct {
	New  bool `json:"new"`  // the intent was written by this call: send it
	Step Step `json:"step"` // what is known; with status Started and New false it was sent before and its end is unknown
}

// Filter chooses incidents for a list. Zero fields choose everything.
type Filter struct {
	Since    time.Time    // created at or after
	Until    time.Time    // created before
	Customer CustomerID   //
	Scenario ScenarioName //
	Outcome  Outcome      //
	Phase    Phase        //
	Open     bool         // only those whose first response is not over
	Deferred bool         // only those that wait for the end of a window
	Limit    int          // how many, newest first; 0 means DefaultLimit, and MaxLimit is the most
}

// The sizes of a list.
const (
	DefaultLimit = 100
	MaxLimit     = 10_000
)

// Change is one thing that the store has just made durable: a transition or a step.
type Change struct {
	Transition *Transition
	Step       *Step
	Elsewhere  bool // another process wrote it; a step is then as it is now, and not as it was
}

// DeliveryState is where a stored webhook delivery stands.
type DeliveryState string

// The states of a delivery. Pending is the only one that the inbox works on; Parked ones are tried again later.
const (
	Pending    DeliveryState = "pending"    // to be handed to the engine
	Handed     DeliveryState = "handed"     // the engine has it
	Echo       DeliveryState = "echo"       // our own write coming back
	Kept       DeliveryState = "kept"       // changes nothing for the first response
	Unreadable DeliveryState = "unreadable" // could not be decoded and names no incident
	Parked     DeliveryState = "parked"     // the engine refused it several times; kept for a person and for a later try
)

// Delivery is one webhook delivery as the inbox stores it.
type Delivery struct {
	Event
	Seq          int64         // order of arrival; given by the store
	Lane         string        // who shares a turn: the service, or what earlier pending deliveries of the incident have; given by the store
	Subscription string        // PagerDuty's X-Webhook-Subscription or X-Webhook-Id; may be empty
	Body         []byte        // as received; not read back in lists
	State        DeliveryState // Pending when empty
	Attempts     int           // how often the engine refused it
	Detail       string        // why it is in its state
	SettledAt    time.Time     // zero while pending
}

// Settled says how the inbox is done with one delivery.
type Settled struct {
	Seq      int64
	State    DeliveryState
	Attempts int
	Detail   string
}

// Backlog is what waits in the inbox.
type Backlog struct {
	Pending  int
	Oldest   time.Time // when the oldest pending delivery was received; zero when none is
	Parked   int
	LastPing time.Time // when PagerDuty's last test ping was received; zero when none is kept
}

// Claim is an engine's answer to whether it may hand a delivery over, where several engines share the store.
type Claim string

// The answers.
const (
	Claimed          Claim = "claimed"   // hand it over
	ClaimedElsewhere Claim = "elsewhere" // another engine is about to, or something of the incident comes first
	ClaimSettled     Claim = "settled"   // it was handed over
)
