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
	Match    incident.Match     // the same for the record, with every adopted scenario and why (not) it

	// Problem says why the scenario cannot run although it matches: its inputs or its target could not be filled. A
	// person is needed. Empty: it can run.
	Problem string
}

// Decide finds the incident's customer and the first of its adopted scenarios that matches: the customer's own before
// shared ones, then the highest priority, then by name.
func (c *Catalog) Decide(inc incident.Incident) Decision {
	owner, ok := c.CustomerOf(incident.ServiceID(inc.Service.ID))
	if !ok {
		return Decision{Match: incident.Match{Why: fmt.Sprintf("no customer has the service %s", serviceName(inc.Service))}}
	}
	d := Decision{Customer: owner}
	facts := scenario.Facts{Incident: inc, Customer: owner.Facts()}
	candidates := c.adopted[owner.ID]
	var chosen *candidate
	why := ""
	for i := range candidates {
		one := &candidates[i]
		matched, reason, _ := one.scenario.Matches(facts) // an error does not match; the reason says it
		if matched && reason == "" {
			reason = "it is for every incident of the customer"
		}
		if matched && chosen == nil {
			chosen, why = one, reason
		} else if matched {
			reason = fmt.Sprintf("it matches too, but %q comes first: %s", chosen.scenario.Name, reason)
		}
		d.Match.Considered = append(d.Match.Considered, incident.Considered{Scenario: one.scenario.Name, Matched: matched, Why: reason})
	}
	if chosen == nil {
		d.Match.Why = c.whyNone(owner)
		return d
	}
	d.choose(chosen, facts, why)
	return d
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
