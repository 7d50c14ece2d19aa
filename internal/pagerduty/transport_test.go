package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"shodo/internal/incident"
	"shodo/internal/secret"
)

const testToken = "y_NbAkKc66ryYTWUXYEu"

// step is one answer of a scripted PagerDuty. The last one is given for ever.
type step struct {
	status int
	header map[string]string
	body   string
	hang   bool // no answer until the client gives up
	lost   bool // carried out, and the connection breaks
}

// script is a PagerDuty that answers as told, within the process, so that a test's own clock can run it.
type script struct {
	steps []step
	mu    sync.Mutex
	times []time.Time
	asked []string
}

func (s *script) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	now := s.steps[min(len(s.times), len(s.steps)-1)]
	s.times = append(s.times, time.Now())
	s.asked = append(s.asked, req.Method+" "+req.URL.Path)
	s.mu.Unlock()
	if req.Body != nil {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	switch {
	case now.hang:
		<-req.Context().Done()
		return nil, req.Context().Err()
	case now.lost:
		return nil, io.ErrUnexpectedEOF
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/json")
	for name, value := range now.header {
		recorder.Header().Set(name, value)
	}
	recorder.WriteHeader(now.status)
	io.WriteString(recorder, now.body)
	return recorder.Result(), nil
}

func (s *script) client() *Client {
	return NewClient(Options{APIURL: "https://pagerduty.example", Token: secret.New(testToken), From: "bot@example.com", HTTPClient: &http.Client{Transport: s}})
}

// pauses gives the time between the requests.
func (s *script) pauses() []time.Duration {
	var list []time.Duration
	for i := 1; i < len(s.times); i++ {
		list = append(list, s.times[i].Sub(s.times[i-1]))
	}
	return list
}

const openIncident = `{"incident":{"id":"P1","status":"triggered","service":{"id":"S1"},"pending_actions":[{"type":"unacknowledge"}]}}`

func ok(body string) step { return step{status: 200, body: body} }

func TestRepetition(t *testing.T) {
	read := func(c *Client, ctx context.Context) error { _, err := c.Status(ctx, "P1"); return err }
	type bounds struct{ low, high time.Duration }
	for name, test := range map[string]struct {
		steps  []step
		do     func(*Client, context.Context) error
		within time.Duration // of the caller's context; 0: none
		want   error
		pauses []bounds
	}{
		"429 with PagerDuty's header": {
			[]step{{status: 429, header: map[string]string{"ratelimit-reset": "37"}, body: `{"error":{"code":2020,"message":"Rate Limit Exceeded"}}`}, ok(openIncident)},
			read, 0, nil, []bounds{{37 * time.Second, 37*time.Second + firstBackoff}},
		},
		"429 with Retry-After in seconds": {
			[]step{{status: 429, header: map[string]string{"Retry-After": "5"}}, ok(openIncident)},
			read, 0, nil, []bounds{{5 * time.Second, 5*time.Second + firstBackoff}},
		},
		"429 with Retry-After as a date by a clock an hour off": {
			[]step{{status: 429, header: map[string]string{"Retry-After": "Fri, 20 Nov 2026 04:00:20 GMT", "Date": "Fri, 20 Nov 2026 04:00:00 GMT"}}, ok(openIncident)},
			read, 0, nil, []bounds{{20 * time.Second, 20*time.Second + firstBackoff}},
		},
		"429 without a time waits longer each time": {
			[]step{{status: 429}, {status: 429}, {status: 429}, ok(openIncident)},
			read, 0, nil, []bounds{{500 * time.Millisecond, time.Second}, {time.Second, 2 * time.Second}, {2 * time.Second, 4 * time.Second}},
		},
		"429 past the caller's time is told at once": {
			[]step{{status: 429, header: map[string]string{"ratelimit-reset": "37"}}},
			read, 30 * time.Second, ErrRateLimited, nil,
		},
		"429 past the client's patience is told at once": {
			[]step{{status: 429, header: map[string]string{"ratelimit-reset": "3600"}}},
			read, 0, ErrRateLimited, nil,
		},
		"429 after a note": {
			[]step{{status: 429, header: map[string]string{"ratelimit-reset": "3"}}, ok(`{"note":{"content":"x"}}`)},
			func(c *Client, ctx context.Context) error { return c.Note(ctx, "P1", "k", "x", false) },
			0, nil, []bounds{{3 * time.Second, 3*time.Second + firstBackoff}},
		},
		"503 twice": {
			[]step{{status: 503, body: "<html>sorry</html>"}, {status: 502}, ok(openIncident)},
			read, 0, nil, []bounds{{firstBackoff / 2, firstBackoff}, {firstBackoff, 2 * firstBackoff}},
		},
		"503 with a time": {
			[]step{{status: 503, header: map[string]string{"Retry-After": "7", "ratelimit-reset": "50"}}, ok(openIncident)},
			read, 0, nil, []bounds{{7 * time.Second, 7 * time.Second}},
		},
		"500 for ever": {
			[]step{{status: 500}},
			read, 0, ErrUnavailable, []bounds{{0, time.Second}, {0, time.Second}, {0, time.Second}},
		},
		"a broken connection": {
			[]step{{lost: true}, ok(openIncident)},
			read, 0, nil, []bounds{{firstBackoff / 2, firstBackoff}},
		},
		"no answer, once": {
			[]step{{hang: true}, ok(openIncident)},
			read, 0, nil, []bounds{{10 * time.Second, 11 * time.Second}},
		},
		"no answer at all": {
			[]step{{hang: true}},
			read, 0, context.DeadlineExceeded, []bounds{{10 * time.Second, 11 * time.Second}},
		},
		"no answer within the caller's time": {
			[]step{{hang: true}},
			read, 2 * time.Second, context.DeadlineExceeded, nil,
		},
		"a refusal": {
			[]step{{status: 400, body: `{"error":{"code":2001,"message":"Invalid Input Provided","errors":["Title cannot be blank"]}}`}},
			read, 0, ErrRejected, nil,
		},
		"a token that may not": {[]step{{status: 403}}, read, 0, ErrForbidden, nil},
		"a wrong token":        {[]step{{status: 401}}, read, 0, ErrUnauthorized, nil},
		"a redirect": {
			[]step{{status: 302, header: map[string]string{"Location": "https://elsewhere.example/incidents/P1"}}},
			read, 0, ErrRejected, nil,
		},
		"an answer that is not JSON": {[]step{ok("<html>login</html>")}, read, 0, ErrUnavailable, nil},
		"an answer without incident": {[]step{ok(`{}`)}, read, 0, ErrUnavailable, nil},
		"an answer without end":      {[]step{ok(strings.Repeat("x", maxAnswer+2))}, read, 0, ErrTooLarge, nil},
		"an answer with its own types": {
			[]step{ok(`{"incident":{"id":"P1","incident_number":"7","status":"triggered","service":null,"conference_bridge":{"conference_number":1000},"body":{"details":{"a":1}},"pending_actions":[{"type":"unacknowledge"}]}}`)},
			read, 0, nil, nil,
		},
		"a resolve that loses the right to see": {
			[]step{{status: 403, body: `{"error":{"code":2018,"message":"x"}}`}},
			func(c *Client, ctx context.Context) error { return c.Resolve(ctx, "P1", "") }, 0, nil, nil,
		},
		"resolve: already resolved": {
			[]step{{status: 400, body: `{"error":{"code":1001,"message":"Incident Already Resolved"}}`}, ok(`{"incident":{"id":"P1","status":"resolved"}}`)},
			func(c *Client, ctx context.Context) error { return c.Resolve(ctx, "P1", "") }, 0, nil, []bounds{{0, 0}},
		},
		"acknowledge: somebody was faster": {
			[]step{ok(openIncident), {status: 400, body: `{"error":{"code":1002,"message":"Incident Already Acknowledged"}}`}, ok(`{"incident":{"id":"P1","status":"acknowledged"}}`)},
			func(c *Client, ctx context.Context) error { return c.Acknowledge(ctx, "P1") }, 0, nil, []bounds{{0, 0}, {0, time.Second}},
		},
		"escalate: changed at the same time": {
			[]step{{status: 409, body: `{"error":{"code":1005}}`}, ok(openIncident), ok(openIncident)},
			func(c *Client, ctx context.Context) error { return c.Escalate(ctx, "P1", 2) }, 0, nil, []bounds{{0, 0}, {0, 0}},
		},
		"escalate: no such level": {
			[]step{{status: 400, body: `{"error":{"code":1006}}`}},
			func(c *Client, ctx context.Context) error { return c.Escalate(ctx, "P1", 9) }, 0, ErrCannotEscalate, nil,
		},
		"reassign: nobody on call": {
			[]step{{status: 400, body: `{"error":{"code":1015}}`}},
			func(c *Client, ctx context.Context) error { return c.Reassign(ctx, "P1", "PPOLICY") }, 0, ErrNobodyOnCall, nil,
		},
		"reassign: writing is broken, and the policy has had the incident all along": {
			[]step{{status: 503}, {status: 503}, {status: 503}, {status: 503},
				ok(`{"incident":{"id":"P1","status":"acknowledged","escalation_policy":{"id":"PPOLICY"}}}`)},
			func(c *Client, ctx context.Context) error { return c.Reassign(ctx, "P1", "PPOLICY") }, 0, ErrUnavailable,
			[]bounds{{0, time.Second}, {0, time.Second}, {0, 2 * time.Second}, {0, 0}},
		},
		"a note whose effect stays unknown": {
			[]step{{lost: true}, ok(`{"notes":[]}`), {lost: true}, ok(`{"notes":[]}`), {lost: true}},
			func(c *Client, ctx context.Context) error { return c.Note(ctx, "P1", "k", "x", false) }, 0, ErrUnknownEffect,
			[]bounds{{0, 2 * time.Second}, {0, 0}, {0, 4 * time.Second}, {0, 0}},
		},
		"a note that was written although the answer makes no sense": {
			[]step{ok(`]`)},
			func(c *Client, ctx context.Context) error { return c.Note(ctx, "P1", "k", "x", false) }, 0, nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: test.steps}
				ctx := t.Context()
				if test.within > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.within)
					defer cancel()
				}
				began := time.Now()
				err := test.do(s.client(), ctx)
				if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
					t.Fatalf("error %v, want %v", err, test.want)
				}
				if test.within > 0 && time.Since(began) > test.within {
					t.Errorf("took %v of %v", time.Since(began), test.within)
				}
				if err != nil && strings.Contains(err.Error(), testToken) {
					t.Errorf("the token is in %q", err)
				}
				pauses := s.pauses()
				if len(pauses) != len(test.pauses) {
					t.Fatalf("requests %q with pauses %v", s.asked, pauses)
				}
				for i, b := range test.pauses {
					if pauses[i] < b.low || pauses[i] > b.high {
						t.Errorf("pause %d is %v, want %v to %v", i, pauses[i], b.low, b.high)
					}
				}
			})
		})
	}
}

func TestRateLimitHoldsForTheWholeToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 429, header: map[string]string{"ratelimit-reset": "40"}}, ok(openIncident)}}
		c := s.client()
		short, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := c.Status(short, "P1")
		var limited *Error
		if !errors.As(err, &limited) || limited.Status != 429 || limited.RetryAfter.Truncate(time.Second) != 40*time.Second {
			t.Fatalf("error %v", err)
		}
		if _, err := c.Status(short, "P2"); !errors.Is(err, ErrRateLimited) || len(s.times) != 1 {
			t.Errorf("%d requests, error %v; want none more before the limit ends", len(s.times), err)
		}
		if _, err := c.Status(t.Context(), "P3"); err != nil {
			t.Error(err)
		}
		if pause := s.pauses()[0]; pause < 40*time.Second {
			t.Errorf("the next request went out after %v", pause)
		}
	})
}

func TestRequestsGoOutInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		var mu sync.Mutex
		var order []string
		transport := roundTrip(func(req *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			mu.Lock()
			order = append(order, strings.TrimPrefix(req.URL.Path, "/incidents/"))
			first := len(order) == 1
			mu.Unlock()
			time.Sleep(time.Second) // the test's own clock
			recorder := httptest.NewRecorder()
			if first {
				recorder.WriteHeader(503)
			}
			io.WriteString(recorder, openIncident)
			return recorder.Result(), nil
		})
		c := NewClient(Options{APIURL: "https://pagerduty.example", HTTPClient: &http.Client{Transport: transport}})
		want := []string{"P00"} // tried again before all others
		var done sync.WaitGroup
		for i := range 20 {
			id := fmt.Sprintf("P%02d", i)
			want = append(want, id)
			done.Go(func() {
				if _, err := c.Status(t.Context(), incident.ID(id)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // it has asked
		}
		canceled, cancel := context.WithCancel(t.Context())
		done.Go(func() {
			if _, err := c.Status(canceled, "P99"); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v of a request that was given up while it waited", err)
			}
		})
		synctest.Wait()
		cancel()
		done.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("order %q", order)
		}
		if most.Load() != 1 {
			t.Errorf("%d requests at once", most.Load())
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestRequestsSayWhoAndWhat(t *testing.T) {
	var got []*http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, openIncident)
	}))
	defer server.Close()
	c := NewClient(Options{APIURL: server.URL, Token: secret.New(testToken), From: "bot@example.com"})
	if _, err := c.Status(t.Context(), "P1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Resolve(t.Context(), "P1", ""); err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		if r.Header.Get("Accept") != "application/vnd.pagerduty+json;version=2" || r.Header.Get("Authorization") != "Token token="+testToken {
			t.Errorf("%s: headers %v", r.Method, r.Header)
		}
		if from := r.Header.Get("From"); (r.Method == http.MethodGet) != (from == "") {
			t.Errorf("%s: From %q", r.Method, from)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := NewClient(Options{APIURL: server.URL, Token: secret.New(testToken)}).Status(t.Context(), "P1")
	if err == nil || reached.Load() {
		t.Errorf("error %v, the token reached another server: %v", err, reached.Load())
	}
	if !strings.Contains(err.Error(), "redirects are not followed") {
		t.Errorf("error %q does not say why", err)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	c := NewClient(Options{APIURL: "http://" + listener.Addr().String(), Token: secret.New(testToken)})
	err = c.Note(t.Context(), "P1", "k", "x", false)
	if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrUnknownEffect) {
		t.Errorf("error %v: a note that never left has no unknown effect", err)
	}
}

func TestMessagesOfPagerDuty(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		code int
		want string
	}{
		"as documented":    {`{"error":{"code":2001,"message":"Invalid Input Provided","errors":["a","b"]}}`, 2001, "Invalid Input Provided: a: b"},
		"errors as text":   {`{"error":{"code":2001,"message":"m","errors":"a"}}`, 2001, "m: a"},
		"error as a list":  {`{"error":["a"]}`, 0, ""},
		"code as text":     {`{"error":{"code":"2001","message":"m"}}`, 2001, "m"},
		"not JSON":         {"<html>\nBad gateway</html>", 0, "<html>\nBad gateway</html>"},
		"nothing":          {"", 0, ""},
		"repeats a secret": {`{"error":{"code":1,"message":"token ` + testToken + ` is bad"}}`, 1, "token <secret> is bad"},
		"a long one":       {`{"error":{"message":"` + strings.Repeat("x", 10_000) + `"}}`, 0, strings.Repeat("x", maxMessage-len([]rune(cutMark))) + cutMark},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{steps: []step{{status: 400, body: test.body}}}
			_, err := s.client().Status(t.Context(), "P1")
			var e *Error
			if !errors.As(err, &e) || e.Code != test.code || e.Message != test.want || e.Status != 400 || e.Path != "/incidents/P1" {
				t.Errorf("error %#v", e)
			}
		})
	}
}

func TestRoutes(t *testing.T) {
	for path, want := range map[string]string{
		"/incidents/P1": "/incidents/{id}", "/incidents/P1/notes": "/incidents/{id}/notes", "/users": "/users", "/services/S1": "/services/{id}",
	} {
		if got := route(path); got != want {
			t.Errorf("route(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestAcknowledgeLooksBeforeEveryTry(t *testing.T) {
	resolved := ok(`{"incident":{"id":"P1","status":"resolved"}}`)
	for name, failure := range map[string]step{
		"an answer of 500":    {status: 500},
		"a broken connection": {lost: true},
		"a rate limit":        {status: 429, header: map[string]string{"ratelimit-reset": "20"}},
		"no answer":           {hang: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// A person resolves it after the first try. Another acknowledgement would open it again.
				s := &script{steps: []step{ok(openIncident), failure, resolved}}
				if err := s.client().Acknowledge(t.Context(), "P1"); !errors.Is(err, ErrResolved) {
					t.Errorf("error %v, want ErrResolved", err)
				}
				want := []string{"GET /incidents/P1", "PUT /incidents/P1", "GET /incidents/P1"}
				if !slices.Equal(s.asked, want) {
					t.Errorf("requests %q, want %q", s.asked, want)
				}
			})
		})
	}
}
