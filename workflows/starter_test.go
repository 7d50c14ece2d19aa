package workflows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/mock"
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
