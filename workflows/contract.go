package workflows

import (
	"encoding/json"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// The names under which workflows, activities and signals are known to Temporal. Names are forever: open histories
// hold them.
const (
	TaskQueue        = "shodo"
	IncidentWorkflow = "incident"
	RecoveryWorkflow = "recovery"

	eventSignal = "event" // carries an incident.Event

	intakeActivity        = "intake"
	stepsActivity         = "steps"
	attemptActivity       = "attempt"
	planActivity          = "plan"
	concludeActivity      = "conclude"
	recordActivity        = "record"
	tellSlackActivity     = "tell_slack"
	followSlackActivity   = "follow_slack"
	tellPagerDutyActivity = "tell_pagerduty"
	statusActivity        = "incident_status"
)

// The search attributes of every workflow of ours; all are keywords. Scenario is set on recovery workflows only: it
// is known after intake, and setting it then would cost each incident an event and an action, while the record
// answers the same question.
const (
	CustomerAttribute   = "Customer"
	DepartmentAttribute = "Department"
	ScenarioAttribute   = "Scenario"
)

// SearchAttributes lists the attributes that a namespace must have.
func SearchAttributes() []string {
	return []string{CustomerAttribute, DepartmentAttribute, ScenarioAttribute}
}

// WorkflowID is the id of an incident's workflow.
func WorkflowID(id incident.ID) string { return "incident/" + string(id) }

// recoveryID is the id of the workflow that repairs a target. Its uniqueness is the lock.
func recoveryID(customer incident.CustomerID, target string) string {
	return "recovery/" + string(customer) + "/" + target
}

// IncidentInput starts the first response to one incident.
type IncidentInput struct {
	Event incident.Event `json:"event"`
}

// IncidentResult is how it ended; the record has the rest.
type IncidentResult struct {
	Outcome incident.Outcome `json:"outcome,omitempty"` // empty: there was nothing to do
	Reason  incident.Reason  `json:"reason,omitempty"`
}

// Case is what the steps of one run may read. Intake pins it; it travels with the workflow, so that no later change
// of the catalog reaches a running incident.
type Case struct {
	Incident incident.Incident `json:"incident"`
	Run      int               `json:"run"`
	Customer incident.Customer `json:"customer"`
	Scenario scenario.Pinned   `json:"scenario"`
	Inputs   json.RawMessage   `json:"inputs,omitempty"`
	Target   string            `json:"target,omitempty"`
	Deadline time.Time         `json:"deadline"` // the end of limits.timeout
}

// Verdict is how the first response ended, or has to end.
type Verdict struct {
	Outcome  incident.Outcome `json:"outcome"`
	Reason   incident.Reason  `json:"reason,omitempty"`
	Why      string           `json:"why"`                // one sentence, for people
	By       string           `json:"by,omitempty"`       // who took it or resolved it
	Resolved bool             `json:"resolved,omitempty"` // PagerDuty already has it resolved
	Window   string           `json:"window,omitempty"`   // of Suppressed: whose answer it was
	Until    time.Time        `json:"until,omitzero"`     // of Suppressed: how long it is the answer
	Policy   string           `json:"policy,omitempty"`   // of Suppressed: the hash of the windows
	Unasked  bool             `json:"unasked,omitempty"`  // of NotApproved: nobody could be asked, because of a window
}

// Plan is what intake decided: whether there is anything to do, and the shape of the scenario.
type Plan struct {
	Case
	Nothing    bool          `json:"nothing,omitempty"`     // an earlier run ended and the incident is resolved
	Verdict    *Verdict      `json:"verdict,omitempty"`     // decided without a single step
	Paging     bool          `json:"paging,omitempty"`      // PagerDuty itself pages a person
	Observe    bool          `json:"observe,omitempty"`     // nothing may be changed
	LeavesOpen bool          `json:"leaves_open,omitempty"` // a person ends it, whatever is found
	ReportOnly bool          `json:"report_only,omitempty"` // unrecovered: report
	Asks       bool          `json:"asks,omitempty"`        // the customer's windows are asked before a person is told; plans of earlier engines never do
	Windows    bool          `json:"windows,omitempty"`     // the customer had windows when the run began
	Check      []StepPlan    `json:"check,omitempty"`
	Gather     []StepPlan    `json:"gather,omitempty"`
	Attempts   []AttemptPlan `json:"attempts,omitempty"`
	Verify     VerifyPlan    `json:"verify"`
	Tiers      []TierPlan    `json:"tiers,omitempty"`      // in the order in which they are told
	TwoPeople  bool          `json:"two_people,omitempty"` // what one person asks for, another one has to approve
	TellsOver  bool          `json:"tells_over,omitempty"` // contacts of the customer are told of a hand-over
	Always     bool          `json:"always,omitempty"`     // a person goes on even after a repair that held
	Remaining  int           `json:"remaining,omitempty"`  // how many points the checklist has
	Limit      time.Duration `json:"limit,omitempty"`      // limits.timeout, for what begins later
	Live       bool          `json:"live,omitempty"`       // messages in Slack are kept current; plans of earlier engines never do
	Yields     bool          `json:"yields,omitempty"`     // who takes it over stops the close, and a question follows each step that another one reads; plans of earlier engines never do
}

// StepPlan is what sequencing needs to know of a step.
type StepPlan struct {
	Name    string        `json:"name"`
	Action  string        `json:"action"`
	Timeout time.Duration `json:"timeout"`
	OnError string        `json:"on_error"` // continue, next_attempt, hand_over
	Retry   RetryPlan     `json:"retry"`
	Changes bool          `json:"changes,omitempty"`
}

// RetryPlan is a step's own repetition of transient errors.
type RetryPlan struct {
	Attempts int           `json:"attempts,omitempty"` // 0 and 1: no repetition
	Every    time.Duration `json:"every,omitempty"`
	Backoff  float64       `json:"backoff,omitempty"`
}

// AttemptPlan is one way to recover.
type AttemptPlan struct {
	Name        string     `json:"name"`
	Conditional bool       `json:"conditional,omitempty"` // it has an "if"
	Steps       []StepPlan `json:"steps"`

	Approval *ApprovalPlan `json:"approval,omitempty"` // who has to approve it; nil: nobody
}

// VerifyPlan is how to tell that a repair holds.
type VerifyPlan struct {
	Steps     []StepPlan    `json:"steps,omitempty"`
	Within    time.Duration `json:"within"`
	Every     time.Duration `json:"every"`
	StableFor time.Duration `json:"stable_for"`
}

// TierPlan is one tier that can be told.
type TierPlan struct {
	Name   string        `json:"name"`
	After  time.Duration `json:"after,omitempty"`  // without an answer of the tier before it
	Slack  string        `json:"slack,omitempty"`  // the channel
	Policy string        `json:"policy,omitempty"` // PagerDuty's escalation policy id
}

// IntakeInput asks to read and match an incident.
type IntakeInput struct {
	Event   incident.Event `json:"event"`
	Trouble string         `json:"trouble,omitempty"` // why it could not be done before: then only what the event tells is recorded
}

// StepsInput asks for quick read-only steps of one phase in one go.
type StepsInput struct {
	Case     Case            `json:"case"`
	Phase    incident.Phase  `json:"phase"`
	Attempt  int             `json:"attempt"`
	Round    int             `json:"round"`
	Indices  []int           `json:"indices"`  // of the phase's steps
	Parallel bool            `json:"parallel"` // all at once
	Done     []incident.Step `json:"done"`     // what later expressions may read
}

// StepInput asks for one step under its action's own name.
type StepInput struct {
	Case Case             `json:"case"`
	Key  incident.StepKey `json:"key"`
	Done []incident.Step  `json:"done"`

	Granted *Granted `json:"granted,omitempty"` // what was approved; nil: nothing needs to be
	Wish    bool     `json:"wish,omitempty"`    // a person asked for it: that somebody has the incident does not stop it
}

// StepResult is what became of a step. A step that fails is a result, not an error.
type StepResult struct {
	Step    incident.Step   `json:"step"`
	Stepped *Verdict        `json:"stepped_in,omitempty"` // a person or the monitor ended it: nothing was sent
	Refused incident.Reason `json:"refused,omitempty"`    // a limit forbids it: nothing was sent
}

// RecoveryInput starts the repair of one target.
type RecoveryInput struct {
	Case     Case            `json:"case"`
	Attempts []AttemptPlan   `json:"attempts"`
	Verify   VerifyPlan      `json:"verify"`
	Done     []incident.Step `json:"done"`
	From     int             `json:"from,omitempty"` // the first attempt that is not made yet; 0 and 1: none is

	Granted *Granted `json:"granted,omitempty"` // the attempt that was approved
	Passed  string   `json:"passed,omitempty"`  // why an attempt was passed over that was not approved; empty: none was
	Wish    int      `json:"wish,omitempty"`    // a person asked for the attempt From and no other: the number of the wish in the run
	AsksOn  bool     `json:"asks_on,omitempty"` // of a wish: it is asked again where what was approved has changed; earlier engines never did
}

// RecoveryResult is how the repair went.
type RecoveryResult struct {
	Verdict   Verdict         `json:"verdict"`             // Recovered, HandedOver with a reason, or TakenOver
	Attempt   int             `json:"attempt,omitempty"`   // the one that held
	Forbidden int             `json:"forbidden,omitempty"` // the one that a window forbade, or the kill switch
	Asks      int             `json:"asks,omitempty"`      // the one that a person has to approve; then there is no verdict
	Differs   bool            `json:"differs,omitempty"`   // it was approved, and is another one now
	Changed   bool            `json:"changed,omitempty"`   // a changing step was sent
	Cancelled bool            `json:"cancelled,omitempty"` // it was cancelled: whoever did it knows why
	Steps     []incident.Step `json:"steps,omitempty"`
}

// AttemptInput asks whether an attempt applies.
type AttemptInput struct {
	Case    Case            `json:"case"`
	Attempt int             `json:"attempt"`
	Done    []incident.Step `json:"done"`
}

// PlanInput asks what recover would have done.
type PlanInput struct {
	Case Case            `json:"case"`
	Done []incident.Step `json:"done"`
}

// ConcludeInput asks to carry an automatic outcome out and to record it.
type ConcludeInput struct {
	Case    Case            `json:"case"`
	Verdict Verdict         `json:"verdict"`
	Attempt int             `json:"attempt,omitempty"`
	Done    []incident.Step `json:"done"`
	Waiting int             `json:"waiting,omitempty"` // it has waited for the end of a window: the number of that answer
}

// RecordInput asks to append to the record.
type RecordInput struct {
	Transitions []incident.Transition `json:"transitions"`
}

// TellInput asks to tell a tier, in one of its two ways.
type TellInput struct {
	Case    Case          `json:"case"`
	Verdict Verdict       `json:"verdict"`
	Tier    TierPlan      `json:"tier"`
	Round   int           `json:"round"`            // how often all tiers have been told before, times their number, plus the place of this one
	Page    bool          `json:"page"`             // have PagerDuty page the tier's policy
	Anyway  bool          `json:"anyway,omitempty"` // whatever the customer's windows say: an operator has ended the run
	Called  bool          `json:"called,omitempty"` // a person wants the tier to be told, whoever has the incident
	Within  time.Duration `json:"within,omitempty"` // how long the tier has for an answer, when one is waited for
	Asked   time.Time     `json:"asked,omitzero"`   // when telling began
	Show    Show          `json:"show,omitzero"`
}

// Posted is where a message stands in Slack.
type Posted struct {
	Channel string `json:"channel,omitempty"` // its id
	TS      string `json:"ts,omitempty"`
}

// ToldSlack is what became of a packet in Slack.
type ToldSlack struct {
	Taken  bool   `json:"taken,omitempty"`
	Posted Posted `json:"posted"` // empty when it was posted before a crash

	Mentions []incident.Person `json:"mentions,omitempty"` // who was on call
}

// The news that a thread in Slack gets.
const (
	newsTaken    = "taken"
	newsNobody   = "nobody_answered"
	newsResolved = "resolved"
)

// FollowInput asks to tell a thread in Slack what has become of the incident, and to bring the message itself up to date. One
// news in the fields is of earlier engines, and several come as Batch.
type FollowInput struct {
	Case   Case          `json:"case"`
	Thread Posted        `json:"thread"`
	News   string        `json:"news,omitempty"`
	By     string        `json:"by,omitempty"`     // who took or resolved it; the tier that did not answer
	Next   string        `json:"next,omitempty"`   // the tier that is told now
	Within time.Duration `json:"within,omitempty"` // how long the tier had

	Tier  TierPlan `json:"tier,omitzero"` // whose message it is
	Batch []News   `json:"batch,omitempty"`
	Show  *Show    `json:"show,omitempty"` // nil: the message stays as it is
}
