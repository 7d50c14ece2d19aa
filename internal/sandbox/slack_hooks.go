package sandbox

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// This file is the response_url of presses and commands: five answers within 30 minutes
// (docs.slack.dev, interactivity/handling-user-interaction).

const (
	hookUses  = 5
	hookLasts = 30 * time.Minute
)

// hook is one response_url.
type hook struct {
	channel *Channel
	user    string
	message *Message // that was pressed; nil of a command
	until   time.Time
	left    int
}

// response is an answer of the app.
type response struct {
	Type            string          `json:"response_type"` // "ephemeral" (when empty) or "in_channel"
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	ReplaceOriginal bool            `json:"replace_original"`
	DeleteOriginal  bool            `json:"delete_original"`
}

// newHook gives a new response_url. The lock is held.
func (s *Slack) newHook(c *Channel, user string, m *Message) string {
	if s.host == "" {
		return ""
	}
	id := newID("", 24)
	s.hooks[id] = &hook{channel: c, user: user, message: m, until: s.opts.Clock().Add(hookLasts), left: hookUses}
	return "http://" + s.host + "/hooks/" + id
}

// respond takes an answer.
func (s *Slack) respond(w http.ResponseWriter, r *http.Request) {
	var answer response
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&answer); err != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hooks[r.PathValue("hook")]
	switch {
	case h == nil:
		http.Error(w, "no_service", http.StatusNotFound)
		return
	case h.left == 0 || s.opts.Clock().After(h.until):
		http.Error(w, "used_url", http.StatusNotFound)
		return
	}
	h.left--
	if _, err := s.respondTo(h.channel, h.user, h.message, answer); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = w.Write([]byte("ok"))
}

// respondTo shows an answer. The lock is held.
func (s *Slack) respondTo(c *Channel, user string, original *Message, answer response) (*Message, error) {
	args := url.Values{"text": {answer.Text}, "blocks": {string(answer.Blocks)}}
	if answer.Text == "" && empty(args.Get("blocks")) {
		return nil, no("no_text")
	}
	m := &Message{User: botUserID}
	if err := content(m, args); err != nil {
		return nil, err
	}
	switch {
	case answer.ReplaceOriginal && original != nil:
		original.Text, original.Blocks = m.Text, m.Blocks
		original.Edited++
		s.touch()
		return original, nil
	case answer.Type == "in_channel":
		return m, s.post(c, m, "")
	}
	s.whisper(c, user, m)
	return m, nil
}
