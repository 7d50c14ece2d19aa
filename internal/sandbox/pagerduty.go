package sandbox

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// PagerDutyOptions says how a [PagerDuty] is made. The zero value works: the default account, no rate limit, no
// token check.
type PagerDutyOptions struct {
	Account Account          // DefaultAccount when it has no services
	Token   string           // what "Authorization: Token token=..." must carry; empty: any token, but one must be there
	Clock   func() time.Time // time.Now when nil
	Log     *slog.Logger     // silent when nil
	Page    string           // base of the html_url links; "https://sandbox.pagerduty.example" when empty

	// RequestsPerMinute is the REST API's limit per token; 0 counts nothing. PagerDuty's own is 960.
	RequestsPerMinute int

	// RetryBackoff is the pause before the first repetition of a webhook; it doubles with each. 500 ms when 0.
	// PagerDuty does not publish its own.
	RetryBackoff time.Duration

	// WebhookTimeout is how long a webhook may take; 5 s, PagerDuty's own, when 0.
	WebhookTimeout time.Duration
}

// PagerDuty is a local PagerDuty account. It is an [http.Handler] for the REST API and for the Events API v2
// ("/v2/enqueue"), and a sender of V3 webhooks. All methods may be used at the same time.
type PagerDuty struct {
	opts   PagerDutyOptions
	mux    *http.ServeMux
	faults *faults
	limit  *limiter

	mu        sync.Mutex
	incidents []*incident // in the order of their numbers
	byID      map[string]*incident
	byKey     map[alertKey]*incident // who had the last alert with the key; it may be resolved by now
	notified  []Page
	subs      []*subscription
	events    []Event
	delivered []*delivery
	underWay  int // deliveries that are Pending
	shape     Shape
	holding   bool
	held      []heldEvent
	lateReads int           // how many reads of a new incident's alerts find none
	changed   chan struct{} // closed and replaced at every change

	http    *http.Client
	senders chan struct{} // bounds the webhooks that are sent at the same time
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// NewPagerDuty makes an account. Close ends its clock and its webhooks.
func NewPagerDuty(opts PagerDutyOptions) (*PagerDuty, error) {
	if len(opts.Account.Services) == 0 {
		opts.Account = DefaultAccount()
	}
	if err := opts.Account.check(); err != nil {
		return nil, fmt.Errorf("make a local PagerDuty: %w", err)
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Page == "" {
		opts.Page = "https://sandbox.pagerduty.example"
	}
	if opts.RetryBackoff == 0 {
		opts.RetryBackoff = 500 * time.Millisecond
	}
	if opts.WebhookTimeout == 0 {
		opts.WebhookTimeout = 5 * time.Second
	}
	p := &PagerDuty{
		opts:    opts,
		faults:  newFaults(),
		limit:   newLimiter(opts.RequestsPerMinute, time.Minute, opts.Clock),
		byID:    map[string]*incident{},
		byKey:   map[alertKey]*incident{},
		changed: make(chan struct{}),
		senders: make(chan struct{}, 256),
		http: &http.Client{
			Timeout:       opts.WebhookTimeout,
			Transport:     &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.mux = p.routes()
	p.work.Go(p.runClock)
	return p, nil
}

// Close stops the clock and the webhooks, and waits for those under way.
func (p *PagerDuty) Close() {
	p.cancel()
	p.work.Wait()
	p.http.CloseIdleConnections()
}

// runClock carries out what falls due. It looks ten times a second, at the account's clock: that is exact enough for
// people, and a test with a clock of its own calls Tick.
func (p *PagerDuty) runClock() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-ticker.C:
			p.Tick()
		}
	}
}

// now is the account's time in UTC.
func (p *PagerDuty) now() time.Time { return p.opts.Clock().UTC() }

// touch wakes everybody in Wait. The lock is held.
func (p *PagerDuty) touch() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// Wait returns when done says true, asking again at every change of the account and of the deliveries. It returns
// the context's error when that ends first.
func (p *PagerDuty) Wait(ctx context.Context, done func() bool) error {
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Inject makes requests fail as the fault says, and returns how to take it away again.
func (p *PagerDuty) Inject(f Fault) (remove func()) { return p.faults.add(f) }

// SetOutage cuts every connection to the REST and Events APIs while it is on. Webhooks go on.
func (p *PagerDuty) SetOutage(on bool) { p.faults.setOutage(on) }

// LateAlerts makes the first n reads of the alerts of each incident that is created from now on find none, the way
// an eventually consistent store does.
func (p *PagerDuty) LateAlerts(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lateReads = n
}

// newID makes an id of PagerDuty's kind: the prefix and n capital letters and digits.
func newID(prefix string, n int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return prefix + string(b)
}
