package inbox

import (
	"context"
	"errors"
	"time"

	"shodo/internal/incident"
)

const (
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = 5 * time.Second

	// doubtful is how many different events must fail, with no success between, before the engine is taken to be away.
	// Fewer are taken to be those events' own fault.
	doubtful = 4

	// maxUnsettled is how many handed events may wait for the store to note it, before no more are handed over.
	maxUnsettled = 4096

	rescanEvery = time.Minute
	pruneEvery  = time.Hour
	stopGrace   = 5 * time.Second
)

// backoff is how long to wait after the n-th failure.
func backoff(n int) time.Duration {
	return min(firstBackoff<<min(max(n-1, 0), 10), maxBackoff)
}

// dispatcher hands over. Everything in it belongs to the goroutine of Run; others reach it through its channels.
type dispatcher struct {
	*Inbox
	ring    ring
	flying  int
	results chan result // has room for every worker
	settler settler

	wins    uint64             // how many events the engine has taken
	suspect map[int64]struct{} // events that failed since the engine took one last
	probes  int                // how often it was asked since it is taken to be away
	probeAt time.Time          // when it may be asked again

	readFailures int
	readAt       time.Time // when the store may be read again
}

type result struct {
	item  *item
	claim incident.Claim // empty: the store could not say
	took  time.Duration
	err   error
}

// Run hands over what is pending and what arrives, until ctx ends. Then it lets what is being handed over end, for at
// most five seconds, and returns nil. What has not ended stays pending and is repeated at the next start.
func (i *Inbox) Run(ctx context.Context) error {
	d := &dispatcher{
		Inbox:   i,
		ring:    ring{byName: map[string]*lane{}},
		results: make(chan result, i.Workers),
		settler: settler{done: make(chan settleResult, 1)},
		suspect: map[int64]struct{}{},
	}
	d.run(ctx)
	return nil
}

func (d *dispatcher) run(ctx context.Context) {
	hands, cancelHands := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelHands()
	var housekeeping [3]*time.Ticker
	for n, every := range []time.Duration{rescanEvery, d.RetryParked, pruneEvery} {
		housekeeping[n] = time.NewTicker(every)
		defer housekeeping[n].Stop()
	}
	alarm := time.NewTimer(0)
	defer alarm.Stop()

	d.retryParked(ctx)
	for {
		for name := range d.arrivals() { // every time, and not only when woken: a newcomer waits for no chance
			d.ring.get(name).more = true
		}
		d.load(ctx)
		d.settler.start(ctx, d)
		wake := d.dispatch(hands)
		alarm.Reset(d.until(wake))
		select {
		case <-ctx.Done():
			d.stop(ctx, cancelHands)
			return
		case r := <-d.results:
			d.finished(r)
		case r := <-d.settler.done:
			d.settled(r)
		case <-d.wake:
		case <-alarm.C:
		case <-housekeeping[0].C:
			d.rescan(ctx)
		case <-housekeeping[1].C:
			d.retryParked(ctx)
		case <-housekeeping[2].C:
			d.prune(ctx)
		}
	}
}

// until is the time to the earliest of these moments, or an hour when there is none.
func (d *dispatcher) until(wake time.Time) time.Duration {
	for _, at := range []time.Time{d.readAt, d.settler.retryAt} {
		wake = earliest(wake, at)
	}
	if wake.IsZero() {
		return time.Hour
	}
	return max(wake.Sub(d.Now()), 0)
}

// load reads the next page of every lane that runs out.
func (d *dispatcher) load(ctx context.Context) {
	if d.readAt.After(d.Now()) {
		return
	}
	d.readAt = time.Time{}
	self := d.Self()
	for _, l := range d.ring.order {
		for l.more && l.hasRoom() {
			page, err := d.store.PendingDeliveries(ctx, l.name, l.cursor, pageSize)
			if err != nil {
				d.cannotRead(ctx, err)
				return
			}
			l.more = len(page) == pageSize
			for _, it := range l.add(page, d.wins) {
				// Who we are may have become known only after it was accepted.
				if state, why := route(it.Event, self); state != incident.Pending {
					d.settle(it, state, why)
				}
			}
		}
	}
	d.readFailures = 0
	d.ring.sweep()
}

// cannotRead makes the dispatcher wait before it reads again.
func (d *dispatcher) cannotRead(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	d.readFailures++
	d.readAt = d.Now().Add(backoff(d.readFailures))
	d.Log.Error("read waiting events", "err", err)
}

// rescan finds everything that is pending, whatever the dispatcher remembers.
func (d *dispatcher) rescan(ctx context.Context) {
	names, err := d.store.PendingLanes(ctx)
	if err != nil {
		d.cannotRead(ctx, err)
		for _, l := range d.ring.order {
			l.more = true
		}
		return
	}
	for _, name := range names {
		l := d.ring.get(name)
		l.more, l.cursor = true, 0
	}
}

func (d *dispatcher) retryParked(ctx context.Context) {
	n, err := d.store.RetryParked(ctx)
	if err != nil && ctx.Err() == nil {
		d.Log.Error("try parked events again", "err", err)
	}
	if n > 0 {
		d.Log.Info("trying parked events again", "events", n)
	}
	d.rescan(ctx)
}

func (d *dispatcher) prune(ctx context.Context) {
	n, err := d.store.PruneDeliveries(ctx, d.Now().Add(-d.Retention))
	if err != nil && ctx.Err() == nil {
		d.Log.Error("prune events whose retention is over", "err", err)
	}
	if n > 0 {
		d.Log.Info("pruned events whose retention is over", "events", n)
	}
}

// dispatch hands over as much as may be, and tells when to look again at what has to wait for its time.
func (d *dispatcher) dispatch(hands context.Context) (wake time.Time) {
	for d.settler.hasRoom() {
		now := d.Now()
		var it *item
		switch away := d.isAway(); {
		case away && d.probeAt.After(now):
			return d.probeAt
		case away && d.flying == 0:
			it, wake = d.ring.freshest(now)
		case !away && d.flying < d.Workers:
			it, wake = d.ring.next(now)
		default:
			return time.Time{} // a result comes first
		}
		if it == nil {
			return wake
		}
		it.flying = true
		d.flying++
		go d.hand(hands, it)
	}
	return time.Time{}
}

func (d *dispatcher) isAway() bool { return len(d.suspect) >= doubtful }

// hand runs beside the dispatcher. The claim outlasts the hand-over: the time for both begins before it.
func (d *dispatcher) hand(ctx context.Context, it *item) {
	ctx, cancel := context.WithTimeout(ctx, d.HandTimeout)
	defer cancel()
	began := time.Now()
	claim, err := d.store.ClaimDelivery(ctx, it.Seq, 2*d.HandTimeout)
	if err == nil && claim == incident.Claimed {
		err = d.engine.Hand(ctx, it.Event)
	}
	d.results <- result{it, claim, time.Since(began), err}
}

func (d *dispatcher) finished(r result) {
	d.flying--
	r.item.flying = false
	if r.claim != incident.Claimed {
		d.unclaimed(r)
		return
	}
	if r.err != nil {
		d.failed(r.item, r.err)
		return
	}
	if d.isAway() {
		d.Log.Info("the engine takes events again")
	}
	d.wins++
	d.probes = 0
	clear(d.suspect)
	d.metrics.took.Observe(r.took.Seconds())
	d.metrics.waited.Observe(d.Now().Sub(r.item.ReceivedAt).Seconds())
	why := ""
	if r.item.Type == incident.EventUnreadable {
		why = r.item.Detail // what could not be read stays worth knowing
	}
	d.settle(r.item, incident.Handed, why)
}

// unclaimed is of an event that is not this process's to hand over, or of which the store could not say.
func (d *dispatcher) unclaimed(r result) {
	it := r.item
	switch r.claim {
	case incident.ClaimSettled:
		it.lane.remove(it)
		delete(it.lane.known, it.Seq)
		delete(d.suspect, it.Seq)
	case incident.ClaimedElsewhere: // soon the other has settled it, or is gone
		it.failures++
		it.notBefore = d.Now().Add(backoff(it.failures))
	default:
		it.failures++
		it.notBefore = d.Now().Add(backoff(it.failures))
		d.Log.Error("ask the store whether an event may be handed over", "event", it.ID, "incident", it.Incident, "err", r.err)
	}
}

// failed decides whose fault it was. A refusal counts against the event when the engine says so (ErrRefused), or when
// it has taken another event since this one was read or failed last: then the engine was not away all the time.
func (d *dispatcher) failed(it *item, err error) {
	refused := errors.Is(err, ErrRefused)
	if refused || d.wins > it.wins {
		it.Attempts++
	}
	it.wins = d.wins
	it.failures++
	it.notBefore = d.Now().Add(backoff(it.failures))
	if refused {
		d.metrics.failures.WithLabelValues("refused").Inc()
	} else {
		d.metrics.failures.WithLabelValues("failed").Inc()
		d.doubt(it, err)
	}
	log := d.Log.With("event", it.ID, "incident", it.Incident, "attempt", it.Attempts, "err", err)
	if it.Attempts >= d.MaxRefusals {
		log.Error("the engine refuses an event; it is parked for a person to look at")
		parked := it.Delivery
		parked.State, parked.Detail = incident.Parked, err.Error()
		d.settle(it, incident.Parked, err.Error())
		d.Trouble(parked)
		return
	}
	log.Warn("the engine did not take an event; it is tried again")
}

// doubt takes the engine to be away when enough different events have failed in a row.
func (d *dispatcher) doubt(it *item, err error) {
	was := d.isAway()
	d.suspect[it.Seq] = struct{}{}
	if !d.isAway() {
		return
	}
	if !was {
		d.Log.Error("the engine takes no events; they wait and nothing is lost", "err", err)
	}
	if d.flying == 0 { // the last of those that were on their way when it went, or a probe
		d.probes++
	}
	d.probeAt = d.Now().Add(backoff(d.probes))
	// What is asked while the engine is away is chosen and timed by that alone.
	it.notBefore = time.Time{}
}

// settle takes an item off its lane, for the store to note what became of it.
func (d *dispatcher) settle(it *item, state incident.DeliveryState, why string) {
	it.lane.remove(it)
	delete(d.suspect, it.Seq)
	d.settler.add(it, incident.Settled{Seq: it.Seq, State: state, Attempts: it.Attempts, Detail: why})
	d.count(state)
}

// stop ends cleanly: no event is left half handed over.
func (d *dispatcher) stop(ctx context.Context, cancelHands func()) {
	grace := time.AfterFunc(stopGrace, cancelHands)
	defer grace.Stop()
	for d.flying > 0 {
		if r := <-d.results; r.err == nil {
			d.finished(r)
		} else {
			d.flying-- // it stays pending
		}
	}
	d.settler.finish(ctx, d)
}
