package workflows

import (
	"cmp"
	"fmt"
	"time"

	"shodo/internal/customer"
	"shodo/internal/incident"
)

// This file is the part of the contract that a customer's windows need: quiet hours and maintenance.

// The names of what is needed for windows; forever, as those in contract.go.
const (
	DigestWorkflow = "digest"

	policySignal = "policy" // the customer's windows may be others now: decide again

	mayPageActivity           = "may_page"
	snoozeActivity            = "snooze"
	stillSilentActivity       = "still_silent"
	resumeActivity            = "resume"
	mayContactActivity        = "may_contact"
	tellContactActivity       = "tell_contact"
	digestDueActivity         = "digest_due"
	tellDigestActivity        = "tell_digest"
	tellContactDigestActivity = "tell_contact_digest"
)

// DigestID is the id of the workflow that tells what was deferred to the end of a window. Ends are whole seconds.
func DigestID(customer incident.CustomerID, end time.Time) string {
	return fmt.Sprintf("digest/%s/%d", customer, end.Unix())
}

// PageInput asks whether a person may be woken now.
type PageInput struct {
	Case    Case    `json:"case"`
	Verdict Verdict `json:"verdict"`
	Number  int     `json:"number"`            // how often the run has asked before, and one: the name of the answer in the record
	Waiting int     `json:"waiting,omitempty"` // the number of the answer that it has waited for; 0: it did not wait
	Begun   bool    `json:"begun,omitempty"`   // the hand-over has begun, and it is about another tier
	Windows bool    `json:"windows,omitempty"` // the customer had windows when it was asked before
}

// PageAnswer is what the customer's windows say.
type PageAnswer struct {
	Answer  incident.Answer `json:"answer"`         // Allow, Defer, or Suppress
	Until   time.Time       `json:"until,omitzero"` // zero with Defer: ask again at once, the windows have changed since
	Window  string          `json:"window,omitempty"`
	Why     string          `json:"why,omitempty"`
	Policy  string          `json:"policy,omitempty"`  // the hash of the windows
	Windows bool            `json:"windows,omitempty"` // the customer has windows at all
}

// SnoozeInput asks to silence the incident in PagerDuty.
type SnoozeInput struct {
	Case  Case      `json:"case"`
	Until time.Time `json:"until"`
}

// SilenceInput asks whether a suppressed incident keeps silent.
type SilenceInput struct {
	Case   Case `json:"case"`
	Number int  `json:"number"` // of the answer, from 2; the first one is the outcome
}

// Silence is until when a suppressed incident keeps silent; zero when the next run may begin.
type Silence struct {
	Until time.Time `json:"until,omitzero"`
}

// ResumeInput asks how things are after a wait.
type ResumeInput struct {
	Case Case `json:"case"`
	Work bool `json:"work"` // the engine is going to check again
}

// Resumption is how things are after a wait.
type Resumption struct {
	Answer   incident.Answer `json:"answer"`            // may a person be woken? Unless it is Allow nothing else was looked at
	Stepped  *Verdict        `json:"stepped,omitempty"` // it ended meanwhile, or somebody has it
	Paging   bool            `json:"paging,omitempty"`  // PagerDuty itself pages a person
	Deadline time.Time       `json:"deadline,omitzero"` // of the work that begins now
}

// Concluded is what became of an automatic outcome.
type Concluded struct {
	Verdict
	TellCustomer bool   `json:"tell_customer,omitempty"` // the scenario says so, and there is somebody to tell
	CloseNote    string `json:"close_note,omitempty"`    // what the scenario's author has to say to it
}

// ContactInput asks whether the customer may be told now.
type ContactInput struct {
	Case   Case            `json:"case"`
	Of     customer.Moment `json:"of,omitempty"`     // of what; empty: of the close
	Number int             `json:"number,omitempty"` // how often it was asked before, and one
	Told   bool            `json:"told,omitempty"`   // of a close: only who was told of the hand-over
}

// ContactAnswer lists who of the customer is told now.
type ContactAnswer struct {
	Now    []customer.Contact `json:"now,omitempty"`
	Places []int              `json:"places,omitempty"` // of each in the customer's file, from 1; empty: they are all of them
	Names  []string           `json:"names,omitempty"`  // of each, for people; empty in histories of earlier engines
	Until  time.Time          `json:"until,omitzero"`   // of a hand-over and its end: when to ask again
}

// place is that of a contact in the customer's file.
func (a ContactAnswer) place(i int) int {
	if i < len(a.Places) {
		return a.Places[i]
	}
	return i + 1
}

// name is that of a contact, for people.
func (a ContactAnswer) name(i int) string {
	if i < len(a.Names) {
		return a.Names[i]
	}
	return cmp.Or(a.Now[i].Email, a.Now[i].Slack)
}

// TellContactInput asks to tell one contact that an incident was handed over, or how it ended.
type TellContactInput struct {
	Case    Case             `json:"case"`
	Contact customer.Contact `json:"contact"`
	Number  int              `json:"number"` // which contact, from 1
	Note    string           `json:"note,omitempty"`
	Of      customer.Moment  `json:"of,omitempty"` // empty: the close
}

// key names the line of the record that says so.
func (in TellContactInput) key() string {
	if in.Of == customer.OfHandOver {
		return handOverToldKey(in.Number)
	}
	return contactedKey(in.Number)
}

// DigestInput starts the digest of a window's end.
type DigestInput struct {
	Customer incident.CustomerID `json:"customer"`
	End      time.Time           `json:"end"`
}

// DigestEntry is one run of an incident that stands in a digest.
type DigestEntry struct {
	Incident incident.ID `json:"incident"`
	Run      int         `json:"run"`
}

// DigestDue is what there is to tell at the moment.
type DigestDue struct {
	Tier     []DigestEntry      `json:"tier,omitempty"`     // they waited, and never needed a person
	Contact  []DigestEntry      `json:"contact,omitempty"`  // the customer was not told of them yet
	Contacts []customer.Contact `json:"contacts,omitempty"` // who is told of these
	Open     int                `json:"open,omitempty"`     // how many are not over
	Again    time.Time          `json:"again,omitzero"`     // when what may not be told at the moment may be
	More     bool               `json:"more,omitempty"`     // there is more than one message holds
}

// TellDigestInput asks to tell what stands in a digest, to the first tier or to one contact.
type TellDigestInput struct {
	Digest   DigestInput      `json:"digest"`
	Number   int              `json:"number"` // of the message, from 1
	Entries  []DigestEntry    `json:"entries"`
	Contact  customer.Contact `json:"contact,omitzero"`
	Receiver int              `json:"receiver,omitempty"` // which contact, from 1
}
