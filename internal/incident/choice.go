package incident

import "time"

// ChoiceKind is what a person can decide about an incident, by a button, a command or the API.
type ChoiceKind string

// The choices.
const (
	TakeOver   ChoiceKind = "take_over"   // the person has it from now on; the engine changes nothing more
	Grant      ChoiceKind = "approve"     // the attempt that the engine asks for may be made, as it is shown
	NotNow     ChoiceKind = "not_now"     // it may not
	RunAttempt ChoiceKind = "run_attempt" // make one attempt of the scenario, and verify
	NextTier   ChoiceKind = "next_tier"   // tell the next tier now
	Done       ChoiceKind = "done"        // the first response is finished
	Noise      ChoiceKind = "noise"       // nobody was needed: finished, and resolved in PagerDuty
	Tick       ChoiceKind = "tick"        // one point of the checklist is done, or not done after all
)

// ChoiceKinds lists every choice.
func ChoiceKinds() []ChoiceKind {
	return []ChoiceKind{TakeOver, Grant, NotNow, RunAttempt, NextTier, Done, Noise, Tick}
}

// Person is somebody who decides.
type Person struct {
	ID        string `json:"id"`                  // "slack:U024BE7LH", "api:TOKEN-NAME", "local:USER": the same person by another way has another id
	Name      string `json:"name"`                // for people
	PagerDuty string `json:"pagerduty,omitempty"` // the id of the same person in PagerDuty, where it is known
}

// Choice is one decision of one person.
type Choice struct {
	ID       string     `json:"id"` // the same when the same press comes again
	Kind     ChoiceKind `json:"kind"`
	Incident ID         `json:"incident"`
	Run      int        `json:"run"`               // the run that the person saw; 0: whichever is the present one
	Number   int        `json:"number,omitempty"`  // of approve and not_now: which question of the run, from 1; 0: the one that waits
	Attempt  int        `json:"attempt,omitempty"` // of run_attempt: from 1
	Item     int        `json:"item,omitempty"`    // of tick: the point of the checklist, from 1
	On       bool       `json:"on,omitempty"`      // of tick: done
	By       Person     `json:"by"`
	At       time.Time  `json:"at"`
	Note     string     `json:"note,omitempty"` // in the person's own words; may be empty
}

// ChoiceResult is what became of a choice that was taken.
type ChoiceResult struct {
	Again bool `json:"again,omitempty"` // it was so already: nothing has changed by it
	// Waits says that the choice is taken, and that another person has to approve it first.
	Waits bool `json:"waits,omitempty"`
}
