package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Conclude carries an automatic outcome out: it resolves the incident with a note of what was done, and records the
// outcome and the end of the first response. When a person has taken the incident in the meantime, nothing is resolved,
// and the verdict says so. What PagerDuty refuses to close is handed over.
func (a *Activities) Conclude(ctx context.Context, in ConcludeInput) (Concluded, error) {
	v, err := a.conclude(ctx, in)
	if err != nil || !v.Outcome.IsAutomatic() {
		return Concluded{Verdict: v}, err
	}
	return a.toTell(in, v)
}

func (a *Activities) conclude(ctx context.Context, in ConcludeInput) (Verdict, error) {
	id, v := in.Case.Incident.ID, in.Verdict
	repeated := false // this step has resolved it before, and a crash came between; the note went with the same request
	if !v.Resolved {
		inc, self, err := a.look(ctx, id)
		switch stepped := steppedInSince(in.Case.Incident, inc, self); {
		case errors.Is(err, ErrRefused):
			return Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError, Why: err.Error()}, nil
		case err != nil:
			return Verdict{}, err
		case inc.Status == incident.Resolved && inc.LastChangeBy.ID == self:
			repeated = true
		case stepped != nil && stepped.Outcome == incident.TakenOver:
			return tookIt(*stepped, v), nil
		case stepped != nil:
			v.Resolved = true // the monitor was faster; what was found or done stays true
		}
	}
	if !repeated {
		switch err := a.resolve(ctx, in, v); {
		case errors.Is(err, ErrRefused):
			return Verdict{Outcome: incident.HandedOver, Reason: incident.EngineError,
				Why: fmt.Sprintf("%s, but PagerDuty refuses to close it: %v", v.Why, err)}, nil
		case err != nil:
			return Verdict{}, err
		}
	}
	return v, a.ended(ctx, in, v)
}

// ended records the outcome, and with it the end of the first response, and of a wait.
func (a *Activities) ended(ctx context.Context, in ConcludeInput, v Verdict) error {
	c, now := in.Case, a.Now()
	end := incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: "response_end", At: now, Kind: incident.ResponseEnd,
		Phase: incident.End, Why: "resolved in PagerDuty, with a note"}
	if v.Resolved {
		end.Why = "resolved in PagerDuty already"
	}
	lines := []incident.Transition{outcome(c, v, incident.Close, in.Attempt, now), end}
	if in.Waiting > 0 {
		lines = append(lines, resumed(c, in.Waiting, now, v.By, v.Why))
	}
	if err := a.Journal.Append(ctx, lines); err != nil {
		return fmt.Errorf("record the outcome of incident %q: %w", c.Incident.ID, err)
	}
	return nil
}

// outcome is the line that ends the automatic part.
func outcome(c Case, v Verdict, phase incident.Phase, attempt int, at time.Time) incident.Transition {
	t := incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: "outcome", At: at, Kind: incident.Ended, Phase: phase,
		Attempt: attempt, Outcome: v.Outcome, Reason: v.Reason, By: v.By, Why: v.Why}
	if v.Outcome == incident.Suppressed {
		t.Question, t.Window, t.Until = incident.Page, v.Window, v.Until
	}
	return t
}

// resolve resolves the incident with a note. One that the monitor has resolved before anything was changed needs none.
func (a *Activities) resolve(ctx context.Context, in ConcludeInput, v Verdict) error {
	if v.Outcome == incident.ResolvedUpstream {
		return nil
	}
	id := in.Case.Incident.ID
	note, err := a.closingNote(ctx, in, v)
	if err != nil {
		return err
	}
	if !v.Resolved {
		err := a.PagerDuty.Resolve(ctx, id, note)
		if !errors.Is(err, ErrResolved) {
			if err != nil {
				err = fmt.Errorf("resolve incident %q: %w", id, err)
			}
			return err
		}
	}
	if err := a.PagerDuty.Note(ctx, id, noteKey(in.Case, "closed"), note, true); err != nil && !errors.Is(err, ErrRefused) {
		return fmt.Errorf("note on incident %q what was done: %w", id, err)
	}
	return nil
}

func (a *Activities) closingNote(ctx context.Context, in ConcludeInput, v Verdict) (string, error) {
	rec, err := a.Journal.Record(ctx, in.Case.Incident.ID)
	if err != nil {
		return "", fmt.Errorf("read the record of incident %q: %w", in.Case.Incident.ID, err)
	}
	rec.Outcome, rec.Reason, rec.Why, rec.OutcomeAt = v.Outcome, v.Reason, v.Why, a.Now() // recorded once it is carried out
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return "", fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	opts := a.options(in.Case, "")
	if opts.CloseNote, err = closeNote(in, s, v); err != nil {
		return "", err
	}
	return handover.ClosingNote(rec, opts), nil
}

// closeNote is what the scenario's author has to say to a repair; empty otherwise.
func closeNote(in ConcludeInput, s *scenario.Scenario, v Verdict) (string, error) {
	if s.Close.Note == nil || v.Outcome != incident.Recovered {
		return "", nil
	}
	facts, err := factsOf(in.Case, in.Done, in.Attempt)
	if err != nil {
		return "", err
	}
	note, err := s.Close.Note.Render(facts)
	if err != nil {
		return fmt.Sprintf("(close.note: %v)", err), nil // the repair is done and verified: a note must not hold it up
	}
	return note, nil
}

func noteKey(c Case, what string) string { return fmt.Sprintf("%s/%d/%s", c.Incident.ID, c.Run, what) }

// Record appends to the record.
func (a *Activities) Record(ctx context.Context, in RecordInput) error {
	if err := a.Journal.Append(ctx, in.Transitions); err != nil {
		return fmt.Errorf("append to the record: %w", err)
	}
	return nil
}

// Attempt evaluates whether an attempt applies.
func (a *Activities) Attempt(_ context.Context, in AttemptInput) (bool, error) {
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return false, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	facts, err := factsOf(in.Case, in.Done, in.Attempt)
	if err != nil {
		return false, err
	}
	return s.Recover[in.Attempt-1].Wanted(facts)
}

// Plan records what recover would have done where nothing may be changed.
func (a *Activities) Plan(ctx context.Context, in PlanInput) ([]incident.Step, error) {
	s, err := a.Compiler.Compile(in.Case.Scenario)
	if err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", in.Case.Scenario.Name, err)
	}
	var planned []incident.Step
	for k := range s.Recover {
		facts, err := factsOf(in.Case, in.Done, k+1)
		if err != nil {
			return nil, err
		}
		applies, broken := s.Recover[k].Wanted(facts)
		for i := range s.Recover[k].Steps {
			key := incident.StepKey{Incident: in.Case.Incident.ID, Run: in.Case.Run, Phase: incident.Recover, Attempt: k + 1, Index: i}
			run, err := a.newStepRun(s, in.Case, key, in.Done, func(any) {})
			if err != nil {
				return nil, err
			}
			switch ready := run.prepare(); {
			case broken != nil:
				run.fails(incident.Permanent, broken)
			case !applies:
				run.record.Status, run.record.Note, run.record.EndedAt = incident.Skipped, "the attempt's condition does not hold", run.record.StartedAt
			case ready:
				run.record.Status, run.record.EndedAt = incident.Planned, run.record.StartedAt
				run.record.Note = "would have run"
			}
			if err := run.save(ctx); err != nil {
				return nil, err
			}
			planned = append(planned, trimStep(run.record))
		}
	}
	return planned, nil
}

// Status looks at an incident that a person has, in case PagerDuty's event was lost. It gives an event to take in, or
// an empty one.
func (a *Activities) Status(ctx context.Context, c Case) (incident.Event, error) {
	inc, err := a.Incidents.Status(ctx, c.Incident.ID)
	switch {
	case errors.Is(err, ErrGone):
		return gone(err), nil
	case err != nil:
		return incident.Event{}, fmt.Errorf("read incident %q: %w", c.Incident.ID, err)
	case inc.Status == incident.Resolved:
		return missed(inc, ""), nil
	}
	return incident.Event{}, nil
}
