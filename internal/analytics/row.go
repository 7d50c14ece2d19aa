package analytics

import "shodo/internal/incident"

// row is one incident of columns, as figures look at it.
type row struct {
	run, alerts                                       int
	attempted                                         incident.Attempts
	is                                                outcomeIs
	covered, hasCustomer, hasTarget                   bool // a scenario, a customer, a target
	created, received, started, decided, taken, ended int64
	windows                                           *incident.Windows // nil: none did anything
}

// outcomeIs is what figures ask about an outcome.
type outcomeIs uint8

const (
	isDecided outcomeIs = 1 << iota
	isAutomatic
	isHandedOver
	isRecovered
	isSuppressed
)

func outcomeIsOf(o incident.Outcome) outcomeIs {
	var is outcomeIs
	set := func(flag outcomeIs, holds bool) {
		if holds {
			is |= flag
		}
	}
	set(isDecided, o != "")
	set(isAutomatic, o.IsAutomatic())
	set(isHandedOver, o == incident.HandedOver || o == incident.Unmatched)
	set(isRecovered, o == incident.Recovered)
	set(isSuppressed, o == incident.Suppressed)
	return is
}

func (f *row) isAutomatic() bool  { return f.is&isAutomatic != 0 }
func (f *row) isOpen() bool       { return f.ended == never }
func (f *row) isUndecided() bool  { return f.is&isDecided == 0 }
func (f *row) isRecovered() bool  { return f.is&isRecovered != 0 }
func (f *row) isSuppressed() bool { return f.is&isSuppressed != 0 }

// neededPerson is of outcomes that are decided.
func (f *row) neededPerson() bool { return f.is&(isDecided|isAutomatic) == isDecided }

func (f *row) wasHandedOver() bool { return f.is&isHandedOver != 0 }

func (f *row) isNotTaken() bool { return f.wasHandedOver() && f.taken == never && !f.isOpen() }

// canComeBack says whether an incident is watched: it was closed automatically, and there is something to come back.
func (f *row) canComeBack() bool {
	return f.covered && f.hasTarget && !f.isOpen() && f.isAutomatic()
}
