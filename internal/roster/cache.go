package roster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxKept is how many answers a cache keeps. A company has fewer people.
const maxKept = 10_000

// cache keeps what a source has answered.
type cache[V any] struct {
	what string // for the log
	good time.Duration
	now  func() time.Time
	log  *slog.Logger
	ask  func(context.Context, string) (V, error)

	asking singleflight.Group
	mu     sync.Mutex
	kept   map[string]answer[V]
}

// answer is what a source said last, and how it failed since.
type answer[V any] struct {
	value  V
	err    error     // ErrUnknown; nil: value is the answer
	at     time.Time // when the source said so; zero: it never did
	failed error     // of the last try; nil: it succeeded
	tried  time.Time
}

func newCache[V any](what string, good time.Duration, o Options, ask func(context.Context, string) (V, error)) *cache[V] {
	return &cache[V]{what: what, good: good, now: o.Now, log: o.Log, ask: ask, kept: map[string]answer[V]{}}
}

// get gives the source's answer, or the last one that is known when the source is away or slow.
func (c *cache[V]) get(ctx context.Context, key string) (V, error) {
	known, isGood := c.look(key)
	if isGood {
		return known.value, known.err
	}
	if known.failed != nil && c.now().Sub(known.tried) < askAgain {
		return c.last(known, known.failed)
	}
	asked := c.asking.DoChan(key, func() (any, error) { return c.renew(context.WithoutCancel(ctx), key), nil })
	var slow <-chan time.Time
	if !known.at.IsZero() {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		slow = timer.C
	}
	select {
	case result := <-asked:
		renewed := result.Val.(answer[V])
		if renewed.failed == nil {
			return renewed.value, renewed.err
		}
		c.log.Warn("a source is away: its last answer counts, when there is one", "question", c.what, "of", key, "since", renewed.at, "err", renewed.failed)
		return c.last(renewed, renewed.failed)
	case <-slow:
		return c.last(known, errors.New("the source does not answer in time"))
	case <-ctx.Done():
		return c.last(known, ctx.Err())
	}
}

func (c *cache[V]) look(key string) (known answer[V], isGood bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known = c.kept[key]
	good := c.good
	if known.err != nil {
		good = min(good, absentFor)
	}
	return known, !known.at.IsZero() && c.now().Sub(known.at) < good
}

// last gives what the source said before it went away, or why there is nothing.
func (c *cache[V]) last(known answer[V], why error) (V, error) {
	var none V
	if known.at.IsZero() || c.now().Sub(known.at) > staleFor {
		return none, why
	}
	return known.value, known.err
}

// renew asks the source.
func (c *cache[V]) renew(ctx context.Context, key string) answer[V] {
	ctx, cancel := context.WithTimeout(ctx, lookUp)
	defer cancel()
	value, err := c.ask(ctx, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	next, now := c.kept[key], c.now()
	next.tried = now
	if err == nil || errors.Is(err, ErrUnknown) {
		next.value, next.err, next.at, next.failed = value, err, now, nil
	} else {
		next.failed = fmt.Errorf("%s: %w", c.what, err)
	}
	c.makeRoom(now)
	c.kept[key] = next
	return next
}

// makeRoom forgets what is no longer good when there is too much, and everything when that is not enough.
func (c *cache[V]) makeRoom(now time.Time) {
	if len(c.kept) < maxKept {
		return
	}
	for key, known := range c.kept {
		if now.Sub(known.at) >= c.good {
			delete(c.kept, key)
		}
	}
	if len(c.kept) >= maxKept {
		clear(c.kept)
	}
}
