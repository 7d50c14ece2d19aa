package simulation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/testsuite"

	"shodo/internal/incident"
	"shodo/workflows"
)

// What people choose by buttons, and the kill switch.

var (
	chie      = incident.Person{ID: "slack:UCHIE", Name: "Chie Mori"}
	aikoPress = incident.Person{ID: "slack:UAIKO", Name: aiko.Name, PagerDuty: aiko.ID}
)

// answers lets people answer a question, or not. One of them may press twice, and two of them at once.
func (w *town) answers(id incident.ID, key string) {
	var run, number int
	if _, err := fmt.Sscanf(strings.TrimPrefix(key, string(id)), "/%d/asked/%d", &run, &number); err != nil {
		panic(fmt.Sprintf("the key of a question: %q", key))
	}
	rng := draw(w.plan.seed, w.plan.customer, "question", key)
	kind := pick(rng, incident.Grant, incident.Grant, incident.Grant, incident.Grant, incident.NotNow, incident.TakeOver, "")
	if kind == "" {
		return
	}
	delay := seconds(rng, 10*time.Second, 12*time.Minute)
	w.choose(delay, incident.Choice{ID: key, Kind: kind, Incident: id, Run: run, Number: number, By: chie})
	if chance(rng, 0.2) { // a double click
		w.choose(delay+time.Second, incident.Choice{ID: key + "/again", Kind: kind, Incident: id, Run: run, Number: number, By: chie})
	}
	if chance(rng, 0.2) { // somebody else, at the same time
		w.choose(delay, incident.Choice{ID: key + "/other", Kind: pick(rng, incident.Grant, incident.NotNow), Incident: id, Run: run,
			Number: number, By: aikoPress})
	}
}

// presses lets people press buttons of a packet.
func (w *town) presses(id incident.ID, key string) {
	var run int
	if _, err := fmt.Sscanf(strings.TrimPrefix(key, string(id)), "/%d/", &run); err != nil {
		panic(fmt.Sprintf("the key of a packet: %q", key))
	}
	rng := draw(w.plan.seed, w.plan.customer, "press", key)
	if !chance(rng, 0.25) {
		return
	}
	c := incident.Choice{ID: key, Kind: pick(rng, incident.TakeOver, incident.RunAttempt, incident.RunAttempt, incident.RunAttempt, incident.Done, incident.Noise),
		Incident: id, Run: run, By: aikoPress}
	if c.Kind == incident.RunAttempt {
		c.Attempt = pick(rng, 1, 2)
		c.By = pick(rng, chie, aikoPress)
	}
	delay := seconds(rng, 10*time.Second, 40*time.Minute)
	w.choose(delay, c)
	if chance(rng, 0.3) { // somebody takes it while the attempt is made
		w.choose(delay+seconds(rng, time.Second, 2*time.Minute), incident.Choice{ID: key + "/then", Kind: incident.TakeOver, Incident: id, Run: run, By: aikoPress})
	}
}

// choose has somebody press a button, as soon as the engine is there.
func (w *town) choose(after time.Duration, c incident.Choice) {
	w.at(w.untilBack(after), func() {
		e := entry{at: w.now(), kind: chose, incident: c.Incident, to: c.By.Name, text: string(c.Kind)}
		err := w.env.UpdateWorkflowByID(workflows.WorkflowID(c.Incident), "choose", c.ID, &testsuite.TestUpdateCallback{
			OnAccept:   func() { w.seen.add(e) },
			OnReject:   func(error) { w.figures.Refusals++ },
			OnComplete: func(any, error) {},
		}, c)
		var gone *serviceerror.NotFound
		if err != nil && !errors.As(err, &gone) {
			panic(err)
		}
	})
}

// pause is one use of the kill switch.
type pause struct {
	span
	incident.Pause
}

// pauseAll tells those who run that a pause has begun, as package app does where it cancels.
func (w *town) pauseAll(p pause) {
	w.seen.add(entry{at: w.now(), kind: killSwitch, text: fmt.Sprintf("%s %s until %s, cancel %t", p.Scope, p.Name, p.to.UTC().Format("2006-01-02 15:04:05"), p.Cancel)})
	if !p.Cancel {
		return
	}
	var ids []string
	for id := range w.running {
		if name, isIncident := strings.CutPrefix(id, "incident/"); isIncident && w.isStopped(p, incident.ID(name)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		w.env.SignalWorkflow("do", signal{Workflow: id, Name: "pause", Pause: p.Pause})
	}
}

// isStopped says whether a pause is meant for an incident.
func (w *town) isStopped(p pause, id incident.ID) bool {
	w.pd.mu.Lock()
	defer w.pd.mu.Unlock()
	return p.Stops(w.plan.customer, incident.ScenarioName(w.pd.ticket(id).class))
}

// granted: what has to be approved was approved, and everything is sent once only.
func (j *judge) granted(l *life) {
	sends := map[string]int{}
	for _, e := range l.seen {
		if e.kind != changedHost {
			continue
		}
		if sends[e.key]++; sends[e.key] > 1 {
			j.fault(l.id, "run/attempt/wish %s was sent %d times", e.key, sends[e.key])
		}
		var run, attempt, wish int
		if _, err := fmt.Sscanf(e.key, "%d/%d/%d", &run, &attempt, &wish); err != nil {
			panic(err)
		}
		kind := incident.Grant
		switch {
		case wish > 0:
			kind = incident.RunAttempt
		case !needsApproval(l.class, attempt):
			continue
		}
		grants := 0
		for _, t := range l.rec.Transitions {
			if t.Run == run && t.Kind == incident.Chosen && t.Choice == kind && t.Attempt == attempt && !t.At.After(e.at) {
				grants++
			}
		}
		if grants == 0 {
			j.fault(l.id, "run/attempt/wish %s was sent at %s, and nobody had chosen %s", e.key, e.at, kind)
		}
		if wish > 0 {
			j.figures.Wishes++
		} else {
			j.figures.Granted++
		}
	}
	for _, t := range l.rec.Transitions {
		if t.Kind == incident.Asked {
			j.figures.Questions++
		}
		if t.Kind == incident.Ended && t.Reason == incident.Paused {
			j.figures.Stopped++
		}
	}
}

func needsApproval(class string, attempt int) bool {
	return class == "asks" || class == "mixed" && attempt == 1
}

// paused: nothing is sent while the kill switch is on.
func (j *judge) paused(l *life) {
	for _, e := range l.seen {
		for _, p := range j.plan.pauses {
			if e.kind == changedHost && p.covers(e.at) && e.at.After(p.from) && p.Stops(j.plan.customer, incident.ScenarioName(l.class)) {
				j.fault(l.id, "something was changed at %s, while the engine was paused (%s %s)", e.at, p.Scope, p.Name)
			}
		}
	}
}

// yields: a person wins. Once somebody has the incident nothing is changed but at a person's wish, and it is not closed but
// as noise.
func (j *judge) yields(l *life) {
	var since time.Time
	noise := false
	for _, e := range l.seen {
		byPerson := strings.Contains(e.text, aiko.Name)
		switch {
		case e.kind == chose && e.text == string(incident.Noise):
			noise = true
		case e.kind == chose && e.text == string(incident.TakeOver),
			e.kind == acted && byPerson && (e.to == string(incident.EventAcknowledged) || e.to == string(incident.EventReassigned)):
			since = e.at
		case e.kind == acted && (e.to == string(incident.EventUnacknowledged) || e.to == string(incident.EventReopened)):
			since, noise = time.Time{}, false
		case since.IsZero() || !e.at.After(since):
		case e.kind == changedHost && strings.HasSuffix(e.key, "/0"):
			j.fault(l.id, "something was changed at %s, after a person had taken it at %s", e.at, since)
		case e.kind == acted && e.text == "by the engine" && e.to == string(incident.EventResolved) && !noise:
			j.fault(l.id, "it was resolved at %s, after a person had taken it at %s", e.at, since)
		}
	}
	j.figures.Yielded += strings.Count(outcomesOf(l.rec), "just when the engine was about to close it")
}

func outcomesOf(rec incident.Record) string {
	var b strings.Builder
	for _, t := range rec.Transitions {
		if t.Kind == incident.Ended {
			b.WriteString(t.Why)
		}
	}
	return b.String()
}
