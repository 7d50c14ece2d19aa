package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
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

func (s *Slack) authTest(r *http.Request, _ url.Values) (object, error) {
	return object{"url": "http://" + r.Host + "/", "team": "Sandbox", "user": "shodo", "team_id": teamID,
		"user_id": botUserID, "bot_id": botID, "is_enterprise_install": false}, nil
}

// target finds the channel of a request to write.
func (s *Slack) target(name string) (*Channel, error) {
	c := s.channel(name)
	switch {
	case c == nil:
		return nil, no("channel_not_found")
	case c.Archived:
		return nil, no("is_archived")
	case c.NoBot:
		return nil, no("not_in_channel")
	}
	return c, nil
}

// content checks and fills the words of a message.
func content(m *Message, args url.Values) error {
	m.Text, m.Blocks = args.Get("text"), nil
	if blocks := args.Get("blocks"); blocks != "" && blocks != "[]" {
		if code, problems := checkBlocks(json.RawMessage(blocks)); code != "" {
			return &slackError{code: code, messages: problems}
		}
		m.Blocks = json.RawMessage(blocks)
	}
	if m.Text == "" && m.Blocks == nil && args.Get("attachments") == "" {
		return no("no_text")
	}
	if metadata := args.Get("metadata"); metadata != "" {
		if !json.Valid([]byte(metadata)) {
			return no("invalid_metadata_format")
		}
		m.Metadata = json.RawMessage(metadata)
	}
	return nil
}

func (s *Slack) postMessage(_ *http.Request, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	m := &Message{User: botUserID}
	if err := content(m, args); err != nil {
		return nil, err
	}
	const most = 40_000 // "Slack will truncate messages containing more than 40,000 characters"
	if utf8.RuneCountInString(m.Text) > most {
		m.Text = string([]rune(m.Text)[:most])
	}
	if err := s.post(c, m, args.Get("thread_ts")); err != nil {
		return nil, err
	}
	return object{"channel": c.ID, "ts": m.TS, "message": m.json()}, nil
}

// post puts a message into a channel, or into the thread of one of its messages.
func (s *Slack) post(c *Channel, m *Message, thread string) error {
	now := s.opts.Clock()
	if wait := s.opts.PostInterval - now.Sub(s.lastPost[c.ID]); s.opts.PostInterval > 0 && wait > 0 {
		return &slackError{code: "ratelimited", retry: wait}
	}
	if thread != "" {
		parent := s.message(c, thread)
		if parent == nil {
			return no("thread_not_found")
		}
		if m.ThreadTS = parent.TS; parent.ThreadTS != "" {
			m.ThreadTS = parent.ThreadTS
		}
	}
	s.lastPost[c.ID] = now
	s.lastTS = max(s.lastTS+1, now.UnixMicro())
	m.TS, m.PostedAt = fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6), now
	s.messages[c.ID] = append(s.messages[c.ID], m)
	s.touch()
	return nil
}

func (s *Slack) message(c *Channel, ts string) *Message {
	for _, m := range s.messages[c.ID] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

func (m *Message) json() object {
	out := object{"type": "message", "user": m.User, "bot_id": botID, "app_id": "A0SHODOBOT1", "team": teamID,
		"text": m.Text, "ts": m.TS}
	if m.Blocks != nil {
		out["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	return out
}

// updateMessage takes an id only, never a channel's name, and refuses long texts where chat.postMessage cuts them.
func (s *Slack) updateMessage(_ *http.Request, args url.Values) (object, error) {
	c, err := s.target(args.Get("channel"))
	if err != nil {
		return nil, err
	}
	if c.ID != args.Get("channel") {
		return nil, no("channel_not_found")
	}
	m := s.message(c, args.Get("ts"))
	if m == nil {
		return nil, no("message_not_found")
	}
	if m.User != botUserID {
		return nil, no("cant_update_message")
	}
	if utf8.RuneCountInString(args.Get("text")) > 4000 {
		return nil, no("msg_too_long")
	}
	changed := *m
	if err := content(&changed, args); err != nil {
		return nil, err
	}
	changed.Edited++
	*m = changed
	s.touch()
	return object{"channel": c.ID, "ts": m.TS, "text": m.Text, "message": m.json()}, nil
}

func (c *Channel) json() object {
	return object{"id": c.ID, "name": c.Name, "name_normalized": c.Name, "is_channel": true, "is_group": false,
		"is_im": false, "is_private": false, "is_archived": c.Archived, "is_member": !c.NoBot, "created": 1577836800}
}

func (s *Slack) listConversations(*http.Request, url.Values) (object, error) {
	list := []object{}
	for i := range s.opts.Channels {
		list = append(list, s.opts.Channels[i].json())
	}
	return object{"channels": list, "response_metadata": object{"next_cursor": ""}}, nil
}

func (s *Slack) conversationInfo(_ *http.Request, args url.Values) (object, error) {
	c := s.channel(args.Get("channel"))
	if c == nil || c.ID != args.Get("channel") {
		return nil, no("channel_not_found")
	}
	return object{"channel": c.json()}, nil
}

func (s *Slack) lookupByEmail(_ *http.Request, args url.Values) (object, error) {
	for _, m := range s.opts.Members {
		if strings.EqualFold(m.Email, args.Get("email")) {
			return object{"user": object{"id": m.ID, "team_id": teamID, "name": strings.ToLower(strings.Fields(m.Name)[0]),
				"real_name": m.Name, "profile": object{"email": m.Email, "real_name": m.Name}}}, nil
		}
	}
	return nil, no("users_not_found")
}

// readAll is for uploads, which may be larger than other requests.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 16*maxRequest)) }
