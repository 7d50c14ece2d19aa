package scenariotest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
	"shodo/workflows"
)

// personDocument is somebody's deed as it is written: in PagerDuty, or one of the choices that the engine offers.
type personDocument struct {
	After time.Duration `yaml:"after" required:"true" doc:"How long after the engine hears of the incident; 0s: before it looks."`

	Acknowledge string `yaml:"acknowledge" doc:"Who acknowledges it in PagerDuty."`
	Reassign    string `yaml:"reassign" doc:"Who reassigns it."`
	Escalate    string `yaml:"escalate" doc:"Who escalates it."`
	Resolve     string `yaml:"resolve" doc:"Who resolves it."`
	Monitor     string `yaml:"monitor" enum:"resolves" doc:"The monitor finds it healthy."`

	Approve  string `yaml:"approve" doc:"Who approves the attempt that waits."`
	NotNow   string `yaml:"not_now" doc:"Who does not approve it."`
	TakeOver string `yaml:"take_over" doc:"Who takes the incident over."`
	Run      string `yaml:"run" doc:"Who has an attempt made, after the hand-over."`
	NextTier string `yaml:"next_tier" doc:"Who has the next tier told."`
	Tick     string `yaml:"tick" doc:"Who ticks a point of the checklist."`
	Done     string `yaml:"done" doc:"Who finishes the first response."`
	Noise    string `yaml:"noise" doc:"Who calls it noise."`
	Pause    string `yaml:"pause" doc:"Who turns the kill switch on, for everything."`
	Resume   string `yaml:"resume" doc:"Who turns it off again."`

	Attempt *string `yaml:"attempt" doc:"Of run: the name of the attempt. Of approve and not_now: the one that has to wait."`
	Item    *int    `yaml:"item" doc:"Of tick: the point of the checklist, from 1; negative: it is taken back."`
	Cancel  *bool   `yaml:"cancel" doc:"Of pause: whether the running step is cancelled."`
	Refused string  `yaml:"refused" schema:"refused" doc:"The engine refuses the choice, and why."`
}

// deed is what somebody can do.
type deed struct {
	key    string
	by     string
	event  incident.EventType  // of PagerDuty
	choice incident.ChoiceKind // of the engine
}

// kill switch deeds, which are neither events nor choices.
const (
	pauses  = "pause"
	resumes = "resume"
)

func (p personDocument) deeds() []deed {
	all := []deed{
		{key: "acknowledge", by: p.Acknowledge, event: incident.EventAcknowledged},
		{key: "reassign", by: p.Reassign, event: incident.EventReassigned},
		{key: "escalate", by: p.Escalate, event: incident.EventEscalated},
		{key: "resolve", by: p.Resolve, event: incident.EventResolved},
		{key: "monitor", by: p.Monitor, event: incident.EventResolved},
		{key: "approve", by: p.Approve, choice: incident.Grant},
		{key: "not_now", by: p.NotNow, choice: incident.NotNow},
		{key: "take_over", by: p.TakeOver, choice: incident.TakeOver},
		{key: "run", by: p.Run, choice: incident.RunAttempt},
		{key: "next_tier", by: p.NextTier, choice: incident.NextTier},
		{key: "tick", by: p.Tick, choice: incident.Tick},
		{key: "done", by: p.Done, choice: incident.Done},
		{key: "noise", by: p.Noise, choice: incident.Noise},
		{key: pauses, by: p.Pause},
		{key: resumes, by: p.Resume},
	}
	return slices.DeleteFunc(all, func(d deed) bool { return d.by == "" })
}

// personEvent is what somebody does at a moment of the case.
type personEvent struct {
	deed
	after   time.Duration // since the engine was told of the incident
	attempt int           // of run; of approve and not_now: which one has to wait, 0: any
	item    int           // of tick; negative: taken back
	cancel  bool          // of pause
	refused string        // the type of the refusal that is expected; empty: none
}

// String names it for messages, such as "approve by Sato at 2m".
func (e personEvent) String() string {
	return fmt.Sprintf("%s by %s at %s", e.key, e.by, span(e.after).Value)
}

// choiceOf gives what a person decides.
func (e personEvent) choiceOf(inc incident.ID, n int) incident.Choice {
	c := incident.Choice{ID: fmt.Sprintf("case/%d", n), Kind: e.choice, Incident: inc, By: decider(e.by)}
	switch e.choice {
	case incident.RunAttempt:
		c.Attempt = e.attempt
	case incident.Tick:
		c.Item, c.On = max(e.item, -e.item), e.item > 0
	}
	return c
}

// person is somebody in PagerDuty; decider the same one where decisions are made.
func person(name string) incident.Agent {
	return incident.Agent{ID: "P/" + name, Name: name, Type: "user_reference"}
}

func decider(name string) incident.Person {
	return incident.Person{ID: "case:" + name, Name: name, PagerDuty: person(name).ID}
}

// refusals are the types of the errors by which a choice is refused.
func refusals() []string {
	return []string{workflows.RefusedEnded, workflows.RefusedAnswered, workflows.RefusedSamePerson, workflows.RefusedAttempt,
		workflows.RefusedWorking, workflows.RefusedNoTier, workflows.RefusedItem}
}

// personReader reads one deed.
type personReader struct {
	d        *yamldoc.Decoder
	n        *yaml.Node
	given    personDocument
	scenario *scenario.Scenario
}

func attemptsOf(s *scenario.Scenario) []string {
	var names []string
	if s != nil {
		for _, a := range s.Recover {
			names = append(names, a.Name)
		}
	}
	return names
}

// nameOfAttempt gives the name of an attempt, from 1; one that the scenario does not have any more has only its number.
func nameOfAttempt(s *scenario.Scenario, n int) string {
	if names := attemptsOf(s); n >= 1 && n <= len(names) {
		return names[n-1]
	}
	return fmt.Sprintf("attempt %d", n)
}

// people reads who does what. The scenario, which may be nil, is the one that has to match.
func (r *caseReader) people(s *scenario.Scenario) []personEvent {
	var list []personEvent
	for i, p := range r.given.People {
		pr := personReader{d: r.d.At("people").AtIndex(i), n: valueOf(valueOf(r.n, "people"), i), given: p, scenario: s}
		list = append(list, pr.read())
	}
	return list
}

// read checks that the keys of one deed belong together.
func (r personReader) read() personEvent {
	deeds := r.given.deeds()
	if len(deeds) != 1 {
		r.d.Problem(r.n, fmt.Sprintf("found %d deeds, expected one", len(deeds)),
			"such as acknowledge: NAME, resolve: NAME, monitor: resolves, approve: NAME, take_over: NAME; docs/scenario-tests.md lists all")
		return personEvent{}
	}
	e := personEvent{deed: deeds[0], after: r.given.After, refused: r.given.Refused}
	if e.after < 0 {
		r.d.ProblemIn(r.n, "after", "found a negative duration", "it counts from when the engine is told of the incident")
	}
	r.attempt(&e)
	r.item(&e)
	if r.given.Cancel != nil {
		if e.cancel = *r.given.Cancel; e.key != pauses {
			r.d.ProblemIn(r.n, "cancel", "only pause cancels something", "remove it")
		}
	}
	switch known := refusals(); {
	case e.refused == "":
	case e.choice == "":
		r.d.ProblemIn(r.n, "refused", fmt.Sprintf("%s is never refused", e.key), "remove it")
	case !slices.Contains(known, e.refused):
		r.d.ProblemIn(r.n, "refused", fmt.Sprintf("there is no refusal %q", e.refused), cmp.Or(yamldoc.Suggest(e.refused, known), "one of: "+strings.Join(known, ", ")))
	}
	return e
}

// attempt reads of which attempt the deed is.
func (r personReader) attempt(e *personEvent) {
	about := e.choice == incident.Grant || e.choice == incident.NotNow
	switch name := r.given.Attempt; {
	case name == nil && e.choice == incident.RunAttempt:
		r.d.Problem(r.n, `the key "attempt" is missing`, "the name of the attempt that is to be made")
	case name == nil:
	case !about && e.choice != incident.RunAttempt:
		r.d.ProblemIn(r.n, "attempt", fmt.Sprintf("%s is not about an attempt", e.key), "remove it")
	default:
		names := attemptsOf(r.scenario)
		if e.attempt = slices.Index(names, *name) + 1; e.attempt == 0 {
			r.d.ProblemIn(r.n, "attempt", fmt.Sprintf("the scenario has no attempt %q", *name), cmp.Or(yamldoc.Suggest(*name, names), "its attempts: "+strings.Join(names, ", ")))
		}
	}
}

// item reads which point of the checklist is ticked.
func (r personReader) item(e *personEvent) {
	switch item := r.given.Item; {
	case item == nil && e.choice == incident.Tick:
		r.d.Problem(r.n, `the key "item" is missing`, "which point of the checklist, from 1")
	case item == nil:
	case e.choice != incident.Tick:
		r.d.ProblemIn(r.n, "item", fmt.Sprintf("%s is not about a point of the checklist", e.key), "remove it")
	case *item == 0:
		r.d.ProblemIn(r.n, "item", "found 0, and the first point is 1", "")
	default:
		e.item = *item
	}
}
