package app_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"shodo/internal/app/apptest"
	"shodo/internal/config"
	"shodo/internal/incident"
)

// mailbox is a mail server's session that gives on what it gets.
type mailbox struct{ mails chan string }

func (m mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (m mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (m mailbox) Reset()                               {}
func (m mailbox) Logout() error                        { return nil }

func (m mailbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.mails <- string(text)
	return err
}

// newMailbox runs a mail server, and gives its address and what it gets.
func newMailbox(t *testing.T) (address string, mails chan string) {
	t.Helper()
	m := mailbox{mails: make(chan string, 10)}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return m, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return listener.Addr().String(), m.mails
}

// What happened is told to the customer itself, by mail and in its channel: at once, or at the end of a window.
func TestTheCustomerIsTold(t *testing.T) {
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	o.Catalog["customers/acme.yaml"] += "contacts: [{email: ops@acme.example}, {slack: \"#managers\"}]\n"
	o.Catalog["scenarios/web.yaml"] = strings.Replace(o.Catalog["scenarios/web.yaml"], "close: {", "close: {tell_customer: true, ", 1)
	h := apptest.Start(t, o)
	address, mails := newMailbox(t)
	h.Stop()
	h.Config.Mail = config.Mail{Address: address, TLS: "none", From: "Shodo <shodo@example.com>"}
	h.Run()
	told := func(r incident.Record) bool {
		n := 0
		for _, tr := range r.Transitions {
			if tr.Kind == incident.ToldContact || tr.Kind == incident.Listed {
				n++
			}
		}
		return n == 2
	}
	for _, when := range []string{"at once", "at the end of a window"} {
		if when != "at once" {
			askAPI(t, h, "POST", "/api/v1/maintenance", `{"customer": "acme", "for": "4s", "contact": "defer", "page": "allow", "recover": "allow", "reason": "talks"}`)
		}
		id := trigger(t, h, "critical")
		rec := h.Await(id, "telling both contacts "+when, told)
		if rec.Outcome != incident.Recovered {
			t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
		select {
		case mail := <-mails:
			for _, part := range []string{"To: <ops@acme.example>", `From: "Shodo" <shodo@example.com>`} {
				if !strings.Contains(mail, part) {
					t.Errorf("%s: no %q in the mail:\n%s", when, part, mail)
				}
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%s: no mail", when)
		}
		if err := os.Remove(l.flag); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.Sandbox.Slack.Messages("#managers")); n != 2 {
		t.Errorf("%d messages in the customer's channel, want one at once and one list", n)
	}
	if n := len(h.Sandbox.Slack.Messages("#incidents")); n != 0 {
		t.Errorf("%d messages to a tier: a repair in the night wakes nobody", n)
	}
	if got := ready(t, h)["mail"]; !got.OK || got.Detail != "sends by "+address {
		t.Errorf("readiness: %+v", got)
	}
}

// The slash command is there when the signing secret is, and not otherwise.
func TestTheSlashCommand(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	const secret = "8f742231b10e8888abcd99yyyzzz85a5"
	ask := func(words string) (int, string) {
		t.Helper()
		body := url.Values{"command": {"/shodo"}, "text": {words}, "user_id": {"U024BE7LH"}, "trigger_id": {words}}.Encode()
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "v0:%s:%s", stamp, body)
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+h.Address()+"/webhooks/slack/commands", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if status, _ := ask("help"); status != http.StatusNotFound {
		t.Errorf("without a secret: %d", status)
	}
	h.Stop()
	h.Config.Slack.SigningSecret, h.Config.Slack.Operators = config.NewSecret(secret), []string{"U024BE7LH"}
	h.Run()
	for _, c := range [][2]string{
		{"quiet acme", "no quiet hours and no maintenance"},
		{"maintenance acme 2h release 42", "Maintenance of *Acme*"},
		{"maintenance list", "release 42"},
		{"quiet acme critical", "no, recorded only"},
	} {
		if status, said := ask(c[0]); status != http.StatusOK || !strings.Contains(said, c[1]) {
			t.Errorf("%s: %d %s", c[0], status, said)
		}
	}
}
