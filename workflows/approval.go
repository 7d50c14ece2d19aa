package workflows

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// otherwiseDrop is what follows when a person's wish is not approved: nothing.
const otherwiseDrop = "drop"

// approve asks people to approve an attempt, and waits for the answer. The target's lock is not held meanwhile, and the
// time does not count against limits.timeout. It gives a verdict when the engine may not go on; otherwise it goes on with a
// new check, because time has passed: often it is healthy by then.
func (r *response) approve(k int, differs bool) *Verdict {
	plan := r.plan.Attempts[k-1].Approval
	r.from = k
	if differs {
		sent := sentOf(r.done, k, 0)
		if r.differed == k && (sent == r.sent || !r.plan.Yields) {
			return r.changedTwice(k)
		}
		r.differed, r.sent = k, sent
	}
	asked := workflow.Now(r.ctx)
	in := question{QuestionInput: QuestionInput{Attempt: k, Approval: *plan}, over: func() bool { return r.work.Err() != nil }}
	q, err := r.ask(r.ctx, in, 0, differs)
	if err != nil {
		return engineError("ask for approval", err)
	}
	if q.Verdict != nil {
		return q.Verdict
	}
	speak := func() {}
	if !r.plan.Paging {
		speak = r.silence(q.Until.Add(engineFirst)) // the engine's acknowledgement may run out before
	}
	answer := r.awaitAnswer(r.ctx, q)
	speak()
	r.plan.Deadline = r.plan.Deadline.Add(workflow.Now(r.ctx).Sub(asked))
	if stopped := r.interrupted(); stopped != nil {
		return stopped
	}
	if answer != nil && answer.Kind == incident.Grant {
		r.granted = &Granted{Attempt: k, Number: q.Number, Steps: q.Steps}
		return nil
	}
	why := fmt.Sprintf("nobody approved attempt %q within %s", r.plan.Attempts[k-1].Name, plan.Within)
	if answer != nil {
		why = sentence(*answer)
	}
	if plan.Otherwise == string(scenario.OtherwiseNextAttempt) {
		r.from, r.passed = k+1, why
		return nil
	}
	v := &Verdict{Outcome: incident.HandedOver, Reason: incident.NotApproved, Why: why}
	if answer != nil {
		v.By = answer.By.Name
	}
	return v
}

// changedTwice is the verdict on an attempt that was another one each time it was approved, though nothing of it was sent in
// between by which a later step could have become known.
func (r *response) changedTwice(k int) *Verdict {
	return &Verdict{Outcome: incident.HandedOver, Reason: incident.NotApproved,
		Why: fmt.Sprintf("what attempt %q would do has changed twice after it was approved", r.plan.Attempts[k-1].Name)}
}

// sentOf counts the steps of an attempt that were sent.
func sentOf(done []incident.Step, attempt, round int) int {
	var sent []int
	for _, s := range done {
		if s.Phase == incident.Recover && s.Attempt == attempt && s.Round == round && wasSent(s) && !slices.Contains(sent, s.Index) {
			sent = append(sent, s.Index)
		}
	}
	return len(sent)
}

// put is a question that was put, or a verdict when it was not.
type put struct {
	*question
	Asking
	withdraw workflow.CancelFunc // stops telling people of it
}

// ask prepares a question, and has people told of it, unless something is in its way.
func (r *response) ask(ctx workflow.Context, q question, round int, again bool) (put, error) {
	s := &r.choices
	s.asked++
	q.Case, q.Number, q.Done = r.plan.Case, s.asked, r.done
	var a Asking
	in := AskInput{Question: q.QuestionInput, Round: round, Again: again}
	if err := workflow.ExecuteLocalActivity(asking(ctx), askActivity, in).Get(ctx, &a); err != nil || a.Verdict != nil {
		return put{question: &q, Asking: a}, err
	}
	q.Until, s.question = a.Until, &q
	tell, withdraw := workflow.WithCancel(questioning(ctx, q.Until))
	r.posted(q.Approval.Tier, workflow.ExecuteActivity(tell, tellQuestionActivity, q.QuestionInput))
	r.notes = append(r.notes, workflow.ExecuteActivity(tell, noteQuestionActivity, q.QuestionInput))
	return put{question: &q, Asking: a, withdraw: withdraw}, nil
}

// awaitAnswer waits until the question is answered, its time is over, or something else ends it, and records how it was.
// It gives the answer, or nil.
func (r *response) awaitAnswer(ctx workflow.Context, q put) *incident.Choice {
	wait := q.Until.Sub(workflow.Now(ctx))
	_, err := workflow.AwaitWithTimeout(ctx, wait, func() bool { return q.answer != nil || q.over() })
	if err != nil && !temporal.IsCanceledError(err) {
		workflow.GetLogger(ctx).Warn("wait for an answer", "err", err)
	}
	q.withdraw()
	r.choices.question = nil
	switch {
	case q.answer != nil:
		r.recordIn(ctx, r.chosen(*q.answer))
	case !q.over():
		t := incident.Transition{Key: fmt.Sprintf("expired/%d", q.Number), Kind: incident.Expired, Attempt: q.Attempt,
			Item: q.Number, By: q.Approval.Tier.Name, Why: fmt.Sprintf("nobody answered within %s: %s", q.Approval.Within, follows(q.Approval.Otherwise))}
		if q.asker != nil {
			t.Choice = incident.RunAttempt
		}
		r.recordIn(ctx, t)
	}
	return q.answer
}

// follows says in words what comes when an attempt is not approved.
func follows(otherwise string) string {
	switch otherwise {
	case string(scenario.OtherwiseNextAttempt):
		return "the next attempt's turn comes"
	case otherwiseDrop:
		return "it is not made"
	}
	return "it is handed over"
}

// Ask finds out whether anything is in the way of asking for an attempt, renders what is to be approved, and records that
// it is asked.
func (a *Activities) Ask(ctx context.Context, in AskInput) (Asking, error) {
	q := in.Question
	s, err := a.Compiler.Compile(q.Case.Scenario)
	if err != nil {
		return Asking{}, fmt.Errorf("compile scenario %q: %w", q.Case.Scenario.Name, err)
	}
	if v, err := a.mayAsk(ctx, in, s); err != nil || v != nil {
		return Asking{Verdict: v}, err
	}
	steps, err := a.rendered(s, q.Case, q.Done, q.Attempt, in.Round)
	if err != nil {
		return Asking{}, err
	}
	asking := Asking{Until: a.Now().Add(q.Approval.Within)}
	for _, step := range steps {
		asking.Steps = append(asking.Steps, step.hash)
	}
	asked := incident.Transition{Incident: q.Case.Incident.ID, Run: q.Case.Run, Key: fmt.Sprintf("asked/%d", q.Number), At: a.Now(),
		Kind: incident.Asked, Attempt: q.Attempt, Item: q.Number, By: q.Approval.Tier.Name, Until: asking.Until,
		Why: fmt.Sprintf("may attempt %d (%q) be made?", q.Attempt, s.Recover[q.Attempt-1].Name)}
	switch {
	case in.Again && sentOf(q.Done, q.Attempt, in.Round) > 0:
		asked.Why += " Its first steps are done, and what the rest would do is known only now"
	case in.Again:
		asked.Why += " What it would do has changed since it was approved: nothing was sent"
	case q.AskedBy != "":
		asked.Why += fmt.Sprintf(" %s asks for it, and another person has to approve", q.AskedBy)
	}
	rec, err := a.Journal.Record(ctx, q.Case.Incident.ID)
	if err != nil {
		return Asking{}, fmt.Errorf("read the record of incident %q: %w", q.Case.Incident.ID, err)
	}
	if known, found := find(rec, asked.Key); found {
		asking.Until = known.Until // a life of this activity before a crash has asked
	}
	if err := a.Journal.Append(ctx, []incident.Transition{asked}); err != nil {
		return Asking{}, fmt.Errorf("record the question about incident %q: %w", q.Case.Incident.ID, err)
	}
	return asking, nil
}

// mayAsk gives a verdict when an approval would be of no use at the moment, or nobody may be asked for it.
func (a *Activities) mayAsk(ctx context.Context, in AskInput, s *scenario.Scenario) (*Verdict, error) {
	q := in.Question
	handedOver := func(reason incident.Reason, why string) *Verdict {
		return &Verdict{Outcome: incident.HandedOver, Reason: reason, Why: why}
	}
	p, err := a.pausedNow(ctx, q.Case.Customer.ID, q.Case.Scenario.Name)
	if err != nil {
		return nil, err
	}
	if p != nil {
		line := pausedLine(q.Case, fmt.Sprintf("ask/%d", q.Number), *p, a.Now())
		return paused(*p), a.Record(ctx, RecordInput{Transitions: []incident.Transition{line}})
	}
	for _, ask := range []incident.Question{incident.MayRecover, incident.Page} {
		if ask == incident.Page && q.AskedBy != "" {
			continue // whoever asks is awake
		}
		r, err := a.ask(ctx, ask, q.Case)
		if err != nil {
			return nil, err
		}
		if !r.windows || r.Answer == incident.Allow {
			continue
		}
		line := r.decision(q.Case, fmt.Sprintf("ask/%d/%s", q.Number, ask), a.Now())
		if err := a.Journal.Append(ctx, []incident.Transition{line}); err != nil {
			return nil, fmt.Errorf("record why nobody is asked about incident %q: %w", q.Case.Incident.ID, err)
		}
		if ask == incident.MayRecover {
			return handedOver(incident.Forbidden, r.Why), nil
		}
		v := handedOver(incident.NotApproved, "nobody may be asked for approval now: "+r.Why)
		v.Unasked = true
		return v, nil
	}
	key := incident.StepKey{Incident: q.Case.Incident.ID, Run: q.Case.Run, Phase: incident.Recover, Attempt: q.Attempt, Round: in.Round}
	run, err := a.newStepRun(s, q.Case, key, q.Done, func(any) {})
	if err != nil {
		return nil, err
	}
	over, err := a.overBudget(ctx, run, s)
	if err != nil || over == "" {
		return nil, err
	}
	return handedOver(incident.OverBudget, over), nil
}

// rendered is what one step of an attempt would do.
type rendered struct {
	name    string
	command string // as people are shown it
	hash    string
}

// rendered gives what an attempt would do with the facts of now, in its order.
func (a *Activities) rendered(s *scenario.Scenario, c Case, done []incident.Step, attempt, round int) ([]rendered, error) {
	if attempt < 1 || attempt > len(s.Recover) {
		return nil, fmt.Errorf("scenario %q has no attempt %d", s.Name, attempt)
	}
	steps := make([]rendered, len(s.Recover[attempt-1].Steps))
	for i := range steps {
		key := incident.StepKey{Incident: c.Incident.ID, Run: c.Run, Phase: incident.Recover, Attempt: attempt, Round: round, Index: i}
		run, err := a.newStepRun(s, c, key, done, func(any) {})
		if err != nil {
			return nil, err
		}
		run.prepare()
		steps[i] = rendered{name: run.record.Name, hash: run.shown(), command: handover.Command(run.record.Action, run.record.Params)}
		switch run.record.Status {
		case incident.Skipped:
			steps[i].command = fmt.Sprintf("# %s: %s", run.record.Name, run.record.Note)
		case incident.Failed:
			steps[i].command = fmt.Sprintf("# %s: %s", run.record.Name, run.record.Error)
		}
	}
	return steps, nil
}

// shown is the hash of what a step would do, once it is prepared.
func (r *stepRun) shown() string {
	text := fmt.Sprintf("%s\x00%s\x00%s\x00%s", r.record.Action, r.record.Status, r.record.Params, r.record.Error)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}

// isGranted says whether the step would do now what was approved.
func (r *stepRun) isGranted() bool {
	g := r.granted
	return g == nil || g.Attempt == r.record.Attempt && r.record.Index < len(g.Steps) && g.Steps[r.record.Index] == r.shown()
}

// commands lists what an attempt would do, as people are shown it.
func (a *Activities) commands(c Case, done []incident.Step, attempt int) ([]string, error) {
	s, err := a.Compiler.Compile(c.Scenario)
	if err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", c.Scenario.Name, err)
	}
	steps, err := a.rendered(s, c, done, attempt, 0)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(steps))
	for i, step := range steps {
		list[i] = step.command
	}
	return list, nil
}

// question is what is asked, in the form that messages show.
func (a *Activities) question(q QuestionInput) (*handover.Question, error) {
	list, err := a.commands(q.Case, q.Done, q.Attempt)
	if err != nil {
		return nil, err
	}
	s, err := a.Compiler.Compile(q.Case.Scenario)
	if err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", q.Case.Scenario.Name, err)
	}
	return &handover.Question{Number: q.Number, Attempt: q.Attempt, Name: s.Recover[q.Attempt-1].Name, Commands: list, Until: q.Until,
		Otherwise: q.Approval.Otherwise, Tier: q.Approval.Tier.Name, AskedBy: q.AskedBy}, nil
}

// TellQuestion posts a question to the tier's channel. It pages nobody: who acknowledged the page would take the incident
// over. It is not taken where there is no channel.
func (a *Activities) TellQuestion(ctx context.Context, q QuestionInput) (ToldSlack, error) {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id, channel := q.Case.Incident.ID, cmp.Or(q.Approval.Tier.Slack, a.DefaultChannel)
	if a.Slack == nil || channel == "" {
		return ToldSlack{}, nil
	}
	mentions := a.onCall(ctx, q.Case, q.Approval.Tier)
	packet, err := a.questionPacket(ctx, q, mentions)
	if err != nil {
		return ToldSlack{}, err
	}
	if held, err := a.isHeld(ctx, q); err != nil || held {
		return ToldSlack{}, err
	}
	posted, err := a.Slack.Post(ctx, channel, packet.Slack(), noteKey(q.Case, fmt.Sprintf("asked/%d", q.Number)))
	if errors.Is(err, ErrNotTaken) {
		a.Log.Error("ask a tier in Slack", "incident", id, "channel", channel, "err", err)
		return ToldSlack{}, nil
	}
	if err != nil {
		return ToldSlack{}, fmt.Errorf("ask %q about incident %q: %w", channel, id, err)
	}
	return ToldSlack{Taken: true, Posted: posted, Mentions: mentions}, nil
}

// isHeld says whether a window has opened since it was asked whether people may be: the message may have waited for Slack.
func (a *Activities) isHeld(ctx context.Context, q QuestionInput) (bool, error) {
	if q.AskedBy != "" {
		return false, nil
	}
	r, err := a.ask(ctx, incident.Page, q.Case)
	return r.Answer != incident.Allow, err
}

// NoteQuestion tells a question in PagerDuty's notes, with the way to answer it.
func (a *Activities) NoteQuestion(ctx context.Context, q QuestionInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id := q.Case.Incident.ID
	packet, err := a.questionPacket(ctx, q, nil)
	if err != nil {
		return err
	}
	err = a.PagerDuty.Note(ctx, id, noteKey(q.Case, fmt.Sprintf("asked/%d", q.Number)), packet.Note(), true)
	if errors.Is(err, ErrRefused) {
		a.Log.Error("note a question", "incident", id, "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("note a question on incident %q: %w", id, err)
	}
	return nil
}

func (a *Activities) questionPacket(ctx context.Context, q QuestionInput, mentions []incident.Person) (handover.Packet, error) {
	rec, err := a.Journal.Record(ctx, q.Case.Incident.ID)
	if err != nil {
		return handover.Packet{}, fmt.Errorf("read the record of incident %q: %w", q.Case.Incident.ID, err)
	}
	question, err := a.question(q)
	if err != nil {
		return handover.Packet{}, err
	}
	opts := a.shown(ctx, a.options(q.Case, q.Approval.Tier.Name), q.Case, Show{Mentions: mentions}, rec)
	opts.Question = question
	return handover.Build(rec, opts), nil
}

// offers lists the attempts that a person may have made, with what they would do.
func (a *Activities) offers(c Case, done []incident.Step) ([]handover.Offer, error) {
	s, err := a.Compiler.Compile(c.Scenario)
	if err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", c.Scenario.Name, err)
	}
	var offers []handover.Offer
	for k := range s.Recover {
		attempt := &s.Recover[k]
		facts, err := factsOf(c, done, k+1)
		if err != nil {
			return nil, err
		}
		if wanted, err := attempt.Wanted(facts); err != nil || !wanted {
			continue // it would not be made
		}
		list, err := a.commands(c, done, k+1)
		if err != nil {
			return nil, err
		}
		offers = append(offers, handover.Offer{Attempt: k + 1, Name: attempt.Name, Commands: list})
	}
	return offers, nil
}
