// Package web is what the process answers over HTTP: PagerDuty's webhooks, what people press and type in Slack, the API,
// health, readiness and metrics.
//
// It promises that a webhook is answered 202 only after the inbox has it, durably; that a validly signed one is never
// answered 4xx, whatever it holds, because PagerDuty drops such a delivery for good and switches the subscription off
// after three; and that no answer tells more than the caller needs.
//
// The API asks for a token before it looks at anything else. What somebody does by it, by a button or by the slash command is
// bound by the same rules (windows.go, pausing.go, deciding.go), is recorded with the name of who did it, and stands in the
// log. Who may decide in Slack is the roster's to say; every token of the API may.
//
// Slack waits three seconds. A press is answered before, and what takes longer goes on behind the answer and is told to
// the person alone. Presses that come twice are known by their ids: nothing is done twice. What Socket Mode brings goes the
// same way (Site.FromSlack).
//
// It never works on an event itself, and never calls PagerDuty or Temporal; what it says in Slack are private answers.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
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
	Slack    Slack
	Choices  Choices
	Ready    func(context.Context) []Check
	Registry *prometheus.Registry
	Log      *slog.Logger
}

// API is what the API and the slash command work on.
type API struct {
	Tokens      []Token
	Maintenance Maintenance // nil: there is neither
	Pauses      Pauses      // nil: there is no kill switch
	Reports     Reports     // nil: none is made and sent by itself
	Figures     Figures     // nil: there are none
	Customers   func() Customers
	Now         func() time.Time
}

// rules is what people may do, by whichever way they come.
type rules struct {
	reports  Reports
	windows  *windows
	figures  *figuring
	pausing  *pausing
	deciding *deciding
}

// Site is all that the process answers.
type Site struct {
	mux      *http.ServeMux
	commands *commands // nil: there are none
	presses  *presses  // nil: there are none
	log      *slog.Logger
}

// ServeHTTP answers a request.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// New makes the site.
func New(o Options) *Site {
	mux := http.NewServeMux()
	site := &Site{mux: mux, log: o.Log}
	mux.Handle("POST /webhooks/pagerduty", newReceiver(o.Webhooks, o.Registry, o.Log))
	if len(o.Git.Secrets) > 0 {
		mux.Handle("POST /webhooks/git", newPushes(o.Git, o.Registry, o.Log))
	}
	if o.API.Maintenance != nil {
		site.people(o)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", readiness(o.Ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	return site
}

// people adds what people do here: by the API, and in Slack.
func (s *Site) people(o Options) {
	api := o.API
	rules := rules{
		reports: api.Reports,
		windows: &windows{keep: api.Maintenance, customers: api.Customers, now: api.Now, log: o.Log},
		pausing: &pausing{keep: api.Pauses, catalog: api.Customers, now: api.Now, log: o.Log},
		deciding: &deciding{Choices: o.Choices, customers: api.Customers, now: api.Now, log: o.Log,
			choices: promauto.With(o.Registry).NewCounterVec(prometheus.CounterOpts{
				Name: "shodo_choices_total",
				Help: "What people decided about incidents, by way (slack, api), choice and answer: taken, refused (as things stand), not_allowed, failed.",
			}, []string{"way", "choice", "answer"})},
	}
	if api.Figures != nil {
		rules.figures = newFiguring(api.Figures, api.Now)
	}
	s.mux.Handle("/api/", newAPI(api.Tokens, rules, o.Registry, o.Log))
	if !o.Slack.On {
		return
	}
	s.commands = newCommands(o.Slack, rules, o.Registry, o.Log)
	if o.Choices.Chooser != nil {
		s.presses = newPresses(rules.deciding, o.Slack.Private, s.commands.anyLanguage, o.Registry)
	}
	if o.Slack.SigningSecret.IsZero() {
		return
	}
	signed := signed{secret: o.Slack.SigningSecret, now: api.Now, log: o.Log}
	s.mux.Handle("POST /webhooks/slack/commands", commandRequests{s.commands, signed})
	if s.presses != nil {
		s.mux.Handle("POST /webhooks/slack/interactions", pressRequests{s.presses, signed})
	}
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
