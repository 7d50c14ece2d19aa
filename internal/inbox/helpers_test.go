package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"shodo/internal/inbox"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// engine is a working engine that a test can disturb. It checks what the inbox owes every engine.
type engine struct {
	t     *testing.T
	hook  func(ctx context.Context, e incident.Event) error // may be nil; runs before an event is taken
	taken chan incident.Event                               // one for each event taken; large enough never to block

	mu    sync.Mutex
	busy  map[incident.ID]bool
	calls int
}

func newEngine(t *testing.T) *engine {
	return &engine{t: t, taken: make(chan incident.Event, 50_000), busy: map[incident.ID]bool{}}
}

func (g *engine) Hand(ctx context.Context, e incident.Event) error {
	g.mu.Lock()
	g.calls++
	if g.busy[e.Incident] {
		g.t.Errorf("two events of incident %s at once", e.Incident)
	}
	g.busy[e.Incident] = true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.busy[e.Incident] = false
		g.mu.Unlock()
	}()
	if _, ok := ctx.Deadline(); !ok {
		g.t.Error("an event is handed over without a deadline")
	}
	if g.hook != nil {
		if err := g.hook(ctx, e); err != nil {
			return err
		}
	}
	g.taken <- e
	return nil
}

func (g *engine) called() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls
}

// wait gives the next n events that the engine takes.
func (g *engine) wait(n int) []incident.Event {
	g.t.Helper()
	var list []incident.Event
	deadline := time.After(time.Minute)
	for len(list) < n {
		select {
		case e := <-g.taken:
			list = append(list, e)
		case <-deadline:
			g.t.Fatalf("the engine got %d events, want %d", len(list), n)
		}
	}
	return list
}

func ids(events []incident.Event) []incident.EventID {
	var list []incident.EventID
	for _, e := range events {
		list = append(list, e.ID)
	}
	return list
}

func openStore(t testing.TB) *store.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "store.db"))
}

func openAt(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// run starts the dispatcher and gives a function that stops it and waits for its end.
func run(t testing.TB, i *inbox.Inbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// event is the n-th event of an incident: the first one triggers it.
func event(service incident.ServiceID, id incident.ID, n int) incident.Delivery {
	d := incident.Delivery{Body: []byte("{}")}
	d.ID, d.Type, d.Incident, d.Service = incident.EventID(fmt.Sprintf("%s/%03d", id, n)), incident.EventEscalated, id, service
	if n == 0 {
		d.Type = incident.EventTriggered
	}
	return d
}

func accept(t testing.TB, i *inbox.Inbox, list ...incident.Delivery) {
	t.Helper()
	for _, d := range list {
		if err := i.Accept(context.Background(), d); err != nil {
			t.Fatal(err)
		}
	}
}

// acceptAtOnce accepts many events concurrently, in no order.
func acceptAtOnce(t testing.TB, i *inbox.Inbox, list []incident.Delivery) {
	t.Helper()
	var wg sync.WaitGroup
	for part := range slices.Chunk(list, max(1, len(list)/64)) {
		wg.Go(func() {
			for _, d := range part {
				if err := i.Accept(context.Background(), d); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// settledBy waits until nothing is pending.
func settledBy(t testing.TB, i *inbox.Inbox) inbox.Stats {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		s := stats(t, i)
		if s.Pending == 0 {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("still pending: %+v", s)
		}
		<-time.After(time.Millisecond)
	}
}

func stats(t testing.TB, i *inbox.Inbox) inbox.Stats {
	t.Helper()
	s, err := i.Stats(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var errAway = errors.New("connection refused")
