package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// This file is Socket Mode: connections that the app opens, and over which it hears what people do
// (docs.slack.dev, apis/events-api/using-socket-mode).

const (
	maxSockets  = 10 // "up to 10 WebSocket connections"
	pingEvery   = 10 * time.Second
	ticketLasts = 30 * time.Second
)

var errNoSocket = errors.New("no Socket Mode connection is open")

// sockets are the open connections of the app.
type sockets struct {
	mu      sync.Mutex
	tickets map[string]time.Time // until when an address works; each does once
	list    []*socket
	next    int // whose turn it is
}

// socket is one connection.
type socket struct {
	conn *websocket.Conn
	gone chan struct{} // closed at its end

	mu   sync.Mutex // of writing, and of the waiting
	acks map[string]chan json.RawMessage
}

// SocketConnections says how many Socket Mode connections are open.
func (s *Slack) SocketConnections() int {
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	return len(s.sockets.list)
}

// RefreshSockets asks the app to connect again, as Slack does about once an hour, and closes the connections that are
// open now.
func (s *Slack) RefreshSockets() {
	for _, one := range s.sockets.open() {
		_ = one.write(object{"type": "disconnect", "reason": "refresh_requested", "debug_info": object{"host": "sandbox"}})
		_ = one.conn.Close()
	}
}

// openConnection is apps.connections.open.
func (s *Slack) openConnection(c caller, _ url.Values) (object, error) {
	ticket := newID("", 32)
	s.sockets.mu.Lock()
	defer s.sockets.mu.Unlock()
	if s.sockets.tickets == nil {
		s.sockets.tickets = map[string]time.Time{}
	}
	s.sockets.tickets[ticket] = time.Now().Add(ticketLasts)
	return object{"url": "ws://" + c.host + "/socket/" + ticket}, nil
}

// serveSocket is one connection from its first to its last byte.
func (s *Slack) serveSocket(w http.ResponseWriter, r *http.Request) {
	if !s.sockets.redeem(r.PathValue("ticket")) {
		http.Error(w, "this address was used, or is too old", http.StatusForbidden)
		return
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // clients send Slack's own
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it is answered
	}
	one := &socket{conn: conn, gone: make(chan struct{}), acks: map[string]chan json.RawMessage{}}
	defer conn.Close()
	conn.SetReadLimit(maxRequest)
	number := s.sockets.add(one)
	if number == 0 {
		_ = one.write(object{"type": "disconnect", "reason": "too_many_websockets"})
		return
	}
	s.touchLocked()
	defer s.touchLocked()
	defer s.sockets.remove(one)
	if one.write(object{"type": "hello", "num_connections": number, "connection_info": object{"app_id": appID},
		"debug_info": object{"host": "sandbox", "build_number": 1, "approximate_connection_time": 3600}}) != nil {
		return
	}
	go one.ping()
	one.read()
}

// touchLocked tells those who wait for a change that connections have changed.
func (s *Slack) touchLocked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch()
}

// deliver sends an envelope over the connections in turn until one of them acknowledges it.
func (s *sockets) deliver(ctx context.Context, kind string, payload any) (json.RawMessage, error) {
	id := newID("", 26)
	for try := 0; ; try++ {
		one := s.turn()
		switch {
		case one == nil && try == 0:
			return nil, errNoSocket
		case one == nil || try == maxSockets:
			return nil, fmt.Errorf("%w: its connections broke", ErrNoAnswer)
		}
		envelope := object{"type": kind, "envelope_id": id, "payload": payload, "accepts_response_payload": true}
		if try > 0 {
			envelope["retry_attempt"], envelope["retry_reason"] = try, "connection_closed"
		}
		answer, err := one.send(ctx, id, envelope)
		if err == nil || ctx.Err() != nil {
			return answer, err
		}
		s.remove(one)
	}
}

// send gives the answer that comes with the acknowledgement.
func (o *socket) send(ctx context.Context, id string, envelope object) (json.RawMessage, error) {
	acked := make(chan json.RawMessage, 1)
	o.mu.Lock()
	o.acks[id] = acked
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		delete(o.acks, id)
	}()
	if err := o.write(envelope); err != nil {
		return nil, err
	}
	select {
	case answer := <-acked:
		return answer, nil
	case <-o.gone:
		return nil, errNoSocket
	case <-ctx.Done():
		return nil, fmt.Errorf("%w within %s", ErrNoAnswer, answerWithin)
	}
}

// read takes acknowledgements until the connection ends.
func (o *socket) read() {
	defer close(o.gone)
	for {
		var ack struct {
			ID      string          `json:"envelope_id"`
			Payload json.RawMessage `json:"payload"`
		}
		_, data, err := o.conn.ReadMessage()
		if err != nil {
			return
		}
		if json.Unmarshal(data, &ack) != nil {
			continue
		}
		o.mu.Lock()
		if waiting := o.acks[ack.ID]; waiting != nil {
			delete(o.acks, ack.ID)
			waiting <- ack.Payload
		}
		o.mu.Unlock()
	}
}

func (o *socket) ping() {
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	for {
		select {
		case <-o.gone:
			return
		case <-ticker.C:
			_ = o.conn.WriteControl(websocket.PingMessage, []byte("Ping from the sandbox"), time.Now().Add(time.Second))
		}
	}
}

func (o *socket) write(message object) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.conn.SetWriteDeadline(time.Now().Add(time.Second))
	return o.conn.WriteJSON(message)
}

func (s *sockets) redeem(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.tickets[ticket]
	delete(s.tickets, ticket)
	return ok && time.Now().Before(until)
}

// add gives how many there are now, or 0 when there are too many.
func (s *sockets) add(one *socket) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) >= maxSockets {
		return 0
	}
	s.list = append(s.list, one)
	return len(s.list)
}

func (s *sockets) remove(one *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.list {
		if other == one {
			s.list = append(s.list[:i:i], s.list[i+1:]...)
			return
		}
	}
}

// turn gives the connection that is to get the next envelope; nil when none is open.
func (s *sockets) turn() *socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return nil
	}
	s.next++
	return s.list[s.next%len(s.list)]
}

func (s *sockets) open() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*socket{}, s.list...)
}

// cut ends every connection without a word.
func (s *sockets) cut() {
	for _, one := range s.open() {
		_ = one.conn.Close()
	}
}
