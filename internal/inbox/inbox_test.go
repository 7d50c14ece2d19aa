package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/inbox"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// TestRoutes is every kind of event that PagerDuty documents, and what becomes of it.
func TestRoutes(t *testing.T) {
	const self = "PSELF"
	own := incident.Agent{ID: self, Type: "user_reference"}
	person := incident.Agent{ID: "PUSER", Type: "user_reference"}
	s, g := openStore(t), newEngine(t)
	i := inbox.New(s, g, inbox.Config{Self: func() string { return self }})
	run(t, i)
	unreadable := int64(0)
	for n, c := range []struct {
		kind   incident.EventType
		agent  incident.Agent
		id     incident.ID
		merged incident.ID
		want   incident.DeliveryState
	}{
		{kind: "incident.triggered", id: "Q1", want: incident.Handed},
		{kind: "incident.triggered", id: "Q1", agent: own, want: incident.Handed}, // whoever caused it, it needs a response
		{kind: "incident.reopened", id: "Q1", agent: own, want: incident.Handed},
		{kind: "incident.unacknowledged", id: "Q1", want: incident.Handed},
		{kind: "incident.acknowledged", id: "Q1", agent: person, want: incident.Handed},
		{kind: "incident.reassigned", id: "Q1", agent: person, want: incident.Handed},
		{kind: "incident.delegated", id: "Q1", agent: person, want: incident.Handed},
		{kind: "incident.escalated", id: "Q1", want: incident.Handed},
		{kind: "incident.resolved", id: "Q1", agent: person, want: incident.Handed},
		{kind: "incident.resolved", id: "Q1", agent: own, merged: "Q2", want: incident.Handed}, // we never merge
		{kind: "incident.acknowledged", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.reassigned", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.delegated", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.escalated", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.resolved", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.annotated", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.priority_updated", id: "Q1", agent: own, want: incident.Echo},
		{kind: "incident.annotated", id: "Q1", agent: person, want: incident.Kept},
		{kind: "incident.priority_updated", id: "Q1", agent: person, want: incident.Kept},
		{kind: "incident.responder.added", id: "Q1", want: incident.Kept},
		{kind: "incident.responder.replied", id: "Q1", want: incident.Kept},
		{kind: "incident.status_update_published", id: "Q1", want: incident.Kept},
		{kind: "incident.service_updated", id: "Q1", want: incident.Kept},
		{kind: "incident.incident_type.changed", id: "Q1", want: incident.Kept},
		{kind: "incident.conference_bridge.updated", id: "Q1", want: incident.Kept},
		{kind: "incident.custom_field_values.updated", id: "Q1", want: incident.Kept},
		{kind: "incident.role.assigned", id: "Q1", want: incident.Kept},
		{kind: "incident.task.completed", id: "Q1", want: incident.Kept},
		{kind: "incident.action_invocation.created", id: "Q1", want: incident.Kept},
		{kind: "incident.workflow.started", id: "Q1", want: incident.Kept},
		{kind: "incident.something_of_next_year", id: "Q1", want: incident.Kept},
		{kind: "service.updated", want: incident.Kept},
		{kind: "pagey.ping", want: incident.Kept},
		{kind: "", want: incident.Kept},
		{kind: "incident.triggered", want: incident.Unreadable},
		{kind: "shodo.unreadable", id: "Q1", want: incident.Handed},
		{kind: "shodo.unreadable", want: incident.Unreadable},
	} {
		d := incident.Delivery{Detail: "as decoded"}
		d.ID, d.Type, d.Agent, d.MergedInto = incident.EventID(fmt.Sprint("E", n)), c.kind, c.agent, c.merged
		if c.id != "" {
			d.Incident = incident.ID(fmt.Sprint(c.id, "-", n))
		}
		accept(t, i, d)
		if c.want == incident.Handed {
			if got := g.wait(1)[0]; got.ID != d.ID {
				t.Fatalf("case %d: %s %s was handed over", n, got.Type, got.ID)
			}
			settledBy(t, i)
		}
		if c.want == incident.Unreadable {
			unreadable++
		}
		if got := stats(t, i).Unreadable; got != unreadable {
			t.Fatalf("case %d, %q: %d unreadable, want %d", n, c.kind, got, unreadable)
		}
		if c.id == "" {
			continue
		}
		got, err := s.Deliveries(t.Context(), d.Incident)
		if err != nil || len(got) != 1 || got[0].State != c.want {
			t.Fatalf("case %d, %q: stored as %+v, error %v; want %s", n, c.kind, got, err, c.want)
		}
		if c.kind == incident.EventUnreadable && got[0].Detail != "as decoded" {
			t.Fatalf("why it cannot be read is lost: %q", got[0].Detail)
		}
	}
	if len(g.taken) != 0 {
		t.Fatalf("%s was handed over, too", (<-g.taken).Type)
	}
}

// TestSelfBecomesKnown: what was accepted before the engine knew its own user is recognised when its turn comes.
func TestSelfBecomesKnown(t *testing.T) {
	var self atomic.Value
	self.Store("")
	s, g := openStore(t), newEngine(t)
	i := inbox.New(s, g, inbox.Config{Self: func() string { return self.Load().(string) }})
	echo := event("P1", "Q1", 1)
	echo.Agent.ID = "PSELF"
	accept(t, i, event("P1", "Q1", 0), echo, event("P1", "Q1", 2))
	self.Store("PSELF")
	run(t, i)
	got := g.wait(2)
	if settledBy(t, i).Echoes != 1 || got[1].ID != "Q1/002" {
		t.Fatalf("handed over: %v", ids(got))
	}
}

func TestPing(t *testing.T) {
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	i := inbox.New(openStore(t), newEngine(t), inbox.Config{Now: func() time.Time { return now }})
	if !stats(t, i).LastPing.IsZero() {
		t.Fatal("a ping before the first")
	}
	d := incident.Delivery{}
	d.ID, d.Type = "E1", incident.EventPing
	accept(t, i, d)
	if got := stats(t, i); !got.LastPing.Equal(now) || got.Pending != 0 {
		t.Fatalf("%+v", got)
	}
}

func TestDuplicatesAreHandedOverOnce(t *testing.T) {
	g := newEngine(t)
	i := inbox.New(openStore(t), g, inbox.Config{})
	stop := run(t, i)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { accept(t, i, event("P1", "Q1", 0)) })
	}
	wg.Wait()
	g.wait(1)
	accept(t, i, event("P1", "Q1", 0), event("P1", "Q1", 1))
	if got := g.wait(1); got[0].ID != "Q1/001" {
		t.Fatalf("%v came again", ids(got))
	}
	stop()
	if g.called() != 2 {
		t.Fatalf("%d events were handed over, want 2", g.called())
	}
}

// TestUnreadableIsTold: only what names no incident is the inbox's to tell.
func TestUnreadableIsTold(t *testing.T) {
	var told []incident.Delivery
	i := inbox.New(openStore(t), newEngine(t), inbox.Config{Trouble: func(d incident.Delivery) { told = append(told, d) }})
	with, without := incident.Delivery{Detail: "no event.id"}, incident.Delivery{Detail: "not JSON"}
	with.ID, with.Type, with.Incident = "E1", incident.EventUnreadable, "Q1"
	without.ID, without.Type = "E2", incident.EventUnreadable
	accept(t, i, with, without, without)
	if len(told) != 1 || told[0].ID != "E2" || told[0].Detail != "not JSON" {
		t.Fatalf("told of %+v", told)
	}
}

// TestNotStored: the sender learns that the event is not durable, and nothing is handed over.
func TestNotStored(t *testing.T) {
	s, g := openStore(t), newEngine(t)
	i := inbox.New(s, g, inbox.Config{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stop := run(t, i) // a store that fails is no reason to end
	if err := i.Accept(t.Context(), event("P1", "Q1", 0)); !errors.Is(err, store.ErrClosed) {
		t.Fatalf("error %v", err)
	}
	stop()
	if g.called() != 0 {
		t.Fatal("it was handed over")
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	now := time.Unix(1_700_000_000, 0)
	i := inbox.New(openStore(t), newEngine(t), inbox.Config{Metrics: registry, Now: func() time.Time { return now }})
	kept := event("P1", "Q1", 1)
	kept.Type = "incident.annotated"
	accept(t, i, event("P1", "Q1", 0), event("P1", "Q1", 0), kept)
	now = now.Add(90 * time.Second)
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			switch {
			case m.Counter != nil:
				got[name] = m.Counter.GetValue()
			case m.Gauge != nil:
				got[name] = m.Gauge.GetValue()
			case m.Histogram != nil:
				got[name] = float64(m.Histogram.GetSampleCount())
			}
		}
	}
	want := map[string]float64{
		"shodo_inbox_events_total kept": 1, "shodo_inbox_events_total repeated": 1, "shodo_inbox_pending": 1,
		"shodo_inbox_parked": 0, "shodo_inbox_oldest_pending_seconds": 90, "shodo_inbox_hand_seconds": 0, "shodo_inbox_wait_seconds": 0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("difference (-want +got):\n%s", diff)
	}
}

// BenchmarkInbox is the whole way of an event, from Accept to an engine that takes it at once: idle one by one, and
// 10,000 at once.
func BenchmarkInbox(b *testing.B) {
	b.Run("idle", func(b *testing.B) {
		got := make(chan struct{}, 1)
		i := inbox.New(openStore(b), taker(func() { got <- struct{}{} }), inbox.Config{})
		run(b, i)
		n := 0
		for b.Loop() {
			n++
			accept(b, i, event("P1", incident.ID(fmt.Sprint("Q", n)), 0))
			<-got
		}
	})
	b.Run("burst", func(b *testing.B) {
		const burst = 10_000
		var left atomic.Int64
		done := make(chan struct{})
		i := inbox.New(openStore(b), taker(func() {
			if left.Add(-1) == 0 {
				done <- struct{}{}
			}
		}), inbox.Config{})
		run(b, i)
		round := 0
		for b.Loop() {
			round++
			left.Store(burst)
			list := make([]incident.Delivery, burst)
			for n := range list {
				list[n] = event(incident.ServiceID(fmt.Sprint("P", n%20)), incident.ID(fmt.Sprintf("Q%d-%d", round, n)), 0)
			}
			acceptAtOnce(b, i, list)
			<-done
		}
		b.ReportMetric(float64(burst*b.N)/b.Elapsed().Seconds(), "events/s")
	})
}

type taker func()

func (f taker) Hand(context.Context, incident.Event) error { f(); return nil }
