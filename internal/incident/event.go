package incident

import "time"

// EventID is PagerDuty's id of an event: opaque text in several forms, unique, the same on every repetition.
type EventID string

// EventType is PagerDuty's event_type, such as "incident.triggered".
type EventType string

// The event types that the first response acts on. All others are stored, and change nothing.
const (
	EventTriggered      EventType = "incident.triggered"
	EventAcknowledged   EventType = "incident.acknowledged"
	EventUnacknowledged EventType = "incident.unacknowledged"
	EventReassigned     EventType = "incident.reassigned"
	EventDelegated      EventType = "incident.delegated"
	EventEscalated      EventType = "incident.escalated"
	EventResolved       EventType = "incident.resolved"
	EventReopened       EventType = "incident.reopened"
	EventPing           EventType = "pagey.ping"

	// EventUnreadable is ours: a validly signed body that names an incident but could not be decoded.
	EventUnreadable EventType = "shodo.unreadable"
)

// Event is one webhook delivery, decoded.
type Event struct {
	ID         EventID   `json:"id"`
	Type       EventType `json:"type"`
	OccurredAt time.Time `json:"occurred_at"` // by PagerDuty's clock; millisecond precision
	ReceivedAt time.Time `json:"received_at"` // by ours
	Agent      Agent     `json:"agent"`
	Incident   ID        `json:"incident,omitempty"` // empty for service.* and pagey.*
	Service    ServiceID `json:"service,omitempty"`  // empty where PagerDuty sends only a reference to the incident
	MergedInto ID        `json:"merged_into,omitempty"`
}
