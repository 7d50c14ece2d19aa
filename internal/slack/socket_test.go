package slack_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/handover"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

const appToken = "xapp-this-is-the-secret-app-token"

// room is a workspace with one message that has a button, and a Socket connected to it.
type room struct {
	*sandbox.Slack
	url string
	ts  string
}

func newRoom(t *testing.T) *room {
	t.Helper()
	double := sandbox.NewSlack(sandbox.SlackOptions{BotToken: token, AppToken: appToken})
	server := httptest.NewServer(double)
	t.Cleanup(server.Close)
	c := slack.New(slack.Options{APIURL: server.URL + "/api/", Token: secret.New(token)})
	posted, err := c.Post(t.Context(), "#incidents", handover.Message{Text: "down", Blocks: []handover.Block{{Type: "actions", BlockID: "b",
		Elements: []handover.Element{{Button: &handover.Button{ActionID: "shodo:done", Text: handover.Text{Type: "plain_text", Text: "Done"}, Value: "{}"}}}}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	return &room{double, server.URL + "/api", posted.TS}
}

// run connects a Socket until the test, or the caller, ends it.
func (r *room) run(t *testing.T, handle func(context.Context, slack.Envelope) any) (s *slack.Socket, stop func()) {
	t.Helper()
	s = slack.NewSocket(slack.SocketOptions{APIURL: r.url, AppToken: secret.New(appToken)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, handle) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

func (r *room) press(t *testing.T) error {
	t.Helper()
	return r.Press(t.Context(), sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: r.ts, ActionID: "shodo:done"})
}

// until waits for something that is looked at again and again.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

func connected(s *slack.Socket) func() bool { return func() bool { return s.State().Connected } }

func TestSocketBringsPressesAndCommands(t *testing.T) {
	r := newRoom(t)
	got := make(chan slack.Envelope, 10)
	s, stop := r.run(t, func(_ context.Context, e slack.Envelope) any {
		got <- e
		return map[string]string{"text": "all is calm"}
	})
	until(t, "connected", connected(s))
	if err := r.press(t); err != nil {
		t.Fatal(err)
	}
	e := <-got
	i, err := slack.ParseInteraction(e.Payload)
	if err != nil || e.Kind != slack.EnvelopeInteraction || i.UserID != "U0BEN000001" || i.Message != r.ts || len(i.Actions) != 1 || i.Actions[0].ID != "shodo:done" || i.Actions[0].Block != "b" {
		t.Errorf("envelope %+v is %+v, %v", e, i, err)
	}
	answer, err := r.Command(t.Context(), "U0BEN000001", "incidents", "/shodo status")
	if err != nil || answer != "all is calm" {
		t.Errorf("answer %q, %v", answer, err)
	}
	e = <-got
	c, err := slack.ParseCommand(e.Payload)
	if err != nil || e.Kind != slack.EnvelopeCommand || c.Name != "/shodo" || c.Text != "status" || c.UserID != "U0BEN000001" || c.TriggerID == "" {
		t.Errorf("envelope %+v is %+v, %v", e, c, err)
	}
	if state := s.State(); !state.Connected || state.Err != nil || state.Since.IsZero() {
		t.Errorf("state %+v", state)
	}
	stop()
	until(t, "the connection is closed", func() bool { return r.SocketConnections() == 0 })
	if s.State().Connected {
		t.Error("it says that it is connected")
	}
}

// Several connections share what comes: each thing comes once.
func TestSeveralSockets(t *testing.T) {
	r := newRoom(t)
	var mu sync.Mutex
	by := make([]int, 3)
	for n := range by {
		s, _ := r.run(t, func(context.Context, slack.Envelope) any {
			mu.Lock()
			defer mu.Unlock()
			by[n]++
			return nil
		})
		until(t, "connected", connected(s))
	}
	for range 9 {
		if err := r.press(t); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if by[0]+by[1]+by[2] != 9 || slices.Min(by) == 0 {
		t.Errorf("presses by connection: %v", by)
	}
}

func TestSocketConnectsAgain(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s, _ := r.run(t, func(context.Context, slack.Envelope) any { return nil })
	until(t, "connected", connected(s))
	r.RefreshSockets()
	until(t, "the next connection", func() bool { return r.SocketConnections() == 1 && r.press(t) == nil })

	r.SetOutage(true)
	until(t, "it is noticed", func() bool { return !s.State().Connected && s.State().Err != nil })
	if err := s.State().Err; !errors.Is(err, slack.ErrTransient) {
		t.Errorf("error %v", err)
	}
	r.SetOutage(false)
	until(t, "connected again", connected(s))
	if err := r.press(t); err != nil {
		t.Error(err)
	}
}

func TestSocketWithoutAToken(t *testing.T) {
	r := newRoom(t)
	s := slack.NewSocket(slack.SocketOptions{APIURL: r.url, AppToken: secret.New("xapp-another-secret")})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, func(context.Context, slack.Envelope) any { return nil }) }()
	until(t, "it is refused", func() bool { return s.State().Err != nil })
	err := s.State().Err
	if !errors.Is(err, slack.ErrAuth) || !strings.Contains(err.Error(), "slack.app_token") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// What takes long is acknowledged in time and goes on; the end of Run waits for it.
func TestSlowHandlersAreAcknowledgedInTime(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	begun, finished := make(chan struct{}), make(chan struct{})
	s, stop := r.run(t, func(ctx context.Context, _ slack.Envelope) any {
		close(begun)
		<-ctx.Done()
		close(finished)
		return "too late"
	})
	until(t, "connected", connected(s))
	began := time.Now()
	if answer, err := r.Command(t.Context(), "U0BEN000001", "incidents", "/shodo status"); err != nil || answer != "" {
		t.Errorf("answer %q, %v", answer, err)
	}
	if took := time.Since(began); took < slack.AckWithin || took > 3*time.Second {
		t.Errorf("acknowledged after %s", took)
	}
	<-begun
	stop()
	select {
	case <-finished:
	default:
		t.Error("run ended before its handler")
	}
}

// A handler that breaks down takes nothing else with it, and what it was to do is not acknowledged.
func TestHandlersThatBreakDown(t *testing.T) {
	r := newRoom(t)
	first := true
	s, _ := r.run(t, func(context.Context, slack.Envelope) any {
		if first {
			first = false
			panic("a mistake")
		}
		return strings.Repeat("x", 30<<10) // more than Slack takes: acknowledged without it
	})
	until(t, "connected", connected(s))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Press(ctx, sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: r.ts, ActionID: "shodo:done"}); !errors.Is(err, sandbox.ErrNoAnswer) {
		t.Errorf("error %v", err)
	}
	if answer, err := r.Command(t.Context(), "U0BEN000001", "incidents", "/shodo status"); err != nil || answer != "" {
		t.Errorf("afterwards: %d bytes, %v", len(answer), err)
	}
}
