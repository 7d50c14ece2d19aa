package handover

import (
	"fmt"
	"strconv"
	"strings"
	"time"

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
	w := p.words
	d := document{
		headline: p.headline(), lead: w.ending(p.Outcome, p.Reason).what, evidence: p.Evidence,
		footer: fmt.Sprintf(w.phrase.footer, dash(p.EngineVersion), dash(p.CatalogVersion), dash(p.Scenario.Hash), p.Zone),
	}
	d.sections = append(d.sections, p.brokenSection(), p.subjectSection())
	if p.Scenario.Name == "" {
		d.sections = append(d.sections, p.choiceSection())
	}
	d.sections = append(d.sections, p.checkedSection(), p.triedSection(), p.stoppedSection())
	if len(p.Remaining) > 0 {
		s := section{title: w.label.remaining, share: 1_100}
		for _, item := range p.Remaining {
			s.rows = append(s.rows, row{mark: "☐", todo: true, spans: []span{say(item)}})
		}
		d.sections = append(d.sections, s)
	}
	if links := p.linkSection(); len(links.rows) > 0 {
		d.sections = append(d.sections, links)
	}
	return d
}

// headline says in one line what the reader has to do with which incident.
func (p Packet) headline() string {
	badge := p.words.ending(p.Outcome, p.Reason).badge
	if p.TakenBy != "" && !p.Outcome.IsAutomatic() {
		badge = fmt.Sprintf(p.words.phrase.takenBy, p.TakenBy)
	}
	if !p.EndedAt.IsZero() && !p.Outcome.IsAutomatic() {
		badge = p.words.label.finished
	}
	who := p.Customer
	if who == "" {
		who = p.Incident.Service
	}
	return "[" + badge + "] " + strings.TrimSpace(strings.Join([]string{p.Incident.Priority, who, p.Incident.Title}, " "))
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
	if p.TakenBy != "" {
		add(w.label.taken, say(joined(" · ", p.TakenBy, p.clock(p.TakenAt))))
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
		s.rows = append(s.rows, row{spans: []span{name(fmt.Sprintf(w.label.attempt, a.Number))}})
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

// stepRow tells one step: name, command, what came of it, when.
func (p Packet) stepRow(l Line, indent int) row {
	w := p.words
	r := row{indent: indent, mark: mark(l), spans: []span{name(l.Name)}}
	state := w.stepOf(l.Status)
	if l.Status == incident.Started && p.Outcome == "" {
		state = w.step.running
	}
	if l.Healthy != nil {
		state = w.phrase.unhealthy
		if *l.Healthy {
			state = w.phrase.healthy
		}
	}
	r.spans = append(r.spans, say(": "+state))
	if l.Error != "" {
		r.spans = append(r.spans, say(" — "), raw(l.Error))
	} else if l.Found != "" {
		r.spans = append(r.spans, say(" — "), raw(l.Found))
	}
	var notes []string
	if l.ErrorKind != "" {
		notes = append(notes, w.kindOf(l.ErrorKind))
	}
	if l.Note != "" {
		notes = append(notes, l.Note)
	}
	if l.Rounds > 1 {
		notes = append(notes, fmt.Sprintf(w.phrase.rounds, l.Rounds))
	}
	if !l.At.IsZero() {
		notes = append(notes, strings.TrimSuffix(p.hour(l.At)+", "+p.took(l.Took), ", "))
	}
	if len(notes) > 0 {
		r.spans = append(r.spans, say(" ("+strings.Join(notes, "; ")+")"))
	}
	if l.What != "" || l.Action != "" {
		r.spans = append(r.spans, say(" · "), raw(strings.TrimSpace(l.Action+" "+l.What)))
	}
	return r
}

// took leaves out what a step that is still running, or never ran, did not take.
func (p Packet) took(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return p.words.duration(d)
}

// mark sums a step up in one sign.
func mark(l Line) string {
	switch {
	case l.Status == incident.Started, l.ErrorKind == incident.UnknownEffect:
		return "?"
	case l.Status == incident.Failed, l.Healthy != nil && !*l.Healthy:
		return "✗"
	case l.Status == incident.Succeeded:
		return "✓"
	}
	return "–"
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
	add(w.label.page, p.PageURL)
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
