package workflows

// This file is the part of the contract that people's choices need: buttons, commands and the API.

// The names of what is needed for choices; forever, as those in contract.go.
const (
	chooseUpdate = "choose" // takes an incident.Choice, gives an incident.ChoiceResult
	pauseSignal  = "pause"  // carries an incident.Pause: the running step is cancelled when it says so
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
