package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/app"
	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// sendAPI sends a request to the running engine with the token of this machine.
func sendAPI(t *testing.T, h *apptest.Harness, method, path, body string) (status int, answer map[string]any) {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(h.Config.DataDir, app.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+h.Address()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatalf("%s %s: %s %v", method, path, res.Status, err)
	}
	return res.StatusCode, answer
}

// askAPI is sendAPI for what is not refused.
func askAPI(t *testing.T, h *apptest.Harness, method, path, body string) map[string]any {
	t.Helper()
	status, answer := sendAPI(t, h, method, path, body)
	if status/100 != 2 {
		t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// hold adds maintenance in which nobody is woken and nothing is changed until it ends, and gives its id.
func hold(t *testing.T, h *apptest.Harness, lasts string) string {
	t.Helper()
	m := askAPI(t, h, "POST", "/api/v1/maintenance", `{"customer": "acme", "for": "`+lasts+`", "page": "defer", "reason": "release 42"}`)
	return m["id"].(string)
}

func waits(r incident.Record) bool { return !r.DeferredUntil.IsZero() }

func metric(t *testing.T, h *apptest.Harness, line string) bool {
	t.Helper()
	res, err := h.Get("/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "\n"+line+"\n")
}

// What waits for the end of a window waits through a restart, and goes on at once when the window is ended.
func TestMaintenanceHoldsBackUntilItIsEnded(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	window := hold(t, h, "2h")
	id := trigger(t, h, "critical")
	before := h.Await(id, "waiting", waits)
	if got := ready(t, h)["windows"]; !got.OK || got.Detail != "1 deferred, 1 of maintenance added at run time" {
		t.Errorf("readiness: %+v", got)
	}
	if !metric(t, h, "shodo_deferrals_open 1") || !metric(t, h, "shodo_maintenance_windows 1") {
		t.Error("metrics do not show the deferral and the window")
	}
	h.Stop()
	h.Run()
	after, err := h.Store().Record(t.Context(), incident.ID(id))
	if err != nil || !after.DeferredUntil.Equal(before.DeferredUntil) || after.Outcome != "" {
		t.Fatalf("after a restart: %v, outcome %q, until %s", err, after.Outcome, after.DeferredUntil)
	}
	if _, err := os.Stat(l.flag); err == nil {
		t.Fatal("something was changed during maintenance")
	}
	if n := len(h.Sandbox.Slack.Messages("#incidents")); n != 0 {
		t.Fatalf("%d messages during maintenance", n)
	}
	askAPI(t, h, "DELETE", "/api/v1/maintenance/"+window, "")
	if rec := h.Ended(id); rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if !metric(t, h, "shodo_maintenance_windows 0") {
		t.Error("metrics show a window that was ended")
	}
}

// The customer's file may change while the engine is not there to notice.
func TestAWindowIsTakenAwayWhileTheEngineIsStopped(t *testing.T) {
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	const file = "customers/acme.yaml"
	open := o.Catalog[file]
	now := time.Now()
	o.Catalog[file] += "maintenance: [{name: move, from: " + now.Add(-time.Hour).Format(time.RFC3339) + ", to: " + now.Add(time.Hour).Format(time.RFC3339) +
		", page: defer, recover: forbid}]\n"
	h := apptest.Start(t, o)
	id := trigger(t, h, "critical")
	rec := h.Await(id, "waiting", waits)
	h.Stop()
	if err := os.WriteFile(filepath.Join(h.Config.Catalog.Dir, file), []byte(open), 0o600); err != nil {
		t.Fatal(err)
	}
	h.Run()
	if rec = h.Ended(id); rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

// What is well again at the end of a window is one line in one message.
func TestTheDigestOfAWindow(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	hold(t, h, "8s")
	var ids []string
	for _, summary := range []string{"first fault", "second fault"} {
		id, err := h.Sandbox.PagerDuty.Trigger(sandbox.Alert{Service: "PWEB001", Summary: summary, Severity: "critical"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		h.Await(id, "waiting", waits)
	}
	if err := os.WriteFile(l.flag, nil, 0o600); err != nil { // it heals by itself
		t.Fatal(err)
	}
	for _, id := range ids {
		rec := h.Await(id, "a line in the digest", func(r incident.Record) bool {
			for _, tr := range r.Transitions {
				if tr.Kind == incident.Listed {
					return true
				}
			}
			return false
		})
		if rec.Outcome != incident.Cleared {
			t.Errorf("%s ended as %s (%s): %s", id, rec.Outcome, rec.Reason, rec.Why)
		}
	}
	messages := h.Sandbox.Slack.Messages("#incidents")
	if len(messages) != 1 {
		t.Fatalf("%d messages in Slack, want one digest: %+v", len(messages), messages)
	}
	said, err := json.Marshal(messages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"first fault", "second fault"} {
		if !strings.Contains(string(said), part) {
			t.Errorf("the digest does not tell of the %s: %s", part, said)
		}
	}
}
