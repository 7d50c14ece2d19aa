package pagerduty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	maxAnswer   = 10 << 20 // bytes of an answer that are read
	maxFailures = 4        // tries of a request that meets 5xx or a broken connection

	firstBackoff = 250 * time.Millisecond
	firstPause   = time.Second // after 429 without a time
	longestPause = 30 * time.Second
)

// transport is the HTTP client under go-pagerduty. It lets one request through at a time, in the order of asking, and
// tries again what can be tried again. What is not a success comes back as an *Error.
type transport struct {
	client   *http.Client
	gate     *semaphore.Weighted // its waiters are served in order
	timeout  time.Duration       // of one try
	patience time.Duration       // of all tries of one request, waiting for the gate not counted
	now      func() time.Time
	log      *slog.Logger
	observe  func(Call)
	secret   string // taken out of PagerDuty's messages

	notBefore time.Time // until then PagerDuty lets nothing of this token through; guarded by gate
}

// repetition says when a request may be sent again.
type repetition int

const (
	repeatable repetition = iota // always: it reads, or it says what shall be true
	unsentOnly                   // only when it certainly had no effect
	never                        // the caller looks first
)

type repetitionKey struct{}

// withRepetition sets the repetition of the requests under ctx. The default is repeatable, for POST unsentOnly.
func withRepetition(ctx context.Context, r repetition) context.Context {
	return context.WithValue(ctx, repetitionKey{}, r)
}

func repetitionOf(req *http.Request) repetition {
	if r, ok := req.Context().Value(repetitionKey{}).(repetition); ok {
		return r
	}
	if req.Method == http.MethodPost {
		return unsentOnly
	}
	return repeatable
}

// Do sends the request and gives a successful answer with its body in memory, or an *Error.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if err := t.gate.Acquire(ctx, 1); err != nil {
		return nil, t.failure(req, nil, fmt.Errorf("wait for earlier requests: %w", err))
	}
	defer t.gate.Release(1)

	began := t.now()
	tries := tries{mode: repetitionOf(req), limited: t.failure(req, ErrRateLimited, nil)}
	for {
		if err := t.awaitLimit(ctx, began, tries); err != nil {
			return nil, err
		}
		answer, failure := t.try(req)
		if failure == nil {
			return answer, nil
		}
		if errors.Is(failure, ErrRateLimited) {
			tries.limits++
			tries.limited = failure
			t.notBefore = t.now().Add(limitPause(failure.RetryAfter, tries.limits))
			continue // awaitLimit waits, or gives up
		}
		if !tries.mayRepeat(failure) {
			return nil, failure
		}
		pause := max(failure.RetryAfter, jitter(firstBackoff<<(tries.failures-1)))
		if err := t.wait(ctx, began, pause, failure); err != nil {
			return nil, err
		}
	}
}

// tries is what has become of one request so far.
type tries struct {
	mode     repetition
	failures int    // 5xx, broken connections, no answer
	limits   int    // 429
	limited  *Error // the last one, or one that stands for an earlier request's
}

// mayRepeat counts a failure and says whether the request may be sent again.
func (t *tries) mayRepeat(failure *Error) bool {
	if !errors.Is(failure, ErrUnavailable) {
		return false
	}
	t.failures++
	if errors.Is(failure, context.DeadlineExceeded) {
		t.failures++ // the requests behind this one wait too
	}
	switch t.mode {
	case never:
		return false
	case unsentOnly:
		return t.failures < maxFailures && !errors.Is(failure, ErrUnknownEffect)
	default:
		return t.failures < maxFailures
	}
}

// awaitLimit waits until PagerDuty lets requests of this token through. What must be looked at again before it is
// sent does not wait here.
func (t *transport) awaitLimit(ctx context.Context, began time.Time, tries tries) error {
	pause := t.notBefore.Sub(t.now())
	if pause <= 0 {
		return nil
	}
	tries.limited.RetryAfter = pause
	if tries.mode == never {
		return tries.limited
	}
	return t.wait(ctx, began, pause, tries.limited)
}

// wait lets the time pass. When the context or the transport's patience would end before, it gives the failure at once.
func (t *transport) wait(ctx context.Context, began time.Time, pause time.Duration, failure *Error) error {
	end := began.Add(t.patience)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	if t.now().Add(pause).After(end) {
		return failure
	}
	t.log.DebugContext(ctx, "pagerduty request will be sent again", "method", failure.Method, "path", failure.Path,
		"status", failure.Status, "in", pause)
	if err := sleep(ctx, pause); err != nil {
		failure.cause = errors.Join(failure.cause, err)
		return failure
	}
	return nil
}

// try sends the request once.
func (t *transport) try(req *http.Request) (*http.Response, *Error) {
	began := t.now()
	answer, failure := t.send(req)
	call := Call{Method: req.Method, Route: route(req.URL.Path), Duration: t.now().Sub(began)}
	if failure != nil {
		call.Status, call.Err = failure.Status, failure
	} else {
		call.Status = answer.StatusCode
	}
	t.observe(call)
	return answer, failure
}

func (t *transport) send(req *http.Request) (*http.Response, *Error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.timeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})

	again := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, t.failure(req, nil, err)
		}
		again.Body = body
	}
	answer, err := t.client.Do(again)
	if err != nil {
		return nil, t.broken(ctx, req, err, sent.Load())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, t.broken(ctx, req, fmt.Errorf("read the answer: %w", err), true)
	}
	if len(body) > maxAnswer {
		failure := t.failure(req, ErrTooLarge, nil)
		if req.Method != http.MethodGet {
			failure.cause = ErrUnknownEffect
		}
		failure.Status = answer.StatusCode
		failure.Message = fmt.Sprintf("more than %d bytes", maxAnswer)
		return nil, failure
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return nil, t.refusal(req, answer, body)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// broken is a try without an answer. It can be tried again, unless the caller's own time is over.
func (t *transport) broken(ctx context.Context, req *http.Request, err error, sent bool) *Error {
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = errors.Join(err, ended)
	}
	kind := ErrUnavailable
	if req.Context().Err() != nil {
		kind = nil
	}
	failure := t.failure(req, kind, err)
	if sent && req.Method != http.MethodGet {
		failure.cause = errors.Join(ErrUnknownEffect, failure.cause)
	}
	return failure
}

func (t *transport) failure(req *http.Request, kind, cause error) *Error {
	return &Error{Method: req.Method, Path: req.URL.Path, kind: kind, cause: cause}
}

// limitPause is how long to wait after 429: as long as PagerDuty says, otherwise longer each time.
func limitPause(said time.Duration, times int) time.Duration {
	if said > 0 {
		return said + rand.N(firstBackoff)
	}
	return jitter(min(firstPause<<min(times-1, 10), longestPause))
}

// jitter gives between half of d and d.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2) }

// sleep waits for d, or until ctx ends; then it gives the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
