// Package inbox takes PagerDuty's webhooks in and hands them to the engine.
//
// What it promises:
//
//   - Stored once, before it is answered: Accept returns after the delivery is durable; a repetition changes nothing.
//   - Nothing is lost: what could not be handed over stays stored and is tried again, also after a crash. So an event
//     may be handed over twice, and the engine must not mind.
//   - In order per incident: an incident's later event waits until the engine has the earlier one.
//   - Fair between services: they take turns, so that one service's burst does not delay another's event.
//   - While the engine is away, it is asked now and then (at most five seconds apart), not once per event, and gets
//     everything as soon as it answers again.
//   - An event that the engine refuses time and again is parked, told to a person, and tried again later. It does not
//     hold up others.
//   - Several processes may share a store: each event is handed over by one of them, which claims it for that time.
//   - The memory it takes depends on the number of services that have something waiting, not on how much waits.
//
// What it never does: decide what an incident needs. It only leaves out what cannot matter to the first response: our
// own writes coming back, and the kinds of event that change nothing for it. All of it is stored nevertheless.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/incident"
)

// ErrRefused is for the engine: it wraps the error of Hand when the engine works and will never take this event. The
// inbox finds out by itself too, by what happens to other events, but later.
var ErrRefused = errors.New("the engine refuses the event")

// Engine is who works on incidents.
type Engine interface {
	// Hand makes the engine take an event, durably. It is repeated after an error and after a crash. It must keep to
	// the context's deadline, and it is called from several goroutines, never at once for the same incident.
	Hand(ctx context.Context, e incident.Event) error
}

// Store keeps deliveries. See package store for what each method promises.
type Store interface {
	PutDelivery(ctx context.Context, d incident.Delivery) (lane string, fresh bool, err error)
	PendingLanes(ctx context.Context) ([]string, error)
	PendingDeliveries(ctx context.Context, lane string, after int64, limit int) ([]incident.Delivery, error)
	ClaimDelivery(ctx context.Context, seq int64, atMost time.Duration) (incident.Claim, error)
	SettleDeliveries(ctx context.Context, at time.Time, settled []incident.Settled) error
	RetryParked(ctx context.Context) (int, error)
	PruneDeliveries(ctx context.Context, before time.Time) (int, error)
	Backlog(ctx context.Context) (incident.Backlog, error)
}

// Config is what may be chosen. The zero value of each field has a good meaning.
type Config struct {
	// Self is the id of the engine's own user of PagerDuty, or "" while it is not known. It is asked for every event.
	Self func() string
	// Trouble is told of what a person should look at: a delivery that cannot be read and names no incident, and one
	// that is parked. It is called after the delivery is stored, from several goroutines, and must return quickly.
	Trouble func(incident.Delivery)
	// Workers is how many events are handed over at once; default 16.
	Workers int
	// HandTimeout is how long the engine may take for one event; default 10 s.
	HandTimeout time.Duration
	// MaxRefusals is how often the engine may refuse an event before it is parked; default 8.
	MaxRefusals int
	// RetryParked is how often parked events are tried again; default 10 minutes. At the start they are, too.
	RetryParked time.Duration
	// Retention is how long settled deliveries are kept; default 30 days. PagerDuty repeats for up to 48 hours.
	Retention time.Duration

	Now     func() time.Time
	Log     *slog.Logger
	Metrics prometheus.Registerer // nil: none
}

// Inbox is made by New. Accept works at once; Run hands over.
type Inbox struct {
	Config
	store   Store
	engine  Engine
	metrics *metrics

	mu      sync.Mutex
	arrived map[string]struct{} // lanes that got something that the dispatcher has not looked at
	wake    chan struct{}       // holds at most one token: arrived is not empty

	handed, echoes, unreadable atomic.Int64
}

// New makes an inbox.
func New(store Store, engine Engine, c Config) *Inbox {
	i := &Inbox{Config: c, store: store, engine: engine, arrived: map[string]struct{}{}, wake: make(chan struct{}, 1)}
	if i.Self == nil {
		i.Self = func() string { return "" }
	}
	if i.Trouble == nil {
		i.Trouble = func(incident.Delivery) {}
	}
	if i.Now == nil {
		i.Now = time.Now
	}
	if i.Log == nil {
		i.Log = slog.New(slog.DiscardHandler)
	}
	orElse(&i.Workers, 16)
	orElse(&i.HandTimeout, 10*time.Second)
	orElse(&i.MaxRefusals, 8)
	orElse(&i.RetryParked, 10*time.Minute)
	orElse(&i.Retention, 30*24*time.Hour)
	i.metrics = newMetrics(i.Config.Metrics, store, i.Now)
	return i
}

func orElse[T int | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Accept stores a delivery and returns when it is durable. After an error it may or may not be stored, and the sender
// must repeat it. One that could not be decoded comes with the type incident.EventUnreadable, an id made from its
// body, the incident's id if one can be told, and the reason in Detail.
func (i *Inbox) Accept(ctx context.Context, d incident.Delivery) error {
	if d.ReceivedAt.IsZero() {
		d.ReceivedAt = i.Now()
	}
	why := ""
	d.State, why = route(d.Event, i.Self())
	if d.Detail == "" {
		d.Detail = why
	}
	lane, fresh, err := i.store.PutDelivery(ctx, d)
	if err != nil {
		i.metrics.events.WithLabelValues("not_stored").Inc()
		return fmt.Errorf("accept event: %w", err)
	}
	if d.State == incident.Pending {
		i.notice(lane) // a repetition, too: the first one may have been stored although that could not be told
	}
	if !fresh {
		i.metrics.events.WithLabelValues("repeated").Inc()
		return nil
	}
	if d.State == incident.Pending {
		return nil
	}
	i.count(d.State)
	if d.State == incident.Unreadable {
		i.Log.Error("a webhook names no incident and cannot be handed over; it is kept", "event", d.ID, "type", d.Type, "why", d.Detail)
		i.Trouble(d)
	}
	return nil
}

// notice makes the dispatcher look at a lane.
func (i *Inbox) notice(lane string) {
	i.mu.Lock()
	i.arrived[lane] = struct{}{}
	i.mu.Unlock()
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// arrivals takes the lanes that were noticed.
func (i *Inbox) arrivals() map[string]struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.arrived) == 0 {
		return nil
	}
	lanes := i.arrived
	i.arrived = map[string]struct{}{}
	return lanes
}

func (i *Inbox) count(state incident.DeliveryState) {
	i.metrics.events.WithLabelValues(string(state)).Inc()
	switch state {
	case incident.Handed:
		i.handed.Add(1)
	case incident.Echo:
		i.echoes.Add(1)
	case incident.Unreadable:
		i.unreadable.Add(1)
	}
}

// Stats is how the inbox is doing.
type Stats struct {
	Pending    int           // waiting to be handed over
	OldestAge  time.Duration // how long the oldest of them has waited
	Parked     int           // refused by the engine, for a person to look at
	LastPing   time.Time     // when PagerDuty's last test ping was received; zero when never, or longer ago than the retention
	Handed     int64         // since the start, as the next ones
	Echoes     int64
	Unreadable int64 // those that named no incident
}

// Stats tells how the inbox is doing.
func (i *Inbox) Stats(ctx context.Context) (Stats, error) {
	b, err := i.store.Backlog(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("inbox: %w", err)
	}
	s := Stats{Pending: b.Pending, Parked: b.Parked, LastPing: b.LastPing,
		Handed: i.handed.Load(), Echoes: i.echoes.Load(), Unreadable: i.unreadable.Load()}
	if !b.Oldest.IsZero() {
		s.OldestAge = i.Now().Sub(b.Oldest)
	}
	return s, nil
}
