package inbox_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"shodo/internal/inbox"
	"shodo/internal/incident"
)

// TestStop: what is being handed over may end; what hangs is given up after a while and stays pending.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newEngine(t)
		hold := make(chan struct{})
		g.hook = func(ctx context.Context, e incident.Event) error {
			if e.Incident == "QUICK" {
				<-hold
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		s := openStore(t)
		i := inbox.New(s, g, inbox.Config{HandTimeout: time.Hour})
		stop := run(t, i)
		accept(t, i, event("P1", "QUICK", 0), event("P1", "QUICK", 1), event("P2", "HANGS", 0))
		for g.called() < 2 {
			time.Sleep(time.Millisecond) // of the bubble's clock
		}
		time.AfterFunc(time.Second, func() { hold <- struct{}{} })
		began := time.Now()
		stop()
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		if st := stats(t, i); st.Pending != 2 || st.Handed != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestPrune: what was settled longer ago than the retention goes, by itself.
func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := openStore(t), newEngine(t)
		i := inbox.New(s, g, inbox.Config{Retention: 24 * time.Hour})
		stop := run(t, i)
		accept(t, i, event("P1", "Q1", 0))
		g.wait(1)
		time.Sleep(23 * time.Hour) // of the bubble's clock
		if list, err := s.Deliveries(t.Context(), "Q1"); err != nil || len(list) != 1 {
			t.Errorf("%d left after 23 hours, error %v", len(list), err)
		}
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if list, err := s.Deliveries(t.Context(), "Q1"); err != nil || len(list) != 0 {
			t.Errorf("%d left after 26 hours, error %v", len(list), err)
		}
		stop()
	})
}
