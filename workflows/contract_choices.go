package workflows

import (
	"time"

	"shodo/internal/incident"
)

// This file is the part of the contract that people's choices need: buttons, commands and the API; approvals and the kill
// switch with them.

// The names of what is needed for choices; forever, as those in contract.go.
const (
	chooseUpdate = "choose" // takes an incident.Choice, gives an incident.ChoiceResult
	pauseSignal  = "pause"  // carries an incident.Pause: the running step is cancelled when it says so

	askActivity          = "ask"
	tellQuestionActivity = "tell_question"
	noteQuestionActivity = "note_question"
)

// The types of the errors by which a choice is refused. They are part of the contract: whoever chose is told by them why.
const (
	RefusedEnded      = "ended"       // the first response is over, or there is none
	RefusedRun        = "other_run"   // it was made for an earlier run of the incident
	RefusedAnswered   = "answered"    // somebody has answered the question already, or its time is over
	RefusedSamePerson = "same_person" // the customer demands two people, and this is the one who asked
	RefusedAttempt    = "no_attempt"  // the scenario has no such attempt, or it may not be made here
	RefusedWorking    = "working"     // the engine works on it: take it over first, or wait
	RefusedNoTier     = "no_tier"     // no tier is left to be told
	RefusedItem       = "no_item"     // the checklist has no such point
	RefusedTooMany    = "too_many"    // the run of the incident has taken so many choices that it takes no more
)

// ApprovalPlan is who has to approve an attempt.
type ApprovalPlan struct {
	Tier      TierPlan      `json:"tier"`
	Within    time.Duration `json:"within"`
	Otherwise string        `json:"otherwise"` // hand_over, next_attempt; of a person's wish: drop
}

// AskInput asks to prepare a question: is there anything in the way of asking, and what exactly is to be approved?
type AskInput struct {
	Question QuestionInput `json:"question"`
	Round    int           `json:"round,omitempty"` // of the attempt's steps
	Again    bool          `json:"again,omitempty"` // what was approved before is not what would be sent now
}

// Asking is a question that may be put.
type Asking struct {
	Verdict *Verdict  `json:"verdict,omitempty"` // nobody is to be asked, because the attempt may not be made now
	Until   time.Time `json:"until,omitzero"`
	Steps   []string  `json:"steps,omitempty"` // for Granted
}

// QuestionInput asks people to approve an attempt. What it would do is rendered from the same facts by everybody who
// shows it.
type QuestionInput struct {
	Case     Case            `json:"case"`
	Number   int             `json:"number"` // of the questions of the run, from 1
	Attempt  int             `json:"attempt"`
	Approval ApprovalPlan    `json:"approval"`
	AskedBy  string          `json:"asked_by,omitempty"` // at whose wish it would be made; empty: the engine's own
	Until    time.Time       `json:"until,omitzero"`
	Done     []incident.Step `json:"done"`
}

// Granted is an attempt that was approved, as it was shown.
type Granted struct {
	Attempt int      `json:"attempt"`
	Number  int      `json:"number"` // of the question
	Steps   []string `json:"steps"`  // what was shown of each step, as a hash: its action and its rendered parameters
}
