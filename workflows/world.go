package workflows

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/scenario"
)

// ErrRefused says that PagerDuty refuses, and will refuse again: it has no such incident, the token may not see or
// change it, or nobody is on call.
var ErrRefused = errors.New("pagerduty refuses")

// ErrGone says that PagerDuty has no such incident. It comes together with ErrRefused.
var ErrGone = errors.New("pagerduty has no such incident")

// ErrResolved says that the incident is resolved already and takes no more changes.
var ErrResolved = errors.New("the incident is resolved")

// ErrNotTaken says that a message is not taken there and never will be.
var ErrNotTaken = errors.New("the message is not taken")

// World is everything that the activities look at and act on. The fields that may be nil say so; all others are needed.
type World struct {
	Catalog   func() Catalog // the one in force now
	Compiler  Compiler
	Journal   Journal
	StepLog   StepLog
	Budgets   Budgets
	Incidents IncidentReader
	PagerDuty IncidentWriter
	Slack     Messenger // nil: Slack is not configured
	Contacts  Contacts  // nil: customers are told nothing
	Policies  Policies  // nil: everything is allowed at any time
	Deferrals Deferrals // needed with Policies
	Digests   Digests   // needed with Policies
	Pauses    Pauses    // nil: the kill switch does not exist
	Reports   Reports   // nil: none is made and sent by itself
	OnCall    OnCall    // nil: nobody is mentioned by name
	Actions   Runner
	Self      func(context.Context) (string, error) // the id of the engine's own PagerDuty user
	Now       func() time.Time
	Pause     func(context.Context, time.Duration) bool // between two tries of a step; false: the context ended first. Nil: by the real clock
	Log       *slog.Logger

	Buttons        bool   // people can press buttons in Slack: without, messages tell how to answer otherwise
	DefaultChannel string // of Slack, for incidents that belong to no customer; may be empty
	EngineVersion  string
}

// Catalog decides which scenario an incident gets.
type Catalog interface {
	Decide(incident.Incident) catalog.Decision
	Customer(incident.CustomerID) (*customer.Customer, bool)
	Runbook(name string) ([]byte, bool)
	Version() string
}

// Policies tells what a customer's windows decide.
type Policies interface {
	// Policy gives the customer's windows that are in force now: those of the catalog at that version, and maintenance that
	// was added since. A customer without any has an empty one.
	Policy(context.Context, incident.CustomerID) (p quiethours.Policy, catalogVersion string, err error)
}

// Deferrals tells what waits for the end of a window.
type Deferrals interface {
	// DeferralsUntil lists what of a customer was deferred until then: what still waits, and what has ended.
	DeferralsUntil(ctx context.Context, customer incident.CustomerID, until time.Time) (open, ended []incident.Deferral, err error)
}

// Digests starts the digest of a window's end. Starting the same again changes nothing.
type Digests interface {
	Start(ctx context.Context, customer incident.CustomerID, end time.Time) error
}

// Pauses tells what the kill switch stops.
type Pauses interface {
	// PausesInForce lists the pauses that nobody has ended.
	PausesInForce(context.Context) ([]incident.Pause, error)
}

// OnCall tells who is on call now.
type OnCall interface {
	// OnCall lists those whom an escalation policy calls first: who is on call now at its lowest level. An id that begins with
	// "slack:" can be mentioned there. What cannot be looked up is missing: nobody waits for it.
	OnCall(ctx context.Context, policy string) ([]incident.Person, error)
}

// Contacts tells the customers themselves. An error is ErrNotTaken when telling again gives the same. Key is the same when
// a crash makes the engine tell again.
type Contacts interface {
	//
	// Did says for the record what became of it, such as "opened OPS-12"; empty: told.
	TellContact(ctx context.Context, to customer.Contact, news ContactNews) (did string, err error)
}

// ContactNews is what one contact is told.
type ContactNews struct {
	Key      string                  // the same when a crash makes the engine tell again
	Issue    string                  // the same for everything that is told of one run of an incident: what a ticket is opened for
	Opened   bool                    // a ticket was opened before; now it is commented on
	Of       customer.Moment         // empty: a digest
	Message  handover.ContactMessage // for people
	Facts    handover.ContactFacts   // the same for programs
	Sentence string                  // the same for the telephone; empty: there is no call about it
	Language string
}

// Compiler gives the scenario that was pinned at intake.
type Compiler interface {
	Compile(scenario.Pinned) (*scenario.Scenario, error)
}

// Journal is the record of incidents. What it has answered without an error is durable.
type Journal interface {
	Begin(context.Context, incident.Record) (incident.Begun, error)
	Append(context.Context, []incident.Transition) error
	Record(context.Context, incident.ID) (incident.Record, error)
}

// StepLog is the record of steps.
type StepLog interface {
	// FindStep gives a step that was begun before.
	FindStep(context.Context, incident.StepKey) (step incident.Step, found bool, err error)
	// StartStep makes the intent to send a changing step durable.
	StartStep(context.Context, incident.Step) (incident.StepState, error)
	FinishStep(context.Context, incident.Step) error
}

// Budgets counts what was repaired before.
type Budgets interface {
	// Attempts counts the recovery attempts on a target since then.
	Attempts(ctx context.Context, customer incident.CustomerID, target string, since time.Time) (int, error)
	// Targets counts the targets that a scenario has tried to recover for a customer since then.
	Targets(ctx context.Context, customer incident.CustomerID, name incident.ScenarioName, since time.Time) (int, error)
}

// IncidentReader reads incidents from PagerDuty. Errors are ErrRefused or worth another try.
type IncidentReader interface {
	Read(context.Context, incident.ID) (incident.Incident, error)   // with its alerts
	Status(context.Context, incident.ID) (incident.Incident, error) // without; one request
}

// IncidentWriter writes to PagerDuty. Errors are ErrRefused, ErrResolved or worth another try.
type IncidentWriter interface {
	Acknowledge(context.Context, incident.ID) error
	Resolve(ctx context.Context, id incident.ID, resolution string) error
	// Note adds a note, once: with mayExist the notes are read first, and key tells ours from others.
	Note(ctx context.Context, id incident.ID, key, text string, mayExist bool) error
	// Reassign gives the incident to an escalation policy, which pages its first level.
	Reassign(ctx context.Context, id incident.ID, policy string) error
	// AcknowledgeFor acknowledges the incident in the name of a person, by PagerDuty's id of the user: then it is theirs.
	// With "" it is the engine that acknowledges.
	AcknowledgeFor(ctx context.Context, id incident.ID, user string) error
	// Snooze silences the incident for a time, seven days at most; then PagerDuty pages again.
	Snooze(ctx context.Context, id incident.ID, d time.Duration) error
}

// Messenger posts to Slack. Key is the same when a crash makes the engine post again.
type Messenger interface {
	//
	// An error is ErrNotTaken when posting again gives the same: no such channel, no such token.
	Post(ctx context.Context, channel string, m handover.Message, key string) (Posted, error)
	// Reply posts into the thread of a message.
	Reply(ctx context.Context, to Posted, m handover.Message) error
	// Update replaces the text and the blocks of a message; its thread stays as it is.
	Update(ctx context.Context, at Posted, m handover.Message) error
}

// Call is one use of an action.
type Call struct {
	Key       incident.StepKey // of the step that uses it
	Action    string
	Params    json.RawMessage
	Customer  incident.CustomerID // whose credentials are used
	Heartbeat func(detail any)
}

// Runner does the outside work. Its errors are *StepError.
type Runner interface {
	Run(context.Context, Call) (json.RawMessage, error)
}

// StepError is why a step failed.
type StepError struct {
	Kind incident.ErrorKind
	Err  error
}

// Error gives the text; it holds no secret.
func (e *StepError) Error() string { return e.Err.Error() }

// Unwrap gives the error inside.
func (e *StepError) Unwrap() error { return e.Err }
