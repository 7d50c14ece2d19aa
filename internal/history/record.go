package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// maxLines is how many lines of a log are kept in the record of one incident.
const maxLines = 200

// recordOf makes the record of an incident of the time before the engine. What the engine's records mean holds here, too:
//
//   - [incident.ResolvedUpstream] when the monitor resolved it and no person touched it. That is the only outcome of that time that counts as
//     automatic.
//   - [incident.Unmatched] otherwise: no scenario covered it, and it was handed to people when it was created, by PagerDuty itself. So
//     the time to a person is from the creation to a person's first acknowledgement, and the machine's share is nothing.
//   - The first response ends with the first resolve, whatever came later.
//   - A merge is no recovery, and neither is that PagerDuty resolved it when its time was over.
//
// The customer is whose service it is today: PagerDuty does not say whose it was.
func recordOf(one incident.HistoryIncident, log []incident.LogEntry, customer incident.Customer, self string) incident.Record {
	story := read(one, log, self)
	r := incident.Record{Incident: one.Incident, Run: 1, WorkflowRun: incident.ImportedRun, Customer: customer, Phase: incident.End,
		Match: incident.Match{Why: "it is from PagerDuty's history: there was no engine"}, ReceivedAt: one.CreatedAt}
	add := func(n incident.Transition) {
		n.Incident, n.Run = one.ID, 1
		r.Transitions = append(r.Transitions, n)
	}
	for _, e := range log[:min(len(log), maxLines)] {
		add(incident.Transition{Key: "imported/log/" + e.ID, At: e.At, Kind: incident.EventSeen, By: e.Agent.Name, Why: line(e)})
	}
	outcome := incident.Transition{Key: "imported/outcome", Kind: incident.Ended, Outcome: story.outcome, Why: story.why, At: one.CreatedAt}
	if story.outcome == incident.ResolvedUpstream {
		outcome.At = story.endedAt
	}
	add(outcome)
	if !story.takenAt.IsZero() {
		add(incident.Transition{Key: "imported/taken", Kind: incident.PersonTook, At: story.takenAt, By: story.takenBy})
	}
	add(incident.Transition{Key: "imported/end", Kind: incident.ResponseEnd, At: story.endedAt})
	slices.SortStableFunc(r.Transitions, func(a, b incident.Transition) int { return a.At.Compare(b.At) })
	return r
}

// line is what the record says of a line of the log.
func line(e incident.LogEntry) string {
	if e.Summary != "" {
		return e.Summary
	}
	return e.Kind
}

// story is how an incident of the history went.
type story struct {
	outcome incident.Outcome
	why     string
	takenAt time.Time
	takenBy string
	endedAt time.Time
}

// read reads the story out of the log. Without a log the list's own words have to do.
func read(one incident.HistoryIncident, log []incident.LogEntry, self string) story {
	s := story{outcome: incident.Unmatched, endedAt: one.ResolvedAt}
	resolver, channel, known, touched := one.LastChangeBy, "", false, false
	for _, e := range log {
		person := e.Agent.IsPerson() && e.Agent.ID != self
		if person && e.Kind != "trigger" && e.Kind != "notify" {
			touched = true
		}
		if person && s.takenAt.IsZero() && e.Kind == "acknowledge" {
			s.takenAt, s.takenBy = e.At, e.Agent.Name
		}
		if e.Kind == "resolve" {
			s.endedAt, resolver, channel, known = e.At, e.Agent, e.Channel, true
			break
		}
	}
	byPerson := resolver.IsPerson() && resolver.ID != self
	switch {
	case one.MergedInto != "":
		s.why = fmt.Sprintf("before the engine: it was merged into %s", one.MergedInto)
	case byPerson:
		s.why = "before the engine: a person resolved it"
	case !known || resolver.IsPerson():
		s.why = "before the engine: it was resolved"
	case !isMonitor(resolver, channel):
		s.why = "before the engine: PagerDuty resolved it by itself, as when its time was over"
	case touched:
		s.why = "before the engine: the monitor resolved it after a person had touched it"
	default:
		s.outcome, s.why = incident.ResolvedUpstream, "before the engine: the monitor resolved it, and no person touched it"
	}
	return s
}

// isMonitor says whether a monitor did what a line of a log tells. PagerDuty's OpenAPI names the channels of a service: "email",
// "api" and "nagios" bring what a monitor sent; "auto" and "timeout" are PagerDuty's own doing.
func isMonitor(by incident.Agent, channel string) bool {
	switch channel {
	case "email", "api", "nagios":
		return true
	case "auto", "timeout":
		return false
	}
	return strings.Contains(by.Type, "inbound_integration")
}
