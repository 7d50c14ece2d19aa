package pagerduty_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
)

func TestRead(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{Summary: "disk full", Severity: "error", Source: "web-1", Component: "nginx", Group: "shop", Class: "disk",
		DedupKey: "k1", Details: map[string]any{"InstanceId": "i-1", "used": 97.5}, Links: []sandbox.Link{{Href: "https://example.com/runbook"}},
		Client: "Datadog", Priority: "P1", Urgency: "high"})

	got, err := a.Read(t.Context(), id)
	must(t, err)
	if got.ID != id || got.Title != "disk full" || got.Status != incident.Triggered || got.Priority != "P1" || got.Urgency != "high" ||
		got.Service != (incident.Ref{ID: "PWEB001", Name: "web"}) || got.EscalationPolicy != (incident.Ref{ID: "PPOLICY", Name: "Web"}) ||
		got.Number == 0 || got.URL == "" || time.Since(got.CreatedAt) > time.Minute || !got.AckTimeout || got.AlertCount != 1 {
		t.Errorf("incident %+v", got)
	}
	if diff := cmp.Diff([]incident.Ref{{ID: "PUSER01", Name: "Aoi"}}, got.Assignees); diff != "" {
		t.Errorf("assignees (-want +got):\n%s", diff)
	}
	want := incident.Alert{DedupKey: "k1", Summary: "disk full", Severity: "error", Source: "web-1", Component: "nginx", Group: "shop", Class: "disk",
		Details: map[string]any{"InstanceId": "i-1", "used": 97.5}, Links: []string{"https://example.com/runbook"}, Monitor: "datadog"}
	first := got.First()
	if first.ID == "" || first.CreatedAt.IsZero() || !bytes.Contains(first.Raw, []byte(`"cef_details"`)) {
		t.Errorf("first alert %+v, raw %s", first, first.Raw)
	}
	first.ID, first.CreatedAt, first.Raw = "", time.Time{}, nil
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /incidents/{id}", "GET /services/{id}", "GET /incidents/{id}/alerts"}, a.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if _, err := a.Read(t.Context(), id); err != nil || len(a.asked()) != 2 {
		t.Errorf("the service was read again, or %v", err)
	}
}

func TestReadManyAlerts(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{Summary: "first", Details: map[string]any{"n": 0}})
	for n := range 119 {
		must(t, a.AddAlert(string(id), sandbox.Alert{Summary: "more", Details: map[string]any{"n": n + 1}}))
	}
	got, err := a.Read(t.Context(), id)
	must(t, err)
	if len(got.Alerts) != incident.MaxAlerts || got.AlertCount != 120 || got.First().Summary != "first" {
		t.Errorf("%d alerts of %d, first %q", len(got.Alerts), got.AlertCount, got.First().Summary)
	}
	if !slices.IsSortedFunc(got.Alerts, func(x, y incident.Alert) int { return x.CreatedAt.Compare(y.CreatedAt) }) {
		t.Error("alerts are not in the order of their creation")
	}
}

func TestReadDetailsThatAreText(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{Details: "rsync exited with 23"})
	got, err := a.Read(t.Context(), id)
	must(t, err)
	if diff := cmp.Diff(map[string]any{"text": "rsync exited with 23"}, got.First().Details); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadWaitsForAlertsThatDoNotShowYet(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	a.LateAlerts(2)
	id := a.trigger(t, sandbox.Alert{Source: "web-1", Details: map[string]any{"a": 1}})
	got, err := a.Read(t.Context(), id)
	must(t, err)
	if got.First().Source != "web-1" {
		t.Errorf("alerts %+v", got.Alerts)
	}
}

func TestReadMail(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{Summary: "Backup failed", NoCEF: true, Channel: "email", Body: map[string]any{
		"type": "email", "subject": "Backup failed", "from": "backup@example.com", "to": "acme@acme.pagerduty.com", "body": "rsync exited with 23\n"}})
	got, err := a.Read(t.Context(), id)
	must(t, err)
	want := map[string]any{"subject": "Backup failed", "from": "backup@example.com", "to": "acme@acme.pagerduty.com", "text": "rsync exited with 23"}
	if diff := cmp.Diff(want, got.First().Details); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := pagerduty.Normalise(got.First().Raw)
	if diff := cmp.Diff(got.First(), again); diff != "" {
		t.Errorf("the kept alert gives another normal form: %s", diff)
	}
}

func TestAckTimeoutIsTheServices(t *testing.T) {
	a := newAccount(t)
	for service, want := range map[string]bool{"PWEB001": true, "PDB0001": false} {
		id := a.trigger(t, sandbox.Alert{Service: service})
		if got := a.status(t, id); got.AckTimeout != want || got.Alerts != nil {
			t.Errorf("%s: ack timeout %v, want %v; alerts %v", service, got.AckTimeout, want, got.Alerts)
		}
	}
}

func TestReadMerged(t *testing.T) {
	a := newAccount(t)
	source, target := a.trigger(t, sandbox.Alert{DedupKey: "a"}), a.trigger(t, sandbox.Alert{DedupKey: "b"})
	must(t, a.MergeAs("Aoi", string(target), string(source)))
	got := a.status(t, source)
	if got.MergedInto != target || got.Status != incident.Resolved || got.LastChangeBy.ID != "PUSER01" || !got.LastChangeBy.IsPerson() {
		t.Errorf("merged incident %+v", got)
	}
}

func TestAcknowledge(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	must(t, a.Acknowledge(t.Context(), id))
	got := a.status(t, id)
	if got.Status != incident.Acknowledged || len(got.AcknowledgedBy) != 1 || got.AcknowledgedBy[0].ID != bot || got.LastChangeBy.ID != bot {
		t.Errorf("incident %+v", got)
	}
	must(t, a.Acknowledge(t.Context(), id)) // already so

	must(t, a.ResolveAs("Aoi", string(id), ""))
	if err := a.Acknowledge(t.Context(), id); !errors.Is(err, pagerduty.ErrResolved) {
		t.Errorf("error %v, want ErrResolved", err)
	}
	if got := a.status(t, id); got.Status != incident.Resolved {
		t.Errorf("acknowledging a resolved incident made it %q", got.Status)
	}
}

func TestResolve(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	a.asked()
	must(t, a.Resolve(t.Context(), id, "restarted nginx"))
	if calls := a.asked(); !slices.Equal(calls, []string{"PUT /incidents/{id}"}) {
		t.Errorf("resolving with a note took %q", calls)
	}
	if got := a.status(t, id); got.Status != incident.Resolved {
		t.Errorf("status %q", got.Status)
	}
	var told []string
	for _, event := range a.Events() {
		told = append(told, event.Type)
		if event.Type == "incident.annotated" && !bytes.Contains(event.Body, []byte("restarted nginx")) {
			t.Errorf("note event %s", event.Body)
		}
	}
	if !slices.Contains(told, "incident.resolved") {
		t.Errorf("events %q", told)
	}
	must(t, a.Resolve(t.Context(), id, "again")) // already so
}

func TestNote(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	must(t, a.Note(t.Context(), id, "run-1/hand over", "what was done", false))
	must(t, a.Note(t.Context(), id, "run-1/hand over", "what was done, told otherwise", true))
	must(t, a.Note(t.Context(), id, "run-1", "another", true))
	must(t, a.Note(t.Context(), id, "", "no key", true))
	must(t, a.Note(t.Context(), id, "", " no key\n", true))
	want := []string{"what was done\n\nshodo: run-1/hand_over", "another\n\nshodo: run-1", "no key"}
	if diff := cmp.Diff(want, notes(t, a, id)); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestNoteWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	a.Inject(sandbox.Fault{Method: "POST", Path: "/incidents/*/notes", Times: 1, LoseResponse: true})
	a.asked()
	must(t, a.Note(t.Context(), id, "k", "text", false))
	if n := len(notes(t, a, id)); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
	if diff := cmp.Diff([]string{"POST /incidents/{id}/notes", "GET /incidents/{id}/notes"}, a.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestNoteThatFailedBeforeItWasWritten(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	a.Inject(sandbox.Fault{Method: "POST", Path: "/incidents/*/notes", Times: 1, Status: 503})
	must(t, a.Note(t.Context(), id, "k", "text", false))
	if n := len(notes(t, a, id)); n != 1 {
		t.Errorf("%d notes, want 1", n)
	}
}

func TestChangesWhoseAnswerIsLost(t *testing.T) {
	for name, change := range map[string]func(context.Context, *account, incident.ID) error{
		"acknowledge": func(ctx context.Context, a *account, id incident.ID) error { return a.Acknowledge(ctx, id) },
		"resolve":     func(ctx context.Context, a *account, id incident.ID) error { return a.Resolve(ctx, id, "done") },
		"reassign":    func(ctx context.Context, a *account, id incident.ID) error { return a.Reassign(ctx, id, "PPOLIC2") },
		"escalate":    func(ctx context.Context, a *account, id incident.ID) error { return a.Escalate(ctx, id, 2) },
		"snooze":      func(ctx context.Context, a *account, id incident.ID) error { return a.Snooze(ctx, id, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			id := a.trigger(t, sandbox.Alert{})
			method := http.MethodPut
			if name == "snooze" {
				method = http.MethodPost
			}
			a.Inject(sandbox.Fault{Method: method, Times: 1, LoseResponse: true})
			if err := change(t.Context(), a, id); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAcknowledgeNeverReopens(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	// The first try fails; before the second, a person resolves.
	a.Inject(sandbox.Fault{Method: "PUT", Times: 1, Status: 500})
	var once sync.Once
	a.Client = pagerduty.NewClient(pagerduty.Options{APIURL: serve(t, a, func(r *http.Request, served bool) {
		if served && r.Method == http.MethodPut {
			once.Do(func() {
				if err := a.ResolveAs("Aoi", string(id), ""); err != nil {
					t.Error(err)
				}
			})
		}
	}), Token: secret.New(token), From: "shodo@example.com"})
	if err := a.Acknowledge(t.Context(), id); !errors.Is(err, pagerduty.ErrResolved) {
		t.Errorf("error %v, want ErrResolved", err)
	}
	if got := a.status(t, id); got.Status != incident.Resolved {
		t.Errorf("the incident became %q", got.Status)
	}
}

func TestReassignEscalateSnooze(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})

	must(t, a.Escalate(t.Context(), id, 2))
	if pages := a.Paged(string(id)); pages[len(pages)-1].User.ID != "PUSER02" {
		t.Errorf("pages %+v", pages)
	}
	must(t, a.Reassign(t.Context(), id, "PPOLIC2"))
	if got := a.status(t, id); got.EscalationPolicy.ID != "PPOLIC2" {
		t.Errorf("policy %+v", got.EscalationPolicy)
	}
	must(t, a.Snooze(t.Context(), id, 90*time.Second))
	if got := a.status(t, id); got.Status != incident.Acknowledged {
		t.Errorf("a snoozed incident is %q", got.Status)
	}
	for _, d := range []time.Duration{0, -time.Second, 8 * 24 * time.Hour} {
		if err := a.Snooze(t.Context(), id, d); !errors.Is(err, pagerduty.ErrRejected) {
			t.Errorf("snooze %v: %v, want ErrRejected", d, err)
		}
	}

	must(t, a.ResolveAs("Aoi", string(id), ""))
	for name, err := range map[string]error{
		"escalate": a.Escalate(t.Context(), id, 1),
		"reassign": a.Reassign(t.Context(), id, "PPOLICY"),
		"snooze":   a.Snooze(t.Context(), id, time.Minute),
	} {
		if !errors.Is(err, pagerduty.ErrResolved) {
			t.Errorf("%s a resolved incident: %v, want ErrResolved", name, err)
		}
	}
}

func TestSelf(t *testing.T) {
	a := newAccount(t, func(o *pagerduty.Options) { o.From = "Shodo@example.com" })
	got, err := a.Self(t.Context())
	if err != nil || got != (incident.Ref{ID: bot, Name: "shodo"}) {
		t.Errorf("Self = %+v, %v", got, err)
	}
	b := newAccount(t, func(o *pagerduty.Options) { o.From = "nobody@example.com" })
	if _, err := b.Self(t.Context()); !errors.Is(err, pagerduty.ErrNotFound) || !strings.Contains(err.Error(), "nobody@example.com") {
		t.Errorf("error %v, want ErrNotFound that names the address", err)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*pagerduty.Options)
		do     func(*account, context.Context, incident.ID) error
		want   error
	}{
		"a wrong token": {
			func(o *pagerduty.Options) { o.Token = secret.New("not-the-token") },
			func(a *account, ctx context.Context, id incident.ID) error { _, err := a.Status(ctx, id); return err },
			pagerduty.ErrUnauthorized,
		},
		"no such incident": {nil,
			func(a *account, ctx context.Context, _ incident.ID) error {
				_, err := a.Read(ctx, "QNONE1")
				return err
			},
			pagerduty.ErrNotFound,
		},
		"an id that leads elsewhere": {nil,
			func(a *account, ctx context.Context, _ incident.ID) error {
				return a.Acknowledge(ctx, "../users/PUSER01?x=")
			},
			pagerduty.ErrNotFound,
		},
		"a policy that leads elsewhere": {nil,
			func(a *account, ctx context.Context, id incident.ID) error { return a.Reassign(ctx, id, "") },
			pagerduty.ErrRejected,
		},
		"a user that is none": {
			func(o *pagerduty.Options) { o.From = "who@example.com" },
			func(a *account, ctx context.Context, id incident.ID) error { return a.Note(ctx, id, "k", "x", false) },
			pagerduty.ErrRejected,
		},
		"an empty note": {nil,
			func(a *account, ctx context.Context, id incident.ID) error { return a.Note(ctx, id, "", " ", false) },
			pagerduty.ErrRejected,
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			id := a.trigger(t, sandbox.Alert{})
			if test.change != nil {
				a = newAccountOn(t, a, test.change)
			}
			err := test.do(a, t.Context(), id)
			if !errors.Is(err, test.want) {
				t.Fatalf("error %v, want %v", err, test.want)
			}
			if strings.Contains(err.Error(), token) || strings.Contains(err.Error(), "not-the-token") || strings.Contains(a.logged.String(), token) {
				t.Errorf("the token is in %q or in the log", err)
			}
		})
	}
}
