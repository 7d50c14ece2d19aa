package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
)

// This file finds what can be pressed in the blocks of a message.

// pressable is one element of a message with its block.
type pressable struct {
	block   int // which of the message, from 0
	blockID string
	element
}

// option is one box of a group.
type option struct {
	Text        textObject  `json:"text"`
	Description *textObject `json:"description,omitempty"`
	Value       string      `json:"value"`
}

// confirm is the question before a press counts.
type confirm struct {
	Title   textObject `json:"title"`
	Text    textObject `json:"text"`
	Confirm textObject `json:"confirm"`
	Deny    textObject `json:"deny"`
	Style   string     `json:"style"`
}

// pressables gives the elements in the order in which they are shown.
func pressables(blocks json.RawMessage) []pressable {
	var list []block
	if json.Unmarshal(blocks, &list) != nil {
		return nil
	}
	var found []pressable
	for n, b := range list {
		elements := b.Elements
		if b.Type == "section" {
			elements = []json.RawMessage{b.Access}
		}
		for _, raw := range elements {
			var e element
			if json.Unmarshal(raw, &e) == nil && (e.Type == "button" || e.Type == "checkboxes") {
				found = append(found, pressable{n, b.BlockID, e})
			}
		}
	}
	return found
}

func findElement(blocks json.RawMessage, actionID string) (pressable, bool) {
	list := pressables(blocks)
	at := slices.IndexFunc(list, func(p pressable) bool { return p.ActionID == actionID })
	if at < 0 {
		return pressable{}, false
	}
	return list[at], true
}

// action is an element of a payload's "actions".
func (e pressable) action(p Press) (object, error) {
	out := object{"type": e.Type, "action_id": e.ActionID, "block_id": e.blockID, "action_ts": p.At}
	if e.Type == "checkboxes" {
		selected, err := e.selected(p.Ticked)
		out["selected_options"] = selected
		return out, err
	}
	out["text"] = e.Text
	if e.Value != "" {
		out["value"] = e.Value
	}
	if e.Style != "" {
		out["style"] = e.Style
	}
	return out, nil
}

// selected gives the options with these values, in the order of the group.
func (e pressable) selected(ticked []string) ([]option, error) {
	selected := []option{}
	for _, o := range e.Options {
		if slices.Contains(ticked, o.Value) {
			selected = append(selected, o)
		}
	}
	if len(selected) != len(ticked) {
		return nil, fmt.Errorf("%w: the group %q has no boxes %q", ErrNoSuchElement, e.ActionID, ticked)
	}
	return selected, nil
}

// statesOf is a payload's "state.values": every group of the message, with the pressed one as it is now.
func statesOf(blocks json.RawMessage, pressed pressable, ticked []string) object {
	values := object{}
	for _, e := range pressables(blocks) {
		if e.Type != "checkboxes" {
			continue
		}
		selected := e.Initial
		if e.ActionID == pressed.ActionID {
			selected, _ = e.selected(ticked) // it was looked at before
		}
		if selected == nil {
			selected = []option{}
		}
		group, _ := values[e.blockID].(object)
		if group == nil {
			group = object{}
		}
		group[e.ActionID] = object{"type": "checkboxes", "selected_options": selected}
		values[e.blockID] = group
	}
	return values
}
