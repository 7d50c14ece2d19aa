package workflows_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/mocks"
	"go.temporal.io/sdk/temporal"

	"shodo/internal/incident"
	"shodo/workflows"
)

func TestAChoiceOnItsWay(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []error // of Temporal, one after the other
		refused string
		fails   bool
		sent    int
	}{
		{name: "it is taken", answers: []error{nil}, sent: 1},
		{name: "it is refused", answers: []error{temporal.NewApplicationError("attempt 1 is being made", workflows.RefusedWorking)},
			refused: workflows.RefusedWorking, sent: 1},
		{name: "the incident is over, or there is none", answers: []error{serviceerror.NewNotFound("no such workflow")},
			refused: workflows.RefusedEnded, sent: 1},
		{name: "a run ends at that moment", answers: []error{serviceerror.NewWorkflowNotReady("closing"), nil}, sent: 2},
		{name: "it does not become ready", answers: []error{serviceerror.NewWorkflowNotReady("a"), serviceerror.NewWorkflowNotReady("b"),
			serviceerror.NewWorkflowNotReady("c")}, fails: true, sent: 3},
		{name: "Temporal is away", answers: []error{serviceerror.NewUnavailable("no connection")}, fails: true, sent: 1},
		{name: "what is refused for a reason of no choice", answers: []error{temporal.NewApplicationError("no", "PanicError")}, fails: true, sent: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := 0
			tc := &mocks.Client{}
			tc.On("UpdateWorkflow", mock.Anything, mock.Anything).Return(
				func(_ context.Context, opts client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
					if opts.WorkflowID != "incident/Q1" || opts.UpdateID != "press-1" || opts.UpdateName != "choose" ||
						opts.WaitForStage != client.WorkflowUpdateStageCompleted {
						t.Errorf("sent %+v", opts)
					}
					err := c.answers[sent]
					sent++
					if err != nil {
						return nil, err
					}
					h := &mocks.WorkflowUpdateHandle{}
					h.On("Get", mock.Anything, mock.Anything).Run(func(args mock.Arguments) {
						*args.Get(1).(*incident.ChoiceResult) = incident.ChoiceResult{Again: true}
					}).Return(nil)
					return h, nil
				})
			result, err := workflows.NewChooser(tc).Choose(t.Context(), incident.Choice{ID: "press-1", Kind: incident.TakeOver, Incident: "Q1", By: sato})
			var refusal *workflows.Refusal
			switch {
			case c.refused != "":
				if !errors.As(err, &refusal) || refusal.Kind != c.refused || refusal.Why == "" {
					t.Errorf("error %v", err)
				}
			case c.fails:
				if err == nil || errors.As(err, &refusal) || !strings.Contains(err.Error(), `"Q1"`) {
					t.Errorf("error %v", err)
				}
			case err != nil || !result.Again:
				t.Errorf("result %+v, error %v", result, err)
			}
			if sent != c.sent {
				t.Errorf("sent %d times, want %d", sent, c.sent)
			}
		})
	}
}

func TestAChoiceThatSaysTooLittle(t *testing.T) {
	good := incident.Choice{ID: "press-1", Kind: incident.TakeOver, Incident: "Q1", By: sato}
	for name, spoil := range map[string]func(*incident.Choice){
		"no id":       func(c *incident.Choice) { c.ID = "" },
		"no incident": func(c *incident.Choice) { c.Incident = "" },
		"no person":   func(c *incident.Choice) { c.By = incident.Person{} },
		"no kind":     func(c *incident.Choice) { c.Kind = "" },
		"a new kind":  func(c *incident.Choice) { c.Kind = "delete" },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			spoil(&c)
			var refusal *workflows.Refusal
			if _, err := workflows.NewChooser(&mocks.Client{}).Choose(t.Context(), c); err == nil || errors.As(err, &refusal) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A person's own words, which enter the history, have an end.
func TestAChoiceWithMuchToSay(t *testing.T) {
	tc := &mocks.Client{}
	tc.On("UpdateWorkflow", mock.Anything, mock.Anything).Return(
		func(_ context.Context, opts client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
			c := opts.Args[0].(incident.Choice)
			if len(c.Note) > 2<<10 || len(c.By.Name) > 1<<10 || !strings.HasPrefix(c.Note, "障害") {
				t.Errorf("sent %d bytes, by a name of %d", len(c.Note), len(c.By.Name))
			}
			return nil, serviceerror.NewNotFound("gone")
		})
	long := incident.Person{ID: "slack:U1", Name: strings.Repeat("佐藤", 1000)}
	_, _ = workflows.NewChooser(tc).Choose(t.Context(), incident.Choice{ID: "1", Kind: incident.Done, Incident: "Q1", By: long,
		Note: strings.Repeat("障害", 100_000)})
	tc.AssertExpectations(t)
}

func TestWhoIsToldThatItIsPaused(t *testing.T) {
	p := incident.Pause{ID: "P1", Scope: incident.PauseAll, Cancel: true, At: time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)}
	for name, c := range map[string]struct {
		answer error
		fails  bool
	}{
		"it runs":          {nil, false},
		"it has ended":     {serviceerror.NewNotFound("no such workflow"), false},
		"Temporal is away": {serviceerror.NewUnavailable("no connection"), true},
	} {
		t.Run(name, func(t *testing.T) {
			tc := &mocks.Client{}
			tc.On("SignalWorkflow", mock.Anything, "incident/Q1", "", "pause", p).Return(c.answer)
			if err := workflows.NewStarter(tc, nil).Paused(t.Context(), "Q1", p); (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			tc.AssertExpectations(t)
		})
	}
}
