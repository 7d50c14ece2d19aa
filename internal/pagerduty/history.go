package pagerduty

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shodo/internal/incident"
)

// This file reads the history of the account: what happened before there was an engine.

// HistoryLimit is how many elements of a list can be read: PagerDuty refuses an offset and a limit of more together. Source:
// "Pagination" in PagerDuty's REST API documentation.
const HistoryLimit = 10_000

// historyPage is the size of a page; PagerDuty gives no larger ones.
const historyPage = 100

// History reads a page of the incidents that were created in [q.Since, q.Until], oldest first, with the log entry that
// triggered each unless q.Bare. Total is known for the first page. An element that cannot be read is counted, and stops nothing.
func (c *Client) History(ctx context.Context, q incident.HistoryQuery) (incident.HistoryPage, error) {
	values := historyQuery(q)
	values.Set("sort_by", "created_at:asc,incident_number:asc") // the number tells those of one second apart, on whichever page they are
	if !q.Bare {
		values.Add("include[]", "first_trigger_log_entries")
	}
	for _, id := range q.Services {
		if !isID(string(id)) {
			return incident.HistoryPage{}, fmt.Errorf("%w: %q is no id of a service", ErrNotFound, id)
		}
		values.Add("service_ids[]", string(id))
	}
	var answer struct {
		Incidents []json.RawMessage `json:"incidents"`
		pagination
	}
	_, err := c.library.request(ctx, http.MethodGet, "/incidents", values, nil, &answer)
	if errors.Is(err, ErrTooLarge) && !q.Bare { // a hundred triggers may hold half a megabyte each
		values.Del("include[]")
		_, err = c.library.request(ctx, http.MethodGet, "/incidents", values, nil, &answer)
	}
	if err == nil && answer.Incidents == nil {
		err = holdsNo("incidents", "/incidents")
	}
	if err != nil {
		return incident.HistoryPage{}, fmt.Errorf("read the incidents created from %s to %s: %w", rfc(q.Since), rfc(q.Until), err)
	}
	page := incident.HistoryPage{Total: int(answer.Total), More: answer.More}
	for _, raw := range answer.Incidents {
		if one, ok := listed(raw); ok {
			page.Incidents = append(page.Incidents, one)
		} else {
			page.Unreadable++
		}
	}
	return page, nil
}

// pagination is the foot of a page.
type pagination struct {
	More  bool    `json:"more"`
	Total float64 `json:"total"` // null unless it was asked for
}

// holdsNo is of an answer without the list that was asked for. It is no empty list: whatever answered, it was not PagerDuty's API.
func holdsNo(what, path string) *Error {
	return &Error{Method: http.MethodGet, Path: path, kind: ErrUnavailable, Message: "the answer holds no " + what}
}

// listed reads one incident of a list. When a resolved one was resolved must be told.
func listed(raw json.RawMessage) (incident.HistoryIncident, bool) {
	var wire struct {
		wireIncident
		ResolvedAt   text            `json:"resolved_at"`
		LastChangeAt text            `json:"last_status_change_at"`
		Trigger      json.RawMessage `json:"first_trigger_log_entry"`
		Counts       struct {
			All text `json:"all"`
		} `json:"alert_counts"` // not all answers have it
	}
	if unmarshalLenient(raw, &wire) != nil {
		return incident.HistoryIncident{}, false
	}
	one := incident.HistoryIncident{Incident: wire.incident(), ResolvedAt: parseTime(string(wire.ResolvedAt)), Trigger: wire.Trigger}
	if !isID(string(one.ID)) || one.CreatedAt.IsZero() || one.Status == "" {
		return incident.HistoryIncident{}, false
	}
	one.AlertCount, _ = strconv.Atoi(string(wire.Counts.All)) // what is no number says nothing
	one.NoAlerts = wire.Counts.All == "0"
	if one.Status != incident.Resolved {
		one.ResolvedAt = time.Time{}
	} else if one.ResolvedAt.IsZero() {
		if one.ResolvedAt = parseTime(string(wire.LastChangeAt)); one.ResolvedAt.IsZero() {
			return incident.HistoryIncident{}, false
		}
	}
	one.Fingerprint = fingerprint(one, string(wire.LastChangeAt))
	return one, true
}

// fingerprint is of what does not change by itself once an incident is resolved.
func fingerprint(one incident.HistoryIncident, changed string) string {
	i := one.Incident
	raw, _ := json.Marshal([]any{i.ID, i.Title, i.Status, i.Urgency, i.Priority, i.Service.ID, i.CreatedAt, i.MergedInto, i.AlertCount, one.ResolvedAt, changed}) // it always has a JSON form
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// Log reads a page of the account's log of a time, with the most important changes of each incident only.
func (c *Client) Log(ctx context.Context, q incident.HistoryQuery) (incident.LogPage, error) {
	values := historyQuery(q)
	values.Set("is_overview", "true")
	page, err := c.logPage(ctx, "/log_entries", values)
	if err != nil {
		return page, fmt.Errorf("read the log from %s to %s: %w", rfc(q.Since), rfc(q.Until), err)
	}
	return page, nil
}

// LogOf reads the log of one incident, the most important changes only, at most 1,000.
func (c *Client) LogOf(ctx context.Context, id incident.ID) (incident.LogPage, error) {
	path, err := incidentPath(id)
	if err != nil {
		return incident.LogPage{}, err
	}
	var all incident.LogPage
	for offset := 0; offset < 1000; offset += historyPage {
		page, err := c.logPage(ctx, path+"/log_entries", query("is_overview", "true", "limit", strconv.Itoa(historyPage), "offset", strconv.Itoa(offset)))
		if err != nil {
			return all, fmt.Errorf("read the log of incident %q: %w", id, err)
		}
		for i := range page.Entries {
			page.Entries[i].Incident = id
		}
		all.Entries = append(all.Entries, page.Entries...)
		all.Unreadable += page.Unreadable
		if !page.More || len(page.Entries)+page.Unreadable == 0 {
			break
		}
	}
	return all, nil
}

func (c *Client) logPage(ctx context.Context, path string, values url.Values) (incident.LogPage, error) {
	var answer struct {
		Entries []json.RawMessage `json:"log_entries"`
		pagination
	}
	if _, err := c.library.request(ctx, http.MethodGet, path, values, nil, &answer); err != nil {
		return incident.LogPage{}, err
	}
	if answer.Entries == nil {
		return incident.LogPage{}, holdsNo("log_entries", path)
	}
	page := incident.LogPage{Total: int(answer.Total), More: answer.More}
	for _, raw := range answer.Entries {
		if entry, ok := logEntry(raw); ok {
			page.Entries = append(page.Entries, entry)
		} else {
			page.Unreadable++
		}
	}
	return page, nil
}

// logEntry reads one line of a log. Only what history needs is decoded: the details of an entry have no published form.
func logEntry(raw json.RawMessage) (incident.LogEntry, bool) {
	var wire struct {
		ID        text      `json:"id"`
		Type      text      `json:"type"`
		Summary   text      `json:"summary"`
		CreatedAt text      `json:"created_at"`
		Agent     reference `json:"agent"`
		Incident  reference `json:"incident"`
		Channel   struct {
			Type text `json:"type"`
		} `json:"channel"`
	}
	if unmarshalLenient(raw, &wire) != nil {
		return incident.LogEntry{}, false
	}
	kind := strings.TrimSuffix(strings.TrimSuffix(string(wire.Type), "_reference"), "_log_entry")
	entry := incident.LogEntry{ID: string(wire.ID), Incident: incident.ID(wire.Incident.ID), Kind: kind, At: parseTime(string(wire.CreatedAt)),
		Agent: wire.Agent.agent(), Channel: string(wire.Channel.Type), Summary: cut(clean(string(wire.Summary)), maxSummary)}
	return entry, entry.ID != "" && kind != "" && !entry.At.IsZero()
}

// Alerts reads the incident's alerts, oldest first, at most [incident.MaxAlerts], in the form that [Normalise] gives. The log
// entry of the list stands in for what an alert lacks, and for the alert of an incident that has none.
func (c *Client) Alerts(ctx context.Context, one incident.HistoryIncident) ([]incident.Alert, error) {
	if one.NoAlerts {
		return TriggerAlert(one), nil
	}
	raw, err := c.alerts(ctx, one.ID)
	if err != nil {
		return nil, fmt.Errorf("read the alerts of incident %q: %w", one.ID, err)
	}
	if len(raw) == 0 {
		return TriggerAlert(one), nil
	}
	if len(raw) == 1 && !open(raw[0]).hasDetails() && len(one.Trigger) > 0 {
		raw[0] = withTrigger(raw[0], one.Trigger)
	}
	var list []incident.Alert
	for _, received := range raw {
		alert := Normalise(received)
		fill(&alert.Summary, one.Title)
		list = append(list, alert)
	}
	return list, nil
}

// TriggerAlert makes an incident's alert of the log entry that triggered it, without asking PagerDuty; nil when that entry tells nothing.
func TriggerAlert(one incident.HistoryIncident) []incident.Alert {
	if len(one.Trigger) == 0 {
		return nil
	}
	made := withTrigger(alertOf(one.Incident), one.Trigger)
	if !open(made).hasDetails() {
		return nil
	}
	alert := Normalise(made)
	fill(&alert.Summary, one.Title)
	return []incident.Alert{alert}
}

func historyQuery(q incident.HistoryQuery) url.Values {
	values := query("since", rfc(q.Since), "until", rfc(q.Until), "limit", strconv.Itoa(historyPage), "offset", strconv.Itoa(q.Offset), "time_zone", "UTC")
	if q.Offset == 0 {
		values.Set("total", "true")
	}
	return values
}

func rfc(t time.Time) string { return t.UTC().Format(time.RFC3339) }
