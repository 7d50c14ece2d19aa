package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"shodo/internal/call"
	"shodo/internal/customer"
	"shodo/internal/mail"
	"shodo/internal/secret"
	"shodo/internal/slack"
	"shodo/internal/ticket"
	"shodo/workflows"
)

// contacts tells the customers themselves: by Slack, by mail, to their own systems, in their trackers, by telephone.
type contacts struct {
	slack *slack.Client // nil: not configured
	mail  *mail.Client  // nil: not configured
}

func (c contacts) TellContact(ctx context.Context, to customer.Contact, news workflows.ContactNews) (did string, err error) {
	switch {
	case to.Webhook != nil:
		return "", c.send(ctx, *to.Webhook, news)
	case to.Ticket != nil:
		return c.ticket(ctx, *to.Ticket, news)
	case to.Call != nil:
		return c.call(ctx, *to.Call, news)
	case to.Email != "" && c.mail == nil:
		return "", fmt.Errorf("%w: there is no mail server (set mail.address)", workflows.ErrNotTaken)
	case to.Email != "":
		return "", notMailed(c.mail.Send(ctx, mail.Message{To: to.Email, Subject: news.Message.Subject, Text: news.Message.Text, Key: news.Key}))
	case c.slack == nil:
		return "", fmt.Errorf("%w: Slack is not configured (set slack.bot_token)", workflows.ErrNotTaken)
	}
	_, err = c.slack.Post(ctx, to.Slack, news.Message.Slack(), news.Key)
	return "", notTaken(err)
}

// send gives the customer's own systems what happened as signed JSON.
func (c contacts) send(ctx context.Context, to customer.Webhook, news workflows.ContactNews) error {
	key, err := resolve(to.Secret, "the secret of the webhook")
	if err != nil {
		return err
	}
	hook, err := ticket.NewWebhook(ticket.WebhookOptions{URL: to.URL, Secret: key})
	if err != nil {
		return refused(err)
	}
	return refused(hook.Tell(ctx, news.Facts, news.Key))
}

// ticket opens an issue, or adds to the one that was opened for the same incident.
func (c contacts) ticket(ctx context.Context, to customer.Ticket, news workflows.ContactNews) (did string, err error) {
	desk, err := deskOf(to)
	if err != nil {
		return "", err
	}
	issue := ticket.Issue{Title: news.Message.Subject, Text: news.Message.Text}
	opened, err := desk.Open(ctx, issue, news.Issue) // gives the one that is there, if it is
	if err != nil {
		return "", refused(err)
	}
	verb := "opened"
	if news.Opened {
		verb = "commented on"
		if err := desk.Comment(ctx, opened, news.Message.Subject+"\n\n"+news.Message.Text, news.Key); err != nil {
			return "", refused(err)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", verb, opened.ID, opened.URL)), nil
}

func deskOf(to customer.Ticket) (ticket.Desk, error) {
	switch {
	case to.Backlog != nil:
		b := *to.Backlog
		key, err := resolve(b.APIKey, "the API key of Backlog")
		if err != nil {
			return nil, err
		}
		desk, err := ticket.NewBacklog(ticket.BacklogOptions{URL: b.URL, Project: b.Project, IssueType: b.IssueType, Priority: b.Priority, APIKey: key})
		return desk, refused(err)
	case to.Jira != nil:
		j := *to.Jira
		token, err := resolve(j.Token, "the token of Jira")
		if err != nil {
			return nil, err
		}
		desk, err := ticket.NewJira(ticket.JiraOptions{URL: j.URL, Project: j.Project, IssueType: j.IssueType, User: j.User, Token: token})
		return desk, refused(err)
	case to.Webhook != nil:
		key, err := resolve(to.Webhook.Secret, "the secret of the ticket webhook")
		if err != nil {
			return nil, err
		}
		desk, err := ticket.NewWebhook(ticket.WebhookOptions{URL: to.Webhook.URL, Secret: key})
		return desk, refused(err)
	}
	return nil, fmt.Errorf("%w: the contact names no tracker", workflows.ErrNotTaken)
}

// call has the sentence read; about a digest nobody is called.
func (c contacts) call(ctx context.Context, to customer.Call, news workflows.ContactNews) (did string, err error) {
	if news.Sentence == "" {
		return "not called: this is not worth a call", nil
	}
	var external secret.Value
	if !to.ExternalID.IsZero() {
		if external, err = resolve(to.ExternalID, "the external id of the role"); err != nil {
			return "", err
		}
	}
	line, err := call.New(ctx, call.Line{Region: to.Region, Instance: to.Instance, ContactFlow: to.ContactFlow, From: to.From,
		RoleARN: to.RoleARN, ExternalID: external.Reveal()})
	if err != nil {
		return "", err
	}
	if err := line.Say(ctx, to.Phone, news.Sentence, news.Language, news.Key); err != nil {
		return "", refused(err)
	}
	return "called; whether anybody has heard it is not known", nil
}

// resolve reads a secret that a customer's file names. One that is not there may be there later: somebody has to put it.
func resolve(ref secret.Ref, what string) (secret.Value, error) {
	v, err := ref.Resolve(os.Getenv, os.ReadFile)
	if err != nil {
		return v, fmt.Errorf("read %s: %w", what, err)
	}
	return v, nil
}

// refused marks the errors that sending again does not mend.
func refused(err error) error {
	if errors.Is(err, ticket.ErrRefused) || errors.Is(err, call.ErrRefused) {
		return fmt.Errorf("%w: %w", workflows.ErrNotTaken, err)
	}
	return err
}

// notMailed marks the errors that sending again does not mend.
func notMailed(err error) error {
	for _, final := range []error{mail.ErrRecipient, mail.ErrRefused, mail.ErrAuth, mail.ErrTLS, mail.ErrMessage} {
		if errors.Is(err, final) {
			return fmt.Errorf("%w: %w", workflows.ErrNotTaken, err)
		}
	}
	return err
}
