package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// This file is the methods of Slack's Web API, apart from the uploads.

func (s *Slack) authTest(r *http.Request, _ url.Values) (object, error) {
	return object{"url": "http://" + r.Host + "/", "team": "Sandbox", "user": "shodo", "team_id": teamID,
		"user_id": botUserID, "bot_id": botID, "is_enterprise_install": false}, nil
}

// target finds the channel of a request to write.
func (s *Slack) target(name string) (*Channel, error) {
	c := s.channel(name)
	switch {
	case c == nil:
		return nil, no("channel_not_found")
	case c.Archived:
		return nil, no("is_archived")
	case c.NoBot:
		return nil, no("not_in_channel")
	}
	return c, nil
}

// content checks and fills the words of a message.
func content(m *Message, args url.Values) error {
	m.Text, m.Blocks = args.Get("text"), nil
	if blocks := args.Get("blocks"); blocks != "" && blocks != "[]" {
		if code, problems := checkBlocks(json.RawMessage(blocks)); code != "" {
			return &slackError{code: code, messages: problems}
		}
		m.Blocks = json.RawMessage(blocks)
	}
	if m.Text == "" && m.Blocks == nil && args.Get("attachments") == "" {
		return no("no_text")
	}
	if metadata := args.Get("metadata"); metadata != "" {
		if !json.Valid([]byte(metadata)) {
			return no("invalid_metadata_format")
		}
		m.Metadata = json.RawMessage(metadata)
	}
	return nil
}

func (s *Slack) postMessage(_ *http.Request, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	m := &Message{User: botUserID}
	if err := content(m, args); err != nil {
		return nil, err
	}
	const most = 40_000 // "Slack will truncate messages containing more than 40,000 characters"
	if utf8.RuneCountInString(m.Text) > most {
		m.Text = string([]rune(m.Text)[:most])
	}
	if err := s.post(c, m, args.Get("thread_ts")); err != nil {
		return nil, err
	}
	return object{"channel": c.ID, "ts": m.TS, "message": m.json()}, nil
}

// post puts a message into a channel, or into the thread of one of its messages.
func (s *Slack) post(c *Channel, m *Message, thread string) error {
	now := s.opts.Clock()
	if wait := s.opts.PostInterval - now.Sub(s.lastPost[c.ID]); s.opts.PostInterval > 0 && wait > 0 {
		return &slackError{code: "ratelimited", retry: wait}
	}
	if thread != "" {
		parent := s.message(c, thread)
		if parent == nil {
			return no("thread_not_found")
		}
		if m.ThreadTS = parent.TS; parent.ThreadTS != "" {
			m.ThreadTS = parent.ThreadTS
		}
	}
	s.lastPost[c.ID] = now
	s.lastTS = max(s.lastTS+1, now.UnixMicro())
	m.TS, m.PostedAt = fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6), now
	s.messages[c.ID] = append(s.messages[c.ID], m)
	s.touch()
	return nil
}

func (s *Slack) message(c *Channel, ts string) *Message {
	for _, m := range s.messages[c.ID] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

func (m *Message) json() object {
	out := object{"type": "message", "user": m.User, "bot_id": botID, "app_id": "A0SHODOBOT1", "team": teamID,
		"text": m.Text, "ts": m.TS}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	return out
}

// updateMessage takes an id only, never a channel's name, and refuses long texts where chat.postMessage cuts them.
func (s *Slack) updateMessage(_ *http.Request, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	if c.ID != args.Get("channel") {
		return nil, no("channel_not_found")
	}
	m := s.message(c, args.Get("ts"))
	if m == nil {
		return nil, no("message_not_found")
	}
	if m.User != botUserID {
		return nil, no("cant_update_message")
	}
	if utf8.RuneCountInString(args.Get("text")) > 4000 {
		return nil, no("msg_too_long")
	}
	changed := *m
	if err := content(&changed, args); err != nil {
		return nil, err
	}
	changed.Edited++
	*m = changed
	s.touch()
	return object{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": m.json()}, nil
}

func (c *Channel) json() object {
	return object{"id": c.ID, "name": c.Name, "name_normalized": c.Name, "is_channel": true, "is_group": false,
		"is_im": false, "is_private": false, "is_archived": c.Archived, "is_member": !c.NoBot, "created": 1577836800}
}

func (s *Slack) listConversations(*http.Request, url.Values) (object, error) {
	list := []object{}
	for i := range s.opts.Channels {
		list = append(list, s.opts.Channels[i].json())
	}
	return object{"channels": list, "response_metadata": object{"next_cursor": ""}}, nil
}

func (s *Slack) conversationInfo(_ *http.Request, args url.Values) (object, error) {
	c := s.channel(args.Get("channel"))
	if c == nil || c.ID != args.Get("channel") {
		return nil, no("channel_not_found")
	}
	return object{"channel": c.json()}, nil
}

func (s *Slack) lookupByEmail(_ *http.Request, args url.Values) (object, error) {
	for _, m := range s.opts.Members {
		if strings.EqualFold(m.Email, args.Get("email")) {
			return object{"user": object{"id": m.ID, "team_id": teamID, "name": strings.ToLower(strings.Fields(m.Name)[0]),
				"real_name": m.Name, "profile": object{"email": m.Email, "real_name": m.Name}}}, nil
		}
	}
	return nil, no("users_not_found")
}
