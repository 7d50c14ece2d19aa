package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

const (
	// startOver is how long the last tier has for an answer before the first one is told again. It doubles each time,
	// up to lastStartOver.
	startOver     = 30 * time.Minute
	lastStartOver = 8 * time.Hour
	// firstLook and lastLook bound the wait between two looks at the incident while a person has it, for the case
	// that PagerDuty's event was lost.
	firstLook = time.Hour
	lastLook  = 24 * time.Hour
)

// handOver records a verdict that needs a person, tells people until one answers, and waits for the end.
func (r *response) handOver(v Verdict) {
	r.record(incident.Transition{Key: "outcome", Kind: incident.Ended, Phase: incident.HandOver,
		Outcome: v.Outcome, Reason: v.Reason, By: v.By, Why: v.Why})
	if v.Outcome == incident.TakenOver || v.Resolved {
		// A person has it, or it is over: say what was done, and wake nobody.
		r.people.holds(v)
		r.tell(v, r.tier(0), 0, false)
	}
	for round := 0; r.people.resolved == nil; {
		round = r.tellTiers(v, round)
		r.awaitEnd()
	}
	r.record(incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End,
		By: who(r.people.resolved.Agent), Why: "resolved in PagerDuty"})
}

// tellTiers tells one tier after the other until a person answers.
func (r *response) tellTiers(v Verdict, round int) int {
	for ; !r.people.answered(); round++ {
		// PagerDuty pages by itself while nobody has acknowledged; then the first tier needs a message only.
		page := round > 0 || !r.plan.Paging
		r.tell(v, r.tier(round), round, page)
		r.await(r.patience(round), r.people.answered)
	}
	if e := r.people.taken; e != nil {
		r.record(incident.Transition{Key: "taken/" + string(e.ID), Kind: incident.PersonTook, Phase: incident.HandOver,
			By: who(e.Agent), Why: fmt.Sprintf("%s %s", who(e.Agent), deed(e.Type))})
	}
	return round
}

// tier gives the tier of a round; after the last one the first one comes again.
func (r *response) tier(round int) TierPlan {
	if len(r.plan.Tiers) == 0 {
		return TierPlan{}
	}
	return r.plan.Tiers[round%len(r.plan.Tiers)]
}

// patience is how long the tier of a round has for an answer.
func (r *response) patience(round int) time.Duration {
	n := max(len(r.plan.Tiers), 1)
	if next := (round + 1) % n; next != 0 {
		return r.plan.Tiers[next].After
	}
	wait := startOver
	for range min(round/n, 8) {
		wait *= 2
	}
	return min(wait, lastStartOver)
}

// tell sends the packet by Slack and by PagerDuty. One of the two is enough to go on; the other is repeated until it
// is taken.
func (r *response) tell(v Verdict, tier TierPlan, round int, page bool) {
	in := TellInput{Case: r.plan.Case, Verdict: v, Tier: tier, Round: round, Page: page, Done: r.done}
	ctx := telling(r.ctx)
	slack := workflow.ExecuteActivity(ctx, tellSlackActivity, in)
	pagerduty := workflow.ExecuteActivity(ctx, tellPagerDutyActivity, in)
	told := false
	s := workflow.NewSelector(r.ctx)
	for _, f := range []workflow.Future{slack, pagerduty} {
		s.AddFuture(f, func(f workflow.Future) {
			var took bool
			if f.Get(r.ctx, &took) == nil && took {
				told = true
			}
		})
	}
	for range 2 {
		if s.Select(r.ctx); told {
			return
		}
	}
}

// awaitEnd waits until the incident is resolved, or whoever had it lets it go. Should the events be lost, it looks by
// itself now and then.
func (r *response) awaitEnd() {
	for look := firstLook; r.people.resolved == nil && r.people.taken != nil; look = min(2*look, lastLook) {
		changed := func() bool { return r.people.resolved != nil || r.people.taken == nil }
		if r.await(look, changed); !changed() {
			r.look()
		}
	}
}

// look reads the incident's state in PagerDuty.
func (r *response) look() {
	var e incident.Event
	if err := workflow.ExecuteLocalActivity(quick(r.ctx), statusActivity, r.plan.Case).Get(r.ctx, &e); err == nil && e.Type != "" {
		r.people.note(e)
	}
}

// await waits until the condition holds, for d at most.
func (r *response) await(d time.Duration, holds func() bool) {
	_, err := workflow.AwaitWithTimeout(r.ctx, d, holds)
	if err != nil {
		workflow.GetLogger(r.ctx).Warn("wait for a person", "err", err)
	}
}

// record appends to the record; it is repeated until the store has it.
func (r *response) record(t incident.Transition) {
	t.Incident, t.Run, t.At = r.plan.Incident.ID, r.plan.Run, workflow.Now(r.ctx)
	in := RecordInput{Transitions: []incident.Transition{t}}
	if err := workflow.ExecuteLocalActivity(persistent(r.ctx), recordActivity, in).Get(r.ctx, nil); err != nil {
		workflow.GetLogger(r.ctx).Error("append to the record", "key", t.Key, "err", err)
	}
}
