package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxAck is how large an acknowledgement may be, in bytes. Slack drops larger ones without a word, and those that come in
// several frames: see slack-go's socketmode, maxResponseSize.
const maxAck = 20 << 10

// connection is one connection with what is being handled of it.
type connection struct {
	conn *websocket.Conn
	open sync.WaitGroup // envelopes that are not acknowledged yet

	mu sync.Mutex // of writing
}

// interrupt ends the reading; acknowledgements may still go.
func (c *connection) interrupt() { _ = c.conn.SetReadDeadline(time.Unix(1, 0)) }

func (c *connection) pong(data string) error {
	return c.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWithin))
}

// ack acknowledges an envelope.
func (c *connection) ack(id string, answer any) error {
	data, err := json.Marshal(struct {
		ID     string `json:"envelope_id"`
		Answer any    `json:"payload,omitempty"`
	}{id, answer})
	if err == nil && len(data) >= maxAck {
		err = fmt.Errorf("the answer has %d bytes, and Slack takes less than %d", len(data), maxAck)
	}
	if err != nil {
		data = fmt.Appendf(nil, `{"envelope_id":%q}`, id) // better no answer than an envelope that comes again
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(writeWithin))
	if failed := c.conn.WriteMessage(websocket.TextMessage, data); failed != nil {
		return failed
	}
	return err
}

// handlers runs what was received, so many at the same time.
type handlers struct {
	handle func(context.Context, Envelope) any
	places chan struct{}
	log    *slog.Logger
	all    sync.WaitGroup
}

// take handles one envelope beside the reading. It waits for a place; what waits too long comes again.
func (h *handlers) take(ctx context.Context, c *connection, e Envelope, wantsAnswer bool) {
	select {
	case h.places <- struct{}{}:
	case <-ctx.Done():
		return
	}
	answer := make(chan any, 1)
	h.all.Go(func() {
		defer func() { <-h.places }()
		defer func() {
			if problem := recover(); problem != nil { // as net/http does for requests: the others go on
				h.log.Error("handling an envelope of slack broke down; it is not acknowledged", "kind", e.Kind, "err", problem)
				close(answer)
			}
		}()
		answer <- h.handle(ctx, e)
	})
	c.open.Add(1)
	h.all.Go(func() {
		defer c.open.Done()
		var said any
		timer := time.NewTimer(AckWithin)
		defer timer.Stop()
		select {
		case given, handled := <-answer:
			if !handled {
				return
			}
			if wantsAnswer {
				said = given
			}
		case <-timer.C:
		}
		if err := c.ack(e.ID, said); err != nil {
			h.log.Warn("an envelope of slack is handled, and not acknowledged; it will come again", "kind", e.Kind, "err", err)
		}
	})
}
