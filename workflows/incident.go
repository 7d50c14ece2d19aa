package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// Incident is the first response to one PagerDuty incident, from the first event to its end.
func Incident(ctx workflow.Context, in IncidentInput) (IncidentResult, error) {
	r := newResponse(ctx, in.Event)
	r.intake()
	if r.plan.Nothing {
		return r.end(Verdict{})
	}
	for verdict := r.respond(); ; {
		verdict = r.heedWindows(r.remains(verdict))
		if !verdict.Outcome.IsAutomatic() {
			r.choices.stand = handed
			r.handOver(verdict)
			return r.end(verdict)
		}
		if verdict = r.conclude(verdict); verdict.Outcome.IsAutomatic() {
			return r.end(verdict)
		}
	}
}

// response is one run of the first response.
type response struct {
	root    workflow.Context // the workflow's own; ends when an operator cancels it in Temporal
	ctx     workflow.Context // of the whole run
	work    workflow.Context // of the automatic part; ends when somebody steps in
	stop    workflow.CancelFunc
	event   incident.Event
	plan    Plan
	done    []incident.Step // the steps so far
	changed bool            // something may have been changed
	attempt int             // the attempt that held
	people  people
	choices choices
	posts   []*post           // in Slack
	notes   []workflow.Future // of packets in PagerDuty
	replies []workflow.Future // to the packets in Slack, in runs of earlier engines

	turn     int                 // of the tier that is told, or is told next: TellInput.Round
	nextAt   time.Time           // when the next tier is told, unless somebody answers
	called   bool                // a person has called the next tier
	acting   bool                // a choice is being acted on
	pen      workflow.Mutex      // of the record: what happens at once is written in its order
	owned    bool                // the record says who has the incident: owner
	owner    string              // as people.holder names them
	releases int                 // how often nobody had it any more
	yield    workflow.CancelFunc // ends acknowledging for whoever had it before; may be nil

	policy   workflow.ReceiveChannel // tells that the customer's windows may have changed
	windows  bool                    // the customer has windows, as far as is known
	asked    int                     // how often they were asked whether people may be told
	waiting  int                     // the number of the answer whose end is waited for; 0: none is
	allowed  bool                    // they have just allowed to tell people
	recorded bool                    // the outcome is in the record
	from     int                     // the attempt to go on with: the ones before it are made, or passed over

	contacting bool // contacts of the customer are being told of the hand-over
	overTold   bool // they were

	granted  *Granted        // the attempt that was approved
	differed int             // the attempt that was asked for again, because it had changed
	sent     int             // how many of its steps were sent then
	passed   string          // why an attempt was passed over that was not approved
	wishes   int             // how many attempts people have asked for
	paused   *incident.Pause // the kill switch has cancelled what was running
}

// newResponse makes a run. When somebody cancels its workflow in Temporal, that ends the automatic part only: people have
// to be told all the same.
func newResponse(ctx workflow.Context, first incident.Event) *response {
	r := &response{event: first, root: ctx, policy: workflow.GetSignalChannel(ctx, policySignal)}
	r.ctx, _ = workflow.NewDisconnectedContext(ctx)
	r.work, r.stop = workflow.WithCancel(ctx)
	r.people.watch(r.ctx, first, r.stop)
	r.pen = workflow.NewMutex(r.ctx)
	r.listen()
	r.heedPauses()
	return r
}

// intake reads the incident, opens its record and decides what to do. Should that break, a person gets what the event
// itself tells.
func (r *response) intake() {
	in := IntakeInput{Event: r.event}
	err := workflow.ExecuteLocalActivity(patient(r.ctx), intakeActivity, in).Get(r.ctx, &r.plan)
	if err == nil {
		r.windows = r.plan.Windows
		return
	}
	in.Trouble = engineError("read and match the incident", err).Why
	if err := workflow.ExecuteLocalActivity(persistent(r.ctx), intakeActivity, in).Get(r.ctx, &r.plan); err != nil {
		r.plan = Plan{Case: Case{Incident: incident.Incident{ID: r.event.Incident}, Run: 1}, Paging: true,
			Verdict: engineError("open the record", err)}
	}
	r.windows = r.plan.Windows
}

// respond does the automatic part and says how it ended.
func (r *response) respond() Verdict {
	if r.plan.Verdict != nil {
		return *r.plan.Verdict
	}
	for wait := lockWait; ; {
		healthy, stopped := r.check()
		if stopped != nil {
			return *stopped
		}
		if healthy {
			return r.foundHealthy()
		}
		if stopped := r.gather(); stopped != nil {
			return *stopped
		}
		if len(r.plan.Attempts) == 0 {
			return r.withoutRecovery()
		}
		if r.plan.Observe {
			return r.observe()
		}
		switch result, busy := r.recover(); {
		case busy:
			// Another incident repairs the same target. Often that heals this one too: wait, then look again.
			if stopped := r.pause(wait); stopped != nil {
				return *stopped
			}
			wait = min(2*wait, maxLockWait)
		case result.Asks > 0:
			// A person has to approve it. That takes time, too.
			if stopped := r.approve(result.Asks, result.Differs); stopped != nil {
				return *stopped
			}
		default:
			return result.Verdict
		}
	}
}

// check asks whether it is really broken.
func (r *response) check() (healthy bool, stopped *Verdict) {
	if len(r.plan.Check) == 0 {
		return false, r.interrupted()
	}
	steps, err := runSteps(r.work, r.phase(incident.Check, r.plan.Check))
	r.done = latest(r.done, steps)
	if stopped := r.interrupted(); stopped != nil {
		return false, stopped
	}
	if err != nil {
		return false, engineError("check", err)
	}
	for i, s := range steps {
		if s.Status == incident.Failed && onError(r.plan.Check, i) == "hand_over" {
			return false, &Verdict{Outcome: incident.HandedOver, Reason: incident.Inconclusive,
				Why: fmt.Sprintf("the check %q could not tell: %s", s.Name, s.Error)}
		}
	}
	return allHealthy(steps), nil
}

// gather collects evidence, all at once and as far as it is to be had.
func (r *response) gather() *Verdict {
	if len(r.plan.Gather) > 0 && !r.hasGathered() {
		steps, err := runSteps(r.work, r.phase(incident.Gather, r.plan.Gather))
		r.done = latest(r.done, steps)
		if stopped := r.interrupted(); stopped != nil {
			return stopped
		}
		if err != nil {
			return engineError("gather", err)
		}
		for i, s := range steps {
			if s.Status == incident.Failed && onError(r.plan.Gather, i) == "hand_over" {
				return &Verdict{Outcome: incident.HandedOver, Reason: incident.StepFailed,
					Why: fmt.Sprintf("gathering %q: %s", s.Name, s.Error)}
			}
		}
	}
	return r.interrupted()
}

func (r *response) hasGathered() bool {
	for _, s := range r.done {
		if s.Phase == incident.Gather {
			return true
		}
	}
	return false
}

// withoutRecovery ends a scenario that only checks and gathers.
func (r *response) withoutRecovery() Verdict {
	if r.plan.ReportOnly {
		return r.unlessObserved(Verdict{Outcome: incident.Reported, Why: "the scenario reports what it gathered"})
	}
	return Verdict{Outcome: incident.HandedOver, Reason: incident.Observed,
		Why: "the scenario checks and gathers, and leaves the repair to a person"}
}

// unlessObserved gives the verdict, which would close the incident, to a person where the scenario only observes.
func (r *response) unlessObserved(v Verdict) Verdict {
	if !r.plan.LeavesOpen {
		return v
	}
	return Verdict{Outcome: incident.HandedOver, Reason: incident.Observed, Why: v.Why + "; the scenario only observes here, so it stays open"}
}

// observe records what recover would have done.
func (r *response) observe() Verdict {
	var planned []incident.Step
	err := workflow.ExecuteLocalActivity(asking(r.ctx), planActivity, PlanInput{Case: r.plan.Case, Done: r.done}).Get(r.ctx, &planned)
	if err != nil {
		return *engineError("plan the recovery", err)
	}
	r.done = latest(r.done, planned)
	why := "the scenario only observes here: the record says what would have run"
	if !r.plan.LeavesOpen {
		why = "the scenario only suggests here: a person decides what is run"
	}
	return Verdict{Outcome: incident.HandedOver, Reason: incident.Observed, Why: why}
}

// recover repairs the target under its lock. Busy means that somebody else holds the lock.
func (r *response) recover() (result RecoveryResult, busy bool) {
	r.people.patient = true
	defer func() { r.people.patient = false }()
	child := workflow.ExecuteChildWorkflow(withRecovery(r.work, r.plan.Case), RecoveryWorkflow, RecoveryInput{
		Case: r.plan.Case, Attempts: r.plan.Attempts, Verify: r.plan.Verify, Done: r.done, From: r.from,
		Granted: r.granted, Passed: r.passed,
	})
	err := child.Get(r.ctx, &result)
	if temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return result, true
	}
	r.granted = nil // an approval is for once
	r.done = latest(r.done, result.Steps)
	r.changed = r.changed || result.Changed
	if r.attempt = result.Attempt; result.Forbidden > 0 {
		r.from = result.Forbidden
	}
	if stopped := r.interruptedAfterChange(result); stopped != nil {
		return RecoveryResult{Verdict: *stopped}, false
	}
	if err != nil {
		return RecoveryResult{Verdict: *engineError("recover", err)}, false
	}
	return result, false
}

// pause waits for the holder of the target's lock.
func (r *response) pause(d time.Duration) *Verdict {
	if workflow.Now(r.ctx).Add(d).After(r.plan.Deadline) {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.BusyTarget,
			Why: fmt.Sprintf("another repair of %q did not end in time", r.plan.Target)}
	}
	if err := workflow.Sleep(r.work, d); err != nil && r.interrupted() == nil {
		return engineError("wait for the other repair", err)
	}
	return r.interrupted()
}

// interrupted says whether somebody stepped in or the time is up, while nothing has been changed.
func (r *response) interrupted() *Verdict {
	if v := r.people.verdict(r.changed); v != nil {
		return v
	}
	if v := r.isPaused(); v != nil {
		return v
	}
	if r.work.Err() != nil {
		return cancelledInTemporal()
	}
	if workflow.Now(r.ctx).After(r.plan.Deadline) {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.Timeout, Why: "the scenario's limits.timeout ran out"}
	}
	return nil
}

// interruptedAfterChange says whether a person stepped in while the repair ran. A repair that was verified before
// stays one.
func (r *response) interruptedAfterChange(result RecoveryResult) *Verdict {
	if result.Verdict.Outcome == incident.Recovered {
		return nil
	}
	if v := r.people.verdict(r.changed); v != nil {
		return v
	}
	if v := r.isPaused(); v != nil {
		return v
	}
	if r.work.Err() != nil || result.Cancelled {
		return cancelledInTemporal()
	}
	return nil
}

func cancelledInTemporal() *Verdict {
	return &Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError, Why: "somebody cancelled the workflow in Temporal"}
}

// remains gives a repair that held to a person, where the scenario leaves something for one to do.
func (r *response) remains(v Verdict) Verdict {
	if v.Outcome != incident.Recovered || !r.plan.Always {
		return v
	}
	return Verdict{Outcome: incident.HandedOver, Reason: incident.Partial, Why: v.Why + "; what remains is a person's to do"}
}

// end finishes the run, unless the incident was reopened in the meantime: then a new run begins.
func (r *response) end(v Verdict) (IncidentResult, error) {
	late := r.closeChoices()
	if len(r.posts) > 0 && v.Outcome.IsAutomatic() {
		r.refresh() // those who were asked for approval
		late = true
	}
	if late {
		r.await(lastWords, r.followed)
	}
	r.hear()
	result := IncidentResult{Outcome: v.Outcome, Reason: v.Reason}
	if e := r.nextRun(v); e != nil {
		return result, workflow.NewContinueAsNewError(r.ctx, IncidentWorkflow, IncidentInput{Event: *e})
	}
	return result, nil
}

// hear has the events noted that have come with this task. The run's own course has its turn before those who listen, and
// what they hear after its end is lost.
func (r *response) hear() {
	heard := false
	workflow.Go(r.ctx, func(workflow.Context) { heard = true }) // after all that were there before
	_ = workflow.Await(r.ctx, func() bool { return heard })
}

// phase asks for all steps of a phase.
func (r *response) phase(phase incident.Phase, steps []StepPlan) phaseRun {
	return phaseRun{Case: r.plan.Case, Phase: phase, Round: r.round(phase), Steps: steps, Done: r.done,
		Parallel: phase == incident.Gather}
}

// round counts how often the phase has run before.
func (r *response) round(phase incident.Phase) int {
	n := 0
	for _, s := range r.done {
		if s.Phase == phase {
			n = max(n, s.Round+1)
		}
	}
	return n
}

// engineError is the verdict on something that went wrong inside.
func engineError(doing string, err error) *Verdict {
	return &Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError, Why: fmt.Sprintf("%s: %v", doing, cause(err))}
}
