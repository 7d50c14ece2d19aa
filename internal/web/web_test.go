package web_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/web"
)

type inbox struct {
	err  error
	kept []incident.Delivery
}

func (b *inbox) Accept(_ context.Context, d incident.Delivery) error {
	if b.err != nil {
		return b.err
	}
	b.kept = append(b.kept, d)
	return nil
}

const triggered = `{"event":{"id":"E1","event_type":"incident.triggered","resource_type":"incident",` +
	`"occurred_at":"2026-11-20T03:00:00.000Z","agent":null,"client":null,"data":{"id":"Q1","type":"incident",` +
	`"service":{"id":"P1","type":"service_reference"}}}}`

func TestWebhookIsAnsweredByWhatBecameOfIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		body    string
		sign    []string // the secrets that sign
		version string
		inbox   error
		status  int
		stored  int
		logged  string
	}{
		{name: "a signed one is stored", body: triggered, sign: []string{"new"}, status: 202, stored: 1},
		{name: "the second secret counts too", body: triggered, sign: []string{"old"}, status: 202, stored: 1},
		{name: "one of several signatures is enough", body: triggered, sign: []string{"foreign", "old"}, status: 202, stored: 1},
		{name: "no signature", body: triggered, status: 401, logged: "three of them switch the subscription off"},
		{name: "a forged signature", body: triggered, sign: []string{"foreign"}, status: 401, logged: "switch the subscription off"},
		{name: "a signature of another version", body: triggered, sign: []string{"new"}, version: "v2", status: 401},
		{name: "signed, but no JSON", body: "hello", sign: []string{"new"}, status: 202, stored: 1, logged: "cannot be read"},
		{name: "signed and empty", body: "", sign: []string{"new"}, status: 202, stored: 1},
		{name: "signed, of an unknown type", body: `{"event":{"id":"E2","event_type":"moon.risen","data":{"type":"moon"}}}`,
			sign: []string{"new"}, status: 202, stored: 1},
		{name: "2 MB", body: strings.Repeat("x", 2<<20), sign: []string{"new"}, status: 413, logged: "larger than 1 MiB"},
		{name: "the store is full", body: triggered, sign: []string{"new"}, inbox: errors.New("disk full"), status: 503,
			logged: "PagerDuty will send it again"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			box := &inbox{err: c.inbox}
			h := handler(box, nil, &log)
			req := httptest.NewRequest("POST", "/webhooks/pagerduty", strings.NewReader(c.body))
			if c.version == "" {
				c.version = "v1"
			}
			var signatures []string
			for _, s := range c.sign {
				signatures = append(signatures, c.version+"="+sign(s, c.body))
			}
			if len(signatures) > 0 {
				req.Header.Set("X-PagerDuty-Signature", strings.Join(signatures, ","))
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			if rec.Code != c.status || len(box.kept) != c.stored {
				t.Fatalf("answered %d and stored %d, want %d and %d", rec.Code, len(box.kept), c.status, c.stored)
			}
			if !strings.Contains(log.String(), c.logged) {
				t.Errorf("log has no %q:\n%s", c.logged, &log)
			}
			if strings.Contains(log.String(), "s3cret") {
				t.Errorf("the log tells a secret:\n%s", &log)
			}
			if c.stored > 0 && string(box.kept[0].Body) != c.body {
				t.Errorf("stored body is not the one received: %q", box.kept[0].Body)
			}
		})
	}
}

func TestWebhooksAreCounted(t *testing.T) {
	h := handler(&inbox{}, nil, io.Discard)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/webhooks/pagerduty", strings.NewReader("x")))
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(rec.Body.String(), `shodo_webhooks_total{answer="unsigned"} 1`) {
		t.Fatalf("metrics do not count the refusal:\n%s", rec.Body)
	}
}

func TestReadiness(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks []web.Check
		status int
	}{
		{"all well", []web.Check{{Name: "store", OK: true}, {Name: "temporal", OK: true}}, 200},
		{"one is away", []web.Check{{Name: "store", OK: true}, {Name: "temporal", Detail: "connection refused"}}, 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			handler(&inbox{}, c.checks, io.Discard).ServeHTTP(rec, httptest.NewRequest("GET", "/readyz", nil))
			var got struct {
				Ready  bool
				Checks []web.Check
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if rec.Code != c.status || got.Ready != (c.status == 200) || !cmp.Equal(got.Checks, c.checks) {
				t.Fatalf("%d %+v", rec.Code, got)
			}
		})
	}
}

func TestOtherMethodsAndPaths(t *testing.T) {
	h := handler(&inbox{}, nil, io.Discard)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/webhooks/pagerduty", http.StatusMethodNotAllowed},
		{"GET", "/healthz", http.StatusOK},
		{"GET", "/nothing", http.StatusNotFound},
	} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(c.method, c.path, nil))
		if rec.Code != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, rec.Code, c.status)
		}
	}
}

func handler(box web.Inbox, checks []web.Check, log io.Writer) http.Handler {
	return web.New(web.Options{
		Webhooks: web.Webhooks{Secrets: []secret.Value{secretOf("new"), secretOf("old")}, Inbox: box, Now: time.Now},
		Ready:    func(context.Context) []web.Check { return checks },
		Registry: prometheus.NewRegistry(),
		Log:      slog.New(slog.NewTextHandler(log, nil)),
	})
}

func secretOf(name string) secret.Value { return secret.New("s3cret-" + name) }

func sign(name, body string) string {
	mac := hmac.New(sha256.New, []byte(secretOf(name).Reveal()))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}
