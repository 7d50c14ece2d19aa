package handover

import (
	"fmt"
	"strings"

	"shodo/internal/incident"
)

// News is the line for the thread when something was decided or done: one line of the record, in the reader's language. It
// is empty (no text) for what nobody has to read.
func News(rec incident.Record, opts Options, line incident.Transition) Message {
	p := Build(rec, opts)
	switch line.Run = rec.Run; {
	case line.Kind == incident.PersonTook:
		return TakenOver(rec, opts, line.By)
	case line.Choice == "" && line.By != "" && (line.Kind == incident.ResponseEnd || line.Key == incident.ResolvedKey):
		return ResolvedBy(rec, opts, line.By)
	}
	rec.Transitions = []incident.Transition{line}
	for _, d := range p.words.deeds(rec) {
		if text := p.sentence(d); text != "" {
			return p.update(func(words) string { return text })
		}
	}
	return Message{}
}

// Joined puts messages of one sentence into one; empty ones are left out.
func Joined(list ...Message) Message {
	var lines []string
	for _, m := range list {
		if m.Text != "" {
			lines = append(lines, m.Text)
		}
	}
	switch len(lines) {
	case 0:
		return Message{}
	case 1:
		return Message{Text: lines[0], Blocks: []Block{sectionBlock(lines[0])}}
	}
	text := "• " + strings.Join(lines, "\n• ")
	if width(text) > MaxFallback { // they are cut one by one, not in the middle of an escape
		return Joined(append(list[:len(list)/2:len(list)/2], Message{Text: "…"})...)
	}
	return Message{Text: text, Blocks: []Block{sectionBlock(text)}}
}

// FinishedNote is the PagerDuty note when a person has finished the first response: how it stands, the checklist with who
// ticked what, and who did what.
func FinishedNote(rec incident.Record, opts Options) string {
	p := Build(rec, opts)
	var b strings.Builder
	b.WriteString(p.headline() + "\n" + p.lead() + "\n")
	for _, s := range []section{p.remainingSection(), p.historySection(maxDeeds, true)} {
		if len(s.rows) > 0 {
			noteSection(&b, s, p.words)
		}
	}
	return cutNote(b.String(), "\n"+p.footer()+"\n", p.words.phrase.cutNote)
}

// TakenNote is the PagerDuty note when a person has taken the incident outside of PagerDuty, and PagerDuty does not know who
// it is.
func TakenNote(rec incident.Record, opts Options, by string) string {
	p := Build(rec, opts)
	return cutNote(fmt.Sprintf(p.words.phrase.tookOver, oneLine(by, maxName)), "\n", p.words.phrase.cutNote)
}
