package sandbox

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file is what people do in Slack, and how the app hears of it: by a signed request, or over Socket Mode while a
// connection is open (docs.slack.dev, interactivity/handling-user-interaction).

// answerWithin is how long Slack waits for the app.
const answerWithin = 3 * time.Second

// Errors of what people do. The person sees a warning then.
var (
	ErrNoSuchElement = errors.New("there is nothing like that to press")
	ErrNotReachable  = errors.New("the app is not connected: it has neither an address nor a Socket Mode connection")
	ErrNoAnswer      = errors.New("the app did not answer as it should")
)

// Press is a person's click on a button, or a change of a group of checkboxes.
type Press struct {
	User     string // id
	Channel  string // id or name
	TS       string // of the message; one that only this user sees, too
	ActionID string
	Ticked   []string // of checkboxes: the values of all that are ticked afterwards
	At       string   // the action_ts; empty: now. The same press with the same time is what a repetition looks like
}

// Press does what a person does, and waits until the app has answered. Confirmations are the page's.
func (s *Slack) Press(ctx context.Context, p Press) error {
	channel, payload, err := s.pressed(p)
	if err != nil {
		return err
	}
	_, err = s.deliver(ctx, "interactive", payload, func() (string, url.Values) {
		text, _ := json.Marshal(payload) // it was made of JSON
		return s.opts.InteractionsURL, url.Values{"payload": {string(text)}}
	})
	return s.warned(channel, p.User, "shodo", err)
}

// Command types a slash command, such as "/shodo status", and gives what the app says at once, which the user alone sees.
func (s *Slack) Command(ctx context.Context, user, channel, typed string) (answer string, err error) {
	s.mu.Lock()
	c, m := s.channel(channel), s.member(user)
	s.mu.Unlock()
	name, text, _ := strings.Cut(strings.TrimSpace(typed), " ")
	if c == nil || m == nil || !strings.HasPrefix(name, "/") {
		return "", fmt.Errorf("%w: type a slash command, such as /shodo status", ErrNoSuchElement)
	}
	s.mu.Lock()
	fields := map[string]string{"token": "unused", "team_id": teamID, "team_domain": "sandbox", "channel_id": c.ID, "channel_name": c.Name,
		"user_id": m.ID, "user_name": m.handle(), "command": name, "text": strings.TrimSpace(text), "api_app_id": appID,
		"is_enterprise_install": "false", "response_url": s.newHook(c, m.ID, nil), "trigger_id": newID("", 13) + "." + newID("", 32)}
	s.mu.Unlock()
	said, err := s.deliver(ctx, "slash_commands", fields, func() (string, url.Values) {
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		return s.opts.CommandsURL, form
	})
	if err := s.warned(c, user, name, err); err != nil {
		return "", err
	}
	return s.commandAnswer(c, user, said)
}

// commandAnswer shows what came back: JSON, or plain text.
func (s *Slack) commandAnswer(c *Channel, user string, said []byte) (string, error) {
	said = bytes.TrimSpace(said)
	if len(said) == 0 || string(said) == "null" {
		return "", nil
	}
	answer := response{Text: string(said)}
	if said[0] == '{' {
		answer = response{}
		if err := json.Unmarshal(said, &answer); err != nil {
			return "", fmt.Errorf("%w: it sent JSON that is no message: %w", ErrNoAnswer, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.respondTo(c, user, nil, answer)
	if err != nil {
		return "", fmt.Errorf("%w: its answer is refused: %w", ErrNoAnswer, err)
	}
	return m.Plain(), nil
}

// warned shows a warning to the person when the app was not reached, as Slack does.
func (s *Slack) warned(c *Channel, user, what string, err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whisper(c, user, &Message{User: slackbotID, Text: "⚠️ " + escapedText(what) + " failed: " + escapedText(err.Error())})
	return err
}

// pressed makes the payload of a press (docs.slack.dev, reference/interaction-payloads/block_actions-payload).
func (s *Slack) pressed(p Press) (*Channel, object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, user := s.channel(p.Channel), s.member(p.User)
	if c == nil || user == nil {
		return nil, nil, fmt.Errorf("%w: channel %q, user %q", ErrNoSuchElement, p.Channel, p.User)
	}
	m := s.seen(c, p.User, p.TS)
	if m == nil {
		return nil, nil, fmt.Errorf("%w: no message %q in #%s", ErrNoSuchElement, p.TS, c.Name)
	}
	found, ok := findElement(m.Blocks, p.ActionID)
	if !ok {
		return nil, nil, fmt.Errorf("%w: no element %q in the message", ErrNoSuchElement, p.ActionID)
	}
	if p.At == "" {
		p.At = s.nextTS()
	}
	action, err := found.action(p)
	if err != nil {
		return nil, nil, err
	}
	container := object{"type": "message", "message_ts": m.TS, "channel_id": c.ID, "is_ephemeral": m.For != ""}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	payload := object{
		"type": "block_actions", "user": object{"id": user.ID, "username": user.handle(), "name": user.handle(), "team_id": teamID},
		"api_app_id": appID, "token": "unused", "container": container, "trigger_id": newID("", 13) + "." + newID("", 32),
		"team": object{"id": teamID, "domain": "sandbox"}, "enterprise": nil, "is_enterprise_install": false,
		"channel": object{"id": c.ID, "name": c.Name}, "state": object{"values": statesOf(m.Blocks, found, p.Ticked)},
		"response_url": s.newHook(c, user.ID, m), "actions": []object{action},
	}
	if m.For == "" { // an ephemeral message is not told
		payload["message"] = m.json()
	}
	return c, payload, nil
}

// seen finds a message that a user sees.
func (s *Slack) seen(c *Channel, user, ts string) *Message {
	if m := s.message(c, ts); m != nil {
		return m
	}
	at := slices.IndexFunc(s.private[c.ID], func(m *Message) bool { return m.TS == ts && m.For == user })
	if at < 0 {
		return nil
	}
	return s.private[c.ID][at]
}

// deliver brings something to the app, and gives its answer.
func (s *Slack) deliver(ctx context.Context, kind string, payload any, request func() (address string, form url.Values)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if s.faults.isOutage() {
		return nil, fmt.Errorf("%w: Slack is down", ErrNotReachable)
	}
	if answer, err := s.sockets.deliver(ctx, kind, payload); !errors.Is(err, errNoSocket) {
		return answer, err
	}
	s.mu.Lock()
	address, form := request()
	secret := s.opts.SigningSecret
	s.mu.Unlock()
	if address == "" {
		return nil, ErrNotReachable
	}
	return s.request(ctx, address, secret, form.Encode())
}

// request sends a signed request (docs.slack.dev, authentication/verifying-requests-from-slack).
func (s *Slack) request(ctx context.Context, address, secret, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotReachable, err)
	}
	stamp := strconv.FormatInt(s.opts.Clock().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "v0:"+stamp+":"+body) // a hash takes everything
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	response, err := s.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w within %s: %w", ErrNoAnswer, answerWithin, err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxRequest))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrNoAnswer, response.StatusCode)
	}
	return data, nil
}
