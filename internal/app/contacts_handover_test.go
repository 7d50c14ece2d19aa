package app_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/ticket"
)

// What a person has to go on with is told to the customer's own systems and opened in its tracker, and so is its end.
func TestTheCustomersSystemsAreToldOfAHandOver(t *testing.T) {
	const key = "secret-of-the-hook"
	t.Setenv("ACME_HOOK", key)
	received := make(chan map[string]any, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get(ticket.SignatureHeader) != ticket.Sign(secret.New(key), r.Header.Get(ticket.TimestampHeader), body) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		in["path"] = r.URL.Path
		received <- in
		if in["event"] == "open" {
			_, _ = io.WriteString(w, `{"id": "T-1", "url": "https://tracker.acme.example/T-1"}`)
		}
	}))
	t.Cleanup(server.Close)
	l := newLab(t)
	o := l.options("/bin/false")
	o.Catalog["customers/acme.yaml"] += "contacts:\n  - webhook: {url: \"" + server.URL + "/hook\", secret: {env: ACME_HOOK}}\n" +
		"  - ticket: {webhook: {url: \"" + server.URL + "/tickets\", secret: {env: ACME_HOOK}}}\n" +
		"letters: {handed_over: {subject: \"We work on it: {{.Title}}\", text: \"{{.Standard}}\"}}\n"
	h := apptest.Start(t, o)
	id := trigger(t, h, "critical")
	if rec := h.Ended(id); rec.Outcome != incident.HandedOver {
		t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	next := func(what string) map[string]map[string]any {
		t.Helper()
		got := map[string]map[string]any{}
		for range 2 {
			select {
			case in := <-received:
				got[in["path"].(string)] = in
			case <-time.After(30 * time.Second):
				t.Fatalf("%s: only %v came", what, got)
			}
		}
		return got
	}
	begun := next("the hand-over")
	if hook := begun["/hook"]; hook["event"] != "incident.handed_over" || hook["incident"] != id || hook["customer"] != "acme" {
		t.Errorf("the webhook got %v", hook)
	}
	if open := begun["/tickets"]; open["event"] != "open" || !strings.HasPrefix(open["title"].(string), "We work on it: ") {
		t.Errorf("the tracker got %v", open)
	}
	if err := h.Sandbox.PagerDuty.ResolveAs("Aiko Tanaka", id, "restarted by hand"); err != nil {
		t.Fatal(err)
	}
	rec := h.Await(id, "telling of its end", func(r incident.Record) bool {
		n := 0
		for _, line := range r.Transitions {
			if line.Kind == incident.ToldContact {
				n++
			}
		}
		return n == 4
	})
	// The tracker is asked for the issue (open, with the same key), then told.
	var events []string
	for range 3 {
		select {
		case in := <-received:
			events = append(events, in["path"].(string)+" "+in["event"].(string))
		case <-time.After(10 * time.Second):
			t.Fatalf("only %v came", events)
		}
	}
	if got := strings.Join(events, ", "); !strings.Contains(got, "/hook incident.closed") || !strings.Contains(got, "/tickets comment") {
		t.Errorf("of the end came %s", got)
	}
	var said []string
	for _, line := range rec.Transitions {
		if line.Kind == incident.ToldContact {
			said = append(said, line.By+": "+line.Why)
		}
	}
	if got := strings.Join(said, "\n"); !strings.Contains(got, "opened T-1 https://tracker.acme.example/T-1") || !strings.Contains(got, "commented on T-1") || strings.Contains(got, key) {
		t.Errorf("the record says:\n%s", got)
	}
}
