package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// This file keeps the messages in Slack current. Each is rendered again from the record when something has changed, by the
// same activity that tells its thread of it. While an update is under way, or has just been made, what changes is gathered:
// then it is one update. Nothing waits for it.

const (
	// liveEvery is the least time between two updates of one message.
	liveEvery = 3 * time.Second
	// onCallWithin is how long a message waits to know who is on call.
	onCallWithin = 10 * time.Second
)

// post is one message in Slack.
type post struct {
	future  workflow.Future // ToldSlack
	tier    TierPlan
	asks    bool      // it is a packet for a tier whose answer is waited for
	round   int       // of that packet
	news    []News    // what its thread has not been told yet
	stale   bool      // it does not show how things are
	keeping bool      // it is being kept current
	last    time.Time // when it was updated last
}

// posted notes a message, once it is being posted.
func (r *response) posted(tier TierPlan, message workflow.Future) *post {
	p := &post{future: message, tier: tier}
	r.posts = append(r.posts, p)
	return p
}

// isLive says whether messages are kept current. In runs that an earlier engine has begun they are not, until somebody
// chooses something, which that engine did not know.
func (r *response) isLive() bool { return r.plan.Live || r.choices.count > 0 }

// refresh has every message kept current, and its thread told the news. It does not wait.
func (r *response) refresh(news ...News) {
	for _, p := range r.posts {
		r.keep(p, news...)
	}
}

// keep has one message kept current.
func (r *response) keep(p *post, news ...News) {
	if !r.isLive() {
		return
	}
	if p.future.IsReady() { // what is posted later tells by itself how things are then
		p.news = append(p.news, news...)
	}
	if p.stale = true; p.keeping {
		return
	}
	p.keeping = true
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for p.stale {
			r.update(ctx, p)
		}
		p.keeping = false
	})
}

// update updates one message, as soon as it is there and its time has come.
func (r *response) update(ctx workflow.Context, p *post) {
	var told ToldSlack
	if p.future.Get(ctx, &told) != nil || told.Posted == (Posted{}) {
		p.stale, p.news = false, nil // it is nowhere
		return
	}
	if wait := p.last.Add(liveEvery).Sub(workflow.Now(ctx)); !p.last.IsZero() && wait > 0 {
		_ = workflow.Sleep(ctx, wait)
	}
	show := r.show()
	show.Moved = r.hasLater(p, told.Posted)
	if show.Question != nil || !r.answered() {
		show.Mentions = told.Mentions
	}
	in := FollowInput{Case: r.plan.Case, Thread: told.Posted, Tier: p.tier, Batch: p.news, Show: &show}
	p.stale, p.news, p.last = false, nil, workflow.Now(ctx)
	if err := workflow.ExecuteActivity(telling(ctx), followSlackActivity, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("keep a message current", "err", err)
	}
}

// hasLater says whether a later message stands in the channel of one: then people choose there.
func (r *response) hasLater(p *post, at Posted) bool {
	return slices.ContainsFunc(r.posts[slices.Index(r.posts, p)+1:], func(later *post) bool {
		var told ToldSlack
		return later.future.IsReady() && later.future.Get(r.ctx, &told) == nil && told.Posted.TS != "" && told.Posted.Channel == at.Channel
	})
}

// isCurrent says whether every message shows how things are.
func (r *response) isCurrent() bool {
	return !slices.ContainsFunc(r.posts, func(p *post) bool { return p.keeping })
}

// show is what the messages show now, beside the record.
func (r *response) show() Show {
	s := Show{MayRun: r.mayRun(), CanCall: r.choices.stand == handed && len(r.plan.Tiers) > 1 && !r.choices.lastTier}
	if r.choices.stand == handed && !r.people.answered() {
		s.Next, s.NextAt = r.tier(r.turn+1).Name, r.nextAt
	}
	if q := r.choices.question; q != nil && q.answer == nil {
		in := q.QuestionInput
		in.Case = Case{} // the message has it
		s.Question = &in
	}
	return s
}

// mayRun says whether a person may have an attempt made.
func (r *response) mayRun() bool { return len(r.plan.Attempts) > 0 && !r.plan.LeavesOpen }

// newsOf are the lines of the record that threads are told, and says whether messages show any of them.
func newsOf(lines []incident.Transition) (news []News, shown bool) {
	for _, t := range lines {
		switch t.Kind {
		case incident.Acted:
			if t.Choice == "" {
				continue
			}
		case incident.Chosen, incident.PersonTook, incident.Expired, incident.EventSeen, incident.Ended, incident.ResponseEnd:
		default:
			continue
		}
		shown = true
		if t.Kind != incident.Ended && t.Choice != incident.Tick {
			news = append(news, News{Line: &t})
		}
	}
	return news, shown
}

// FollowSlack tells the thread of a message what has become of the incident, and brings the message up to date.
func (a *Activities) FollowSlack(ctx context.Context, in FollowInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	rec, err := a.Journal.Record(ctx, in.Case.Incident.ID)
	if err != nil {
		return fmt.Errorf("read the record of incident %q: %w", in.Case.Incident.ID, err)
	}
	opts := a.options(in.Case, in.Tier.Name)
	if in.Show != nil { // the message first: to repeat its update is harmless
		opts = a.shown(ctx, opts, in.Case, *in.Show, rec)
		if err := a.updateSlack(ctx, in, handover.Build(rec, opts).Slack()); err != nil {
			return err
		}
	}
	if in.News != "" {
		in.Batch = append(in.Batch, News{Kind: in.News, By: in.By, Next: in.Next, Within: in.Within})
	}
	var list []handover.Message
	for _, n := range in.Batch {
		list = append(list, n.message(rec, opts))
	}
	m := handover.Joined(list...)
	if m.Text == "" {
		return nil
	}
	if err := a.Slack.Reply(ctx, in.Thread, m); err != nil && !errors.Is(err, ErrNotTaken) {
		return fmt.Errorf("tell Slack what became of incident %q: %w", in.Case.Incident.ID, err)
	}
	return nil
}

func (a *Activities) updateSlack(ctx context.Context, in FollowInput, m handover.Message) error {
	err := a.Slack.Update(ctx, in.Thread, m)
	if errors.Is(err, ErrNotTaken) {
		a.Log.Warn("update a message in Slack", "incident", in.Case.Incident.ID, "channel", in.Thread.Channel, "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("update the message about incident %q: %w", in.Case.Incident.ID, err)
	}
	return nil
}

// message is one piece of news in the reader's language.
func (n News) message(rec incident.Record, opts handover.Options) handover.Message {
	switch n.Kind {
	case newsTaken:
		return handover.TakenOver(rec, opts, n.By)
	case newsNobody:
		return handover.NobodyAnswered(rec, opts, n.By, n.Next, n.Within)
	case newsResolved:
		return handover.ResolvedBy(rec, opts, n.By)
	}
	if n.Line == nil {
		return handover.Message{}
	}
	return handover.News(rec, opts, *n.Line)
}

// shown adds to the options of a message what it shows beside the record. What cannot be found out is left out: the message
// matters more.
func (a *Activities) shown(ctx context.Context, opts handover.Options, c Case, s Show, rec incident.Record) handover.Options {
	opts.Next, opts.NextAt, opts.CanCall, opts.Mentions, opts.Moved = s.Next, s.NextAt, s.CanCall, s.Mentions, s.Moved
	opts.Buttons = a.Buttons
	done := stepsOf(rec)
	opts.Remaining = a.remaining(c, done)
	if rec.Match.Runbook != "" {
		if text, ok := a.Catalog().Runbook(rec.Match.Runbook); ok {
			opts.Runbook = string(text)
		}
	}
	warn := func(doing string, err error) {
		if err != nil {
			a.Log.Error(doing, "incident", c.Incident.ID, "err", err)
		}
	}
	var err error
	if s.MayRun {
		opts.Offers, err = a.offers(c, done)
		warn("render the attempts that can be made", err)
	}
	if s.Question != nil {
		q := *s.Question
		q.Case = c
		opts.Question, err = a.question(q)
		warn("render the question", err)
	}
	opts.Paused, err = a.pausedNow(ctx, c.Customer.ID, c.Scenario.Name)
	warn("ask whether the engine is paused", err)
	return opts
}

// stepsOf gives the steps of the record's present run as the workflow knows them, for expressions.
func stepsOf(rec incident.Record) []incident.Step {
	var steps []incident.Step
	for _, s := range rec.Steps {
		if s.Run == rec.Run {
			steps = append(steps, trimStep(s))
		}
	}
	return fit(steps)
}

// onCall looks up who of a tier is on call, to mention them. Nobody waits long for it.
func (a *Activities) onCall(ctx context.Context, c Case, tier TierPlan) []incident.Person {
	if a.OnCall == nil || tier.Policy == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, onCallWithin)
	defer cancel()
	list, err := a.OnCall.OnCall(ctx, tier.Policy)
	if err != nil {
		a.Log.Warn("look up who is on call", "incident", c.Incident.ID, "tier", tier.Name, "err", err)
	}
	return list[:min(len(list), maxMentions)]
}

// maxMentions is how many people a message mentions; it travels in the history.
const maxMentions = 10
