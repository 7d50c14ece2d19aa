package sandbox

import (
	"encoding/json"
	"errors"
	"log/slog"
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

// Member is a person of the workspace.
type Member struct {
	ID    string
	Name  string
	Email string
}

// DefaultChannels are two channels that fit DefaultAccount.
func DefaultChannels() []Channel {
	return []Channel{{ID: "C0INCIDENTS", Name: "incidents"}, {ID: "C0MANAGERS0", Name: "managers"}}
}

// DefaultMembers are the people of DefaultAccount.
func DefaultMembers() []Member {
	return []Member{{"U0AIKO00001", "Aiko Tanaka", "aiko@example.com"}, {"U0BEN000001", "Ben Carter", "ben@example.com"},
		{"U0CHIE00001", "Chie Mori", "chie@example.com"}}
}

// SlackOptions says how a [Slack] is made. The zero value works: the default channels and people, any token, no rate
// limit.
type SlackOptions struct {
	BotToken string           // what requests must carry; empty: any token, but one must be there
	Channels []Channel        // DefaultChannels when empty
	Members  []Member         // DefaultMembers when empty
	Clock    func() time.Time // time.Now when nil
	Log      *slog.Logger     // silent when nil

	// PostInterval is the shortest time between two messages in one channel; Slack's is about one second, and 0 switches
	// it off.
	PostInterval time.Duration
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
}

// The bot, as auth.test names it.
const (
	botUserID = "U0SHODOBOT1"
	botID     = "B0SHODOBOT1"
	teamID    = "T0SANDBOX01"
)

// NewSlack makes a workspace.
func NewSlack(opts SlackOptions) *Slack {
	if len(opts.Channels) == 0 {
		opts.Channels = DefaultChannels()
	}
	if len(opts.Members) == 0 {
		opts.Members = DefaultMembers()
	}
	if opts.Clock == nil {
		opts.Clock = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	s := &Slack{opts: opts, faults: newFaults(), messages: map[string][]*Message{}, files: map[string]*File{},
		uploaded: map[string]bool{}, lastPost: map[string]time.Time{}, changed: make(chan struct{})}
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

// SetOutage cuts every connection while it is on.
func (s *Slack) SetOutage(on bool) { s.faults.setOutage(on) }

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
		if c := &s.opts.Channels[i]; c.ID == name || c.Name == name {
			return c
		}
	}
	return nil
}

// slackError is an answer that says no. Slack's status is 200 for nearly all of them.
type slackError struct {
	code     string
	messages []string
	retry    time.Duration
}

func (e *slackError) Error() string { return e.code }

func no(code string) error { return &slackError{code: code} }

func (s *Slack) routes() *http.ServeMux {
	m := http.NewServeMux()
	for method, h := range map[string]func(*http.Request, url.Values) (object, error){
		"auth.test":                    s.authTest,
		"chat.postMessage":             s.postMessage,
		"chat.update":                  s.updateMessage,
		"conversations.list":           s.listConversations,
		"conversations.info":           s.conversationInfo,
		"users.lookupByEmail":          s.lookupByEmail,
		"files.getUploadURLExternal":   s.getUploadURL,
		"files.completeUploadExternal": s.completeUpload,
	} {
		m.HandleFunc("/api/"+method, func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, h) })
	}
	m.HandleFunc("POST /upload/v1/{file}", s.upload)
	m.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, func(*http.Request, url.Values) (object, error) { return nil, no("unknown_method") })
	})
	return m
}

func (s *Slack) answer(w http.ResponseWriter, r *http.Request, h func(*http.Request, url.Values) (object, error)) {
	args, err := arguments(w, r)
	if err == nil {
		err = s.authorize(r, args)
	}
	var out object
	if err == nil {
		s.mu.Lock()
		out, err = h(r, args)
		s.mu.Unlock()
	}
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
		if refused != nil && len(refused.messages) > 0 {
			body["errors"] = refused.messages
			body["response_metadata"] = object{"messages": refused.messages}
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
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil {
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

func (s *Slack) authorize(r *http.Request, args url.Values) error {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if token == "" {
		token = args.Get("token")
	}
	switch {
	case token == "":
		return no("not_authed")
	case s.opts.BotToken != "" && token != s.opts.BotToken:
		return no("invalid_auth")
	}
	return nil
}
