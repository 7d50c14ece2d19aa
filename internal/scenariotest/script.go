package scenariotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"encoding/json"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/workflows"
)

// script answers the steps of one case from its file.
type script struct {
	actions Actions
	steps   func() *scenario.Scenario // the one that matched
	answers map[string]*answers

	mu     sync.Mutex
	asked  map[string]int // by key
	wrong  []string       // what the file lacks
	strays map[string]bool
}

// answers is what one key of "steps" answers.
type answers struct {
	list   []answer // expanded: each answers once
	always bool     // the last one answers for ever
}

// answer is one answer of an action.
type answer struct {
	output  map[string]any
	kind    incident.ErrorKind // not empty: the step fails
	message string
	takes   time.Duration
}

// Run gives the next answer of the step's key.
func (s *script) Run(ctx context.Context, c workflows.Call) (json.RawMessage, error) {
	if err := s.actions.CheckParams(c.Action, c.Params); err != nil {
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: err}
	}
	step := stepAt(s.steps(), c.Key)
	a, err := s.next(step, c)
	if err != nil {
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: err}
	}
	output, err := encode(step.Action, a.output)
	if err != nil {
		err = fmt.Errorf("step %q: the answer does not fit %s: %w", step.DisplayName(), step.Uses, err)
		s.note(err.Error())
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: err}
	}
	if err := taking(ctx, a.takes); err != nil {
		return nil, err
	}
	if a.kind != "" {
		return output, &workflows.StepError{Kind: a.kind, Err: errors.New(cmp.Or(a.message, "the answer in the test file"))}
	}
	return output, nil
}

// taking lets the time of an answer pass, up to the step's own timeout.
func taking(ctx context.Context, d time.Duration) error {
	deadline, bounded := ctx.Deadline()
	limit := time.Until(deadline).Round(100 * time.Millisecond)
	late := bounded && d > limit
	if late {
		d = limit
	}
	switch {
	case !pass(ctx, d):
		return &workflows.StepError{Kind: incident.Cancelled, Err: errors.New("cancelled while it ran")}
	case late:
		return &workflows.StepError{Kind: incident.TimedOut, Err: fmt.Errorf("it did not end within %s", limit)}
	}
	return nil
}

// next finds the step's answer: by its id, else by its attempt's name, else by its action.
func (s *script) next(step *scenario.Step, c workflows.Call) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keysOf(step) {
		list, ok := s.answers[key]
		if !ok {
			continue
		}
		n := s.asked[key]
		s.asked[key]++
		switch {
		case n < len(list.list):
			return list.list[n], nil
		case list.always && len(list.list) > 0:
			return list.list[len(list.list)-1], nil
		}
		err := fmt.Errorf("%q was asked more than %s: %s has no further answer", key, times(len(list.list)), at(step, c))
		s.once(err.Error(), key)
		return answer{}, err
	}
	key := step.DisplayName()
	err := fmt.Errorf("%s has no answer: add %s to steps; it was asked with %s", at(step, c), quoted(key), c.Params)
	s.once(err.Error(), key)
	return answer{}, err
}

// once notes what is wrong with a key one time, however often it is asked for.
func (s *script) once(problem, key string) {
	if !s.strays[key] {
		s.strays[key] = true
		s.wrong = append(s.wrong, problem)
	}
}

func (s *script) note(problem string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, problem)
}

// problems are what the file did not answer, sorted: steps of gather ask at the same time.
func (s *script) problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.wrong))
}

// unused are the answers that nobody asked for.
func (s *script) unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, key := range slices.Sorted(maps.Keys(s.answers)) {
		a := s.answers[key]
		switch n := s.asked[key]; {
		case n == 0:
			list = append(list, quoted(key)+" was never asked")
		case n < len(a.list):
			list = append(list, fmt.Sprintf("%s was asked %s and has %d answers", quoted(key), times(n), len(a.list)))
		}
	}
	return list
}

// keysOf are the keys that may answer a step, the first of them first.
func keysOf(step *scenario.Step) []string {
	keys := []string{step.ID, step.Attempt, step.Uses}
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

// stepAt finds a step by its place.
func stepAt(s *scenario.Scenario, key incident.StepKey) *scenario.Step {
	switch key.Phase {
	case incident.Check:
		return &s.Check[key.Index]
	case incident.Gather:
		return &s.Gather[key.Index]
	case incident.Verify:
		return &s.Verify.Steps[key.Index]
	}
	return &s.Recover[key.Attempt-1].Steps[key.Index]
}

// at names a step with the phase that it ran in.
func at(step *scenario.Step, c workflows.Call) string {
	return fmt.Sprintf("step %q (%s, in %s)", step.DisplayName(), step.Uses, c.Key.Phase)
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// quoted writes a key as it stands in YAML.
func quoted(key string) string {
	if strings.ContainsAny(key, " :#'\"{}[],&*!|>%@`") {
		return fmt.Sprintf("%q", key)
	}
	return key
}
