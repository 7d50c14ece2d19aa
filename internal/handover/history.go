package handover

import (
	"fmt"

	"shodo/internal/incident"
)

// shownDeeds is how many lines of the history the message shows; all of them are in the record.
const shownDeeds = 8

// sentence says in one sentence what was done; empty for what nobody has to read.
func (p Packet) sentence(d Deed) string {
	w, of := p.words.live.deed, p.nameOf(d.Attempt)
	switch d.Kind {
	case incident.ToldTier:
		if d.By == "" {
			return ""
		}
		return fmt.Sprintf(w.told, d.By)
	case incident.PersonTook:
		return fmt.Sprintf(w.took, d.By)
	case incident.EventSeen:
		if d.key == incident.ResolvedKey {
			return fmt.Sprintf(w.resolved, dash(d.By))
		}
		return w.released
	case incident.Asked:
		return fmt.Sprintf(w.asked, dash(d.By), of, p.hour(d.Until))
	case incident.Expired:
		return fmt.Sprintf(w.expired, of)
	case incident.Ended:
		text := p.words.ending(d.Outcome, d.Reason).what
		return fmt.Sprintf(w.ended, text)
	case incident.ResponseEnd:
		if d.Choice != "" || d.By == "" || p.Outcome.IsAutomatic() {
			return "" // the choice has its own line; nobody did it
		}
		return fmt.Sprintf(w.resolved, d.By)
	case incident.Acted:
		return p.result(d, of)
	}
	return p.chose(d, of)
}

// result says how an attempt went that a person wanted.
func (p Packet) result(d Deed, of string) string {
	w := p.words.live.deed
	switch {
	case d.Choice != incident.RunAttempt:
		return d.Why
	case d.Outcome == incident.Recovered:
		return fmt.Sprintf(w.held, of, d.By)
	case d.Reason == incident.VerifyFailed:
		return fmt.Sprintf(w.notHeld, of, d.By)
	case d.Why == "":
		return fmt.Sprintf(w.notMade, of, d.By)
	}
	return fmt.Sprintf(w.because, fmt.Sprintf(w.notMade, of, d.By), d.Why)
}

// chose says what a person chose.
func (p Packet) chose(d Deed, of string) string {
	w := p.words.live.deed
	switch d.Choice {
	case incident.TakeOver:
		return fmt.Sprintf(w.took, d.By)
	case incident.Grant:
		return fmt.Sprintf(w.granted, d.By, of)
	case incident.NotNow:
		return fmt.Sprintf(w.declined, d.By, of)
	case incident.RunAttempt:
		return fmt.Sprintf(w.wished, d.By, of)
	case incident.NextTier:
		return fmt.Sprintf(w.nextTier, d.By)
	case incident.Done:
		return fmt.Sprintf(w.done, d.By)
	case incident.Noise:
		return fmt.Sprintf(w.noise, d.By)
	case incident.Tick:
		if d.On {
			return fmt.Sprintf(w.ticked, d.By, cut(p.point(d.Item), 80))
		}
		return fmt.Sprintf(w.unticked, d.By, cut(p.point(d.Item), 80))
	}
	return d.Why
}

// point is the text of one point of the checklist.
func (p Packet) point(item int) string {
	if item >= 1 && item <= len(p.Remaining) {
		return p.Remaining[item-1]
	}
	return fmt.Sprintf(p.words.live.deed.pointOnly, item)
}

// nameOf names an attempt: as the offers, the question or its steps call it.
func (p Packet) nameOf(attempt int) string {
	name := ""
	for _, t := range p.Tried {
		if t.Number == attempt && len(t.Steps) == 1 && t.Steps[0].Name != t.Steps[0].Action {
			name = t.Steps[0].Name // a step without an id has the name of its attempt
		}
	}
	if q := p.Question; q != nil && q.Attempt == attempt {
		name = q.Name
	}
	if known := p.names[attempt]; known != "" {
		name = known
	}
	return p.words.attemptOf(attempt, oneLine(name, maxName))
}

// historySection tells who did what, and when. The last deeds come last. Ticks stand beside their points, too.
func (p Packet) historySection(most int, withTicks bool) section {
	s := section{title: p.words.live.history, share: 1_400}
	var rows []row
	for _, d := range p.Deeds {
		if text := p.sentence(d); text != "" && (withTicks || d.Choice != incident.Tick) {
			rows = append(rows, row{mark: p.hour(d.At), spans: []span{say(text)}})
		}
	}
	if len(rows) == 1 && p.Deeds[0].Kind == incident.Ended {
		return s // the message says it already
	}
	if left := len(rows) - most; left > 1 {
		s.rows = append(s.rows, row{spans: []span{say(fmt.Sprintf(p.words.phrase.more, left))}})
		rows = rows[left:]
	}
	s.rows = append(s.rows, rows...)
	return s
}
