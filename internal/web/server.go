// Package web is what the process answers over HTTP: PagerDuty's webhooks, Slack's slash command, the API, health,
// readiness and metrics.
//
// It promises that a webhook is answered 202 only after the inbox has it, durably; that a validly signed one is never
// answered 4xx, whatever it holds, because PagerDuty drops such a delivery for good and switches the subscription off
// after three; and that no answer tells more than the caller needs.
//
// The API asks for a token before it looks at anything else. What somebody does by it or by the slash command is bound by
// the same rules (windows.go), is recorded with the name of who did it, and stands in the log.
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
	Git      GitWebhook
	API      API
	Commands Commands
	Ready    func(context.Context) []Check
	Registry *prometheus.Registry
	Log      *slog.Logger
}

// API is what the API and the slash command work on.
type API struct {
	Tokens      []Token
	Maintenance Maintenance // nil: there is neither
	Customers   func() Customers
	Now         func() time.Time
}

// New gives the handler of all pages.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/pagerduty", newReceiver(o.Webhooks, o.Registry, o.Log))
	if len(o.Git.Secrets) > 0 {
		mux.Handle("POST /webhooks/git", newPushes(o.Git, o.Registry, o.Log))
	}
	if o.API.Maintenance != nil {
		w := &windows{keep: o.API.Maintenance, customers: o.API.Customers, now: o.API.Now, log: o.Log}
		mux.Handle("/api/", newAPI(o.API.Tokens, w, o.Registry, o.Log))
		if !o.Commands.SigningSecret.IsZero() {
			mux.Handle("POST /webhooks/slack/commands", newCommands(o.Commands, w, o.Registry, o.Log))
		}
	}
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
