package handover

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// letter is a ContactMessage before it is rendered.
type letter struct {
	subject  string
	to       string // the customer's name; may be empty
	lead     string // what it comes to; one to three sentences
	sections []section
	evidence []Evidence
	footer   string
	files    []File
}

// maxPaper is the size in bytes to which one piece of evidence is cut in the text for mail.
const maxPaper = 16 << 10

// shownPapers is how many pieces of evidence the message for a channel shows; the others go along as files.
const shownPapers = 4

// render writes the letter for both readers.
func (p Packet) render(l letter) ContactMessage {
	subject := oneLine(l.subject, MaxSubject)
	m := fitted(func(scale int) []Block {
		blocks := []Block{header(subject), sectionBlock(boldFirst(cutEscaped(l.lead, 900)))}
		for _, s := range l.sections {
			blocks = append(blocks, p.slackSection(s, scale))
		}
		for _, e := range l.evidence[:min(shownPapers, len(l.evidence))] {
			blocks = append(blocks, p.slackEvidence(e, 900*scale/100))
		}
		return append(blocks, contextBlock(cutEscaped(l.footer, 300)))
	})
	m.Text = cutEscaped(subject+" — "+l.lead, MaxFallback)
	m.Files = l.files
	return ContactMessage{Subject: subject, Text: p.letterText(l), slack: m}
}

// boldFirst makes the first line bold: Slack's bold does not go over a line's end.
func boldFirst(escaped string) string {
	first, rest, more := strings.Cut(escaped, "\n")
	if !more {
		return "*" + first + "*"
	}
	return "*" + first + "*\n" + rest
}

// letterText is the letter as plain text. Lines that hold text from outside are indented, so that none of them looks like
// a line of ours.
func (p Packet) letterText(l letter) string {
	var b strings.Builder
	w := p.words.contact
	if l.to != "" {
		b.WriteString(fmt.Sprintf(w.dear, l.to) + "\n\n")
	}
	b.WriteString(joined("\n", w.opening, l.lead) + "\n")
	for _, s := range l.sections {
		b.WriteString("\n■ " + s.title + "\n")
		for _, line := range s.within(15*s.share, p.words, plainRow) {
			b.WriteString("  " + line + "\n")
		}
	}
	footer := "\n" + l.footer + "\n" + w.automatic + "\n"
	letterEvidence(&b, l.evidence, p.words)
	return cutText(b.String(), footer, p.words.phrase.cutText)
}

func letterEvidence(b *strings.Builder, list []Evidence, w words) {
	for _, e := range list {
		text := cutMiddle(e.Full, maxPaper, w.phrase.cutBytes)
		b.WriteString("\n■ " + e.Name + "\n" + indented(text, "  | ") + "\n")
	}
}

// cutText keeps a text within MaxContactText; a cut is marked and the footer always there.
func cutText(body, footer, mark string) string {
	room := MaxContactText - utf8.RuneCountInString(footer)
	if utf8.RuneCountInString(body) <= room {
		return body + footer
	}
	kept := cut(body, room-utf8.RuneCountInString(mark)-2)
	if line := strings.LastIndexByte(kept, '\n'); line > 0 {
		kept = kept[:line]
	}
	return kept + "\n" + mark + "\n" + footer
}
