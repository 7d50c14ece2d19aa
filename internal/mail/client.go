package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"shodo/internal/secret"
)

// Mode is how the connection is secured.
type Mode string

// The modes.
const (
	StartTLS Mode = "starttls" // it begins in plain text and has to become TLS before anything is sent; port 587 as a rule
	TLS      Mode = "tls"      // it is TLS from the first byte; port 465 as a rule
	None     Mode = "none"     // no TLS: loopback addresses only
)

// Options configure a Client. Address and From are required.
type Options struct {
	Address  string // host:port of the SMTP server
	TLS      Mode   // empty: StartTLS
	User     string // empty: no login
	Password secret.Value
	From     string // the sender's address, with or without a name

	RootCAs *x509.CertPool   // who may have signed the server's certificate; nil: the system's
	Timeout time.Duration    // of one whole mail; zero: one minute
	Clock   func() time.Time // nil: time.Now
}

// Client sends mails by one server. It is safe for concurrent use: each mail has a connection of its own, and maxAtOnce
// of them are sent at the same time.
type Client struct {
	address  string
	host     string
	mode     Mode
	user     string
	password secret.Value
	from     *mail.Address
	roots    *x509.CertPool
	timeout  time.Duration
	now      func() time.Time
	slots    chan struct{}
}

// maxAtOnce is how many connections there are at a time: common servers allow ten from one address, and more of ours
// would only wait there.
const maxAtOnce = 4

// maxAnswers is how much is read from a server for one mail, in bytes; its certificates are part of it.
const maxAnswers = 1 << 20

// New makes a client. It calls nobody.
func New(o Options) (*Client, error) {
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" {
		return nil, fmt.Errorf("mail server %q: not a host with a port", o.Address)
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, fmt.Errorf("mail sender %q: not an e-mail address", o.From)
	}
	if !ascii(domain(from.Address)) { // it is part of the greeting and of each Message-ID
		return nil, fmt.Errorf("mail sender %q: write its domain in ASCII (xn--...)", o.From)
	}
	c := &Client{
		address: o.Address, host: host, mode: o.TLS, user: o.User, password: o.Password, from: from, roots: o.RootCAs,
		timeout: o.Timeout, now: o.Clock, slots: make(chan struct{}, maxAtOnce),
	}
	switch c.mode {
	case "":
		c.mode = StartTLS
	case StartTLS, TLS:
	case None:
		if !IsLoopback(host) {
			return nil, fmt.Errorf("mail server %q without TLS: %w: %w", o.Address, ErrTLS, errNotLocal)
		}
	default:
		return nil, fmt.Errorf("mail server %q: unknown mode of TLS %q", o.Address, o.TLS)
	}
	if c.timeout <= 0 {
		c.timeout = time.Minute
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c, nil
}

// IsLoopback says whether a host is this machine: "localhost", or a loopback address.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Send sends one mail. An error means that the mail is not known to be taken; see the package comment.
func (c *Client) Send(ctx context.Context, m Message) error {
	w, err := c.write(m)
	if err != nil {
		return err
	}
	err = c.session(ctx, func(ctx context.Context, s *smtp.Client) error {
		s.SkipSMTPUTF8(ascii(w.to.Address + c.from.Address)) // a relay behind this server may not know it
		if err := s.Mail(bare(c.from)); err != nil {
			return c.failed(ctx, "MAIL FROM", err)
		}
		if err := s.Rcpt(bare(w.to)); err != nil {
			return c.failed(ctx, "RCPT TO", err)
		}
		body, err := s.Data()
		if err != nil {
			return c.failed(ctx, "DATA", err)
		}
		if _, err := w.content.WriteTo(body); err != nil {
			return c.failed(ctx, "DATA", err)
		}
		if err := body.Close(); err != nil {
			return c.failed(ctx, endOfData, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("send mail to %q: %w", w.to.Address, err)
	}
	return nil
}

// bare is an address in angle brackets, without the name.
func bare(a *mail.Address) string { return (&mail.Address{Address: a.Address}).String() }

// Test connects and logs in, and sends nothing.
func (c *Client) Test(ctx context.Context) error {
	err := c.session(ctx, func(context.Context, *smtp.Client) error { return nil })
	if err != nil {
		return fmt.Errorf("connect to mail server %q: %w", c.address, err)
	}
	return nil
}

// session connects, secures the connection, logs in, lets do speak, and says goodbye. The connection is closed in any
// case: the library leaves it open where it fails on the way.
func (c *Client) session(ctx context.Context, do func(context.Context, *smtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return c.failed(ctx, "connect", ctx.Err())
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return c.failed(ctx, "connect", err)
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()

	s, err := smtp.NewClient(conn, c.host)
	if err != nil {
		return c.failed(ctx, "greeting", err)
	}
	if err := s.Hello(domain(c.from.Address)); err != nil {
		return c.failed(ctx, "greeting", err)
	}
	if err := c.secure(s); err != nil {
		return c.failed(ctx, "STARTTLS", err)
	}
	if err := c.login(s); err != nil {
		return c.failed(ctx, "AUTH", err)
	}
	if err := do(ctx, s); err != nil {
		return err
	}
	_ = s.Quit() // the mail is taken: how the server says goodbye changes nothing
	return nil
}

func (c *Client) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, err
	}
	if c.mode == None {
		if host, _, err := net.SplitHostPort(conn.RemoteAddr().String()); err != nil || !IsLoopback(host) {
			_ = conn.Close()
			return nil, errNotLocal
		}
	}
	end, _ := ctx.Deadline()
	if err := conn.SetDeadline(end); err != nil {
		_ = conn.Close()
		return nil, err
	}
	conn = bounded{conn, io.LimitReader(conn, maxAnswers)}
	if c.mode != TLS {
		return conn, nil
	}
	secured := tls.Client(conn, c.tls())
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// bounded is a connection from which no endless answer is read.
type bounded struct {
	net.Conn
	limited io.Reader
}

func (b bounded) Read(p []byte) (int, error) { return b.limited.Read(p) }

func (c *Client) tls() *tls.Config {
	return &tls.Config{ServerName: c.host, RootCAs: c.roots, MinVersion: tls.VersionTLS12}
}

func (c *Client) secure(s *smtp.Client) error {
	if c.mode != StartTLS {
		return nil
	}
	if offered, _ := s.Extension("STARTTLS"); !offered {
		return errNoTLS
	}
	return s.StartTLS(c.tls())
}

// login logs in by PLAIN or LOGIN: the connection is encrypted, or does not leave this machine.
func (c *Client) login(s *smtp.Client) error {
	if c.user == "" {
		return nil
	}
	_, ways := s.Extension("AUTH")
	for _, way := range strings.Fields(strings.ToUpper(ways)) {
		switch way {
		case "PLAIN":
			return s.Auth(smtp.PlainAuth("", c.user, c.password.Reveal(), c.host, c.mode == None))
		case "LOGIN":
			return s.Auth(smtp.LoginAuth(c.user, c.password.Reveal(), c.host, c.mode == None))
		}
	}
	return errNoAuth
}
