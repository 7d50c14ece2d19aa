package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"unicode"
)

// The kinds of error; use errors.Is. Only ErrTemporary may pass by itself.
var (
	ErrTemporary = errors.New("no success this time")         // the server is away or busy, or the connection broke
	ErrRecipient = errors.New("recipient is refused")         // fix the contact's address
	ErrRefused   = errors.New("mail is refused")              // the same mail is refused again: mail.from, its size, a policy
	ErrAuth      = errors.New("login is not accepted")        // fix mail.user and mail.password
	ErrTLS       = errors.New("connection cannot be secured") // fix mail.tls, mail.address or the server's certificate
	ErrMessage   = errors.New("mail cannot be written")       // the recipient's address is none, or there is no text

	// ErrUnanswered is of errors of another kind, too: the whole mail was sent, and no answer came. It may have been taken.
	ErrUnanswered = errors.New("no answer, so that it may have been taken")

	errNoAuth   = errors.New("the server offers neither PLAIN nor LOGIN") // of ErrAuth
	errNoTLS    = errors.New("the server offers no STARTTLS")             // of ErrTLS
	errNotLocal = errors.New("the address is not a loopback address")     // of ErrTLS
)

// Error is how far a mail came, and why it came no further.
type Error struct {
	Stage string // "connect", "greeting", "STARTTLS", "AUTH", "MAIL FROM", "RCPT TO", "DATA", "end of DATA"
	Code  int    // the server's answer, such as 550; 0: it gave none
	Text  string // what the server or the network said
	kind  error
	cause error
}

// Error says how far it came, what kind it is, and what was said.
func (e *Error) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("smtp %s: %s: %d %s", e.Stage, e.kind, e.Code, e.Text)
	}
	return fmt.Sprintf("smtp %s: %s: %s", e.Stage, e.kind, e.Text)
}

// Unwrap gives the kinds, and the cause where it is a context's end.
func (e *Error) Unwrap() []error {
	all := []error{e.kind}
	if e.Stage == endOfData && e.Code == 0 {
		all = append(all, ErrUnanswered)
	}
	if e.cause != nil {
		all = append(all, e.cause)
	}
	return all
}

// endOfData is the stage in which the server has the whole mail.
const endOfData = "end of DATA"

const noAnswer = "no answer in time"

// maxText is how much of a server's answer an error holds, in characters.
const maxText = 300

// failed sorts what went wrong at a stage. An answer with 4xx is temporary and one with 5xx is not (RFC 5321, 4.2.1).
func (c *Client) failed(ctx context.Context, stage string, err error) error {
	e := &Error{Stage: stage, kind: ErrTemporary}
	var answer *textproto.Error
	var network net.Error
	switch {
	case ctx.Err() != nil:
		e.Text, e.cause = noAnswer, ctx.Err()
	case errors.As(err, &answer):
		e.Code, e.Text, e.kind = answer.Code, c.shown(answer.Msg), kindOf(stage, answer.Code)
		if stage == "AUTH" {
			e.Text = "" // some servers repeat what they were sent
		}
	case errors.Is(err, errNoAuth):
		e.kind, e.Text = ErrAuth, err.Error()
	case errors.Is(err, errNoTLS), errors.Is(err, errNotLocal), isTLS(err):
		e.kind, e.Text = ErrTLS, c.shown(err.Error())
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		e.Text = noAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Text = "the server closed the connection"
	default:
		e.Text = c.shown(err.Error())
	}
	if stage == "greeting" && e.Text == noAnswer && c.mode != TLS {
		e.Text += `; if the server speaks TLS from the first byte, set mail.tls to "tls"`
	}
	return e
}

// kindOf sorts the codes of a server (RFC 5321, 4.2.3; RFC 4954, 4 and 6).
func kindOf(stage string, code int) error {
	switch {
	case code < 500:
		return ErrTemporary
	case stage == "AUTH", code == 530, code == 534, code == 535, code == 538:
		return ErrAuth
	case stage == "STARTTLS":
		return ErrTLS
	case stage == "RCPT TO":
		return ErrRecipient
	}
	return ErrRefused
}

// isTLS tells a connection that is not to be trusted from one that broke.
func isTLS(err error) bool {
	var (
		certificate *tls.CertificateVerificationError
		alert       tls.AlertError
		record      tls.RecordHeaderError
		invalid     x509.CertificateInvalidError
		host        x509.HostnameError
		authority   x509.UnknownAuthorityError
	)
	return errors.As(err, &certificate) || errors.As(err, &alert) || errors.As(err, &record) || errors.As(err, &invalid) ||
		errors.As(err, &host) || errors.As(err, &authority)
}

// shown is what somebody else wrote, on one line, cut, and without the password.
func (c *Client) shown(s string) string {
	if password := c.password.Reveal(); password != "" {
		s = strings.ReplaceAll(s, password, c.password.String())
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(s); len(runes) > maxText {
		return string(runes[:maxText]) + "…"
	}
	return s
}
