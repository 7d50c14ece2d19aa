package slack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ErrMalformed is the kind of ParseInteraction's and ParseCommand's errors: what Slack signed cannot be read.
var ErrMalformed = errors.New("request of Slack cannot be read")

// Interaction is what one person did in one message (docs.slack.dev, reference/interaction-payloads/block_actions-payload).
type Interaction struct {
	Type        string // "block_actions"; others have no actions
	UserID      string
	UserName    string // the handle; Client.UserInfo gives the full name
	Team        string // id of the workspace
	Channel     string // id
	ChannelName string // "privategroup" or "directmessage" where Slack hides it
	Message     string // ts of the message with the buttons; empty when it was none
	Thread      string // ts of the message whose thread it is in; empty when it is in none
	Actions     []Action
}

// Action is one press of a button, or one change of a group of checkboxes.
type Action struct {
	ID    string // the action_id of the element
	Block string // its block_id
	Type  string // "button", "checkboxes"; others are kept
	Value string // of a button
	TS    string // when, as Slack writes times
	Key   string // the same when Slack sends the same press again, and another one for every other press

	// Of checkboxes, by their values: what is ticked now, and what was ticked in the message that was pressed. Slack does
	// not say which box it was.
	Selected, Shown []string
}

// payload is what is read of an interaction. Slack adds fields at any time, and everything else is skipped.
type payload struct {
	Type string `json:"type"`
	User struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		Username string `json:"username"`
	} `json:"user"`
	Team      *struct{ ID string } `json:"team"` // null in an app that is installed for an organisation
	Container struct {
		ChannelID string `json:"channel_id"`
		MessageTS string `json:"message_ts"`
		ThreadTS  string `json:"thread_ts"`
	} `json:"container"`
	Channel struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"channel"`
	Message struct {
		TS       string            `json:"ts"`
		ThreadTS string            `json:"thread_ts"`
		Blocks   []json.RawMessage `json:"blocks"`
	} `json:"message"`
	Actions []pressed `json:"actions"`
}

type pressed struct {
	Type     string   `json:"type"`
	ActionID string   `json:"action_id"`
	BlockID  string   `json:"block_id"`
	ActionTS string   `json:"action_ts"`
	Value    string   `json:"value"`
	Selected []option `json:"selected_options"`
}

type option struct {
	Value string `json:"value"`
}

// ParseInteraction reads an interaction: the body of a request ("payload=..."), or the JSON alone as Socket Mode brings
// it. Who calls it has verified the request. The error is ErrMalformed.
func ParseInteraction(body []byte) (Interaction, error) {
	text, err := payloadOf(body)
	if err != nil {
		return Interaction{}, err
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return Interaction{}, fmt.Errorf("%w: its payload is not an interaction: %w", ErrMalformed, err)
	}
	if p.Type == "" || p.User.ID == "" {
		return Interaction{}, fmt.Errorf("%w: it does not say what was done, or by whom", ErrMalformed)
	}
	i := Interaction{Type: p.Type, UserID: p.User.ID, UserName: first(p.User.Name, p.User.Username),
		Channel: first(p.Channel.ID, p.Container.ChannelID), ChannelName: p.Channel.Name,
		Message: first(p.Container.MessageTS, p.Message.TS), Thread: first(p.Container.ThreadTS, p.Message.ThreadTS)}
	if p.Team != nil {
		i.Team = p.Team.ID
	}
	if p.Type != "block_actions" {
		return i, nil
	}
	for _, a := range p.Actions {
		one := Action{ID: a.ActionID, Block: a.BlockID, Type: a.Type, Value: a.Value, TS: a.ActionTS}
		if a.Type == "checkboxes" {
			one.Selected, one.Shown = values(a.Selected), shown(p.Message.Blocks, a.BlockID, a.ActionID)
		}
		one.Key = pressKey(i, one)
		i.Actions = append(i.Actions, one)
	}
	return i, nil
}

// payloadOf takes the JSON out of a form.
func payloadOf(body []byte) ([]byte, error) {
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("{")) {
		return trimmed, nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a form", ErrMalformed)
	}
	if text := form.Get("payload"); text != "" {
		return []byte(text), nil
	}
	return nil, fmt.Errorf("%w: it has no payload", ErrMalformed)
}

// shown gives what was ticked in a group of checkboxes of a message.
func shown(blocks []json.RawMessage, blockID, actionID string) []string {
	for _, raw := range blocks {
		var b struct {
			BlockID   string            `json:"block_id"`
			Elements  []json.RawMessage `json:"elements"`
			Accessory json.RawMessage   `json:"accessory"`
		}
		if json.Unmarshal(raw, &b) != nil || b.BlockID != blockID {
			continue
		}
		for _, e := range append(b.Elements, b.Accessory) {
			var group struct {
				ActionID string   `json:"action_id"`
				Initial  []option `json:"initial_options"`
			}
			if json.Unmarshal(e, &group) == nil && group.ActionID == actionID {
				return values(group.Initial)
			}
		}
	}
	return nil
}

func values(options []option) []string {
	var list []string
	for _, o := range options {
		list = append(list, o.Value)
	}
	return list
}

// pressKey is the same for the same press however often it comes: Slack repeats what was not answered in time.
func pressKey(i Interaction, a Action) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{i.Team, i.UserID, i.Channel, i.Message, a.ID, a.TS, a.Value}, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
