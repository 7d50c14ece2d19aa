package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// renewSnooze is how often a snooze is renewed that PagerDuty would not take for the whole time.
const renewSnooze = 6 * 24 * time.Hour

// heedWindows holds a verdict back that needs a person, while the customer's windows say that nobody may be woken. At a
// window's end the incident is read, decided and checked again, so that another verdict may come out: it is over, somebody
// has it, it is healthy, or repaired now that it may be.
func (r *response) heedWindows(v Verdict) Verdict {
	for r.plan.Asks && v.asksFirst() && !r.isCancelled() {
		switch answer := r.mayPage(v, false); answer.Answer {
		case incident.Suppress:
			return Verdict{Outcome: incident.Suppressed, Window: answer.Window, Until: answer.Until, Policy: answer.Policy,
				Why: fmt.Sprintf("%s; nobody is told: %s", v.Why, answer.Why)}
		case incident.Defer:
			v = r.remains(r.afterWindow(v, answer.Until))
		default:
			r.recorded, r.allowed = true, true
			return v
		}
	}
	return v
}

// mayPage asks whether a person may be woken now. When it cannot be told, one may.
func (r *response) mayPage(v Verdict, begun bool) PageAnswer {
	for r.policy.ReceiveAsync(nil) {
		// what the signals tell of is asked now
	}
	r.asked++
	in := PageInput{Case: r.plan.Case, Verdict: v, Number: r.asked, Waiting: r.waiting, Begun: begun, Windows: r.windows}
	var answer PageAnswer
	if err := workflow.ExecuteLocalActivity(asking(r.ctx), mayPageActivity, in).Get(r.ctx, &answer); err != nil {
		workflow.GetLogger(r.ctx).Error("ask the customer's windows; people are told", "err", err)
		r.waiting = r.asked // what was recorded before it broke
		r.settle("", "the customer's windows could not be asked")
		if !begun {
			r.record(outcome(r.plan.Case, v, incident.HandOver, 0, workflow.Now(r.ctx)))
		}
		return PageAnswer{Answer: incident.Allow}
	}
	r.windows = answer.Windows || r.windows
	switch answer.Answer {
	case incident.Defer:
		r.waiting = r.asked
	case incident.Allow:
		r.waiting = 0
	}
	return answer
}

// afterWindow waits for the end of a window, and gives the verdict as it is then. A person who takes the incident, its
// end, an operator who cancels, and windows that may have changed end the wait.
func (r *response) afterWindow(v Verdict, until time.Time) Verdict {
	r.waitUntil(until, func() bool { return r.stepped() != nil || r.policy.Len() > 0 || r.isCancelled() })
	if stepped := r.stepped(); stepped != nil {
		return *stepped
	}
	if r.isCancelled() {
		return v
	}
	var now Resumption
	in := ResumeInput{Case: r.plan.Case, Work: len(r.plan.Check) > 0 || v.goesOn()}
	if err := workflow.ExecuteLocalActivity(patient(r.ctx), resumeActivity, in).Get(r.ctx, &now); err != nil {
		workflow.GetLogger(r.ctx).Error("look at the incident after a wait", "err", err)
		return v
	}
	if now.Answer != incident.Allow {
		return v // it is asked and recorded again
	}
	return r.goOn(v, now)
}

// stepped says whether somebody has the incident, or it is over, so that nothing is to be waited for. What a person only
// has to look at can wait: it is read again at the window's end.
func (r *response) stepped() *Verdict {
	if v := r.people.verdict(r.changed); v != nil && v.Outcome != incident.HandedOver {
		return v
	}
	return nil
}

// goOn takes the response up again where the window has stopped it.
func (r *response) goOn(v Verdict, now Resumption) Verdict {
	r.plan.Paging = now.Paging
	if !now.Deadline.IsZero() {
		r.plan.Deadline = now.Deadline
	}
	r.people.unreadable = nil // it has been read since
	r.paused = nil            // whether the kill switch is on is asked again
	r.granted = nil           // whoever approved meant then
	r.work, r.stop = workflow.WithCancel(r.root)
	r.people.stop = r.stop
	if stopped := r.people.verdict(r.changed); stopped != nil {
		return *stopped
	}
	if stopped := now.Stepped; stopped != nil {
		return afterChange(*stopped, r.changed)
	}
	if v.goesOn() {
		return r.respond()
	}
	healthy, stopped := r.check()
	switch {
	case stopped != nil && (stopped.Resolved || stopped.Outcome != incident.HandedOver):
		return *stopped
	case healthy:
		return r.foundHealthy()
	}
	return v
}

// goesOn says whether what kept the engine from a repair may be over after a wait.
func (v Verdict) goesOn() bool {
	return v.Reason == incident.Forbidden || v.Reason == incident.BusyTarget || v.Reason == incident.Paused || v.Unasked
}

// afterChange is the verdict on an incident that the monitor has resolved, once something was changed: nobody has verified
// it.
func afterChange(v Verdict, changed bool) Verdict {
	if v.Outcome == incident.ResolvedUpstream && changed {
		v.Outcome, v.Reason = incident.HandedOver, incident.Inconclusive
		v.Why = "the monitor resolved it after something was changed, while verification did not hold"
	}
	return v
}

// foundHealthy is the verdict on a check that found health.
func (r *response) foundHealthy() Verdict {
	if !r.changed {
		return r.unlessObserved(Verdict{Outcome: incident.Cleared, Why: "the check found it healthy; nothing was changed"})
	}
	for _, s := range r.done {
		if s.Phase == incident.Recover && s.Status != incident.Planned {
			r.attempt = max(r.attempt, s.Attempt)
		}
	}
	return Verdict{Outcome: incident.Recovered, Why: "it was not healthy right after the repair, and was found healthy after the wait"}
}

// waitUntil waits durably until a moment, or until the condition holds. Meanwhile PagerDuty is silent, too.
func (r *response) waitUntil(until time.Time, over func() bool) {
	for !over() && workflow.Now(r.ctx).Before(until) {
		nap := until.Sub(workflow.Now(r.ctx))
		if nap+engineFirst > longestSnooze {
			nap = renewSnooze
		}
		end := r.silence(until.Add(engineFirst))
		r.await(nap, over)
		end()
	}
}

// silence snoozes the incident in PagerDuty until it is taken, and takes in what it finds there. End stops that: no late
// snooze may silence what people are told afterwards.
func (r *response) silence(until time.Time) (end func()) {
	ctx, cancel := workflow.WithCancel(r.ctx)
	ended := false
	r.plan.Paging = false
	workflow.Go(r.ctx, func(c workflow.Context) {
		var e incident.Event
		err := workflow.ExecuteActivity(silencing(ctx), snoozeActivity, SnoozeInput{Case: r.plan.Case, Until: until}).Get(c, &e)
		if err == nil && e.Type != "" {
			r.people.note(e)
		}
		ended = true
	})
	return func() {
		cancel()
		_ = workflow.Await(r.ctx, func() bool { return ended })
	}
}

// settle ends a wait in the record, if there is one.
func (r *response) settle(by, why string) {
	if r.waiting > 0 {
		r.record(resumed(r.plan.Case, r.waiting, workflow.Now(r.ctx), by, why))
		r.waiting = 0
	}
}

// mayTell waits while the customer's windows say that nobody may be woken, before another tier is told. It is false when
// somebody has the incident by then, or it is over.
func (r *response) mayTell(v Verdict) bool {
	for r.windows && !r.allowed && !r.answered() && !r.called && !r.isCancelled() {
		answer := r.mayPage(v, true)
		if answer.Answer == incident.Allow {
			break
		}
		r.waitUntil(answer.Until, func() bool { return r.answered() || r.called || r.policy.Len() > 0 || r.isCancelled() })
	}
	r.allowed = false
	if r.called {
		r.settle("", "a person has called the next tier")
	}
	if r.isCancelled() {
		r.settle("", "somebody cancelled the workflow in Temporal")
	}
	if e := r.people.answer(); e != nil {
		r.settle(who(e.Agent), r.people.sentence(e))
	}
	if r.choices.stand == over {
		r.settle("", "the first response is finished")
	}
	return !r.answered()
}

// isCancelled says whether an operator has cancelled the workflow in Temporal: then people are told, whatever the
// customer's windows say.
func (r *response) isCancelled() bool { return r.root.Err() != nil }
