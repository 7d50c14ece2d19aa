package sandbox

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is what Slack refuses in the blocks of a message. The limits of single blocks are those of
// docs.slack.dev/reference/block-kit.

// blocksBudget is the undocumented limit of all blocks together, in characters of text, where each block costs
// blockCost more. Both numbers come from two measurements in github.com/slackapi/bolt-js/issues/2509: one markdown block passes
// with 13,297 characters and, with a divider beside it, with 13,172. Issue 2867 there, where 11,341 characters in many blocks
// were refused, agrees. Slack says no more than "12,000 text characters with a buffer for block containers".
const (
	blocksBudget = 13_297 + blockCost
	blockCost    = 125
)

// block is what is looked at of a block of any type.
type block struct {
	Type     string            `json:"type"`
	BlockID  string            `json:"block_id"`
	Text     json.RawMessage   `json:"text"` // a text object; in a markdown block a plain string
	Fields   []textObject      `json:"fields"`
	Elements []json.RawMessage `json:"elements"`
	Access   json.RawMessage   `json:"accessory"`
	Title    *textObject       `json:"title"`
	AltText  string            `json:"alt_text"`
	Rows     []json.RawMessage `json:"rows"`
}

type textObject struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

type element struct {
	Type     string          `json:"type"`
	ActionID string          `json:"action_id"`
	Value    string          `json:"value"`
	URL      string          `json:"url"`
	Text     json.RawMessage `json:"text"` // an object in a button, a string in a context element
	Style    string          `json:"style"`
	Confirm  *confirm        `json:"confirm"`
	Options  []option        `json:"options"`
	Initial  []option        `json:"initial_options"`
}

// blockChecker collects what is wrong, in the form of Slack's response_metadata.
type blockChecker struct {
	problems []string
	cost     int
	ids      map[string]bool
	actions  map[string]bool
}

func (c *blockChecker) fail(pointer, format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf("[ERROR] %s [json-pointer:%s]", fmt.Sprintf(format, args...), pointer))
}

// length checks a text's length in characters.
func (c *blockChecker) length(pointer, text string, most int) {
	n := utf8.RuneCountInString(text)
	if n < 1 {
		c.fail(pointer, "must be more than 0 characters")
	}
	if n > most {
		c.fail(pointer, "must be less than %d characters", most+1)
	}
}

func (c *blockChecker) count(pointer string, n, most int) {
	if n < 1 {
		c.fail(pointer, "no fewer than 1 items allowed")
	}
	if n > most {
		c.fail(pointer, "no more than %d items allowed", most)
	}
}

// text checks a text object; plain forbids mrkdwn.
func (c *blockChecker) text(pointer string, raw json.RawMessage, most int, plain bool) {
	var t textObject
	if json.Unmarshal(raw, &t) != nil {
		c.fail(pointer, "must be an object")
		return
	}
	c.typed(pointer, t, most, plain)
}

// checkBlocks gives Slack's error ("" when all is well) and what it says about it.
func checkBlocks(raw json.RawMessage) (code string, problems []string) {
	var blocks []json.RawMessage
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return "invalid_blocks_format", nil
	}
	c := &blockChecker{ids: map[string]bool{}, actions: map[string]bool{}}
	if len(blocks) > 50 {
		c.fail("/blocks", "no more than 50 items allowed")
	}
	for n, one := range blocks {
		c.block(fmt.Sprintf("/blocks/%d", n), one)
		c.cost += blockCost + textIn(one)
	}
	if len(c.problems) > 0 {
		return "invalid_blocks", c.problems
	}
	if c.cost > blocksBudget {
		return "msg_blocks_too_long", nil
	}
	return "", nil
}

func (c *blockChecker) block(pointer string, raw json.RawMessage) {
	var b block
	if err := json.Unmarshal(raw, &b); err != nil {
		c.fail(pointer, "must be a block: %v", err)
		return
	}
	c.id(pointer, "block_id", b.BlockID, c.ids)
	switch b.Type {
	case "section":
		c.section(pointer, b)
	case "header":
		c.text(pointer+"/text", b.Text, 150, true)
	case "context":
		c.count(pointer+"/elements", len(b.Elements), 10)
		for n, e := range b.Elements {
			c.contextElement(fmt.Sprintf("%s/elements/%d", pointer, n), e)
		}
	case "actions":
		c.count(pointer+"/elements", len(b.Elements), 25)
		for n, e := range b.Elements {
			c.interactive(fmt.Sprintf("%s/elements/%d", pointer, n), e)
		}
	case "markdown":
		var text string
		if json.Unmarshal(b.Text, &text) != nil {
			c.fail(pointer+"/text", "must be a string")
			return
		}
		c.length(pointer+"/text", text, 12_000)
	case "image":
		c.length(pointer+"/alt_text", b.AltText, 2000)
		if b.Title != nil {
			c.length(pointer+"/title/text", b.Title.Text, 2000)
		}
	case "rich_text":
		c.count(pointer+"/elements", len(b.Elements), 1000)
	case "table":
		c.count(pointer+"/rows", len(b.Rows), 100)
	case "divider":
	default:
		c.fail(pointer+"/type", "unsupported type: %s", b.Type)
	}
}

func (c *blockChecker) section(pointer string, b block) {
	if len(b.Text) == 0 && len(b.Fields) == 0 {
		c.fail(pointer, "missing required field: text or fields")
	}
	if len(b.Text) > 0 {
		c.text(pointer+"/text", b.Text, 3000, false)
	}
	if len(b.Fields) > 10 {
		c.fail(pointer+"/fields", "no more than 10 items allowed")
	}
	for n, f := range b.Fields {
		c.length(fmt.Sprintf("%s/fields/%d/text", pointer, n), f.Text, 2000)
	}
	if len(b.Access) > 0 {
		c.interactive(pointer+"/accessory", b.Access)
	}
}

func (c *blockChecker) contextElement(pointer string, raw json.RawMessage) {
	var e element
	if json.Unmarshal(raw, &e) != nil {
		c.fail(pointer, "must be an element")
		return
	}
	switch e.Type {
	case "plain_text", "mrkdwn":
		c.text(pointer, raw, 3000, false)
	case "image":
	default:
		c.fail(pointer+"/type", "unsupported type: %s", e.Type)
	}
}

// interactive checks an element that people can use. What is not a button or a group of checkboxes is not looked into.
func (c *blockChecker) interactive(pointer string, raw json.RawMessage) {
	var e element
	if json.Unmarshal(raw, &e) != nil || e.Type == "" {
		c.fail(pointer, "must be an element")
		return
	}
	c.id(pointer, "action_id", e.ActionID, c.actions)
	switch e.Type {
	case "button":
		c.button(pointer, e)
	case "checkboxes":
		c.checkboxes(pointer, e)
	case "mrkdwn", "plain_text", "image":
		c.fail(pointer+"/type", "unsupported type: %s", e.Type)
	}
	if e.Confirm != nil {
		c.confirm(pointer+"/confirm", *e.Confirm)
	}
}

// id checks an id that may be left out, and that nothing else in the message may have.
func (c *blockChecker) id(pointer, name, id string, seen map[string]bool) {
	if utf8.RuneCountInString(id) > 255 {
		c.fail(pointer+"/"+name, "must be less than 256 characters")
	}
	if id != "" && seen[id] {
		c.fail(pointer+"/"+name, "`%s` must be unique", name)
	}
	seen[id] = true
}

func (c *blockChecker) button(pointer string, e element) {
	c.text(pointer+"/text", e.Text, 75, true)
	if utf8.RuneCountInString(e.Value) > 2000 {
		c.fail(pointer+"/value", "must be less than 2001 characters")
	}
	if len(e.URL) > 3000 {
		c.fail(pointer+"/url", "must be less than 3001 characters")
	}
	c.style(pointer, e.Style)
}

func (c *blockChecker) style(pointer, style string) {
	if style != "" && style != "primary" && style != "danger" {
		c.fail(pointer+"/style", "must be one of primary, danger")
	}
}

func (c *blockChecker) checkboxes(pointer string, e element) {
	c.count(pointer+"/options", len(e.Options), 10)
	values := map[string]bool{}
	for n, o := range e.Options {
		at := fmt.Sprintf("%s/options/%d", pointer, n)
		c.typed(at+"/text", o.Text, 75, false)
		if o.Description != nil {
			c.typed(at+"/description", *o.Description, 75, false)
		}
		c.length(at+"/value", o.Value, 75)
		if values[o.Value] {
			c.fail(at+"/value", "`value` must be unique")
		}
		values[o.Value] = true
	}
	for n, o := range e.Initial {
		if !slices.ContainsFunc(e.Options, o.equal) {
			c.fail(fmt.Sprintf("%s/initial_options/%d", pointer, n), "must exactly match one of the options")
		}
	}
	if e.Initial != nil && len(e.Initial) == 0 {
		c.fail(pointer+"/initial_options", "no fewer than 1 items allowed")
	}
}

// equal says whether two options are the same in every word, as Slack wants of those that are ticked.
func (o option) equal(other option) bool { return reflect.DeepEqual(o, other) }

func (c *blockChecker) confirm(pointer string, q confirm) {
	c.typed(pointer+"/title", q.Title, 100, true)
	c.typed(pointer+"/text", q.Text, 300, false)
	c.typed(pointer+"/confirm", q.Confirm, 30, true)
	c.typed(pointer+"/deny", q.Deny, 30, true)
	c.style(pointer, q.Style)
}

// typed is text for a text that is decoded already.
func (c *blockChecker) typed(pointer string, t textObject, most int, plain bool) {
	if t.Type != "plain_text" && (plain || t.Type != "mrkdwn") {
		c.fail(pointer+"/type", "unsupported type: %s", t.Type)
	}
	c.length(pointer+"/text", t.Text, most)
}

// textIn counts the characters of all texts of a block, however deep: every string called "text".
func textIn(raw json.RawMessage) int {
	var tree any
	if json.Unmarshal(raw, &tree) != nil {
		return 0
	}
	n := 0
	eachText(tree, func(s string) { n += utf8.RuneCountInString(s) })
	return n
}

// plainText is what a person reads in blocks, one line for each text.
func plainText(blocks json.RawMessage) string {
	var tree any
	if json.Unmarshal(blocks, &tree) != nil {
		return ""
	}
	var lines []string
	eachText(tree, func(s string) { lines = append(lines, s) })
	return strings.Join(lines, "\n")
}

// eachText visits the texts in the order in which they are shown: a block's own before its fields and elements.
func eachText(node any, visit func(string)) {
	switch node := node.(type) {
	case []any:
		for _, child := range node {
			eachText(child, visit)
		}
	case map[string]any:
		if s, ok := node["text"].(string); ok {
			visit(s)
		}
		for _, name := range []string{"text", "fields", "elements", "accessory", "rows", "title", "options", "description"} {
			if _, isText := node[name].(string); !isText {
				eachText(node[name], visit)
			}
		}
	}
}
