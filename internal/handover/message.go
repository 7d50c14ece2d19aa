package handover

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Message is one Slack message as data. Blocks are in the form that chat.postMessage takes.
type Message struct {
	Text   string    `json:"text"`             // for notifications, and when the blocks are refused; escaped
	Blocks []Block   `json:"blocks"`           // at most MaxBlocks; their JSON at most MaxMessage
	Thread []Message `json:"thread,omitempty"` // details, posted as replies in this order
	Files  []File    `json:"files,omitempty"`  // attached in the thread
}

// Block is one block of Block Kit: a header, a section, a context, a row of actions or a divider.
type Block struct {
	Type     string    `json:"type"`
	BlockID  string    `json:"block_id,omitempty"` // of what can be pressed; another one when the block's state is another
	Text     *Text     `json:"text,omitempty"`
	Fields   []Text    `json:"fields,omitempty"`
	Elements []Element `json:"elements,omitempty"` // texts of a context; buttons and checkboxes of actions
}

// Text is Block Kit's text object. Verbatim stops Slack from turning plain words into links, channels and mentions.
type Text struct {
	Type     string `json:"type"` // "mrkdwn" or "plain_text"
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"` // of mrkdwn only
	Emoji    *bool  `json:"emoji,omitempty"`    // of plain_text only
}

// File is a text file that goes with a message.
type File struct {
	Name    string `json:"name"` // letters, digits, "-", "_" and ".", with ".txt" or ".md"
	Title   string `json:"title"`
	Content string `json:"content"` // at most MaxFile bytes, never empty
}

// Size is the length of the message's blocks as JSON, counted as Slack counts: in UTF-16 units.
func (m Message) Size() int {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m.Blocks); err != nil {
		return 0 // blocks are plain data: encoding them has no error
	}
	return width(b.String())
}

// header shows a text as it is.
func header(s string) Block {
	t := plainText(s, MaxHeader)
	return Block{Type: "header", Text: &t}
}

// harmless breaks what would be a mention elsewhere; plain text needs no escaping.
func harmless(s string) string {
	return withoutMentions(strings.NewReplacer("<!", "<\u2060!", "<@", "<\u2060@", "<#", "<\u2060#").Replace(s))
}

func mrkdwn(s string) Text { return Text{Type: "mrkdwn", Text: s, Verbatim: true} }

func sectionBlock(s string) Block {
	t := mrkdwn(s)
	return Block{Type: "section", Text: &t}
}

func contextBlock(s string) Block {
	t := mrkdwn(s)
	return Block{Type: "context", Elements: []Element{{Text: &t}}}
}

// escape makes a text literal in mrkdwn. Slack reads "&", "<" and ">" (which start links and mentions) and backticks;
// "@here" and its like are broken with a word joiner, for readers that look for them in plain text.
func escape(s string) string {
	s = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "ˋ").Replace(s)
	return withoutMentions(s)
}

func withoutMentions(s string) string {
	for _, word := range []string{"here", "channel", "everyone"} {
		s = breakMention(s, word)
	}
	return s
}

func breakMention(s, word string) string {
	for from := 0; ; {
		at := strings.IndexByte(s[from:], '@')
		if at < 0 {
			return s
		}
		from += at + 1
		if len(s) >= from+len(word) && strings.EqualFold(s[from:from+len(word)], word) {
			s = s[:from] + "\u2060" + s[from:]
		}
	}
}

// escapedWidth is the most that a rune takes once it is escaped.
func escapedWidth(r rune) int {
	switch {
	case r == '&':
		return len("&amp;")
	case r == '<', r == '>':
		return len("&lt;")
	case r == '@', r == '`', r > 0xFFFF:
		return 2
	}
	return 1
}

// cutEscaped is escape for a text that may use at most max UTF-16 units when it is escaped; a cut is marked.
func cutEscaped(s string, max int) string {
	if whole := escape(s); width(whole) <= max {
		return whole
	}
	n := 1 // the mark
	for i, r := range s {
		if n += escapedWidth(r); n > max {
			return escape(s[:seam(s, i)]) + "…"
		}
	}
	return escape(s)
}

// escapeCode makes a text literal in a code block: three backticks in a row, which would end it, get a zero-width space
// in between.
func escapeCode(s string) string {
	var b strings.Builder
	run := 0
	for _, r := range s {
		switch r {
		case '&':
			b.WriteString("&amp;")
		case '<':
			b.WriteString("&lt;")
		case '>':
			b.WriteString("&gt;")
		case '`':
			if run++; run == 3 {
				b.WriteRune('\u200b')
				run = 1
			}
			b.WriteRune(r)
			continue
		default:
			b.WriteRune(r)
		}
		run = 0
	}
	return b.String()
}

// cutWidth keeps at most max UTF-16 units of a text and marks a cut.
func cutWidth(s string, max int) string {
	if width(s) <= max {
		return s
	}
	n := 1 // the mark
	for i, r := range s {
		if n += width(string(r)); n > max {
			return s[:seam(s, i)] + "…"
		}
	}
	return s
}

// fence puts a text into a code block of at most max units, keeping its end: that is where outputs say what happened.
func fence(s string, max int) string {
	const frame = 8 // two fences and two newlines
	whole := escapeCode(s)
	if width(whole)+frame <= max {
		return "```\n" + whole + "\n```"
	}
	runes := []rune(s)
	start, n := len(runes), frame+2
	for start > 0 {
		if n += escapedWidth(runes[start-1]); n > max {
			break
		}
		start--
	}
	return "```\n…\n" + escapeCode(string(runes[start:])) + "\n```"
}
