package scenariotest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/temporal"

	"shodo/internal/incident"
	"shodo/workflows"
)

// The workflow's names of what reaches it from outside; they never change.
const (
	eventSignal  = "event"
	pauseSignal  = "pause"
	chooseUpdate = "choose"
)

// acts lets people do at their moments what the case says.
func (p *play) acts() {
	for i, e := range p.c.people {
		switch {
		case e.choice != "":
			p.deeds.awaited(e)
			p.env.RegisterDelayedCallback(func() { p.chooses(e, i) }, e.after)
		case e.key == pauses && e.after == 0:
			p.deeds.pause(e, p.c.start)
		case e.key == pauses || e.key == resumes:
			p.env.RegisterDelayedCallback(func() { p.switches(e) }, e.after)
		case e.after == 0:
			p.pd.act(e.event, e.agent()) // before the engine looks at it
		default:
			p.env.RegisterDelayedCallback(func() { p.happens(e.event, e.agent()) }, e.after)
		}
	}
}

// agent is who acts in PagerDuty; the monitor has no name there.
func (e personEvent) agent() incident.Agent {
	if e.key == "monitor" {
		return incident.Agent{}
	}
	return person(e.by)
}

// happens lets somebody act in PagerDuty: its state changes, and the event arrives.
func (p *play) happens(kind incident.EventType, by incident.Agent) {
	if inc, _ := p.pd.Read(context.Background(), ""); inc.Status == incident.Resolved {
		return
	}
	p.pd.act(kind, by)
	now := p.env.Now()
	p.env.SignalWorkflow(eventSignal, incident.Event{ID: incident.EventID(fmt.Sprintf("%s/%d", kind, now.UnixNano())), Type: kind,
		OccurredAt: now, ReceivedAt: now, Agent: by, Incident: p.c.incident.ID})
}

// chooses lets somebody decide, as a button in Slack does.
func (p *play) chooses(e personEvent, n int) {
	p.deeds.came(e)
	if waits := openQuestion(p.record()); e.attempt > 0 && e.choice != incident.RunAttempt && waits != e.attempt {
		p.deeds.fail(fmt.Sprintf("%s: %q does not wait for an answer then", e, nameOfAttempt(p.scenario(), e.attempt)))
		return
	}
	p.env.UpdateWorkflow(chooseUpdate, fmt.Sprintf("case/%d", n), answered{p.deeds, e}, e.choiceOf(p.c.incident.ID, n))
}

// openQuestion gives the attempt that waits for an answer; 0: none.
func openQuestion(rec incident.Record) int {
	attempt, number := 0, 0
	for _, t := range rec.Transitions {
		switch {
		case t.Kind == incident.Asked:
			attempt, number = t.Attempt, t.Item
		case t.Kind == incident.Expired && t.Item == number, t.Choice == incident.Grant || t.Choice == incident.NotNow:
			attempt = 0
		}
	}
	return attempt
}

// switches turns the kill switch on or off.
func (p *play) switches(e personEvent) {
	now := p.env.Now()
	if e.key == resumes {
		p.deeds.resume(e, now)
		return
	}
	if one := p.deeds.pause(e, now); one.Cancel {
		p.env.SignalWorkflow(pauseSignal, one)
	}
}

// end has somebody resolve an incident that was handed over, after everybody in the file has acted.
func (p *play) end() {
	p.ending.Do(func() {
		wait := time.Second // so that both ways of telling have told
		for _, e := range p.c.people {
			wait = max(wait, p.c.start.Add(e.after).Sub(p.env.Now())+time.Second)
		}
		p.env.RegisterDelayedCallback(p.resolveAtRest, wait)
	})
}

// restless is how often it is looked whether what a person started is over.
const restless = 5 * time.Second

// resolveAtRest resolves it when no attempt is made any more at a person's wish: a resolve would stop it.
func (p *play) resolveAtRest() {
	if manualRuns(p.record()) > 0 {
		p.env.RegisterDelayedCallback(p.resolveAtRest, restless)
		return
	}
	p.resolve()
}

// manualRuns counts the wishes that neither were carried out nor came to nothing.
func manualRuns(rec incident.Record) int {
	open := 0
	for _, t := range rec.Transitions {
		switch {
		case t.Choice != incident.RunAttempt:
		case t.Kind == incident.Chosen:
			open++
		default: // its result, or nobody approved it
			open--
		}
	}
	return open
}

func (p *play) resolve() { p.happens(incident.EventResolved, person("somebody")) }

// deeds is what became of the choices of a case, and the kill switch.
type deeds struct {
	mu       sync.Mutex
	waits    []personEvent // choices whose moment has not come
	problems []string
	switched []incident.Pause
}

func (d *deeds) awaited(e personEvent) { d.waits = append(d.waits, e) }

// came notes that the moment of a choice has come.
func (d *deeds) came(e personEvent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.waits, e); i >= 0 {
		d.waits = slices.Delete(d.waits, i, i+1)
	}
}

func (d *deeds) fail(problem string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.problems = append(d.problems, problem)
}

// failures tells which choices did not go as the case says.
func (d *deeds) failures() []Failure {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []Failure
	for _, problem := range d.problems {
		list = append(list, Failure{What: "people", Detail: problem})
	}
	for _, e := range d.waits {
		list = append(list, Failure{What: "people", Detail: fmt.Sprintf("%s: it was all over before", e)})
	}
	return list
}

func (d *deeds) pause(e personEvent, at time.Time) incident.Pause {
	one := incident.Pause{ID: "case", Scope: incident.PauseAll, Cancel: e.cancel, Reason: "in a test", By: e.by, At: at}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.switched = append(d.switched, one)
	return one
}

func (d *deeds) resume(e personEvent, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.switched {
		if one := &d.switched[i]; one.ResumedAt.IsZero() {
			one.ResumedBy, one.ResumedAt = e.by, at
		}
	}
}

// PausesInForce gives the kill switch when it is on.
func (d *deeds) PausesInForce(context.Context) ([]incident.Pause, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(d.switched), func(p incident.Pause) bool { return !p.ResumedAt.IsZero() }), nil
}

// answered hears how the workflow answers a choice.
type answered struct {
	deeds *deeds
	event personEvent
}

// Accept is called when the choice is taken.
func (a answered) Accept() {
	if a.event.refused != "" {
		a.deeds.fail(fmt.Sprintf("%s: it was taken, and expected to be refused: %s", a.event, a.event.refused))
	}
}

// Reject is called when it is refused.
func (a answered) Reject(err error) {
	why, kind := err.Error(), ""
	var refusal *temporal.ApplicationError
	if errors.As(err, &refusal) {
		why, kind = refusal.Message(), refusal.Type()
	}
	switch {
	case a.event.refused == "":
		a.deeds.fail(fmt.Sprintf("%s: it was refused (%s): %s", a.event, cmp.Or(kind, "no reason"), why))
	case a.event.refused != kind:
		a.deeds.fail(fmt.Sprintf("%s: it was refused for another reason, %s and not %s: %s", a.event, cmp.Or(kind, "unknown"), a.event.refused, why))
	}
}

// Complete is called with the answer.
func (a answered) Complete(_ any, err error) {
	if err != nil {
		a.deeds.fail(fmt.Sprintf("%s: %v", a.event, err))
	}
}

var _ workflows.Pauses = (*deeds)(nil)
