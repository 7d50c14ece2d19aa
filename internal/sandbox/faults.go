package sandbox

import (
	"math"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

// Fault is a way in which a request fails on purpose. Delay comes first, then Hang, then Status, then LoseResponse.
type Fault struct {
	Method string // empty: every one
	Path   string // as path.Match takes it, such as "/incidents/*/notes"; empty: every one
	Times  int    // how many requests it hits; 0: until it is removed

	Delay        time.Duration // the request is handled that much later
	Hang         bool          // no answer until the client gives up
	Status       int           // answered instead of handling the request; nothing happens
	RetryAfter   time.Duration // with Status 429: what the headers say; 0 leaves the headers out
	LoseResponse bool          // the request is handled, and then the connection is cut instead of answering
}

// faults is the set of faults of one server.
type faults struct {
	mu     sync.Mutex
	outage bool
	list   []*activeFault
}

type activeFault struct {
	Fault
	left int
}

func newFaults() *faults { return &faults{} }

func (f *faults) setOutage(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.outage = on
}

func (f *faults) isOutage() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.outage
}

func (f *faults) add(fault Fault) (remove func()) {
	active := &activeFault{Fault: fault, left: fault.Times}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, active)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(active)
	}
}

// drop removes one fault. The lock is held.
func (f *faults) drop(active *activeFault) {
	for i, other := range f.list {
		if other == active {
			f.list = append(f.list[:i:i], f.list[i+1:]...)
			return
		}
	}
}

// next gives the first fault for a request and counts it, and whether there is an outage.
func (f *faults) next(r *http.Request) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, active := range f.list {
		if active.Method != "" && active.Method != r.Method {
			continue
		}
		if ok, _ := path.Match(active.Path, r.URL.Path); active.Path != "" && !ok {
			continue
		}
		if active.Times > 0 {
			if active.left--; active.left == 0 {
				f.drop(active)
			}
		}
		return active.Fault, f.outage
	}
	return Fault{}, f.outage
}

// serve handles a request through the faults; refuse writes the error answer of a status in the server's own form.
// A cut connection is http.ErrAbortHandler, which net/http documents for this.
func (f *faults) serve(w http.ResponseWriter, r *http.Request, next http.Handler, refuse func(http.ResponseWriter, Fault)) {
	fault, outage := f.next(r)
	if outage {
		panic(http.ErrAbortHandler)
	}
	if fault.Delay > 0 && !sleep(r, fault.Delay) {
		return
	}
	switch {
	case fault.Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case fault.Status != 0:
		refuse(w, fault)
	case fault.LoseResponse:
		next.ServeHTTP(&nowhere{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	default:
		next.ServeHTTP(w, r)
	}
}

func sleep(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// nowhere is a response that nobody gets.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

// limiter counts requests per key in fixed windows, which is how PagerDuty's ratelimit headers read.
type limiter struct {
	max    int // 0: no limit
	window time.Duration
	clock  func() time.Time

	mu    sync.Mutex
	since map[string]time.Time
	used  map[string]int
}

func newLimiter(limit int, window time.Duration, clock func() time.Time) *limiter {
	return &limiter{max: limit, window: window, clock: clock, since: map[string]time.Time{}, used: map[string]int{}}
}

// take counts one request of key. It says whether it is allowed, how many are left, and when the window ends.
func (l *limiter) take(key string) (ok bool, left int, reset time.Duration) {
	if l.max <= 0 {
		return true, math.MaxInt, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if now.Sub(l.since[key]) >= l.window {
		l.since[key], l.used[key] = now, 0
	}
	reset = l.window - now.Sub(l.since[key])
	if l.used[key] >= l.max {
		return false, 0, reset
	}
	l.used[key]++
	return true, l.max - l.used[key], reset
}

// seconds rounds up, because "retry after 0" would be an invitation.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
