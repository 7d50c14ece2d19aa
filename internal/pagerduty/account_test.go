package pagerduty_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
	"shodo/internal/secret"
)

const (
	token = "u+NXtdMyL5XGvtJrsVKA"
	bot   = "PBOT001"
)

// account is a local PagerDuty whose every request and answer is checked against PagerDuty's OpenAPI file.
type account struct {
	*sandbox.PagerDuty
	*pagerduty.Client
	logged *bytes.Buffer

	mu    sync.Mutex
	calls []string // "GET /incidents/{id}"
}

func testAccount() sandbox.Account {
	return sandbox.Account{
		Users: []sandbox.User{
			{ID: bot, Name: "shodo", Email: "shodo@example.com", Bot: true},
			{ID: "PUSER01", Name: "Aoi", Email: "aoi+shodo@example.com"},
			{ID: "PUSER02", Name: "Ren", Email: "ren@example.com"},
		},
		Policies: []sandbox.Policy{
			{ID: "PPOLICY", Name: "Web", Levels: []sandbox.Level{{Users: []string{"PUSER01"}, Delay: time.Hour}, {Users: []string{"PUSER02"}, Delay: time.Hour}}},
			{ID: "PPOLIC2", Name: "Managers", Levels: []sandbox.Level{{Users: []string{"PUSER02"}, Delay: time.Hour}}},
		},
		Services: []sandbox.Service{
			{ID: "PWEB001", Name: "web", Policy: "PPOLICY", RoutingKey: strings.Repeat("a", 32), AckTimeout: 30 * time.Minute},
			{ID: "PDB0001", Name: "db", Policy: "PPOLICY", RoutingKey: strings.Repeat("b", 32)},
		},
	}
}

func newAccount(t *testing.T, change ...func(*pagerduty.Options)) *account {
	t.Helper()
	local, err := sandbox.NewPagerDuty(sandbox.PagerDutyOptions{Account: testAccount(), Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(local.Close)
	server := httptest.NewServer(sandboxtest.Checked(t)(local))
	t.Cleanup(server.Close)

	a := &account{PagerDuty: local, logged: &bytes.Buffer{}}
	options := pagerduty.Options{
		APIURL: server.URL + "/", Token: secret.New(token), From: "shodo@example.com",
		Log: slog.New(slog.NewTextHandler(a.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Observe: func(call pagerduty.Call) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.calls = append(a.calls, call.Method+" "+call.Route)
		},
	}
	for _, c := range change {
		c(&options)
	}
	a.Client = pagerduty.NewClient(options)
	return a
}

// asked gives the tries since the last time.
func (a *account) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	calls := a.calls
	a.calls = nil
	return calls
}

func (a *account) trigger(t *testing.T, alert sandbox.Alert) incident.ID {
	t.Helper()
	if alert.Service == "" {
		alert.Service = "PWEB001"
	}
	if alert.Summary == "" {
		alert.Summary = "web-1 does not answer"
	}
	id, err := a.Trigger(alert)
	if err != nil {
		t.Fatal(err)
	}
	return incident.ID(id)
}

func (a *account) status(t *testing.T, id incident.ID) incident.Incident {
	t.Helper()
	inc, err := a.Status(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return inc
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// notes gives the notes of an incident, oldest first, from the events that told them.
func notes(t *testing.T, a *account, id incident.ID) []string {
	t.Helper()
	var found []string
	for _, event := range a.Events() {
		if event.Type == "incident.annotated" && event.Incident == string(id) {
			found = append(found, content(t, event.Body))
		}
	}
	return found
}

// serve runs the account on another address and tells of each request, before and after it is served.
func serve(t *testing.T, a *account, tell func(r *http.Request, served bool)) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tell(r, false)
		a.ServeHTTP(w, r)
		tell(r, true)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// newAccountOn gives the same local PagerDuty with another client.
func newAccountOn(t *testing.T, a *account, change func(*pagerduty.Options)) *account {
	t.Helper()
	options := pagerduty.Options{APIURL: serve(t, a, func(*http.Request, bool) {}), Token: secret.New(token), From: "shodo@example.com"}
	change(&options)
	return &account{PagerDuty: a.PagerDuty, Client: pagerduty.NewClient(options), logged: &bytes.Buffer{}}
}

func content(t *testing.T, body []byte) string {
	t.Helper()
	var event struct {
		Event struct {
			Data struct {
				Content string `json:"content"`
			} `json:"data"`
		} `json:"event"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		t.Fatal(err)
	}
	return event.Event.Data.Content
}

// Note is the client's; the local PagerDuty has one too.
func (a *account) Note(ctx context.Context, id incident.ID, key, text string, mayExist bool) error {
	return a.Client.Note(ctx, id, key, text, mayExist)
}
