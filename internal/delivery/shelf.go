package delivery

import (
	"context"
	"errors"
	"sync"
	"time"

	"shodo/internal/report"
	"shodo/workflows"
)

// shelf keeps reports for as long as their places are likely to be sent to, so that each is made, and compared with
// PagerDuty, once for all its places.
type shelf struct {
	mu  sync.Mutex
	all map[workflows.ReportInput]*kept
}

// kept is a report, or one that is being made.
type kept struct {
	since  time.Time
	ready  chan struct{} // closed when report and err are there
	report *report.Report
	err    error
}

// shelfLife is how long a report is kept. A place that takes it later gets one that is made anew, of the same period.
const shelfLife = 10 * time.Minute

// take gives the report of a turn. Whoever comes first makes it, and the others wait; what could not be made is not kept.
func (s *shelf) take(ctx context.Context, turn workflows.ReportInput, now time.Time, build func() (*report.Report, error)) (*report.Report, error) {
	turn.At = turn.At.UTC() // it is part of a key
	s.mu.Lock()
	for other, k := range s.all {
		if now.Sub(k.since) >= shelfLife {
			delete(s.all, other)
		}
	}
	k := s.all[turn]
	if k != nil {
		s.mu.Unlock()
		select {
		case <-k.ready:
			return k.report, k.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.all == nil {
		s.all = map[workflows.ReportInput]*kept{}
	}
	k = &kept{since: now, ready: make(chan struct{})}
	s.all[turn] = k
	s.mu.Unlock()
	k.err = errNotMade
	defer func() { // also when build panics
		if k.err != nil {
			s.mu.Lock()
			delete(s.all, turn)
			s.mu.Unlock()
		}
		close(k.ready)
	}()
	k.report, k.err = build()
	return k.report, k.err
}

var errNotMade = errors.New("the report was not made")
