package pagerduty

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"shodo/internal/incident"
)

const youngIncident = 10 * time.Second // so long alerts may not show yet

// alertPauses are the pauses before looking again for alerts that may not show yet.
func alertPauses() []time.Duration {
	return []time.Duration{300 * time.Millisecond, 700 * time.Millisecond, 2 * time.Second}
}

// awaitAlerts reads the incident's alerts, and when there are none but may be some, reads them again a few times.
func (c *Client) awaitAlerts(ctx context.Context, id incident.ID, maybeLater bool) ([]json.RawMessage, error) {
	alerts, err := c.alerts(ctx, id)
	if err != nil || !maybeLater {
		return alerts, err
	}
	for _, pause := range alertPauses() {
		if len(alerts) > 0 {
			break
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
		if alerts, err = c.alerts(ctx, id); err != nil {
			return nil, err
		}
	}
	return alerts, nil
}

// alerts reads the incident's first alerts, oldest first, as PagerDuty gives them.
func (c *Client) alerts(ctx context.Context, id incident.ID) ([]json.RawMessage, error) {
	path, err := incidentPath(id)
	if err != nil {
		return nil, err
	}
	var all []json.RawMessage
	for limit := incident.MaxAlerts; len(all) < incident.MaxAlerts; {
		var page wireAlerts
		_, err := c.library.request(ctx, http.MethodGet, path+"/alerts", query("include[]", "first_trigger_log_entries",
			"sort_by", "created_at:asc", "limit", strconv.Itoa(limit), "offset", strconv.Itoa(len(all))), nil, &page)
		if errors.Is(err, ErrTooLarge) && limit > 1 {
			limit = max(1, limit/10) // an alert may hold half a megabyte, twice
			continue
		}
		if err == nil && page.Alerts == nil {
			err = holdsNo("alerts", path+"/alerts")
		}
		if err != nil {
			return nil, err
		}
		all = append(all, page.Alerts...)
		if !page.More || len(page.Alerts) == 0 {
			break
		}
	}
	return all[:min(len(all), incident.MaxAlerts)], nil
}

// addLog adds to alerts without details the log entry that triggered them, which holds what a monitor wrote by mail.
// An incident of a service that creates no alerts gets one alert, made of its log entry.
func (c *Client) addLog(ctx context.Context, inc incident.Incident, alerts []json.RawMessage) ([]json.RawMessage, error) {
	lacking := slices.ContainsFunc(alerts, func(raw json.RawMessage) bool { return !open(raw).hasDetails() })
	if len(alerts) > 0 && !lacking {
		return alerts, nil
	}
	entries, err := c.triggers(ctx, inc.ID)
	if err != nil || len(entries) == 0 {
		return alerts, err
	}
	if len(alerts) == 0 {
		made := withTrigger(alertOf(inc), entries[0])
		if !open(made).hasDetails() {
			return nil, nil // made by a person: there is no alert
		}
		return []json.RawMessage{made}, nil
	}
	byID := map[text]json.RawMessage{}
	for _, entry := range entries {
		byID[idOf(entry)] = entry
	}
	for i, raw := range alerts {
		opened := open(raw)
		if opened.hasDetails() {
			continue
		}
		entry, ok := byID[opened.Trigger.ID]
		if !ok && len(alerts) == 1 {
			entry, ok = entries[0], true
		}
		if ok {
			alerts[i] = withTrigger(raw, entry)
		}
	}
	return alerts, nil
}

// triggers reads the entries of the incident's log that say how it, or one of its alerts, was triggered; oldest first.
func (c *Client) triggers(ctx context.Context, id incident.ID) ([]json.RawMessage, error) {
	path, err := incidentPath(id)
	if err != nil {
		return nil, err
	}
	const page = 100
	var found []json.RawMessage
	for offset := 0; offset < 10*page; offset += page {
		var answer wireEntries
		_, err := c.library.request(ctx, http.MethodGet, path+"/log_entries",
			query("include[]", "channels", "limit", strconv.Itoa(page), "offset", strconv.Itoa(offset)), nil, &answer)
		if err != nil {
			return nil, err
		}
		for _, entry := range answer.Entries {
			var kind struct {
				Type text `json:"type"`
			}
			if unmarshalLenient(entry, &kind) == nil && kind.Type == "trigger_log_entry" {
				found = append(found, entry)
			}
		}
		if !answer.More || len(answer.Entries) == 0 {
			break
		}
	}
	slices.Reverse(found) // PagerDuty sends the newest first
	return found, nil
}

func idOf(raw json.RawMessage) text {
	var object struct {
		ID text `json:"id"`
	}
	_ = unmarshalLenient(raw, &object)
	return object.ID
}

// withTrigger puts the whole log entry into an alert, where PagerDuty itself puts it when it is asked to include it. So
// the alert as kept holds everything that was read.
func withTrigger(raw, entry json.RawMessage) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil || object == nil {
		return raw
	}
	object["first_trigger_log_entry"] = entry
	changed, err := json.Marshal(object)
	if err != nil {
		return raw
	}
	return changed
}

// alertOf makes an alert of an incident that has none.
func alertOf(inc incident.Incident) json.RawMessage {
	raw, err := json.Marshal(map[string]any{
		"type":       "alert",
		"summary":    inc.Title,
		"alert_key":  inc.Key,
		"created_at": inc.CreatedAt.Format(time.RFC3339),
	})
	if err != nil {
		return json.RawMessage(`{"type":"alert"}`)
	}
	return raw
}
