package action

import (
	"context"
	"sync"
	"time"
)

// heart repeats the last heartbeat while an action waits, so that no action needs a timer for it.
type heart struct {
	mu     sync.Mutex
	beat   func(detail any)
	detail any
	cancel context.CancelFunc
	done   chan struct{}
}

func startHeart(ctx context.Context, beat func(detail any), every time.Duration) *heart {
	if beat == nil {
		beat = func(any) {}
	}
	// Not ended by the run's own context: while an action stops the other side it still lives.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h := &heart{beat: beat, cancel: cancel, done: make(chan struct{})}
	go h.repeat(ctx, every)
	return h
}

func (h *heart) repeat(ctx context.Context, every time.Duration) {
	defer close(h.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.mu.Lock()
			h.beat(h.detail)
			h.mu.Unlock()
		}
	}
}

// tell gives a heartbeat now; its detail is repeated from here on.
func (h *heart) tell(detail any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.detail = detail
	h.beat(detail)
}

// stop ends the heartbeats; none comes after it returns.
func (h *heart) stop() {
	h.cancel()
	<-h.done
}
