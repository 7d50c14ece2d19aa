package handover

import (
	"fmt"
	"strings"
)

// scales are tried in turn until a message is small enough: the share of its room that each section may use. The last
// one always is.
var scales = [...]int{100, 75, 55, 40, 25, 15}

// details are what the message itself has no room for, as the first reply.
func (p Packet) details(d document) Message {
	m := fitted(func(scale int) []Block {
		var blocks []Block
		for _, s := range append(p.factSections(), p.linkSection()) {
			if len(s.rows)+len(s.facts) > 0 {
				blocks = append(blocks, p.slackSection(s, scale))
			}
		}
		for _, e := range d.evidence[:min(excerpts, len(d.evidence))] {
			blocks = append(blocks, p.slackEvidence(e, 900*scale/100))
		}
		return blocks
	})
	m.Text = cutEscaped(p.words.live.details+": "+p.Incident.Title, MaxFallback)
	return m
}

// excerpts is how many pieces of evidence stand beside the other details.
const excerpts = 2

// slackSection renders a section within its share of the message.
func (p Packet) slackSection(s section, scale int) Block {
	if len(s.facts) > 0 {
		b := Block{Type: "section"}
		for _, f := range s.facts {
			b.Fields = append(b.Fields, mrkdwn("*"+escape(f.label)+"*\n"+slackSpan(f.value, 220*scale/100)))
		}
		return b
	}
	lines := s.within(min(s.share, MaxSection-600)*scale/100, p.words, func(r row) string { return slackRow(r, 320*scale/100) })
	return sectionBlock(strings.Join(append([]string{"*" + cutEscaped(s.title, maxTitle) + "*"}, lines...), "\n"))
}

// slackRow renders a row of which each span has at most max units.
func slackRow(r row, max int) string {
	var b strings.Builder
	for range r.indent {
		b.WriteString("      ")
	}
	if r.mark != "" {
		b.WriteString(r.mark + " ")
	}
	for _, s := range r.spans {
		b.WriteString(slackSpan(s, max))
	}
	return b.String()
}

// slackSpan renders a span of at most max units, markup included; a link is never cut.
func slackSpan(s span, max int) string {
	if s.text == "" {
		return ""
	}
	if s.style == link {
		return "<" + strings.ReplaceAll(s.text, "&", "&amp;") + ">"
	}
	switch s.style {
	case anchor:
		if s.to != "" {
			return "<" + strings.ReplaceAll(s.to, "&", "&amp;") + "|" + escape(s.text) + ">"
		}
	case strong:
		return "*" + strings.ReplaceAll(cutEscaped(s.text, max-2), "*", "∗") + "*"
	case code:
		return "`" + cutEscaped(s.text, max-2) + "`"
	}
	return cutEscaped(s.text, max)
}

func (p Packet) slackEvidence(e Evidence, max int) Block {
	text := "*" + escape(cut(e.title(p.words), maxName)) + "*"
	if e.Error != "" {
		text += "\n" + escape(p.words.phrase.evidenceGone) + ": " + slackSpan(raw(e.Error), 400)
	}
	if e.Short != "" {
		text += "\n" + fence(e.Short, max)
	}
	if e.File != "" {
		text += "\n" + fmt.Sprintf(p.words.phrase.inFile, slackSpan(raw(e.File), 200))
	}
	return sectionBlock(text)
}

// thread gives the replies: the details, how the scenario was chosen, then the evidence that does not stand beside the
// details.
func (p Packet) thread(d document) []Message {
	list := []Message{p.details(d)}
	if p.Scenario.Name != "" {
		list = append(list, p.choiceMessage())
	}
	rest := d.evidence[min(excerpts, len(d.evidence)):]
	for len(rest) > 0 && len(list) < maxReplies {
		part := rest[:min(4, len(rest))]
		rest = rest[len(part):]
		m := fitted(func(scale int) []Block {
			var blocks []Block
			for _, e := range part {
				blocks = append(blocks, p.slackEvidence(e, 1_900*scale/100))
			}
			if len(rest) > 0 && len(list) == maxReplies-1 {
				blocks = append(blocks, contextBlock(fmt.Sprintf(p.words.phrase.more, len(rest))))
			}
			return blocks
		})
		m.Text = escape(p.words.label.evidence + ": " + cut(part[0].title(p.words), maxName))
		list = append(list, m)
	}
	return list
}

// maxReplies is how many messages bring details.
const maxReplies = 4

func (p Packet) choiceMessage() Message {
	s := section{title: p.words.label.chosen, share: 2_400}
	s.rows = append(s.rows, row{spans: []span{raw(p.Scenario.Name), say(" " + p.Scenario.Title)}})
	if p.Scenario.Why != "" {
		s.rows = append(s.rows, row{spans: []span{say(p.Scenario.Why)}})
	}
	for _, c := range p.Scenario.Considered {
		text := fmt.Sprintf(p.words.phrase.notMatched, c.Name, c.Why)
		s.rows = append(s.rows, row{indent: 1, mark: "–", spans: []span{say(text)}})
	}
	m := fitted(func(scale int) []Block { return []Block{p.slackSection(s, scale)} })
	m.Text = escape(s.title + ": " + p.Scenario.Name)
	return m
}

// fitted renders blocks at the largest scale at which they fit into one message.
func fitted(render func(scale int) []Block) Message {
	var m Message
	for _, scale := range scales {
		if m.Blocks = render(scale); m.Size() <= MaxMessage && legal(m.Blocks) {
			break
		}
	}
	return m
}

// legal says whether every block is within Block Kit's own limits.
func legal(blocks []Block) bool {
	for _, b := range blocks {
		if b.Text != nil && width(b.Text.Text) > MaxSection {
			return false
		}
		for _, f := range b.Fields {
			if width(f.Text) > MaxField {
				return false
			}
		}
	}
	return len(blocks) <= MaxBlocks
}

// files gives what is too long for a message: whole evidence, and the runbook.
func (p Packet) files() []File {
	list := p.commandFiles()
	if p.RunbookText != "" {
		list = append(list, File{fileName("runbook", p.RunbookName, ".md"), p.words.label.runbook, p.RunbookText})
	}
	for _, e := range p.Evidence {
		if e.File != "" && len(list) < MaxFiles {
			list = append(list, File{e.File, cut(e.title(p.words), maxName), e.Full})
		}
	}
	return list
}

// fileName makes a name that no file system and no header misreads.
func fileName(kind, of, ext string) string {
	of = strings.TrimSuffix(of, ext)
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, cut(of, 60))
	if safe = strings.Trim(safe, "-."); safe != "" {
		kind += "-" + safe
	}
	return kind + ext
}
