package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"shodo/internal/secret"
	"shodo/internal/slack"
)

// signed tells whether a request is Slack's.
type signed struct {
	secret secret.Value
	now    func() time.Time
	log    *slog.Logger
}

func (s signed) check(r *http.Request, body []byte) error {
	err := slack.VerifyRequest(s.secret, r.Header, body, s.now())
	if err != nil {
		s.log.Warn("a request without a valid signature of Slack was refused; should it be Slack's, compare slack.signing_secret with "+
			"the app's signing secret, and this machine's clock with the time", "path", r.URL.Path, "remote", r.RemoteAddr, "err", err)
	}
	return err
}

// FromSlack does what a person did in Slack, as Socket Mode brings it: the same as the requests to /webhooks/slack do. What it
// gives is the answer to a command, for the acknowledgement.
func (s *Site) FromSlack(ctx context.Context, e slack.Envelope) (answer any) {
	switch e.Kind {
	case slack.EnvelopeInteraction:
		if s.presses == nil {
			return nil
		}
		word := "handled"
		if _, err := s.presses.press(ctx, e.Payload); err != nil {
			s.log.Error("an interaction over Socket Mode cannot be read", "err", err)
			word = "broken"
		}
		s.presses.seen.WithLabelValues(word).Inc()
	case slack.EnvelopeCommand:
		if s.commands == nil {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, commandTimeout)
		defer cancel()
		answer, _ = s.commands.typed(ctx, e.Payload) // the log has the error, and nobody can be told
	}
	return answer
}

// Wait returns when everything that people pressed has been handled.
func (s *Site) Wait() {
	if s.presses != nil {
		s.presses.under.Wait()
	}
}
