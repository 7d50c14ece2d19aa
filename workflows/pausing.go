package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// This file is the kill switch as an incident sees it. Whether a pause is in force is asked of the store right before it
// matters: at intake, before somebody is asked to approve, and before each changing step. The signal is needed only for
// what is running already, and only when it is to be cancelled.

// heedPauses listens to pauses that cancel what is running.
func (r *response) heedPauses() {
	signals := workflow.GetSignalChannel(r.ctx, pauseSignal)
	workflow.Go(r.ctx, func(ctx workflow.Context) {
		for {
			var p incident.Pause
			if more := signals.Receive(ctx, &p); !more {
				return
			}
			known := r.plan.Run > 0
			if p.Cancel && (!known || p.Stops(r.plan.Customer.ID, r.plan.Scenario.Name)) {
				r.paused = &p
				r.stop()
			}
		}
	})
}

// isPaused is the verdict when the kill switch has cancelled what was running.
func (r *response) isPaused() *Verdict {
	if r.paused == nil {
		return nil
	}
	return paused(*r.paused)
}

func paused(p incident.Pause) *Verdict {
	return &Verdict{Outcome: incident.HandedOver, Reason: incident.Paused, By: p.By, Why: pauseSentence(p)}
}

// pauseWords is pauseSentence for a pause that there may not be.
func pauseWords(p *incident.Pause) string {
	if p == nil {
		return ""
	}
	return pauseSentence(*p)
}

func pauseSentence(p incident.Pause) string {
	what := "everything"
	switch p.Scope {
	case incident.PauseCustomer:
		what = fmt.Sprintf("everything for customer %q", p.Name)
	case incident.PauseScenario:
		what = fmt.Sprintf("scenario %q", p.Name)
	}
	said := fmt.Sprintf("%s has paused %s", p.By, what)
	if p.Reason != "" {
		said += ": " + p.Reason
	}
	return said
}

// pausedNow gives the pause that stops a customer's scenario at the moment, or nil.
func (a *Activities) pausedNow(ctx context.Context, customer incident.CustomerID, name incident.ScenarioName) (*incident.Pause, error) {
	if a.Pauses == nil {
		return nil, nil
	}
	list, err := a.Pauses.PausesInForce(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask whether the engine is paused: %w", err)
	}
	for _, p := range list {
		if p.Stops(customer, name) {
			return &p, nil
		}
	}
	return nil, nil
}

// pausedLine is the line that explains that the kill switch has kept something from being done.
func pausedLine(c Case, key string, p incident.Pause, at time.Time) incident.Transition {
	return incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: "decision/paused/" + key, At: at, Kind: incident.Decided,
		Reason: incident.Paused, By: p.By, Why: pauseSentence(p)}
}

// Paused tells a running incident that the kill switch is on, which cancels its running step where the pause says so. One
// that has ended meanwhile is nothing to tell.
func (s *Starter) Paused(ctx context.Context, id incident.ID, p incident.Pause) error {
	var gone *serviceerror.NotFound
	if err := s.client.SignalWorkflow(ctx, WorkflowID(id), "", pauseSignal, p); err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("tell incident %q that it is paused: %w", id, err)
	}
	return nil
}
