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
	if r.recorded {
		r.refresh() // those who were asked for approval
	} else {
		r.record(outcome(r.plan.Case, v, incident.HandOver, 0, workflow.Now(r.ctx)))
	}
	r.tellOfHandOver()
	r.obey()
	if v.Outcome == incident.TakenOver || v.Resolved {
		// A person has it, or it is over: say what was done, and wake nobody.
		r.people.holds(v)
		r.tell(v, informed, false, false)
	}
	for r.people.resolved == nil {
		r.tellTiers(v)
		r.noteOwner()
		r.awaitEnd(v)
	}
	r.noteEnd()
	r.tellHandedOverEnd()
	r.await(lastWords, r.followed)
}

// tellTiers tells one tier after the other until a person answers.
func (r *response) tellTiers(v Verdict) {
	for ; r.mayTell(v); r.turn++ {
		// PagerDuty pages by itself while nobody has acknowledged; then the first tier needs a message only.
		page, called := r.turn > 0 || !r.plan.Paging, r.takeCall()
		if r.turn > 0 && !called && !r.isLive() {
			r.follow(r.posts[len(r.posts)-1:], r.nobody())
		}
		asked := r.tellTier(v, page, called)
		if r.turn > 0 && r.isLive() {
			r.tellEarlier(called)
		}
		r.await(asked.Add(r.patience(r.turn)).Sub(workflow.Now(r.ctx)), func() bool { return r.answered() || r.called })
	}
}

// takeCall says whether a person has called the next tier since it was asked last.
func (r *response) takeCall() bool {
	called := r.called
	r.called = false
	return called
}

// tellTier tells the tier whose turn it is, and says since when it has had the chance to answer. Called says that a person
// wants it to be told, whoever has the incident and whatever the windows say.
func (r *response) tellTier(v Verdict, page, called bool) (asked time.Time) {
	r.choices.lastTier = (r.turn+1)%max(len(r.plan.Tiers), 1) == 0
	asked = workflow.Now(r.ctx)
	r.nextAt = asked.Add(r.patience(r.turn))
	told, held := r.tell(v, r.turn, page, called)
	for held && r.mayTell(v) {
		told, held = r.tell(v, r.turn, true, r.takeCall())
	}
	if told {
		asked = workflow.Now(r.ctx)
	}
	r.nextAt = asked.Add(r.patience(r.turn))
	return asked
}

// nobody is the news that the tier before has not answered.
func (r *response) nobody() FollowInput {
	return FollowInput{News: newsNobody, By: r.tier(r.turn - 1).Name, Next: r.tier(r.turn).Name, Within: r.patience(r.turn - 1)}
}

// tellEarlier brings the messages up to date that were there before this round. The thread of the tier before is told that
// nobody has answered, unless a person has called the next tier, of which every thread knows. As long as nothing but that
// happens, only the messages of the last round through all tiers follow: an incident that nobody answers for weeks would
// outgrow its history otherwise.
func (r *response) tellEarlier(called bool) {
	told := called
	recent := r.posts[max(len(r.posts)-1-max(len(r.plan.Tiers), 2), 0):]
	for _, p := range slices.Backward(recent) {
		switch n := r.nobody(); {
		case p.asks && p.round == r.turn:
		case p.asks && !told:
			told = true
			r.keep(p, News{Kind: n.News, By: n.By, Next: n.Next, Within: n.Within})
		default:
			r.keep(p)
		}
	}
}

// answered says whether nobody has to be waited for any more: somebody has the incident, or has finished it, or it is over.
func (r *response) answered() bool { return r.people.answered() || r.choices.stand == over }

// noteOwner records who has the incident, when that is another one than before. Who took it by a choice is in the record
// already.
func (r *response) noteOwner() {
	e := r.people.taken
	if e == nil || r.owned && r.owner == r.people.holder() {
		return
	}
	r.owned, r.owner = true, r.people.holder()
	if _, chosen := r.people.choice(e); chosen {
		return
	}
	if r.yield != nil {
		r.yield() // whoever had it before is not acknowledged for any more
	}
	r.record(incident.Transition{Key: "taken/" + string(e.ID), Kind: incident.PersonTook, Phase: incident.HandOver,
		By: who(e.Agent), Why: fmt.Sprintf("%s %s", who(e.Agent), deed(e.Type))})
	if !r.isLive() {
		r.follow(r.posts, FollowInput{News: newsTaken, By: who(e.Agent)})
	}
}

// noteRelease records that nobody has the incident any more.
func (r *response) noteRelease() {
	r.owned = false
	if r.isLive() {
		r.releases++
		r.record(incident.Transition{Key: fmt.Sprintf("%s%d", incident.ReleasedKey, r.releases), Kind: incident.EventSeen,
			Phase: incident.HandOver, Why: "nobody has acknowledged it in PagerDuty any more"})
	}
}

// noteEnd records that the incident is resolved, and with it, unless a person has finished it before, the end of the first
// response.
func (r *response) noteEnd() {
	_ = workflow.Await(r.ctx, func() bool { return !r.acting && !r.choices.waiting() })
	by := who(r.people.resolved.Agent)
	line := incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End, By: by, Why: "resolved in PagerDuty"}
	if r.choices.stand == over {
		if r.isNoise() {
			return // it was the engine that resolved it, and everybody knows
		}
		line.Key, line.Kind = incident.ResolvedKey, incident.EventSeen
	}
	r.record(line)
	if !r.isLive() {
		r.follow(r.posts, FollowInput{News: newsResolved, By: by})
	}
}

// isNoise says whether the incident was resolved because a person has called it noise.
func (r *response) isNoise() bool {
	c, found := r.choices.latest(incident.Noise)
	return found && r.people.resolved.ID == chosenID(c)
}

// follow tells the threads of the packets in Slack what has become of the incident, in runs that an earlier engine has
// begun. It does not wait.
func (r *response) follow(posts []*post, in FollowInput) {
	in.Case = r.plan.Case
	for _, p := range posts {
		var told ToldSlack
		if !p.future.IsReady() || p.future.Get(r.ctx, &told) != nil || told.Posted == (Posted{}) {
			continue // it is not there, or will come later and tell by itself how things are then
		}
		in.Thread = told.Posted
		r.replies = append(r.replies, workflow.ExecuteActivity(telling(r.ctx), followSlackActivity, in))
	}
}

// followed says whether everything that is to be told is told, in the threads too.
func (r *response) followed() bool {
	for _, p := range r.posts {
		if !p.future.IsReady() {
			return false
		}
	}
	return allReady(slices.Concat(r.notes, r.replies)) && r.isCurrent()
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
func (r *response) tell(v Verdict, round int, page, called bool) (told, held bool) {
	tier := r.tier(max(round, 0))
	in := TellInput{Case: r.plan.Case, Verdict: v, Tier: tier, Round: round, Page: page, Anyway: r.isCancelled() || called,
		Called: called, Asked: workflow.Now(r.ctx), Show: r.show()}
	if !r.people.answered() {
		in.Show.NextAt, in.Within = time.Time{}, r.patience(round)
	}
	ctx := telling(r.ctx)
	slack := workflow.ExecuteActivity(ctx, tellSlackActivity, in)
	pagerduty := workflow.ExecuteActivity(ctx, tellPagerDutyActivity, in)
	p := r.posted(tier, slack)
	p.asks, p.round = round != informed, round
	r.notes = append(r.notes, pagerduty)
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
// itself now and then. Meanwhile a person may call the next tier, and somebody else may take the incident.
func (r *response) awaitEnd(v Verdict) {
	held := func() bool { return r.people.resolved == nil && (r.people.taken != nil || r.choices.stand == over) }
	for look := firstLook; held(); look = min(2*look, lastLook) {
		changed := func() bool { return !held() || r.called || r.hasOtherOwner() }
		if r.await(look, changed); !changed() {
			r.look()
		}
		if r.hasOtherOwner() {
			r.noteOwner()
		}
		if r.called && held() {
			r.turn = max(r.turn, 1) // whoever has it is of the first tier, or knows of it
			r.tellTier(v, true, r.takeCall())
			r.tellEarlier(true)
			r.turn++
		}
	}
	if r.people.resolved == nil {
		r.noteRelease()
	}
}

// hasOtherOwner says whether somebody else has the incident than the record says.
func (r *response) hasOtherOwner() bool {
	return r.isLive() && r.people.taken != nil && r.owner != r.people.holder()
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
	if r.pen.Lock(ctx) == nil {
		defer r.pen.Unlock()
	}
	err := workflow.ExecuteLocalActivity(persistent(ctx), recordActivity, RecordInput{Transitions: lines}).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Error("append to the record", "key", lines[0].Key, "err", err)
	}
	if news, shown := newsOf(lines); shown {
		r.refresh(news...)
	}
}
