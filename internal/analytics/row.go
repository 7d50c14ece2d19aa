package analytics

import "shodo/internal/incident"

// row is one incident of columns, as figures look at it.
type row struct {
	run, alerts                                       int
	attempted                                         incident.Attempts
	outcome                                           incident.Outcome
	reason                                            incident.Reason
	covered, hasCustomer, hasTarget                   bool // a scenario, a customer, a target
	created, received, started, decided, taken, ended int64
	windows                                           incident.Windows
}

// row gives incident i.
func (c *columns) row(i int, windows incident.Windows) row {
	return row{run: int(c.run[i]), alerts: int(c.alerts[i]), attempted: incident.Attempts(c.attempted[i]),
		outcome: incident.Outcome(c.outcome.at(i)), reason: incident.Reason(c.reason.at(i)),
		covered: c.scenario.at(i) != "", hasCustomer: c.customer.at(i) != "", hasTarget: c.target.at(i) != "",
		created: c.created[i], received: c.received[i], started: c.started[i], decided: c.decided[i], taken: c.taken[i], ended: c.ended[i],
		windows: windows}
}

func (f *row) isAutomatic() bool { return f.outcome.IsAutomatic() }
func (f *row) isOpen() bool      { return f.ended == never }
func (f *row) isUndecided() bool { return f.outcome == "" }

// neededPerson is of outcomes that are decided.
func (f *row) neededPerson() bool { return f.outcome != "" && !f.outcome.IsAutomatic() }

func (f *row) wasHandedOver() bool {
	return f.outcome == incident.HandedOver || f.outcome == incident.Unmatched
}

func (f *row) isNotTaken() bool { return f.wasHandedOver() && f.taken == never && !f.isOpen() }

// canComeBack says whether an incident is watched: it was closed automatically, and there is something to come back.
func (f *row) canComeBack() bool {
	return f.covered && f.hasTarget && !f.isOpen() && f.isAutomatic()
}
