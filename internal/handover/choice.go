package handover

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"shodo/internal/incident"
)

// ErrChoice says that a press is none of ours, or that what it carries cannot be read.
var ErrChoice = errors.New("this is no choice about an incident")

const (
	actionPrefix = "shodo:"
	tickPrefix   = "shodo:tick:"
	// maxIncidentID is the longest id of an incident that gets buttons; PagerDuty's have 14 characters.
	maxIncidentID = 100
)

// carried is what a button holds of its choice. Who pressed, and when, comes with the press.
type carried struct {
	Incident incident.ID `json:"incident"`
	Run      int         `json:"run,omitempty"`
	Number   int         `json:"number,omitempty"`
	Attempt  int         `json:"attempt,omitempty"`
	Item     int         `json:"item,omitempty"`
}

// ChoiceValue writes the value of a choice's button: at most MaxValue characters of JSON, and empty for an incident whose
// id is too long for it.
func ChoiceValue(c incident.Choice) string {
	if c.Incident == "" || len(c.Incident) > maxIncidentID {
		return ""
	}
	text, err := json.Marshal(carried{c.Incident, c.Run, c.Number, c.Attempt, c.Item})
	if err != nil {
		return "" // plain data: encoding it has no error
	}
	return string(text)
}

// ActionID is the action_id of a choice's button: "shodo:run_attempt:2". The number keeps it unique within its message.
func ActionID(c incident.Choice) string {
	id := actionPrefix + string(c.Kind)
	if n := max(c.Number, c.Attempt, c.Item); n > 0 {
		id += ":" + strconv.Itoa(n)
	}
	return id
}

// ParseChoice reads what ActionID and ChoiceValue wrote: a choice without its ID, By, At and Note. The error is ErrChoice.
// Checkboxes are read by ParseTicks.
func ParseChoice(actionID, value string) (incident.Choice, error) {
	kind, number, _ := strings.Cut(strings.TrimPrefix(actionID, actionPrefix), ":")
	c := incident.Choice{Kind: incident.ChoiceKind(kind)}
	if !strings.HasPrefix(actionID, actionPrefix) || !slices.Contains(incident.ChoiceKinds(), c.Kind) {
		return incident.Choice{}, fmt.Errorf("%w: action %q", ErrChoice, cut(actionID, maxName))
	}
	got, err := readCarried(value)
	if err != nil {
		return incident.Choice{}, fmt.Errorf("read the value of action %q: %w", cut(actionID, maxName), err)
	}
	c.Incident, c.Run, c.Number, c.Attempt, c.Item = got.Incident, got.Run, got.Number, got.Attempt, got.Item
	if ActionID(c) != actionID {
		return incident.Choice{}, fmt.Errorf("%w: action %q with number %q does not fit its value", ErrChoice, cut(actionID, maxName), cut(number, maxName))
	}
	return c, nil
}

// ParseTicks reads a press on a checklist: the block_id and what is ticked in it now, and what was ticked in the message
// that was pressed (initial_options), both by their values. It gives one choice for each point that is another now, and when
// there is none one for every point: whoever presses faster than the message is kept current. The error is ErrChoice.
func ParseTicks(blockID string, shown, selected []string) ([]incident.Choice, error) {
	var list struct {
		carried
		Last int `json:"last"`
		Rev  int `json:"rev,omitempty"`
	}
	text, ours := strings.CutPrefix(blockID, tickPrefix)
	if !ours || len(blockID) > MaxID {
		return nil, fmt.Errorf("%w: block %q", ErrChoice, cut(blockID, maxName))
	}
	if err := strict(text, &list); err != nil {
		return nil, fmt.Errorf("read block %q: %w", cut(blockID, maxName), err)
	}
	first := list.Item
	if !list.sound() || first < 1 || list.Last < first || list.Last-first >= MaxOptions {
		return nil, fmt.Errorf("%w: block %q", ErrChoice, cut(blockID, maxName))
	}
	for _, v := range slices.Concat(shown, selected) {
		if n, err := strconv.Atoi(v); err != nil || n < first || n > list.Last || strconv.Itoa(n) != v {
			return nil, fmt.Errorf("%w: block %q has no point %q", ErrChoice, cut(blockID, maxName), cut(v, maxName))
		}
	}
	var all, changed []incident.Choice
	for item := first; item <= list.Last; item++ {
		v := strconv.Itoa(item)
		c := incident.Choice{Kind: incident.Tick, Incident: list.Incident, Run: list.Run, Item: item, On: slices.Contains(selected, v)}
		all = append(all, c)
		if c.On != slices.Contains(shown, v) {
			changed = append(changed, c)
		}
	}
	if len(changed) == 0 {
		return all, nil
	}
	return changed, nil
}

// tickBlockID is the block_id of the points from first to last. It is another one after each tick: Slack keeps what a person
// sees ticked as long as the block_id stays the same.
func tickBlockID(id incident.ID, run, first, last, ticks int) string {
	if id == "" || len(id) > maxIncidentID {
		return ""
	}
	text, err := json.Marshal(struct {
		carried
		Last int `json:"last"`
		Rev  int `json:"rev,omitempty"`
	}{carried{Incident: id, Run: run, Item: first}, last, ticks})
	if err != nil || len(tickPrefix)+len(text) > MaxID {
		return ""
	}
	return tickPrefix + string(text)
}

func readCarried(value string) (carried, error) {
	var c carried
	if len(value) > MaxValue {
		return c, fmt.Errorf("%w: %d characters", ErrChoice, len(value))
	}
	if err := strict(value, &c); err != nil {
		return carried{}, err
	}
	if !c.sound() {
		return carried{}, fmt.Errorf("%w: %q", ErrChoice, cut(value, maxName))
	}
	return c, nil
}

// sound says whether it names an incident, and counts as we count.
func (c carried) sound() bool {
	return c.Incident != "" && len(c.Incident) <= maxIncidentID && min(c.Run, c.Number, c.Attempt, c.Item) >= 0
}

// strict reads one JSON object that has no other members than into.
func strict(text string, into any) error {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%w: %w", ErrChoice, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is more after it", ErrChoice)
	}
	return nil
}
