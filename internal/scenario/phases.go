package scenario

import (
	"fmt"
	"slices"
	"time"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// nameSteps notes the output of each named step, so that expressions can be checked against it.
// It says whether the file has few enough to go on.
func (r *reader) nameSteps(d *yamldoc.Decoder, doc *document) bool {
	seen := map[string]int{}
	count := 0
	r.eachStep(d, doc, func(d *yamldoc.Decoder, step *stepDocument) {
		count++
		id := step.ID
		if id.Place.Line == 0 {
			return
		}
		if !identifier.MatchString(id.Value) {
			d.At("id").Problem(nodeAt(id.Place), fmt.Sprintf("%q cannot be the id of a step", clipTo(id.Value, 60)), "use letters, digits and _, and no digit first, so that expressions can read it")
			step.ID.Value = ""
			return
		}
		if !unique(d.At("id"), seen, "step id", id.Value, id.Place) {
			return
		}
		r.model.steps[id.Value] = anyType
		if action, ok := r.actions.Lookup(step.Uses.Value); ok {
			r.model.steps[id.Value] = action.Output
		}
	})
	if count > maxSteps {
		d.Problem(doc.node, fmt.Sprintf("%d steps; at most %d are allowed", count, maxSteps), "")
	}
	return count <= maxSteps
}

func (r *reader) eachStep(d *yamldoc.Decoder, doc *document, visit func(*yamldoc.Decoder, *stepDocument)) {
	all := func(d *yamldoc.Decoder, steps []stepDocument) {
		for i := range steps {
			visit(d.AtIndex(i), &steps[i])
		}
	}
	all(d.At("check"), doc.Check)
	all(d.At("gather"), doc.Gather)
	for i := range doc.Recover {
		all(d.At("recover").AtIndex(i).At("steps"), doc.Recover[i].Steps)
	}
	if doc.Verify != nil {
		all(d.At("verify").At("steps"), doc.Verify.Steps)
	}
}

// phases reads the phases in the order in which they run. Each one can read the steps that have run before.
func (r *reader) phases(d *yamldoc.Decoder, doc *document, s *Scenario, known scope) {
	if len(doc.Check) == 0 && len(doc.Gather) == 0 && len(doc.Recover) == 0 {
		d.Problem(doc.node, "the scenario does nothing", "give it check, gather or recover")
	}
	s.Check = r.inOrder(d.At("check"), doc.Check, known, place{phase: incident.Check, limit: s.Limits.Timeout})
	known = known.with(stepIDs(doc.Check)...)

	for i := range doc.Gather { // they run at once, so they cannot read each other
		step := r.step(d.At("gather").AtIndex(i), &doc.Gather[i], known, place{phase: incident.Gather, limit: s.Limits.Timeout})
		s.Gather = append(s.Gather, step)
	}
	known = known.with(stepIDs(doc.Gather)...)
	known.attempt = true
	s.Recover = r.attempts(d.At("recover"), doc, known, s.Limits.Timeout)
	s.Verify = r.verify(d, doc, s, known)
}

// place is where a step stands.
type place struct {
	phase   incident.Phase
	attempt string
	limit   time.Duration // limits.timeout
}

// inOrder reads steps of which each can read those before it.
func (r *reader) inOrder(d *yamldoc.Decoder, docs []stepDocument, known scope, at place) []Step {
	var steps []Step
	for i := range docs {
		steps = append(steps, r.step(d.AtIndex(i), &docs[i], known, at))
		known = known.with(stepIDs(docs[i : i+1])...)
	}
	return steps
}

func (r *reader) attempts(d *yamldoc.Decoder, doc *document, known scope, limit time.Duration) []Attempt {
	var attempts []Attempt
	names := map[string]int{}
	for i := range doc.Recover {
		a, d := &doc.Recover[i], d.AtIndex(i)
		if a.node == nil {
			continue
		}
		r.attemptHead(d, a, names)
		attempts = append(attempts, Attempt{
			Name:  a.Name.Value,
			If:    r.condition(d.At("if"), &a.If, known),
			Steps: r.inOrder(d.At("steps"), a.Steps, known, place{phase: incident.Recover, attempt: a.Name.Value, limit: limit}),

			Approval: r.approval(d.At("approval"), a.Approval),
		})
		known = known.with(stepIDs(a.Steps)...)
		if i == 0 && doc.Verify != nil { // verify has run before every attempt but the first
			known = known.with(stepIDs(doc.Verify.Steps)...)
		}
	}
	return attempts
}

func (r *reader) attemptHead(d *yamldoc.Decoder, a *attemptDocument, names map[string]int) {
	if a.Name.Place.Line > 0 {
		if len(a.Name.Value) > maxName {
			d.At("name").Problem(nodeAt(a.Name.Place), fmt.Sprintf("the name of an attempt has at most %d bytes", maxName), "")
		} else if a.Name.Value != "" {
			unique(d.At("name"), names, "attempt", r.plain(d.At("name"), a.Name), a.Name.Place)
		}
	}
}

func (r *reader) verify(d *yamldoc.Decoder, doc *document, s *Scenario, known scope) Verify {
	v := Verify{Within: DefaultWithin, Every: DefaultEvery}
	if doc.Verify == nil {
		v.Steps = checkAgain(s.Check, doc.Check)
		if len(doc.Recover) > 0 && len(doc.Check) == 0 {
			d.Problem(doc.node, "recover without a way to tell whether it helped", "give the scenario check, or verify its own steps")
		}
		return v
	}
	d = d.At("verify")
	if doc.Verify.node == nil {
		return v
	}
	if len(doc.Recover) == 0 {
		d.Problem(doc.Verify.node, "verify without recover is never run", "remove it")
	}
	v.Within = r.duration(d.At("within"), doc.Verify.Within, DefaultWithin, time.Second, maxTimeout)
	v.Every = r.duration(d.At("every"), doc.Verify.Every, min(DefaultEvery, v.Within), 100*time.Millisecond, v.Within)
	v.StableFor = r.duration(d.At("stable_for"), doc.Verify.StableFor, 0, 0, v.Within)
	switch {
	case len(doc.Verify.Steps) > 0:
		known = known.with(sortedKeys(r.model.steps)...)
		for i := range doc.Verify.Steps {
			v.Steps = append(v.Steps, r.step(d.At("steps").AtIndex(i), &doc.Verify.Steps[i], known, place{phase: incident.Verify, limit: s.Limits.Timeout}))
		}
	case len(doc.Check) == 0:
		d.Problem(doc.Verify.node, "verify without steps", "give it steps, or give the scenario check")
	default:
		v.Steps = checkAgain(s.Check, doc.Check)
	}
	return v
}

// checkAgain gives the steps of check as steps of verify, where one that fails is tried again unless it says otherwise.
func checkAgain(steps []Step, docs []stepDocument) []Step {
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].Phase = incident.Verify
		if docs[i].OnError.Kind == 0 {
			steps[i].OnError = Continue
		}
	}
	return steps
}
