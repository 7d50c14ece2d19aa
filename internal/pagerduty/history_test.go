package pagerduty_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
)

var past = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)

// answers is a transport that answers instead of a server, and remembers what was asked.
type answers struct {
	body  func(r *http.Request) string
	asked []string
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked = append(a.asked, r.URL.Host+r.URL.Path)
	w := httptest.NewRecorder()
	w.WriteString(a.body(r))
	return w.Result(), nil
}

func (a *answers) client(url string) *pagerduty.Client {
	return pagerduty.NewClient(pagerduty.Options{APIURL: url, Token: secret.New("t"), From: "shodo@example.com", HTTPClient: &http.Client{Transport: a}})
}

func TestHistoryPages(t *testing.T) {
	a := newAccount(t)
	if _, err := a.AddHistory(sandbox.History{Since: past, Until: past.AddDate(0, 1, 0), Count: 250, Services: []string{"PWEB001", "PDB0001"}}); err != nil {
		t.Fatal(err)
	}
	q := incident.HistoryQuery{Since: past, Until: past.AddDate(0, 1, 0)}
	for _, want := range []struct {
		offset, count, total int
		more                 bool
	}{{0, 100, 250, true}, {100, 100, 0, true}, {200, 50, 0, false}} {
		q.Offset = want.offset
		page, err := a.History(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Incidents) != want.count || page.Total != want.total || page.More != want.more {
			t.Errorf("from %d: %d incidents of %d, more %v", want.offset, len(page.Incidents), page.Total, page.More)
		}
	}
	q.Offset, q.Services = 0, []incident.ServiceID{"PDB0001"}
	page, err := a.History(t.Context(), q)
	if err != nil || page.Total != 125 {
		t.Errorf("of a service: %d, %v", page.Total, err)
	}
	log, err := a.Log(t.Context(), incident.HistoryQuery{Since: past, Until: past.AddDate(0, 0, 1)})
	if err != nil || len(log.Entries) == 0 || log.Entries[0].Incident == "" || log.Entries[0].Kind != "resolve" || log.Entries[0].Agent.Name != "Ren" {
		t.Errorf("the log is %+v, %v", log, err)
	}
}

// The alert that is made of a log entry is the alert that PagerDuty has, but for its id.
func TestTriggerAlertIsTheAlert(t *testing.T) {
	a := newAccount(t)
	if _, err := a.AddHistory(sandbox.History{Since: past, Until: past.AddDate(0, 0, 1), Count: 10}); err != nil {
		t.Fatal(err)
	}
	page, err := a.History(t.Context(), incident.HistoryQuery{Since: past, Until: past.AddDate(0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range page.Incidents {
		read, err := a.Alerts(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		made := pagerduty.TriggerAlert(one)
		if one.NoAlerts {
			if len(read) != 0 || len(made) != 0 {
				t.Errorf("%s was made by a person: %v, %v", one.ID, read, made)
			}
			continue
		}
		for _, alert := range []*incident.Alert{&read[0], &made[0]} {
			alert.ID, alert.Raw, alert.DedupKey = "", nil, ""
		}
		if diff := cmp.Diff(read[0], made[0]); diff != "" {
			t.Errorf("%s: %s", one.ID, diff)
		}
	}
}

// The region is that of the settings, whatever the links in answers say.
func TestHistoryOfTheEURegion(t *testing.T) {
	a := &answers{body: func(r *http.Request) string {
		return `{"incidents": [{"id": "Q1", "status": "resolved", "created_at": "2026-04-01T00:00:00Z", "resolved_at": "2026-04-01T00:05:00Z", "self": "https://api.pagerduty.com/incidents/Q1"}],
			"log_entries": [], "alerts": [], "more": false}`
	}}
	c := a.client(pagerduty.APIURLEU)
	page, err := c.History(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
	if err != nil || len(page.Incidents) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if _, err := c.Alerts(t.Context(), page.Incidents[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.LogOf(t.Context(), "Q1"); err != nil {
		t.Fatal(err)
	}
	want := []string{"api.eu.pagerduty.com/incidents", "api.eu.pagerduty.com/incidents/Q1/alerts", "api.eu.pagerduty.com/incidents/Q1/log_entries"}
	if diff := cmp.Diff(want, a.asked); diff != "" {
		t.Error(diff)
	}
}

// A page whose triggers are too large is read without them.
func TestHistoryTooLarge(t *testing.T) {
	a := &answers{body: func(r *http.Request) string {
		trigger := ""
		if r.URL.Query().Has("include[]") {
			trigger = strings.Repeat("x", 11<<20)
		}
		return fmt.Sprintf(`{"incidents": [{"id": "Q1", "status": "resolved", "created_at": "2026-04-01T00:00:00Z", "resolved_at": "2026-04-01T00:05:00Z", "first_trigger_log_entry": {"x": %q}}]}`, trigger)
	}}
	page, err := a.client(pagerduty.APIURL).History(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
	if err != nil || len(page.Incidents) != 1 || page.Incidents[0].NoAlerts {
		t.Errorf("%d incidents, %v", len(page.Incidents), err)
	}
}

// An answer without the list that was asked for is no empty list: an import would take the time for read.
func TestNoListIsNotAnEmptyOne(t *testing.T) {
	for _, body := range []string{`{}`, `null`, `{"message": "We are down for maintenance"}`, `{"incidents": null, "log_entries": "none", "alerts": {}}`} {
		a := &answers{body: func(*http.Request) string { return body }}
		c := a.client(pagerduty.APIURL)
		q := incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)}
		_, list := c.History(t.Context(), q)
		_, log := c.Log(t.Context(), q)
		_, logOf := c.LogOf(t.Context(), "Q1")
		_, alerts := c.Alerts(t.Context(), incident.HistoryIncident{Incident: incident.Incident{ID: "Q1"}})
		for name, err := range map[string]error{"list": list, "log": log, "log of one": logOf, "alerts": alerts} {
			if !errors.Is(err, pagerduty.ErrUnavailable) || !strings.Contains(err.Error(), "the answer holds no ") {
				t.Errorf("%s, %s: error %v", body, name, err)
			}
		}
	}
}

// One that is resolved, nobody knows when, would have no end in the record, or one at the beginning of time.
func TestResolvedWithoutATime(t *testing.T) {
	a := &answers{body: func(*http.Request) string {
		return `{"incidents": [{"id": "Q1", "status": "resolved", "created_at": "2026-04-01T00:00:00Z", "resolved_at": null},
			{"id": "Q2", "status": "resolved", "created_at": "2026-04-01T00:00:00Z", "resolved_at": null, "last_status_change_at": "2026-04-01T00:07:00Z"}]}`
	}}
	page, err := a.client(pagerduty.APIURL).History(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
	if err != nil || page.Unreadable != 1 || len(page.Incidents) != 1 || page.Incidents[0].ResolvedAt.Minute() != 7 {
		t.Errorf("%+v, %v", page, err)
	}
}

// Only a count of 0 says that there are no alerts; anything else is asked for.
func TestAlertCounts(t *testing.T) {
	for counts, want := range map[string]bool{`{"all": 0}`: true, `{"all": 2}`: false, `{"all": "2"}`: false, `{"all": "many"}`: false, `{"all": null}`: false, `{}`: false, `null`: false, `[]`: false} {
		a := &answers{body: func(*http.Request) string {
			return `{"incidents": [{"id": "Q1", "status": "triggered", "created_at": "2026-04-01T00:00:00Z", "alert_counts": ` + counts + `}]}`
		}}
		page, err := a.client(pagerduty.APIURL).History(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
		if err != nil || len(page.Incidents) != 1 || page.Incidents[0].NoAlerts != want {
			t.Errorf("%s: %+v, %v", counts, page.Incidents, err)
		}
	}
}

func TestHistoryIDs(t *testing.T) {
	a := &answers{body: func(*http.Request) string { return `{}` }}
	c := a.client(pagerduty.APIURL)
	if _, err := c.LogOf(t.Context(), "../users"); !errors.Is(err, pagerduty.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if _, err := c.History(t.Context(), incident.HistoryQuery{Since: past, Until: past, Services: []incident.ServiceID{"a/b"}}); !errors.Is(err, pagerduty.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if len(a.asked) != 0 {
		t.Errorf("asked was %v", a.asked)
	}
}

func TestPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		r := pagerduty.Paced(60)
		for range 4 {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "paced://nowhere", nil)
			_, _ = r.RoundTrip(req) // there is no such protocol: only the waiting is looked at
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("four requests at 60 a minute took %s", took)
		}
	})
}

// Whatever a list holds, it is read or counted.
func FuzzHistory(f *testing.F) {
	f.Add(`{"id": "Q1", "status": "resolved", "created_at": "2026-04-01T00:00:00Z", "resolved_at": null, "alert_counts": {"all": "x"}, "first_trigger_log_entry": 7}`)
	f.Add(`{"id": 7, "type": "resolve_log_entry", "created_at": "2026-04-01T00:00:00Z", "channel": [], "agent": null, "event_details": {"a": {"b": 1}}}`)
	f.Add(`[[]]`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, element string) {
		if !json.Valid([]byte(element)) {
			return
		}
		a := &answers{body: func(*http.Request) string {
			return `{"incidents": [` + element + `], "log_entries": [` + element + `], "total": 1}`
		}}
		c := a.client(pagerduty.APIURL)
		page, err := c.History(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
		if err != nil || len(page.Incidents)+page.Unreadable != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		for _, one := range page.Incidents {
			pagerduty.TriggerAlert(one)
			if one.ID == "" || one.CreatedAt.IsZero() || one.Fingerprint == "" {
				t.Errorf("%+v", one)
			}
		}
		log, err := c.Log(t.Context(), incident.HistoryQuery{Since: past, Until: past.Add(time.Hour)})
		if err != nil || len(log.Entries)+log.Unreadable != 1 {
			t.Fatalf("%+v, %v", log, err)
		}
	})
}
