package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// maxDigest is how many incidents one message of a digest tells of.
const maxDigest = 500

// DigestDue finds in the record what there is to tell of a window's end, and decides each again by the windows in force: who
// of the customer may not be told yet is told at another end.
func (a *Activities) DigestDue(ctx context.Context, in DigestInput) (DigestDue, error) {
	open, ended, err := a.Deferrals.DeferralsUntil(ctx, in.Customer, in.End)
	if err != nil {
		return DigestDue{}, fmt.Errorf("read what customer %q has deferred until %s: %w", in.Customer, in.End, err)
	}
	policy, version, err := a.windowsOf(ctx, in.Customer)
	if err != nil {
		return DigestDue{}, err
	}
	f := &finder{a: a, in: in, policy: policy, version: version, due: DigestDue{Contacts: a.contacts(in.Customer, customer.OfClose).Now}}
	for _, d := range ended {
		if d.Question == incident.Page {
			err = errors.Join(err, f.page(ctx, d))
		}
	}
	for _, d := range open {
		switch d.Question {
		case incident.Page:
			f.due.Open++
		case incident.Contact:
			err = errors.Join(err, f.contact(ctx, d))
		}
	}
	return f.due, err
}

// finder collects what is due.
type finder struct {
	a       *Activities
	in      DigestInput
	policy  quiethours.Policy
	version string
	due     DigestDue
}

// page looks at an incident whose wait for a tier is over: it stands in the list when it ended without a person. Whoever
// needed one has told one.
func (f *finder) page(ctx context.Context, d incident.Deferral) error {
	rec, err := f.a.Journal.Record(ctx, d.Incident)
	if err != nil {
		return fmt.Errorf("read the record of incident %q: %w", d.Incident, err)
	}
	switch end := lineOf(rec, d.Run, "outcome"); {
	case end.Outcome == "":
		f.due.Open++
		return nil
	case !end.Outcome.IsAutomatic(), lineOf(rec, d.Run, listedKey(incident.Page, f.in, 0)).Key != "":
		return nil
	}
	if r := f.rule(incident.Page, rec); r.Answer != incident.Allow {
		if f.due.Again.IsZero() || r.Until.Before(f.due.Again) {
			f.due.Again = r.Until
		}
		return nil
	}
	f.due.Tier, f.due.More = add(f.due.Tier, d, f.due.More)
	return nil
}

// contact looks at an incident that the customer is to be told of.
func (f *finder) contact(ctx context.Context, d incident.Deferral) error {
	rec, err := f.a.Journal.Record(ctx, d.Incident)
	if err != nil {
		return fmt.Errorf("read the record of incident %q: %w", d.Incident, err)
	}
	c := Case{Incident: rec.Incident, Run: d.Run, Customer: rec.Customer}
	r := f.rule(incident.Contact, rec)
	switch {
	case rec.Run != d.Run:
		return f.notTold(ctx, c, "it was reopened since: what was to be told is not true any more")
	case r.Answer == incident.Suppress:
		return f.notTold(ctx, c, "recorded only: "+r.Why)
	case r.Answer == incident.Defer && r.Until.Equal(f.in.End) && r.policy == d.Policy:
		return nil // it waits on
	case r.Answer == incident.Defer:
		return f.move(ctx, c, rec, r)
	case len(f.due.Contacts) == 0:
		return f.notTold(ctx, c, "the customer has no contacts any more")
	}
	f.due.Contact, f.due.More = add(f.due.Contact, d, f.due.More)
	return nil
}

func (f *finder) rule(q incident.Question, rec incident.Record) ruling {
	return rulingOf(f.policy, f.version, q, rec.Incident, rec.Customer, f.a.Now())
}

// move has the customer told at another window's end, or by other windows at the same one.
func (f *finder) move(ctx context.Context, c Case, rec incident.Record, r ruling) error {
	number := 1
	for lineOf(rec, c.Run, deferredKey(incident.Contact, number)).Key != "" {
		number++
	}
	now := f.a.Now()
	lines := []incident.Transition{
		r.decision(c, fmt.Sprintf("contact/%d", number), now),
		r.deferral(c, deferredKey(incident.Contact, number), now, "the customer is told at another window's end"),
	}
	// Here the digest comes first: once the deferral is moved, this one does not see it any more.
	if err := f.a.Digests.Start(ctx, f.in.Customer, r.Until); err != nil {
		return fmt.Errorf("start the digest of customer %q at %s: %w", f.in.Customer, r.Until, err)
	}
	return f.a.Record(ctx, RecordInput{Transitions: lines})
}

// notTold ends a deferral of which the customer is not told.
func (f *finder) notTold(ctx context.Context, c Case, why string) error {
	return f.a.Record(ctx, RecordInput{Transitions: []incident.Transition{{Incident: c.Incident.ID, Run: c.Run, At: f.a.Now(),
		Key: listedKey(incident.Contact, f.in, 0), Kind: incident.Listed, Question: incident.Contact, Why: why}}})
}

func add(entries []DigestEntry, d incident.Deferral, more bool) ([]DigestEntry, bool) {
	if len(entries) == maxDigest {
		return entries, true
	}
	return append(entries, DigestEntry{Incident: d.Incident, Run: d.Run}), more
}

// lineOf gives a line of a run of the record; an empty one when there is none.
func lineOf(rec incident.Record, run int, key string) incident.Transition {
	for _, t := range rec.Transitions {
		if t.Run == run && t.Key == key {
			return t
		}
	}
	return incident.Transition{}
}

// listedKey names the line that says that a run stands in a digest. Receiver is 0 for the tier.
func listedKey(q incident.Question, in DigestInput, receiver int) string {
	return fmt.Sprintf("listed/%s/%d/%d", q, in.End.Unix(), receiver)
}

// TellDigest tells the customer's first tier in Slack. Where there is no channel that takes it, each incident gets a note.
func (a *Activities) TellDigest(ctx context.Context, in TellDigestInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	l, err := a.list(ctx, in, incident.Page)
	if err != nil || len(l.records) == 0 {
		return err
	}
	channel, tier := a.DefaultChannel, ""
	if c, ok := a.Catalog().Customer(in.Digest.Customer); ok {
		channel, tier = cmp.Or(c.Tiers[0].Slack, channel), c.Tiers[0].Name
	}
	where := "in Slack " + channel
	err = ErrNotTaken
	if a.Slack != nil && channel != "" {
		_, err = a.Slack.Post(ctx, channel, handover.Digest(l.lines, l.options), messageKey(in))
	}
	if errors.Is(err, ErrNotTaken) {
		where, err = "in PagerDuty", a.noteEach(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("tell the digest of customer %q: %w", in.Digest.Customer, err)
	}
	return a.listed(ctx, in, incident.Page, l, tier, where)
}

// noteEach writes a note to each incident of the list.
func (a *Activities) noteEach(ctx context.Context, l list) error {
	for _, rec := range l.records {
		key := fmt.Sprintf("%s/%d/listed", rec.Incident.ID, rec.Run)
		err := a.PagerDuty.Note(ctx, rec.Incident.ID, key, handover.ClosingNote(rec, l.options), true)
		if errors.Is(err, ErrRefused) {
			a.Log.Error("note how a deferred incident ended", "incident", rec.Incident.ID, "err", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// TellContactDigest tells one of the customer's contacts. What is never taken is recorded, and not repeated.
func (a *Activities) TellContactDigest(ctx context.Context, in TellDigestInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	l, err := a.list(ctx, in, incident.Contact)
	if err != nil || len(l.records) == 0 {
		return err
	}
	why := "in the digest"
	m := handover.ContactDigest(l.lines, l.options)
	did, err := a.write(ctx, in.Contact, ContactNews{Key: messageKey(in), Issue: messageKey(in), Message: m, Language: l.options.Language,
		Facts: handover.ContactFacts{Event: handover.EventDigest, Key: messageKey(in), Customer: in.Digest.Customer, At: in.Digest.End.UTC(),
			Language: l.options.Language, Subject: m.Subject, Text: m.Text}})
	switch {
	case err == nil && did != "":
		why += ": " + did
	case errors.Is(err, ErrNotTaken):
		a.Log.Error("tell a contact what was deferred", "customer", in.Digest.Customer, "contact", in.Contact.String(), "err", err)
		why = fmt.Sprintf("%s could not be told: %v", in.Contact, err)
	case err != nil:
		return fmt.Errorf("tell %s what was deferred: %w", in.Contact, err)
	}
	return a.listed(ctx, in, incident.Contact, l, in.Contact.String(), why)
}

func messageKey(in TellDigestInput) string {
	return fmt.Sprintf("%s/%d", DigestID(in.Digest.Customer, in.Digest.End), in.Number)
}

// list is what one message of a digest tells.
type list struct {
	entries []DigestEntry
	records []incident.Record
	lines   []handover.DigestLine
	options handover.Options
}

// list reads the records of what is to be told, without those of which it was told before a crash.
func (a *Activities) list(ctx context.Context, in TellDigestInput, q incident.Question) (list, error) {
	var l list
	for _, entry := range in.Entries {
		rec, err := a.Journal.Record(ctx, entry.Incident)
		if err != nil {
			return list{}, fmt.Errorf("read the record of incident %q: %w", entry.Incident, err)
		}
		if lineOf(rec, entry.Run, listedKey(q, in.Digest, in.Receiver)).Key != "" {
			continue
		}
		d := incident.Deferral{Incident: entry.Incident, Run: entry.Run, Customer: in.Digest.Customer, Question: q, Until: in.Digest.End}
		for _, t := range rec.Transitions {
			if t.Run == entry.Run && t.Kind == incident.Deferred && t.Question == q {
				d.Key, d.At, d.Window, d.Policy = t.Key, t.At, t.Window, t.Policy
			}
		}
		l.entries, l.records = append(l.entries, entry), append(l.records, rec)
		l.lines = append(l.lines, handover.NewDigestLine(rec, d))
	}
	if len(l.records) > 0 {
		l.options = a.options(Case{Customer: a.facts(in.Digest.Customer, l.records[0].Customer)}, "")
	}
	return l, nil
}

// facts gives the customer as the catalog knows it now, or else as it was.
func (a *Activities) facts(id incident.CustomerID, was incident.Customer) incident.Customer {
	if c, ok := a.Catalog().Customer(id); ok {
		return c.Facts()
	}
	return was
}

// listed records that the digest has told of them.
func (a *Activities) listed(ctx context.Context, in TellDigestInput, q incident.Question, l list, by, why string) error {
	lines := make([]incident.Transition, len(l.entries))
	for i, entry := range l.entries {
		lines[i] = incident.Transition{Incident: entry.Incident, Run: entry.Run, Key: listedKey(q, in.Digest, in.Receiver), At: a.Now(),
			Kind: incident.Listed, Question: q, By: by, Why: why}
	}
	return a.Record(ctx, RecordInput{Transitions: lines})
}
