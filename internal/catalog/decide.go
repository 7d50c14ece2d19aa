package catalog

import (
	"encoding/json"
	"fmt"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Decision is what the catalog says about one incident.
type Decision struct {
	Customer *customer.Customer // nil: no customer has the service
	Scenario *scenario.Scenario // nil: none matches
	Inputs   map[string]any     // the scenario's inputs, filled
	Target   string             // what the scenario would repair
	Match    incident.Match     // the same for the record, with other adopted scenarios and why not they

	// Problem says why the scenario cannot run although it matches: its inputs or its target could not be filled. A
	// person is needed. Empty: it can run.
	Problem string
}

// told is how many scenarios a record tells of one by one. A customer that adopted no more gets no index.
const told = 10

// Decide finds the incident's customer and the first of its adopted scenarios that matches: the customer's own before
// shared ones, then the highest priority, then by name.
//
// Of a customer that adopted many scenarios only those are looked at that can match by what their conditions need, and
// after the first 10 only until one matches. The others are counted in Match.PassedOver; [Catalog.Explain] tells of each.
func (c *Catalog) Decide(inc incident.Incident) Decision { return c.decide(inc, false) }

// Explain decides as Decide does, and tells of every scenario that the customer adopted why it matches or not. It
// evaluates all of them, so it takes as long as there are many.
func (c *Catalog) Explain(inc incident.Incident) Decision { return c.decide(inc, true) }

func (c *Catalog) decide(inc incident.Incident, all bool) Decision {
	owner, ok := c.CustomerOf(incident.ServiceID(inc.Service.ID))
	if !ok {
		return Decision{Match: incident.Match{Why: fmt.Sprintf("no customer has the service %s", serviceName(inc.Service))}}
	}
	d := Decision{Customer: owner}
	facts := scenario.Facts{Incident: inc, Customer: owner.Facts()}.Prepared()
	candidates, x := c.adopted[owner.ID], c.indexes[owner.ID]
	left, most := fullSet(len(candidates)), told
	switch {
	case all:
		most = len(candidates)
	case x != nil:
		left, d.Match.PassedOver = x.found(facts.Text)
	}
	s := search{facts: facts, most: most}
	for i := range left.all {
		s.try(&candidates[i])
	}
	d.Match.Considered = s.considered
	d.Match.PassedOver = append(d.Match.PassedOver, s.passedOver()...)
	if s.chosen == nil {
		d.Match.Why = c.whyNone(owner)
		return d
	}
	d.choose(s.chosen, facts, s.why)
	return d
}

// search goes through candidates in the order of their ranks and takes the first one that matches.
type search struct {
	facts scenario.Facts
	most  int // how many to tell of

	chosen      *candidate
	why         string
	considered  []incident.Considered
	unfit, late int // of which nothing is told: how many do not match, how many come after the chosen one
}

func (s *search) try(one *candidate) {
	switch {
	case len(s.considered) < s.most:
		s.tell(one)
	case s.chosen != nil:
		s.late++
	case !one.scenario.Fits(s.facts):
		s.unfit++
	default:
		s.tell(one)
	}
}

// tell evaluates a candidate and notes why it matches or not.
func (s *search) tell(one *candidate) {
	matched, reason, _ := one.scenario.Matches(s.facts) // an error does not match; the reason says it
	if matched && reason == "" {
		reason = "it is for every incident of the customer"
	}
	if matched && s.chosen == nil {
		s.chosen, s.why = one, reason
	} else if matched {
		reason = fmt.Sprintf("it matches too, but %q comes first: %s", s.chosen.scenario.Name, reason)
	}
	s.considered = append(s.considered, incident.Considered{Scenario: one.scenario.Name, Matched: matched, Why: reason})
}

// passedOver counts what was not told of, and not ruled out by an index.
func (s *search) passedOver() []incident.PassedOver {
	var list []incident.PassedOver
	if s.unfit > 0 {
		list = append(list, incident.PassedOver{By: incident.PassedByMatch, Count: s.unfit})
	}
	if s.late > 0 {
		list = append(list, incident.PassedOver{By: incident.PassedByRank, Count: s.late})
	}
	return list
}

// choose fills the decision from the scenario that matched.
func (d *Decision) choose(one *candidate, facts scenario.Facts, why string) {
	s := one.scenario
	d.Scenario = s
	d.Match.Scenario, d.Match.Title, d.Match.Hash, d.Match.Runbook = s.Name, s.Title, s.Hash, s.Runbook
	d.Match.Autonomy = one.autonomy
	d.Match.Why = fmt.Sprintf("scenario %q matches: %s", s.Name, why)

	inputs, origins, err := s.Fill(one.adoption.With, facts)
	if err != nil {
		d.Problem = err.Error()
		return
	}
	d.Inputs, d.Match.Origins = inputs, origins
	if d.Match.Inputs, err = json.Marshal(inputs); err != nil {
		d.Problem = fmt.Sprintf("write the inputs down: %v", err)
		return
	}
	facts.Inputs = inputs
	if d.Target, err = s.RenderTarget(facts); err != nil {
		d.Problem = err.Error()
		return
	}
	d.Match.Target = d.Target
}

// whyNone explains that no scenario matched. The scenarios that the customer did not adopt are only counted: there may
// be thousands.
func (c *Catalog) whyNone(owner *customer.Customer) string {
	adopted := len(c.adopted[owner.ID])
	if adopted == 0 {
		return fmt.Sprintf("customer %q has adopted no scenario", owner.ID)
	}
	others := ""
	if rest := len(c.scenarios) - adopted; rest > 0 {
		others = fmt.Sprintf("; it has not adopted the other %d of the catalog", rest)
	}
	return fmt.Sprintf("none of the %d scenarios that customer %q has adopted matches%s", adopted, owner.ID, others)
}

func serviceName(s incident.Ref) string {
	if s.Name == "" {
		return fmt.Sprintf("%q", s.ID)
	}
	return fmt.Sprintf("%q (%s)", s.ID, s.Name)
}
