package handover

import (
	"strings"
	"unicode/utf8"
)

// Markdown renders the packet as CommonMark with GitHub's task lists: at most MaxMarkdown characters. The runbook's text
// is Markdown of the catalog's authors and is quoted as it is.
func (p Packet) Markdown() string {
	var b strings.Builder
	d := p.document()
	b.WriteString("# " + markdownText(d.headline) + "\n\n" + markdownText(d.lead) + "\n")
	for _, s := range d.sections {
		markdownSection(&b, s, p.words)
	}
	if len(d.evidence) > 0 {
		b.WriteString("\n## " + markdownText(p.words.label.evidence) + "\n")
	}
	for _, e := range d.evidence {
		var piece strings.Builder
		markdownEvidence(&piece, e, p.words)
		if utf8.RuneCountInString(b.String())+utf8.RuneCountInString(piece.String()) > MaxMarkdown*2/3 {
			b.WriteString("\n" + markdownText(p.words.phrase.cutNote) + "\n")
			break
		}
		b.WriteString(piece.String())
	}
	if p.RunbookText != "" {
		text := cutMiddle(indented(p.RunbookText, "> "), MaxMarkdown/4, "> "+p.words.phrase.cutBytes)
		b.WriteString("\n## " + markdownText(p.words.label.runbook) + "\n\n" + text + "\n")
	}
	b.WriteString("\n---\n\n" + markdownText(d.footer) + "\n")
	return b.String()
}

func markdownSection(b *strings.Builder, s section, w words) {
	b.WriteString("\n## " + markdownText(s.title) + "\n\n")
	for _, f := range s.facts {
		b.WriteString("- **" + markdownText(f.label) + "**: " + markdownSpan(f.value) + "\n")
	}
	for _, line := range s.within(4*s.share, w, markdownRow) {
		b.WriteString(line + "\n")
	}
}

func markdownRow(r row) string {
	var b strings.Builder
	b.WriteString(strings.Repeat("  ", r.indent) + "- ")
	switch {
	case r.done:
		b.WriteString("[x] ")
	case r.todo:
		b.WriteString("[ ] ")
	case r.mark != "":
		b.WriteString(r.mark + " ")
	}
	for _, s := range r.spans {
		b.WriteString(markdownSpan(s))
	}
	return b.String()
}

func markdownEvidence(b *strings.Builder, e Evidence, w words) {
	b.WriteString("\n### " + markdownText(e.title(w)) + "\n\n")
	if e.Error != "" {
		b.WriteString(markdownText(w.phrase.evidenceGone) + ": " + markdownCode(e.Error) + "\n\n")
	}
	if e.Short != "" {
		fence := strings.Repeat("`", max(3, longestRun(e.Short)+1))
		b.WriteString(fence + "\n" + e.Short + "\n" + fence + "\n")
	}
}

func markdownSpan(s span) string {
	switch {
	case s.text == "":
		return ""
	case s.style == strong:
		return "**" + markdownText(s.text) + "**"
	case s.style == code:
		return markdownCode(s.text)
	case s.style == link:
		return "<" + s.text + ">"
	case s.style == anchor && s.to != "":
		return "[" + markdownText(s.text) + "](<" + s.to + ">)"
	}
	return markdownText(s.text)
}

// markdownText escapes what CommonMark and GitHub read as markup, and what the browser reads as HTML. Mentions are
// broken with a word joiner.
func markdownText(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '@':
			b.WriteString("@\u2060")
			continue
		case strings.ContainsRune("\\`*_{}[]<>#!|~&$", r),
			i == 0 && strings.ContainsRune("-+=", r),                                   // a list or a heading
			i > 0 && (r == '.' || r == ')') && strings.Trim(s[:i], "0123456789") == "": // a numbered list
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// markdownCode is a code span, with a fence longer than any inside.
func markdownCode(s string) string {
	fence := strings.Repeat("`", longestRun(s)+1)
	if len(fence) > 1 || strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}

// longestRun gives the length of the longest run of backticks.
func longestRun(s string) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
