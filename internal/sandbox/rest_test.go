package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"

	"shodo/internal/sandbox"
)

// do sends a request and gives the status, the error code and the body.
func (a *account) do(t *testing.T, method, path, body string, header map[string]string) (*http.Response, int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Token token=token")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Error struct {
			Code int `json:"code"`
		} `json:"error"`
	}
	var all map[string]any
	if len(raw) > 0 && (json.Unmarshal(raw, &parsed) != nil || json.Unmarshal(raw, &all) != nil) {
		t.Fatalf("%s %s: not JSON: %s", method, path, raw)
	}
	return response, parsed.Error.Code, all
}

func TestRefusals(t *testing.T) {
	from := map[string]string{"From": bot}
	for name, test := range map[string]struct {
		method, path, body string
		header             map[string]string
		status, code       int
	}{
		"no such incident":      {"GET", "/incidents/QNONE", "", nil, 404, 2100},
		"no such service":       {"GET", "/services/PNONE", "", nil, 404, 2100},
		"a wrong token":         {"GET", "/incidents", "", map[string]string{"Authorization": "Token token=other"}, 401, 2006},
		"an unknown From":       {"POST", "/incidents/ID/notes", `{"note":{"content":"x"}}`, map[string]string{"From": "who@example.com"}, 400, 1008},
		"an empty note":         {"POST", "/incidents/ID/notes", `{"note":{"content":""}}`, from, 400, 2001},
		"an endless list":       {"GET", "/incidents?offset=9990&limit=100", "", nil, 400, 2001},
		"more than six months":  {"GET", "/incidents?since=2026-01-01T00:00:00Z&until=2026-11-01T00:00:00Z", "", nil, 400, 2001},
		"a user token's me":     {"GET", "/users/me", "", nil, 400, 2001},
		"a merge into itself":   {"PUT", "/incidents/ID/merge", `{"source_incidents":[]}`, from, 400, 2001},
		"a subscription's gone": {"POST", "/webhook_subscriptions/PNONE/ping", "", nil, 404, 2100},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, sandbox.PagerDutyOptions{Token: "token"})
			id := a.trigger(t)
			response, code, _ := a.do(t, test.method, strings.ReplaceAll(test.path, "ID", id), test.body, test.header)
			same(t, "status", response.StatusCode, test.status)
			same(t, "code", code, test.code)
		})
	}
}

// TestFromIsMissing goes past the check against the OpenAPI file, which refuses the request itself.
func TestFromIsMissing(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	id := a.trigger(t)
	r := newRequest(t, "PUT", "/incidents/"+id, `{"incident":{"type":"incident","status":"resolved"}}`)
	w := record(a.PagerDuty, r)
	same(t, "status", w.Code, 400)
	same(t, "state", a.incident(t, id).Status, "triggered")
}

func TestLists(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	ctx := t.Context()
	first := a.trigger(t)
	a.clock.Move(time.Minute)
	for _, key := range []string{"b", "c"} {
		if _, err := a.Trigger(sandbox.Alert{Service: "PWEB001", Summary: key, DedupKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.AcknowledgeAs("Aiko Tanaka", first); err != nil {
		t.Fatal(err)
	}
	count := func(o pd.ListIncidentsOptions) int {
		t.Helper()
		l, err := a.client.ListIncidentsWithContext(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		return len(l.Incidents)
	}
	same(t, "all", count(pd.ListIncidentsOptions{}), 3)
	same(t, "acknowledged", count(pd.ListIncidentsOptions{Statuses: []string{"acknowledged"}}), 1)
	same(t, "open", count(pd.ListIncidentsOptions{Statuses: []string{"acknowledged", "triggered"}}), 3)
	same(t, "of another service", count(pd.ListIncidentsOptions{ServiceIDs: []string{"PNONE"}}), 0)
	same(t, "by key", count(pd.ListIncidentsOptions{IncidentKey: "b"}), 1)
	same(t, "since", count(pd.ListIncidentsOptions{Since: a.clock.Now().Add(-time.Second).Format(time.RFC3339)}), 2)
	same(t, "of the last page", count(pd.ListIncidentsOptions{Limit: 2, Offset: 2}), 1)
	a.clock.Move(40 * 24 * time.Hour)
	same(t, "of the last month", count(pd.ListIncidentsOptions{}), 0)
	same(t, "of all time", count(pd.ListIncidentsOptions{DateRange: "all"}), 3)

	users, err := a.client.ListUsersWithContext(ctx, pd.ListUsersOptions{Query: "ben@"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "user", users.Users[0].Name, "Ben Carter")
	policy, err := a.client.GetEscalationPolicyWithContext(ctx, "POPS001", nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "level 2", policy.EscalationRules[1].Targets[0].ID, "PBEN001")
	service, err := a.client.GetServiceWithContext(ctx, "PWEB001", nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "acknowledgement timeout", *service.AcknowledgementTimeout, uint(1800))
	services, err := a.client.ListServicesWithContext(ctx, pd.ListServiceOptions{Query: "shop"})
	if err != nil || len(services.Services) != 1 {
		t.Errorf("services: %v, %v", services, err)
	}
	calls, err := a.client.ListOnCallsWithContext(ctx, pd.ListOnCallOptions{EscalationPolicyIDs: []string{"POPS001"}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "on call", calls.OnCalls[0].User.Summary, "Aiko Tanaka")
	if _, err := a.client.ListAbilitiesWithContext(ctx); err != nil {
		t.Error(err)
	}
}

func TestEventsAPI(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	ctx := t.Context()
	send := func(action, dedup string) error {
		_, err := a.client.ManageEventWithContext(ctx, &pd.V2Event{RoutingKey: "0123456789abcdef0123456789abcdef", Action: action,
			DedupKey: dedup, Payload: &pd.V2Payload{Summary: "disk full", Source: "db-1", Severity: "error", Details: "df says so"}})
		return err
	}
	for _, step := range []struct{ action, dedup string }{
		{"trigger", "disk"}, {"trigger", "disk"}, {"acknowledge", "disk"}, {"resolve", "disk"}, {"resolve", "disk"}, {"trigger", "disk"},
	} {
		if err := send(step.action, step.dedup); err != nil {
			t.Fatal(err)
		}
	}
	list, err := a.client.ListIncidentsWithContext(ctx, pd.ListIncidentsOptions{IncidentKey: "disk"})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Incidents) != 2 {
		t.Fatalf("%d incidents, want 2: an open key joins, a resolved one starts anew", len(list.Incidents))
	}
	id := list.Incidents[0].ID
	same(t, "events", a.events(id), []string{"incident.triggered", "incident.acknowledged", "incident.resolved"})
	alerts, err := a.client.ListIncidentAlertsWithContext(ctx, id, pd.ListIncidentAlertsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "alerts", len(alerts.Alerts), 1)
	same(t, "details that are a text", alerts.Alerts[0].Body["details"], any("df says so"))

	if err := send("close", "disk"); err == nil {
		t.Error("an unknown action was accepted")
	}
	if err := send("resolve", ""); err == nil {
		t.Error("a resolve without a key was accepted")
	}
}

func TestFaults(t *testing.T) {
	get := func(t *testing.T, a *account, id string) (*http.Response, error) {
		r := newRequest(t, "GET", "/incidents/"+id, "")
		r.URL.Scheme, r.URL.Host, r.RequestURI = "http", strings.TrimPrefix(a.url, "http://"), ""
		return http.DefaultClient.Do(r)
	}
	t.Run("too many requests, with and without headers", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		id := a.trigger(t)
		a.Inject(sandbox.Fault{Path: "/incidents/*", Status: 429, RetryAfter: 1500 * time.Millisecond, Times: 1})
		a.Inject(sandbox.Fault{Path: "/incidents/*", Status: 429, Times: 1})
		var got []string
		for range 3 {
			response, err := get(t, a, id)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			got = append(got, response.Status+" "+response.Header.Get("ratelimit-reset"))
		}
		same(t, "answers", got, []string{"429 Too Many Requests 2", "429 Too Many Requests ", "200 OK "})
	})
	t.Run("the answer is lost after the effect", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		id := a.trigger(t)
		a.Inject(sandbox.Fault{Method: "PUT", Path: "/incidents", LoseResponse: true, Times: 1})
		if err := a.update(t.Context(), pd.ManageIncidentsOptions{ID: id, Status: "acknowledged"}); err == nil {
			t.Error("an answer came")
		}
		same(t, "status", a.incident(t, id).Status, "acknowledged")
	})
	t.Run("it hangs", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		id := a.trigger(t)
		remove := a.Inject(sandbox.Fault{Hang: true})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := a.client.GetIncidentWithContext(ctx, id); err == nil {
			t.Error("an answer came")
		}
		remove()
		same(t, "status afterwards", a.incident(t, id).Status, "triggered")
	})
	t.Run("an outage", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		id := a.trigger(t)
		a.SetOutage(true)
		if response, err := get(t, a, id); err == nil {
			response.Body.Close()
			t.Error("an answer came")
		}
		a.SetOutage(false)
		same(t, "status afterwards", a.incident(t, id).Status, "triggered")
	})
	t.Run("alerts appear late", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		a.LateAlerts(2)
		id := a.trigger(t)
		var counts []int
		for range 3 {
			l, err := a.client.ListIncidentAlertsWithContext(t.Context(), id, pd.ListIncidentAlertsOptions{})
			if err != nil {
				t.Fatal(err)
			}
			counts = append(counts, len(l.Alerts))
		}
		same(t, "alerts", counts, []int{0, 0, 1})
	})
	t.Run("the limit of requests", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{RequestsPerMinute: 2})
		id := a.trigger(t)
		var got []string
		for n := range 4 {
			if n == 3 {
				a.clock.Move(time.Minute)
			}
			response, _, _ := a.do(t, "GET", "/incidents/"+id, "", nil)
			got = append(got, response.Status+" "+response.Header.Get("ratelimit-remaining"))
		}
		same(t, "answers", got, []string{"200 OK 1", "200 OK 0", "429 Too Many Requests 0", "200 OK 1"})
	})
}

func FuzzEnqueue(f *testing.F) {
	f.Add([]byte(`{"routing_key":"0123456789abcdef0123456789abcdef","event_action":"trigger","payload":{"summary":"s","source":"s","severity":"info","custom_details":[1]}}`))
	f.Add([]byte(`{"routing_key":1}`))
	f.Add([]byte(`{`))
	p, err := sandbox.NewPagerDuty(sandbox.PagerDutyOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.Close)
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRequest(t, "POST", "/v2/enqueue", "")
		r.Body = io.NopCloser(bytes.NewReader(body))
		if w := record(p, r); w.Code != 202 && w.Code != 400 {
			t.Errorf("status %d", w.Code)
		}
	})
}
