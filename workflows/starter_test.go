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

	"shodo/internal/incident"
	"shodo/workflows"
)

// Temporal refuses to start what has a fairness key of more than 64 bytes. A customer's name in Japanese has three for
// each of its up to 60 characters.
func TestACustomerWithALongNameIsServed(t *testing.T) {
	keys := map[string]bool{}
	for _, name := range []string{"acme", strings.Repeat("株", 60), strings.Repeat("株", 59) + "式"} {
		c := &mocks.Client{}
		c.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).
			Run(func(args mock.Arguments) {
				key := args.Get(1).(client.StartWorkflowOptions).Priority.FairnessKey
				if len(key) == 0 || len(key) > 64 {
					t.Errorf("the fairness key of %q has %d bytes", name, len(key))
				}
				keys[key] = true
			}).Return(nil, nil)
		s := workflows.NewStarter(c, func(incident.ServiceID) (incident.Customer, bool) {
			return incident.Customer{ID: incident.CustomerID(name)}, true
		})
		if err := s.Hand(t.Context(), incident.Event{Type: incident.EventTriggered, Incident: "Q1", Service: service}); err != nil {
			t.Error(err)
		}
	}
	if len(keys) != 3 {
		t.Errorf("%d fairness keys for 3 customers", len(keys))
	}
}

func TestDigestsAreStartedOnce(t *testing.T) {
	end := time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		answer error
		fails  bool
	}{
		"it starts":         {nil, false},
		"it runs already":   {serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""), false},
		"Temporal is away":  {errors.New("unavailable"), true},
		"Temporal says no":  {serviceerror.NewInvalidArgument("no"), true},
		"the time is up":    {context.DeadlineExceeded, true},
		"it is not allowed": {serviceerror.NewPermissionDenied("no", ""), true},
	} {
		t.Run(name, func(t *testing.T) {
			c1 := &mocks.Client{}
			c1.On("ExecuteWorkflow", mock.Anything, mock.Anything, workflows.DigestWorkflow, workflows.DigestInput{Customer: "acme", End: end}).
				Run(func(args mock.Arguments) {
					opts := args.Get(1).(client.StartWorkflowOptions)
					if opts.ID != "digest/acme/1796108400" || opts.Priority.FairnessKey != "acme" || !opts.WorkflowExecutionErrorWhenAlreadyStarted {
						t.Errorf("started with %+v", opts)
					}
				}).Return(nil, c.answer)
			if err := workflows.NewDigestStarter(c1).Start(t.Context(), "acme", end); (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			c1.AssertExpectations(t)
		})
	}
}

func TestWhoIsToldThatWindowsHaveChanged(t *testing.T) {
	d := incident.Deferral{Incident: "Q1", Run: 1, Customer: "acme", Question: incident.Page, Until: time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)}
	t.Run("the incident that waits", func(t *testing.T) {
		c := &mocks.Client{}
		c.On("SignalWorkflow", mock.Anything, "incident/Q1", "", "policy", nil).Return(nil)
		if err := workflows.NewStarter(c, nil).PolicyChanged(t.Context(), d); err != nil {
			t.Error(err)
		}
		c.AssertExpectations(t)
	})
	t.Run("an incident that does not wait any more", func(t *testing.T) {
		c := &mocks.Client{}
		c.On("SignalWorkflow", mock.Anything, "incident/Q1", "", "policy", nil).Return(serviceerror.NewNotFound("no such workflow"))
		var gone *serviceerror.NotFound
		if err := workflows.NewStarter(c, nil).PolicyChanged(t.Context(), d); !errors.As(err, &gone) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("the digest, which begins again when it was lost", func(t *testing.T) {
		d := d
		d.Question = incident.Contact
		c := &mocks.Client{}
		c.On("SignalWithStartWorkflow", mock.Anything, "digest/acme/1796108400", "policy", nil, mock.Anything, workflows.DigestWorkflow,
			workflows.DigestInput{Customer: "acme", End: d.Until}).Return(nil, nil)
		if err := workflows.NewStarter(c, nil).PolicyChanged(t.Context(), d); err != nil {
			t.Error(err)
		}
		c.AssertExpectations(t)
	})
}
