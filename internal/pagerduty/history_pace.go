package pagerduty

import (
	"net/http"
	"sync"
	"time"
)

// Paced gives a transport that sends at most so many requests a minute, evenly. PagerDuty counts the requests of a key and of a user
// together, so what can wait leaves room for what cannot. Source of the limit of 960: "Rate Limits" in PagerDuty's REST API
// documentation.
func Paced(perMinute int) http.RoundTripper {
	return &paced{base: http.DefaultTransport.(*http.Transport).Clone(), pause: time.Minute / time.Duration(max(perMinute, 1))}
}

type paced struct {
	base  http.RoundTripper
	pause time.Duration

	mu   sync.Mutex
	next time.Time // when the next request may go out
}

// RoundTrip waits for its turn.
func (p *paced) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	now := time.Now()
	turn := p.next
	if turn.Before(now) {
		turn = now
	}
	p.next = turn.Add(p.pause)
	p.mu.Unlock()
	if wait := turn.Sub(now); wait > 0 {
		if err := sleep(r.Context(), wait); err != nil {
			return nil, err
		}
	}
	return p.base.RoundTrip(r)
}
