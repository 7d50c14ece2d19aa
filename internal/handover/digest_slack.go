package handover

import (
	"fmt"
	"strings"
)

// listFile is the name of the file that holds a whole list.
const listFile = "incidents.txt"

// listed is a message of as many lines as fit. Headings count all of theirs; when lines are left out, the message says
// how many, and all of them go along as a file. So does what was found for those that are reports.
func (p Packet) listed(l letter) Message {
	total := 0
	for _, s := range l.sections {
		total += len(s.rows)
	}
	var m Message
	for n := total; ; n = n * 3 / 4 {
		m.Blocks = p.listBlocks(l, n, total)
		if n == 0 || m.Size() <= MaxMessage && legal(m.Blocks) {
			if n < total || len(l.evidence) > 0 {
				m.Files = []File{{listFile, cut(oneLine(l.subject, maxTitle), maxName), p.listText(l)}}
			}
			break
		}
	}
	m.Text = cutEscaped(l.subject, MaxFallback)
	return m
}

// listBlocks shows the first n lines.
func (p Packet) listBlocks(l letter, n, total int) []Block {
	blocks := []Block{header(l.subject), sectionBlock(boldFirst(cutEscaped(l.lead, 900)))}
	left := n
	for _, s := range l.sections {
		text := "*" + cutEscaped(s.title, maxName) + "*"
		for _, r := range s.rows[:min(left, len(s.rows))] {
			line := slackRow(r, maxListSpan)
			if width(text)+width(line)+1 > MaxSection {
				blocks = append(blocks, sectionBlock(text))
				text = line
				continue
			}
			text += "\n" + line
		}
		left -= min(left, len(s.rows))
		blocks = append(blocks, sectionBlock(text))
	}
	if n == total && len(l.evidence) > 0 {
		blocks = append(blocks, sectionBlock(escape(fmt.Sprintf(p.words.digest.findingsInFile, listFile))))
	}
	if n < total {
		more := fmt.Sprintf(p.words.phrase.more, total-n) + " · " + fmt.Sprintf(p.words.digest.allInFile, listFile)
		blocks = append(blocks, sectionBlock(escape(more)))
	}
	return append(blocks, contextBlock(cutEscaped(l.footer, 300)))
}

// maxListSpan is the most that a title, or what follows it, may use of a line in Slack.
const maxListSpan = 240

// listText is the whole list as plain text.
func (p Packet) listText(l letter) string {
	var b strings.Builder
	b.WriteString(oneLine(l.subject, maxTitle) + "\n" + l.lead + "\n")
	for _, s := range l.sections {
		b.WriteString("\n■ " + s.title + "\n")
		for _, r := range s.rows {
			b.WriteString("  " + plainRow(r) + "\n")
		}
	}
	letterEvidence(&b, l.evidence, p.words)
	b.WriteString("\n" + l.footer + "\n")
	return cutMiddle(b.String(), MaxFile, p.words.phrase.cutBytes)
}
