package sandbox_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PagerDuty/go-pagerduty/webhookv3"
	"github.com/google/go-cmp/cmp"

	"shodo/internal/sandbox"
)

func newRequest(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Token token=token")
	r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	r.Header.Set("Content-Type", "application/json")
	return r
}

func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// receiver takes webhooks and answers what its test wants.
type receiver struct {
	url    string
	mu     sync.Mutex
	bodies [][]byte
	heads  []http.Header
	errs   []error
}

func newReceiver(t *testing.T, answer func(n int, event string) int) *receiver {
	t.Helper()
	c := &receiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := webhookv3.VerifySignature(r, "second")
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		n := len(c.bodies)
		c.bodies, c.heads, c.errs = append(c.bodies, body), append(c.heads, r.Header), append(c.errs, err)
		c.mu.Unlock()
		w.WriteHeader(answer(n, eventType(body)))
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func accept(int, string) int { return http.StatusAccepted }

func eventType(body []byte) string {
	var e struct {
		Event struct {
			EventType string `json:"event_type"`
		} `json:"event"`
	}
	_ = json.Unmarshal(body, &e)
	return e.Event.EventType
}

func (c *receiver) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, b := range c.bodies {
		list = append(list, eventType(b))
	}
	return list
}

// settle waits until every delivery is at its end.
func (a *account) settle(t *testing.T) {
	t.Helper()
	if err := a.Wait(t.Context(), a.Idle); err != nil {
		t.Fatal(err)
	}
}

// shape is the fields of a JSON object, however deep, in order.
func shape(prefix string, v any) []string {
	m, ok := v.(map[string]any)
	if !ok {
		return []string{prefix}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, shape(prefix+"."+name, m[name])...)
	}
	return list
}

// TestBodies compares what is sent with what PagerDuty sent to somebody in 2025.
func TestBodies(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	c := newReceiver(t, accept)
	a.Subscribe(c.url, "first", "second")
	response, _, created := a.do(t, "POST", "/incidents", `{"incident":{"type":"incident","title":"Test","service":{"id":"PWEB001","type":"service_reference"},
		"assignments":[{"assignee":{"id":"PBOT001","type":"user_reference"}}]}}`, map[string]string{"From": bot})
	same(t, "status", response.StatusCode, 201)
	id := created["incident"].(map[string]any)["id"].(string)
	if err := a.ResolveAs("Aiko Tanaka", id, "I'm resolving it"); err != nil {
		t.Fatal(err)
	}
	a.settle(t)
	same(t, "events", c.got(), []string{"incident.triggered", "incident.acknowledged", "incident.resolved", "incident.annotated"})
	for n, name := range []string{"triggered", "acknowledged", "resolved", "annotated"} {
		sample, err := os.ReadFile(filepath.Join("testdata", "webhooks", "user-"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var want, got map[string]any
		if err := json.Unmarshal(sample, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(c.bodies[n], &got); err != nil {
			t.Fatal(err)
		}
		if name != "annotated" { // a field of 2026, which the captures of 2025 do not have
			want["event"].(map[string]any)["data"].(map[string]any)["reopened_at"] = nil
		}
		same(t, "fields of "+name, shape("", got), shape("", want))
		if err := c.errs[n]; err != nil {
			t.Errorf("signature of %s: %v", name, err)
		}
		if !strings.Contains(string(c.bodies[n]), `"id":"`+id+`"`) {
			t.Errorf("%s does not name the incident: %s", name, c.bodies[n])
		}
	}
}

// TestAgents is who an event says has done it.
func TestAgents(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	id := a.trigger(t)
	if err := a.AcknowledgeAs("PAIKO01", id); err != nil {
		t.Fatal(err)
	}
	a.clock.Move(time.Hour)
	a.Tick()
	if err := a.ResolveByMonitor(id); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range a.Events() {
		var body struct {
			Event struct {
				Agent struct {
					Type    string `json:"type"`
					Summary string `json:"summary"`
				} `json:"agent"`
			} `json:"event"`
		}
		if err := json.Unmarshal(e.Body, &body); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Type+": "+body.Event.Agent.Type+" "+body.Event.Agent.Summary)
	}
	same(t, "agents", got, []string{"incident.triggered: inbound_integration_reference Events API V2",
		"incident.acknowledged: user_reference Aiko Tanaka", "incident.unacknowledged:  ",
		"incident.resolved: inbound_integration_reference Events API V2"})
	var body map[string]map[string]any
	if err := json.Unmarshal(a.Events()[0].Body, &body); err != nil {
		t.Fatal(err)
	}
	same(t, "client", body["event"]["client"], any(map[string]any{"name": "Prometheus", "url": "http://prometheus.example"}))
	same(t, "incident key of a monitor's incident", body["event"]["data"].(map[string]any)["incident_key"], nil)
}

func TestDelivery(t *testing.T) {
	t.Run("retried, in order per incident, and one incident does not hold up another", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		open := make(chan struct{})
		answers := []int{503, 429, 500}
		c := newReceiver(t, func(n int, event string) int {
			if n < len(answers) {
				return answers[n]
			}
			return http.StatusAccepted
		})
		other := newReceiver(t, func(n int, event string) int { <-open; return http.StatusAccepted })
		a.Subscribe(c.url, "second")
		a.Subscribe(other.url, "second")
		id := a.trigger(t)
		if err := a.AcknowledgeAs("Aiko Tanaka", id); err != nil {
			t.Fatal(err)
		}
		if err := a.Wait(t.Context(), func() bool { return len(c.got()) == 5 }); err != nil {
			t.Fatal(err)
		}
		close(open)
		a.settle(t)
		same(t, "requests", c.got(), []string{"incident.triggered", "incident.triggered", "incident.triggered", "incident.triggered", "incident.acknowledged"})
		ids := map[string]int{}
		for _, h := range c.heads {
			ids[h.Get("X-Webhook-Id")]++
		}
		same(t, "ids", slices.Sorted(maps.Values(ids)), []int{1, 4})
		first := a.Deliveries()[0]
		same(t, "state", first.State, sandbox.Delivered)
		same(t, "attempts", len(first.Attempts), 4)
	})
	t.Run("a timeout is retried", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{WebhookTimeout: 20 * time.Millisecond})
		stop := make(chan struct{})
		c := newReceiver(t, func(n int, _ string) int {
			if n == 0 {
				<-stop
			}
			return http.StatusAccepted
		})
		t.Cleanup(func() { close(stop) }) // before the server closes, which waits for its requests
		a.Subscribe(c.url, "second")
		a.trigger(t)
		a.settle(t)
		d := a.Deliveries()[0]
		same(t, "state", d.State, sandbox.Delivered)
		if d.Attempts[0].Err == "" || d.Attempts[0].Status != 0 {
			t.Errorf("first attempt: %+v", d.Attempts[0])
		}
	})
	t.Run("three refusals switch a subscription off until it is enabled", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		var refuse sync.Map
		refuse.Store("on", true)
		c := newReceiver(t, func(int, string) int {
			if on, _ := refuse.Load("on"); on.(bool) {
				return http.StatusUnauthorized
			}
			return http.StatusAccepted
		})
		sub := a.Subscribe(c.url, "second")
		id := a.trigger(t)
		for range 4 {
			a.settle(t)
			if err := a.Note("Ben Carter", id, "note"); err != nil {
				t.Fatal(err)
			}
		}
		a.settle(t)
		same(t, "requests", len(c.got()), 3)
		refuse.Store("on", false)
		_, _, shown := a.do(t, "GET", "/webhook_subscriptions/"+sub, "", nil)
		method := shown["webhook_subscription"].(map[string]any)["delivery_method"].(map[string]any)
		same(t, "temporarily_disabled", method["temporarily_disabled"], any(true))
		a.do(t, "POST", "/webhook_subscriptions/"+sub+"/enable", "", nil)
		if err := a.Note("Ben Carter", id, "note"); err != nil {
			t.Fatal(err)
		}
		a.settle(t)
		same(t, "requests", len(c.got()), 4)
		var states []string
		for _, d := range a.Deliveries() {
			states = append(states, d.State)
		}
		same(t, "states", states, []string{"dropped", "dropped", "dropped", "dropped", "dropped", "delivered"})
	})
	t.Run("duplicates and losses", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		c := newReceiver(t, accept)
		a.Subscribe(c.url, "second")
		a.SetShape(func(e sandbox.Event) []time.Duration {
			if e.Type == "incident.acknowledged" {
				return nil
			}
			return []time.Duration{0, 0, time.Millisecond}
		})
		id := a.trigger(t)
		if err := a.AcknowledgeAs("Aiko Tanaka", id); err != nil {
			t.Fatal(err)
		}
		if err := a.Wait(t.Context(), func() bool { return len(c.got()) == 3 }); err != nil {
			t.Fatal(err)
		}
		a.settle(t)
		same(t, "requests", c.got(), []string{"incident.triggered", "incident.triggered", "incident.triggered"})
	})
	t.Run("out of order, and once more two days later", func(t *testing.T) {
		a := newAccount(t, sandbox.PagerDutyOptions{})
		c := newReceiver(t, accept)
		a.Subscribe(c.url, "second")
		a.Hold()
		id := a.trigger(t)
		if err := a.AcknowledgeAs("Aiko Tanaka", id); err != nil {
			t.Fatal(err)
		}
		a.Release(func(e []sandbox.Event) []sandbox.Event { slices.Reverse(e); return e })
		a.settle(t)
		a.clock.Move(48 * time.Hour)
		if err := a.Redeliver(a.Events()[0].ID); err != nil {
			t.Fatal(err)
		}
		a.settle(t)
		same(t, "requests", c.got(), []string{"incident.acknowledged", "incident.triggered", "incident.triggered"})
		if diff := cmp.Diff(c.bodies[1], c.bodies[2]); diff != "" {
			t.Errorf("the body changed: %s", diff)
		}
		same(t, "webhook id", c.heads[1].Get("X-Webhook-Id"), c.heads[2].Get("X-Webhook-Id"))
	})
}

// TestSubscriptions makes a subscription the way a newcomer does.
func TestSubscriptions(t *testing.T) {
	a := newAccount(t, sandbox.PagerDutyOptions{})
	c := newReceiver(t, accept)
	_, _, made := a.do(t, "POST", "/webhook_subscriptions", `{"webhook_subscription":{"type":"webhook_subscription",
		"delivery_method":{"type":"http_delivery_method","url":"`+c.url+`","custom_headers":[{"name":"X-Site","value":"one"}]},
		"events":["incident.acknowledged"],"filter":{"type":"service_reference","id":"PWEB001"}}}`, nil)
	sub := made["webhook_subscription"].(map[string]any)
	secret, _ := sub["delivery_method"].(map[string]any)["secret"].(string)
	if secret == "" {
		t.Fatal("no secret in the answer")
	}
	_, _, shown := a.do(t, "GET", "/webhook_subscriptions/"+sub["id"].(string), "", nil)
	if again := shown["webhook_subscription"].(map[string]any)["delivery_method"].(map[string]any)["secret"]; again != nil {
		t.Errorf("the secret is shown a second time: %v", again)
	}
	id := a.trigger(t)
	if err := a.AcknowledgeAs("Aiko Tanaka", id); err != nil {
		t.Fatal(err)
	}
	response, _, _ := a.do(t, "POST", "/webhook_subscriptions/"+sub["id"].(string)+"/ping", "", nil)
	same(t, "status of the ping", response.StatusCode, 202)
	a.settle(t)
	got := c.got()
	slices.Sort(got)
	same(t, "requests", got, []string{"incident.acknowledged", "pagey.ping"})
	for n, head := range c.heads {
		same(t, "header", head.Get("X-Site"), "one")
		same(t, "signature", head.Get("X-PagerDuty-Signature"), sandbox.Sign(c.bodies[n], secret))
	}
}
