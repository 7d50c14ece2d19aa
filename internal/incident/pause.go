package incident

import "time"

// PauseScope is how much a pause stops.
type PauseScope string

// The scopes.
const (
	PauseAll      PauseScope = "all"
	PauseCustomer PauseScope = "customer"
	PauseScenario PauseScope = "scenario"
)

// Pause is the kill switch: while it is in force the engine changes nothing in its scope, and every new incident is handed
// over at once.
type Pause struct {
	ID        string     `json:"id"`
	Scope     PauseScope `json:"scope"`
	Name      string     `json:"name,omitempty"`   // of the customer or the scenario
	Cancel    bool       `json:"cancel,omitempty"` // steps that were running were cancelled; otherwise they were let finish
	Reason    string     `json:"reason"`           // in the person's own words
	By        string     `json:"by"`
	At        time.Time  `json:"at"`
	ResumedBy string     `json:"resumed_by,omitempty"`
	ResumedAt time.Time  `json:"resumed_at,omitzero"` // zero: in force
}

// Stops says whether the pause is in force for that customer and scenario. Either may be empty.
func (p Pause) Stops(customer CustomerID, scenario ScenarioName) bool {
	if !p.ResumedAt.IsZero() {
		return false
	}
	switch p.Scope {
	case PauseAll:
		return true
	case PauseCustomer:
		return customer != "" && p.Name == string(customer)
	case PauseScenario:
		return scenario != "" && p.Name == string(scenario)
	}
	return false
}
