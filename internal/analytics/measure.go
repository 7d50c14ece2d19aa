package analytics

import (
	"time"

	"shodo/internal/incident"
)

// tolerance is how far clocks may differ: PagerDuty's created_at and the times of the engine are of different machines.
const tolerance = time.Minute

// span is a length of time, if there is one.
type span struct {
	long time.Duration
	ok   bool
}

// measures are the times of one incident.
type measures struct {
	first    span // the first response
	start    span // to the first step
	person   span // from the hand-over to a person
	work     span // from a person to the end
	machine  span // to where the engine was done: to the hand-over, or to the end of an automatic one
	page     held // what windows did with waking somebody
	disorder bool // one of them ends before it begins, by more than the tolerance
}

func measure(f incident.Fact) measures {
	var m measures
	between := func(from, to time.Time) span {
		if from.IsZero() || to.IsZero() {
			return span{}
		}
		long := to.Sub(from)
		if long < -tolerance {
			m.disorder = true
			return span{}
		}
		return span{max(long, 0), true}
	}
	begin := f.CreatedAt
	if f.Run > 1 && !f.ReceivedAt.IsZero() {
		begin = f.ReceivedAt
	}
	m.page = heldBy(f.Windows.Waits, incident.Page)
	m.first = between(begin, f.EndedAt)
	m.start = between(begin, f.StartedAt)
	if f.Outcome.IsAutomatic() {
		m.machine = m.first
		return m
	}
	m.machine = between(begin, f.OutcomeAt)
	m.work = between(f.TakenAt, f.EndedAt)
	if wasHandedOver(f) {
		m.person = between(f.OutcomeAt, f.TakenAt)
	}
	return m
}

func isAutomatic(f incident.Fact) bool { return f.Outcome.IsAutomatic() }
func isCovered(f incident.Fact) bool   { return f.Scenario != "" }
func isOpen(f incident.Fact) bool      { return f.EndedAt.IsZero() }
func isUndecided(f incident.Fact) bool { return f.Outcome == "" }

// neededPerson is of outcomes that are decided.
func neededPerson(f incident.Fact) bool { return f.Outcome != "" && !f.Outcome.IsAutomatic() }

func wasHandedOver(f incident.Fact) bool {
	return f.Outcome == incident.HandedOver || f.Outcome == incident.Unmatched
}

func isNotTaken(f incident.Fact) bool {
	return wasHandedOver(f) && f.TakenAt.IsZero() && !f.EndedAt.IsZero()
}
