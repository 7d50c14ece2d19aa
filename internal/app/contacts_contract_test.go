package app

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/slack"
	"shodo/workflows"
)

const contactSecret = "s3cr3t-of-the-contact"

// otherSide is what a contact's messages go to. It answers as the product does whose path is asked for.
type otherSide struct {
	mu     sync.Mutex
	status int    // of every answer; 0: as it should be
	got    string // the bodies and headers, all of them
}

func (o *otherSide) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	o.got += fmt.Sprintln(r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"), string(body))
	isSlack := strings.HasPrefix(r.URL.Path, "/slack/")
	switch {
	case o.status >= 500 || o.status != 0 && !isSlack:
		if o.status == http.StatusForbidden {
			w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
		}
		w.WriteHeader(o.status)
		return
	case o.status != 0:
		fmt.Fprint(w, `{"ok": false, "error": "not_in_channel"}`)
		return
	case isSlack:
		fmt.Fprint(w, `{"ok": true, "channel": "C0ACME00001", "ts": "1.2"}`)
	case strings.HasSuffix(r.URL.Path, "/projects/OPS"):
		fmt.Fprint(w, `{"id": 1}`)
	case strings.HasSuffix(r.URL.Path, "/issueTypes"):
		fmt.Fprint(w, `[{"id": 1, "name": "Task"}]`)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/search"):
		fmt.Fprint(w, `{"issues": []}`)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `[]`)
	default:
		fmt.Fprint(w, `{"issueKey": "OPS-1", "key": "OPS-1", "id": "OPS-1", "ContactId": "c-1"}`)
	}
}

// Every way to tell a customer keeps the same contract, which package workflows relies on: what is taken is no error; what
// will never be taken is ErrNotTaken, and everything else is worth another try; no error holds a secret.
func TestEveryContactKeepsTheContract(t *testing.T) {
	side := &otherSide{}
	server := httptest.NewServer(side)
	t.Cleanup(server.Close)
	t.Setenv("CONTACT_SECRET", contactSecret)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": contactSecret,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"} {
		t.Setenv(name, value)
	}
	kept := secret.Ref{Env: "CONTACT_SECRET"}
	hook := customer.Webhook{URL: server.URL + "/hook", Secret: kept}
	phone := customer.Call{Phone: "+81312345678", Region: "ap-northeast-1", Instance: "i", ContactFlow: "f", From: "+81501234567"}
	tell := contacts{slack: slack.New(slack.Options{APIURL: server.URL + "/slack/", Token: secret.New(contactSecret)})}
	news := workflows.ContactNews{Key: "Q1/1/contacted/1", Issue: "Q1/1/issue", Of: customer.OfHandOver, Language: "en",
		Message: handover.ForContact(incident.Record{Incident: incident.Incident{ID: "Q1", Title: "www is down"}, Outcome: incident.HandedOver}, handover.Options{}),
		Facts:   handover.ContactFacts{Event: handover.EventHandedOver, Title: "www is down"}, Sentence: "www is down"}
	for _, to := range []customer.Contact{
		{Slack: "#acme"},
		{Webhook: &hook},
		{Ticket: &customer.Ticket{Backlog: &customer.Backlog{URL: server.URL, Project: "OPS", APIKey: kept}}},
		{Ticket: &customer.Ticket{Jira: &customer.Jira{URL: server.URL, Project: "OPS", Token: kept}}},
		{Ticket: &customer.Ticket{Webhook: &hook}},
		{Call: &phone},
	} {
		t.Run(to.String(), func(t *testing.T) {
			for _, c := range []struct {
				status       int
				fails, final bool
			}{{}, {500, true, false}, {503, true, false}, {403, true, true}} {
				side.mu.Lock()
				side.status, side.got = c.status, ""
				side.mu.Unlock()
				_, err := tell.TellContact(t.Context(), to, news)
				if (err != nil) != c.fails || errors.Is(err, workflows.ErrNotTaken) != c.final {
					t.Errorf("status %d: %v", c.status, err)
				}
				if err != nil && strings.Contains(err.Error(), contactSecret) {
					t.Errorf("status %d: the error holds a secret", c.status)
				}
				if c.status == 0 && !strings.Contains(side.got, "www is down") && !strings.Contains(side.got, "www+is+down") {
					t.Errorf("it was told:\n%s", side.got)
				}
			}
			t.Setenv("CONTACT_SECRET", "")
			if _, err := tell.TellContact(t.Context(), to, news); to.Slack == "" && to.Call == nil && (err == nil || errors.Is(err, workflows.ErrNotTaken)) {
				t.Errorf("a secret that is not there yet: %v", err)
			}
		})
	}
	if _, err := (contacts{}).TellContact(t.Context(), customer.Contact{Email: "ops@acme.example"}, news); !errors.Is(err, workflows.ErrNotTaken) {
		t.Errorf("without a mail server: %v", err)
	}
}
