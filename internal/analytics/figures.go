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
