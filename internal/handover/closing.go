package handover

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
)

// StartedNote is the PagerDuty note at the acknowledgement: what has begun, with which freedom, and how a person stops it.
func StartedNote(rec incident.Record, opts Options) string {
	p := Build(rec, opts)
	w := p.words
	lines := []string{fmt.Sprintf(w.phrase.started, dash(p.Customer), p.Incident.Title)}
	lines = append(lines, fmt.Sprintf(w.phrase.startedWith, joined(" · ", p.Scenario.Name, p.Scenario.Title)))
	for _, f := range []fact{
		{w.label.autonomy, say(w.autonomyOf(p.Scenario.Autonomy))}, {w.label.target, say(p.Target)},
		{w.label.chosen, say(p.Scenario.Why)}, {w.label.runbook, say(joined(" ", p.RunbookName, p.RunbookURL))},
	} {
		if f.value.text != "" {
			lines = append(lines, f.label+": "+f.value.text)
		}
	}
	lines = append(lines, w.phrase.startedHow)
	return cutNote(strings.Join(lines, "\n"), "\n", w.phrase.cutNote)
}

// ClosingNote is the PagerDuty note of a first response that ended by itself: how it ended, what was done, by what, and
// how that was verified. For an outcome that needs a person, use Packet.Note.
func ClosingNote(rec incident.Record, opts Options) string {
	p := Build(rec, opts)
	var b strings.Builder
	d := p.document()
	b.WriteString(d.headline + "\n")
	noteSection(&b, p.stoppedSection(), p.words)
	if p.Scenario.Name != "" {
		b.WriteString("\n" + fmt.Sprintf(p.words.phrase.doneBy, joined(" · ", p.Scenario.Name, p.Scenario.Title)) + "\n")
	}
	if p.Outcome != incident.Suppressed {
		noteSection(&b, p.checkedSection(), p.words)
		noteSection(&b, p.triedSection(), p.words)
	}
	if p.Outcome == incident.Reported {
		for _, e := range p.Evidence {
			noteEvidence(&b, e, p.words)
		}
	}
	return cutNote(b.String(), "\n"+d.footer+"\n", p.words.phrase.cutNote)
}

// TakenOver is the line for the thread when a person has taken the incident.
func TakenOver(rec incident.Record, opts Options, by string) Message {
	return Build(rec, opts).update(func(w words) string { return fmt.Sprintf(w.phrase.tookOver, oneLine(by, maxName)) })
}

// ResolvedBy is the line for the thread when a person has resolved the incident.
func ResolvedBy(rec incident.Record, opts Options, by string) Message {
	return Build(rec, opts).update(func(w words) string { return fmt.Sprintf(w.phrase.resolvedBy, oneLine(by, maxName)) })
}

// NobodyAnswered is the line for the thread when a tier did not answer within its time. Next is the tier that is told
// now; empty when there is none.
func NobodyAnswered(rec incident.Record, opts Options, tier, next string, within time.Duration) Message {
	return Build(rec, opts).update(func(w words) string {
		tier, next := oneLine(tier, maxName), oneLine(next, maxName)
		if next == "" {
			return fmt.Sprintf(w.phrase.nobody, tier)
		}
		return fmt.Sprintf(w.phrase.nobodyNext, tier, w.duration(within), next)
	})
}

// update is a message of one sentence.
func (p Packet) update(sentence func(words) string) Message {
	text := cutEscaped(sentence(p.words), MaxFallback)
	return Message{Text: text, Blocks: []Block{sectionBlock(text)}}
}
