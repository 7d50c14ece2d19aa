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

func measure(f *row) measures {
	var m measures
	begin := f.created
	if f.run > 1 && f.received != never {
		begin = f.received
	}
	if f.windows != nil {
		m.page = heldBy(f.windows.Waits, incident.Page)
	}
	m.first = m.between(begin, f.ended)
	m.start = m.between(begin, f.started)
	if f.isAutomatic() {
		m.machine = m.first
		return m
	}
	m.machine = m.between(begin, f.decided)
	m.work = m.between(f.taken, f.ended)
	if f.wasHandedOver() {
		m.person = m.between(f.decided, f.taken)
	}
	return m
}

func (m *measures) between(from, to int64) span {
	if from == never || to == never {
		return span{}
	}
	long := time.Duration(to-from) * time.Microsecond
	if long < -tolerance {
		m.disorder = true
		return span{}
	}
	return span{max(long, 0), true}
}
