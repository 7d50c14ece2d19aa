package slack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"
)

// The kinds of error; use errors.Is.
var (
	ErrChannel   = errors.New("channel is not there or not open to the bot") // fix the tier's channel, or invite the bot
	ErrAuth      = errors.New("token is not accepted")                       // fix slack.bot_token, slack.app_token, or the app's scopes
	ErrRefused   = errors.New("message is refused")                          // the same message is refused again
	ErrGone      = errors.New("message is gone")                             // nothing to change or to reply to
	ErrUser      = errors.New("user or group is not there")                  // nobody has this id or address, or is in that channel
	ErrTransient = errors.New("no success this time")                        // trying again may help

	// ErrUnanswered is of errors that are ErrTransient, too: the call was sent, and no answer came that can be read. It may
	// have done its work.
	ErrUnanswered = errors.New("no answer, so that it may have been taken")
)

// Error is what one call of Slack's API came to.
type Error struct {
	Method     string        // "chat.postMessage"
	Code       string        // Slack's error code, "http 502", "rate_limited", or what went wrong on the way
	Hint       string        // what to do about it; may be empty
	RetryAfter time.Duration // how long Slack asks to wait; zero when it does not say
	kind       error
	cause      error
	unanswered bool
}

// Error says what was called, what came back and what to do.
func (e *Error) Error() string {
	s := fmt.Sprintf("slack %s: %s: %s", e.Method, e.kind, e.Code)
	if e.RetryAfter > 0 {
		s += fmt.Sprintf(", wait %s", e.RetryAfter)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap gives the kinds, and the cause where it may be told: a context's end.
func (e *Error) Unwrap() []error {
	all := []error{e.kind}
	if e.unanswered {
		all = append(all, ErrUnanswered)
	}
	if e.cause != nil {
		all = append(all, e.cause)
	}
	return all
}

// kindOf sorts Slack's error codes by what they mean for the caller
// (docs.slack.dev, reference/methods/chat.postMessage, chat.update, files.completeUploadExternal).
func kindOf(code string) (hint string, kind error) {
	switch code {
	case "channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_thread_only_channel",
		"restricted_action_read_only_channel", "restricted_action_non_threadable_channel", "messages_tab_disabled",
		"team_access_not_granted", "is_inactive", "posting_to_channel_denied", "cannot_reply_to_message", "invalid_channel":
		return "check the channel's name and invite the bot to it", ErrChannel
	case "missing_scope", "no_permission", "not_allowed_token_type", "access_denied", "ekm_access_denied", "team_not_found",
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "org_login_required",
		"enterprise_is_restricted", "two_factor_setup_required", "app_missing_action_url", "deprecated_endpoint", "method_deprecated":
		return "check slack.bot_token and the scopes of the app", ErrAuth
	case "user_not_found", "users_not_found", "user_not_visible", "user_not_in_channel", "no_such_subteam":
		return "", ErrUser
	case "plan_upgrade_required":
		return "the workspace's plan has no user groups: name the people by slack_users", ErrRefused
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cant_broadcast_message":
		return "", ErrGone
	case "ratelimited", "rate_limited", "message_limit_exceeded", "internal_error", "fatal_error", "service_unavailable", "request_timeout",
		"team_added_to_org", "accesslimited", "upload_not_found", "file_update_failed", "update_failed", "external_channel_migrating", "slack_connect_blocked_file_upload":
		return "", ErrTransient
	}
	return "", ErrRefused
}

// classified turns what slack-go gave into an *Error; sent says that the request went out. The text of transport errors
// is reduced to its reason: their URLs may be upload addresses, which are secrets.
func classified(ctx context.Context, method string, err error, sent bool) error {
	if err == nil {
		return nil
	}
	e := &Error{Method: method, kind: ErrTransient}
	var answer slackgo.SlackErrorResponse
	var limited *slackgo.RateLimitedError
	var status slackgo.StatusCodeError
	var transport *url.Error
	switch {
	case ctx.Err() != nil:
		e.Code, e.cause, e.unanswered = "no answer in time", ctx.Err(), sent
	case errors.As(err, &limited):
		e.Code, e.RetryAfter = "rate_limited", max(limited.RetryAfter, time.Second)
	case errors.As(err, &answer):
		e.Code = answer.Err
		e.Hint, e.kind = kindOf(answer.Err)
		if answer.Needed != "" {
			e.Hint = "the app needs the scope " + answer.Needed
		}
		if detail := strings.Join(answer.ResponseMetadata.Messages, "; "); detail != "" {
			e.Code += " (" + shortened(detail, 300) + ")"
		}
	case errors.As(err, &status):
		e.Code = fmt.Sprintf("http %d", status.Code)
		switch {
		case status.Code == 401, status.Code == 403:
			e.kind, e.Hint = ErrAuth, "check slack.bot_token and slack.api_url"
		case status.Code == 429:
			e.RetryAfter = time.Second
		case status.Code < 500:
			e.kind, e.Hint = ErrRefused, "check slack.api_url"
		}
	case errors.As(err, &transport):
		e.Code, e.unanswered = transport.Err.Error(), sent
		if errors.Is(transport.Err, context.DeadlineExceeded) || transport.Timeout() {
			e.Code = "no answer in time"
		}
	default:
		e.Code, e.unanswered = "the answer is not understood", sent
	}
	return e
}

func shortened(s string, max int) string {
	if runes := []rune(s); len(runes) > max {
		return string(runes[:max]) + "…"
	}
	return s
}
