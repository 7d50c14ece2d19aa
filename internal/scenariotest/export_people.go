package scenariotest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
)

// people are those who acted, as far as what came of it depends on them. Nobody's name is in it: "a person", "person 2".
func (w caseWriter) people() *yaml.Node {
	l := &peopleWriter{caseWriter: w}
	l.choices()
	l.inPagerDuty()
	slices.SortStableFunc(l.acts, func(a, b act) int { return a.at.Compare(b.at) })
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, one := range l.acts {
		n.Content = append(n.Content, flow(one.node))
	}
	return n
}

// act is one entry of "people".
type act struct {
	at   time.Time
	node *yaml.Node
}

// peopleWriter collects what people did.
type peopleWriter struct {
	caseWriter
	names []string
	acts  []act
}

// add adds a deed. It comes after whatever it depends on, also where time is skipped.
func (l *peopleWriter) add(at time.Time, key, by string) *yaml.Node {
	after := max(0, at.Sub(l.rec.ReceivedAt))
	if l.rec.StartedAt.IsZero() && l.rec.Outcome != incident.HandedOver {
		after = 0 // before the engine had looked at it
	}
	one := mapping()
	put(one, "after", span(after.Round(100*time.Millisecond)))
	put(one, key, text(by))
	l.acts = append(l.acts, act{at, one})
	return one
}

// anonymous gives somebody another name; the same one gets the same.
func (l *peopleWriter) anonymous(name string) string {
	i := slices.Index(l.names, name)
	if i < 0 {
		i = len(l.names)
		l.names = append(l.names, name)
	}
	if i == 0 {
		return "a person"
	}
	return fmt.Sprintf("person %d", i+1)
}

// choices are what people decided by the engine's own buttons and commands.
func (l *peopleWriter) choices() {
	var asked time.Time
	finished := false
	for _, t := range l.rec.Transitions {
		at := t.At
		switch {
		case t.Kind == incident.Asked:
			asked = t.At
			continue
		case t.Kind != incident.Chosen && t.Kind != incident.PersonTook && t.Kind != incident.ResponseEnd:
			continue
		}
		switch t.Choice {
		case incident.Grant, incident.NotNow:
			if soon := asked.Add(2 * second); at.Before(soon) {
				at = soon // the case may ask a little later
			}
			put(l.add(at, deedOf(t.Choice), l.anonymous(t.By)), "attempt", text(nameOfAttempt(l.scenario, t.Attempt)))
		case incident.RunAttempt:
			put(l.add(at, deedOf(t.Choice), l.anonymous(t.By)), "attempt", text(nameOfAttempt(l.scenario, t.Attempt)))
		case incident.Tick:
			put(l.add(at, deedOf(t.Choice), l.anonymous(t.By)), "item", number(t.Item))
		case incident.Done, incident.Noise:
			if !finished { // it may be written down twice: that it was chosen, and that the response is over
				l.add(at, deedOf(t.Choice), l.anonymous(t.By))
			}
			finished = true
		case incident.TakeOver, incident.NextTier:
			l.add(at, deedOf(t.Choice), l.anonymous(t.By))
		}
	}
}

// deedOf is the key of a choice.
func deedOf(kind incident.ChoiceKind) string {
	all := personDocument{Approve: "a", NotNow: "a", TakeOver: "a", Run: "a", NextTier: "a", Tick: "a", Done: "a", Noise: "a"}.deeds()
	for _, d := range all {
		if d.choice == kind {
			return d.key
		}
	}
	return string(kind)
}

// inPagerDuty is what people and the monitor did in PagerDuty, and the kill switch.
func (l *peopleWriter) inPagerDuty() {
	rec, told := l.rec, l.toldAt()
	byChoice := slices.ContainsFunc(rec.Transitions, func(t incident.Transition) bool { return t.Choice == incident.TakeOver })
	switch {
	case rec.Outcome == incident.TakenOver && !byChoice:
		l.add(cmpTime(rec.TakenAt, rec.OutcomeAt), deedIn(rec.Why), "a person")
	case rec.Outcome == incident.ResolvedUpstream, strings.HasPrefix(rec.Why, "the monitor resolved it"):
		l.add(rec.OutcomeAt, "monitor", "resolves")
	case rec.Reason == incident.Paused:
		l.killSwitch()
	case len(told) > 1 && len(l.acts) == 0: // somebody answers after the last one was told
		l.add(cmpTime(rec.TakenAt, told[len(told)-1].Add(10*second)), "acknowledge", "a person")
	}
}

// killSwitch was on from the beginning, or it cancelled the step that was running. Any other moment is not in the record:
// then something else comes of the case, and there is none.
func (l *peopleWriter) killSwitch() {
	i := slices.IndexFunc(l.rec.Steps, func(s incident.Step) bool { return s.ErrorKind == incident.Cancelled })
	if i < 0 {
		l.add(l.rec.ReceivedAt, pauses, "a person")
		return
	}
	put(l.add(l.rec.Steps[i].EndedAt, pauses, "a person"), "cancel", plain("true"))
}

// toldAt gives when each tier was told for the first time.
func (w caseWriter) toldAt() []time.Time {
	var when []time.Time
	seen := map[string]bool{}
	for _, t := range w.rec.Transitions {
		round := t.Key[strings.LastIndex(t.Key, "/")+1:]
		if t.Kind == incident.ToldTier && !seen[round] {
			seen[round] = true
			when = append(when, t.At)
		}
	}
	return when
}

func cmpTime(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// deedIn finds what a person did in the engine's words about it.
func deedIn(why string) string {
	for _, deed := range []struct{ word, key string }{
		{" resolved it", "resolve"}, {" escalated it", "escalate"}, {" reassigned it", "reassign"},
	} {
		if strings.Contains(why, deed.word) {
			return deed.key
		}
	}
	return "acknowledge"
}
