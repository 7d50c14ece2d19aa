package store

import (
	"context"
	"sync"

	"shodo/internal/incident"
)

// maxBehind is how many changes a watcher may be behind before it loses its channel.
const maxBehind = 10_000

// watchers hands changes to whoever watches, without ever waiting for them.
type watchers struct {
	mu     sync.Mutex
	closed bool
	all    map[*watcher]struct{}
}

// watcher is one channel with its own queue, so that a slow reader delays nobody.
type watcher struct {
	out  chan incident.Change
	wake chan struct{} // holds at most one token: there is something to do

	mu    sync.Mutex
	queue []incident.Change
	ended bool
}

func (ws *watchers) add(ctx context.Context) <-chan incident.Change {
	w := &watcher{out: make(chan incident.Change), wake: make(chan struct{}, 1)}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		close(w.out)
		return w.out
	}
	if ws.all == nil {
		ws.all = map[*watcher]struct{}{}
	}
	ws.all[w] = struct{}{}
	go func() {
		defer close(w.out)
		w.run(ctx)
		ws.mu.Lock()
		delete(ws.all, w)
		ws.mu.Unlock()
	}()
	return w.out
}

func (ws *watchers) publish(changes []incident.Change) {
	if len(changes) == 0 {
		return
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		w.add(changes)
	}
}

// any says whether anybody watches.
func (ws *watchers) any() bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.all) > 0
}

// closeAll ends all watchers once they have been told everything.
func (ws *watchers) closeAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.closed = true
	for w := range ws.all {
		w.end()
	}
}

func (w *watcher) add(changes []incident.Change) {
	w.mu.Lock()
	if len(w.queue)+len(changes) > maxBehind {
		w.queue, w.ended = nil, true
	}
	if !w.ended {
		w.queue = append(w.queue, changes...)
	}
	w.mu.Unlock()
	w.signal()
}

func (w *watcher) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.signal()
}

func (w *watcher) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watcher) run(ctx context.Context) {
	for {
		w.mu.Lock()
		queue, ended := w.queue, w.ended
		w.queue = nil
		w.mu.Unlock()
		for _, c := range queue {
			select {
			case w.out <- c:
			case <-ctx.Done():
				return
			}
		}
		if ended {
			return
		}
		select {
		case <-w.wake:
		case <-ctx.Done():
			return
		}
	}
}
