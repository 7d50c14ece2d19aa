package history

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// TestStories: who did what, in the words of PagerDuty's log, and what the record makes of it.
func TestStories(t *testing.T) {
	created := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	aiko := incident.Agent{ID: "PAIKO01", Name: "Aiko", Type: "user_reference"}
	engine := incident.Agent{ID: "PBOT001", Name: "shodo", Type: "user_reference"}
	service := incident.Agent{ID: "PWEB001", Name: "web", Type: "service_reference"}
	integration := incident.Agent{ID: "PINT001", Type: "events_api_v2_inbound_integration_reference"}
	line := func(minute int, kind string, by incident.Agent, channel string) incident.LogEntry {
		return incident.LogEntry{ID: kind, Kind: kind, At: created.Add(time.Duration(minute) * time.Minute), Agent: by, Channel: channel}
	}
	triggered := line(0, "trigger", service, "api")
	type want struct {
		Outcome incident.Outcome
		Taken   int // minute; -1: nobody took it
		End     int // minute
		Decided int // minute of the outcome
	}
	for _, c := range []struct {
		name string
		one  incident.HistoryIncident
		log  []incident.LogEntry
		want want
	}{
		{"the monitor, by its events", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(5, "resolve", service, "api")}, want{incident.ResolvedUpstream, -1, 5, 5}},
		{"the monitor, by mail", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(5, "resolve", service, "email")}, want{incident.ResolvedUpstream, -1, 5, 5}},
		{"the monitor, by an integration", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(5, "resolve", integration, "")}, want{incident.ResolvedUpstream, -1, 5, 5}},
		{"PagerDuty's timeout", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(240, "resolve", service, "timeout")}, want{incident.Unmatched, -1, 240, 0}},
		{"PagerDuty by itself", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(240, "resolve", service, "auto")}, want{incident.Unmatched, -1, 240, 0}},
		{"a channel that is not known", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(9, "resolve", service, "pigeon")}, want{incident.Unmatched, -1, 9, 0}},
		{"a person", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(2, "acknowledge", aiko, "mobile"), line(9, "resolve", aiko, "website")}, want{incident.Unmatched, 2, 9, 0}},
		{"a person without an acknowledgement", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(9, "resolve", aiko, "website")}, want{incident.Unmatched, -1, 9, 0}},
		{"the monitor, after a person had taken it", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(2, "acknowledge", aiko, "mobile"), line(9, "resolve", service, "api")}, want{incident.Unmatched, 2, 9, 0}},
		{"the monitor, after a person had reassigned it", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(2, "assign", aiko, "website"), line(9, "resolve", service, "api")}, want{incident.Unmatched, -1, 9, 0}},
		{"the monitor of what a person began", incident.HistoryIncident{}, []incident.LogEntry{line(0, "trigger", aiko, "website"), line(9, "resolve", service, "api")}, want{incident.ResolvedUpstream, -1, 9, 9}},
		{"the engine's user is no person", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(1, "acknowledge", engine, "api"), line(9, "resolve", engine, "api")}, want{incident.Unmatched, -1, 9, 0}},
		{"the engine acknowledged, and the monitor resolved", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(1, "acknowledge", engine, "api"), line(9, "resolve", service, "api")}, want{incident.ResolvedUpstream, -1, 9, 9}},
		{"a merge is no recovery", incident.HistoryIncident{Incident: incident.Incident{MergedInto: "Q2"}}, []incident.LogEntry{triggered, line(9, "resolve", service, "api")}, want{incident.Unmatched, -1, 9, 0}},
		{"reopened: the first end counts", incident.HistoryIncident{}, []incident.LogEntry{triggered, line(2, "acknowledge", aiko, "mobile"), line(9, "resolve", aiko, "website"), line(60, "acknowledge", aiko, "mobile"), line(90, "resolve", aiko, "website")}, want{incident.Unmatched, 2, 9, 0}},
		{"without a log, by a person", incident.HistoryIncident{Incident: incident.Incident{LastChangeBy: aiko}}, nil, want{incident.Unmatched, -1, 30, 0}},
		{"without a log, by nobody knows whom", incident.HistoryIncident{Incident: incident.Incident{LastChangeBy: service}}, nil, want{incident.Unmatched, -1, 30, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.one.ID, c.one.CreatedAt, c.one.ResolvedAt = "Q1", created, created.Add(30*time.Minute)
			r := recordOf(c.one, c.log, incident.Customer{ID: "acme"}, "PBOT001")
			minute := func(at time.Time) int { return int(at.Sub(created).Minutes()) }
			got := want{Taken: -1, End: -1}
			for _, n := range r.Transitions {
				switch n.Kind {
				case incident.Ended:
					got.Outcome, got.Decided = n.Outcome, minute(n.At)
				case incident.PersonTook:
					got.Taken = minute(n.At)
				case incident.ResponseEnd:
					got.End = minute(n.At)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if !r.IsImported() || r.Customer.ID != "acme" {
				t.Errorf("the record is %+v", r)
			}
		})
	}
}
