package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shodo/internal/inbox"
	"shodo/internal/incident"
	"shodo/internal/store"
)

func TestOrderPerIncident(t *testing.T) {
	const incidents, each = 60, 15
	g := newEngine(t)
	g.hook = func(context.Context, incident.Event) error {
		for range rand.N(50) {
			runtime.Gosched()
		}
		return nil
	}
	i := inbox.New(openStore(t), g, inbox.Config{Workers: 8})
	run(t, i)
	var wg sync.WaitGroup
	for n := range incidents { // PagerDuty sends each incident's events in order, and all incidents at once
		wg.Go(func() {
			for k := range each {
				service := incident.ServiceID(fmt.Sprint("P", n%5))
				if k%4 == 3 {
					service = "" // some events name no service
				}
				accept(t, i, event(service, incident.ID(fmt.Sprint("Q", n)), k))
			}
		})
	}
	wg.Wait()
	next := map[incident.ID]int{}
	for _, e := range g.wait(incidents * each) {
		if want := event("", e.Incident, next[e.Incident]).ID; e.ID != want {
			t.Fatalf("incident %s: %s came when %s was due", e.Incident, e.ID, want)
		}
		next[e.Incident]++
	}
	settledBy(t, i)
}

// TestFairness: a service that has thousands of events waiting delays another one's only by those that are being handed
// over already, and by one whose turn it is.
func TestFairness(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const burst, workers = 4_000, 4
		g := newEngine(t)
		i := inbox.New(openStore(t), g, inbox.Config{Workers: workers})
		list := make([]incident.Delivery, burst)
		for n := range list {
			list[n] = event("PNOISY", incident.ID(fmt.Sprint("N", n)), 0)
		}
		acceptAtOnce(t, i, list)
		turn := make(chan struct{})
		g.hook = func(ctx context.Context, _ incident.Event) error {
			select {
			case <-turn:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		stop := run(t, i)
		next := func() incident.Event {
			synctest.Wait() // until the inbox has done all it can: the order is its own, and not the scheduler's
			turn <- struct{}{}
			return <-g.taken
		}
		for range 500 {
			next()
		}
		for round := range 20 {
			quiet := event("PQUIET", incident.ID(fmt.Sprint("Q", round)), 0)
			accept(t, i, quiet)
			before := 0
			for next().ID != quiet.ID {
				if before++; before > workers+1 {
					t.Fatalf("%d events of the other service went before", before)
				}
			}
		}
		stop()
	})
}

// counting counts how much the dispatcher reads ahead.
type counting struct {
	*store.Store
	read atomic.Int64
	fail atomic.Bool // settling fails
}

func (c *counting) PendingDeliveries(ctx context.Context, lane string, after int64, limit int) ([]incident.Delivery, error) {
	list, err := c.Store.PendingDeliveries(ctx, lane, after, limit)
	c.read.Add(int64(len(list)))
	return list, err
}

func (c *counting) SettleDeliveries(ctx context.Context, at time.Time, settled []incident.Settled) error {
	if c.fail.Load() {
		return store.ErrFull
	}
	return c.Store.SettleDeliveries(ctx, at, settled)
}

// TestMemory: of a large backlog only the next few are read.
func TestMemory(t *testing.T) {
	s, g := &counting{Store: openStore(t)}, newEngine(t)
	i := inbox.New(s, g, inbox.Config{Workers: 2})
	list := make([]incident.Delivery, 2000)
	for n := range list {
		list[n] = event("P1", incident.ID(fmt.Sprint("N", n)), 0)
	}
	acceptAtOnce(t, i, list)
	hold := make(chan struct{})
	g.hook = func(ctx context.Context, _ incident.Event) error { <-hold; return nil }
	run(t, i)
	for n := range 100 {
		hold <- struct{}{}
		g.wait(1)
		if ahead := s.read.Load() - int64(n); ahead > 600 {
			t.Fatalf("%d were read ahead", ahead)
		}
	}
	close(hold)
	g.wait(1900)
	settledBy(t, i)
}

// TestEngineAway: nothing spins, nothing is lost, nothing is parked, and all of it goes on when the engine is back.
func TestEngineAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const events = 300
		var away atomic.Bool
		g := newEngine(t)
		g.hook = func(context.Context, incident.Event) error {
			if away.Load() {
				return errAway
			}
			return nil
		}
		i := inbox.New(openStore(t), g, inbox.Config{})
		stop := run(t, i)
		accept(t, i, event("P1", "BEFORE", 0))
		g.wait(1)
		for round := range 2 {
			away.Store(true)
			before := g.called()
			for n := range events {
				accept(t, i, event(incident.ServiceID(fmt.Sprint("P", n%7)), incident.ID(fmt.Sprintf("Q%d-%d", round, n)), 0))
			}
			time.Sleep(10 * time.Minute) // of the bubble's clock
			if calls := g.called() - before; calls < 60 || calls > 250 {
				t.Errorf("round %d: the engine was asked %d times in 10 minutes", round, calls)
			}
			away.Store(false)
			back := time.Now()
			g.wait(events)
			if took := time.Since(back); took > 5*time.Second {
				t.Errorf("round %d: it took %v to go on", round, took)
			}
		}
		stop()
		if s := stats(t, i); s.Pending != 0 || s.Parked != 0 || s.Handed != 2*events+1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRefusedEvent: an event that the engine never takes holds nobody up, is parked and told, and is tried again later.
func TestRefusedEvent(t *testing.T) {
	for name, refusal := range map[string]error{
		"says so": fmt.Errorf("%w: too large", inbox.ErrRefused),
		"unclear": errors.New("something is wrong with it"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var bad atomic.Bool
				bad.Store(true)
				told := make(chan incident.Delivery, 100)
				g := newEngine(t)
				g.hook = func(_ context.Context, e incident.Event) error {
					if e.ID == "BAD/000" && bad.Load() {
						return refusal
					}
					return nil
				}
				s := openStore(t)
				c := inbox.Config{Trouble: func(d incident.Delivery) { told <- d }, RetryParked: time.Hour}
				i := inbox.New(s, g, c)
				stop := run(t, i)
				accept(t, i, event("P1", "BAD", 0), event("P1", "BAD", 1))
				n := 0
				for len(told) == 0 {
					n++
					began := time.Now()
					accept(t, i, event("P1", incident.ID(fmt.Sprint("Q", n)), 0))
					for e := range g.taken {
						if e.Incident != "BAD" {
							break
						}
					}
					if held := time.Since(began); held > 100*time.Millisecond {
						t.Fatalf("another event was held up for %v", held)
					}
					if n > 1000 {
						t.Fatal("it is never parked")
					}
					time.Sleep(time.Second) // of the bubble's clock
				}
				d := <-told
				if d.ID != "BAD/000" || d.State != incident.Parked || d.Detail != refusal.Error() || d.Attempts != 8 {
					t.Fatalf("told of %+v", d)
				}
				synctest.Wait()
				stop()
				if st := stats(t, i); st.Parked != 1 || st.Pending != 0 {
					t.Fatalf("%+v", st)
				}

				bad.Store(false)
				i = inbox.New(s, g, c)
				stop = run(t, i)
				for e := range g.taken {
					if e.ID == "BAD/000" {
						break
					}
				}
				stop()
				list, err := s.Deliveries(t.Context(), "BAD")
				if err != nil || list[0].State != incident.Handed || list[1].State != incident.Handed {
					t.Fatalf("%+v, error %v", list, err)
				}
			})
		})
	}
}

// TestParkedIsTriedAgain without a restart, too.
func TestParkedIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		g := newEngine(t)
		g.hook = func(_ context.Context, e incident.Event) error {
			switch {
			case e.Incident == "STUCK": // so that the lane is never empty
				return errAway
			case calls.Add(1) <= 9:
				return inbox.ErrRefused
			}
			return nil
		}
		i := inbox.New(openStore(t), g, inbox.Config{RetryParked: time.Hour})
		stop := run(t, i)
		accept(t, i, event("P1", "Q1", 0), event("P1", "STUCK", 0))
		began := time.Now()
		<-g.taken
		if took := time.Since(began); took < 2*time.Hour || took > 2*time.Hour+time.Minute {
			t.Errorf("taken after %v, want at the second hour", took)
		}
		stop()
	})
}

// TestLonelyFailure: one event that fails alone does not make the next one wait.
func TestLonelyFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newEngine(t)
		g.hook = func(_ context.Context, e incident.Event) error {
			if e.Incident == "BAD" {
				return errAway
			}
			return nil
		}
		i := inbox.New(openStore(t), g, inbox.Config{Trouble: func(d incident.Delivery) {
			t.Errorf("parked, although the engine may have been away all the time: %+v", d)
		}})
		stop := run(t, i)
		accept(t, i, event("P1", "BAD", 0))
		synctest.Wait()
		accept(t, i, event("P1", "Q0", 0))
		<-g.taken
		time.Sleep(time.Hour) // of the bubble's clock
		if calls := g.called(); calls > 750 {
			t.Errorf("it was tried %d times in an hour", calls)
		}
		began := time.Now()
		accept(t, i, event("P1", "Q1", 0))
		<-g.taken
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("the next one waited %v", took)
		}
		stop()
	})
}

// TestCrashBetweenHandAndSettle: what the store could not note is handed over again, in order, and then settled.
func TestCrashBetweenHandAndSettle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, g := &counting{Store: openAt(t, path)}, newEngine(t)
	s.fail.Store(true)
	i := inbox.New(s, g, inbox.Config{})
	stop := run(t, i)
	for n := range 20 {
		accept(t, i, event("P1", "Q1", n), event("P2", "Q2", n))
	}
	g.wait(40)
	stop()
	if n := g.called(); n != 40 {
		t.Fatalf("while the store could not note it, events were handed over %d times, want once each", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	again := newEngine(t)
	i = inbox.New(openAt(t, path), again, inbox.Config{})
	run(t, i)
	var first []incident.EventID
	for _, e := range again.wait(40) {
		if e.Incident == "Q1" {
			first = append(first, e.ID)
		}
	}
	if len(first) != 20 || !slices.IsSorted(first) {
		t.Fatalf("repeated as %v", first)
	}
	settledBy(t, i)
}

// doubtful stores an event and does not say so, once: the connection ended with the commit.
type doubtful struct {
	*store.Store
	doubt atomic.Bool // about the next one
}

func (d *doubtful) PutDelivery(ctx context.Context, one incident.Delivery) (string, bool, error) {
	lane, fresh, err := d.Store.PutDelivery(ctx, one)
	if err == nil && d.doubt.CompareAndSwap(true, false) {
		return "", false, store.ErrAway
	}
	return lane, fresh, err
}

// TestStoredInDoubt: what the sender repeats, because nobody knew that it was stored, is handed over at once.
func TestStoredInDoubt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &doubtful{Store: openStore(t)}, newEngine(t)
		i := inbox.New(s, g, inbox.Config{})
		run(t, i)
		accept(t, i, event("P1", "Q1", 0))
		g.wait(1) // the dispatcher has looked at what was there at the start
		settledBy(t, i)
		s.doubt.Store(true)
		began := time.Now()
		if err := i.Accept(t.Context(), event("P1", "Q1", 1)); !errors.Is(err, store.ErrAway) {
			t.Fatalf("error %v", err)
		}
		accept(t, i, event("P1", "Q1", 1))
		g.wait(1)
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("it was handed over after %s", waited)
		}
		settledBy(t, i)
	})
}

// TestSettlingRecovers: a full disk delays the note, and nothing is handed over twice for it.
func TestSettlingRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := &counting{Store: openStore(t)}, newEngine(t)
		i := inbox.New(s, g, inbox.Config{})
		stop := run(t, i)
		s.fail.Store(true)
		accept(t, i, event("P1", "Q1", 0))
		g.wait(1)
		time.Sleep(time.Hour) // of the bubble's clock; rescans and retries happen meanwhile
		accept(t, i, event("P1", "Q1", 1))
		g.wait(1)
		s.fail.Store(false)
		settledBy(t, i)
		stop()
		if g.called() != 2 {
			t.Errorf("handed over %d times, want 2", g.called())
		}
	})
}
