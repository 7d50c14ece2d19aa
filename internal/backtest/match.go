package backtest

import (
	"context"
	"fmt"
	"iter"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// Matches is how often one scenario is the one that past incidents get.
type Matches struct {
	Incidents  int // that were looked at
	Unreadable int // of which the record cannot be read; they are in no other count
	Now        int // would get the scenario by the catalog
	Then       int // got it, as the record says
	Both       int // got it, and would get it again
	CannotRun  int // would get it, and its inputs or its target could not be filled
}

// Match counts how many of the incidents would get the scenario by the catalog, and how many got it. With a customer only
// those count that were or would be this customer's. Progress may be nil.
func Match(ctx context.Context, past iter.Seq2[incident.Past, error], c *catalog.Catalog, name incident.ScenarioName,
	customer incident.CustomerID, progress func(read int, created time.Time)) (Matches, error) {
	var parts []*Matches
	read, err := spread(ctx, past, progress, func() func(int, incident.Past) {
		m, d := &Matches{}, &decoder{}
		parts = append(parts, m)
		return func(_ int, p incident.Past) { m.take(d, p, c, name, customer) }
	})
	if err != nil {
		return Matches{}, fmt.Errorf("match past incidents, after %d of them: %w", read, err)
	}
	var all Matches
	for _, m := range parts {
		all.Incidents, all.Unreadable = all.Incidents+m.Incidents, all.Unreadable+m.Unreadable
		all.Now, all.Then, all.Both, all.CannotRun = all.Now+m.Now, all.Then+m.Then, all.Both+m.Both, all.CannotRun+m.CannotRun
	}
	return all, nil
}

func (m *Matches) take(d *decoder, p incident.Past, c *catalog.Catalog, name incident.ScenarioName, customer incident.CustomerID) {
	var s seen
	if !d.read(p.Doc, &s) {
		m.Unreadable++
		return
	}
	now := decisionOf(c.Pick(s.Incident))
	if customer != "" && s.Customer.ID != customer && now.Customer != customer {
		return
	}
	m.Incidents++
	then := s.Match.Scenario == name && (customer == "" || s.Customer.ID == customer)
	would := now.Scenario == name && (customer == "" || now.Customer == customer)
	if then {
		m.Then++
	}
	if would {
		m.Now++
		if now.Problem != "" {
			m.CannotRun++
		}
	}
	if then && would {
		m.Both++
	}
}
