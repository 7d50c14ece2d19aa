package handover

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Block Kit's own documented limits of what can be pressed (docs.slack.dev, reference/block-kit).
const (
	MaxActions    = 25 // elements of one block of actions
	MaxOptions    = 10 // of one element of checkboxes
	MaxButton     = 75 // characters on a button
	MaxOption     = 75 // characters of an option, and of its value
	MaxValue      = 2_000
	MaxID         = 255 // of action_id and block_id
	MaxConfirm    = 300 // characters of the text of a confirmation
	maxConfirmFor = 100 // of its title
	maxConfirmOn  = 30  // of each of its buttons
)

// Element is what stands in a context or in a block of actions. Exactly one of its fields is set.
type Element struct {
	Text       *Text
	Button     *Button
	Checkboxes *Checkboxes
}

// Button is pressed once.
type Button struct {
	ActionID string   `json:"action_id"`
	Text     Text     `json:"text"`
	Value    string   `json:"value"`           // as ChoiceValue writes it
	Style    string   `json:"style,omitempty"` // "primary" or "danger"; empty: neither
	Confirm  *Confirm `json:"confirm,omitempty"`
}

// Confirm is the question that Slack asks before a press counts.
type Confirm struct {
	Title   Text   `json:"title"`
	Text    Text   `json:"text"`
	Confirm Text   `json:"confirm"`
	Deny    Text   `json:"deny"`
	Style   string `json:"style,omitempty"`
}

// Checkboxes is a list of points that can be ticked.
type Checkboxes struct {
	ActionID       string   `json:"action_id"`
	Options        []Option `json:"options"`
	InitialOptions []Option `json:"initial_options,omitempty"` // those that are ticked; Slack wants them as they stand in Options
}

// Option is one point of a list. Its value is the number of the point.
type Option struct {
	Text        Text   `json:"text"`
	Description *Text  `json:"description,omitempty"`
	Value       string `json:"value"`
}

// MarshalJSON gives the element as Slack takes it.
func (e Element) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // it would make "<" six characters of a message's limit
	err := enc.Encode(e.asSlack())
	return b.Bytes(), err
}

func (e Element) asSlack() any {
	switch {
	case e.Button != nil:
		return struct {
			Type string `json:"type"`
			*Button
		}{"button", e.Button}
	case e.Checkboxes != nil:
		return struct {
			Type string `json:"type"`
			*Checkboxes
		}{"checkboxes", e.Checkboxes}
	}
	return e.Text
}

// UnmarshalJSON reads one of the elements that are written here.
func (e *Element) UnmarshalJSON(data []byte) error {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return fmt.Errorf("read an element of a block: %w", err)
	}
	*e = Element{}
	var into any
	switch kind.Type {
	case "button":
		e.Button = &Button{}
		into = e.Button
	case "checkboxes":
		e.Checkboxes = &Checkboxes{}
		into = e.Checkboxes
	case "mrkdwn", "plain_text":
		e.Text = &Text{}
		into = e.Text
	default:
		return fmt.Errorf("read an element of a block: unknown type %q", kind.Type)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("read a %s: %w", kind.Type, err)
	}
	return nil
}

// plainText is a text without any markup, on a button or in a confirmation.
func plainText(s string, max int) Text {
	no := false
	return Text{Type: "plain_text", Text: cutWidth(harmless(s), max), Emoji: &no}
}
