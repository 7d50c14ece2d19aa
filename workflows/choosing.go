package workflows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"shodo/internal/incident"
)

// Refusal is why a choice was not taken. Nothing has changed by it.
type Refusal struct {
	Kind string // one of the Refused constants
	Why  string // one sentence
}

// Error gives the sentence.
func (r *Refusal) Error() string { return r.Why }

// Chooser takes what people choose to the incidents' workflows.
type Chooser struct{ client client.Client }

// NewChooser makes one.
func NewChooser(c client.Client) *Chooser { return &Chooser{client: c} }

const (
	// choiceTries is how often a choice is sent when the incident's workflow is just about to end or to begin anew.
	choiceTries = 3
	choicePause = 200 * time.Millisecond
	// maxNote and maxName are the most of a person's own words and name that a history takes, in bytes.
	maxNote = 1 << 10
	maxName = 200
)

// Choose takes one choice, and returns once it is durable. The same id again changes nothing and gives the same answer.
// An error is a *Refusal, or says that it is not known whether the choice was taken: then the same may be sent again.
func (s *Chooser) Choose(ctx context.Context, c incident.Choice) (incident.ChoiceResult, error) {
	var result incident.ChoiceResult
	switch {
	case c.ID == "" || c.Incident == "" || c.By.ID == "":
		return result, fmt.Errorf("a choice needs an id, an incident and a person, and has %q, %q and %q", c.ID, c.Incident, c.By.ID)
	case !slices.Contains(incident.ChoiceKinds(), c.Kind):
		return result, fmt.Errorf("there is no choice %q (there are %q)", c.Kind, incident.ChoiceKinds())
	}
	c.Note, c.By.Name = trimText(c.Note, maxNote), trimText(c.By.Name, maxName)
	if c.By.Name == "" {
		c.By.Name = c.By.ID
	}
	for try := 1; ; try++ {
		err := s.send(ctx, c, &result)
		if err == nil {
			return result, nil
		}
		if refusal := refusalOf(err, c); refusal != nil {
			return result, refusal
		}
		if !isPassing(err) || try == choiceTries || !sleep(ctx, choicePause) {
			return result, fmt.Errorf("take the choice %q to incident %q: %w", c.Kind, c.Incident, err)
		}
	}
}

func (s *Chooser) send(ctx context.Context, c incident.Choice, result *incident.ChoiceResult) error {
	handle, err := s.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: WorkflowID(c.Incident), UpdateID: c.ID, UpdateName: chooseUpdate, Args: []any{c},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, result)
}

// refusalOf gives the refusal that an error carries, or nil.
func refusalOf(err error, c incident.Choice) *Refusal {
	var app *temporal.ApplicationError
	if errors.As(err, &app) && slices.Contains(refusals(), app.Type()) {
		return &Refusal{Kind: app.Type(), Why: app.Message()}
	}
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return &Refusal{Kind: RefusedEnded, Why: fmt.Sprintf("no first response to incident %s is running", c.Incident)}
	}
	return nil
}

func refusals() []string {
	return []string{RefusedEnded, RefusedRun, RefusedAnswered, RefusedSamePerson, RefusedAttempt, RefusedWorking,
		RefusedNoTier, RefusedItem, RefusedTooMany}
}

// isPassing says whether the same may be taken a moment later: the workflow is just ending a run, and the next one begins.
func isPassing(err error) bool {
	var notReady *serviceerror.WorkflowNotReady
	var aborted *serviceerror.Aborted
	return errors.As(err, &notReady) || errors.As(err, &aborted)
}

// sleep waits; it is false when the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
