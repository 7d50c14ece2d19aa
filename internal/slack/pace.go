package slack

import (
	"context"
	"sync"
	"time"
)

// Slack allows about one message a second and channel, and "short bursts" above it
// (docs.slack.dev, apis/web-api/rate-limits). A packet with its replies fits into one burst.
const (
	perMessage = time.Second
	burst      = 4
)

// pace keeps calls within Slack's limits. A caller takes its turn before it waits, so turns are in order of arrival.
type pace struct {
	now func() time.Time

	mu       sync.Mutex
	channels map[string]time.Time // when a channel's bucket would be full again
	methods  map[string]time.Time // until when a method is not to be called
	ids      map[string]string    // of channels by the names they were given
}

func newPace(now func() time.Time) *pace {
	return &pace{now: now, channels: map[string]time.Time{}, methods: map[string]time.Time{}, ids: map[string]string{}}
}

// turn waits until a message may be posted to a channel. Its error is the context's; a turn that was given up counts.
func (p *pace) turn(ctx context.Context, channel string) error {
	p.mu.Lock()
	if id, ok := p.ids[channel]; ok {
		channel = id
	}
	now := p.now()
	for name, full := range p.channels {
		if !full.After(now) {
			delete(p.channels, name)
		}
	}
	full := p.channels[channel]
	if full.Before(now) {
		full = now
	}
	full = full.Add(perMessage)
	p.channels[channel] = full
	p.mu.Unlock()
	return wait(ctx, full.Add(-burst*perMessage).Sub(now))
}

// known says that a name and an id are of the same channel, so that they share a bucket from now on.
func (p *pace) known(name, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if name == id || p.ids[name] == id {
		return
	}
	p.ids[name] = id
	if full := p.channels[name]; full.After(p.channels[id]) {
		p.channels[id] = full
	}
}

// idOf gives the id of a channel where it is known, and what was given where it is not.
func (p *pace) idOf(channel string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id, ok := p.ids[channel]; ok {
		return id
	}
	return channel
}

// open waits until a method may be called.
func (p *pace) open(ctx context.Context, method string) error {
	for {
		p.mu.Lock()
		left := p.methods[method].Sub(p.now())
		p.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := wait(ctx, left); err != nil {
			return err
		}
	}
}

// shut keeps a method from being called for a while: Slack has answered 429.
func (p *pace) shut(method string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.now().Add(d); until.After(p.methods[method]) {
		p.methods[method] = until
	}
}

// wait waits, and does not begin to when the context would end first.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
