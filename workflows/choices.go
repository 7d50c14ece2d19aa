package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// This file takes in what people choose. The update's handler only notes a choice and returns at once; whoever waits in
// the workflow's own course acts on it and writes its line into the record. The validator refuses what may not be chosen
// as things stand, and leaves nothing of it in the history.

const (
	// maxChoices is how many choices one run takes: a history can hold some hundred, and no person needs more.
	maxChoices = 500
	// lastChoices is how many more there may be of those that end something.
	lastChoices = 100
	// doubleClick is the time in which the same press by the same person is one.
	doubleClick = 5 * time.Second
)

// standing is how far a run is, for those who want to choose.
type standing int

const (
	working standing = iota // the engine works, or waits for the end of a window
	handed                  // a person has to go on
	over                    // the first response is finished
)

// choices is what people have chosen in a run, and what they may choose at the moment.
type choices struct {
	stand    standing
	queue    []incident.Choice // taken, and not acted on yet, in the order in which they came
	taken    []incident.Choice // all that changed something
	question *question         // what one person has to approve; nil: nothing
	asked    int               // how many questions there were
	count    int               // how many updates came, those that changed nothing among them
	manual   *incident.Choice  // the wish that is being carried out, or that waits for a second person; nil: none
	ticked   []int             // the points of the checklist that are done, in the order in which they were ticked
	lastTier bool              // no tier is left to be told; kept by the loop that tells them
}

// question is an attempt that waits for a person's approval.
type question struct {
	QuestionInput
	asker  *incident.Person // whose wish it is; nil: the engine asks for itself
	over   func() bool      // something else has ended it
	answer *incident.Choice // grant or not_now
}

// listen takes choices in until the run ends.
func (r *response) listen() {
	err := workflow.SetUpdateHandlerWithOptions(r.ctx, chooseUpdate, r.choose, workflow.UpdateHandlerOptions{
		Validator:   r.mayChoose,
		Description: "takes what a person has decided about the incident",
	})
	if err != nil {
		workflow.GetLogger(r.ctx).Error("listen to what people choose", "err", err)
	}
}

// choose notes a choice that was found valid.
func (r *response) choose(ctx workflow.Context, c incident.Choice) (incident.ChoiceResult, error) {
	s, now := &r.choices, workflow.Now(ctx)
	s.count++
	if r.isAgain(c, now) {
		return incident.ChoiceResult{Again: true}, nil
	}
	c.At = now // of two choices the engine's own clock tells which was first
	if q := s.question; c.Kind == incident.Grant || c.Kind == incident.NotNow {
		c.Number, c.Attempt = q.Number, q.Attempt
		q.answer = &c // whoever asked acts on it
		s.taken = append(s.taken, c)
		return incident.ChoiceResult{}, nil
	}
	s.taken = append(s.taken, c)
	switch c.Kind {
	case incident.TakeOver:
		r.people.chose(c)
	case incident.RunAttempt:
		s.manual = &c
	case incident.Done, incident.Noise:
		s.stand = over
	case incident.Tick:
		s.ticked = slices.DeleteFunc(s.ticked, func(item int) bool { return item == c.Item })
		if c.On {
			s.ticked = append(s.ticked, c.Item)
		}
	}
	s.queue = append(s.queue, c)
	return incident.ChoiceResult{Waits: c.Kind == incident.RunAttempt && r.plan.TwoPeople}, nil
}

// next gives the oldest choice that nobody has acted on. Whoever takes it acts on it and writes its line.
func (s *choices) next() (incident.Choice, bool) {
	if len(s.queue) == 0 {
		return incident.Choice{}, false
	}
	c := s.queue[0]
	s.queue = s.queue[1:]
	return c, true
}

// chosen is the line of a choice.
func (r *response) chosen(c incident.Choice) incident.Transition {
	t := incident.Transition{Key: "chosen/" + c.ID, Kind: incident.Chosen, Attempt: c.Attempt, By: c.By.Name, Why: sentence(c),
		Choice: c.Kind}
	switch c.Kind {
	case incident.TakeOver:
		t.Key, t.Kind = "taken/"+string(chosenID(c)), incident.PersonTook
	case incident.Grant, incident.NotNow:
		t.Item = c.Number
	case incident.Tick:
		if t.Item = c.Item; !c.On {
			t.Item = -c.Item
		}
	}
	if r.choices.stand != working {
		t.Phase = incident.HandOver
	}
	return t
}

// waiting says whether there is a choice to act on.
func (s *choices) waiting() bool { return len(s.queue) > 0 }

// isAgain says whether it is so already, and nothing changes by the choice: a double click, most often.
func (r *response) isAgain(c incident.Choice, now time.Time) bool {
	s := &r.choices
	if slices.ContainsFunc(s.taken, func(known incident.Choice) bool { return known.ID == c.ID }) {
		return true
	}
	last, ok := s.latest(c.Kind)
	mine := ok && last.By.ID == c.By.ID
	switch c.Kind {
	case incident.TakeOver:
		return r.people.isWith(c.By)
	case incident.Tick:
		return c.Item > 0 && c.Item <= r.plan.Remaining && slices.Contains(s.ticked, c.Item) == c.On
	case incident.Grant, incident.NotNow:
		another := c.Number != 0 && c.Number != last.Number || s.question != nil && s.question.Number != last.Number
		return mine && !another && now.Sub(last.At) < doubleClick
	case incident.RunAttempt:
		return mine && s.manual != nil && s.manual.ID == last.ID && last.Attempt == c.Attempt
	case incident.Done, incident.Noise:
		return mine
	case incident.NextTier:
		return mine && now.Sub(last.At) < doubleClick
	}
	return false
}

// latest gives the last choice of a kind.
func (s *choices) latest(kind incident.ChoiceKind) (incident.Choice, bool) {
	for _, c := range slices.Backward(s.taken) {
		if c.Kind == kind {
			return c, true
		}
	}
	return incident.Choice{}, false
}

// mayChoose refuses what may not be chosen as things stand.
func (r *response) mayChoose(ctx workflow.Context, c incident.Choice) error {
	s := &r.choices
	switch {
	case s.count >= mostOf(c.Kind):
		return refuse(RefusedTooMany, "%d choices were made in this run of incident %s, and it takes no more", s.count, c.Incident)
	case isFull(ctx) && mostOf(c.Kind) == maxChoices:
		return refuse(RefusedTooMany, "the history of this run of incident %s is so long that it takes no more choices than to take it over or to finish it", c.Incident)
	case c.Run != 0 && r.plan.Run == 0:
		return refuse(RefusedWorking, "incident %s is being read: try again in a moment", c.Incident)
	case c.Run != 0 && c.Run != r.plan.Run:
		return refuse(RefusedRun, "this is about run %d of incident %s, and now it is run %d", c.Run, c.Incident, r.plan.Run)
	case r.isAgain(c, workflow.Now(ctx)):
		return nil
	case s.stand == over || r.people.resolved != nil:
		return refuse(RefusedEnded, "the first response to incident %s is over", c.Incident)
	}
	switch c.Kind {
	case incident.TakeOver:
		return nil
	case incident.Grant, incident.NotNow:
		return s.mayAnswer(c)
	}
	if s.stand == working {
		return refuse(RefusedWorking, "the engine works on incident %s: take it over first, or wait", c.Incident)
	}
	return r.mayChooseNow(c)
}

// mostOf is how many choices a run has taken when it takes no more of a kind. Taking over and finishing are possible when
// nothing else is.
func mostOf(kind incident.ChoiceKind) int {
	switch kind {
	case incident.TakeOver, incident.Done, incident.Noise:
		return maxChoices + lastChoices
	}
	return maxChoices
}

// isFull says whether a run's history is half as large as the one at which Temporal ends a workflow for good: 51,200 events or
// 50 MB. An attempt at somebody's wish carries all that was done before.
func isFull(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetCurrentHistoryLength() > 25_000 || info.GetCurrentHistorySize() > 25_000_000
}

// mayChooseNow is mayChoose for what needs an incident that was handed over.
func (r *response) mayChooseNow(c incident.Choice) error {
	s := &r.choices
	if s.manual != nil && c.Kind != incident.Tick {
		return refuse(RefusedWorking, "attempt %d is being made at the wish of %s: take the incident over to stop it, or wait",
			s.manual.Attempt, s.manual.By.Name)
	}
	switch c.Kind {
	case incident.RunAttempt:
		if r.plan.LeavesOpen {
			return refuse(RefusedAttempt, "the scenario only observes here: nothing may be changed")
		}
		if c.Attempt < 1 || c.Attempt > len(r.plan.Attempts) {
			return refuse(RefusedAttempt, "the scenario has no attempt %d: it has %d", c.Attempt, len(r.plan.Attempts))
		}
	case incident.NextTier:
		if len(r.plan.Tiers) < 2 || s.lastTier {
			return refuse(RefusedNoTier, "no tier is left to be told")
		}
	case incident.Tick:
		if c.Item < 1 || c.Item > r.plan.Remaining {
			return refuse(RefusedItem, "the checklist has no point %d: it has %d", c.Item, r.plan.Remaining)
		}
	case incident.Done, incident.Noise:
	default:
		return fmt.Errorf("there is no choice %q", c.Kind)
	}
	return nil
}

// mayAnswer is mayChoose for the answer to a question.
func (s *choices) mayAnswer(c incident.Choice) error {
	q := s.question
	if q == nil || q.answer != nil || q.over() || c.Number != 0 && c.Number != q.Number {
		return refuse(RefusedAnswered, "the question is answered already, or its time is over")
	}
	if c.Kind == incident.Grant && q.asker != nil && isSame(*q.asker, c.By) {
		return refuse(RefusedSamePerson, "%s asked for it, so another person has to approve it", q.asker.Name)
	}
	return nil
}

// isSame says whether two ways of deciding are the same person's, as far as is known.
func isSame(a, b incident.Person) bool {
	return a.ID == b.ID || a.PagerDuty != "" && a.PagerDuty == b.PagerDuty
}

func refuse(kind, format string, args ...any) error {
	return temporal.NewApplicationError(fmt.Sprintf(format, args...), kind)
}

// eventChosen is a choice as package people sees it: an event that is not PagerDuty's.
const eventChosen incident.EventType = "shodo.chosen"

// chose notes that a person has taken the incident over by a choice, which ends the automatic part as an acknowledgement
// in PagerDuty does. It comes after everything that PagerDuty has told so far, whatever PagerDuty's clock says.
func (p *people) chose(c incident.Choice) {
	e := incident.Event{ID: chosenID(c), Type: eventChosen, OccurredAt: c.At,
		Agent: incident.Agent{ID: c.By.PagerDuty, Name: c.By.Name, Type: "user_reference"}}
	if e.OccurredAt.Before(p.released) {
		e.OccurredAt = p.released
	}
	if isOlder(e, p.taken) {
		e.OccurredAt = p.taken.OccurredAt
	}
	p.by = append(p.by, c)
	p.steps(e)
	p.stop()
}

func chosenID(c incident.Choice) incident.EventID { return incident.EventID("choice/" + c.ID) }

// choice gives the choice that an event stands for.
func (p *people) choice(e *incident.Event) (incident.Choice, bool) {
	for _, c := range p.by {
		if e != nil && chosenID(c) == e.ID {
			return c, true
		}
	}
	return incident.Choice{}, false
}

// isWith says whether that person has the incident at the moment.
func (p *people) isWith(by incident.Person) bool {
	if p.taken == nil {
		return false
	}
	c, chosen := p.choice(p.taken)
	return chosen && c.By.ID == by.ID || by.PagerDuty != "" && p.taken.Agent.ID == by.PagerDuty
}

// sentence says in one sentence what a person did by an event, or by a choice.
func (p *people) sentence(e *incident.Event) string {
	if c, chosen := p.choice(e); chosen {
		return sentence(c)
	}
	return fmt.Sprintf("%s %s", who(e.Agent), deed(e.Type))
}

// sentence says in one sentence what somebody chose.
func sentence(c incident.Choice) string {
	said := fmt.Sprintf("%s (%s) %s%s", c.By.Name, c.By.ID, does(c), where(c.By.ID))
	if c.Note != "" {
		said += ": " + c.Note
	}
	return said
}

func does(c incident.Choice) string {
	switch c.Kind {
	case incident.TakeOver:
		return "took it over"
	case incident.Grant:
		return fmt.Sprintf("approved attempt %d", c.Attempt)
	case incident.NotNow:
		return fmt.Sprintf("did not approve attempt %d", c.Attempt)
	case incident.RunAttempt:
		return fmt.Sprintf("asked for attempt %d", c.Attempt)
	case incident.NextTier:
		return "asked for the next tier"
	case incident.Done:
		return "finished the first response"
	case incident.Noise:
		return "called it noise"
	case incident.Tick:
		if !c.On {
			return fmt.Sprintf("took point %d of the checklist back", c.Item)
		}
		return fmt.Sprintf("ticked point %d of the checklist", c.Item)
	}
	return string(c.Kind)
}

// where tells by a person's id from where they decide.
func where(id string) string {
	way, _, _ := strings.Cut(id, ":")
	switch way {
	case "slack":
		return " in Slack"
	case "api":
		return " by the API"
	case "local":
		return " on the command line"
	}
	return ""
}
