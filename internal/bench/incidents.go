package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"shodo/internal/incident"
)

// inFlight is how many incidents are worked on at once when saturation is measured. More give no more throughput.
const inFlight = 64

// responder answers incidents: the product, or a workflow written by hand.
type responder interface {
	// respond plays an incident until PagerDuty has it as resolved.
	respond(context.Context, incident.ID) error
	// result waits until its workflow has ended.
	result(context.Context, incident.ID) error
}

// rival is a responder and its figures.
type rival struct {
	name string
	responder
	perSecond []float64 // one for each round
	cpu       []float64 // milliseconds of CPU time of this process per incident, one for each round
	alone     samples   // from the first call to the end of the workflow, while nothing else runs
}

// measureIncidents compares the engine with workflows written by hand, in turns on the same server.
func measureIncidents(ctx context.Context, s settings, t *table) error {
	rounds, count, singles := 5, 300, 100
	if s.quick {
		rounds, count, singles = 1, 300, 20
	}
	e, err := newEngine(ctx, s)
	if err != nil {
		return err
	}
	defer e.close()
	if err := e.work(); err != nil {
		return err
	}
	rivals := []*rival{{name: "engine", responder: e}}
	for _, way := range []struct{ flow, name string }{
		{normal, "by hand, all activities normal"},
		{local, "by hand, local activities as in the engine"},
		{locked, "by hand, local activities and the lock as in the engine"},
	} {
		h := newHandwritten(e, way.flow)
		if err := h.worker.Start(); err != nil {
			return err
		}
		e.later(h.worker.Stop)
		rivals = append(rivals, &rival{name: way.name, responder: h})
	}
	ids := new(ids)
	for _, r := range rivals { // warm up
		if _, err := saturate(ctx, r, ids, 2*inFlight); err != nil {
			return err
		}
	}
	for range rounds {
		for _, r := range rivals {
			before := cpuTime()
			rate, err := saturate(ctx, r, ids, count)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.perSecond = append(r.perSecond, rate)
			r.cpu = append(r.cpu, (cpuTime()-before).Seconds()*1000/float64(count))
		}
	}
	for range singles {
		for _, r := range rivals {
			took, err := alone(ctx, r, ids.next())
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.alone = append(r.alone, took)
		}
	}
	compare(t, rivals[0], rivals[1:])
	return nil
}

// saturate plays incidents as fast as it goes and gives how many were completed per second.
func saturate(ctx context.Context, r responder, ids *ids, count int) (float64, error) {
	var left atomic.Int64
	left.Store(int64(count))
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for range inFlight {
		group.Go(func() error {
			var last incident.ID
			for left.Add(-1) >= 0 {
				last = ids.next()
				if err := r.respond(ctx, last); err != nil {
					return err
				}
			}
			if last == "" {
				return nil
			}
			return r.result(ctx, last)
		})
	}
	err := group.Wait()
	return perSecond(count, time.Since(began)), err
}

// alone plays one incident and waits for the end of its workflow.
func alone(ctx context.Context, r responder, id incident.ID) (time.Duration, error) {
	began := time.Now()
	if err := r.respond(ctx, id); err != nil {
		return 0, err
	}
	err := r.result(ctx, id)
	return time.Since(began), err
}

func compare(t *table, engine *rival, byHand []*rival) {
	mine := median(engine.perSecond)
	t.aim("incidents completed per second at saturation", fmt.Sprintf("%.0f", mine), "60 on an idle machine of two cores", mine >= 60)
	t.add("CPU time per incident at saturation", fmt.Sprintf("%.1f ms", median(engine.cpu)))
	for _, other := range byHand {
		ratios := make([]float64, len(engine.perSecond)) // of rounds that ran side by side: the machine changes meanwhile
		for i := range ratios {
			ratios[i] = engine.perSecond[i] / other.perSecond[i]
		}
		ratio := median(ratios)
		t.add("the same "+other.name, fmt.Sprintf("%.0f, %.1f ms", median(other.perSecond), median(other.cpu)))
		t.aim("throughput, engine : "+other.name, fmt.Sprintf("%.2f", ratio), "at least 0.7", ratio >= 0.7)
	}
	t.add("one incident alone, from the event to the end of the workflow: p50, p99", engine.alone.String())
	for _, other := range byHand {
		added := engine.alone.at(50) - other.alone.at(50)
		t.add("the same "+other.name+": p50, p99", other.alone.String())
		t.aim("p50 that the engine adds to it", ms(added), "under 30 ms", added < 30*time.Millisecond)
	}
}

// cpuTime is what this process has used of all CPUs. Unlike times by the clock, it hardly depends on what else runs on
// the machine.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// ids gives ids that were never used in this run.
type ids struct{ last atomic.Int64 }

func (i *ids) next() incident.ID { return incident.ID(fmt.Sprintf("Q%013d", i.last.Add(1))) }
