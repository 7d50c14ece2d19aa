package handover

import (
	"fmt"
	"strings"

	"shodo/internal/incident"
)

// maxRunButtons is how many attempts are offered; the others can be run on the command line, too.
const maxRunButtons = 5

// offered lists what people may choose at the moment, in the order in which it is offered. It is the same that the
// workflow accepts.
func (p Packet) offered() []incident.Choice {
	choice := func(kind incident.ChoiceKind) incident.Choice {
		return incident.Choice{Kind: kind, Incident: p.Incident.ID, Run: p.Run}
	}
	takeOver := choice(incident.TakeOver)
	switch {
	case p.isOver(), p.Moved:
		return nil
	case p.Question != nil:
		grant, notNow := choice(incident.Grant), choice(incident.NotNow)
		grant.Number, grant.Attempt = p.Question.Number, p.Question.Attempt
		notNow.Number, notNow.Attempt = p.Question.Number, p.Question.Attempt
		return []incident.Choice{grant, notNow, takeOver}
	case p.Outcome == "", p.Wish != nil:
		return []incident.Choice{takeOver}
	}
	list := []incident.Choice{takeOver}
	for _, o := range p.Offers {
		run := choice(incident.RunAttempt)
		run.Attempt = o.Attempt
		list = append(list, run)
	}
	if p.CanCall {
		list = append(list, choice(incident.NextTier))
	}
	return append(list, choice(incident.Done), choice(incident.Noise))
}

// buttonBlocks is what can be pressed; nothing where nothing can.
func (p Packet) buttonBlocks(scale int) []Block {
	if !p.Buttons {
		return nil
	}
	var elements []Element
	runs := 0
	for _, c := range p.offered() {
		if c.Kind == incident.RunAttempt {
			if runs++; runs > max(maxRunButtons*scale/100, 2) {
				continue
			}
		}
		if b := p.button(c, scale); b.Value != "" {
			elements = append(elements, Element{Button: &b})
		}
	}
	if len(elements) == 0 {
		return nil
	}
	return []Block{{Type: "actions", Elements: elements}}
}

func (p Packet) button(c incident.Choice, scale int) Button {
	w := p.words.live
	b := Button{ActionID: ActionID(c), Value: ChoiceValue(c), Text: plainText(p.label(c), MaxButton)}
	confirm := func(text, style string) {
		b.Confirm = &Confirm{Title: plainText(b.Text.Text, maxConfirmFor), Text: plainText(text, max(MaxConfirm*scale/100, 80)),
			Confirm: plainText(w.confirm.yes, maxConfirmOn), Deny: plainText(w.confirm.no, maxConfirmOn), Style: style}
	}
	switch c.Kind {
	case incident.TakeOver:
		if p.Owner == "" && p.Question == nil {
			b.Style = "primary"
		}
	case incident.Grant:
		b.Style = "primary"
		confirm(fmt.Sprintf(w.confirm.approve, p.nameOf(c.Attempt)), "primary")
	case incident.RunAttempt:
		confirm(fmt.Sprintf(w.confirm.run, p.nameOf(c.Attempt)), "danger")
	case incident.Done:
		confirm(w.confirm.done, "")
	case incident.Noise:
		confirm(w.confirm.noise, "danger")
	}
	return b
}

func (p Packet) label(c incident.Choice) string {
	w := p.words.live.button
	switch c.Kind {
	case incident.TakeOver:
		return w.takeOver
	case incident.Grant:
		return w.approve
	case incident.NotNow:
		return w.notNow
	case incident.RunAttempt:
		for _, o := range p.Offers {
			if o.Attempt == c.Attempt && o.Name != "" {
				return fmt.Sprintf(w.runNamed, c.Attempt, oneLine(o.Name, maxName))
			}
		}
		return fmt.Sprintf(w.run, c.Attempt)
	case incident.NextTier:
		return w.nextTier
	case incident.Done:
		return w.done
	}
	return w.noise
}

// cli is the command that makes the same choice.
func cli(c incident.Choice) string {
	id := string(c.Incident)
	switch c.Kind {
	case incident.TakeOver:
		return "shodo incident take " + id
	case incident.Grant:
		return "shodo incident approve " + id
	case incident.NotNow:
		return "shodo incident not-now " + id
	case incident.RunAttempt:
		return fmt.Sprintf("shodo incident run %s %d", id, c.Attempt)
	case incident.NextTier:
		return "shodo incident next-tier " + id
	case incident.Done:
		return "shodo incident done " + id
	case incident.Noise:
		return "shodo incident noise " + id
	}
	return fmt.Sprintf("shodo incident tick %s N", id)
}

// answerSection tells how to answer without buttons: in PagerDuty, and on the command line.
func (p Packet) answerSection() section {
	w := p.words
	s := section{title: w.live.how, share: 1_000}
	choices := p.offered()
	if len(choices) == 0 || p.Incident.ID == "" {
		return s
	}
	if p.Owner == "" {
		s.rows = append(s.rows, row{spans: []span{say(w.live.howAck)}})
	}
	runs := 0
	for _, c := range choices {
		if c.Kind == incident.RunAttempt {
			if runs++; runs > maxRunButtons {
				continue
			}
		}
		s.rows = append(s.rows, row{mark: "•", spans: []span{say(p.label(c) + ": "), raw(cli(c))}})
	}
	if len(p.Remaining) > 0 && p.Outcome != "" {
		tick := incident.Choice{Kind: incident.Tick, Incident: p.Incident.ID}
		s.rows = append(s.rows, row{mark: "•", spans: []span{say(w.live.button.tick + ": "), raw(cli(tick))}})
	}
	return s
}

// mentioned names who is on call: as mentions of Slack where their ids are known.
func (p Packet) mentioned() string {
	var list []string
	for _, person := range p.Mentions {
		if id, found := strings.CutPrefix(person.ID, "slack:"); found && isSlackUser(id) {
			list = append(list, "<@"+id+">")
		} else if name := oneLine(person.Name, maxName); name != "" {
			list = append(list, cutEscaped(name, 60))
		}
		if len(list) == maxMentions {
			break
		}
	}
	return strings.Join(list, " ")
}

// maxMentions is how many people one message mentions.
const maxMentions = 10

// isSlackUser says whether an id is one of a user of Slack, and nothing else.
func isSlackUser(id string) bool {
	if len(id) < 3 || len(id) > 30 || id[0] != 'U' && id[0] != 'W' {
		return false
	}
	return strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
