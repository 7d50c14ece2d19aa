package analytics

import (
	"time"

	"shodo/internal/incident"
)

// tally counts what figures are made of, of one group. There can be many, and an incident may be of any: it is kept small.
type tally struct {
	n                           [counters]int
	machine                     Part  // Figures.MachineShare
	outcomes, reasons           []int // by their numbers
	saved                       saved
	first, start, person, taken durations
	deferred                    *deferrals // nil: none
}

// counter is one of the counts of a tally.
type counter int

const (
	nIncidents counter = iota
	nAlerts
	nAutomatic
	nCovered
	nNeededPerson
	nOpen
	nUndecided
	nReopened
	nNotTaken
	nNoCustomer
	nDisorder
	nAttempts
	nVerified
	nCouldComeBack
	nCameBack
	nMayComeBack
	counters // how many there are
)

func (t *tally) add(f *row, m *measures, outcome, reason uint32) {
	t.n[nIncidents]++
	t.n[nAlerts] += f.alerts
	t.countIf(nAutomatic, f.isAutomatic())
	t.countIf(nCovered, f.covered)
	t.countIf(nNeededPerson, f.neededPerson())
	t.countIf(nOpen, f.isOpen())
	t.countIf(nUndecided, f.isUndecided())
	t.countIf(nReopened, f.run > 1)
	t.countIf(nNotTaken, f.isNotTaken())
	t.countIf(nNoCustomer, !f.hasCustomer)
	t.countIf(nDisorder, m.disorder)
	count(&t.outcomes, int(outcome), 1)
	count(&t.reasons, int(reason), 1)
	t.first.measured(m.first)
	t.start.measured(m.start)
	t.person.measured(m.person)
	t.taken.measured(m.work)
	if m.page.deferred {
		t.deferrals().add(m.page)
	}
	if m.first.ok && m.machine.ok {
		t.machine.Time += min(m.machine.long, m.first.long)
		t.machine.Of += m.first.long
	}
}

func (t *tally) countIf(c counter, counts bool) {
	n := 0
	if counts {
		n = 1
	}
	t.n[c] += n
}

func (t *tally) share(count, of counter) Share { return Share{t.n[count], t.n[of]} }

func (t *tally) deferrals() *deferrals {
	if t.deferred == nil {
		t.deferred = &deferrals{}
	}
	return t.deferred
}

// incidents is how many were counted.
func (t *tally) incidents() int {
	if t == nil {
		return 0
	}
	return t.n[nIncidents]
}

// load is the load on people in seconds, as Figures.PersonLoad tells it.
func (t *tally) load() int {
	if t == nil || t.taken.count == 0 {
		return 0
	}
	return int(time.Duration(t.n[nNeededPerson]) * (t.taken.sum / time.Duration(t.taken.count)) / time.Second)
}

// merge adds another group; nil is nothing.
func (t *tally) merge(o *tally) {
	if o == nil {
		return
	}
	for c, n := range o.n {
		t.n[c] += n
	}
	t.machine.Time += o.machine.Time
	t.machine.Of += o.machine.Of
	for i, n := range o.outcomes {
		count(&t.outcomes, i, n)
	}
	for i, n := range o.reasons {
		count(&t.reasons, i, n)
	}
	t.saved.merge(&o.saved)
	t.first.merge(&o.first)
	t.start.merge(&o.start)
	t.person.merge(&o.person)
	t.taken.merge(&o.taken)
	if o.deferred != nil {
		t.deferrals().merge(o.deferred)
	}
}

// result gives all figures but the time saved; of nil, those of nothing.
func (t *tally) result(n *numbers) Figures {
	if t == nil {
		t = &tally{}
	}
	f := Figures{
		Incidents: t.n[nIncidents], Alerts: t.n[nAlerts],
		Automatic: t.share(nAutomatic, nIncidents), Coverage: t.share(nCovered, nIncidents),
		FirstResponse: t.first.times(), TimeToStart: t.start.times(), TimeToPerson: t.person.times(), MachineShare: t.machine,
		Repairs: t.share(nVerified, nAttempts), CameBack: t.share(nCameBack, nCouldComeBack), MayComeBack: t.n[nMayComeBack],
		PersonTime: t.taken.times(), Open: t.n[nOpen], Undecided: t.n[nUndecided], Reopened: t.n[nReopened], NotTaken: t.n[nNotTaken],
		NoCustomer: t.n[nNoCustomer], ClockTrouble: t.n[nDisorder],
		Outcomes: counted[incident.Outcome](t.outcomes, &n.outcomes), Reasons: counted[incident.Reason](t.reasons, &n.reasons),
	}
	f.PersonLoad = Load{Incidents: t.n[nNeededPerson], Mean: f.PersonTime.Mean, Known: f.PersonTime.Count > 0}
	if t.deferred != nil {
		f.Deferred = t.deferred.result()
	}
	return f
}

// count adds to a counter that may not be there yet.
func count(counters *[]int, i, n int) {
	for i >= len(*counters) {
		*counters = append(*counters, 0)
	}
	(*counters)[i] += n
}

// counted gives counters by their names, but for the empty name and what is 0.
func counted[T ~string](counters []int, names *numbered) map[T]int {
	out := map[T]int{}
	for i, n := range counters[:min(len(counters), len(names.names))] {
		if name := names.names[i]; name != "" && n > 0 {
			out[T(name)] = n
		}
	}
	return out
}
