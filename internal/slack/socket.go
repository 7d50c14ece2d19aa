package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	slackgo "github.com/slack-go/slack"

	"shodo/internal/secret"
)

// The kinds of envelope that a Socket hands on.
const (
	EnvelopeInteraction = "interactive"    // for ParseInteraction
	EnvelopeCommand     = "slash_commands" // for ParseCommand
)

// AckWithin is when an envelope is acknowledged at the latest, whether or not it has been handled: after three seconds Slack
// tells the person that it did not work.
const AckWithin = 2500 * time.Millisecond

const (
	silence     = 30 * time.Second // Slack pings more often; a connection that is silent for longer is dead
	writeWithin = 5 * time.Second
	backoffFrom = time.Second
	backoffTo   = time.Minute
	atOnce      = 32 // envelopes being handled; more wait
)

// Envelope is one thing that a person did, as it came over Socket Mode.
type Envelope struct {
	ID      string // the same on each try
	Kind    string // EnvelopeInteraction, EnvelopeCommand
	Payload []byte
	Retry   int // how often Slack tried before
}

// SocketOptions configure a Socket. AppToken is required.
type SocketOptions struct {
	APIURL     string       // of the Web API; empty: https://slack.com/api/
	AppToken   secret.Value // the app's: xapp-..., with the scope connections:write
	HTTPClient *http.Client // for apps.connections.open; empty: one of its own
	Timeout    time.Duration
	Log        *slog.Logger     // nil: nothing is logged
	Clock      func() time.Time // nil: time.Now
}

// Socket receives what people do in Slack over a connection that the engine opens, so that Slack needs no way to the
// engine (docs.slack.dev, apis/events-api/using-socket-mode). It is for interactions and slash commands; other envelopes are
// acknowledged and dropped.
//
// Slack hands each envelope to one of the app's connections, of which ten are allowed: several processes share the work. An
// envelope whose acknowledgement is lost comes again, to any of them, so whoever handles one has to recognise it: see
// Action.Key and Command.TriggerID.
//
// Of slack-go only apps.connections.open is used: its own client for this decodes every payload strictly, and so refuses
// those that have grown a field of another type, and it does not wait when a connection breaks right after it was opened.
type Socket struct {
	api     *slackgo.Client
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time

	mu    sync.Mutex
	state SocketState
}

// SocketState says whether a Socket receives anything. Slack renews connections about once an hour; without one for a few
// seconds is normal.
type SocketState struct {
	Connected bool
	Since     time.Time // of Connected's value; zero before Run
	Err       error     // why there is no connection; nil when there is one, and while the first one is being made
}

// NewSocket makes a Socket. It calls nobody before Run.
func NewSocket(o SocketOptions) *Socket {
	s := &Socket{timeout: o.Timeout, log: o.Log, now: o.Clock}
	if s.timeout <= 0 {
		s.timeout = 10 * time.Second
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.api = slackgo.New("", slackgo.OptionAPIURL(apiBase(o.APIURL)), slackgo.OptionHTTPClient(httpClient(o.HTTPClient)),
		slackgo.OptionAppLevelToken(o.AppToken.Reveal()))
	return s
}

// State says how it is now.
func (s *Socket) State() SocketState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *Socket) set(connected bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Connected != connected || s.state.Since.IsZero() {
		s.state.Since = s.now()
	}
	s.state.Connected, s.state.Err = connected, err
}

// Run keeps a connection and calls handle for each envelope, several at the same time, until the context ends; it returns
// nil when all of them have returned. What handle gives is sent with the acknowledgement (for a command: its answer, as for
// a request; nil for none), unless it takes longer than AckWithin: then the envelope is acknowledged without it, handle goes
// on, and has to answer by itself. An app token that is refused is tried again, too, once a minute: State tells.
func (s *Socket) Run(ctx context.Context, handle func(context.Context, Envelope) (answer any)) error {
	h := &handlers{handle: handle, places: make(chan struct{}, atOnce), log: s.log}
	defer h.all.Wait()
	s.set(false, nil)
	defer func() { s.set(false, nil) }()
	for pause := backoffFrom; ; {
		began := s.now()
		err := s.connection(ctx, h)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errRenew) && s.now().Sub(began) > backoffFrom {
			s.log.Debug("slack renews the socket mode connection")
			pause = backoffFrom
			continue
		}
		s.set(false, err)
		if s.now().Sub(began) > backoffTo {
			pause = backoffFrom
		}
		waitFor := pause/2 + rand.N(pause/2+1)
		var refused *Error
		if errors.As(err, &refused) {
			waitFor = max(waitFor, refused.RetryAfter)
			if errors.Is(err, ErrAuth) {
				waitFor = backoffTo
			}
		}
		s.log.Warn("no socket mode connection with slack; trying again", "err", err, "wait", waitFor)
		if wait(ctx, waitFor) != nil {
			return nil
		}
		pause = min(2*pause, backoffTo)
	}
}

// errRenew: Slack asks to connect again, because it moves connections about from time to time.
var errRenew = errors.New("slack asks to connect again")

// connection opens one connection and reads it to its end. What is still being handled then is acknowledged on it all
// the same, while the next one is made.
func (s *Socket) connection(ctx context.Context, h *handlers) error {
	conn, err := s.open(ctx)
	if err != nil {
		return err
	}
	c := &connection{conn: conn}
	stop := context.AfterFunc(ctx, c.interrupt)
	defer stop()
	err = s.read(ctx, c, h)
	h.all.Go(func() {
		c.open.Wait()
		_ = conn.Close()
	})
	return err
}

// open asks for an address and connects to it. The address is a secret: it is the right to be the app.
func (s *Socket) open(ctx context.Context) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, address, err := s.api.StartSocketModeContext(ctx)
	if err != nil {
		return nil, appError(classified(ctx, "apps.connections.open", err, false))
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: s.timeout, WriteBufferSize: maxAck}
	conn, response, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		e := &Error{Method: "socket mode", Code: "the connection is not taken", kind: ErrTransient}
		if response != nil {
			e.Code = fmt.Sprintf("http %d", response.StatusCode)
		}
		return nil, e
	}
	conn.SetReadLimit(maxAnswer)
	return conn, nil
}

// appError names the app's token where the bot's was meant.
func appError(err error) error {
	var e *Error
	if errors.As(err, &e) && errors.Is(err, ErrAuth) {
		e.Hint = "check slack.app_token, its scope connections:write, and that Socket Mode is switched on for the app"
	}
	return err
}

// read hands on what comes until the connection ends.
func (s *Socket) read(ctx context.Context, c *connection, h *handlers) error {
	alive := func() {
		_ = c.conn.SetReadDeadline(time.Now().Add(silence))
		if ctx.Err() != nil { // the context's end came in between, and its deadline must not be undone
			c.interrupt()
		}
	}
	alive()
	c.conn.SetPingHandler(func(data string) error {
		alive()
		return c.pong(data)
	})
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			return &Error{Method: "socket mode", Code: "the connection broke off", kind: ErrTransient}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		alive()
		var m struct {
			Type       string          `json:"type"`
			Reason     string          `json:"reason"`
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
			Retry      int             `json:"retry_attempt"`
			Answer     bool            `json:"accepts_response_payload"`
		}
		if err := json.Unmarshal(data, &m); err != nil {
			s.log.Warn("a socket mode message cannot be read and is left to slack's next try", "err", err)
			continue
		}
		switch {
		case m.Type == "hello":
			s.log.Info("socket mode connection with slack is open")
			s.set(true, nil)
		case m.Type == "disconnect" && m.Reason == "link_disabled":
			return &Error{Method: "socket mode", Code: m.Reason, Hint: "Socket Mode is switched off for the app", kind: ErrAuth}
		case m.Type == "disconnect" && m.Reason == "too_many_websockets":
			return &Error{Method: "socket mode", Code: m.Reason, Hint: "the app has ten connections already", kind: ErrTransient}
		case m.Type == "disconnect":
			return errRenew
		case m.EnvelopeID == "":
		case m.Type == EnvelopeInteraction, m.Type == EnvelopeCommand:
			h.take(ctx, c, Envelope{ID: m.EnvelopeID, Kind: m.Type, Payload: m.Payload, Retry: m.Retry}, m.Answer)
		default:
			s.log.Debug("a socket mode message of a kind that is not asked for", "type", m.Type)
			_ = c.ack(m.EnvelopeID, nil)
		}
	}
}
