package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"shodo/internal/inbox"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/secret"
	"shodo/internal/web"
)

const webhookSecret = "secret-of-the-measurement"

// body is a webhook of PagerDuty, as long as real ones are; %[1]s is the incident's id, %[2]s the time.
const body = `{"event":{"id":"01%[1]s","event_type":"incident.triggered","resource_type":"incident","occurred_at":"%[2]s",` +
	`"agent":{"html_url":"https://acme.pagerduty.com/users/PUSER01","id":"PUSER01","self":"https://api.pagerduty.com/users/PUSER01","summary":"Aiko","type":"user_reference"},` +
	`"client":null,"data":{"id":"%[1]s","type":"incident","self":"https://api.pagerduty.com/incidents/%[1]s","html_url":"https://acme.pagerduty.com/incidents/%[1]s",` +
	`"number":37,"status":"triggered","incident_key":"dfead9d88e0649e8b7dee514b1875756","created_at":"%[2]s","title":"health check of web-%[1]s.acme.example failed",` +
	`"service":{"html_url":"https://acme.pagerduty.com/services/PBENCH1","id":"PBENCH1","self":"https://api.pagerduty.com/services/PBENCH1","summary":"Web of Acme","type":"service_reference"},` +
	`"assignees":[{"html_url":"https://acme.pagerduty.com/users/PUSER01","id":"PUSER01","self":"https://api.pagerduty.com/users/PUSER01","summary":"Aiko","type":"user_reference"}],` +
	`"escalation_policy":{"html_url":"https://acme.pagerduty.com/escalation_policies/PPOLICY","id":"PPOLICY","self":"https://api.pagerduty.com/escalation_policies/PPOLICY","summary":"Operations","type":"escalation_policy_reference"},` +
	`"teams":[],"priority":null,"urgency":"high","conference_bridge":null,"resolve_reason":null,"incident_type":{"name":"incident_default"}}}}`

// receiver is the product's HTTP server, and PagerDuty's side of it.
type receiver struct {
	url    string
	client *http.Client
	stop   func()
}

// connections is how many requests PagerDuty has open at once at the most.
const connections = 200

func newReceiver(ctx context.Context, e *engine, hands inbox.Engine) (*receiver, error) {
	registry := prometheus.NewRegistry()
	in := inbox.New(e.store, hands, inbox.Config{Self: func() string { return engineUser }, Log: e.log, Metrics: registry})
	server := web.NewServer(web.New(web.Options{
		Webhooks: web.Webhooks{Secrets: []secret.Value{secret.New(webhookSecret)}, Inbox: in, Now: time.Now},
		Ready:    func(context.Context) []web.Check { return nil },
		Registry: registry,
		Log:      e.log,
	}), e.log)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(listener) })
	running.Go(func() { _ = in.Run(ctx) })
	return &receiver{
		url: "http://" + listener.Addr().String() + "/webhooks/pagerduty",
		client: &http.Client{Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
			MaxConnsPerHost: connections}, Timeout: time.Minute},
		stop: func() {
			_ = server.Close()
			cancel()
			running.Wait()
		},
	}, nil
}

// webhook is one signed request, ready to be sent.
type webhook struct {
	body      []byte
	signature string
}

func newWebhook(id incident.ID) webhook {
	text := fmt.Appendf(nil, body, id, time.Now().UTC().Format("2006-01-02T15:04:05Z"))
	mac := hmac.New(sha256.New, []byte(webhookSecret))
	mac.Write(text)
	return webhook{body: text, signature: "v1=" + hex.EncodeToString(mac.Sum(nil))}
}

// send sends a webhook and waits for the answer.
func (r *receiver) send(ctx context.Context, w webhook) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(w.body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(pagerduty.SignatureHeader, w.signature)
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the webhook was answered %s", response.Status)
	}
	return nil
}

// answers are the times of answered webhooks, and how many were not taken.
type answers struct {
	mu     sync.Mutex
	took   samples
	errors int
}

func (a *answers) note(took time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took = append(a.took, took)
	if err != nil {
		a.errors++
	}
}

func (a *answers) String() string {
	return fmt.Sprintf("%s (%d sent, %d errors)", a.took, len(a.took), a.errors)
}

// measureWebhooks measures the receiver alone, and while the engine works on what it receives.
func measureWebhooks(ctx context.Context, s settings, t *table) error {
	seconds, burst := 10, 10_000
	if s.quick {
		seconds, burst = 3, 3_000
	}
	for _, working := range []bool{false, true} {
		what := "webhook answered, the engine asleep"
		if working {
			what = "webhook answered, the engine at work on them"
		}
		steady, err := withReceiver(ctx, s, working, func(e *engine, r *receiver) (*answers, error) {
			return atRate(ctx, e, r, 500, seconds)
		})
		if err != nil {
			return err
		}
		bursting, err := withReceiver(ctx, s, working, func(e *engine, r *receiver) (*answers, error) {
			return inBurst(ctx, e, r, burst)
		})
		if err != nil {
			return err
		}
		t.aim(what+", 500/s: p50, p99", steady.String(), "p99 under 20 ms", good(steady, 20*time.Millisecond))
		t.aim(fmt.Sprintf("%s, burst of %d on %d connections: p50, p99", what, burst, connections), bursting.String(),
			"p99 under 250 ms", good(bursting, 250*time.Millisecond))
	}
	return nil
}

func good(a *answers, limit time.Duration) bool { return a.errors == 0 && a.took.at(99) < limit }

// asleep takes every event and does nothing with it.
type asleep struct{}

func (asleep) Hand(context.Context, incident.Event) error { return nil }

// withReceiver measures on a fresh engine.
func withReceiver(ctx context.Context, s settings, working bool, measure func(*engine, *receiver) (*answers, error)) (*answers, error) {
	e, err := newEngine(ctx, s)
	if err != nil {
		return nil, err
	}
	defer e.close()
	var hands inbox.Engine = asleep{}
	if working {
		hands = e.starter
		if err := e.work(); err != nil {
			return nil, err
		}
	}
	r, err := newReceiver(ctx, e, hands)
	if err != nil {
		return nil, err
	}
	defer r.stop()
	return measure(e, r)
}

// atRate sends at a fixed rate, whether or not earlier ones have been answered. The time counts from the moment at
// which a webhook was due, so that a receiver that hangs is not spared.
func atRate(ctx context.Context, e *engine, r *receiver, rate, seconds int) (*answers, error) {
	ids, a := new(ids), new(answers)
	var sending sync.WaitGroup
	tick := time.Second / time.Duration(rate)
	began := time.Now()
	for i := range rate * seconds {
		due := began.Add(time.Duration(i) * tick)
		inc, _ := e.breakDown(ids.next())
		w := newWebhook(inc.ID)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Until(due)):
		}
		sending.Go(func() {
			err := r.send(ctx, w)
			a.note(time.Since(due), err)
		})
	}
	sending.Wait()
	return a, nil
}

// inBurst sends everything at once, as far as the connections go.
func inBurst(ctx context.Context, e *engine, r *receiver, count int) (*answers, error) {
	ids, a := new(ids), new(answers)
	webhooks := make([]webhook, count)
	for i := range webhooks {
		inc, _ := e.breakDown(ids.next())
		webhooks[i] = newWebhook(inc.ID)
	}
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range connections {
		group.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= count || ctx.Err() != nil {
					return ctx.Err()
				}
				began := time.Now()
				err := r.send(ctx, webhooks[i])
				a.note(time.Since(began), err)
			}
		})
	}
	return a, group.Wait()
}

// measureFirstStep measures from sending the webhook to the start of the first step.
func measureFirstStep(ctx context.Context, s settings, t *table) error {
	const rate = 5
	seconds := 20
	if s.quick {
		seconds = 5
	}
	e, err := newEngine(ctx, s)
	if err != nil {
		return err
	}
	defer e.close()
	if err := e.work(); err != nil {
		return err
	}
	r, err := newReceiver(ctx, e, e.starter)
	if err != nil {
		return err
	}
	defer r.stop()
	ids, took := new(ids), samples{}
	for i := range rate * (seconds + 1) {
		inc, m := e.breakDown(ids.next())
		w := newWebhook(inc.ID)
		began := time.Now()
		if err := r.send(ctx, w); err != nil {
			return err
		}
		select {
		case at := <-m.probed:
			if i >= rate { // those of the first second warm up
				took = append(took, at.Sub(began))
			}
		case <-time.After(time.Minute):
			return fmt.Errorf("incident %q: no step started within a minute", inc.ID)
		}
		if err := e.result(ctx, inc.ID); err != nil {
			return err
		}
		time.Sleep(time.Until(began.Add(time.Second / rate)))
	}
	p50, p99 := took.at(50), took.at(99)
	t.aim(fmt.Sprintf("webhook sent to first step started, %d/s: p50", rate), ms(p50), "20 ms", p50 <= 20*time.Millisecond)
	t.aim(fmt.Sprintf("webhook sent to first step started, %d/s: p99", rate), ms(p99), "60 ms", p99 <= 60*time.Millisecond)
	return nil
}
