package app

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/store"
)

// ledger notes when it was asked for what, and fails every other time.
type ledger struct {
	began         time.Time
	pages, prunes []time.Duration
	kept          store.Retention
}

func (l *ledger) MakePages(_ context.Context, now time.Time) (int, error) {
	l.pages = append(l.pages, now.Sub(l.began))
	if len(l.pages)%2 == 0 {
		return 0, errors.New("the disk is full")
	}
	return 2, nil
}

func (l *ledger) Prune(_ context.Context, keep store.Retention, now time.Time) (store.Pruned, error) {
	l.prunes, l.kept = append(l.prunes, now.Sub(l.began)), keep
	if len(l.prunes)%2 == 0 {
		return store.Pruned{Alerts: 1}, errors.New("the disk is full")
	}
	return store.Pruned{Alerts: 3, StepOutputs: 4}, nil
}

// Pages are made all day, and pruning happens once a day, whether or not it works.
func TestHousekeeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{began: time.Now()}
		keep := store.Retention{Deliveries: 1, Alerts: 2, StepOutputs: 3, Incidents: 4}
		r := prometheus.NewRegistry()
		h := newHousekeeper(l, keep, r, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), 49*time.Hour)
		defer cancel()
		h.run(ctx)
		want := []time.Duration{10 * time.Minute, 24*time.Hour + 10*time.Minute, 48*time.Hour + 10*time.Minute}
		if diff := cmp.Diff(want, l.prunes); diff != "" {
			t.Errorf("pruned at (-want +got):\n%s", diff)
		}
		if n := len(l.pages); n < 49*12 || l.pages[0] != 0 || l.pages[1] != 5*time.Minute {
			t.Errorf("pages were made %d times, the first ones after %v", n, l.pages[:2])
		}
		keep.Deliveries = 0 // the inbox does that
		if l.kept != keep {
			t.Errorf("pruned with %+v", l.kept)
		}
		if n := counted(t, r, "shodo_store_pruned_total", "alerts"); n != 7 {
			t.Errorf("%v alerts are counted", n)
		}
	})
}

// counted gives a counter with one label.
func counted(t *testing.T, r *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s of %s", name, label)
	return 0
}
