package incident

import (
	"encoding/json"
	"time"
)

// StepStatus is how one step ended.
type StepStatus string

// The states of a step. Started is only ever seen for a changing step that is running, or that was running when the
// engine died: its effect is unknown.
const (
	Started   StepStatus = "started"
	Succeeded StepStatus = "succeeded"
	Failed    StepStatus = "failed"
	Skipped   StepStatus = "skipped"
	Planned   StepStatus = "planned" // observe: it would have run
)

// ErrorKind says what a failed step means for what comes next.
type ErrorKind string

// The kinds.
const (
	Transient     ErrorKind = "transient"      // trying again may help
	Permanent     ErrorKind = "permanent"      // trying again gives the same
	Refused       ErrorKind = "refused"        // a rule of ours forbids it; nothing was sent
	TimedOut      ErrorKind = "timeout"        // it did not end in time
	UnknownEffect ErrorKind = "unknown_effect" // it may or may not have happened
	Cancelled     ErrorKind = "cancelled"      // stopped because a person took over or the engine was told to
)

// StepKey tells one execution of a step from all others of its incident. It is the same when a crash makes the
// engine come back to the step, which is how a changing step is never sent twice.
type StepKey struct {
	Incident ID    `json:"incident"`
	Run      int   `json:"run"`     // 1, and one more for each reopening
	Phase    Phase `json:"phase"`   // check, gather, recover, verify
	Attempt  int   `json:"attempt"` // the recovery attempt, from 1; 0 before the first
	Round    int   `json:"round"`   // how often the phase has run before within this attempt; verify repeats
	Index    int   `json:"index"`   // place of the step in its phase or attempt, from 0
}

// Step is one execution of a step.
type Step struct {
	StepKey
	ID        string          `json:"id,omitempty"`   // the scenario's id of the step, when it gave one
	Name      string          `json:"name"`           // for people: the id, or the attempt's name, or the action
	Action    string          `json:"action"`         // "http.request"
	Status    StepStatus      `json:"status"`         //
	Healthy   *bool           `json:"healthy"`        // what "healthy" said; nil where there is none
	Params    json.RawMessage `json:"params"`         // as rendered; secrets are never in it
	Output    json.RawMessage `json:"output"`         // the action's typed output; in histories cut to MaxOutput
	Error     string          `json:"error"`          //
	ErrorKind ErrorKind       `json:"error_kind"`     //
	StartedAt time.Time       `json:"started_at"`     //
	EndedAt   time.Time       `json:"ended_at"`       // zero while Started
	Note      string          `json:"note,omitempty"` // why it was skipped or only planned
}

// Duration is how long the step took; zero while it runs.
func (s Step) Duration() time.Duration {
	if s.EndedAt.IsZero() {
		return 0
	}
	return s.EndedAt.Sub(s.StartedAt)
}

// MaxOutput is the size in bytes to which each text of a step's output is cut before it enters a history. The store
// keeps it whole.
const MaxOutput = 4 << 10

// TransitionKind says which fact a transition records.
type TransitionKind string

// The kinds of transition.
const (
	PhaseBegan  TransitionKind = "phase"        // Phase and Attempt began
	EventSeen   TransitionKind = "event"        // an event of PagerDuty that changed what the engine does
	Decided     TransitionKind = "decision"     // matched, limits, autonomy, ...: Why explains it
	Ended       TransitionKind = "outcome"      // Outcome and Reason are final for this run
	Acted       TransitionKind = "acted"        // what the engine did in PagerDuty: Why says it
	ToldTier    TransitionKind = "told"         // a tier was told: By is the tier's name
	PersonTook  TransitionKind = "taken"        // a person took it: By is who
	Deferred    TransitionKind = "deferred"     // Question has to wait until Until: Window says why
	Resumed     TransitionKind = "resumed"      // the wait of Question is over: Why says how
	ToldContact TransitionKind = "contacted"    // a contact of the customer was told: By is the contact
	Listed      TransitionKind = "listed"       // it stands in the digest of a window's end: By is who got the digest
	Asked       TransitionKind = "asked"        // people were asked to approve Attempt until Until: By is the tier, Item the number of the question
	Chosen      TransitionKind = "chosen"       // a person chose: By is who, Choice what; Attempt or Item say of what
	Expired     TransitionKind = "expired"      // nobody answered the question Item in time: Why says what follows
	ResponseEnd TransitionKind = "response_end" // the first response is over: the automatic outcome was carried out, a person pressed Done, or it was resolved
)

// ReleasedKey begins the key of an EventSeen that tells that whoever had the incident let it go: nobody has it any more.
const ReleasedKey = "released/"

// ResolvedKey is the key of an EventSeen that tells that PagerDuty has resolved an incident whose first response a person had
// finished before.
const ResolvedKey = "resolved"

// Transition is one line of an incident's history, append-only. Key makes repeating it harmless: the store keeps the
// first of one incident, run and key.
type Transition struct {
	Incident ID             `json:"incident"`
	Run      int            `json:"run"`
	Key      string         `json:"key"`
	At       time.Time      `json:"at"`
	Kind     TransitionKind `json:"kind"`
	Phase    Phase          `json:"phase,omitempty"`
	Attempt  int            `json:"attempt,omitempty"`
	Outcome  Outcome        `json:"outcome,omitempty"` // of Ended; of Acted for a wished attempt: Recovered says that it was verified
	Reason   Reason         `json:"reason,omitempty"`
	By       string         `json:"by,omitempty"`
	Why      string         `json:"why,omitempty"`

	// Of what quiet hours and maintenance have decided:
	Question Question  `json:"question,omitempty"`
	Window   string    `json:"window,omitempty"` // its name, with its kind: "quiet hours \"nights\""
	Until    time.Time `json:"until,omitzero"`   // of Deferred: when it is asked again; of Asked: how long an answer counts
	Policy   string    `json:"policy,omitempty"` // of Deferred: the hash of the windows that were in force

	// Of what people have decided:
	Choice ChoiceKind `json:"choice,omitempty"`
	Item   int        `json:"item,omitempty"` // of Tick: the point of the checklist, from 1, negative when it was taken back; of Asked, Grant, NotNow and Expired: the question
}

// Considered is one scenario that was looked at for an incident, with the first condition that failed. A record tells of
// the first ones; the others are counted as PassedOver.
type Considered struct {
	Scenario ScenarioName `json:"scenario"`
	Matched  bool         `json:"matched"`
	Why      string       `json:"why"` // "service PX1 is not one of [...]", "alert.severity is \"info\"", ...
}

// PassedOver counts scenarios of the customer that a record does not tell of one by one.
type PassedOver struct {
	By    string `json:"by"` // the fields that rule them out, such as "alert.severity", or one of the words below
	Count int    `json:"count"`
}

// The other words of PassedOver.
const (
	PassedByService = "service"   // they are for other services
	PassedByMatch   = "condition" // their condition as a whole does not hold
	PassedByRank    = "rank"      // they were not looked at: one that comes before them matches
)

// Match is which scenario an incident got and why.
type Match struct {
	Scenario   ScenarioName    `json:"scenario,omitempty"` // empty: none
	Title      string          `json:"title,omitempty"`
	Hash       string          `json:"hash,omitempty"` // of the scenario's content
	Runbook    string          `json:"runbook,omitempty"`
	Autonomy   Autonomy        `json:"autonomy,omitempty"` // after the customer's lowering
	Inputs     json.RawMessage `json:"inputs,omitempty"`
	Origins    []Origin        `json:"origins,omitempty"`
	Target     string          `json:"target,omitempty"`
	Considered []Considered    `json:"considered,omitempty"`
	PassedOver []PassedOver    `json:"passed_over,omitempty"`
	Why        string          `json:"why"` // one sentence
}

// Origin tells where the value of one input came from: "customer", "alert" or "default".
type Origin struct {
	Input string `json:"input"`
	From  string `json:"from"`
}

// Record is everything that is known about one incident. It is what "incident show", the hand-over packet and the
// reports are made of, and nothing else is.
type Record struct {
	Incident       Incident     `json:"incident"`
	Run            int          `json:"run"`             // how often the first response has run: 1, and one more for each reopening
	WorkflowRun    string       `json:"workflow_run"`    // Temporal's run id
	Customer       Customer     `json:"customer"`        // empty id: no customer has the service
	Match          Match        `json:"match"`           //
	CatalogVersion string       `json:"catalog_version"` //
	EngineVersion  string       `json:"engine_version"`  //
	Phase          Phase        `json:"phase"`           // where it is now
	DeferredUntil  time.Time    `json:"deferred_until"`  // while it waits for the end of a window that forbids to wake anybody; zero otherwise
	Outcome        Outcome      `json:"outcome"`         // empty while the first response runs
	Reason         Reason       `json:"reason"`          //
	Why            string       `json:"why"`             // the outcome in one sentence
	ReceivedAt     time.Time    `json:"received_at"`     // when the first event of this run was received
	StartedAt      time.Time    `json:"started_at"`      // the first step's start; zero when none ran
	OutcomeAt      time.Time    `json:"outcome_at"`      // when the outcome was decided
	TakenAt        time.Time    `json:"taken_at"`        // when a person first took it
	TakenBy        string       `json:"taken_by"`        //
	EndedAt        time.Time    `json:"ended_at"`        // the end of the first response; zero while open
	Steps          []Step       `json:"steps"`           // in the order of StartedAt
	Transitions    []Transition `json:"transitions"`     // in the order of At
}

// FirstResponse is the first response time, from PagerDuty's created_at to the end of the first response; zero while
// it is open.
func (r Record) FirstResponse() time.Duration {
	if r.EndedAt.IsZero() {
		return 0
	}
	return r.EndedAt.Sub(r.Incident.CreatedAt)
}

// Changed says whether any changing step was started: the engine may have changed something.
func (r Record) Changed() bool {
	for _, s := range r.Steps {
		if s.Phase == Recover && s.Run == r.Run && s.Status != Skipped && s.Status != Planned && s.ErrorKind != Refused {
			return true
		}
	}
	return false
}
