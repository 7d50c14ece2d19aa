package handover

import (
	"fmt"
	"strconv"
	"strings"

	"shodo/internal/incident"
)

// style is how a span is meant; each rendering has its own way to show it.
type style int

const (
	plain  style = iota
	strong       // a name
	code         // commands, outputs, identifiers: shown as they are
	link         // an address that webAddress gave
	anchor       // a number of ours, which leads to the address "to"
)

// span is a piece of a line. Its text is not escaped.
type span struct {
	style style
	text  string
	to    string // of an anchor: what webAddress gave; may be empty
}

// row is one line of a section.
type row struct {
	indent int
	mark   string // "✓", "✗", "☐", ...; empty: none
	todo   bool   // an item of a checklist
	done   bool   // a ticked one
	spans  []span
}

// section is one part of the document. It has rows or facts.
type section struct {
	title string
	facts []fact
	rows  []row
	share int // how many characters of a Slack message its rows may use; the other renderings give multiples of it
}

// within renders the rows of a section that fit into a room of so many characters, the first one in any case, and says
// how many did not.
func (s section) within(room int, w words, render func(row) string) []string {
	var list []string
	for i, r := range s.rows {
		line := render(r)
		if room -= width(line) + 1; i > 0 && room < 0 {
			return append(list, render(row{spans: []span{say(fmt.Sprintf(w.phrase.more, len(s.rows)-i))}}))
		}
		list = append(list, line)
	}
	return list
}

// fact is a name and its value.
type fact struct {
	label string
	value span
}

// document is a packet in words, without markup.
type document struct {
	headline string
	lead     string // one sentence: how it ended
	sections []section
	evidence []Evidence
	footer   string
}

func say(s string) span  { return span{style: plain, text: s} }
func name(s string) span { return span{style: strong, text: s} }
func raw(s string) span  { return span{style: code, text: s} }

// document puts the packet into the words of its language.
func (p Packet) document() document {
	d := document{headline: p.headline(), lead: p.lead(), evidence: p.Evidence, footer: p.footer()}
	d.sections = p.factSections()
	if len(p.First)+len(p.Remaining) > 0 {
		d.sections = append(d.sections, p.remainingSection())
	}
	if d.sections = append(d.sections, p.decisionSections()...); p.Question != nil {
		d.sections = append(p.decisionSections(), p.factSections()...) // what waits for an answer comes first
	}
	if past := p.historySection(maxDeeds, true); len(past.rows) > 0 {
		d.sections = append(d.sections, past)
	}
	if links := p.linkSection(); len(links.rows) > 0 {
		d.sections = append(d.sections, links)
	}
	return d
}

// factSections are what it is about, and what was found and done.
func (p Packet) factSections() []section {
	list := []section{p.brokenSection(), p.subjectSection()}
	if p.Scenario.Name == "" {
		list = append(list, p.choiceSection())
	}
	return append(list, p.checkedSection(), p.triedSection(), p.stoppedSection())
}

// footer tells the versions, for whoever asks why it was so.
func (p Packet) footer() string {
	return fmt.Sprintf(p.words.phrase.footer, dash(p.EngineVersion), dash(p.CatalogVersion), dash(p.Scenario.Hash), p.Zone)
}

// headline says in one line what the reader has to do with which incident.
func (p Packet) headline() string {
	who := p.Customer
	if who == "" {
		who = p.Incident.Service
	}
	return "[" + p.badge() + "] " + strings.TrimSpace(strings.Join([]string{p.Incident.Priority, who, p.Incident.Title}, " "))
}

// badge is the state in two or three words.
func (p Packet) badge() string {
	w := p.words
	switch {
	case p.Outcome.IsAutomatic():
	case p.Finish != nil && p.Finish.Choice == incident.Noise:
		return w.live.badgeNoise
	case p.isOver():
		return w.label.finished
	case p.Question != nil:
		return w.live.badgeApproval
	case p.Wish != nil:
		return fmt.Sprintf(w.live.badgeRunning, p.Wish.Attempt)
	case p.Owner != "":
		return fmt.Sprintf(w.phrase.takenBy, p.Owner)
	}
	return w.ending(p.Outcome, p.Reason).badge
}

// lead is the state in one or two sentences.
func (p Packet) lead() string {
	w := p.words
	switch q := p.Question; {
	case p.Outcome.IsAutomatic():
	case p.Finish != nil && p.Finish.Choice == incident.Noise:
		return fmt.Sprintf(w.live.didNoise, dash(p.Finish.By))
	case p.Finish != nil && p.Finish.Choice == incident.Done:
		return fmt.Sprintf(w.live.didFinish, dash(p.Finish.By))
	case p.isOver():
		if p.Finish != nil && p.Finish.By != "" {
			return fmt.Sprintf(w.phrase.resolvedBy, p.Finish.By)
		}
	case q != nil && q.AskedBy != "":
		return fmt.Sprintf(w.live.asksFor, oneLine(q.AskedBy, maxName), p.nameOf(q.Attempt), p.hour(q.Until), w.otherwiseOf(q.Otherwise))
	case q != nil:
		return fmt.Sprintf(w.live.asks, p.nameOf(q.Attempt), p.hour(q.Until), w.otherwiseOf(q.Otherwise))
	case p.Wish != nil:
		return fmt.Sprintf(w.live.runs, p.nameOf(p.Wish.Attempt), p.Wish.By)
	}
	return w.ending(p.Outcome, p.Reason).what
}

// decisionSections are what waits for a person: a question with all that would run, and how to answer.
func (p Packet) decisionSections() []section {
	var list []section
	block := func(title, text string, share int) {
		s := section{title: title, share: share}
		for line := range strings.Lines(text) {
			s.rows = append(s.rows, row{spans: []span{raw(cut(strings.TrimRight(line, "\n"), 2*share))}})
		}
		list = append(list, s)
	}
	if q := p.Question; q != nil {
		block(p.words.live.what+": "+p.nameOf(q.Attempt), commands(q.Commands), 2*maxShownCommand)
	} else if p.Wish == nil && p.Outcome != "" {
		for _, o := range p.Offers[:min(len(p.Offers), maxRunButtons)] {
			block(p.words.live.offers+": "+p.nameOf(o.Attempt), commands(o.Commands), maxShownCommand/2)
		}
	}
	if p.Paused != nil && !p.isOver() {
		list = append(list, section{title: p.words.live.badgePaused, share: 600, rows: []row{{spans: []span{say(p.pausedText())}}}})
	}
	if how := p.answerSection(); len(how.rows) > 0 {
		list = append(list, how)
	}
	return list
}

func (p Packet) brokenSection() section {
	w, in := p.words, p.Incident
	s := section{title: w.label.broken, share: 900}
	s.rows = append(s.rows, row{spans: []span{name(in.Title)}})
	if in.Summary != "" {
		s.rows = append(s.rows, row{spans: []span{say(in.Summary)}})
	}
	since := p.clock(in.Since)
	if ago := p.ago(in.Since); ago != "" {
		since += " (" + ago + ")"
	}
	s.rows = append(s.rows, row{spans: []span{say(w.label.since + ": " + since)}})
	var origin []string
	for _, o := range []struct{ label, value string }{
		{w.label.severity, in.Severity}, {w.label.monitor, strings.TrimSpace(in.Monitor + " " + in.Source)},
	} {
		if o.value != "" {
			origin = append(origin, o.label+": "+o.value)
		}
	}
	if in.AlertCount > 1 {
		origin = append(origin, w.label.alerts+": "+strconv.Itoa(in.AlertCount))
	}
	if len(origin) > 0 {
		s.rows = append(s.rows, row{spans: []span{say(strings.Join(origin, " · "))}})
	}
	return s
}

// subjectSection holds the facts; at most MaxFields, the first ones always there.
func (p Packet) subjectSection() section {
	w, in := p.words, p.Incident
	s := section{title: w.label.subject}
	add := func(label string, value span) {
		if value.text != "" && len(s.facts) < MaxFields {
			s.facts = append(s.facts, fact{label, value})
		}
	}
	service := in.Service
	if in.ServiceID != "" && in.ServiceID != in.Service {
		service = strings.TrimSpace(in.Service + " (" + in.ServiceID + ")")
	}
	add(w.label.customer, say(p.Customer))
	add(w.label.service, say(service))
	add(w.label.target, raw(p.Target))
	add(w.label.priority, say(joined(" · ", in.Priority, in.Urgency)))
	add(w.label.scenario, say(joined(" · ", p.Scenario.Name, w.autonomyOf(p.Scenario.Autonomy))))
	add(w.label.incident, say(strings.TrimSpace(number(in.Number)+" "+string(in.ID)+" "+string(in.Status))))
	add(w.label.tier, say(p.toldText()))
	if p.Owner != "" {
		add(w.label.taken, say(joined(" · ", p.Owner, p.clock(p.OwnerAt))))
	}
	if !p.EndedAt.IsZero() {
		add(w.label.finished, say(p.clock(p.EndedAt)))
	}
	if p.Run > 1 {
		add(w.label.run, say(strconv.Itoa(p.Run)))
	}
	return s
}

// toldText says who was told, and when; the tier that is being told now comes last.
func (p Packet) toldText() string {
	var list []string
	now := p.Tier
	for _, t := range p.Told {
		list = append(list, fmt.Sprintf(p.words.phrase.toldAt, t.Tier, p.hour(t.At)))
		if t.Tier == p.Tier {
			now = ""
		}
	}
	if now != "" {
		list = append(list, now)
	}
	return strings.Join(list, " → ")
}

// choiceSection explains why no scenario was chosen.
func (p Packet) choiceSection() section {
	s := section{title: p.words.label.chosen, share: 900}
	switch {
	case p.Scenario.Why != "":
		s.rows = append(s.rows, row{spans: []span{say(p.Scenario.Why)}})
	case p.Customer == "":
		s.rows = append(s.rows, row{spans: []span{say(p.words.phrase.noCustomer)}})
	default:
		s.rows = append(s.rows, row{spans: []span{say(p.words.phrase.unmatched)}})
	}
	for _, c := range p.Scenario.Considered {
		s.rows = append(s.rows, row{indent: 1, mark: "–", spans: []span{name(c.Name), say(": " + c.Why)}})
	}
	return s
}

func (p Packet) checkedSection() section {
	s := section{title: p.words.label.checked, share: 1_200}
	for _, l := range p.Checked {
		s.rows = append(s.rows, p.stepRow(l, 0))
	}
	if len(s.rows) == 0 {
		s.rows = append(s.rows, row{spans: []span{say(p.words.phrase.neverChecked)}})
	}
	return s
}

func (p Packet) triedSection() section {
	w := p.words
	s := section{title: w.label.tried, share: 1_900}
	for _, a := range p.Tried {
		title := fmt.Sprintf(w.label.attempt, a.Number)
		if a.By != "" {
			title += " (" + a.By + ")"
		}
		s.rows = append(s.rows, row{spans: []span{name(title)}})
		for _, l := range a.Steps {
			s.rows = append(s.rows, p.stepRow(l, 1))
		}
		if a.Held != nil {
			text, mark := w.phrase.notHeld, "✗"
			if *a.Held {
				text, mark = w.phrase.held, "✓"
			}
			s.rows = append(s.rows, row{indent: 1, mark: mark, spans: []span{say(text)}})
		} else if len(a.Verified) > 0 {
			s.rows = append(s.rows, row{indent: 1, spans: []span{say(w.label.verification)}})
		}
		for _, l := range a.Verified {
			s.rows = append(s.rows, p.stepRow(l, 2))
		}
	}
	if len(s.rows) == 0 {
		s.rows = append(s.rows, row{spans: []span{say(w.phrase.nothingTried)}})
	}
	return s
}

func (p Packet) stoppedSection() section {
	w, end := p.words, p.words.ending(p.Outcome, p.Reason)
	s := section{title: w.label.stopped, share: 900}
	if p.Outcome.IsAutomatic() || p.Outcome == "" {
		s.title = w.label.ended
	}
	outcome := string(p.Outcome)
	if p.Outcome == "" {
		outcome = w.phaseOf(p.Phase)
	}
	if p.Reason != "" {
		outcome += ": " + string(p.Reason)
	}
	first := []span{say(end.what)}
	if outcome != "" {
		first = append(first, say(" ("), raw(oneLine(outcome, maxName)), say(")"))
	}
	s.rows = append(s.rows, row{spans: first})
	if p.Why != "" && (p.Scenario.Name != "" || p.Why != p.Scenario.Why) {
		s.rows = append(s.rows, row{spans: []span{say("→ " + p.Why)}})
	}
	s.rows = append(s.rows, p.windowRows()...)
	s.rows = append(s.rows, row{spans: []span{say(end.means)}})
	if p.Outcome != incident.Unmatched {
		text := w.phrase.unchanged
		if p.Changed {
			text = w.phrase.changed
		}
		s.rows = append(s.rows, row{spans: []span{say(text)}})
	}
	if p.CloseNote != "" {
		for line := range strings.Lines(p.CloseNote) {
			s.rows = append(s.rows, row{spans: []span{say(strings.TrimRight(line, "\n"))}})
		}
	}
	return s
}

func (p Packet) linkSection() section {
	w := p.words
	s := section{title: w.label.links, share: 700}
	add := func(label, address string) {
		if address != "" {
			s.rows = append(s.rows, row{spans: []span{say(label + ": "), {style: link, text: address}}})
		}
	}
	if p.RunbookURL == "" && p.RunbookName != "" {
		s.rows = append(s.rows, row{spans: []span{say(w.label.runbook + ": "), raw(p.RunbookName)}})
	}
	add(w.label.runbook, p.RunbookURL)
	add("PagerDuty", p.Incident.URL)
	if p.Incident.ID != "" {
		s.rows = append(s.rows, row{spans: []span{say(w.label.details + ": "), raw("shodo incident show " + string(p.Incident.ID))}})
	}
	for _, l := range p.Links {
		add(w.label.monitor, l)
	}
	return s
}

// title names a piece of evidence: "gather: journal".
func (e Evidence) title(w words) string { return joined(": ", w.phaseOf(e.Phase), e.Name) }

func number(n int) string {
	if n == 0 {
		return ""
	}
	return "#" + strconv.Itoa(n)
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	var list []string
	for _, s := range parts {
		if s != "" {
			list = append(list, s)
		}
	}
	return strings.Join(list, sep)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
