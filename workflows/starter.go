package workflows

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"shodo/internal/incident"
)

// Starter hands PagerDuty's events to the incidents' workflows.
type Starter struct {
	client   client.Client
	customer func(incident.ServiceID) (incident.Customer, bool)
}

// NewStarter makes one. Customer tells whose service it is, for search attributes and for fairness between customers.
func NewStarter(c client.Client, customer func(incident.ServiceID) (incident.Customer, bool)) *Starter {
	return &Starter{client: c, customer: customer}
}

// Hand starts the incident's workflow, or tells it the event when it runs. Handing the same event again changes
// nothing.
func (s *Starter) Hand(ctx context.Context, e incident.Event) error {
	opts := s.options(e)
	in := IncidentInput{Event: e}
	if e.Type == incident.EventTriggered {
		// The event travels in the start request, which saves each incident a signal. One that runs knows it already. And
		// the first task comes with the answer to a worker of this process that has time, without the way through the queue.
		opts.EnableEagerStart = true
		_, err := s.client.ExecuteWorkflow(ctx, opts, IncidentWorkflow, in)
		var started *serviceerror.WorkflowExecutionAlreadyStarted
		if err != nil && !errors.As(err, &started) {
			return fmt.Errorf("start the workflow of incident %q: %w", e.Incident, err)
		}
		return nil
	}
	if _, err := s.client.SignalWithStartWorkflow(ctx, opts.ID, eventSignal, e, opts, IncidentWorkflow, in); err != nil {
		return fmt.Errorf("signal the workflow of incident %q: %w", e.Incident, err)
	}
	return nil
}

// PolicyChanged has what waits for the end of a window decided again, because the customer's windows may be others now.
func (s *Starter) PolicyChanged(ctx context.Context, d incident.Deferral) error {
	if d.Question == incident.Contact {
		opts, in := digestOptions(d.Customer, d.Until)
		if _, err := s.client.SignalWithStartWorkflow(ctx, opts.ID, policySignal, nil, opts, DigestWorkflow, in); err != nil {
			return fmt.Errorf("tell the digest of customer %q that its windows have changed: %w", d.Customer, err)
		}
		return nil
	}
	if err := s.client.SignalWorkflow(ctx, WorkflowID(d.Incident), "", policySignal, nil); err != nil {
		return fmt.Errorf("tell incident %q that its customer's windows have changed: %w", d.Incident, err)
	}
	return nil
}

// DigestStarter starts digests.
type DigestStarter struct{ client client.Client }

// NewDigestStarter makes one.
func NewDigestStarter(c client.Client) *DigestStarter { return &DigestStarter{client: c} }

// Start starts the digest of a window's end, unless it runs already.
func (s *DigestStarter) Start(ctx context.Context, customer incident.CustomerID, end time.Time) error {
	opts, in := digestOptions(customer, end)
	_, err := s.client.ExecuteWorkflow(ctx, opts, DigestWorkflow, in)
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) {
		return fmt.Errorf("start the digest of customer %q at %s: %w", customer, end.Format(time.RFC3339), err)
	}
	return nil
}

func digestOptions(customer incident.CustomerID, end time.Time) (client.StartWorkflowOptions, DigestInput) {
	return client.StartWorkflowOptions{
		ID:                                       DigestID(customer, end),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		Priority:                                 temporal.Priority{FairnessKey: fairnessKey(string(customer))},
		TypedSearchAttributes:                    temporal.NewSearchAttributes(keyword(CustomerAttribute, string(customer))),
	}, DigestInput{Customer: customer, End: end}
}

func (s *Starter) options(e incident.Event) client.StartWorkflowOptions {
	opts := client.StartWorkflowOptions{
		ID:                                       WorkflowID(e.Incident),
		TaskQueue:                                TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		Priority:                                 temporal.Priority{FairnessKey: fairnessKey(string(e.Service))},
	}
	if c, ok := s.customer(e.Service); ok {
		opts.Priority.FairnessKey = fairnessKey(string(c.ID))
		opts.TypedSearchAttributes = temporal.NewSearchAttributes(
			keyword(CustomerAttribute, string(c.ID)), keyword(DepartmentAttribute, c.Department))
	}
	return opts
}

// fairnessKey is the name itself, or its hash when it is longer than the 64 bytes that Temporal takes.
func fairnessKey(name string) string {
	if len(name) <= 64 {
		return name
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(name)))
}
