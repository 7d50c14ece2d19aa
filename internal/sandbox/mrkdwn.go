package sandbox

import (
	"encoding/json"
	"html/template"
	"regexp"
	"strings"
)

// This file shows a message about as Slack would: enough of Block Kit and mrkdwn for the page.

type shownText struct {
	Type string
	Text string
}

type shownBlock struct {
	Type     string
	Text     *shownText
	Fields   []shownText
	Elements []shownText
}

// rendered is a message as HTML. Every text in it is escaped.
func rendered(m Message) template.HTML {
	var blocks []shownBlock
	if len(m.Blocks) == 0 || json.Unmarshal(m.Blocks, &blocks) != nil {
		return template.HTML("<div>" + mrkdwn(m.Text) + "</div>")
	}
	var b strings.Builder
	for _, block := range blocks {
		switch block.Type {
		case "header":
			b.WriteString("<h3>" + escaped(block.Text.text()) + "</h3>")
		case "divider":
			b.WriteString("<hr>")
		case "context":
			b.WriteString("<small>" + texts(block.Elements, " ") + "</small>")
		default:
			b.WriteString("<div>" + mrkdwn(block.Text.text()) + "</div>")
			if len(block.Fields) > 0 {
				b.WriteString(`<div class="fields"><span>` + texts(block.Fields, "</span><span>") + "</span></div>")
			}
		}
	}
	return template.HTML(b.String())
}

func (t *shownText) text() string {
	if t == nil {
		return ""
	}
	return t.Text
}

func texts(list []shownText, between string) string {
	shown := make([]string, len(list))
	for i, t := range list {
		shown[i] = mrkdwn(t.Text)
	}
	return strings.Join(shown, between)
}

// escaped makes HTML of Slack's text, in which "&", "<" and ">" are written as entities already.
func escaped(s string) string {
	return template.HTMLEscapeString(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s))
}

var (
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	boldSpan = regexp.MustCompile(`\*([^*\n]+)\*`)
	linkSpan = regexp.MustCompile(`<(https?://[^|>\s]+)(?:\|([^>\n]+))?>`)
)

// mrkdwn renders code blocks, code, bold and links. Code is taken out first, because nothing in it is markup.
func mrkdwn(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "```") {
		if i%2 == 1 {
			b.WriteString("<pre>" + escaped(strings.Trim(part, "\n")) + "</pre>")
			continue
		}
		b.WriteString(inline(part))
	}
	return b.String()
}

func inline(s string) string {
	var b strings.Builder
	rest := 0
	for _, at := range codeSpan.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(plainSpans(s[rest:at[0]]) + "<code>" + escaped(s[at[2]:at[3]]) + "</code>")
		rest = at[1]
	}
	b.WriteString(plainSpans(s[rest:]))
	return b.String()
}

func plainSpans(s string) string {
	var b strings.Builder
	rest := 0
	for _, at := range linkSpan.FindAllStringSubmatchIndex(s, -1) {
		url, name := s[at[2]:at[3]], s[at[2]:at[3]]
		if at[4] >= 0 {
			name = s[at[4]:at[5]]
		}
		b.WriteString(bold(s[rest:at[0]]) + `<a href="` + escaped(url) + `">` + escaped(name) + "</a>")
		rest = at[1]
	}
	b.WriteString(bold(s[rest:]))
	return b.String()
}

func bold(s string) string { return boldSpan.ReplaceAllString(escaped(s), "<b>$1</b>") }

// escapedText makes a text literal in Slack's own form.
func escapedText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}
