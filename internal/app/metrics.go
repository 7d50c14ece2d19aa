package app

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/store"
)

// metrics is what the process counts, beside what package web counts itself.
type metrics struct {
	outcomes  *prometheus.CounterVec
	told      *prometheus.CounterVec
	steps     *prometheus.HistogramVec
	pagerduty *prometheus.HistogramVec
	reloads   *prometheus.CounterVec
}

func newMetrics(r *prometheus.Registry) *metrics {
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	f := promauto.With(r)
	return &metrics{
		outcomes: f.NewCounterVec(prometheus.CounterOpts{Name: "shodo_outcomes_total",
			Help: "First responses that have ended, by outcome and reason."}, []string{"outcome", "reason"}),
		told: f.NewCounterVec(prometheus.CounterOpts{Name: "shodo_told_total",
			Help: "Messages to tiers that were taken."}, []string{"where"}),
		steps: f.NewHistogramVec(prometheus.HistogramOpts{Name: "shodo_step_seconds",
			Help:    "Time of one use of an action, by action and kind of error (none: it succeeded).",
			Buckets: []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 300}}, []string{"action", "error"}),
		pagerduty: f.NewHistogramVec(prometheus.HistogramOpts{Name: "shodo_pagerduty_request_seconds",
			Help:    "Time of one try of a request to PagerDuty, by method, route and status (0: no answer).",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"method", "route", "status"}),
		reloads: f.NewCounterVec(prometheus.CounterOpts{Name: "shodo_catalog_reloads_total",
			Help: "Reloads of the catalog, by result: taken, refused."}, []string{"result"}),
	}
}

// windowsTimeout is how long a look at the store for a gauge may take.
const windowsTimeout = 2 * time.Second

// watchWindows shows what waits for the end of a window, and how many windows were added while the engine runs.
func (m *metrics) watchWindows(r prometheus.Registerer, s *store.Store, log *slog.Logger) {
	gauge := func(name, help string, value func(waiting, added int) int) {
		promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), windowsTimeout)
			defer cancel()
			waiting, added, err := countWindows(ctx, s, time.Now())
			if err != nil {
				log.Error("count deferrals and windows for metrics", "err", err)
				return math.NaN()
			}
			return float64(value(waiting, added))
		})
	}
	gauge("shodo_deferrals_open", "What waits for the end of a window: incidents, and news for customers.", func(waiting, _ int) int { return waiting })
	gauge("shodo_maintenance_windows", "Windows added at run time that are running or planned.", func(_, added int) int { return added })
}

// watchPauses shows how much is stopped by the kill switch.
func (m *metrics) watchPauses(r prometheus.Registerer, s *store.Store, log *slog.Logger) {
	for _, scope := range []incident.PauseScope{incident.PauseAll, incident.PauseCustomer, incident.PauseScenario} {
		promauto.With(r).NewGaugeFunc(prometheus.GaugeOpts{Name: "shodo_pauses_in_force", Help: "Uses of the kill switch that nobody has ended, by scope: while there are any, nothing is changed there.",
			ConstLabels: prometheus.Labels{"scope": string(scope)}}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), windowsTimeout)
			defer cancel()
			list, err := s.PausesInForce(ctx)
			if err != nil {
				log.Error("count pauses for metrics", "err", err)
				return math.NaN()
			}
			n := 0
			for _, p := range list {
				if p.Scope == scope {
					n++
				}
			}
			return float64(n)
		})
	}
}

func countWindows(ctx context.Context, s *store.Store, now time.Time) (waiting, added int, err error) {
	deferrals, err := s.OpenDeferrals(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, d := range deferrals {
		if d.Question != incident.Silence { // nobody waits for what is suppressed
			waiting++
		}
	}
	windows, err := s.Maintenances(ctx, "", now)
	return waiting, len(windows), err
}

func (m *metrics) observeStep(action string, kind incident.ErrorKind, took time.Duration) {
	m.steps.WithLabelValues(action, cmp.Or(string(kind), "none")).Observe(took.Seconds())
}

func (m *metrics) observePagerDuty(c pagerduty.Call) {
	m.pagerduty.WithLabelValues(c.Method, c.Route, strconv.Itoa(c.Status)).Observe(c.Duration.Seconds())
}

func (m *metrics) countReload(err error) {
	result := "taken"
	if err != nil {
		result = "refused"
	}
	m.reloads.WithLabelValues(result).Inc()
}

// watchRecord counts outcomes as they become durable, and gives each a line in the log.
func (m *metrics) watchRecord(ctx context.Context, s *store.Store, log *slog.Logger) {
	for change := range s.Watch(ctx) {
		switch t := change.Transition; {
		case t == nil, change.Elsewhere: // who wrote it counts it
		case t.Kind == incident.Ended:
			m.outcomes.WithLabelValues(string(t.Outcome), string(t.Reason)).Inc()
			log.Info("first response decided", "incident", t.Incident, "outcome", t.Outcome, "reason", t.Reason, "why", t.Why)
		case t.Kind == incident.ToldTier:
			m.told.WithLabelValues(where(t.Key)).Inc()
			log.Info("told", "incident", t.Incident, "tier", t.By, "where", t.Why)
		}
	}
}

// where takes "slack" or "pagerduty" from the key of a transition, "told/slack/0".
func where(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}
