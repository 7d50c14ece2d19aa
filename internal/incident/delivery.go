package incident

import "time"

// ReportDelivery is one report that was sent, or is being sent, to one place.
type ReportDelivery struct {
	Report string    `json:"report"`           // its name in the configuration
	At     time.Time `json:"at"`               // whose turn it was
	Again  string    `json:"again,omitempty"`  // of a report that an operator wanted once more: the name of the wish
	Place  string    `json:"place"`            // where it goes, as the configuration names it
	Begun  time.Time `json:"begun"`            // when it was begun to be sent
	Ended  time.Time `json:"ended,omitzero"`   // zero: it is being sent, or was not taken so far
	Result string    `json:"result,omitempty"` // what became of it, for people; without an end, why it was not taken so far
}
