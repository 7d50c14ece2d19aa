// Package web is what the process answers over HTTP: PagerDuty's webhooks, health, readiness and metrics.
//
// It promises that a webhook is answered 202 only after the inbox has it, durably; that a validly signed one is never
// answered 4xx, whatever it holds, because PagerDuty drops such a delivery for good and switches the subscription off
// after three; and that no answer tells more than the caller needs.
//
// It never works on an event itself, and never calls PagerDuty, Slack or Temporal.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"shodo/internal/incident"
)

// Inbox takes deliveries in.
type Inbox interface {
	// Accept returns after the delivery is durable.
	Accept(ctx context.Context, d incident.Delivery) error
}

// Check is one part of readiness.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"` // for people
}

// Options says what the server is made of.
type Options struct {
	Webhooks Webhooks
	Ready    func(context.Context) []Check
	Registry *prometheus.Registry
	Log      *slog.Logger
}

// New gives the handler of all pages.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/pagerduty", newReceiver(o.Webhooks, o.Registry, o.Log))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", readiness(o.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	return mux
}

// NewServer gives a server with the timeouts that an open port needs.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
