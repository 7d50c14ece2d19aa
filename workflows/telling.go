package workflows

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// heldError is the type of the error that says that a window has opened since it was allowed to tell.
const heldError = "held"

// isHeld says whether a window has held a message back.
func isHeld(err error) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == heldError
}

// askWindowsTries is how often a message that is ready asks the customer's windows, when they cannot be read, before it goes
// out all the same.
const askWindowsTries = 5

// held asks the customer's windows right before a tier is told: the message may have waited for Slack or PagerDuty. When they
// cannot be asked, it is told: in doubt a person is called.
func (a *Activities) held(ctx context.Context, in TellInput) error {
	if in.Round == informed || in.Anyway {
		return nil
	}
	r, err := a.ask(ctx, incident.Page, in.Case)
	switch {
	case err != nil && activity.GetInfo(ctx).Attempt < askWindowsTries:
		return err
	case err != nil:
		a.Log.Error("ask the customer's windows; people are told", "incident", in.Case.Incident.ID, "tier", in.Tier.Name, "err", err)
		return nil
	case r.Answer == incident.Allow:
		return nil
	}
	return temporal.NewNonRetryableApplicationError(r.Why, heldError, nil)
}

// TellSlack posts the hand-over packet to the tier's channel. It is not taken where there is no channel.
func (a *Activities) TellSlack(ctx context.Context, in TellInput) (ToldSlack, error) {
	ctx, stop := keepBeating(ctx)
	defer stop()
	channel := cmp.Or(in.Tier.Slack, a.DefaultChannel)
	if a.Slack == nil || channel == "" {
		return ToldSlack{}, nil
	}
	told := fmt.Sprintf("told/slack/%d", in.Round)
	var mentions []incident.Person
	if in.Round != informed {
		mentions = a.onCall(ctx, in.Case, in.Tier)
	}
	packet, rec, err := a.packet(ctx, in, mentions)
	if err != nil {
		return ToldSlack{}, err
	}
	if has(rec, told) {
		return ToldSlack{Taken: true}, nil
	}
	if err := a.held(ctx, in); err != nil {
		return ToldSlack{}, err
	}
	posted, err := a.Slack.Post(ctx, channel, packet.Slack(), noteKey(in.Case, told))
	if errors.Is(err, ErrNotTaken) {
		a.Log.Error("tell a tier in Slack", "incident", in.Case.Incident.ID, "channel", channel, "err", err)
		return ToldSlack{}, nil
	}
	if err != nil {
		return ToldSlack{}, fmt.Errorf("post incident %q to %q: %w", in.Case.Incident.ID, channel, err)
	}
	return ToldSlack{Taken: true, Posted: posted, Mentions: mentions}, a.told(ctx, in, told, "in Slack "+channel)
}

// TellPagerDuty adds the packet as a note, and has PagerDuty page the tier when it should.
func (a *Activities) TellPagerDuty(ctx context.Context, in TellInput) (bool, error) {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id := in.Case.Incident.ID
	told := fmt.Sprintf("told/pagerduty/%d", in.Round)
	packet, rec, err := a.packet(ctx, in, nil)
	if err != nil {
		return false, err
	}
	if has(rec, told) {
		return true, nil
	}
	if err := a.held(ctx, in); err != nil {
		return false, err
	}
	called, paged := !in.Page, false
	if in.Page && in.answered(rec) {
		called = true
	} else if in.Page {
		switch err := a.page(ctx, in); {
		case errors.Is(err, ErrResolved):
			return true, nil
		case errors.Is(err, errAnswered):
			called = true
		case err != nil && !errors.Is(err, ErrRefused):
			return false, err
		case err != nil:
			a.Log.Error("page a tier", "incident", id, "tier", in.Tier.Name, "err", err)
		default:
			called, paged = true, true
		}
	}
	// The packet is told once in PagerDuty; later tiers are paged and find it there.
	err = a.PagerDuty.Note(ctx, id, noteKey(in.Case, "handed_over"), packet.Note(), true)
	switch {
	case paged && err != nil:
		a.Log.Warn("note the hand-over", "incident", id, "err", err)
	case errors.Is(err, ErrRefused):
		a.Log.Error("note the hand-over", "incident", id, "err", err)
		return false, nil
	case err != nil:
		return false, fmt.Errorf("note on incident %q: %w", id, err)
	case !called:
		return false, nil // a note wakes nobody
	}
	return true, a.told(ctx, in, told, "in PagerDuty")
}

// answered says whether a person has answered elsewhere since telling began, so that nobody is to be woken: PagerDuty may not
// know of it yet.
func (in TellInput) answered(rec incident.Record) bool {
	if !rec.EndedAt.IsZero() {
		return true
	}
	for _, t := range rec.Transitions {
		if t.Run == rec.Run && t.Kind == incident.PersonTook && !in.Asked.IsZero() && !t.At.Before(in.Asked) {
			return true
		}
	}
	return false
}

// errAnswered says that nobody needs to be paged any more.
var errAnswered = errors.New("somebody has the incident")

// page has PagerDuty page the tier's policy; where that cannot be, because the policy is gone or nobody is on call, the
// incident's own. It looks first: a page that was held up must not take the incident from a person.
func (a *Activities) page(ctx context.Context, in TellInput) error {
	id, own := in.Case.Incident.ID, in.Case.Incident.EscalationPolicy.ID
	if inc, self, err := a.look(ctx, id); err == nil && steppedIn(inc, self) != nil && (!in.Called || inc.Status == incident.Resolved) {
		return errAnswered
	}
	policy := cmp.Or(in.Tier.Policy, own)
	err := a.PagerDuty.Reassign(ctx, id, policy)
	if errors.Is(err, ErrRefused) && own != "" && own != policy {
		a.Log.Error("page a tier; the incident's own policy is paged instead", "incident", id, "tier", in.Tier.Name, "err", err)
		policy, err = own, a.PagerDuty.Reassign(ctx, id, own)
	}
	if err != nil {
		return fmt.Errorf("page policy %q for incident %q: %w", policy, id, err)
	}
	return nil
}

func (a *Activities) told(ctx context.Context, in TellInput, key, where string) error {
	t := incident.Transition{Incident: in.Case.Incident.ID, Run: in.Case.Run, Key: key, At: a.Now(), Kind: incident.ToldTier,
		Phase: incident.HandOver, By: in.Tier.Name, Why: where}
	if err := a.Journal.Append(ctx, []incident.Transition{t}); err != nil {
		return fmt.Errorf("record who was told of incident %q: %w", in.Case.Incident.ID, err)
	}
	return nil
}

// has says whether the record holds a line of its present run.
func has(rec incident.Record, key string) bool {
	_, found := find(rec, key)
	return found
}

// packet builds what a person gets, from the record.
func (a *Activities) packet(ctx context.Context, in TellInput, mentions []incident.Person) (handover.Packet, incident.Record, error) {
	rec, err := a.Journal.Record(ctx, in.Case.Incident.ID)
	if err != nil {
		return handover.Packet{}, rec, fmt.Errorf("read the record of incident %q: %w", in.Case.Incident.ID, err)
	}
	show := in.Show
	if show.Mentions = mentions; in.Within > 0 {
		show.NextAt = a.Now().Add(in.Within)
	}
	opts := a.shown(ctx, a.options(in.Case, in.Tier.Name), in.Case, show, rec)
	return handover.Build(rec, opts), rec, nil
}

func (a *Activities) options(c Case, tier string) handover.Options {
	zone, err := time.LoadLocation(c.Customer.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	return handover.Options{Language: cmp.Or(c.Customer.Language, "en"), TimeZone: zone, Tier: tier, Now: a.Now()}
}

// remaining renders the checklist. A line whose expression breaks is shown as it is written: the person matters more.
func (a *Activities) remaining(c Case, done []incident.Step) []string {
	if c.Scenario.Source == "" {
		return nil
	}
	s, err := a.Compiler.Compile(c.Scenario)
	if err != nil {
		a.Log.Error("compile the pinned scenario", "scenario", c.Scenario.Name, "err", err)
		return nil
	}
	facts, err := factsOf(c, done, 0)
	if err != nil {
		a.Log.Error("read the pinned inputs", "incident", c.Incident.ID, "err", err)
	}
	var lines []string
	for _, text := range s.HandOver.Remaining {
		line, err := text.Render(facts)
		if err != nil {
			line = fmt.Sprintf("%s (%v)", text.Source(), err)
		}
		lines = append(lines, line)
	}
	return lines
}
