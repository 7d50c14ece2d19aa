package analytics

import (
	"math"

	"shodo/internal/incident"
)

// batch is some columns of the stream, with what is worked out once for all of their incidents.
type batch struct {
	*columns
	filters              []filtered
	nothing              bool // the filter takes none of them
	customers, scenarios []watched
	targets              []watched
	outcomeIs            []outcomeIs // by code
	no                   struct{ customer, scenario, target uint32 }

	outcomes, reasons []uint32 // the numbers of the texts, by code
	ofKinds           kindsOf
}

// noCode is the code of a text that no incident of a batch has.
const noCode = math.MaxUint32

// filtered is one condition of the filter: the code that a column must have.
type filtered struct {
	codes []uint32
	code  uint32
}

// look works out what is the same for all incidents of the columns.
func (b *batch) look(c *columns, q *Question, n *numbers) {
	b.columns = c
	b.filter(q.Filter)
	b.customers = hashes(b.customers, c.customer.names)
	b.scenarios = hashes(b.scenarios, c.scenario.names)
	b.targets = hashes(b.targets, c.target.names)
	b.no.customer, b.no.scenario, b.no.target = c.customer.none(), c.scenario.none(), c.target.none()
	b.outcomeIs = b.outcomeIs[:0]
	for _, name := range c.outcome.names {
		b.outcomeIs = append(b.outcomeIs, outcomeIsOf(incident.Outcome(name)))
	}
	b.outcomes = c.outcome.numbers(b.outcomes, &n.outcomes)
	b.reasons = c.reason.numbers(b.reasons, &n.reasons)
	if q.estimates() {
		b.ofKinds.look(c, n)
	}
}

// kindsOf is what is known of the kinds of a batch when savings are estimated.
type kindsOf struct {
	customers, services, scenarios, titles []uint32 // the numbers of the texts, by code
	keys                                   []uint64 // of each incident
	kinds                                  []uint32 // the number of the kind of each incident
	shared                                 bool     // some kinds have the same number
}

func (k *kindsOf) look(c *columns, n *numbers) {
	k.customers, k.services = c.customer.numbers(k.customers, &n.customers), c.service.numbers(k.services, &n.services)
	k.scenarios, k.titles = c.scenario.numbers(k.scenarios, &n.scenarios), c.title.numbers(k.titles, &n.titles)
	k.keys = resized(k.keys, c.len())
	for i := range k.keys {
		k.keys[i] = kindKey(k.customers[c.customer.codes[i]], k.services[c.service.codes[i]], k.titles[c.title.codes[i]])
	}
	k.kinds = n.kinds.look(k.kinds, k.keys)
	k.shared = n.areFull()
}

func (b *batch) filter(f Filter) {
	b.filters, b.nothing = b.filters[:0], false
	for _, one := range []struct {
		wanted string
		column *texts
	}{{string(f.Customer), &b.customer}, {f.Department, &b.department}, {string(f.Service), &b.service},
		{string(f.Scenario), &b.scenario}, {f.Priority, &b.priority}} {
		if one.wanted == "" {
			continue
		}
		code, found := one.column.code(one.wanted)
		b.nothing = b.nothing || !found
		b.filters = append(b.filters, filtered{one.column.codes, code})
	}
}

// row gives incident i, and what windows did to it.
func (b *batch) row(i int, windows *incident.Windows) row {
	return row{run: int(b.run[i]), alerts: int(b.alerts[i]), attempted: incident.Attempts(b.attempted[i]), is: b.outcomeIs[b.outcome.codes[i]],
		covered: b.scenario.codes[i] != b.no.scenario, hasCustomer: b.customer.codes[i] != b.no.customer, hasTarget: b.target.codes[i] != b.no.target,
		created: b.created[i], received: b.received[i], started: b.started[i], decided: b.decided[i], taken: b.taken[i], ended: b.ended[i],
		windows: windows}
}

func (b *batch) takes(i int) bool {
	for _, f := range b.filters {
		if f.codes[i] != f.code {
			return false
		}
	}
	return !b.nothing
}

func (b *batch) watched(i int) watched {
	return watchedAs(b.customers[b.customer.codes[i]], b.scenarios[b.scenario.codes[i]], b.targets[b.target.codes[i]])
}

// group names the group of an incident.
func (b *batch) group(d Dimension, i int) Group {
	switch d {
	case ByCustomer:
		return Group{Name: b.customer.at(i)}
	case ByDepartment:
		return Group{Name: b.department.at(i)}
	case ByScenario:
		return Group{Name: b.scenario.at(i)}
	case ByService:
		return Group{Name: b.service.at(i)}
	case ByPriority:
		return Group{Name: b.priority.at(i)}
	case ByOutcome:
		return Group{Name: b.outcome.at(i)}
	case ByKind:
		return Group{Name: b.title.at(i), Customer: incident.CustomerID(b.customer.at(i)), Service: incident.ServiceID(b.service.at(i))}
	}
	return Group{}
}

// groupCode numbers the group of an incident within the batch. Days and kinds are not numbered here.
func (b *batch) groupCode(d Dimension, i int) uint32 {
	switch d {
	case ByCustomer:
		return b.customer.codes[i]
	case ByDepartment:
		return b.department.codes[i]
	case ByScenario:
		return b.scenario.codes[i]
	case ByService:
		return b.service.codes[i]
	case ByPriority:
		return b.priority.codes[i]
	case ByOutcome:
		return b.outcome.codes[i]
	}
	return 0
}

// groupCodes is how many groups the batch has at most.
func (b *batch) groupCodes(d Dimension) int {
	switch d {
	case ByCustomer:
		return len(b.customer.names)
	case ByDepartment:
		return len(b.department.names)
	case ByScenario:
		return len(b.scenario.names)
	case ByService:
		return len(b.service.names)
	case ByPriority:
		return len(b.priority.names)
	case ByOutcome:
		return len(b.outcome.names)
	}
	return 1
}
