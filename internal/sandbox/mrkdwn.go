package sandbox

import (
	"encoding/json"
	"html/template"
	"regexp"
	"strings"
)

// This file shows a message about as Slack would: enough of Block Kit and mrkdwn for the pages.

type shownText struct {
	Type string
	Text string
}

type shownBlock struct {
	Type     string
	Text     *shownText
	Fields   []shownText
	Elements []json.RawMessage // texts of a context; of other blocks whatever can be pressed
	AltText  string            `json:"alt_text"`
}

// reader turns Slack's texts into HTML. Every text in it is escaped. Names gives the name for the id of a user, a group or a
// channel; without it mentions stay ids.
type reader struct {
	names func(id string) string
}

// rendered is a message as HTML, without what can be pressed.
func rendered(m Message) template.HTML {
	var r reader
	var blocks []shownBlock
	if len(m.Blocks) == 0 || json.Unmarshal(m.Blocks, &blocks) != nil {
		return template.HTML("<div>" + r.mrkdwn(m.Text) + "</div>")
	}
	var b strings.Builder
	for _, block := range blocks {
		b.WriteString(r.block(block))
	}
	return template.HTML(b.String())
}

// block is one block as HTML; empty where it has nothing but what can be pressed.
func (r reader) block(block shownBlock) string {
	switch block.Type {
	case "header":
		return "<h3>" + escaped(block.Text.text()) + "</h3>"
	case "divider":
		return "<hr>"
	case "context":
		return "<small>" + r.texts(block.contextTexts(), " ") + "</small>"
	case "image":
		return "<small>[" + escaped(block.AltText) + "]</small>"
	case "actions":
		return ""
	}
	s := "<div>" + r.mrkdwn(block.Text.text()) + "</div>"
	if len(block.Fields) > 0 {
		s += `<div class="fields"><span>` + r.texts(block.Fields, "</span><span>") + "</span></div>"
	}
	return s
}

func (b shownBlock) contextTexts() []shownText {
	var list []shownText
	for _, raw := range b.Elements {
		var t shownText
		if json.Unmarshal(raw, &t) == nil {
			list = append(list, t)
		}
	}
	return list
}

func (t *shownText) text() string {
	if t == nil {
		return ""
	}
	return t.Text
}

func (r reader) texts(list []shownText, between string) string {
	shown := make([]string, len(list))
	for i, t := range list {
		shown[i] = r.mrkdwn(t.Text)
	}
	return strings.Join(shown, between)
}

// escaped makes HTML of Slack's text, in which "&", "<" and ">" are written as entities already.
func escaped(s string) string {
	return template.HTMLEscapeString(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s))
}

// escapedText makes a text literal in Slack's own form.
func escapedText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

var (
	codeSpan   = regexp.MustCompile("`([^`\n]+)`")
	boldSpan   = regexp.MustCompile(`\*([^*\n]+)\*`)
	italicSpan = regexp.MustCompile(`(^|[\s(])_([^_\n]+)_($|[\s).,:;!?])`)
	strikeSpan = regexp.MustCompile(`(^|[\s(])~([^~\n]+)~($|[\s).,:;!?])`)
	angleSpan  = regexp.MustCompile(`<(https?://[^|>\s]+|@[UW][A-Z0-9]+|#[CG][A-Z0-9]+|!subteam\^S[A-Z0-9]+|!here|!channel|!everyone)(?:\|([^>\n]+))?>`)
)

// mrkdwn renders code blocks, code, bold, italics, strikes, quotes, links and mentions. Code is taken out first, because
// nothing in it is markup.
func (r reader) mrkdwn(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "```") {
		if i%2 == 1 {
			b.WriteString("<pre>" + escaped(strings.Trim(part, "\n")) + "</pre>")
			continue
		}
		if i > 0 {
			part = strings.TrimPrefix(part, "\n") // the code block has ended its line
		}
		b.WriteString(r.quotes(part))
	}
	return b.String()
}

// quotes renders lines that begin with ">" as a quotation.
func (r reader) quotes(s string) string {
	var b, quoted strings.Builder
	flush := func() {
		if quoted.Len() > 0 {
			b.WriteString("<blockquote>" + r.inline(strings.TrimSuffix(quoted.String(), "\n")) + "</blockquote>")
			quoted.Reset()
		}
	}
	for line := range strings.Lines(s) {
		if rest, ok := strings.CutPrefix(line, "&gt;"); ok {
			quoted.WriteString(strings.TrimPrefix(rest, " "))
			continue
		}
		flush()
		b.WriteString(r.inline(line))
	}
	flush()
	return b.String()
}

func (r reader) inline(s string) string {
	var b strings.Builder
	rest := 0
	for _, at := range codeSpan.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(r.spans(s[rest:at[0]]) + "<code>" + escaped(s[at[2]:at[3]]) + "</code>")
		rest = at[1]
	}
	b.WriteString(r.spans(s[rest:]))
	return b.String()
}

// spans renders what stands in angle brackets, and styles the rest.
func (r reader) spans(s string) string {
	var b strings.Builder
	rest := 0
	for _, at := range angleSpan.FindAllStringSubmatchIndex(s, -1) {
		what, label := s[at[2]:at[3]], ""
		if at[4] >= 0 {
			label = s[at[4]:at[5]]
		}
		b.WriteString(styled(s[rest:at[0]]) + r.angle(what, label))
		rest = at[1]
	}
	b.WriteString(styled(s[rest:]))
	return b.String()
}

func (r reader) angle(what, label string) string {
	if strings.HasPrefix(what, "http") {
		if label == "" {
			label = what
		}
		return `<a href="` + escaped(what) + `">` + escaped(label) + "</a>"
	}
	sign, id := what[:1], what[1:]
	if sign == "!" {
		sign, id = "@", strings.TrimPrefix(id, "subteam^")
	}
	if r.names != nil {
		if name := r.names(id); name != "" {
			label = name
		}
	}
	if label == "" {
		label = id
	}
	return `<span class="mention">` + sign + escaped(strings.TrimPrefix(label, sign)) + "</span>"
}

func styled(s string) string {
	s = boldSpan.ReplaceAllString(escaped(s), "<b>$1</b>")
	s = italicSpan.ReplaceAllString(s, "$1<i>$2</i>$3")
	return strikeSpan.ReplaceAllString(s, "$1<s>$2</s>$3")
}
