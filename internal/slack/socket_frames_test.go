package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"shodo/internal/secret"
	"shodo/internal/slack"
)

// script is a Slack that says these messages on each connection, and keeps what is acknowledged.
func script(t *testing.T, say ...string) (url string, acks chan string) {
	t.Helper()
	acks = make(chan string, 100)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/api/apps.connections.open", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(server.URL, "http") + "/secret-place"})
	})
	mux.HandleFunc("/secret-place", func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for _, one := range say {
			if conn.WriteMessage(websocket.TextMessage, []byte(one)) != nil {
				return
			}
		}
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			acks <- string(data)
		}
	})
	return server.URL + "/api", acks
}

func follow(t *testing.T, url string, handle func(context.Context, slack.Envelope) any) *slack.Socket {
	t.Helper()
	s := slack.NewSocket(slack.SocketOptions{APIURL: url, AppToken: secret.New(appToken)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, handle) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// What cannot be read is skipped, what was not asked for is acknowledged, and what comes after both is handled.
func TestFramesOfAllKinds(t *testing.T) {
	url, acks := script(t, `not JSON`, `[]`, `{"type":7}`, `{}`, `{"type":"hello","num_connections":"many"}`,
		`{"type":"hologram","envelope_id":"e1","payload":{}}`, `{"type":"interactive"}`,
		`{"type":"interactive","envelope_id":"e2","payload":"text","retry_attempt":2,"accepts_response_payload":true}`)
	got := make(chan slack.Envelope, 1)
	follow(t, url, func(_ context.Context, e slack.Envelope) any {
		got <- e
		return map[string]string{"text": "an answer"}
	})
	seen := map[string]bool{<-acks: true, <-acks: true}
	if !seen[`{"envelope_id":"e1"}`] || !seen[`{"envelope_id":"e2","payload":{"text":"an answer"}}`] {
		t.Errorf("acknowledged: %v", seen)
	}
	if e := <-got; e.ID != "e2" || e.Retry != 2 || string(e.Payload) != `"text"` {
		t.Errorf("handled: %+v", e)
	}
}

// Why there is no connection is told, without the address, which is a secret.
func TestReasonsOfSlack(t *testing.T) {
	for reason, c := range map[string]struct {
		kind error
		says string
	}{
		"link_disabled":       {slack.ErrAuth, "switched off"},
		"too_many_websockets": {slack.ErrTransient, "ten connections"},
	} {
		url, _ := script(t, `{"type":"hello"}`, `{"type":"disconnect","reason":"`+reason+`"}`)
		s := follow(t, url, func(context.Context, slack.Envelope) any { return nil })
		until(t, "the reason is told", func() bool { return s.State().Err != nil })
		if err := s.State().Err; !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", reason, err)
		}
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	defer gone.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "url": "ws" + strings.TrimPrefix(gone.URL, "http") + "/secret-place"})
	}))
	defer server.Close()
	s := follow(t, server.URL+"/api", func(context.Context, slack.Envelope) any { return nil })
	until(t, "it is told", func() bool { return s.State().Err != nil })
	if err := s.State().Err; !errors.Is(err, slack.ErrTransient) || !strings.Contains(err.Error(), "http 404") || strings.Contains(err.Error(), "secret") {
		t.Errorf("an address that is not there: %v", err)
	}
}
