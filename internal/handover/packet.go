package handover

import (
	"time"

	"shodo/internal/incident"
)

// Options is what a packet needs beyond the record. All of it is optional.
type Options struct {
	Language  string         // "ja" or "en"; empty: the customer's
	TimeZone  *time.Location // of every time in the packet; nil: UTC
	Tier      string         // who is told, such as "first_tier"
	Remaining []string       // the scenario's hand_over.remaining, rendered
	Runbook   string         // the runbook: its http(s) address, or its text
	CloseNote string         // the scenario's close.note, rendered: what was done, in the author's words
	Now       time.Time      // when the packet is made; zero: ages are left out

	Buttons  bool              // people can press buttons in Slack; without, the messages tell how to answer otherwise
	Mentions []incident.Person // who is on call now: mentioned in Slack where the id begins with "slack:", named elsewhere
	Offers   []Offer           // the attempts that a person may have made
	Question *Question         // what waits for approval; nil: nothing does
	Paused   *incident.Pause   // the kill switch that is in force here; nil: none is
	Next     string            // the tier that is told next, unless somebody answers
	NextAt   time.Time         // when; zero: nobody is waited for
	CanCall  bool              // a person may have the next tier told now
	Moved    bool              // a later message of the incident stands in the same channel: that one is for choices
}

// Offer is an attempt of the scenario that a person may have made.
type Offer struct {
	Attempt  int      // from 1
	Name     string   // as the scenario calls it
	Commands []string // what it would do, rendered with the facts of now: one text for each step
}

// Question is an attempt that waits for a person's approval. What is approved are the commands as they stand here.
type Question struct {
	Number    int      // of the questions of the run, from 1
	Attempt   int      // from 1
	Name      string   // of the attempt
	Commands  []string // rendered: one text for each step
	Until     time.Time
	Otherwise string // what follows without an approval: "hand_over", "next_attempt", or "drop" when a person asked
	Tier      string // who is asked
	AskedBy   string // the person at whose wish it is to be made; empty: the engine asks
}

// Packet is what a person has to know of one incident to go on with it. All text in it is cleaned and cut, and still
// has to be escaped for its reader; the renderings do that.
type Packet struct {
	Language string
	Zone     *time.Location
	Now      time.Time

	Incident Incident
	Customer string // its name; empty: no customer has the service
	Tier     string
	Target   string
	Scenario Scenario
	Run      int // 2 and more: the incident was reopened

	Outcome incident.Outcome
	Reason  incident.Reason
	Phase   incident.Phase // where it was when the packet was made
	Why     string         // the engine's own sentence, in the reader's language
	Changed bool           // the engine may have changed something

	Checked   []Line
	Tried     []Attempt
	Evidence  []Evidence
	First     []string // what a person has to do before what remains
	Remaining []string // the checklist
	CloseNote string

	RunbookName string
	RunbookURL  string
	RunbookText string
	Links       []string // of the monitor

	Told      []Told
	Waits     []Wait
	Forbidder Window // what forbids to change anything, when Reason is forbidden
	TakenBy   string
	TakenAt   time.Time
	OutcomeAt time.Time
	EndedAt   time.Time

	EngineVersion  string
	CatalogVersion string

	Owner    string // who has it now; TakenBy is who took it first
	OwnerAt  time.Time
	Deeds    []Deed
	Ticks    []Tick    // of Remaining
	Finish   *Deed     // what ended the first response; nil: it is open
	Wish     *Deed     // the attempt that runs because a person asked for it; nil: none does
	Question *Question // what waits for approval; nil: nothing does
	Offers   []Offer
	Mentions []incident.Person
	Buttons  bool
	Paused   *incident.Pause
	Next     string
	NextAt   time.Time
	CanCall  bool
	Moved    bool // a later message takes the choices

	names map[int]string // of attempts, also when they are not offered any more
	words words
}

// Incident is what is broken and since when.
type Incident struct {
	ID         incident.ID
	Number     int
	Title      string
	URL        string
	Status     incident.Status
	Urgency    string
	Priority   string
	Service    string
	ServiceID  string
	Since      time.Time // PagerDuty's created_at
	Summary    string    // the first alert's; empty when it says the same as the title
	Severity   string
	Source     string
	Monitor    string
	AlertCount int
}

// Scenario is which scenario the incident got, and why.
type Scenario struct {
	Name       string // empty: none
	Title      string
	Hash       string
	Autonomy   incident.Autonomy
	Why        string
	Considered []Considered
}

// Considered is one scenario that did not match, and why.
type Considered struct{ Name, Why string }

// Line is one step and what came of it. Of a step that was repeated, it is the last time.
type Line struct {
	Name      string
	Action    string
	What      string // its command or parameters, on one line
	Status    incident.StepStatus
	Healthy   *bool
	Found     string // its output, on one line
	Error     string
	Said      bool // Error is the engine's own sentence, and not what a machine answered
	ErrorKind incident.ErrorKind
	Note      string // why it was skipped or only planned
	At        time.Time
	Took      time.Duration
	Rounds    int // how often it ran
}

// Attempt is one way to recover that was tried or planned.
type Attempt struct {
	Number   int
	By       string // at whose wish it was made; empty: the engine made it by itself
	Steps    []Line
	Verified []Line // the last round of verification after it
	Held     *bool  // whether verification held; nil: not verified
}

// Evidence is one piece of output that is worth reading.
type Evidence struct {
	Name  string
	Phase incident.Phase
	Short string // what fits into a message
	Full  string // all of it, at most MaxFile
	File  string // the name of the file that holds Full; empty when Short is all
	Error string // why there is none

	gist    string // what of Full is for a reader who knows nothing of steps; at most MaxFile
	unnamed bool   // Name is only that of the action
}

// Told is a tier that was told, and when.
type Told struct {
	Tier string
	At   time.Time
}

// Wait is a time in which nobody was told, because a window said so.
type Wait struct {
	Window
	From time.Time
	Over bool // it has ended, at Until
}

// Window is one of the customer's windows, and when what it said is over; zero: not known.
type Window struct {
	Name  string // with its kind: "quiet hours \"nights\""
	Until time.Time
}

// Sizes, in characters, to which texts of a record are cut before they are shown. What is worth more goes into a file.
const (
	maxTitle       = 300
	maxName        = 120
	maxWhy         = 500
	maxWhat        = 400
	maxFound       = 400
	maxError       = 500
	maxItem        = 300
	maxURL         = 1_000
	shortRows      = 12
	maxShort       = 1_500
	maxRunbookNote = 6_000 // bytes of a runbook in a note
	maxRows        = 40    // of steps, attempts, evidence, remaining work
)
