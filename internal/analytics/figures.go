package analytics

import (
	"encoding/json"
	"time"

	"shodo/internal/incident"
)

// Figures is what is known about a set of incidents. Definitions says what each one means.
type Figures struct {
	Incidents int `json:"incidents"`
	Alerts    int `json:"alerts"` // inside the incidents

	Automatic Share `json:"automatic"` // of the incidents
	Coverage  Share `json:"coverage"`  // of the incidents

	FirstResponse Times `json:"first_response"`
	TimeToStart   Times `json:"time_to_start"`
	TimeToPerson  Times `json:"time_to_person"`
	MachineShare  Part  `json:"machine_share"`

	Deferred Deferrals `json:"deferred"` // those whose telling waited

	Repairs      Share `json:"repairs"`        // verified, of the attempted
	CameBack     Share `json:"came_back"`      // of the automatic closes that had 24 hours to come back
	MayComeBack  int   `json:"may_come_back"`  // automatic closes whose 24 hours are not over
	PersonTime   Times `json:"person_time"`    // of those that a person took and that have ended
	PersonLoad   Load  `json:"person_load"`    // of all that needed a person
	TimeSaved    *Load `json:"time_saved"`     // nil unless it was asked for
	Open         int   `json:"open"`           // the first response is not over
	Undecided    int   `json:"undecided"`      // open, and without an outcome
	Reopened     int   `json:"reopened"`       //
	NotTaken     int   `json:"not_taken"`      // handed over, ended, and nobody took them in PagerDuty
	NoCustomer   int   `json:"no_customer"`    //
	ClockTrouble int   `json:"clock_disorder"` // at least one time is left out

	Outcomes map[incident.Outcome]int `json:"outcomes"`
	Reasons  map[incident.Reason]int  `json:"reasons"` // of those handed over
}

// Share is so many of so many.
type Share struct{ Count, Of int }

// Rate is between 0 and 1; false: there is nothing to have a share of.
func (s Share) Rate() (float64, bool) {
	if s.Of == 0 {
		return 0, false
	}
	return float64(s.Count) / float64(s.Of), true
}

// MarshalJSON writes count, of, and rate, which is null when there is no data.
func (s Share) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Count int      `json:"count"`
		Of    int      `json:"of"`
		Rate  *float64 `json:"rate"`
	}{s.Count, s.Of, known(s.Rate())})
}

// Part is a part of a sum of times.
type Part struct{ Time, Of time.Duration }

// Rate is between 0 and 1; false: there is nothing to have a part of.
func (p Part) Rate() (float64, bool) {
	if p.Of == 0 {
		return 0, false
	}
	return float64(p.Time) / float64(p.Of), true
}

// MarshalJSON writes seconds, of_seconds, and rate, which is null when there is no data.
func (p Part) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Seconds float64  `json:"seconds"`
		Of      float64  `json:"of_seconds"`
		Rate    *float64 `json:"rate"`
	}{p.Time.Seconds(), p.Of.Seconds(), known(p.Rate())})
}

// Times is the distribution of a length of time. With Count 0 there is no data, and all else is meaningless.
type Times struct {
	Count               int
	Sum                 time.Duration
	Mean, P50, P95, P99 time.Duration
	Approximate         bool // the percentiles are off by at most 0.4 %; the mean never is
}

// MarshalJSON writes seconds; null when there is no data.
func (t Times) MarshalJSON() ([]byte, error) {
	seconds := func(d time.Duration) *float64 { return known(d.Seconds(), t.Count > 0) }
	return json.Marshal(struct {
		Count       int      `json:"count"`
		Mean        *float64 `json:"mean_seconds"`
		P50         *float64 `json:"p50_seconds"`
		P95         *float64 `json:"p95_seconds"`
		P99         *float64 `json:"p99_seconds"`
		Approximate bool     `json:"approximate_percentiles"`
	}{t.Count, seconds(t.Mean), seconds(t.P50), seconds(t.P95), seconds(t.P99), t.Approximate})
}

// Load is an estimate: a number of incidents times a mean.
type Load struct {
	Incidents int
	Mean      time.Duration // per incident
	Known     bool          // there is a mean
}

// Total is the estimated time; false: there is nothing to estimate it from. No incidents are no time, whatever the mean.
func (l Load) Total() (time.Duration, bool) {
	return time.Duration(l.Incidents) * l.Mean, l.Known || l.Incidents == 0
}

// MarshalJSON writes incidents, mean_seconds and seconds; null when there is no data.
func (l Load) MarshalJSON() ([]byte, error) {
	total, ok := l.Total()
	return json.Marshal(struct {
		Incidents int      `json:"incidents"`
		Mean      *float64 `json:"mean_seconds"`
		Total     *float64 `json:"estimated_seconds"`
	}{l.Incidents, known(l.Mean.Seconds(), l.Known), known(total.Seconds(), ok)})
}

func known(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

// tally counts what figures are made of, of one group.
type tally struct {
	figures                     Figures // those that are counted
	outcomes, reasons           []int   // by their numbers
	saved                       saved
	first, start, person, taken durations
	waited                      durations
}

func (t *tally) add(f *row, m *measures, outcome, reason uint32) {
	g := &t.figures
	g.Incidents++
	g.Alerts += f.alerts
	count(&t.outcomes, int(outcome), 1)
	count(&t.reasons, int(reason), 1)
	countIf(f.isAutomatic(), &g.Automatic.Count)
	countIf(f.covered, &g.Coverage.Count)
	countIf(f.isOpen(), &g.Open)
	countIf(f.isUndecided(), &g.Undecided)
	countIf(f.run > 1, &g.Reopened)
	countIf(f.isNotTaken(), &g.NotTaken)
	countIf(!f.hasCustomer, &g.NoCustomer)
	countIf(m.disorder, &g.ClockTrouble)
	countIf(f.neededPerson(), &g.PersonLoad.Incidents)
	g.Deferred.add(m.page)
	t.first.measured(m.first)
	t.start.measured(m.start)
	t.person.measured(m.person)
	t.taken.measured(m.work)
	t.waited.measured(m.page.wait)
	if m.first.ok && m.machine.ok {
		g.MachineShare.Time += min(m.machine.long, m.first.long)
		g.MachineShare.Of += m.first.long
	}
}

func countIf(counts bool, counter *int) {
	if counts {
		*counter++
	}
}

// incidents is how many were counted.
func (t *tally) incidents() int {
	if t == nil {
		return 0
	}
	return t.figures.Incidents
}

// load is the load on people in seconds, as Figures.PersonLoad tells it.
func (t *tally) load() int {
	if t == nil || t.taken.count == 0 {
		return 0
	}
	return int(time.Duration(t.figures.PersonLoad.Incidents) * (t.taken.sum / time.Duration(t.taken.count)) / time.Second)
}

// merge adds another group; nil is nothing.
func (t *tally) merge(o *tally) {
	if o == nil {
		return
	}
	g, h := &t.figures, &o.figures
	for _, c := range []struct{ into, from *int }{
		{&g.Incidents, &h.Incidents}, {&g.Alerts, &h.Alerts}, {&g.Automatic.Count, &h.Automatic.Count},
		{&g.Coverage.Count, &h.Coverage.Count}, {&g.Repairs.Count, &h.Repairs.Count}, {&g.Repairs.Of, &h.Repairs.Of},
		{&g.CameBack.Count, &h.CameBack.Count}, {&g.CameBack.Of, &h.CameBack.Of}, {&g.MayComeBack, &h.MayComeBack},
		{&g.PersonLoad.Incidents, &h.PersonLoad.Incidents}, {&g.Open, &h.Open}, {&g.Undecided, &h.Undecided},
		{&g.Reopened, &h.Reopened}, {&g.NotTaken, &h.NotTaken}, {&g.NoCustomer, &h.NoCustomer},
		{&g.ClockTrouble, &h.ClockTrouble},
	} {
		*c.into += *c.from
	}
	g.Deferred.merge(h.Deferred)
	for i, n := range o.outcomes {
		count(&t.outcomes, i, n)
	}
	for i, n := range o.reasons {
		count(&t.reasons, i, n)
	}
	for key, n := range o.saved.all() {
		t.saved.add(key, n)
	}
	g.MachineShare.Time += h.MachineShare.Time
	g.MachineShare.Of += h.MachineShare.Of
	for _, c := range []struct{ into, from *durations }{
		{&t.first, &o.first}, {&t.start, &o.start}, {&t.person, &o.person}, {&t.taken, &o.taken}, {&t.waited, &o.waited},
	} {
		c.into.merge(c.from)
	}
}

// result gives all figures; of nil, those of nothing.
func (t *tally) result(n *numbers) Figures {
	if t == nil {
		t = &tally{}
	}
	g := t.figures
	g.Outcomes, g.Reasons = counted[incident.Outcome](t.outcomes, n.outcomes), counted[incident.Reason](t.reasons, n.reasons)
	g.Automatic.Of, g.Coverage.Of = g.Incidents, g.Incidents
	g.FirstResponse, g.TimeToStart, g.TimeToPerson = t.first.times(), t.start.times(), t.person.times()
	g.PersonTime, g.Deferred.Wait = t.taken.times(), t.waited.times()
	g.PersonLoad.Mean, g.PersonLoad.Known = g.PersonTime.Mean, g.PersonTime.Count > 0
	return g
}

// count adds to a counter that may not be there yet.
func count(counters *[]int, i, n int) {
	for i >= len(*counters) {
		*counters = append(*counters, 0)
	}
	(*counters)[i] += n
}

// counted gives counters by their names, but for the empty name and what is 0.
func counted[T ~string](counters []int, names *numbered[string]) map[T]int {
	out := map[T]int{}
	for i, n := range counters[:min(len(counters), len(names.names))] {
		if name := names.names[i]; name != "" && n > 0 {
			out[T(name)] = n
		}
	}
	return out
}
