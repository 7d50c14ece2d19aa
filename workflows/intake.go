package workflows

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Activities are the thin hands of the workflows. They are safe to repeat.
type Activities struct {
	World
	turns sync.Map // by customer and scenario: who asks limits.targets
}

// Intake reads the incident and its alerts, finds its customer and scenario, opens the record, and acknowledges when
// the engine is going to work on it. What it decides is pinned for the run.
func (a *Activities) Intake(ctx context.Context, in IntakeInput) (Plan, error) {
	if in.Trouble != "" {
		return a.intakeWithout(ctx, in, false) // an earlier try may have acknowledged it
	}
	inc, err := a.Incidents.Read(ctx, in.Event.Incident)
	if errors.Is(err, ErrRefused) {
		in.Trouble = err.Error()
		return a.intakeWithout(ctx, in, true)
	}
	if err != nil {
		return Plan{}, fmt.Errorf("read incident %q: %w", in.Event.Incident, err)
	}
	cat := a.Catalog()
	decision := cat.Decide(inc)
	rec := a.newRecord(ctx, in, inc)
	rec.CatalogVersion, rec.Match = cat.Version(), decision.Match
	if decision.Customer != nil {
		rec.Customer = decision.Customer.Facts()
	}
	begun, err := a.Journal.Begin(ctx, rec)
	if err != nil {
		return Plan{}, fmt.Errorf("open the record of incident %q: %w", inc.ID, err)
	}
	if begun.Closed {
		return Plan{Nothing: true, Case: Case{Incident: inc, Run: begun.Run}}, nil
	}
	self, err := a.Self(ctx)
	if err != nil {
		return Plan{}, fmt.Errorf("look up the engine's own PagerDuty user: %w", err)
	}
	plan, err := a.plan(in.Event, begun.Run, inc, self, decision)
	if err != nil {
		return Plan{}, err
	}
	plan.Run, plan.Customer = begun.Run, rec.Customer
	plan.TellsOver = len(a.contacts(rec.Customer.ID, customer.OfHandOver).Now) > 0
	lines := []incident.Transition{{Key: "decision/match", Kind: incident.Decided, At: a.Now(), Why: decision.Match.Why}}
	if plan.Verdict == nil {
		p, err := a.pausedNow(ctx, plan.Customer.ID, plan.Scenario.Name)
		if err != nil {
			return Plan{}, err
		}
		if p != nil {
			plan.Verdict, lines = paused(*p), append(lines, pausedLine(plan.Case, "intake", *p, a.Now()))
		}
	}
	suppressed, why, err := a.suppressedAtOnce(ctx, &plan)
	if err != nil {
		return Plan{}, err
	}
	if suppressed != nil {
		plan.Verdict, lines = suppressed, append(lines, why...)
	}
	if plan.Verdict == nil {
		rec.Run = begun.Run
		did := a.acknowledge(ctx, &plan, rec, begun.Known)
		lines = append(lines, incident.Transition{Key: "acted/begin", Kind: incident.Acted, At: a.Now(), Why: did})
	}
	return plan, a.decided(ctx, plan, lines)
}

// intakeWithout opens the record with what the event tells, for a person of the customer whose service it is. Paging says
// whether PagerDuty certainly pages by itself.
func (a *Activities) intakeWithout(ctx context.Context, in IntakeInput, paging bool) (Plan, error) {
	e := in.Event
	inc := incident.Incident{ID: e.Incident, Service: incident.Ref{ID: string(e.Service)}, CreatedAt: e.OccurredAt,
		Title: fmt.Sprintf("incident %s (it could not be read)", e.Incident)}
	rec := a.newRecord(ctx, in, inc)
	cat := a.Catalog()
	rec.CatalogVersion, rec.Match.Why = cat.Version(), in.Trouble
	owner := catalog.Decision{Customer: cat.Decide(inc).Customer}
	if owner.Customer != nil {
		rec.Customer = owner.Customer.Facts()
	}
	begun, err := a.Journal.Begin(ctx, rec)
	if err != nil {
		return Plan{}, fmt.Errorf("open the record of incident %q: %w", inc.ID, err)
	}
	return Plan{
		Nothing: begun.Closed,
		Case:    Case{Incident: inc, Run: begun.Run, Customer: rec.Customer, Deadline: a.Now()},
		Live:    true,
		Yields:  true,
		Paging:  paging,
		Asks:    a.Policies != nil && rec.Customer.ID != "",
		Windows: a.Policies != nil && rec.Customer.ID != "",
		Tiers:   a.tiers(owner),
		Verdict: &Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError, Why: in.Trouble},
	}, nil
}

func (a *Activities) newRecord(ctx context.Context, in IntakeInput, inc incident.Incident) incident.Record {
	return incident.Record{
		Incident:      inc,
		WorkflowRun:   activity.GetInfo(ctx).WorkflowExecution.RunID,
		EngineVersion: a.EngineVersion,
		Phase:         incident.Intake,
		ReceivedAt:    in.Event.ReceivedAt,
	}
}

// plan turns a decision into what the workflow sequences.
func (a *Activities) plan(e incident.Event, run int, inc incident.Incident, self string, d catalog.Decision) (Plan, error) {
	plan := Plan{Case: Case{Incident: forHistory(inc), Target: d.Target}, Live: true, Yields: true,
		Paging: isPaging(inc, self), Tiers: a.tiers(d)}
	plan.Verdict = beforeAnyStep(e, run, inc, self, d, a.Now())
	if d.Scenario == nil {
		return plan, nil
	}
	inputs, err := json.Marshal(d.Inputs)
	if err != nil {
		return Plan{}, fmt.Errorf("encode the inputs of scenario %q: %w", d.Scenario.Name, err)
	}
	s := d.Scenario
	plan.Scenario, plan.Inputs = s.Pinned(), inputs
	plan.Deadline = a.Now().Add(s.Limits.Timeout)
	plan.Limit = s.Limits.Timeout
	plan.Observe = d.Match.Autonomy != incident.Automatic && d.Match.Autonomy != incident.Approve
	plan.LeavesOpen = d.Match.Autonomy == incident.Observe
	plan.TwoPeople, plan.Always, plan.Remaining = d.Customer.TwoPeople, s.HandOver.Always, len(s.HandOver.Remaining)
	plan.ReportOnly = s.Unrecovered == scenario.UnrecoveredReport
	plan.Check, plan.Gather = stepPlans(s.Check), stepPlans(s.Gather)
	for _, attempt := range s.Recover {
		plan.Attempts = append(plan.Attempts, AttemptPlan{Name: attempt.Name, Conditional: attempt.If != nil,
			Steps: stepPlans(attempt.Steps), Approval: approvalPlan(attempt.ApprovalAt(d.Match.Autonomy), d.Customer)})
	}
	plan.Verify = VerifyPlan{Steps: stepPlans(s.Verify.Steps), Within: s.Verify.Within, Every: s.Verify.Every,
		StableFor: s.Verify.StableFor}
	return plan, nil
}

// beforeAnyStep gives the verdict on an incident that is not worked on. One that is too old may have come late, or have
// waited here while the engine was away.
func beforeAnyStep(e incident.Event, run int, inc incident.Incident, self string, d catalog.Decision, now time.Time) *Verdict {
	if v := steppedIn(inc, self); v != nil {
		return v
	}
	if v := gaveAway(e, self); v != nil {
		return v
	}
	if e.Type == incident.EventUnreadable {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError,
			Why: "an event of PagerDuty about this incident could not be read"}
	}
	if d.Customer == nil || d.Scenario == nil {
		return &Verdict{Outcome: incident.Unmatched, Why: d.Match.Why}
	}
	if d.Problem != "" {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.Inconclusive, Why: d.Problem}
	}
	limit := d.Scenario.Limits.Timeout
	if age := now.Sub(began(e, run, inc)); age > limit {
		return &Verdict{Outcome: incident.HandedOver, Reason: incident.Stale, Why: fmt.Sprintf(
			"it was %s old when its turn came, longer than the scenario's limits.timeout of %s (if it is new, the clock is wrong)",
			age.Round(time.Second), limit)}
	}
	return nil
}

// isPaging says whether PagerDuty pages a person at the moment: nobody has acknowledged, and the incident is not with the
// engine's own user alone, as it is while an escalation policy gives the engine its head start.
func isPaging(inc incident.Incident, self string) bool {
	if len(inc.AcknowledgedBy) > 0 {
		return false
	}
	for _, a := range inc.Assignees {
		if a.ID != self {
			return true
		}
	}
	return len(inc.Assignees) == 0
}

// began is when this run's trouble began: at the creation, when it was reopened, or when the snooze of an earlier run
// ended.
func began(e incident.Event, run int, inc incident.Incident) time.Time {
	if e.Type == incident.EventReopened || e.Type == incident.EventUnacknowledged && run > 1 {
		return e.OccurredAt
	}
	return inc.CreatedAt
}

// steppedIn tells from PagerDuty's own state whether the incident is no longer the engine's to work on.
func steppedIn(inc incident.Incident, self string) *Verdict {
	by := who(inc.LastChangeBy)
	if inc.Status == incident.Resolved {
		switch {
		case inc.MergedInto != "":
			return &Verdict{Outcome: incident.TakenOver, By: by, Resolved: true,
				Why: fmt.Sprintf("%s merged it into incident %s", by, inc.MergedInto)}
		case inc.LastChangeBy.IsPerson():
			return &Verdict{Outcome: incident.TakenOver, By: by, Resolved: true, Why: by + " resolved it in PagerDuty"}
		}
		return &Verdict{Outcome: incident.ResolvedUpstream, By: by, Resolved: true,
			Why: "the monitor resolved it before anything was changed"}
	}
	for _, agent := range inc.AcknowledgedBy {
		if agent.IsPerson() && agent.ID != self {
			return &Verdict{Outcome: incident.TakenOver, By: who(agent), Why: who(agent) + " has acknowledged it in PagerDuty"}
		}
	}
	return nil
}

// gaveAway tells it from the event by which the run begins: that a person has given the incident to somebody is not to be
// seen in PagerDuty's state.
func gaveAway(e incident.Event, self string) *Verdict {
	switch e.Type {
	case incident.EventReassigned, incident.EventDelegated, incident.EventEscalated:
		if e.Agent.IsPerson() && e.Agent.ID != self {
			return &Verdict{Outcome: incident.TakenOver, By: who(e.Agent), Why: fmt.Sprintf("%s %s", who(e.Agent), deed(e.Type))}
		}
	}
	return nil
}

// steppedInSince tells it from what has changed since intake, too: of somebody who reassigns the incident, nothing else
// is to be seen when PagerDuty's event is late.
func steppedInSince(pinned, now incident.Incident, self string) *Verdict {
	if v := steppedIn(now, self); v != nil {
		return v
	}
	if by := now.LastChangeBy; by.IsPerson() && by.ID != self && by.ID != pinned.LastChangeBy.ID {
		return &Verdict{Outcome: incident.TakenOver, By: who(by), Why: who(by) + " has changed it in PagerDuty"}
	}
	if to := now.EscalationPolicy; to.ID != pinned.EscalationPolicy.ID {
		name := cmp.Or(to.Name, to.ID)
		return &Verdict{Outcome: incident.TakenOver, By: name,
			Why: fmt.Sprintf("it was given to the escalation policy %q in PagerDuty", name)}
	}
	return nil
}

// acknowledge stops PagerDuty's paging while the engine works, and says what was done. It does not where an
// acknowledgement never runs out: a dead engine would leave people asleep. That PagerDuty does not take it is no reason
// not to help.
func (a *Activities) acknowledge(ctx context.Context, plan *Plan, rec incident.Record, again bool) (did string) {
	id := plan.Incident.ID
	did = "not acknowledged in PagerDuty, because there an acknowledgement of this service never runs out"
	if plan.Incident.AckTimeout {
		if err := a.PagerDuty.Acknowledge(ctx, id); err != nil {
			// When the answer was lost it may be acknowledged: then PagerDuty pages nobody.
			plan.Paging = plan.Paging && (errors.Is(err, ErrRefused) || errors.Is(err, ErrResolved))
			a.Log.Warn("acknowledge", "incident", id, "err", err)
			return fmt.Sprintf("PagerDuty did not take the acknowledgement: %v", err)
		}
		plan.Paging = false
		did = "acknowledged in PagerDuty"
	}
	note := handover.StartedNote(rec, a.options(plan.Case, ""))
	if err := a.PagerDuty.Note(ctx, id, noteKey(plan.Case, "started"), note, again); err != nil {
		a.Log.Warn("note that the first response began", "incident", id, "err", err)
		return fmt.Sprintf("%s; the note was not taken: %v", did, err)
	}
	return did + ", with a note"
}

// decided records what intake decided and did.
func (a *Activities) decided(ctx context.Context, plan Plan, lines []incident.Transition) error {
	for i := range lines {
		lines[i].Incident, lines[i].Run, lines[i].Phase = plan.Incident.ID, plan.Run, incident.Intake
	}
	if err := a.Journal.Append(ctx, lines); err != nil {
		return fmt.Errorf("record the decision on incident %q: %w", plan.Incident.ID, err)
	}
	return nil
}

// tiers gives who is told, beginning with the tier that the scenario names.
func (a *Activities) tiers(d catalog.Decision) []TierPlan {
	if d.Customer == nil {
		return []TierPlan{{Slack: a.DefaultChannel}}
	}
	var first customer.Tier
	if d.Scenario != nil {
		first, _ = d.Customer.Tier(d.Scenario.HandOver.To)
	}
	var tiers []TierPlan
	for _, t := range d.Customer.Tiers {
		if t.Name == first.Name {
			tiers = nil // the ones before it are passed over
		}
		tiers = append(tiers, tierPlan(t))
	}
	return tiers
}

// approvalPlan gives who of the customer's tiers has to approve; nil: nobody.
func approvalPlan(a *scenario.Approval, c *customer.Customer) *ApprovalPlan {
	if a == nil {
		return nil
	}
	tier, found := c.Tier(a.From)
	if !found {
		tier = c.Tiers[0] // package catalog has checked the name
	}
	return &ApprovalPlan{Tier: tierPlan(tier), Within: a.Within, Otherwise: string(a.Otherwise)}
}

func tierPlan(t customer.Tier) TierPlan {
	return TierPlan{Name: t.Name, After: t.After, Slack: t.Slack, Policy: t.EscalationPolicy}
}

func stepPlans(steps []scenario.Step) []StepPlan {
	plans := make([]StepPlan, len(steps))
	for i := range steps {
		s := &steps[i]
		plans[i] = StepPlan{
			Name: s.DisplayName(), Action: s.Uses, Timeout: s.Timeout, OnError: string(s.OnError),
			Retry:   RetryPlan{Attempts: s.Retry.Attempts, Every: s.Retry.Every, Backoff: s.Retry.Backoff},
			Changes: s.Action.Effect == scenario.Changes,
		}
	}
	return plans
}
