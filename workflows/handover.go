package workflows

import (
	"fmt"
	"slices"
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
	// informed is the round of a packet that only informs; the rounds that ask for an answer begin at 0.
	informed = -1
	// lastWords is how long the end of a run waits for Slack and PagerDuty to take what they have not taken.
	lastWords = 5 * time.Minute
)

// handOver records a verdict that needs a person, tells people until one answers, and waits for the end.
func (r *response) handOver(v Verdict) {
	r.settle(v.By, v.Why)
	if !r.recorded {
		r.record(outcome(r.plan.Case, v, incident.HandOver, 0, workflow.Now(r.ctx)))
	}
	r.tellOfHandOver()
	if v.Outcome == incident.TakenOver || v.Resolved {
		// A person has it, or it is over: say what was done, and wake nobody.
		r.people.holds(v)
		r.tell(v, r.tier(0), informed, false)
	}
	for round := 0; r.people.resolved == nil; {
		round = r.tellTiers(v, round)
		r.awaitEnd()
	}
	by := who(r.people.resolved.Agent)
	r.record(incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End, By: by,
		Why: "resolved in PagerDuty"})
	r.follow(r.posts, FollowInput{News: newsResolved, By: by})
	r.tellHandedOverEnd()
	r.await(lastWords, r.followed)
}

// tellTiers tells one tier after the other until a person answers.
func (r *response) tellTiers(v Verdict, round int) int {
	for ; r.mayTell(v); round++ {
		// PagerDuty pages by itself while nobody has acknowledged; then the first tier needs a message only.
		page := round > 0 || !r.plan.Paging
		if round > 0 {
			r.follow(r.posts[len(r.posts)-1:], FollowInput{News: newsNobody, By: r.tier(round - 1).Name, Next: r.tier(round).Name, Within: r.patience(round - 1)})
		}
		asked, patience := workflow.Now(r.ctx), r.patience(round)
		told, held := r.tell(v, r.tier(round), round, page)
		for held && r.mayTell(v) {
			told, held = r.tell(v, r.tier(round), round, true)
		}
		if told {
			asked = workflow.Now(r.ctx)
		}
		r.await(asked.Add(patience).Sub(workflow.Now(r.ctx)), r.people.answered)
	}
	if e := r.people.taken; e != nil {
		r.record(incident.Transition{Key: "taken/" + string(e.ID), Kind: incident.PersonTook, Phase: incident.HandOver,
			By: who(e.Agent), Why: fmt.Sprintf("%s %s", who(e.Agent), deed(e.Type))})
		r.follow(r.posts, FollowInput{News: newsTaken, By: who(e.Agent)})
	}
	return round
}

// follow tells the threads of the packets in Slack what has become of the incident. It does not wait.
func (r *response) follow(posts []workflow.Future, in FollowInput) {
	in.Case = r.plan.Case
	for _, post := range posts {
		var told ToldSlack
		if !post.IsReady() || post.Get(r.ctx, &told) != nil || told.Posted == (Posted{}) {
			continue // it is not there, or will come later and tell by itself how things are then
		}
		in.Thread = told.Posted
		r.replies = append(r.replies, workflow.ExecuteActivity(telling(r.ctx), followSlackActivity, in))
	}
}

// followed says whether everything that is to be told is told, in the threads too.
func (r *response) followed() bool {
	return allReady(slices.Concat(r.posts, r.notes, r.replies))
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

// tell sends the packet by Slack and by PagerDuty, and says whether it is taken. One of the two is enough to go on; the
// other is repeated until it is taken. When neither takes it for as long as the tier would have, the next one's turn
// comes. Held means that a window has opened meanwhile, and that it has to be told again at its end.
func (r *response) tell(v Verdict, tier TierPlan, round int, page bool) (told, held bool) {
	in := TellInput{Case: r.plan.Case, Verdict: v, Tier: tier, Round: round, Page: page, Anyway: r.isCancelled(), Done: r.done}
	ctx := telling(r.ctx)
	slack := workflow.ExecuteActivity(ctx, tellSlackActivity, in)
	pagerduty := workflow.ExecuteActivity(ctx, tellPagerDutyActivity, in)
	r.posts, r.notes = append(r.posts, slack), append(r.notes, pagerduty)
	timer, stop := workflow.WithCancel(r.ctx)
	defer stop()
	answers, late := 0, false
	s := workflow.NewSelector(r.ctx)
	s.AddFuture(slack, func(f workflow.Future) {
		var answer ToldSlack
		err := f.Get(r.ctx, &answer)
		answers, told, held = answers+1, told || err == nil && answer.Taken, held || isHeld(err)
	})
	s.AddFuture(pagerduty, func(f workflow.Future) {
		var taken bool
		err := f.Get(r.ctx, &taken)
		answers, told, held = answers+1, told || err == nil && taken, held || isHeld(err)
	})
	s.AddFuture(workflow.NewTimer(timer, r.patience(round)), func(workflow.Future) { late = true })
	for !told && answers < 2 && !late {
		s.Select(r.ctx)
	}
	r.windows = r.windows || held
	return told, held
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
	if err := workflow.ExecuteLocalActivity(quick(r.ctx, 0), statusActivity, r.plan.Case).Get(r.ctx, &e); err == nil && e.Type != "" {
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
func (r *response) record(lines ...incident.Transition) { r.recordIn(r.ctx, lines...) }

// recordIn is record for what runs beside the run's own course.
func (r *response) recordIn(ctx workflow.Context, lines ...incident.Transition) {
	for i := range lines {
		lines[i].Incident, lines[i].Run, lines[i].At = r.plan.Incident.ID, r.plan.Run, workflow.Now(ctx)
	}
	err := workflow.ExecuteLocalActivity(persistent(ctx), recordActivity, RecordInput{Transitions: lines}).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Error("append to the record", "key", lines[0].Key, "err", err)
	}
}
