package inbox

import "shodo/internal/incident"

// acted are the kinds of event that the engine acts on.
var acted = map[incident.EventType]bool{
	incident.EventTriggered:      true,
	incident.EventAcknowledged:   true,
	incident.EventUnacknowledged: true,
	incident.EventReassigned:     true,
	incident.EventDelegated:      true,
	incident.EventEscalated:      true,
	incident.EventResolved:       true,
	incident.EventReopened:       true,
	incident.EventUnreadable:     true,
}

// echoed are the kinds of event that the engine's own writes to PagerDuty cause. A trigger and a reopening are never
// among them: whoever caused these, the incident needs a first response.
var echoed = map[incident.EventType]bool{
	incident.EventAcknowledged:         true,
	incident.EventReassigned:           true,
	incident.EventDelegated:            true,
	incident.EventEscalated:            true,
	incident.EventResolved:             true,
	"incident.annotated":               true,
	"incident.priority_updated":        true,
	"incident.responder.added":         true,
	"incident.status_update_published": true,
}

// route decides what becomes of an event when it arrives, and says why when it is not handed over.
func route(e incident.Event, self string) (incident.DeliveryState, string) {
	switch {
	case self != "" && e.Agent.ID == self && echoed[e.Type] && e.MergedInto == "": // the engine never merges
		return incident.Echo, "our own write"
	case !acted[e.Type]:
		return incident.Kept, "changes nothing for the first response"
	case e.Incident == "":
		return incident.Unreadable, "names no incident"
	}
	return incident.Pending, ""
}
