package incident

// Phase is a part of the first response.
type Phase string

// The phases, in their order. Intake reads and matches; End means that the first response is over.
const (
	Intake   Phase = "intake"
	Check    Phase = "check"
	Gather   Phase = "gather"
	Recover  Phase = "recover"
	Verify   Phase = "verify"
	Close    Phase = "close"
	HandOver Phase = "hand_over"
	End      Phase = "end"
)

// Autonomy is how much the engine may do by itself.
type Autonomy string

// The levels, lowest first. A customer may only lower what the scenario says.
const (
	Observe   Autonomy = "observe"
	Suggest   Autonomy = "suggest"
	Approve   Autonomy = "approve"
	Automatic Autonomy = "automatic"
)

// Outcome is how the first response ended. The list is closed.
type Outcome string

// The outcomes.
const (
	Recovered        Outcome = "recovered"         // an attempt was made and verification held
	Cleared          Outcome = "cleared"           // check found it healthy before anything was changed
	ResolvedUpstream Outcome = "resolved_upstream" // the monitor resolved it before the engine changed anything
	Reported         Outcome = "reported"          // the scenario only reports, and reported
	Suppressed       Outcome = "suppressed"        // the customer's policy says not to tell and not to act
	HandedOver       Outcome = "handed_over"       // a person has to go on; see Reason
	Unmatched        Outcome = "unmatched"         // no scenario covers it; handed over
	TakenOver        Outcome = "taken_over"        // a person took it while the engine worked
)

// Outcomes lists every outcome.
func Outcomes() []Outcome {
	return []Outcome{Recovered, Cleared, ResolvedUpstream, Reported, Suppressed, HandedOver, Unmatched, TakenOver}
}

// IsAutomatic says whether the outcome counts as handled without a person.
func (o Outcome) IsAutomatic() bool {
	switch o {
	case Recovered, Cleared, ResolvedUpstream, Reported, Suppressed:
		return true
	}
	return false
}

// Reason is why the engine handed an incident over. The list is closed.
type Reason string

// The reasons of HandedOver.
const (
	VerifyFailed Reason = "verify_failed" // every attempt was made and none held
	Inconclusive Reason = "inconclusive"  // it could not be told what is true: check failed, or the effect of a step is unknown
	StepFailed   Reason = "step_failed"   // a step failed and the scenario says to hand over
	NotApproved  Reason = "not_approved"  // nobody approved in time, or somebody said no
	Forbidden    Reason = "forbidden"     // the customer's policy forbids to change anything now
	OverBudget   Reason = "over_budget"   // too many repairs of this target, or of too many targets
	Storm        Reason = "storm"         // too many incidents of this customer at once
	BusyTarget   Reason = "busy_target"   // another repair of the same target did not end in time
	Observed     Reason = "observed"      // the scenario only observes, or only suggests
	Paused       Reason = "paused"        // the kill switch is on
	Partial      Reason = "partial"       // the automatic part is done, and what remains is a person's
	Timeout      Reason = "timeout"       // limits.timeout ran out
	Stale        Reason = "stale"         // older than limits.timeout when it arrived
	EngineError  Reason = "engine_error"  // something went wrong inside the engine
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{VerifyFailed, Inconclusive, StepFailed, NotApproved, Forbidden, OverBudget, Storm, BusyTarget,
		Observed, Paused, Partial, Timeout, Stale, EngineError}
}
