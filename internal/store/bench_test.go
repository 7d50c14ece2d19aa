package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func openBench(b *testing.B) *store.Store {
	b.Helper()
	s, err := store.Open(context.Background(), filepath.Join(b.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkPutDelivery stores events of 2 KiB: idle is one caller that waits for each, parallel is 512 callers.
func BenchmarkPutDelivery(b *testing.B) {
	put := func(b *testing.B, s *store.Store, n int64) {
		d := incident.Delivery{Body: make([]byte, 2<<10)}
		d.ID = incident.EventID(fmt.Sprintf("01EVENT%019d", n*7919))
		d.Type, d.Incident = incident.EventTriggered, incident.ID(fmt.Sprintf("Q%013d", n))
		d.Service = incident.ServiceID(fmt.Sprintf("P%06d", n%50))
		d.OccurredAt, d.ReceivedAt = time.Now(), time.Now()
		if _, fresh, err := s.PutDelivery(b.Context(), d); err != nil || !fresh {
			b.Fatalf("fresh %v, error %v", fresh, err)
		}
	}
	b.Run("idle", func(b *testing.B) {
		s := openBench(b)
		n := int64(0)
		for b.Loop() {
			n++
			put(b, s, n)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("parallel", func(b *testing.B) {
		s := openBench(b)
		var n atomic.Int64
		b.SetParallelism(256)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				put(b, s, n.Add(1))
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

// BenchmarkIncident writes what a repaired incident writes: Begin, 8 transitions, 6 steps of which one changes.
func BenchmarkIncident(b *testing.B) {
	s := openBench(b)
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			writeIncident(b, s, incident.ID(fmt.Sprintf("Q%013d", n.Add(1))))
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "incidents/s")
}

func writeIncident(tb testing.TB, s *store.Store, id incident.ID) {
	tb.Helper()
	ctx, now := tb.Context(), time.Now()
	check := func(err error) {
		if err != nil {
			tb.Error(err)
		}
	}
	_, err := s.Begin(ctx, incident.Record{Incident: incident.Incident{ID: id, Status: incident.Triggered, CreatedAt: now},
		WorkflowRun: "run-of-" + string(id), Customer: incident.Customer{ID: "acme"}, ReceivedAt: now})
	check(err)
	for i, kind := range []incident.TransitionKind{incident.Decided, incident.PhaseBegan, incident.PhaseBegan, incident.PhaseBegan,
		incident.PhaseBegan, incident.Ended, incident.PhaseBegan, incident.ResponseEnd} {
		check(s.Append(ctx, []incident.Transition{{Incident: id, Run: 1, Key: fmt.Sprint(i), At: now, Kind: kind,
			Phase: incident.Check, Outcome: incident.Recovered}}))
	}
	for i, phase := range []incident.Phase{incident.Check, incident.Gather, incident.Gather, incident.Recover, incident.Verify} {
		step := incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: phase, Attempt: 1, Index: i},
			Name: "probe", Action: "http.request", StartedAt: now}
		if phase == incident.Recover {
			_, err := s.StartStep(ctx, step)
			check(err)
		}
		step.Status, step.EndedAt, step.Output = incident.Succeeded, now, []byte(`{"status":200}`)
		check(s.FinishStep(ctx, step))
	}
}
