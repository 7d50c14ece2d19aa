package app

import (
	"context"
	"errors"
	"fmt"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/mail"
	"shodo/internal/slack"
	"shodo/workflows"
)

// contacts tells the customers themselves, by Slack or by mail.
type contacts struct {
	slack *slack.Client // nil: not configured
	mail  *mail.Client  // nil: not configured
}

func (c contacts) TellContact(ctx context.Context, to customer.Contact, m handover.ContactMessage, key string) error {
	switch {
	case to.Email != "" && c.mail == nil:
		return fmt.Errorf("%w: there is no mail server (set mail.address)", workflows.ErrNotTaken)
	case to.Email != "":
		return notMailed(c.mail.Send(ctx, mail.Message{To: to.Email, Subject: m.Subject, Text: m.Text, Key: key}))
	case c.slack == nil:
		return fmt.Errorf("%w: Slack is not configured (set slack.bot_token)", workflows.ErrNotTaken)
	}
	_, err := c.slack.Post(ctx, to.Slack, m.Slack(), key)
	return notTaken(err)
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
