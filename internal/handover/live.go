package handover

import (
	"fmt"
	"strings"

	"shodo/internal/incident"
)

// Slack renders the packet as the one message that a channel has of the incident: its state, who has it, what comes next,
// what it is about in a few lines, the question or the buttons, the checklist, and who did what. It is rendered again from
// the record whenever something changes. The thread brings the details and the evidence; what is long goes into files.
func (p Packet) Slack() Message {
	m := fitted(p.liveBlocks)
	m.Text = p.notification()
	m.Files = p.files()
	m.Thread = p.thread(p.document())
	return m
}

// notification is what a phone shows, and what is posted when the blocks are refused: who is to come is mentioned in it.
func (p Packet) notification() string {
	text := cutEscaped(p.headline()+" — "+p.lead(), MaxFallback-900)
	if who := p.mentioned(); who != "" && !p.isOver() && !p.Moved {
		text += " " + who
	}
	return text
}

func (p Packet) liveBlocks(scale int) []Block {
	blocks := []Block{header(p.headline()), sectionBlock(p.stateText(scale)), p.slackSection(p.gistSection(), scale)}
	if !p.Moved {
		blocks = append(blocks, p.commandBlocks(scale)...)
	}
	if p.Outcome != "" && p.Question == nil {
		blocks = append(blocks, p.checklistBlocks(scale)...)
	}
	if p.Buttons {
		blocks = append(blocks, p.buttonBlocks(scale)...)
	} else if how := p.answerSection(); len(how.rows) > 0 {
		blocks = append(blocks, p.slackSection(how, scale))
	}
	if past := p.historySection(shownDeeds, false); len(past.rows) > 0 {
		blocks = append(blocks, p.slackSection(past, scale))
	}
	if text := p.whereText(scale); text != "" {
		blocks = append(blocks, sectionBlock(text))
	}
	return append(blocks, contextBlock(cutEscaped(p.footer(), 300)))
}

// stateText says how it stands: what is so, who has it, and what comes next.
func (p Packet) stateText(scale int) string {
	w := p.words
	lines := []string{"*" + cutEscaped(p.lead(), max(600*scale/100, 250)) + "*"}
	if p.Paused != nil && !p.isOver() {
		lines = append(lines, "⏸ "+cutEscaped(p.pausedText(), 500*scale/100))
	}
	if p.isOver() {
		return strings.Join(lines, "\n")
	}
	if p.Moved {
		lines = append(lines, "➡ "+escape(w.live.moved))
	}
	has := w.live.nobody
	if p.Owner != "" {
		has = fmt.Sprintf(w.live.has, p.Owner, p.hour(p.OwnerAt))
	}
	line := cutEscaped(w.label.taken+": "+has, 300)
	if who := p.mentioned(); who != "" && !p.Moved {
		line += " · " + fmt.Sprintf(escape(w.live.onCall), who)
	}
	if told := p.toldText(); told != "" && p.Outcome != "" {
		line += "\n" + cutEscaped(w.label.tier+": "+told, 300)
	}
	if text := p.nextText(); text != "" {
		line += " · " + cutEscaped(text, 200)
	}
	return strings.Join(append(lines, line), "\n")
}

// nextText says which tier is told next and when, while nobody has it.
func (p Packet) nextText() string {
	if p.Next == "" || p.NextAt.IsZero() || p.Owner != "" || p.Question != nil || p.Outcome == "" {
		return ""
	}
	return fmt.Sprintf(p.words.live.next, p.Next, p.hour(p.NextAt))
}

func (p Packet) pausedText() string {
	return fmt.Sprintf(p.words.live.pausedBy, p.words.scopeOf(*p.Paused), oneLine(withoutID(p.Paused.By), maxName), p.clock(p.Paused.At), oneLine(p.Paused.Reason, maxItem))
}

// gistSection is what it is about, and what was found and done, in a few lines.
func (p Packet) gistSection() section {
	w, in := p.words, p.Incident
	s := section{title: w.label.broken, share: 1_600}
	if width(p.headline()) > MaxHeader {
		s.title = in.Title
	}
	add := func(spans ...span) { s.rows = append(s.rows, row{spans: spans}) }
	if in.Summary != "" {
		add(say(in.Summary))
	}
	add(say(joined(" · ", p.Customer, in.Service)), say(prefixed(" · "+w.label.target+": ", p.Target)))
	add(say(joined(" · ", w.label.since+": "+p.clock(in.Since), prefixed(w.label.priority+": ", joined(" · ", in.Priority, in.Urgency)))))
	if p.Why != "" && (p.Question == nil || p.Outcome != "") {
		add(say("→ " + p.Why))
	}
	for _, l := range p.Checked[:min(len(p.Checked), 4)] {
		s.rows = append(s.rows, row{mark: mark(l), spans: []span{name(l.Name), say(": " + p.stateOf(l)), say(prefixed(" — ", l.Error))}})
	}
	for _, a := range p.Tried {
		s.rows = append(s.rows, p.triedRow(a))
	}
	s.rows = append(s.rows, p.windowRows()...)
	if p.Outcome != "" && p.Outcome != incident.Unmatched && !p.Changed {
		add(say(w.phrase.unchanged))
	}
	return s
}

// triedRow sums one attempt up.
func (p Packet) triedRow(a Attempt) row {
	w := p.words
	r := row{mark: "–", spans: []span{name(p.nameOf(a.Number)), say(": ")}}
	if len(a.Steps) > 0 {
		last := a.Steps[len(a.Steps)-1]
		r.mark = mark(last)
		r.spans = append(r.spans, say(p.stateOf(last)))
		if last.Error != "" {
			r.spans = append(r.spans, say(" — "), last.errorSpan())
		}
	}
	if a.Held != nil {
		text := w.phrase.notHeld
		if r.mark = "✗"; *a.Held {
			text, r.mark = w.phrase.held, "✓"
		}
		r.spans = append(r.spans, say(" — "+text))
	}
	if a.By != "" {
		r.spans = append(r.spans, say(" ("+a.By+")"))
	}
	return r
}

// commandBlocks shows what would run: all of it for a question, and for each attempt that can be run.
func (p Packet) commandBlocks(scale int) []Block {
	w := p.words.live
	if q := p.Question; q != nil {
		text := "*" + escape(w.what) + "*: " + cutEscaped(p.nameOf(q.Attempt), 300) + "\n"
		return []Block{sectionBlock(text + p.commandText(commands(q.Commands), max(maxShownCommand*scale/100, maxShownCommand/2), questionFile(*q)))}
	}
	if p.isOver() || p.Wish != nil || p.Outcome == "" || len(p.Offers) == 0 {
		return nil
	}
	text := "*" + escape(w.offers) + "*"
	for i, o := range p.Offers {
		piece := "\n" + cutEscaped(p.words.attemptOf(o.Attempt, oneLine(o.Name, maxName)), 200) + "\n" +
			p.commandText(commands(o.Commands), max(maxShownCommand*scale/100/len(p.Offers), maxUnfiled), offerFile(o))
		if i == maxRunButtons || i > 0 && width(text)+width(piece) > (MaxSection-300)*scale/100 {
			text += "\n" + escape(fmt.Sprintf(p.words.phrase.more, len(p.Offers)-i))
			break
		}
		text += piece
	}
	return []Block{sectionBlock(text)}
}

// commandText shows commands, and says in which file all of them are when they are cut.
func (p Packet) commandText(text string, max int, file string) string {
	if text == "" {
		return "-"
	}
	shown, isAll := fenceHead(text, max)
	if isAll {
		return shown
	}
	return shown + "\n" + fmt.Sprintf(escape(p.words.live.allInFile), slackSpan(raw(file), 200))
}

func questionFile(q Question) string { return fmt.Sprintf("approve-%d.txt", q.Number) }

func offerFile(o Offer) string { return fmt.Sprintf("attempt-%d.txt", o.Attempt) }

// maxUnfiled is up to where commands are shown whole at any scale. Longer ones go along as a file, because an update of the
// message, which brings no files, may have to cut them.
const maxUnfiled = 450

func (p Packet) commandFiles() []File {
	var list []File
	add := func(name, title, text string) {
		if _, isAll := fenceHead(text, maxUnfiled); !isAll {
			list = append(list, File{name, cut(title, maxName), cutMiddle(text, maxCommands, p.words.phrase.cutBytes)})
		}
	}
	if q := p.Question; q != nil {
		add(questionFile(*q), p.nameOf(q.Attempt), commands(q.Commands))
	}
	for _, o := range p.Offers[:min(len(p.Offers), maxRunButtons)] {
		add(offerFile(o), p.nameOf(o.Attempt), commands(o.Commands))
	}
	return list
}

// whereText are the links, on one line.
func (p Packet) whereText(scale int) string {
	var list []string
	add := func(label, address string) {
		if address != "" {
			list = append(list, slackSpan(span{style: anchor, text: label, to: address}, 200))
		}
	}
	w := p.words.label
	add("PagerDuty", p.Incident.URL)
	add(w.runbook, p.RunbookURL)
	if p.RunbookURL == "" && p.RunbookName != "" {
		list = append(list, escape(w.runbook)+": "+slackSpan(raw(p.RunbookName), 120))
	}
	for _, l := range p.Links[:min(len(p.Links), 1)] {
		if scale >= 55 { // it came with the alert: where it leads is to be seen
			list = append(list, escape(w.monitor)+": "+slackSpan(span{style: link, text: l}, maxURL))
		}
	}
	if p.Incident.ID != "" {
		list = append(list, slackSpan(raw("shodo incident show "+string(p.Incident.ID)), 200))
	}
	return strings.Join(list, " · ")
}

// prefixed puts a prefix before what is not empty.
func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
