package sandbox

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// This file delivers events as PagerDuty documents it: in order per subscription and incident, where one event that
// fails holds up the later ones of its incident; retried for 48 hours on a timeout, a broken connection, 429 or 5xx;
// dropped on any other answer; and after three drops in a row the subscription is off for a day.

// Shape decides how an event travels, for tests of what a receiver must bear: one sending for each element, that much
// later. {0} is the normal case, {0, 0} a duplicate, {time.Second} a late one that later events overtake, and an
// empty list an event that is lost. Only a first element of 0 keeps its place in the order.
type Shape func(Event) []time.Duration

// Attempt is one request of a delivery.
type Attempt struct {
	At     time.Time
	Status int    // 0: no answer
	Err    string // of the connection
}

// The states of a delivery.
const (
	Pending   = "pending"
	Delivered = "delivered"
	Dropped   = "dropped"
)

// Delivery is the history of one event on its way to one subscription.
type Delivery struct {
	WebhookID    string // X-Webhook-Id: the same in every attempt
	Subscription string // id
	Event        Event
	State        string
	Attempts     []Attempt
}

type delivery struct{ Delivery }

type heldEvent struct {
	sub   *subscription
	event Event
}

// subscription is one webhook subscription. The account's lock guards it.
type subscription struct {
	id, url     string
	description string
	secrets     []string
	headers     map[string]string
	types       []string // empty: every type
	service     string   // id; empty: the whole account
	active      bool
	disabled    time.Time // until when it is switched off
	drops       int       // in a row
	queues      map[string][]*delivery
}

// Subscribe sends every event of the account to a URL, signed with each of the secrets, and returns the
// subscription's id.
func (p *PagerDuty) Subscribe(url string, secrets ...string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subscribe(&subscription{url: url, secrets: secrets, active: true}).id
}

func (p *PagerDuty) subscribe(s *subscription) *subscription {
	s.id, s.queues = newID("P", 6), map[string][]*delivery{}
	p.subs = append(p.subs, s)
	return s
}

// SetShape makes the events from now on travel as the function says; nil is the normal way.
func (p *PagerDuty) SetShape(shape Shape) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shape = shape
}

// Hold keeps back every event from now on.
func (p *PagerDuty) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = true
}

// Release ends Hold. The held events are sent one after the other, each answered before the next leaves, in the
// order that the function gives them; nil keeps their own.
func (p *PagerDuty) Release(order func([]Event) []Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holding = false
	events, subs := []Event{}, map[string][]*subscription{}
	for _, h := range p.held {
		if len(subs[h.event.ID]) == 0 {
			events = append(events, h.event)
		}
		subs[h.event.ID] = append(subs[h.event.ID], h.sub)
	}
	p.held = nil
	if order != nil {
		events = order(events)
	}
	for _, e := range events {
		for _, s := range subs[e.ID] {
			p.enqueue(s, "released", e)
		}
	}
}

// Redeliver sends an event that was told before once more, with the same X-Webhook-Id and the same body, to every
// subscription that had it.
func (p *PagerDuty) Redeliver(eventID string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var again []*delivery
	for _, d := range p.delivered {
		if d.Event.ID == eventID && !slices.ContainsFunc(again, func(o *delivery) bool { return o.Subscription == d.Subscription }) {
			again = append(again, d)
		}
	}
	if len(again) == 0 {
		return fmt.Errorf("redeliver event %q: it was never delivered", eventID)
	}
	for _, d := range again {
		if s := p.subscription(d.Subscription); s != nil {
			p.enqueue(s, "redelivered", d.Event).WebhookID = d.WebhookID
		}
	}
	return nil
}

// Events gives every event that happened, oldest first.
func (p *PagerDuty) Events() []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.events)
}

// Deliveries gives every delivery, oldest first.
func (p *PagerDuty) Deliveries() []Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Delivery, 0, len(p.delivered))
	for _, d := range p.delivered {
		c := d.Delivery
		c.Attempts = slices.Clone(c.Attempts)
		out = append(out, c)
	}
	return out
}

// Idle says that no delivery is under way.
func (p *PagerDuty) Idle() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.underWay == 0
}

func (p *PagerDuty) subscription(id string) *subscription {
	for _, s := range p.subs {
		if s.id == id {
			return s
		}
	}
	return nil
}

// publish hands an event to every subscription that wants it. The lock is held.
func (p *PagerDuty) publish(e Event) {
	p.events = append(p.events, e)
	p.touch()
	for _, s := range p.subs {
		if (len(s.types) > 0 && !slices.Contains(s.types, e.Type)) || (s.service != "" && s.service != e.Service) {
			continue
		}
		if p.holding {
			p.held = append(p.held, heldEvent{s, e})
			continue
		}
		p.send(s, e)
	}
}

func (p *PagerDuty) send(s *subscription, e Event) {
	plan := []time.Duration{0}
	if p.shape != nil {
		plan = p.shape(e)
	}
	for n, delay := range plan {
		switch {
		case n == 0 && delay == 0:
			p.enqueue(s, e.Incident, e)
		case delay == 0:
			p.enqueue(s, fmt.Sprintf("%s copy %d", e.Incident, n), e)
		default:
			p.work.Go(func() {
				if pause(p.ctx, delay) {
					p.mu.Lock()
					defer p.mu.Unlock()
					p.enqueue(s, "late "+e.ID, e)
				}
			})
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// enqueue puts an event at the end of one of a subscription's queues, and starts the queue when it was empty. The lock
// is held.
func (p *PagerDuty) enqueue(s *subscription, queue string, e Event) *delivery {
	d := &delivery{Delivery{WebhookID: newID("", 26), Subscription: s.id, Event: e, State: Pending}}
	p.delivered = append(p.delivered, d)
	if !s.active || p.now().Before(s.disabled) || len(e.Body) > 256<<10 {
		d.State = Dropped
		return d
	}
	p.underWay++
	waiting, running := s.queues[queue]
	s.queues[queue] = append(waiting, d)
	if !running && p.ctx.Err() == nil {
		p.work.Go(func() { p.pump(s, queue) })
	}
	return d
}

// pump delivers a queue until it is empty.
func (p *PagerDuty) pump(s *subscription, queue string) {
	for {
		p.mu.Lock()
		if len(s.queues[queue]) == 0 {
			delete(s.queues, queue)
			p.mu.Unlock()
			return
		}
		d := s.queues[queue][0]
		p.mu.Unlock()
		if !p.deliver(s, d) {
			return
		}
		p.mu.Lock()
		if waiting := s.queues[queue]; len(waiting) > 0 {
			s.queues[queue] = waiting[1:]
		}
		p.touch()
		p.mu.Unlock()
	}
}

// deliver tries until the event is delivered or dropped. It says no when the account is closed.
func (p *PagerDuty) deliver(s *subscription, d *delivery) bool {
	wait := p.opts.RetryBackoff
	for {
		status, err := p.post(s, d)
		if p.ctx.Err() != nil {
			return false
		}
		p.mu.Lock()
		attempt := Attempt{At: p.now(), Status: status}
		if err != nil {
			attempt.Err = err.Error()
		}
		d.Attempts = append(d.Attempts, attempt)
		again := retried(status, err) && p.now().Sub(d.Event.OccurredAt) < 48*time.Hour
		switch {
		case err == nil && status/100 == 2:
			s.drops = 0
			p.settle(d, Delivered)
		case d.State == Dropped: // the subscription was switched off meanwhile
			again = false
		case !again:
			p.drop(s, d)
		}
		p.touch()
		p.mu.Unlock()
		if !again {
			return true
		}
		if !pause(p.ctx, wait) {
			return false
		}
		wait = min(2*wait, 30*time.Second)
	}
}

// settle ends a delivery. The lock is held.
func (p *PagerDuty) settle(d *delivery, state string) {
	if d.State == Pending {
		p.underWay--
	}
	d.State = state
}

func (p *PagerDuty) post(s *subscription, d *delivery) (int, error) {
	p.senders <- struct{}{}
	defer func() { <-p.senders }()
	r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, s.url, bytes.NewReader(d.Event.Body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "PagerDuty-Webhook/V3.0")
	r.Header.Set("X-Webhook-Id", d.WebhookID)
	r.Header.Set("X-Webhook-Subscription", s.id)
	r.Header.Set("X-PagerDuty-Signature", Sign(d.Event.Body, s.secrets...))
	for name, value := range s.headers {
		r.Header.Set(name, value)
	}
	response, err := p.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	return response.StatusCode, nil
}

// retried says which failures PagerDuty tries again. Of the faults of TLS it is only an expired certificate.
func retried(status int, err error) bool {
	if err == nil {
		return status == http.StatusTooManyRequests || status >= 500
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		return invalid.Reason == x509.Expired
	}
	var wrong *tls.CertificateVerificationError
	return !errors.As(err, &wrong)
}

// drop gives up a delivery, and switches the subscription off at the third in a row. The lock is held.
func (p *PagerDuty) drop(s *subscription, d *delivery) {
	p.settle(d, Dropped)
	if s.drops++; s.drops < 3 {
		return
	}
	s.disabled, s.drops = p.now().Add(24*time.Hour), 0
	for queue, waiting := range s.queues {
		for _, other := range waiting {
			p.settle(other, Dropped)
		}
		s.queues[queue] = waiting[:min(1, len(waiting))] // its pump takes that one away
	}
	p.opts.Log.Warn("three webhooks in a row were refused: the subscription is switched off for 24 hours", "url", s.url)
}
