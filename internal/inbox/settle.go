package inbox

import (
	"context"
	"time"

	"shodo/internal/incident"
)

// maxSettle is how many events one write settles.
const maxSettle = 512

// settler has the store note what became of events, one write at a time. While the store cannot, it tries again.
type settler struct {
	waiting  []done
	running  bool
	failures int
	retryAt  time.Time
	done     chan settleResult
}

type done struct {
	lane    *lane
	settled incident.Settled
}

type settleResult struct {
	batch []done
	err   error
}

func (s *settler) add(it *item, settled incident.Settled) {
	s.waiting = append(s.waiting, done{it.lane, settled})
}

func (s *settler) hasRoom() bool { return len(s.waiting) < maxUnsettled }

// start writes what waits, beside the dispatcher, unless a write is running or has to wait.
func (s *settler) start(ctx context.Context, d *dispatcher) {
	if s.running || len(s.waiting) == 0 || s.retryAt.After(d.Now()) {
		return
	}
	s.running, s.retryAt = true, time.Time{}
	n := min(len(s.waiting), maxSettle)
	batch := s.waiting[:n:n]
	s.waiting = s.waiting[n:]
	go func() { s.done <- settleResult{batch, s.write(context.WithoutCancel(ctx), d, batch)} }()
}

func (s *settler) write(ctx context.Context, d *dispatcher, batch []done) error {
	ctx, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	list := make([]incident.Settled, len(batch))
	for n, one := range batch {
		list[n] = one.settled
	}
	return d.store.SettleDeliveries(ctx, d.Now(), list)
}

// settled takes a write's result in.
func (d *dispatcher) settled(r settleResult) {
	s := &d.settler
	s.running = false
	if r.err != nil {
		s.waiting = append(r.batch, s.waiting...)
		s.failures++
		s.retryAt = d.Now().Add(backoff(s.failures))
		d.Log.Error("note which events were handed over", "err", r.err)
		return
	}
	s.failures = 0
	for _, one := range r.batch {
		delete(one.lane.known, one.settled.Seq)
	}
}

// finish writes everything that waits, once: what the store does not note is handed over again at the next start.
func (s *settler) finish(ctx context.Context, d *dispatcher) {
	if s.running {
		d.settled(<-s.done)
	}
	for len(s.waiting) > 0 {
		s.retryAt = time.Time{}
		s.start(ctx, d)
		r := <-s.done
		d.settled(r)
		if r.err != nil {
			return
		}
	}
}
