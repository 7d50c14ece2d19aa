package workflows

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// This file acts on what people choose once the incident was handed over, beside the loop that tells the tiers: a choice
// waits neither for Slack nor for PagerDuty. The loop sees what follows for it: who has the incident, that the first
// response is finished, that the next tier is called.

// obey acts on choices, one after the other, until the run ends.
func (r *response) obey() {
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			if err := workflow.Await(ctx, r.choices.waiting); err != nil {
				return
			}
			if c, more := r.choices.next(); more {
				r.acting = true
				r.act(ctx, c)
				r.acting = false
			}
		}
	})
}

func (r *response) act(ctx workflow.Context, c incident.Choice) {
	if c.Kind == incident.RunAttempt {
		r.runAttempt(ctx, c)
		return
	}
	lines := []incident.Transition{r.chosen(c)}
	if c.Kind == incident.Done || c.Kind == incident.Noise {
		lines = append(lines, incident.Transition{Key: "response_end", Kind: incident.ResponseEnd, Phase: incident.End, By: c.By.Name,
			Choice: c.Kind, Why: sentence(c)})
	}
	r.recordIn(ctx, lines...)
	switch c.Kind {
	case incident.TakeOver:
		r.takeInPagerDuty(c)
	case incident.NextTier:
		r.called = true
	case incident.Done:
		r.notes = append(r.notes, workflow.ExecuteActivity(writing(ctx), finishActivity, FinishInput{Case: r.plan.Case, Choice: c}))
	case incident.Noise:
		r.closeAsNoise(ctx, c)
	}
}

// takeInPagerDuty acknowledges the incident in the name of who has taken it. It does not wait; somebody else who takes it
// ends it.
func (r *response) takeInPagerDuty(c incident.Choice) {
	if r.yield != nil {
		r.yield()
	}
	var ctx workflow.Context
	ctx, r.yield = workflow.WithCancel(r.ctx)
	r.notes = append(r.notes, workflow.ExecuteActivity(telling(ctx), takePagerDutyActivity, TakeInput{Case: r.plan.Case, Choice: c}))
}

// closeAsNoise resolves the incident in PagerDuty, as a person wishes. Where PagerDuty refuses, somebody has to do it there.
func (r *response) closeAsNoise(ctx workflow.Context, c incident.Choice) {
	var refused string
	err := workflow.ExecuteActivity(telling(ctx), finishActivity, FinishInput{Case: r.plan.Case, Choice: c}).Get(ctx, &refused)
	switch {
	case err != nil:
		workflow.GetLogger(ctx).Error("resolve an incident that was noise", "err", err)
	case refused != "":
		r.recordIn(ctx, incident.Transition{Key: "acted/noise", Kind: incident.Acted, Choice: incident.Noise, Why: refused})
	default:
		r.people.note(incident.Event{ID: chosenID(c), Type: incident.EventResolved, OccurredAt: workflow.Now(ctx),
			Agent: incident.Agent{ID: c.By.PagerDuty, Name: c.By.Name, Type: "user_reference"}})
	}
}

// TakePagerDuty acknowledges an incident in the name of a person who took it outside of PagerDuty: then it is theirs there,
// too. Where PagerDuty does not know the person, the engine acknowledges, and a note says who has it.
func (a *Activities) TakePagerDuty(ctx context.Context, in TakeInput) error {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id, by := in.Case.Incident.ID, in.Choice.By
	err := ErrRefused
	if by.PagerDuty != "" {
		if err = a.PagerDuty.AcknowledgeFor(ctx, id, by.PagerDuty); errors.Is(err, ErrRefused) {
			a.Log.Warn("acknowledge for a person; the engine does it", "incident", id, "person", by.ID, "err", err)
		}
	}
	if errors.Is(err, ErrRefused) {
		err = a.takeUnnamed(ctx, in)
	}
	switch {
	case errors.Is(err, ErrResolved):
		return nil
	case errors.Is(err, ErrRefused):
		a.Log.Error("acknowledge for a person", "incident", id, "person", by.ID, "err", err)
		return nil
	case err != nil:
		return fmt.Errorf("acknowledge incident %q for %q: %w", id, by.ID, err)
	}
	return nil
}

func (a *Activities) takeUnnamed(ctx context.Context, in TakeInput) error {
	id := in.Case.Incident.ID
	rec, err := a.Journal.Record(ctx, id)
	if err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	if err := a.PagerDuty.AcknowledgeFor(ctx, id, ""); err != nil {
		return err
	}
	note := handover.TakenNote(rec, a.options(in.Case, ""), in.Choice.By.Name)
	return a.PagerDuty.Note(ctx, id, noteKey(in.Case, "taken/"+in.Choice.ID), note, true)
}

// Finish tells PagerDuty that a person has finished the first response, with who did what; as noise, the incident is
// resolved there. Refused says why PagerDuty does not take that.
func (a *Activities) Finish(ctx context.Context, in FinishInput) (refused string, err error) {
	ctx, stop := keepBeating(ctx)
	defer stop()
	id := in.Case.Incident.ID
	rec, err := a.Journal.Record(ctx, id)
	if err != nil {
		return "", fmt.Errorf("read the record of incident %q: %w", id, err)
	}
	opts := a.options(in.Case, "")
	opts.Remaining = a.remaining(in.Case, stepsOf(rec))
	note := handover.FinishedNote(rec, opts)
	if in.Choice.Kind == incident.Noise {
		if err = a.PagerDuty.Resolve(ctx, id, note); errors.Is(err, ErrResolved) {
			err = nil
		}
	} else {
		err = a.PagerDuty.Note(ctx, id, noteKey(in.Case, "finished"), note, true)
	}
	if errors.Is(err, ErrRefused) {
		a.Log.Error("tell PagerDuty that the first response is finished", "incident", id, "err", err)
		return fmt.Sprintf("PagerDuty refuses it: %v", err), nil
	}
	if err != nil {
		return "", fmt.Errorf("tell PagerDuty that the first response to incident %q is finished: %w", id, err)
	}
	return "", nil
}
