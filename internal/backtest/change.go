package backtest

import (
	"cmp"
	"encoding/json"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// Kind is how two decisions about one incident differ.
type Kind string

// The kinds. An incident has the first one of them that is true of it.
const (
	NewlyMatched    Kind = "newly_matched"     // no scenario matched, one does
	NoLongerMatched Kind = "no_longer_matched" // a scenario matched, none does
	Moved           Kind = "moved"             // another scenario matches
	CustomerChanged Kind = "customer_changed"  // its service is another customer's: other people are told
	AutonomyChanged Kind = "autonomy_changed"  // the same scenario may do more, or less, by itself
	CannotRun       Kind = "cannot_run"        // the same scenario matches, but its inputs or its target cannot be filled any more
	CanRun          Kind = "can_run"           // the reverse
)

// Kinds lists every kind, in the order in which a reader wants them.
func Kinds() []Kind {
	return []Kind{NewlyMatched, NoLongerMatched, Moved, AutonomyChanged, CannotRun, CanRun, CustomerChanged}
}

// Means says in a few words what a kind is.
func (k Kind) Means() string {
	return map[Kind]string{
		NewlyMatched:    "newly matched",
		NoLongerMatched: "no longer matched",
		Moved:           "moved to another scenario",
		CustomerChanged: "moved to another customer",
		AutonomyChanged: "autonomy changed",
		CannotRun:       "cannot run any more",
		CanRun:          "can run now",
	}[k]
}

// Decision is what matters of one decision about one incident.
type Decision struct {
	Customer incident.CustomerID   `json:"customer,omitempty"` // empty: no customer has the service
	Scenario incident.ScenarioName `json:"scenario,omitempty"` // empty: none matches
	Autonomy incident.Autonomy     `json:"autonomy,omitempty"` // after the customer's lowering
	Problem  string                `json:"problem,omitempty"`  // why the scenario cannot run although it matches; empty: it can
}

// unsaid is the problem of a scenario that the record says could not run, but not why.
const unsaid = "its inputs could not be filled"

func decisionOf(p catalog.Pick) Decision {
	one := Decision{Autonomy: p.Autonomy, Problem: p.Problem}
	if p.Scenario != nil {
		one.Scenario = p.Scenario.Name
	}
	if p.Customer != nil {
		one.Customer = p.Customer.ID
	}
	return one
}

// compare says how two decisions differ; empty: they do not.
func compare(before, after Decision) Kind {
	switch {
	case before.Scenario == "" && after.Scenario != "":
		return NewlyMatched
	case before.Scenario != "" && after.Scenario == "":
		return NoLongerMatched
	case before.Scenario != after.Scenario:
		return Moved
	case before.Customer != after.Customer:
		return CustomerChanged
	case before.Autonomy != after.Autonomy:
		return AutonomyChanged
	case before.Problem == "" && after.Problem != "":
		return CannotRun
	case before.Problem != "" && after.Problem == "":
		return CanRun
	}
	return ""
}

// seen is the part of a record that a backtest reads; decoder reads it sooner.
type seen struct {
	Incident incident.Incident `json:"incident"`
	Customer struct {
		ID incident.CustomerID `json:"id"`
	} `json:"customer"`
	Match struct {
		Scenario incident.ScenarioName `json:"scenario"`
		Autonomy incident.Autonomy     `json:"autonomy"`
		Inputs   json.RawMessage       `json:"inputs"`
		Target   string                `json:"target"`
	} `json:"match"`
}

// read decodes a record. It is false when that cannot be done, and for an incident that the engine could not read from
// PagerDuty then: nothing is known of it that a scenario could match.
func (s *seen) read(doc []byte) bool {
	return json.Unmarshal(doc, s) == nil && s.Incident.Status != ""
}

// decided is what the record says was decided, beside what is decided now. The record tells whether the inputs could be
// filled, but of a target that is not there not why: then it is taken to be as it is now.
func (s *seen) decided(now catalog.Pick) Decision {
	d := Decision{Customer: s.Customer.ID, Scenario: s.Match.Scenario, Autonomy: s.Match.Autonomy}
	switch {
	case d.Scenario == "":
	case len(s.Match.Inputs) == 0:
		d.Problem = unsaid
	case s.Match.Target == "" && now.Scenario != nil && d.Scenario == now.Scenario.Name && now.Filled:
		d.Problem = now.Problem
	}
	return d
}

// Change is one incident about which the decisions differ.
type Change struct {
	ID        incident.ID  `json:"id"`
	Title     string       `json:"title"`
	URL       string       `json:"url,omitempty"` // for people: PagerDuty's page
	Service   incident.Ref `json:"service"`
	CreatedAt time.Time    `json:"created_at"`
	Before    Decision     `json:"before"`
	After     Decision     `json:"after"`
	Why       string       `json:"why"` // of what is so after: one sentence

	place int // in the stream
}

// Customer is whose the incident is after, or else was before; empty: nobody's.
func (c Change) Customer() incident.CustomerID { return cmp.Or(c.After.Customer, c.Before.Customer) }

// whyNot says why a scenario that matched before does not any more.
func whyNot(after *catalog.Catalog, inc incident.Incident, before, now Decision) string {
	d := after.Explain(inc)
	for _, one := range d.Match.Considered {
		if one.Scenario == before.Scenario {
			return one.Why
		}
	}
	switch _, known := after.Scenario(before.Scenario); {
	case now.Customer == "":
		return d.Match.Why
	case known:
		return "the customer has not adopted it"
	}
	return "there is no such scenario"
}
