package workflows

import (
	"time"

	"shodo/internal/incident"
)

// This file is the part of the contract that keeps messages in Slack current and carries people's choices to PagerDuty.

// The names of what is needed for it; forever, as those in contract.go.
const (
	takePagerDutyActivity = "take_pagerduty"
	finishActivity        = "finish"
)

// Show is what a message shows beside the record.
type Show struct {
	Next     string            `json:"next,omitempty"`     // the tier that is told next, unless somebody answers
	NextAt   time.Time         `json:"next_at,omitzero"`   // when; zero: nobody is waited for
	CanCall  bool              `json:"can_call,omitempty"` // a person may have the next tier told now
	MayRun   bool              `json:"may_run,omitempty"`  // a person may have attempts made
	Mentions []incident.Person `json:"mentions,omitempty"` // who was on call when the message was posted
	Question *QuestionInput    `json:"question,omitempty"` // what waits for approval
	Moved    bool              `json:"moved,omitempty"`    // a later message of the run stands in the same channel
}

// News is one thing that the thread of a message is told.
type News struct {
	Kind   string               `json:"kind,omitempty"` // one of the news; empty: Line tells it
	By     string               `json:"by,omitempty"`
	Next   string               `json:"next,omitempty"`
	Within time.Duration        `json:"within,omitempty"`
	Line   *incident.Transition `json:"line,omitempty"` // of the record
}

// TakeInput asks to acknowledge an incident in PagerDuty in a person's name, who took it elsewhere.
type TakeInput struct {
	Case   Case            `json:"case"`
	Choice incident.Choice `json:"choice"`
}

// FinishInput asks to tell PagerDuty that a person has finished the first response; as noise, it is resolved there.
type FinishInput struct {
	Case   Case            `json:"case"`
	Choice incident.Choice `json:"choice"`
}
