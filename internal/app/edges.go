package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"shodo/internal/action"
	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/secret"
	"shodo/internal/slack"
	"shodo/internal/source"
	"shodo/workflows"
)

// pagerDutyEdge says PagerDuty's errors in the workflows' words.
type pagerDutyEdge struct{ client *pagerduty.Client }

func (e pagerDutyEdge) Read(ctx context.Context, id incident.ID) (incident.Incident, error) {
	inc, err := e.client.Read(ctx, id)
	return inc, inWords(err)
}

func (e pagerDutyEdge) Status(ctx context.Context, id incident.ID) (incident.Incident, error) {
	inc, err := e.client.Status(ctx, id)
	return inc, inWords(err)
}

func (e pagerDutyEdge) Acknowledge(ctx context.Context, id incident.ID) error {
	return inWords(e.client.Acknowledge(ctx, id))
}

func (e pagerDutyEdge) AcknowledgeFor(ctx context.Context, id incident.ID, user string) error {
	return inWords(e.client.AcknowledgeFor(ctx, id, user))
}

func (e pagerDutyEdge) Resolve(ctx context.Context, id incident.ID, resolution string) error {
	return inWords(e.client.Resolve(ctx, id, resolution))
}

func (e pagerDutyEdge) Note(ctx context.Context, id incident.ID, key, text string, mayExist bool) error {
	return inWords(e.client.Note(ctx, id, key, text, mayExist))
}

func (e pagerDutyEdge) Reassign(ctx context.Context, id incident.ID, policy string) error {
	return inWords(e.client.Reassign(ctx, id, policy))
}

func (e pagerDutyEdge) Snooze(ctx context.Context, id incident.ID, d time.Duration) error {
	return inWords(e.client.Snooze(ctx, id, d))
}

func inWords(err error) error {
	switch {
	case errors.Is(err, pagerduty.ErrResolved):
		return fmt.Errorf("%w: %w", workflows.ErrResolved, err)
	case errors.Is(err, pagerduty.ErrNotFound):
		return fmt.Errorf("%w: %w: %w", workflows.ErrRefused, workflows.ErrGone, err)
	case errors.Is(err, pagerduty.ErrForbidden),
		errors.Is(err, pagerduty.ErrUnauthorized), errors.Is(err, pagerduty.ErrRejected),
		errors.Is(err, pagerduty.ErrNobodyOnCall), errors.Is(err, pagerduty.ErrCannotEscalate):
		return fmt.Errorf("%w: %w", workflows.ErrRefused, err)
	}
	return err
}

// slackEdge posts for the workflows.
type slackEdge struct{ client *slack.Client }

func (e slackEdge) Post(ctx context.Context, channel string, m handover.Message, key string) (workflows.Posted, error) {
	posted, err := e.client.Post(ctx, channel, m, key)
	return workflows.Posted{Channel: posted.Channel, TS: posted.TS}, notTaken(err)
}

func (e slackEdge) Update(ctx context.Context, at workflows.Posted, m handover.Message) error {
	return notTaken(e.client.Update(ctx, slack.Posted{Channel: at.Channel, TS: at.TS}, m))
}

func (e slackEdge) Reply(ctx context.Context, to workflows.Posted, m handover.Message) error {
	_, err := e.client.Reply(ctx, slack.Posted{Channel: to.Channel, TS: to.TS}, m)
	return notTaken(err)
}

// notTaken marks the errors that posting again does not mend.
func notTaken(err error) error {
	for _, final := range []error{slack.ErrChannel, slack.ErrAuth, slack.ErrRefused, slack.ErrGone} {
		if errors.Is(err, final) {
			return fmt.Errorf("%w: %w", workflows.ErrNotTaken, err)
		}
	}
	return err
}

// runner runs actions with the credentials that the customer has now.
type runner struct {
	actions *action.Set
	catalog *source.Source
	metrics *metrics
	log     *slog.Logger
}

func (r *runner) Run(ctx context.Context, c workflows.Call) (json.RawMessage, error) {
	began := time.Now()
	output, err := r.actions.Run(ctx, c.Action, action.Call{
		Params: c.Params, Connection: r.connections(c.Customer), Heartbeat: c.Heartbeat,
		Log: r.log.With("customer", c.Customer),
	})
	r.metrics.observeStep(c.Action, action.KindOf(err), time.Since(began))
	if err != nil {
		return output, &workflows.StepError{Kind: action.KindOf(err), Err: err}
	}
	return output, nil
}

func (r *runner) connections(id incident.CustomerID) action.Connections {
	c, ok := r.catalog.Current().Customer(id)
	if !ok {
		return nil
	}
	return connections{c.Credentials}
}

// connections resolves a customer's credentials when an action asks.
type connections struct{ customer.Credentials }

func (c connections) SSH() (action.SSH, error) {
	if c.Credentials.SSH == nil {
		return action.SSH{}, action.ErrNoCredential
	}
	s := action.SSH{User: c.Credentials.SSH.User, Port: c.Credentials.SSH.Port}
	if c.Credentials.SSH.Agent {
		s.AgentSocket = os.Getenv("SSH_AUTH_SOCK")
	}
	for _, part := range []struct {
		into *[]byte
		from secret.Ref
		what string
	}{
		{&s.Key, c.Credentials.SSH.Key, "credentials.ssh.key"},
		{&s.KnownHosts, c.Credentials.SSH.KnownHosts, "credentials.ssh.known_hosts"},
	} {
		if part.from.IsZero() {
			continue
		}
		v, err := part.from.Resolve(os.Getenv, os.ReadFile)
		if err != nil {
			return action.SSH{}, fmt.Errorf("%s: %w", part.what, err)
		}
		*part.into = []byte(v.Reveal() + "\n")
	}
	return s, nil
}

func (c connections) HTTPHeader(name string) (key, value string, err error) {
	h, ok := c.HTTP[name]
	if !ok {
		return "", "", action.ErrNoCredential
	}
	v, err := h.Value.Resolve(os.Getenv, os.ReadFile)
	if err != nil {
		return "", "", fmt.Errorf("credentials.http.%s: %w", name, err)
	}
	return h.Header, v.Reveal(), nil
}

// customerOf tells whose a service is.
func (a *App) customerOf(id incident.ServiceID) (incident.Customer, bool) {
	c, ok := a.catalog.Current().CustomerOf(id)
	if !ok {
		return incident.Customer{}, false
	}
	return c.Facts(), true
}
