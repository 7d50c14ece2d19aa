package inbox

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	events   *prometheus.CounterVec
	failures *prometheus.CounterVec
	took     prometheus.Histogram
	waited   prometheus.Histogram
}

func newMetrics(r prometheus.Registerer, store Store, now func() time.Time) *metrics {
	make := promauto.With(r) // a nil registerer registers nothing
	if r != nil {
		r.MustRegister(backlog{store, now})
	}
	return &metrics{
		events: make.NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_inbox_events_total",
			Help: "Events by what became of them: handed, echo, kept, unreadable, parked, repeated, not_stored.",
		}, []string{"state"}),
		failures: make.NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_inbox_hand_failures_total",
			Help: "Times that an event could not be handed to the engine, by kind: refused, failed.",
		}, []string{"kind"}),
		took: make.NewHistogram(prometheus.HistogramOpts{
			Name: "shodo_inbox_hand_seconds", Help: "Time that the engine took to take an event.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		waited: make.NewHistogram(prometheus.HistogramOpts{
			Name: "shodo_inbox_wait_seconds", Help: "Time from receiving an event until the engine had it.",
			Buckets: []float64{.005, .01, .02, .05, .1, .25, .5, 1, 5, 30, 120, 600, 3600},
		}),
	}
}

// backlog asks the store when it is scraped.
type backlog struct {
	store Store
	now   func() time.Time
}

var (
	pendingDesc = prometheus.NewDesc("shodo_inbox_pending", "Events that wait to be handed to the engine.", nil, nil)
	parkedDesc  = prometheus.NewDesc("shodo_inbox_parked", "Events that the engine refused; a person should look.", nil, nil)
	oldestDesc  = prometheus.NewDesc("shodo_inbox_oldest_pending_seconds", "How long the oldest pending event has waited.", nil, nil)
)

// Describe implements prometheus.Collector.
func (b backlog) Describe(out chan<- *prometheus.Desc) {
	out <- pendingDesc
	out <- parkedDesc
	out <- oldestDesc
}

// Collect implements prometheus.Collector.
func (b backlog) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	have, err := b.store.Backlog(ctx)
	if err != nil {
		return // the other metrics are the more needed now
	}
	age := 0.0
	if !have.Oldest.IsZero() {
		age = b.now().Sub(have.Oldest).Seconds()
	}
	out <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(have.Pending))
	out <- prometheus.MustNewConstMetric(parkedDesc, prometheus.GaugeValue, float64(have.Parked))
	out <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age)
}
