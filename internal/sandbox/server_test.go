package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
)

func newServer(t *testing.T, opts sandbox.Options) *sandbox.Server {
	t.Helper()
	opts.CheckPagerDuty, opts.CheckSlack = sandboxtest.Checked(t), sandboxtest.CheckedSlack(t)
	s, err := sandbox.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func get(t *testing.T, address string) (status int, body string) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

func press(t *testing.T, s *sandbox.Server, path string, form url.Values, header http.Header) (status int, location, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.PagerDutyURL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, _ := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Location"), string(data)
}

// TestWhole sends a file, sees the webhook, and lets a person press the buttons.
func TestWhole(t *testing.T) {
	c := newReceiver(t, accept)
	s := newServer(t, sandbox.Options{WebhookURL: c.url, WebhookSecrets: []string{"second"}, Token: "token", From: "engine@example.com"})
	sent, err := sandbox.SendTo(t.Context(), s.PagerDutyURL(), []byte(`{"service":"Web shop","title":"checkout is down","details":{"a":1}}`))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, sent.URL); status != 200 || !strings.Contains(body, "checkout is down") {
		t.Errorf("the incident's page: %d %s", status, body)
	}
	status, location, _ := press(t, s, "/ui/incidents/"+sent.Incident+"/acknowledge", url.Values{"as": {"PBEN001"}}, http.Header{})
	same(t, "after the button", []any{status, location}, []any{303, "/?as=PBEN001"})
	status, _, body := press(t, s, "/ui/incidents/"+sent.Incident+"/resolve", url.Values{"as": {"PBEN001"}, "text": {"done"}},
		http.Header{"Accept": {"application/json"}})
	same(t, "status", status, 200)
	same(t, "answer to a program", strings.TrimSpace(body), `{"incident":"`+sent.Incident+`","status":"resolved"}`)
	status, _, body = press(t, s, "/ui/incidents/"+sent.Incident+"/resolve", url.Values{"as": {"PBEN001"}}, http.Header{"Accept": {"application/json"}})
	if status != 400 || !strings.Contains(body, "1001") {
		t.Errorf("resolving twice: %d %s", status, body)
	}
	if err := s.PagerDuty.Wait(t.Context(), s.PagerDuty.Idle); err != nil {
		t.Fatal(err)
	}
	same(t, "webhooks", c.got(), []string{"incident.triggered", "incident.acknowledged", "incident.resolved", "incident.annotated"})
	for _, err := range c.errs {
		if err != nil {
			t.Error(err)
		}
	}
	i, ok := s.PagerDuty.Incident(sent.Incident)
	if !ok || len(i.Notes) != 1 || i.Notes[0].By != "Ben Carter" {
		t.Errorf("incident: %+v", i)
	}
	if status, _, _ := press(t, s, "/ui/incidents/"+sent.Incident+"/reopen", nil, http.Header{"Sec-Fetch-Site": {"cross-site"}}); status != 403 {
		t.Errorf("a button on another site: %d", status)
	}
	client := slack.New("x", slack.OptionAPIURL(s.SlackURL()))
	if _, err := client.AuthTestContext(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestHostileTexts: nothing that anybody wrote becomes markup.
func TestHostileTexts(t *testing.T) {
	s := newServer(t, sandbox.Options{})
	const evil = `<script>alert(1)</script><img src=x onerror="alert(2)">'"`
	id, err := s.Send([]byte(`{"service":"PWEB001","title":` + quoted(t, evil) + `,"details":` + quoted(t, evil) + `,"client":` + quoted(t, evil) + `}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PagerDuty.Note("PBEN001", id, evil); err != nil {
		t.Fatal(err)
	}
	client := slack.New("x", slack.OptionAPIURL(s.SlackURL()))
	_, ts, err := client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionText(evil, false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.UploadFileContext(t.Context(), slack.UploadFileParameters{Filename: evil, Title: evil, Content: evil, FileSize: len(evil),
		Channel: "C0INCIDENTS", ThreadTimestamp: ts}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/ui/incidents/" + id, "/?problem=" + url.QueryEscape(evil) + "&as=" + url.QueryEscape(evil)} {
		status, body := get(t, s.PagerDutyURL()+path)
		if status != 200 || strings.Contains(body, "<script") || strings.Contains(body, "<img") {
			t.Errorf("%s: %d\n%s", path, status, body)
		}
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%s does not show the text", path)
		}
		if !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
			t.Errorf("%s is not whole", path)
		}
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestSend(t *testing.T) {
	two := sandbox.DefaultAccount()
	two.Services = append(two.Services, sandbox.Service{ID: "PDB0001", Name: "Database", Policy: "POPS001", RoutingKey: strings.Repeat("d", 32)})
	for name, test := range map[string]struct {
		account sandbox.Account
		file    string
		service string // of the incident
		want    string // part of the error
	}{
		"own form":                {two, `{"service":"database","title":"slow"}`, "Database", ""},
		"own form, one service":   {sandbox.DefaultAccount(), `{"title":"slow"}`, "Web shop", ""},
		"an event":                {two, `{"routing_key":"` + strings.Repeat("d", 32) + `","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"info"}}`, "Database", ""},
		"an event without a key":  {two, `{"service":"PDB0001","payload":{"summary":"s","source":"x","severity":"info"}}`, "Database", ""},
		"an exported one":         {two, `{"id":"Q1","title":"t","service":{"id":"PDB0001","name":"x"},"alerts":[{"summary":"s","details":{"a":1},"links":["https://a.example"]},{"summary":"2"}]}`, "Database", ""},
		"exported, of a title":    {two, `{"title":"t","service":{"id":"PDB0001"},"alerts":[{}]}`, "Database", ""},
		"exported, no alert":      {two, `{"title":"t","service":{"id":"PDB0001"},"alerts":[]}`, "", "it has no alert"},
		"exported, elsewhere":     {two, `{"title":"t","service":{"id":"PX1"},"alerts":[{}]}`, "", `"Database" (PDB0001)`},
		"no JSON":                 {two, `title: slow`, "", "read JSON"},
		"an unknown field":        {two, `{"service":"database","titel":"slow"}`, "", `unknown field "titel"`},
		"no title":                {two, `{"service":"database"}`, "", `"title" is missing`},
		"an unknown service":      {two, `{"service":"mail","title":"slow"}`, "", `"Database" (PDB0001)`},
		"an unknown routing key":  {two, `{"routing_key":"x","event_action":"trigger","payload":{"summary":"s","source":"x","severity":"info"}}`, "", "no service has its routing_key"},
		"an event with no source": {two, `{"service":"PDB0001","payload":{"summary":"s","severity":"info"}}`, "", "payload.source"},
		"a resolve of nothing":    {two, `{"service":"PDB0001","event_action":"resolve","dedup_key":"k"}`, "", `dedup_key "k"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t, sandbox.PagerDutyOptions{Account: test.account})
			id, err := a.Send([]byte(test.file))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v does not say %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			i, _ := a.Incident(id)
			same(t, "service", i.Service, test.service)
		})
	}
}

func TestWrongAccounts(t *testing.T) {
	for name, change := range map[string]func(*sandbox.Account){
		"a service without a policy": func(a *sandbox.Account) { a.Services[0].Policy = "PNONE" },
		"a level without its user":   func(a *sandbox.Account) { a.Policies[0].Levels[0].Users = []string{"PNONE"} },
		"an id twice":                func(a *sandbox.Account) { a.Users[1].ID = a.Users[0].ID },
		"no e-mail":                  func(a *sandbox.Account) { a.Users[1].Email = "" },
	} {
		t.Run(name, func(t *testing.T) {
			account := sandbox.DefaultAccount()
			change(&account)
			if s, err := sandbox.New(sandbox.Options{Account: account}); err == nil {
				s.Close()
				t.Error("it was accepted")
			}
		})
	}
}
