package sandbox_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	pd "github.com/PagerDuty/go-pagerduty"
	"github.com/google/go-cmp/cmp"

	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
)

const bot = "shodo@example.com"

// clock is a time that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// account is a PagerDuty under test, its REST API behind PagerDuty's OpenAPI file, and a client.
type account struct {
	*sandbox.PagerDuty
	clock  *clock
	url    string
	client *pd.Client
}

func newAccount(t *testing.T, opts sandbox.PagerDutyOptions) *account {
	t.Helper()
	c := newClock()
	if opts.Clock == nil {
		opts.Clock = c.Now
	}
	if opts.RetryBackoff == 0 {
		opts.RetryBackoff = time.Millisecond
	}
	p, err := sandbox.NewPagerDuty(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	server := httptest.NewServer(sandboxtest.Checked(t)(p))
	t.Cleanup(server.Close)
	client := pd.NewClient("token", pd.WithAPIEndpoint(server.URL), pd.WithV2EventsAPIEndpoint(server.URL))
	return &account{PagerDuty: p, clock: c, url: server.URL, client: client}
}

func (a *account) trigger(t *testing.T) string {
	t.Helper()
	id, err := a.Trigger(sandbox.Alert{Service: "Web shop", Summary: "checkout is down", Severity: "critical",
		Source: "web-1", Component: "nginx", Group: "shop", Class: "http", DedupKey: "checkout/" + t.Name(),
		Details: map[string]any{"url": "http://shop.example/health", "status": 502}, Client: "Prometheus",
		ClientURL: "http://prometheus.example", Links: []sandbox.Link{{Href: "http://grafana.example", Text: "graph"}}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (a *account) incident(t *testing.T, id string) *pd.Incident {
	t.Helper()
	i, err := a.client.GetIncidentWithContext(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (a *account) update(ctx context.Context, o pd.ManageIncidentsOptions) error {
	_, err := a.client.ManageIncidentsWithContext(ctx, bot, []pd.ManageIncidentsOptions{o})
	return err
}

// paged is who was notified, as "why name".
func (a *account) paged(id string) []string {
	var list []string
	for _, page := range a.Paged(id) {
		list = append(list, page.Why+" "+page.User.Name)
	}
	return list
}

func (a *account) events(id string) []string {
	var list []string
	for _, e := range a.Events() {
		if e.Incident == id {
			list = append(list, e.Type)
		}
	}
	return list
}

func code(err error) int {
	var api pd.APIError
	if errors.As(err, &api) {
		if api.APIError.Valid {
			return api.APIError.ErrorObject.Code
		}
		return api.StatusCode
	}
	return 0
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestLife is the life of an incident through a client library that is not ours.
func TestLife(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	ctx := t.Context()
	id := a.trigger(t)

	i := a.incident(t, id)
	same(t, "status", i.Status, "triggered")
	same(t, "assignee", i.Assignments[0].Assignee.Summary, "Aiko Tanaka")
	same(t, "service", i.Service.ID, "PWEB001")

	alerts, err := a.client.ListIncidentAlertsWithContext(ctx, id, pd.ListIncidentAlertsOptions{Includes: []string{"first_trigger_log_entries"}})
	if err != nil {
		t.Fatal(err)
	}
	alert := alerts.Alerts[0]
	same(t, "severity", alert.Severity, "critical")
	same(t, "details", alert.Body["details"], any(map[string]any{"url": "http://shop.example/health", "status": float64(502)}))
	cef := alert.Body["cef_details"].(map[string]any)
	same(t, "source in common event format", cef["source_origin"], any("web-1"))
	same(t, "class in common event format", cef["event_class"], any("http"))

	if err := a.update(ctx, pd.ManageIncidentsOptions{ID: id, Status: "acknowledged"}); err != nil {
		t.Fatal(err)
	}
	i = a.incident(t, id)
	same(t, "acknowledger", i.Acknowledgements[0].Acknowledger.ID, "PBOT001")
	same(t, "pending", i.PendingActions[0].Type, "unacknowledge")
	same(t, "acknowledging twice", code(a.update(ctx, pd.ManageIncidentsOptions{ID: id, Status: "acknowledged"})), 1002)

	if _, err := a.client.CreateIncidentNoteWithContext(ctx, id, pd.IncidentNote{Content: "checked", User: pd.APIObject{Summary: bot}}); err != nil {
		t.Fatal(err)
	}
	if err := a.update(ctx, pd.ManageIncidentsOptions{ID: id, Status: "resolved", Resolution: "restarted"}); err != nil {
		t.Fatal(err)
	}
	same(t, "resolving twice", code(a.update(ctx, pd.ManageIncidentsOptions{ID: id, Status: "resolved"})), 1001)
	i = a.incident(t, id)
	same(t, "status", i.Status, "resolved")
	same(t, "assignments of a resolved incident", len(i.Assignments), 0)

	notes, err := a.client.ListIncidentNotesWithContext(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "notes, newest first", []string{notes[0].Content, notes[1].Content}, []string{"Resolution Note: restarted", "checked"})

	var kinds []string
	entries, err := a.client.ListIncidentLogEntriesWithContext(ctx, id, pd.ListIncidentLogEntriesOptions{Limit: 100, Includes: []string{"channels"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries.LogEntries {
		kinds = append(kinds, e.Type)
	}
	same(t, "log, newest first", kinds, []string{"annotate_log_entry", "resolve_log_entry", "annotate_log_entry",
		"acknowledge_log_entry", "notify_log_entry", "assign_log_entry", "trigger_log_entry"})

	same(t, "events", a.events(id), []string{"incident.triggered", "incident.acknowledged", "incident.annotated",
		"incident.resolved", "incident.annotated"})
	same(t, "paged", a.paged(id), []string{"triggered Aiko Tanaka"})
}

// TestClock is what happens to an incident when nobody does anything.
func TestClock(t *testing.T) {
	const ack = 30 * time.Minute
	for name, test := range map[string]struct {
		service func(*sandbox.Service)
		do      func(a *account, id string) error
		moves   []time.Duration
		status  string
		events  []string // after the first, which is always "triggered"
		paged   []string // after the first
	}{
		"nobody acknowledges: next level, then nobody is left": {
			moves: []time.Duration{30 * time.Minute, 30 * time.Minute, time.Hour}, status: "triggered",
			events: []string{"incident.escalated"}, paged: []string{"escalated Ben Carter"},
		},
		"an acknowledgement times out": {
			do:    func(a *account, id string) error { return a.AcknowledgeAs("Aiko Tanaka", id) },
			moves: []time.Duration{ack - time.Second, time.Second}, status: "triggered",
			events: []string{"incident.acknowledged", "incident.unacknowledged"},
			paged:  []string{"acknowledgement timed out Aiko Tanaka"},
		},
		"an acknowledgement never times out": {
			service: func(s *sandbox.Service) { s.AckTimeout = 0 },
			do:      func(a *account, id string) error { return a.AcknowledgeAs("Aiko Tanaka", id) },
			moves:   []time.Duration{3 * time.Hour}, status: "acknowledged",
			events: []string{"incident.acknowledged"},
		},
		"a snooze ends": {
			do:    func(a *account, id string) error { return a.SnoozeAs("Aiko Tanaka", id, time.Hour) },
			moves: []time.Duration{59 * time.Minute, time.Minute}, status: "triggered",
			events: []string{"incident.acknowledged", "incident.unacknowledged"},
			paged:  []string{"snooze ended Aiko Tanaka"},
		},
		"a direct assignment does not escalate": {
			do:    func(a *account, id string) error { return a.ReassignAs("Aiko Tanaka", id, "Chie Mori") },
			moves: []time.Duration{3 * time.Hour}, status: "triggered",
			events: []string{"incident.reassigned"}, paged: []string{"reassigned Chie Mori"},
		},
		"it resolves by itself": {
			do:    func(a *account, id string) error { return a.ReassignAs("Aiko Tanaka", id, "Chie Mori") },
			moves: []time.Duration{4 * time.Hour}, status: "resolved",
			events: []string{"incident.reassigned", "incident.resolved"}, paged: []string{"reassigned Chie Mori"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			opts := sandbox.PagerDutyOptions{Account: sandbox.DefaultAccount()}
			if test.service != nil {
				test.service(&opts.Account.Services[0])
			}
			a := newAccount(t, opts)
			id := a.trigger(t)
			if test.do != nil {
				if err := test.do(a, id); err != nil {
					t.Fatal(err)
				}
			}
			for _, d := range test.moves {
				a.clock.Move(d)
				a.Tick()
			}
			same(t, "status", a.incident(t, id).Status, test.status)
			same(t, "events", a.events(id)[1:], append([]string{}, test.events...))
			same(t, "paged", a.paged(id)[1:], append([]string{}, test.paged...))
		})
	}
}

// TestHandOver is how the engine gives an incident to people: by policy and level.
func TestHandOver(t *testing.T) {
	for name, test := range map[string]struct {
		change pd.ManageIncidentsOptions
		code   int
		event  string
		paged  string
	}{
		"another level": {change: pd.ManageIncidentsOptions{EscalationLevel: 2}, event: "incident.escalated", paged: "reassigned Ben Carter"},
		"the same policy again": {
			change: pd.ManageIncidentsOptions{EscalationPolicy: &pd.APIReference{ID: "POPS001", Type: "escalation_policy_reference"}},
			event:  "incident.escalated", paged: "reassigned Aiko Tanaka",
		},
		"another policy": {
			change: pd.ManageIncidentsOptions{EscalationPolicy: &pd.APIReference{ID: "PMGR001", Type: "escalation_policy_reference"}},
			event:  "incident.delegated", paged: "reassigned Chie Mori",
		},
		"a person": {
			change: pd.ManageIncidentsOptions{Assignments: []pd.Assignee{{Assignee: pd.APIObject{ID: "PBEN001", Type: "user_reference"}}}},
			event:  "incident.reassigned", paged: "reassigned Ben Carter",
		},
		"a level that is not there": {change: pd.ManageIncidentsOptions{EscalationLevel: 9}, code: 1006},
		"an unknown policy": {
			change: pd.ManageIncidentsOptions{EscalationPolicy: &pd.APIReference{ID: "PNONE01", Type: "escalation_policy_reference"}}, code: 2001,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, sandbox.PagerDutyOptions{})
			id := a.trigger(t)
			if err := a.update(t.Context(), pd.ManageIncidentsOptions{ID: id, Status: "acknowledged"}); err != nil {
				t.Fatal(err)
			}
			test.change.ID = id
			same(t, "code", code(a.update(t.Context(), test.change)), test.code)
			if test.code != 0 {
				same(t, "status after a refusal", a.incident(t, id).Status, "acknowledged")
				return
			}
			same(t, "status", a.incident(t, id).Status, "triggered")
			events, paged := a.events(id), a.paged(id)
			same(t, "last event", events[len(events)-1], test.event)
			same(t, "last page", paged[len(paged)-1], test.paged)
		})
	}
}

// TestMerge: the sources are resolved, and say that it was no recovery.
func TestMerge(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	target, source := a.trigger(t), ""
	source, err := a.Trigger(sandbox.Alert{Service: "PWEB001", Summary: "cart is down", DedupKey: "cart"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.client.MergeIncidentsWithContext(t.Context(), bot, target, []pd.MergeIncidentsOptions{{ID: source, Type: "incident_reference"}}); err != nil {
		t.Fatal(err)
	}
	i := a.incident(t, source)
	same(t, "status", i.Status, "resolved")
	same(t, "reason", i.ResolveReason.Type+" "+i.ResolveReason.Incident.ID, "merge_resolve_reason "+target)
	same(t, "alerts of the target", int(a.incident(t, target).AlertCounts.All), 2)
	_, err = a.client.MergeIncidentsWithContext(t.Context(), bot, target, []pd.MergeIncidentsOptions{{ID: source, Type: "incident_reference"}})
	same(t, "merging twice", code(err), 1019)
	if err := a.Reopen("Aiko Tanaka", source); err == nil {
		t.Error("a merged incident was opened again")
	}
}

// TestReopen: the OpenAPI says that an acknowledgement of a resolved incident opens it again.
func TestReopen(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	id := a.trigger(t)
	if err := a.ResolveAs("Aiko Tanaka", id, ""); err != nil {
		t.Fatal(err)
	}
	if err := a.Reopen("Ben Carter", id); err != nil {
		t.Fatal(err)
	}
	same(t, "status", a.incident(t, id).Status, "triggered")
	same(t, "paged", a.paged(id), []string{"triggered Aiko Tanaka", "reopened Aiko Tanaka"})
	if err := a.ResolveByMonitor(id); err != nil {
		t.Fatal(err)
	}
	if err := a.update(t.Context(), pd.ManageIncidentsOptions{ID: id, Status: "acknowledged"}); err != nil {
		t.Fatal(err)
	}
	same(t, "status", a.incident(t, id).Status, "acknowledged")
	same(t, "events", a.events(id), []string{"incident.triggered", "incident.resolved", "incident.reopened",
		"incident.resolved", "incident.reopened", "incident.acknowledged"})
}
