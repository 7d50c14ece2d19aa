package pagerduty

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/secret"
)

// paths is a PagerDuty that answers by path; what is not in it is not found.
func paths(t *testing.T, answers map[string]string) (*Client, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.Path]
		if !ok {
			http.Error(w, `{"error":{"code":2100,"message":"Not Found"}}`, http.StatusNotFound)
			return
		}
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	var logged bytes.Buffer
	return NewClient(Options{APIURL: server.URL, Token: secret.New(testToken), Log: slog.New(slog.NewTextHandler(&logged, nil))}), &logged
}

const oldIncident = `{"incident":{"id":"P1","title":"Backup failed","status":"triggered","created_at":"2026-11-20T03:00:00Z","incident_key":"k","service":{"id":"S1"}}}`

func TestReadServiceWithoutAlerts(t *testing.T) {
	c, _ := paths(t, map[string]string{
		"/incidents/P1":        oldIncident,
		"/services/S1":         `{"service":{"acknowledgement_timeout":null}}`,
		"/incidents/P1/alerts": `{"alerts":[],"more":false}`,
		"/incidents/P1/log_entries": `{"log_entries":[
			{"id":"R3","type":"notify_log_entry"},
			{"id":"R2","type":"trigger_log_entry","channel":{"type":"email","subject":"again"}},
			{"id":"R1","type":"trigger_log_entry","event_details":{"a":{"nested":1}},"channel":{"type":"email","subject":"Backup failed","from":"cron@example.com","body":"exit 23"}}]}`,
	})
	got, err := c.Read(t.Context(), "P1")
	if err != nil {
		t.Fatal(err)
	}
	alert := got.First()
	if len(got.Alerts) != 1 || got.AlertCount != 0 || alert.Summary != "Backup failed" || alert.DedupKey != "k" || !alert.CreatedAt.Equal(got.CreatedAt) {
		t.Errorf("alerts %+v", got.Alerts)
	}
	if diff := cmp.Diff(map[string]any{"subject": "Backup failed", "from": "cron@example.com", "text": "exit 23"}, alert.Details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

func TestReadIncidentMadeByAPerson(t *testing.T) {
	c, _ := paths(t, map[string]string{
		"/incidents/P1":             oldIncident,
		"/services/S1":              `{"service":{}}`,
		"/incidents/P1/alerts":      `{"alerts":[],"more":false}`,
		"/incidents/P1/log_entries": `{"log_entries":[{"id":"R1","type":"trigger_log_entry","channel":{"type":"web_trigger","summary":"x"}}]}`,
	})
	got, err := c.Read(t.Context(), "P1")
	if err != nil || len(got.Alerts) != 0 || got.First().Summary != "Backup failed" {
		t.Errorf("alerts %+v, error %v", got.Alerts, err)
	}
}

func TestReadMatchesLogEntriesToAlerts(t *testing.T) {
	c, _ := paths(t, map[string]string{
		"/incidents/P1": oldIncident,
		"/services/S1":  `{"service":{}}`,
		"/incidents/P1/alerts": `{"alerts":[
			{"id":"A1","summary":"first","first_trigger_log_entry":{"id":"R1"}},
			{"id":"A2","summary":"second","body":{"details":{"own":true}},"first_trigger_log_entry":{"id":"R2"}},
			{"id":"A3","summary":"","first_trigger_log_entry":{"id":"R3"}},
			{"id":"A4","summary":"none","first_trigger_log_entry":{"id":"R9"}}]}`,
		"/incidents/P1/log_entries": `{"log_entries":[
			{"id":"R3","type":"trigger_log_entry","channel":{"type":"api","details":{"n":3}}},
			{"id":"R2","type":"trigger_log_entry","channel":{"type":"api","details":{"n":2}}},
			{"id":"R1","type":"trigger_log_entry","channel":{"type":"api","details":"one"}}]}`,
	})
	got, err := c.Read(t.Context(), "P1")
	if err != nil {
		t.Fatal(err)
	}
	var details []map[string]any
	for _, alert := range got.Alerts {
		details = append(details, alert.Details)
	}
	want := []map[string]any{{"text": "one"}, {"own": true}, {"n": 3.0}, {}}
	if diff := cmp.Diff(want, details); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	if got.Alerts[2].Summary != "Backup failed" {
		t.Errorf("an alert without a summary has %q", got.Alerts[2].Summary)
	}
}

func TestReadHugeAlertsInSmallerPages(t *testing.T) {
	var limits []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/alerts") {
			io.WriteString(w, openIncident)
			return
		}
		limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		limits = append(limits, fmt.Sprintf("%d+%d", offset, limit))
		var alerts []string
		for n := offset; n < min(offset+limit, 12); n++ {
			alerts = append(alerts, fmt.Sprintf(`{"id":"A%d","body":{"details":{"log":%q}}}`, n, strings.Repeat("x", 1_000_000)))
		}
		fmt.Fprintf(w, `{"alerts":[%s],"more":%v}`, strings.Join(alerts, ","), offset+limit < 12)
	}))
	defer server.Close()
	got, err := NewClient(Options{APIURL: server.URL}).Read(t.Context(), "P1")
	if err != nil || len(got.Alerts) != 12 || got.Alerts[11].ID != "A11" {
		t.Errorf("%d alerts, error %v", len(got.Alerts), err)
	}
	if diff := cmp.Diff([]string{"0+100", "0+10", "10+10"}, limits); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

func TestServiceThatCannotBeSeen(t *testing.T) {
	c, logged := paths(t, map[string]string{"/incidents/P1": oldIncident})
	got, err := c.Status(t.Context(), "P1")
	if err != nil || got.AckTimeout {
		t.Errorf("ack timeout %v, error %v; want the careful answer", got.AckTimeout, err)
	}
	if !strings.Contains(logged.String(), "incident=P1") {
		t.Errorf("log %q", logged)
	}
}

func TestServiceThatCannotBeReadNow(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/services/") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, oldIncident)
	}))
	defer server.Close()
	if _, err := NewClient(Options{APIURL: server.URL}).Status(t.Context(), "P1"); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("error %v, want ErrUnauthorized", err)
	}
}

func TestAnnouncedEndOfAnAcknowledgement(t *testing.T) {
	c, _ := paths(t, map[string]string{"/incidents/P1": openIncident}) // no service to be read
	got, err := c.Status(t.Context(), "P1")
	if err != nil || !got.AckTimeout || got.Status != incident.Triggered {
		t.Errorf("incident %+v, error %v", got, err)
	}
}
