package backtest

import "shodo/internal/incident"

// Report is what differs.
type Report struct {
	Total      Counts            `json:"total"`
	Unreadable int               `json:"unreadable"` // incidents whose record cannot be read, or that the engine could not read then; they are in no other count
	Customers  []CustomerCounts  `json:"customers"`  // of all incidents; those with the most differences first
	Shifts     []Shift           `json:"shifts"`     // the differences by scenarios: by kind, the most frequent first
	Lists      map[Kind][]Change `json:"lists"`      // the first incidents of each kind
}

// Counts is about some of the incidents.
type Counts struct {
	Incidents int          `json:"incidents"`
	Before    Side         `json:"before"`
	After     Side         `json:"after"`
	Changes   map[Kind]int `json:"changes"` // by kind; one that is not there is 0
}

// Side is what one of the two sides decides.
type Side struct {
	Matched   int `json:"matched"`    // a scenario matches
	Automatic int `json:"automatic"`  // of these: it can run, and may repair by itself
	CannotRun int `json:"cannot_run"` // of these: its inputs or its target cannot be filled, so a person is told
}

// CustomerCounts is about the incidents of one customer.
type CustomerCounts struct {
	Customer incident.CustomerID `json:"customer"` // who has the incident's service after, or else had it before; empty: nobody
	Counts
}

// Shift is how many incidents of a kind went from one scenario to another. The customers are set for CustomerChanged only.
type Shift struct {
	Kind   Kind     `json:"kind"`
	Count  int      `json:"count"`
	Before Decision `json:"before"`
	After  Decision `json:"after"`
}

// Changed is how many of the incidents are decided differently.
func (c Counts) Changed() int {
	n := 0
	for _, more := range c.Changes {
		n += more
	}
	return n
}

func (c *Counts) add(other *Counts) {
	c.Incidents += other.Incidents
	c.Before.add(other.Before)
	c.After.add(other.After)
	for kind, n := range other.Changes {
		c.Changes[kind] += n
	}
}

func (s *Side) add(other Side) {
	s.Matched += other.Matched
	s.Automatic += other.Automatic
	s.CannotRun += other.CannotRun
}
