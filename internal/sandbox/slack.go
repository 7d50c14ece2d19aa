package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Channel is a channel of the workspace.
type Channel struct {
	ID       string
	Name     string // without "#"
	NoBot    bool   // the bot is not a member: posting is refused with not_in_channel
	Archived bool
}

// DefaultChannels are two channels that fit DefaultAccount.
func DefaultChannels() []Channel {
	return []Channel{{ID: "C0INCIDENTS", Name: "incidents"}, {ID: "C0MANAGERS0", Name: "managers"}}
}

// SlackOptions says how a [Slack] is made. The zero value works: the default channels and people, any token, every scope, no
// rate limit, and nowhere to send what people press.
type SlackOptions struct {
	BotToken string           // what requests must carry; empty: any token, but one must be there
	AppToken string           // of the app itself, for Socket Mode; empty: any token that begins with "xapp-"
	Scopes   []string         // that the tokens have; every scope when nil
	Channels []Channel        // DefaultChannels when empty
	Members  []Member         // DefaultMembers when empty
	Groups   []Group          // DefaultGroups when nil
	Clock    func() time.Time // time.Now when nil
	Log      *slog.Logger     // silent when nil

	SigningSecret   string // with which requests to the app are signed
	InteractionsURL string // where presses of buttons go while no Socket Mode connection is open; empty: nowhere
	CommandsURL     string // the same for slash commands

	// PostInterval is the shortest time between two messages in one channel; Slack's is about one second, and 0 switches
	// it off.
	PostInterval time.Duration
	TierLimits   bool // methods are limited per minute, each by its tier
}

// Message is a message of a channel.
type Message struct {
	TS       string // Slack's id of a message within its channel
	ThreadTS string // TS of the message that it answers; empty for one of the channel itself
	User     string // id of who wrote it
	Text     string
	Blocks   json.RawMessage // nil when it has none
	Metadata json.RawMessage // nil when it has none
	Files    []File
	PostedAt time.Time
	Edited   int       // how often it was changed
	For      string    // id of the only user who sees it; empty: everybody does
	Replies  []Message // oldest first
}

// Plain is what a person reads: the texts of the blocks, or the text where there are none.
func (m Message) Plain() string {
	if len(m.Blocks) > 0 {
		return plainText(m.Blocks)
	}
	return m.Text
}

// File is an uploaded file.
type File struct {
	ID      string
	Name    string
	Title   string
	Content []byte
}

// Slack is a local Slack workspace: an [http.Handler] for the Web API below "/api/". All methods may be used at the
// same time.
type Slack struct {
	opts   SlackOptions
	mux    *http.ServeMux
	faults *faults

	mu       sync.Mutex
	messages map[string][]*Message // per channel id, oldest first, threads included
	files    map[string]*File
	uploaded map[string]bool
	lastPost map[string]time.Time
	lastTS   int64 // microseconds
	changed  chan struct{}

	private map[string][]*Message // ephemeral messages per channel id, oldest first
	gone    map[string]bool       // ids of channels that were deleted
	revoked bool
	tiers   map[tier]*limiter
	sockets sockets
	hooks   map[string]*hook
	host    string       // where response_urls point to: that of the first request
	client  *http.Client // calls the app
}

// The bot, as auth.test names it.
const (
	botUserID = "U0SHODOBOT1"
	botID     = "B0SHODOBOT1"
	appID     = "A0SHODOBOT1"
	teamID    = "T0SANDBOX01"

	slackbotID = "USLACKBOT" // who warns people when the app does not answer
)

// NewSlack makes a workspace.
func NewSlack(opts SlackOptions) *Slack {
	if len(opts.Channels) == 0 {
		opts.Channels = DefaultChannels()
	}
	if len(opts.Members) == 0 {
		opts.Members = DefaultMembers()
	}
	if opts.Groups == nil {
		opts.Groups = DefaultGroups()
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Slack{opts: opts, private: map[string][]*Message{}, gone: map[string]bool{}, tiers: map[tier]*limiter{}, hooks: map[string]*hook{},
		client: &http.Client{Timeout: answerWithin}, faults: newFaults(), messages: map[string][]*Message{}, files: map[string]*File{},
		uploaded: map[string]bool{}, lastPost: map[string]time.Time{}, changed: make(chan struct{})}
	for _, t := range []tier{tier1, tier2, tier3, tier4, tierTest} {
		s.tiers[t] = newLimiter(int(t), time.Minute, opts.Clock)
	}
	s.mux = s.routes()
	return s
}

// ServeHTTP answers the Web API, through the faults that were injected.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.faults.serve(w, r, s.mux, func(w http.ResponseWriter, f Fault) {
		if f.Status == http.StatusTooManyRequests && f.RetryAfter > 0 {
			w.Header().Set("Retry-After", seconds(f.RetryAfter))
		}
		writeJSON(w, f.Status, object{"ok": false, "error": "ratelimited"})
	})
}

// Inject makes requests fail as the fault says, and returns how to take it away again. Paths are those of the Web
// API: "/api/chat.postMessage".
func (s *Slack) Inject(f Fault) (remove func()) { return s.faults.add(f) }

// SetOutage cuts every connection while it is on, those of Socket Mode too.
func (s *Slack) SetOutage(on bool) {
	s.faults.setOutage(on)
	if on {
		s.sockets.cut()
	}
}

// RevokeTokens makes every token useless, as removing the app from the workspace does, or gives them back.
func (s *Slack) RevokeTokens(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = on
}

// DeleteChannel takes a channel away with what is in it. Slack says the same of it then as of one that never was.
func (s *Slack) DeleteChannel(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.channel(name); c != nil {
		s.gone[c.ID] = true
		s.touch()
	}
}

// Channels gives the channels that there are.
func (s *Slack) Channels() []Channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.opts.Channels), func(c Channel) bool { return s.gone[c.ID] })
}

// PointTo says where what people do is sent from now on: presses of buttons, and slash commands.
func (s *Slack) PointTo(interactions, commands, signingSecret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.InteractionsURL, s.opts.CommandsURL, s.opts.SigningSecret = interactions, commands, signingSecret
}

// Changed gives a channel that is closed at the next change of any message.
func (s *Slack) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Slack) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Messages gives what is in a channel, by its id or name, oldest first, each message with its thread. An unknown
// channel has none.
func (s *Slack) Messages(channel string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channel(channel)
	if c == nil {
		return nil
	}
	var top []Message
	place := map[string]int{}
	for _, m := range s.messages[c.ID] {
		one := *m
		one.Files = slices.Clone(m.Files)
		if at, ok := place[m.ThreadTS]; ok && m.ThreadTS != "" {
			top[at].Replies = append(top[at].Replies, one)
			continue
		}
		place[m.TS] = len(top)
		top = append(top, one)
	}
	return top
}

func (s *Slack) channel(name string) *Channel {
	name = strings.TrimPrefix(name, "#")
	for i := range s.opts.Channels {
		if c := &s.opts.Channels[i]; (c.ID == name || c.Name == name) && !s.gone[c.ID] {
			return c
		}
	}
	return nil
}

// slackError is an answer that says no. Slack's status is 200 for nearly all of them.
type slackError struct {
	code     string
	messages []string
	more     object // that the answer has besides
	retry    time.Duration
}

func (e *slackError) Error() string { return e.code }

func no(code string) error { return &slackError{code: code} }

func (s *Slack) routes() *http.ServeMux {
	m := http.NewServeMux()
	for name, one := range s.methods() {
		m.HandleFunc("/api/"+name, func(w http.ResponseWriter, r *http.Request) { s.serveMethod(w, r, name, one) })
	}
	m.HandleFunc("POST /upload/v1/{file}", s.upload)
	m.HandleFunc("POST /hooks/{hook}", s.respond)
	m.HandleFunc("GET /socket/{ticket}", s.serveSocket)
	m.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { writeAnswer(w, nil, no("unknown_method")) })
	return m
}

// serveMethod answers one call: token, scope, tier and arguments are looked at before the method itself.
func (s *Slack) serveMethod(w http.ResponseWriter, r *http.Request, name string, m method) {
	args, err := arguments(w, r)
	if err == nil {
		err = s.authorize(r, args, m)
	}
	if err == nil && s.opts.TierLimits && m.tier != tierPost {
		if ok, _, reset := s.tiers[m.tier].take(name); !ok {
			err = &slackError{code: "ratelimited", retry: reset}
		}
	}
	if err == nil {
		err = m.check(args)
	}
	var out object
	if err == nil {
		s.mu.Lock()
		if s.host == "" {
			s.host = r.Host
		}
		out, err = m.answer(caller{host: r.Host}, args)
		s.mu.Unlock()
	}
	writeAnswer(w, out, err)
}

func writeAnswer(w http.ResponseWriter, out object, err error) {
	var refused *slackError
	switch {
	case err == nil:
		out["ok"] = true
		writeJSON(w, http.StatusOK, out)
	case errors.As(err, &refused) && refused.retry > 0:
		w.Header().Set("Retry-After", seconds(refused.retry))
		writeJSON(w, http.StatusTooManyRequests, object{"ok": false, "error": refused.code})
	default:
		body := object{"ok": false, "error": err.Error()}
		if refused != nil {
			maps.Copy(body, refused.more)
			if len(refused.messages) > 0 {
				body["errors"] = refused.messages
				body["response_metadata"] = object{"messages": refused.messages}
			}
		}
		writeJSON(w, http.StatusOK, body)
	}
}

// arguments reads a form, the query, or a JSON object whose values that are no texts stay JSON: the three ways in
// which Slack takes them.
func arguments(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		if err := r.ParseForm(); err != nil {
			return nil, no("invalid_form_data")
		}
		return r.Form, nil
	}
	var fields map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil && !errors.Is(err, io.EOF) { // no body is no arguments
		return nil, no("invalid_json")
	}
	args := url.Values{}
	for name, raw := range fields {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if text != "null" {
			args.Set(name, text)
		}
	}
	return args, nil
}

// authorize looks at the token, which stands in the header or among the arguments, and at its scopes.
func (s *Slack) authorize(r *http.Request, args url.Values, m method) error {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = args.Get("token")
	}
	s.mu.Lock()
	revoked := s.revoked
	s.mu.Unlock()
	wanted := s.opts.BotToken
	if m.app {
		wanted = s.opts.AppToken
	}
	switch {
	case token == "":
		return no("not_authed")
	case revoked:
		return no("token_revoked")
	case m.app && !strings.HasPrefix(token, "xapp-"), !m.app && strings.HasPrefix(token, "xapp-"):
		return no("not_allowed_token_type")
	case wanted != "" && token != wanted:
		return no("invalid_auth")
	case m.scope != "" && s.opts.Scopes != nil && !slices.Contains(s.opts.Scopes, m.scope):
		return &slackError{code: "missing_scope", more: object{"needed": m.scope, "provided": strings.Join(s.opts.Scopes, ",")}}
	}
	return nil
}
