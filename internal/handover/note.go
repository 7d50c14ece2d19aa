package handover

import (
	"strings"
	"unicode/utf8"
)

// Note renders the packet as plain text for a PagerDuty note: at most MaxNote characters and MaxNoteBytes bytes. Each
// section has its own room, and what is too long altogether is cut from the end, which is evidence; both say so.
func (p Packet) Note() string {
	var b strings.Builder
	d := p.document()
	b.WriteString(d.headline + "\n" + d.lead + "\n")
	for _, s := range d.sections {
		noteSection(&b, s, p.words)
	}
	if len(d.evidence) > 0 {
		b.WriteString("\n■ " + p.words.label.evidence + "\n")
	}
	for _, e := range d.evidence {
		noteEvidence(&b, e, p.words)
	}
	if p.RunbookText != "" {
		b.WriteString("\n■ " + p.words.label.runbook + "\n" + indented(cutMiddle(p.RunbookText, maxRunbookNote, p.words.phrase.cutBytes), "  ") + "\n")
	}
	return cutNote(b.String(), "\n"+d.footer+"\n", p.words.phrase.cutNote)
}

func noteSection(b *strings.Builder, s section, w words) {
	b.WriteString("\n■ " + s.title + "\n")
	for _, f := range s.facts {
		b.WriteString("  " + f.label + ": " + f.value.text + "\n")
	}
	for _, line := range s.within(2*s.share, w, plainRow) {
		b.WriteString("  " + line + "\n")
	}
}

// plainRow gives a row without markup.
func plainRow(r row) string {
	var b strings.Builder
	b.WriteString(strings.Repeat("  ", r.indent))
	if r.mark != "" {
		b.WriteString(r.mark + " ")
	}
	for _, s := range r.spans {
		if b.WriteString(s.text); s.style == anchor && s.to != "" {
			b.WriteString(" <" + s.to + ">")
		}
	}
	return b.String()
}

func noteEvidence(b *strings.Builder, e Evidence, w words) {
	b.WriteString("  " + e.title(w) + "\n")
	if e.Error != "" {
		b.WriteString("    " + w.phrase.evidenceGone + ": " + e.Error + "\n")
	}
	if e.Short != "" {
		b.WriteString(indented(e.Short, "    | ") + "\n")
	}
}

// indented puts a prefix before each line of a text, so that nothing in it looks like a line of ours.
func indented(text, prefix string) string {
	return prefix + strings.ReplaceAll(text, "\n", "\n"+prefix)
}

// cutNote keeps a note within its limits, ends it with its footer, and marks a cut.
func cutNote(body, footer, mark string) string {
	if utf8.RuneCountInString(body)+utf8.RuneCountInString(footer) <= MaxNote && len(body)+len(footer) <= MaxNoteBytes {
		return body + footer
	}
	runes := MaxNote - utf8.RuneCountInString(footer+mark) - 2
	bytes := MaxNoteBytes - len(footer+mark) - 2
	count := 0
	for i := range body {
		if count == runes || i > bytes {
			body = body[:i]
			break
		}
		count++
	}
	for len(body) > bytes { // the last rune may reach over
		_, size := utf8.DecodeLastRuneInString(body)
		body = body[:len(body)-size]
	}
	if line := strings.LastIndexByte(body, '\n'); line > len(body)/2 {
		body = body[:line]
	}
	return body + "\n" + mark + "\n" + footer
}
