package scenariotest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"shodo/internal/incident"
)

// journal is the record of one incident, kept in memory by the same rules as the store's. It also holds what had
// happened before, for the budgets.
type journal struct {
	mu      sync.Mutex
	rec     incident.Record
	begun   bool
	earlier earlier
	onTold  func() // a tier was told for the first time
}

// earlier is how much was repaired before the case begins.
type earlier struct {
	Recoveries int `yaml:"recoveries" doc:"Repairs of the same target."`
	Targets    int `yaml:"targets" doc:"Other targets of the customer that this scenario repaired."`
}

func (j *journal) Begin(_ context.Context, r incident.Record) (incident.Begun, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case !j.begun:
		j.begun = true
		r.Run, r.Steps, r.Transitions = 1, nil, nil
		j.rec = r
		return incident.Begun{Run: 1}, nil
	case r.WorkflowRun == j.rec.WorkflowRun:
		return incident.Begun{Run: j.rec.Run, Known: true}, nil
	}
	return incident.Begun{Run: j.rec.Run, Closed: true}, nil
}

func (j *journal) Append(_ context.Context, lines []incident.Transition) error {
	j.mu.Lock()
	told := false
	for _, t := range lines {
		known := func(k incident.Transition) bool { return k.Run == t.Run && k.Key == t.Key }
		if slices.ContainsFunc(j.rec.Transitions, known) {
			continue
		}
		j.rec.Transitions = append(j.rec.Transitions, t)
		j.follow(t)
		told = told || t.Kind == incident.ToldTier
	}
	j.mu.Unlock()
	if told {
		j.onTold()
	}
	return nil
}

// follow carries a line into the record's own fields.
func (j *journal) follow(t incident.Transition) {
	r := &j.rec
	switch t.Kind {
	case incident.PhaseBegan:
		r.Phase = t.Phase
	case incident.Ended:
		if r.OutcomeAt.IsZero() {
			r.Outcome, r.Reason, r.Why, r.OutcomeAt = t.Outcome, t.Reason, t.Why, t.At
		}
	case incident.PersonTook:
		if r.TakenAt.IsZero() {
			r.TakenAt, r.TakenBy = t.At, t.By
		}
	case incident.ResponseEnd:
		if r.EndedAt.IsZero() {
			r.EndedAt, r.Phase = t.At, incident.End
		}
	}
}

func (j *journal) Record(_ context.Context, id incident.ID) (incident.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.begun || j.rec.Incident.ID != id {
		return incident.Record{}, fmt.Errorf("incident %q has no record", id)
	}
	return j.copy(), nil
}

// copy gives the record as of now.
func (j *journal) copy() incident.Record { return inOrder(j.rec) }

// inOrder gives a copy of the record in which the steps of gather, which run at the same time, stand in the order of the
// file.
func inOrder(rec incident.Record) incident.Record {
	rec.Steps, rec.Transitions = slices.Clone(rec.Steps), slices.Clone(rec.Transitions)
	for begin := 0; begin < len(rec.Steps); begin++ {
		end := begin
		for end < len(rec.Steps) && rec.Steps[end].Phase == incident.Gather {
			end++
		}
		slices.SortFunc(rec.Steps[begin:end], func(a, b incident.Step) int { return cmp.Compare(a.Index, b.Index) })
		begin = max(begin, end-1)
	}
	return rec
}

func (j *journal) FindStep(_ context.Context, key incident.StepKey) (incident.Step, bool, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := j.indexOf(key); i >= 0 {
		return j.rec.Steps[i], true, nil
	}
	return incident.Step{}, false, nil
}

func (j *journal) StartStep(_ context.Context, step incident.Step) (incident.StepState, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := j.indexOf(step.StepKey); i >= 0 {
		return incident.StepState{Step: j.rec.Steps[i]}, nil
	}
	step.Status = incident.Started
	j.rec.Steps = append(j.rec.Steps, step)
	return incident.StepState{New: true, Step: step}, nil
}

func (j *journal) FinishStep(_ context.Context, step incident.Step) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if i := j.indexOf(step.StepKey); i >= 0 {
		j.rec.Steps[i] = step
	} else {
		j.rec.Steps = append(j.rec.Steps, step)
	}
	if ran(step) && j.rec.StartedAt.IsZero() {
		j.rec.StartedAt = step.StartedAt
	}
	return nil
}

func (j *journal) indexOf(key incident.StepKey) int {
	return slices.IndexFunc(j.rec.Steps, func(s incident.Step) bool { return s.StepKey == key })
}

// Attempts counts what the case says and what it did itself.
func (j *journal) Attempts(context.Context, incident.CustomerID, string, time.Time) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.earlier.Recoveries + len(j.attempts()), nil
}

// Targets counts what the case says, and the case's own target once it was tried.
func (j *journal) Targets(context.Context, incident.CustomerID, incident.ScenarioName, time.Time) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.earlier.Targets + min(len(j.attempts()), 1), nil
}

// made is one making of an attempt: the engine's own has round 0, those at a person's wish have others.
type made struct{ attempt, round int }

// attempts gives the recovery attempts of which a changing step was sent.
func (j *journal) attempts() map[made]bool {
	all := map[made]bool{}
	for _, s := range j.rec.Steps {
		if s.Phase == incident.Recover && (s.Status == incident.Started || ran(s)) {
			all[made{s.Attempt, s.Round}] = true
		}
	}
	return all
}

// ran says whether the action of a step was used.
func ran(s incident.Step) bool {
	return (s.Status == incident.Succeeded || s.Status == incident.Failed) && s.ErrorKind != incident.Refused
}
