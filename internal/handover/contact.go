package handover

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Limits of what a customer's contacts are sent, in characters.
const (
	MaxSubject     = 200
	MaxContactText = 100_000
)

// ContactMessage is what the customer's own people are told. It holds no name of a tier, no command, no address of the
// engine or of PagerDuty, and no error text: those are for the people who operate the service.
type ContactMessage struct {
	Subject string // one line, at most MaxSubject characters
	Text    string // plain text for mail, lines ended by "\n", at most MaxContactText characters

	slack Message
}

// Slack is the same for a channel.
func (m ContactMessage) Slack() Message { return m.slack }

// ForContact tells the customer's contacts of an incident that was closed or reported: what happened, since when, what was
// done, and that it holds. Of Options it reads Language, TimeZone and CloseNote.
func ForContact(rec incident.Record, opts Options) ContactMessage {
	p := Build(rec, opts)
	w := p.words.contact
	said := p.saidToContact()
	l := letter{
		subject: "[" + said.badge + "] " + p.Incident.Title, to: p.Customer, lead: joined("\n", said.what, said.means),
		sections: []section{p.happenedSection()}, footer: p.reference(),
	}
	switch p.Outcome {
	case incident.Recovered:
		l.sections = append(l.sections, p.doneSection())
	case incident.Reported:
		l.sections = append(l.sections, p.lookedSection())
		l.evidence = p.papers()
		l.files = paperFiles(l.evidence)
	}
	if p.CloseNote != "" {
		s := section{title: w.note, share: 1_500}
		for line := range strings.Lines(p.CloseNote) {
			s.rows = append(s.rows, row{spans: []span{say(strings.TrimRight(line, "\n"))}})
		}
		l.sections = append(l.sections, s)
	}
	return p.render(l)
}

// said says how it ended in words for the customer.
func (w contactWords) said(o incident.Outcome) saying {
	switch o {
	case incident.Recovered:
		return w.recovered
	case incident.Cleared:
		return w.cleared
	case incident.ResolvedUpstream:
		return w.resolvedUpstream
	case incident.Reported:
		return w.reported
	}
	return w.open
}

func (p Packet) happenedSection() section {
	w, in := p.words, p.Incident
	s := section{title: w.contact.happened, share: 1_200}
	add := func(label, text string) {
		if text != "" {
			s.rows = append(s.rows, row{spans: []span{say(label + ": " + text)}})
		}
	}
	s.rows = append(s.rows, row{spans: []span{name(in.Title)}})
	if in.Summary != "" {
		s.rows = append(s.rows, row{spans: []span{say(in.Summary)}})
	}
	add(w.label.service, in.Service)
	add(w.label.since, p.clock(in.Since))
	label := w.contact.healthySince
	switch p.Outcome {
	case incident.Recovered, incident.Cleared, incident.ResolvedUpstream:
	case incident.Reported:
		label = w.contact.lookedAt
	default:
		return s
	}
	if !p.OutcomeAt.IsZero() {
		text := p.clock(p.OutcomeAt)
		if took := p.OutcomeAt.Sub(in.Since); took > 0 && !in.Since.IsZero() {
			text += fmt.Sprintf(w.contact.afterwards, w.duration(took))
		}
		add(label, text)
	}
	return s
}

// doneSection lists what was repaired, by the names that the scenario's author gave, and says that it holds.
func (p Packet) doneSection() section {
	w := p.words.contact
	s := section{title: w.done, share: 1_500}
	add := func(r row) { s.rows = append(s.rows, r) }
	for _, a := range p.Tried {
		for _, l := range a.Steps {
			if l.Status == incident.Skipped || l.Status == incident.Planned {
				continue
			}
			text := fmt.Sprintf(w.step, w.named(l), p.words.stepOf(l.Status), p.hour(l.At))
			add(row{mark: mark(l), spans: []span{say(text)}})
		}
		switch {
		case a.Held == nil:
		case !*a.Held:
			add(row{spans: []span{say(w.notHeld)}})
		default:
			add(row{spans: []span{say(fmt.Sprintf(w.holds, p.hour(lastSeen(a.Verified))))}})
		}
	}
	return s
}

// lookedSection lists what was checked, without what it answered.
func (p Packet) lookedSection() section {
	w := p.words
	s := section{title: w.label.checked, share: 1_200}
	for _, l := range p.Checked {
		state := w.stepOf(l.Status)
		if l.Healthy != nil {
			state = w.phrase.unhealthy
			if *l.Healthy {
				state = w.phrase.healthy
			}
		}
		s.rows = append(s.rows, row{mark: mark(l), spans: []span{say(fmt.Sprintf(w.contact.step, w.contact.named(l), state, p.hour(l.At)))}})
	}
	if len(s.rows) == 0 {
		s.rows = append(s.rows, row{spans: []span{say(w.phrase.neverChecked)}})
	}
	return s
}

// named is a step's name; one that its author did not name has only that of its action, which says nothing to a customer.
func (w contactWords) named(l Line) string {
	if l.Name == "" || l.Name == l.Action {
		return w.unnamed
	}
	return l.Name
}

func lastSeen(lines []Line) time.Time {
	var last time.Time
	for _, l := range lines {
		if at := l.At.Add(l.Took); at.After(last) {
			last = at
		}
	}
	return last
}

// reference is by what the customer can ask for this incident.
func (p Packet) reference() string {
	ref := number(p.Incident.Number)
	if ref == "" {
		ref = string(p.Incident.ID)
	}
	return fmt.Sprintf(p.words.contact.reference, dash(ref), p.Zone)
}

// papers is the evidence that was gathered, as a customer may see it: without what went wrong in collecting it, which says
// how the service is connected and is for the people who operate it.
func (p Packet) papers() []Evidence {
	var list []Evidence
	files := 0
	for _, e := range p.Evidence {
		if e.Phase != incident.Gather {
			continue
		}
		full := e.gist
		switch {
		case e.Error != "":
			full = p.words.phrase.evidenceGone
		case full == "":
			full = p.words.contact.noOutput
		}
		paper := p.shortened(Evidence{Name: e.Name, Full: full})
		if e.unnamed || e.Name == "" {
			paper.Name = fmt.Sprintf(p.words.contact.finding, len(list)+1)
		}
		if n := len(list); files < MaxFiles && (n >= shownPapers || paper.Short != full) {
			paper.File = fileName(fmt.Sprintf("evidence-%d", n+1), paper.Name, ".txt")
			files++
		}
		list = append(list, paper)
	}
	return list
}

func paperFiles(list []Evidence) []File {
	var files []File
	for _, e := range list {
		if e.File != "" {
			files = append(files, File{e.File, cut(e.Name, maxName), e.Full})
		}
	}
	return files
}
