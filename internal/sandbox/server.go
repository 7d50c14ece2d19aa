package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// Options says how a [Server] is made. The zero value works.
type Options struct {
	PagerDutyAddr string // host:port to listen on; ":0" is a free port; without a host it is 127.0.0.1
	SlackAddr     string // the same

	WebhookURL     string   // where webhooks go; empty: nowhere yet, see PagerDuty.Subscribe
	WebhookSecrets []string // what they are signed with

	Token    string // of the REST API; empty: any
	From     string // e-mail address of the engine's user; that user is added to the account when it is not there
	BotToken string // of Slack; empty: any
	AppToken string // of Slack's Socket Mode; empty: any

	InteractionsURL string // where presses of Slack's buttons go; empty: nowhere yet, see Slack.PointTo
	CommandsURL     string // the same for slash commands
	SigningSecret   string // with which Slack signs them

	Account      Account       // DefaultAccount when it has no services
	Channels     []Channel     // DefaultChannels when empty
	Members      []Member      // of Slack; DefaultMembers when empty
	Groups       []Group       // DefaultGroups when nil
	PostInterval time.Duration // see SlackOptions
	TierLimits   bool          // see SlackOptions
	RetryBackoff time.Duration // see PagerDutyOptions

	Clock func() time.Time // time.Now when nil
	Log   *slog.Logger     // silent when nil

	// CheckPagerDuty wraps PagerDuty's APIs, for tests that look at every request; see package sandboxtest.
	CheckPagerDuty func(http.Handler) http.Handler
	CheckSlack     func(http.Handler) http.Handler // the same for Slack's Web API
}

// Server is a PagerDuty and a Slack on addresses of their own, each with a page for people at "/".
type Server struct {
	PagerDuty *PagerDuty
	Slack     *Slack

	opts      Options
	listeners [2]net.Listener
	servers   [2]*http.Server
}

// New makes both and takes their addresses; nothing is answered before Start. Close gives everything back.
func New(opts Options) (*Server, error) {
	if len(opts.Account.Services) == 0 {
		opts.Account = DefaultAccount()
	}
	if opts.From != "" && opts.Account.userByEmail(opts.From) == nil {
		opts.Account.Users = append([]User{{ID: "PENGINE", Name: "shodo", Email: opts.From, Bot: true}}, opts.Account.Users...)
	}
	s := &Server{opts: opts}
	for i, addr := range []string{opts.PagerDutyAddr, opts.SlackAddr} {
		l, err := net.Listen("tcp", local(addr))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("start the sandbox: %w", err), s.Close())
		}
		s.listeners[i] = l
	}
	p, err := NewPagerDuty(PagerDutyOptions{Account: opts.Account, Token: opts.Token, Clock: opts.Clock, Log: opts.Log,
		RetryBackoff: opts.RetryBackoff, Page: s.PagerDutyURL() + "/ui"})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the sandbox: %w", err), s.Close())
	}
	s.PagerDuty = p
	s.Slack = NewSlack(SlackOptions{BotToken: opts.BotToken, AppToken: opts.AppToken, Channels: opts.Channels, Members: opts.Members,
		Groups: opts.Groups, Clock: opts.Clock, Log: opts.Log, PostInterval: opts.PostInterval, TierLimits: opts.TierLimits, InteractionsURL: opts.InteractionsURL,
		CommandsURL: opts.CommandsURL, SigningSecret: opts.SigningSecret})
	s.Slack.host = s.listeners[1].Addr().String()
	if opts.WebhookURL != "" {
		p.Subscribe(opts.WebhookURL, opts.WebhookSecrets...)
	}
	return s, nil
}

// local keeps the sandbox on this machine unless it is told otherwise.
func local(addr string) string {
	if addr == "" {
		addr = ":0"
	}
	if strings.HasPrefix(addr, ":") {
		return "127.0.0.1" + addr
	}
	return addr
}

// Start answers from now on.
func (s *Server) Start() {
	var api http.Handler = s.PagerDuty
	if s.opts.CheckPagerDuty != nil {
		api = s.opts.CheckPagerDuty(api)
	}
	pages := newPages(s)
	first := http.NewServeMux()
	first.Handle("/", api)
	first.Handle("GET /{$}", pages)
	first.Handle("/ui/", pages)
	second := http.NewServeMux()
	var slack http.Handler = s.Slack
	if s.opts.CheckSlack != nil {
		slack = s.opts.CheckSlack(slack)
	}
	second.Handle("/", slack)
	page := newSlackPage(s.Slack, s.PagerDutyURL()+"/")
	second.Handle("GET /{$}", page)
	second.Handle("/ui/", page)
	for i, h := range []http.Handler{first, second} {
		s.servers[i] = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(s.logHandler(), slog.LevelDebug)}
		go func() { _ = s.servers[i].Serve(s.listeners[i]) }() // ends with ErrServerClosed
	}
}

func (s *Server) logHandler() slog.Handler {
	if s.opts.Log == nil {
		return slog.DiscardHandler
	}
	return s.opts.Log.Handler()
}

// Close ends both at once; requests under way are cut.
func (s *Server) Close() error {
	var errs []error
	for i := range s.listeners {
		switch {
		case s.servers[i] != nil:
			errs = append(errs, s.servers[i].Close())
		case s.listeners[i] != nil:
			errs = append(errs, s.listeners[i].Close())
		}
	}
	if s.PagerDuty != nil {
		s.PagerDuty.Close()
	}
	if s.Slack != nil {
		s.Slack.sockets.cut() // they are no longer the HTTP server's
	}
	return errors.Join(errs...)
}

// PagerDutyURL is the base of the REST API, of the Events API ("/v2/enqueue"), and of the page.
func (s *Server) PagerDutyURL() string { return "http://" + s.listeners[0].Addr().String() }

// SlackURL is the base of Slack's Web API, with the slash at its end that clients want.
func (s *Server) SlackURL() string { return "http://" + s.listeners[1].Addr().String() + "/api/" }

// SlackPageURL is the page on which people see Slack's channels, press buttons and type slash commands.
func (s *Server) SlackPageURL() string { return strings.TrimSuffix(s.SlackURL(), "api/") }

// Send makes an incident from the JSON of a file; see [PagerDuty.Send].
func (s *Server) Send(data []byte) (incidentID string, err error) { return s.PagerDuty.Send(data) }

// Run answers until the context ends, and closes.
func (s *Server) Run(ctx context.Context) error {
	s.Start()
	<-ctx.Done()
	return s.Close()
}
