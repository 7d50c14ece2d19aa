package catalog

import (
	"encoding/json"
	"fmt"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Pick is what [Catalog.Decide] decides about an incident, without the reasons: for whoever decides millions.
type Pick struct {
	Customer *customer.Customer // nil: no customer has the service
	Scenario *scenario.Scenario // nil: none matches
	Autonomy incident.Autonomy  // after the customer's lowering
	Problem  string             // as in Decision
	Filled   bool               // the scenario's inputs could be filled
}

// Pick decides as Decide does.
func (c *Catalog) Pick(inc incident.Incident) Pick {
	owner, ok := c.CustomerOf(incident.ServiceID(inc.Service.ID))
	if !ok {
		return Pick{}
	}
	p := Pick{Customer: owner}
	facts := scenario.Facts{Incident: inc, Customer: owner.Facts()}.Prepared()
	candidates := c.adopted[owner.ID]
	left := fullSet(len(candidates))
	if x := c.indexes[owner.ID]; x != nil {
		left, _ = x.found(facts.Text)
	}
	for i := range left.all {
		if candidates[i].scenario.Fits(facts) {
			p.choose(&candidates[i], facts)
			return p
		}
	}
	return p
}

// choose fills in what Decision.choose does.
func (p *Pick) choose(one *candidate, facts scenario.Facts) {
	s := one.scenario
	p.Scenario, p.Autonomy = s, one.autonomy
	inputs, _, err := s.Fill(one.adoption.With, facts)
	if err != nil {
		p.Problem = err.Error()
		return
	}
	if _, err := json.Marshal(inputs); err != nil {
		p.Problem = fmt.Sprintf("write the inputs down: %v", err)
		return
	}
	p.Filled = true
	facts.Inputs = inputs
	if _, err := s.RenderTarget(facts); err != nil {
		p.Problem = err.Error()
	}
}
