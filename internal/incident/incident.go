// Package incident holds the words of the product, as Go types that every other package shares.
//
// Glossary, one word for one thing:
//
//   - Event: one webhook delivery of PagerDuty.
//   - Incident, Alert, Service, Urgency, Escalation policy: PagerDuty's own terms.
//   - Scenario: our YAML file that says what to do about a kind of incident.
//   - Phase: intake, check, gather, recover, verify, close or hand over, end.
//   - Step: one use of an Action. An action is a named piece of outside work with typed parameters and outputs.
//   - Attempt: one way to recover, tried in order; each one is followed by verify.
//   - Target: what is repaired; lock, budget and history are per customer and target.
//   - Outcome, Reason: how and why the first response ended; closed lists.
//   - Hand over: give the incident to a person. Tier: who is told, in turn.
//   - Record: everything that is known about one incident: what came in, what was decided, what ran, how it ended.
//
// "Workflow", "activity", "signal" and "update" mean Temporal's and are not used here.
//
// The package promises stable JSON (snake_case) of its types, because they are stored and travel in histories. It
// never does I/O and imports nothing of ours.
package incident

import (
	"encoding/json"
	"time"
)

// ID is PagerDuty's id of an incident, such as "Q2CKYRLH85UNN4". It is opaque.
type ID string

// ServiceID is PagerDuty's id of a service, such as "PNE3JZM".
type ServiceID string

// CustomerID is the base name of a customer's file in the catalog.
type CustomerID string

// ScenarioName is the base name of a scenario's file in the catalog.
type ScenarioName string

// Status is PagerDuty's state of an incident.
type Status string

// The three states that PagerDuty knows.
const (
	Triggered    Status = "triggered"
	Acknowledged Status = "acknowledged"
	Resolved     Status = "resolved"
)

// Ref names one of PagerDuty's things: a service, a team, a user, an escalation policy.
type Ref struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// Agent is who caused an event or a change of state. PagerDuty sends none for its own automation and for some
// monitors; then Type is empty.
type Agent struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"` // as PagerDuty writes it: "user_reference", "inbound_integration_reference"
}

// IsPerson says whether the agent is a user of PagerDuty. The engine's own user is one too: compare ids first.
func (a Agent) IsPerson() bool { return a.Type == "user_reference" || a.Type == "user" }

// Incident is one incident as PagerDuty's REST API shows it, reduced to what decisions need.
type Incident struct {
	ID               ID        `json:"id"`
	Number           int       `json:"number,omitempty"`
	Key              string    `json:"key,omitempty"` // PagerDuty's incident_key
	Title            string    `json:"title,omitempty"`
	Status           Status    `json:"status,omitempty"`
	Urgency          string    `json:"urgency,omitempty"`  // "high" or "low"
	Priority         string    `json:"priority,omitempty"` // its name, such as "P1"; empty when none is set
	Service          Ref       `json:"service"`
	Teams            []Ref     `json:"teams,omitempty"`
	URL              string    `json:"url,omitempty"` // for people: PagerDuty's html_url
	CreatedAt        time.Time `json:"created_at"`
	EscalationPolicy Ref       `json:"escalation_policy"`
	Assignees        []Ref     `json:"assignees,omitempty"`
	AcknowledgedBy   []Agent   `json:"acknowledged_by,omitempty"` // who acknowledges it at the moment
	LastChangeBy     Agent     `json:"last_change_by"`            // who changed the status last
	MergedInto       ID        `json:"merged_into,omitempty"`     // set when it was resolved by a merge
	AckTimeout       bool      `json:"ack_timeout"`               // whether an acknowledgement of this incident runs out by itself
	Alerts           []Alert   `json:"alerts,omitempty"`          // oldest first; at most MaxAlerts
	AlertCount       int       `json:"alert_count"`               // how many it has in PagerDuty
}

// MaxAlerts is how many of an incident's alerts are read and kept; PagerDuty holds up to 1,000.
const MaxAlerts = 100

// First gives the incident's first alert, or an empty one that carries the incident's own title and time, so that
// expressions over "alert" always have a value.
func (i Incident) First() Alert {
	if len(i.Alerts) > 0 {
		return i.Alerts[0]
	}
	return Alert{Summary: i.Title, CreatedAt: i.CreatedAt}
}

// Alert is one alert in the normal form that scenarios see, whichever monitor sent it.
type Alert struct {
	ID        string         `json:"id,omitempty"`
	DedupKey  string         `json:"dedup_key,omitempty"`
	Summary   string         `json:"summary"`
	Severity  string         `json:"severity,omitempty"` // critical, error, warning, info; empty when the monitor did not say
	Source    string         `json:"source,omitempty"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"details,omitempty"`
	Links     []string       `json:"links,omitempty"`
	CreatedAt time.Time      `json:"created_at"`
	Monitor   string         `json:"monitor,omitempty"` // cloudwatch, datadog, prometheus, zabbix, ...; empty when unknown

	// Raw is the alert as received, kept in the store for backtests. It never travels in a history.
	Raw json.RawMessage `json:"-"`
}

// Customer is what decisions, expressions and messages know of the customer that an incident belongs to.
type Customer struct {
	ID         CustomerID        `json:"id"`
	Name       string            `json:"name"`
	Department string            `json:"department,omitempty"`
	TimeZone   string            `json:"time_zone,omitempty"` // an IANA name
	Language   string            `json:"language,omitempty"`  // "ja" or "en"
	Labels     map[string]string `json:"labels,omitempty"`
}
