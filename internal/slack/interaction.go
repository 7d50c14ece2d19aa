package slack

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
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

// Action is one press of a button, or one box that was ticked or cleared.
type Action struct {
	ID    string // the action_id of the element
	Block string // its block_id
	Type  string // "button", "checkboxes"; others are kept
	Value string // of the button, or of the box
	On    bool   // of a box: it is ticked now
	TS    string // when, as Slack writes times
	Key   string // the same when Slack sends the same press again, and another one for every other press
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

// boxes is a checkbox group as the message shows it.
type boxes struct {
	ActionID string   `json:"action_id"`
	Options  []option `json:"options"`
	Initial  []option `json:"initial_options"`
}

// ParseInteraction reads an interaction: the body of a request ("payload=..."), or the JSON alone as Socket Mode brings
// it. Who calls it has verified the request.
//
// Slack tells of a checkbox group which boxes are ticked now. Each box that differs from the message as it was becomes
// an Action; when none differs, because somebody ticked and cleared it before the message was changed, each box does. So
// a group of one box always gives its one Action.
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
		for _, one := range actionsOf(a, p.Message.Blocks) {
			one.Key = pressKey(i, one)
			i.Actions = append(i.Actions, one)
		}
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

func actionsOf(p pressed, blocks []json.RawMessage) []Action {
	a := Action{ID: p.ActionID, Block: p.BlockID, Type: p.Type, Value: p.Value, TS: p.ActionTS}
	if p.Type != "checkboxes" {
		return []Action{a}
	}
	shown, ok := boxesIn(blocks, p.BlockID, p.ActionID)
	if !ok { // the message is not told: what is ticked is all that is known
		shown.Options = p.Selected
	}
	var all, changed []Action
	for _, o := range shown.Options {
		one := a
		one.Value, one.On = o.Value, slices.Contains(p.Selected, o)
		all = append(all, one)
		if one.On != slices.Contains(shown.Initial, o) {
			changed = append(changed, one)
		}
	}
	if len(changed) > 0 {
		return changed
	}
	return all
}

// boxesIn finds a checkbox group in the blocks of a message.
func boxesIn(blocks []json.RawMessage, blockID, actionID string) (boxes, bool) {
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
			var group boxes
			if json.Unmarshal(e, &group) == nil && group.ActionID == actionID && len(group.Options) > 0 {
				return group, true
			}
		}
	}
	return boxes{}, false
}

// pressKey is the same for the same press however often it comes: Slack repeats what was not answered in time.
func pressKey(i Interaction, a Action) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{i.Team, i.UserID, i.Channel, i.Message, a.ID, a.Block, a.TS, a.Value}, "\x00")))
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
