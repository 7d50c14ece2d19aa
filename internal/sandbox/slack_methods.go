package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"unicode/utf8"
)

// This file is the methods of Slack's Web API, apart from the uploads.

func (s *Slack) authTest(c caller, _ url.Values) (object, error) {
	return object{"url": "http://" + c.host + "/", "team": "Sandbox", "user": "shodo", "team_id": teamID,
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

// longText is how long the text of a change may be. A new message is cut at mostText instead ("Slack will truncate messages
// containing more than 40,000 characters").
const (
	longText = 4000
	mostText = 40_000
)

// content checks and fills the words of a message.
func content(m *Message, args url.Values) error {
	m.Text, m.Blocks = args.Get("text")+args.Get("markdown_text"), nil
	if blocks := args.Get("blocks"); !empty(blocks) {
		if code, problems := checkBlocks(json.RawMessage(blocks)); code != "" {
			return &slackError{code: code, messages: problems}
		}
		m.Blocks = withBlockIDs(json.RawMessage(blocks))
	}
	if metadata := args.Get("metadata"); metadata != "" {
		var event struct {
			Type    string         `json:"event_type"`
			Payload map[string]any `json:"event_payload"`
		}
		if json.Unmarshal([]byte(metadata), &event) != nil || (metadata != "{}" && (event.Type == "" || event.Payload == nil)) {
			return no("invalid_metadata_schema")
		}
		m.Metadata = json.RawMessage(metadata)
	}
	return nil
}

// withBlockIDs gives every block without an id one, as Slack does: what people press is told with it.
func withBlockIDs(blocks json.RawMessage) json.RawMessage {
	var list []map[string]json.RawMessage
	if json.Unmarshal(blocks, &list) != nil {
		return blocks
	}
	for _, b := range list {
		var id string
		if json.Unmarshal(b["block_id"], &id) != nil || id == "" {
			b["block_id"], _ = json.Marshal(newID("", 5)) // a string: encoding it has no error
		}
	}
	filled, err := json.Marshal(list)
	if err != nil {
		return blocks
	}
	return filled
}

func (s *Slack) postMessage(_ caller, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	m := &Message{User: botUserID}
	if err := content(m, args); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(m.Text) > mostText {
		m.Text = string([]rune(m.Text)[:mostText])
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
	m.TS, m.PostedAt = s.nextTS(), now
	s.messages[c.ID] = append(s.messages[c.ID], m)
	s.touch()
	return nil
}

// nextTS is a time, and no other message has it.
func (s *Slack) nextTS() string {
	s.lastTS = max(s.lastTS+1, s.opts.Clock().UnixMicro())
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

// postEphemeral shows a message to one user, who has to be there. Slack keeps none of them, and limits them by the tier of
// the method, not per channel.
func (s *Slack) postEphemeral(_ caller, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	user := s.member(args.Get("user"))
	if user == nil || user.Deleted {
		return nil, no("user_not_in_channel")
	}
	m := &Message{User: botUserID, ThreadTS: args.Get("thread_ts")}
	if utf8.RuneCountInString(args.Get("text")) > longText {
		return nil, no("msg_too_long")
	}
	if err := content(m, args); err != nil {
		return nil, err
	}
	s.whisper(c, user.ID, m)
	return object{"message_ts": m.TS}, nil
}

// whisper shows a message to one user of a channel. The lock is held.
func (s *Slack) whisper(c *Channel, user string, m *Message) {
	m.For, m.TS, m.PostedAt = user, s.nextTS(), s.opts.Clock()
	s.private[c.ID] = append(s.private[c.ID], m)
	s.touch()
}

// Ephemeral gives what one user alone sees in a channel, oldest first.
func (s *Slack) Ephemeral(channel, user string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channel(channel)
	if c == nil {
		return nil
	}
	var list []Message
	for _, m := range s.private[c.ID] {
		if m.For == user {
			list = append(list, *m)
		}
	}
	return list
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
	out := object{"type": "message", "user": m.User, "bot_id": botID, "app_id": appID, "team": teamID,
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
func (s *Slack) updateMessage(_ caller, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil && err.Error() == "is_archived" {
		return nil, no("is_inactive")
	}
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
	if utf8.RuneCountInString(args.Get("text")) > longText {
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

func (s *Slack) listConversations(caller, url.Values) (object, error) {
	list := []object{}
	for i := range s.opts.Channels {
		if c := &s.opts.Channels[i]; !s.gone[c.ID] {
			list = append(list, c.json())
		}
	}
	return object{"channels": list, "response_metadata": object{"next_cursor": ""}}, nil
}

func (s *Slack) conversationInfo(_ caller, args url.Values) (object, error) {
	c := s.channel(args.Get("channel"))
	if c == nil || c.ID != args.Get("channel") {
		return nil, no("channel_not_found")
	}
	return object{"channel": c.json()}, nil
}
