package pagerduty

import (
	"encoding/json"

	"shodo/internal/incident"
)

// wireIncident is an incident of the REST API, as far as it is used. Webhooks name some of these fields otherwise.
type wireIncident struct {
	ID               text        `json:"id"`
	Number           int         `json:"incident_number"`
	Key              text        `json:"incident_key"`
	Title            text        `json:"title"`
	Status           text        `json:"status"`
	Urgency          text        `json:"urgency"`
	HTMLURL          text        `json:"html_url"`
	CreatedAt        text        `json:"created_at"`
	Service          reference   `json:"service"`
	EscalationPolicy reference   `json:"escalation_policy"`
	Teams            []reference `json:"teams"`
	Priority         struct {
		Name    text `json:"name"`
		Summary text `json:"summary"`
	} `json:"priority"`
	Assignments []struct {
		Assignee reference `json:"assignee"`
	} `json:"assignments"`
	Acknowledgements   []wireAcknowledgement `json:"acknowledgements"`
	LastStatusChangeBy reference             `json:"last_status_change_by"`
	ResolveReason      resolveReason         `json:"resolve_reason"`
	PendingActions     []struct {
		Type text `json:"type"`
	} `json:"pending_actions"`
	AlertCounts struct {
		All int `json:"all"`
	} `json:"alert_counts"`
}

type wireAcknowledgement struct {
	Acknowledger reference `json:"acknowledger"`
}

func (w wireIncident) incident() incident.Incident {
	inc := incident.Incident{
		ID:               incident.ID(w.ID),
		Number:           w.Number,
		Key:              string(w.Key),
		Title:            string(w.Title),
		Status:           incident.Status(w.Status),
		Urgency:          string(w.Urgency),
		Priority:         string(w.Priority.Name),
		Service:          w.Service.ref(),
		URL:              string(w.HTMLURL),
		CreatedAt:        parseTime(string(w.CreatedAt)),
		EscalationPolicy: w.EscalationPolicy.ref(),
		LastChangeBy:     w.LastStatusChangeBy.agent(),
		MergedInto:       w.ResolveReason.mergedInto(),
		AlertCount:       w.AlertCounts.All,
	}
	if inc.Priority == "" {
		inc.Priority = string(w.Priority.Summary)
	}
	for _, team := range w.Teams {
		inc.Teams = append(inc.Teams, team.ref())
	}
	for _, a := range w.Assignments {
		inc.Assignees = append(inc.Assignees, a.Assignee.ref())
	}
	for _, a := range w.Acknowledgements {
		inc.AcknowledgedBy = append(inc.AcknowledgedBy, a.Acknowledger.agent())
	}
	return inc
}

// willUnacknowledge says whether PagerDuty has announced the end of the present acknowledgement.
func (w wireIncident) willUnacknowledge() bool {
	for _, action := range w.PendingActions {
		if action.Type == "unacknowledge" {
			return true
		}
	}
	return false
}

// wireAlerts is one page of an incident's alerts.
type wireAlerts struct {
	Alerts []json.RawMessage `json:"alerts"`
	More   bool              `json:"more"`
}

// wireService is a service, as far as it is used.
type wireService struct {
	AcknowledgementTimeout float64 `json:"acknowledgement_timeout"` // seconds; null or 0: never
}

// wireEntries is one page of an incident's log.
type wireEntries struct {
	Entries []json.RawMessage `json:"log_entries"`
	More    bool              `json:"more"`
}
