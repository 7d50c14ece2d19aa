package inbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"shodo/internal/inbox"
	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
)

// referee is one engine behind several inboxes, as a Temporal cluster is. It knows what is being handed over now.
type referee struct {
	t  *testing.T
	mu sync.Mutex

	now  map[incident.ID]bool
	last map[incident.ID]incident.EventID
	seen map[incident.EventID]int
	by   map[string]int
	all  chan struct{}
	want int
}

func (r *referee) hand(name string, e incident.Event) {
	r.mu.Lock()
	if r.now[e.Incident] {
		r.t.Errorf("%s: two events of the incident are handed over at once", e.ID)
	}
	if e.ID < r.last[e.Incident] {
		r.t.Errorf("%s came after %s", e.ID, r.last[e.Incident])
	}
	r.now[e.Incident], r.last[e.Incident] = true, e.ID
	r.seen[e.ID]++
	r.by[name]++
	done := len(r.seen) == r.want && r.seen[e.ID] == 1
	r.mu.Unlock()
	<-time.After(time.Millisecond) // long enough that another one would be seen
	r.mu.Lock()
	r.now[e.Incident] = false
	r.mu.Unlock()
	if done {
		close(r.all)
	}
}

type player struct {
	name    string
	referee *referee
}

func (p player) Hand(_ context.Context, e incident.Event) error {
	p.referee.hand(p.name, e)
	return nil
}

// Two processes share a store: each event is handed over once, by one of them, in order per incident, although both see
// all of them and the events of one incident arrive at both.
func TestTwoProcessesShareAStore(t *testing.T) {
	const incidents, each = 30, 6
	url := postgrestest.NewStore(t)
	r := &referee{t: t, now: map[incident.ID]bool{}, last: map[incident.ID]incident.EventID{}, seen: map[incident.EventID]int{},
		by: map[string]int{}, all: make(chan struct{}), want: incidents * each}
	var inboxes []*inbox.Inbox
	for n := range 2 {
		s, err := store.Open(context.Background(), url, slog.New(slog.DiscardHandler), store.Shared)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		// Short, so that what the other one had is asked for again soon.
		inboxes = append(inboxes, inbox.New(s, player{fmt.Sprint("process ", n), r}, inbox.Config{HandTimeout: time.Second}))
	}
	run(t, inboxes[0])
	run(t, inboxes[1])
	var wg sync.WaitGroup
	for n := range incidents {
		wg.Go(func() {
			for k := range each {
				accept(t, inboxes[(n+k)%2], event(incident.ServiceID(fmt.Sprint("P", n%4)), incident.ID(fmt.Sprint("Q", n)), k))
			}
		})
	}
	wg.Wait()
	select {
	case <-r.all:
	case <-time.After(2 * time.Minute):
		t.Fatalf("only %d of %d events were handed over", len(r.seen), incidents*each)
	}
	settledBy(t, inboxes[0])
	for id, n := range r.seen {
		if n != 1 {
			t.Errorf("%s was handed over %d times", id, n)
		}
	}
	if len(r.by) != 2 {
		t.Errorf("not both took part: %v", r.by)
	}
}
