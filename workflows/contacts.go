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
func (r *response) tellCustomer(note string) {
	var answer ContactAnswer
	err := workflow.ExecuteLocalActivity(persistent(r.ctx), mayContactActivity, ContactInput{Case: r.plan.Case}).Get(r.ctx, &answer)
	if err != nil {
		workflow.GetLogger(r.ctx).Error("ask whether the customer may be told", "err", err)
		return
	}
	told := make([]workflow.Future, len(answer.Now))
	for i, contact := range answer.Now {
		told[i] = workflow.ExecuteActivity(writing(r.ctx), tellContactActivity,
			TellContactInput{Case: r.plan.Case, Contact: contact, Number: i + 1, Note: note})
	}
	_ = workflow.Await(r.ctx, func() bool { return allReady(told) || r.people.reopenedBy() != nil })
	for i, f := range told {
		if !f.IsReady() {
			continue
		}
		if err := f.Get(r.ctx, nil); err != nil {
			r.record(incident.Transition{Key: contactedKey(i + 1), Kind: incident.Acted, Phase: incident.End,
				By: answer.Now[i].String(), Why: fmt.Sprintf("%s could not be told: %v", answer.Now[i], cause(err))})
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

// toTell says what the customer is to be told of an outcome that was carried out.
func (a *Activities) toTell(in ConcludeInput, v Verdict) (Concluded, error) {
	done := Concluded{Verdict: v}
	if len(a.contacts(in.Case.Customer.ID)) == 0 || in.Case.Scenario.Source == "" {
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

// contacts gives who of a customer is told, as the catalog says now.
func (a *Activities) contacts(id incident.CustomerID) []customer.Contact {
	c, ok := a.Catalog().Customer(id)
	if !ok || a.Contacts == nil {
		return nil
	}
	return c.Contacts
}

// write tells a contact.
func (a *Activities) write(ctx context.Context, to customer.Contact, m handover.ContactMessage, key string) error {
	if a.Contacts == nil {
		return fmt.Errorf("%w: this engine tells no customers", ErrNotTaken)
	}
	return a.Contacts.TellContact(ctx, to, m, key)
}

// MayContact asks the customer's windows whether its contacts may be told now, and records what follows from it. What is
// deferred has a digest.
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
		return ContactAnswer{Now: a.contacts(c.Customer.ID)}, nil
	case incident.Defer:
		if err := a.Digests.Start(ctx, c.Customer.ID, r.Until); err != nil {
			return ContactAnswer{}, fmt.Errorf("start the digest of customer %q at %s: %w", c.Customer.ID, r.Until, err)
		}
	}
	return ContactAnswer{}, nil
}

// TellContact tells one contact how the incident ended. What is never taken is recorded, and not repeated.
func (a *Activities) TellContact(ctx context.Context, in TellContactInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id, key := in.Case.Incident.ID, contactedKey(in.Number)
	rec, err := a.Journal.Record(ctx, id)
	if err != nil {
		return fmt.Errorf("read the record of incident %q: %w", id, err)
	}
	if has(rec, key) {
		return nil
	}
	// A window may have opened while the message was not taken.
	if r, err := a.ask(ctx, incident.Contact, in.Case); err != nil {
		return err
	} else if r.Answer != incident.Allow {
		return temporal.NewApplicationErrorWithOptions(r.Why, heldError, temporal.ApplicationErrorOptions{
			NextRetryDelay: min(askContactAgain, max(r.Until.Sub(a.Now()), time.Second))})
	}
	opts := a.options(in.Case, "")
	opts.CloseNote = in.Note
	told := incident.Transition{Incident: id, Run: in.Case.Run, Key: key, Kind: incident.ToldContact, Phase: incident.End,
		Question: incident.Contact, By: in.Contact.String(), Why: "told how it ended"}
	err = a.write(ctx, in.Contact, handover.ForContact(rec, opts), noteKey(in.Case, key))
	switch {
	case errors.Is(err, ErrNotTaken):
		a.Log.Error("tell a contact", "customer", in.Case.Customer.ID, "incident", id, "contact", in.Contact.String(), "err", err)
		told.Kind, told.Question, told.Why = incident.Acted, "", fmt.Sprintf("%s could not be told: %v", in.Contact, err)
	case err != nil:
		return fmt.Errorf("tell %s of incident %q: %w", in.Contact, id, err)
	}
	told.At = a.Now()
	return a.Record(ctx, RecordInput{Transitions: []incident.Transition{told}})
}
