package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/config"
	"shodo/internal/store"
)

const (
	// pagesEvery is how long figures of yesterday are read one by one, at most.
	pagesEvery = 5 * time.Minute
	// firstPrune is after the start, so that a process that is started every day prunes, too, and a start is not slowed down.
	firstPrune = 10 * time.Minute
	pruneEvery = 24 * time.Hour
)

// forever is longer than anything is kept.
const forever = 100 * 365 * 24 * time.Hour

// keepDeliveries is how long webhooks are kept.
func keepDeliveries(r config.Retention) time.Duration {
	if d, ok := r.Deliveries.Duration(); ok {
		return d
	}
	return forever
}

// storage is what a housekeeper works on.
type storage interface {
	MakePages(ctx context.Context, now time.Time) (int, error)
	Prune(ctx context.Context, keep store.Retention, now time.Time) (store.Pruned, error)
}

// housekeeper keeps the store small and quick. What it cannot do now it does next time.
type housekeeper struct {
	store  storage
	keep   store.Retention
	now    func() time.Time
	log    *slog.Logger
	pruned *prometheus.CounterVec
	pages  prometheus.Counter
}

func newHousekeeper(s storage, keep store.Retention, r prometheus.Registerer, log *slog.Logger) *housekeeper {
	f := promauto.With(r)
	return &housekeeper{store: s, keep: keep, now: time.Now, log: log,
		pruned: f.NewCounterVec(prometheus.CounterOpts{Name: "shodo_store_pruned_total",
			Help: "What was deleted of the store because its retention is over: incidents, alerts, step_outputs. Webhooks are not counted here."}, []string{"what"}),
		pages: f.NewCounter(prometheus.CounterOpts{Name: "shodo_store_pages_total",
			Help: "Days of incidents that were made ready for figures of long times."}),
	}
}

func (h *housekeeper) run(ctx context.Context) {
	pages, prune := time.NewTicker(pagesEvery), time.NewTimer(firstPrune)
	defer pages.Stop()
	defer prune.Stop()
	h.makePages(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-pages.C:
			h.makePages(ctx)
		case <-prune.C:
			h.prune(ctx)
			prune.Reset(pruneEvery)
		}
	}
}

func (h *housekeeper) makePages(ctx context.Context) {
	n, err := h.store.MakePages(ctx, h.now())
	h.pages.Add(float64(n))
	if err != nil && ctx.Err() == nil {
		h.log.Error("make days ready for figures; figures are right without, and slower", "err", err)
	}
	if n > 0 {
		h.log.Info("days made ready for figures", "days", n)
	}
}

// prune deletes all but deliveries, which the inbox prunes.
func (h *housekeeper) prune(ctx context.Context) {
	keep := h.keep
	keep.Deliveries = 0
	p, err := h.store.Prune(ctx, keep, h.now())
	for what, n := range map[string]int{"incidents": p.Incidents, "alerts": p.Alerts, "step_outputs": p.StepOutputs} {
		h.pruned.WithLabelValues(what).Add(float64(n))
	}
	if err != nil && ctx.Err() == nil {
		h.log.Error("prune what was kept long enough", "err", err)
	}
	if p != (store.Pruned{}) {
		h.log.Info("pruned what was kept long enough", "incidents", p.Incidents, "alerts", p.Alerts, "step_outputs", p.StepOutputs)
	}
}
