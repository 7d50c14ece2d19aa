package handover

import (
	"cmp"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// ContactFacts is what a customer's own systems are told of one incident, as JSON. Its fields are for ever; new ones may come.
type ContactFacts struct {
	Event    string              `json:"event"`              // "incident.handed_over": a person goes on; "incident.closed": it is over
	Key      string              `json:"key"`                // the same when the same comes again
	Incident incident.ID         `json:"incident"`           // PagerDuty's id
	Number   int                 `json:"number,omitempty"`   // PagerDuty's number
	Run      int                 `json:"run"`                // 2 and more: it was reopened
	Customer incident.CustomerID `json:"customer"`           //
	Service  string              `json:"service"`            //
	Title    string              `json:"title"`              // of the alert: text from outside
	Severity string              `json:"severity,omitempty"` //
	Since    time.Time           `json:"since"`              // when it began
	At       time.Time           `json:"at"`                 // of the event
	Outcome  incident.Outcome    `json:"outcome"`            //
	Language string              `json:"language"`           // of subject and text
	Subject  string              `json:"subject"`            // what a person would be told
	Text     string              `json:"text"`               //
}

// The events of ContactFacts.
const (
	EventHandedOver = "incident.handed_over"
	EventClosed     = "incident.closed"
	EventDigest     = "digest" // subject and text alone: what was deferred to the end of a window
)

// FactsForContact gives what ForContact says as JSON for programs.
func FactsForContact(rec incident.Record, opts Options, event, key string, m ContactMessage) ContactFacts {
	p := Build(rec, opts)
	at := p.OutcomeAt
	if event == EventClosed && !p.EndedAt.IsZero() {
		at = p.EndedAt
	}
	return ContactFacts{
		Event: event, Key: key, Incident: rec.Incident.ID, Number: rec.Incident.Number, Run: rec.Run, Customer: rec.Customer.ID,
		Service: p.Incident.Service, Title: p.Incident.Title, Severity: p.Incident.Severity, Since: p.Incident.Since.UTC(), At: at.UTC(),
		Outcome: rec.Outcome, Language: p.Language, Subject: m.Subject, Text: m.Text,
	}
}

// CallSentence is what is read to whoever answers the telephone: one sentence with a greeting, without times and numbers,
// which are hard to take in by ear.
func CallSentence(rec incident.Record, opts Options) string {
	p := Build(rec, opts)
	who := cmp.Or(p.Customer, p.Incident.Service)
	if p.Language == Japanese {
		return fmt.Sprintf("障害のお知らせです。%s 様の %s で問題を検知し、担当者が対応を始めています。内容は、%s、です。", who, p.Incident.Service, p.Incident.Title)
	}
	return fmt.Sprintf("This is an incident notice for %s. There is a problem with %s, and our engineers are working on it. The alert says: %s.", who, p.Incident.Service, p.Incident.Title)
}

// handled says that people have ended an incident, in words for the customer.
func handled(language string) saying {
	if language == Japanese {
		return saying{"対応完了", "ご利用のサービスで発生した問題について、担当者による対応が完了しました。", "ご不明な点がございましたら、お問い合わせください。"}
	}
	return saying{"Handled", "There was a problem with your service. Our engineers have handled it.", "If anything is not as it should be, please let us know."}
}
