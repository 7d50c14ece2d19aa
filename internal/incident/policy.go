package incident

import "time"

// Question is one of the three that quiet hours and maintenance decide, each by itself; and Silence, for what waits.
type Question string

// The questions.
const (
	Contact    Question = "contact" // may the customer be told?
	Page       Question = "page"    // may a tier be woken?
	MayRecover Question = "recover" // may actions change things?

	// Silence is no question of a window but what a suppressed incident keeps until the window's end. It waits like a
	// deferral, so that it is found when the windows change; nobody is told of it.
	Silence Question = "silence"
)

// Answer is what a window says to a question. Of several, the strictest wins.
type Answer string

// The answers, mildest first.
const (
	Allow    Answer = "allow"
	Defer    Answer = "defer"    // to contact and page: at the window's end, if it is still true then
	Suppress Answer = "suppress" // to contact and page: never; it is recorded only
	Forbid   Answer = "forbid"   // to recover: nothing is changed
)

// Deferral is something that waits for the end of a window.
type Deferral struct {
	Incident ID         `json:"incident"`
	Run      int        `json:"run"`
	Customer CustomerID `json:"customer"`
	Question Question   `json:"question"` // Page: the incident itself waits; Contact: only what the customer is to be told does
	Key      string     `json:"key"`      // of the transition that recorded it
	At       time.Time  `json:"at"`       // when it was deferred
	Until    time.Time  `json:"until"`
	Window   string     `json:"window"`
	Policy   string     `json:"policy"` // the hash of the windows that were in force
}

// Maintenance is a one-off window that was added while the engine runs.
type Maintenance struct {
	ID       string     `json:"id"`
	Customer CustomerID `json:"customer"`
	From     time.Time  `json:"from"`
	To       time.Time  `json:"to"`
	Match    string     `json:"match,omitempty"` // a condition over incident, alert and customer; empty: every incident
	Contact  Answer     `json:"contact"`
	Page     Answer     `json:"page"`
	Recover  Answer     `json:"recover"`
	Reason   string     `json:"reason"`
	AddedBy  string     `json:"added_by"`
	AddedAt  time.Time  `json:"added_at"`
	EndedBy  string     `json:"ended_by,omitempty"` // who ended it before its time
	EndedAt  time.Time  `json:"ended_at,omitzero"`
}
