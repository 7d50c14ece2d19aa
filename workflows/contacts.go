package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
)

// askContactAgain is how soon a message to a contact that a window holds back is tried again.
const askContactAgain = 5 * time.Minute

// tellCustomer tells the customer's contacts how it ended, when they may be told now; otherwise the digest does. A
// contact that takes nothing holds nothing else up: when the incident is reopened, what was to be told is not true any more.
// Who was told of the hand-over is told at the window's end by itself: the digest is for others, too, and opens issues anew.
func (r *response) tellCustomer(in ContactInput, note string) {
	in.Case, in.Of = r.plan.Case, customer.OfClose
	var answer ContactAnswer
	for reopened := func() bool { return r.people.reopenedBy() != nil }; ; {
		in.Number++
		answer = ContactAnswer{}
		err := workflow.ExecuteLocalActivity(persistent(r.ctx), mayContactActivity, in).Get(r.ctx, &answer)
		if err != nil {
			workflow.GetLogger(r.ctx).Error("ask whether the customer may be told", "err", err)
			return
		}
		if answer.Until.IsZero() {
			break
		}
		if r.await(max(answer.Until.Sub(workflow.Now(r.ctx)), time.Second), reopened); reopened() {
			return
		}
	}
	told := r.tellEach(r.ctx, answer, TellContactInput{Note: note, Of: customer.OfClose})
	_ = workflow.Await(r.ctx, func() bool { return allReady(told) || r.people.reopenedBy() != nil })
	r.notTold(r.ctx, answer, customer.OfClose, told)
}

// tellOfHandOver tells those contacts of the customer who want to know that a person has to go on. Nobody waits for it. In a
// window that defers it they are told at its end, if it is not over then.
func (r *response) tellOfHandOver() {
	if !r.plan.TellsOver || r.contacting || r.people.resolved != nil {
		return
	}
	r.contacting = true
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		over := func() bool { return r.people.resolved != nil }
		for number := 1; !over(); number++ {
			var answer ContactAnswer
			in := ContactInput{Case: r.plan.Case, Of: customer.OfHandOver, Number: number}
			if err := workflow.ExecuteLocalActivity(persistent(ctx), mayContactActivity, in).Get(ctx, &answer); err != nil {
				workflow.GetLogger(ctx).Error("ask whether the customer may be told", "err", err)
				return
			}
			if wait := answer.Until.Sub(workflow.Now(ctx)); !answer.Until.IsZero() {
				if _, err := workflow.AwaitWithTimeout(ctx, max(wait, time.Second), over); err != nil {
					return
				}
				continue
			}
			r.overTold = len(answer.Now) > 0
			told := r.tellEach(ctx, answer, TellContactInput{Of: customer.OfHandOver})
			_ = workflow.Await(ctx, func() bool { return allReady(told) || over() })
			r.notTold(ctx, answer, customer.OfHandOver, told)
			return
		}
	})
}

// tellHandedOverEnd tells whoever was told of the hand-over that it is over.
func (r *response) tellHandedOverEnd() {
	if r.overTold {
		r.tellCustomer(ContactInput{Told: true}, "")
	}
}

// tellEach tells all at once.
func (r *response) tellEach(ctx workflow.Context, answer ContactAnswer, in TellContactInput) []workflow.Future {
	in.Case = r.plan.Case
	told := make([]workflow.Future, len(answer.Now))
	for i, contact := range answer.Now {
		in.Contact, in.Number = contact, answer.place(i)
		told[i] = workflow.ExecuteActivity(writing(ctx), tellContactActivity, in)
	}
	return told
}

// notTold records who could not be told.
func (r *response) notTold(ctx workflow.Context, answer ContactAnswer, of customer.Moment, told []workflow.Future) {
	for i, f := range told {
		if !f.IsReady() {
			continue
		}
		if err := f.Get(ctx, nil); err != nil {
			in := TellContactInput{Number: answer.place(i), Of: of}
			r.recordIn(ctx, incident.Transition{Key: in.key(), Kind: incident.Acted, Phase: incident.End,
				By: answer.name(i), Why: fmt.Sprintf("%s could not be told: %v", answer.name(i), cause(err))})
		}
	}
}

func allReady(list []workflow.Future) bool {
	for _, f := range list {
		if !f.IsReady() {
			return false
		}
	}
	return true
}

func contactedKey(number int) string { return fmt.Sprintf("contacted/%d", number) }

func handOverToldKey(number int) string { return fmt.Sprintf("contacted/handed_over/%d", number) }

// toTell says what the customer is to be told of an outcome that was carried out.
func (a *Activities) toTell(in ConcludeInput, v Verdict) (Concluded, error) {
	done := Concluded{Verdict: v}
	if len(a.contacts(in.Case.Customer.ID, customer.OfClose).Now) == 0 || in.Case.Scenario.Source == "" {
		return done, nil
	}
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return Concluded{}, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	switch v.Outcome {
	case incident.Reported:
		done.TellCustomer = true
	case incident.Recovered, incident.Cleared:
		done.TellCustomer = s.Close.TellCustomer
	}
	if done.TellCustomer {
		done.CloseNote, err = closeNote(in, s, v)
	}
	return done, err
}

// contacts gives who of a customer is told of something, as the catalog says now.
func (a *Activities) contacts(id incident.CustomerID, of customer.Moment) ContactAnswer {
	var answer ContactAnswer
	c, ok := a.Catalog().Customer(id)
	if !ok || a.Contacts == nil {
		return answer
	}
	for i, one := range c.Contacts {
		if one.Is(of) {
			answer.Now, answer.Places, answer.Names = append(answer.Now, one), append(answer.Places, i+1), append(answer.Names, one.String())
		}
	}
	return answer
}

// MayContact asks the customer's windows whether its contacts may be told now, and records what follows from it. What is
// deferred of a close by the engine has a digest; of a hand-over and its end it is asked again at the window's end.
func (a *Activities) MayContact(ctx context.Context, in ContactInput) (ContactAnswer, error) {
	c := in.Case
	r, err := a.ask(ctx, incident.Contact, c)
	if err != nil {
		return ContactAnswer{}, err
	}
	rec, err := a.Journal.Record(ctx, c.Incident.ID)
	if err != nil {
		return ContactAnswer{}, fmt.Errorf("read the record of incident %q: %w", c.Incident.ID, err)
	}
	switch {
	case in.Of == customer.OfHandOver:
		return a.mayTell(ctx, in, r, a.contacts(c.Customer.ID, customer.OfHandOver))
	case in.Told:
		return a.mayTell(ctx, in, r, a.contacts(c.Customer.ID, customer.OfHandOver).toldIn(rec))
	}
	key, now := deferredKey(incident.Contact, 1), a.Now()
	if t, known := find(rec, key); known { // by this activity, before a crash
		r.Answer, r.Until = incident.Defer, t.Until
	}
	var lines []incident.Transition
	if r.windows {
		lines = append(lines, r.decision(c, "contact/1", now))
	}
	if r.Answer == incident.Defer {
		lines = append(lines, r.deferral(c, key, now, "the customer is told at the window's end"))
	}
	if err := a.Journal.Append(ctx, lines); err != nil {
		return ContactAnswer{}, fmt.Errorf("record whether the customer is told of incident %q: %w", c.Incident.ID, err)
	}
	switch r.Answer {
	case incident.Allow:
		return a.contacts(c.Customer.ID, customer.OfClose), nil
	case incident.Defer:
		if err := a.Digests.Start(ctx, c.Customer.ID, r.Until); err != nil {
			return ContactAnswer{}, fmt.Errorf("start the digest of customer %q at %s: %w", c.Customer.ID, r.Until, err)
		}
	}
	return ContactAnswer{}, nil
}

// toldIn keeps who was told of the hand-over, unless another contact has that place in the customer's file by now.
func (a ContactAnswer) toldIn(rec incident.Record) ContactAnswer {
	var kept ContactAnswer
	for i, one := range a.Now {
		if t, found := find(rec, handOverToldKey(a.place(i))); found && t.Kind == incident.ToldContact && t.By == one.String() && one.Call == nil {
			kept.Now, kept.Places, kept.Names = append(kept.Now, one), append(kept.Places, a.place(i)), append(kept.Names, one.String())
		}
	}
	return kept
}

// mayTell decides and records whether contacts are told now of what no digest tells: that a person has to go on, and to who
// was told that, how it ended.
func (a *Activities) mayTell(ctx context.Context, in ContactInput, r ruling, to ContactAnswer) (ContactAnswer, error) {
	if len(to.Now) == 0 {
		return to, nil
	}
	if r.windows {
		line := r.decision(in.Case, fmt.Sprintf("contact/%s/%d", in.Of, in.Number), a.Now())
		if err := a.Journal.Append(ctx, []incident.Transition{line}); err != nil {
			return ContactAnswer{}, fmt.Errorf("record whether the customer is told of incident %q: %w", in.Case.Incident.ID, err)
		}
	}
	switch r.Answer {
	case incident.Allow:
		return to, nil
	case incident.Defer:
		return ContactAnswer{Until: r.Until}, nil
	}
	return ContactAnswer{}, nil
}

// write tells a contact.
func (a *Activities) write(ctx context.Context, to customer.Contact, news ContactNews) (did string, err error) {
	if a.Contacts == nil {
		return "", fmt.Errorf("%w: this engine tells no customers", ErrNotTaken)
	}
	return a.Contacts.TellContact(ctx, to, news)
}

// TellContact tells one contact of the hand-over, or how the incident ended. What is never taken is recorded, and not
// repeated.
func (a *Activities) TellContact(ctx context.Context, in TellContactInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id, key := in.Case.Incident.ID, in.key()
	rec, err := a.Journal.Record(ctx, id)
	if err != nil {
		return fmt.Errorf("read the record of incident %q: %w", id, err)
	}
	if has(rec, key) || in.Of == customer.OfHandOver && !rec.EndedAt.IsZero() {
		return nil // it was told, or it is over before it could be told
	}
	// A window may have opened while the message was not taken.
	if r, err := a.ask(ctx, incident.Contact, in.Case); err != nil {
		return err
	} else if r.Answer != incident.Allow {
		return temporal.NewApplicationErrorWithOptions(r.Why, heldError, temporal.ApplicationErrorOptions{
			NextRetryDelay: min(askContactAgain, max(r.Until.Sub(a.Now()), time.Second))})
	}
	told := incident.Transition{Incident: id, Run: in.Case.Run, Key: key, Kind: incident.ToldContact, Phase: incident.End,
		Question: incident.Contact, By: in.Contact.String(), Why: "told how it ended"}
	if in.Of == customer.OfHandOver {
		told.Phase, told.Question, told.Why = incident.HandOver, "", "told that a person goes on"
	}
	did, err := a.write(ctx, in.Contact, a.contactNews(rec, in))
	switch {
	case errors.Is(err, ErrNotTaken):
		a.Log.Error("tell a contact", "customer", in.Case.Customer.ID, "incident", id, "contact", in.Contact.String(), "err", err)
		told.Kind, told.Question, told.Why = incident.Acted, "", fmt.Sprintf("%s could not be told: %v", in.Contact, err)
	case err != nil:
		return fmt.Errorf("tell %s of incident %q: %w", in.Contact, id, err)
	case did != "":
		told.Why = did
	}
	told.At = a.Now()
	return a.Record(ctx, RecordInput{Transitions: []incident.Transition{told}})
}

// contactNews is what a contact is told of an incident, in our words or in the customer's own.
func (a *Activities) contactNews(rec incident.Record, in TellContactInput) ContactNews {
	opts := a.options(in.Case, "")
	opts.CloseNote = in.Note
	news := ContactNews{Key: noteKey(in.Case, in.key()), Issue: noteKey(in.Case, "issue"), Of: customer.OfClose, Language: opts.Language,
		Opened: has(rec, handOverToldKey(in.Number)), Message: handover.ForContact(rec, opts)}
	event := handover.EventClosed
	if in.Of == customer.OfHandOver {
		news.Of, event, news.Opened = customer.OfHandOver, handover.EventHandedOver, false
		news.Sentence = handover.CallSentence(rec, opts)
	}
	if c, ok := a.Catalog().Customer(in.Case.Customer.ID); ok {
		if letter, ok := c.Letters[news.Of]; ok {
			theirs, err := handover.InTheirWords(letter, rec, opts, news.Message)
			if err != nil {
				a.Log.Error("write the customer's own letter; ours is sent", "customer", c.ID, "incident", rec.Incident.ID, "err", err)
			} else {
				news.Message = theirs
			}
		}
	}
	news.Facts = handover.FactsForContact(rec, opts, event, news.Key, news.Message)
	return news
}
