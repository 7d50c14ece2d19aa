package mail_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	stdmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"shodo/internal/mail"
	"shodo/internal/secret"
)

func hello() mail.Message {
	return mail.Message{To: "ops@acme.example", Subject: "Hello", Text: "It works again.\n", Key: "Q1/1/contact"}
}

// decoded is a mail as its reader sees it.
type decoded struct {
	Subject, From, To, Text string
}

func decode(t *testing.T, data []byte) (decoded, stdmail.Header) {
	t.Helper()
	m, err := stdmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, data)
	}
	var words mime.WordDecoder
	read := func(name string) string {
		text, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	body := m.Body
	switch coding := m.Header.Get("Content-Transfer-Encoding"); coding {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	default:
		t.Fatalf("the text is encoded by %q", coding)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	if bare := strings.ReplaceAll(string(text), "\r\n", ""); strings.ContainsAny(bare, "\r\n") {
		t.Errorf("a line of %q is not ended by CRLF", text)
	}
	return decoded{read("Subject"), read("From"), read("To"), strings.ReplaceAll(string(text), "\r\n", "\n")}, m.Header
}

func TestSendInEachMode(t *testing.T) {
	for _, c := range []struct {
		mode      mail.Mode
		way       string
		encrypted bool
	}{{mail.StartTLS, sasl.Plain, true}, {mail.TLS, sasl.Plain, true}, {mail.None, sasl.Plain, false}, {mail.StartTLS, sasl.Login, true}} {
		t.Run(string(c.mode)+" "+c.way, func(t *testing.T) {
			s := start(t, c.mode, func(s *server) { s.ways = []string{"XOAUTH2", c.way}; s.EnableSMTPUTF8 = true })
			client := s.client(t, c.mode, nil)
			if err := client.Test(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := client.Send(t.Context(), hello()); err != nil {
				t.Fatal(err)
			}
			mails := s.got()
			if len(mails) != 1 {
				t.Fatalf("%d mails arrived", len(mails))
			}
			m := mails[0]
			if m.from != "shodo@msp.example" || m.to != "ops@acme.example" || m.user != user || m.encrypted != c.encrypted || m.utf8 {
				t.Errorf("from %q to %q, user %q, encrypted %t, SMTPUTF8 %t", m.from, m.to, m.user, m.encrypted, m.utf8)
			}
			got, header := decode(t, m.data)
			want := decoded{"Hello", "初動 <shodo@msp.example>", "<ops@acme.example>", "It works again.\n"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if header.Get("Date") != "Fri, 20 Nov 2026 03:00:00 +0000" || header.Get("Auto-Submitted") != "auto-generated" {
				t.Errorf("header = %v", header)
			}
		})
	}
}

func TestWithoutALogin(t *testing.T) {
	s := start(t, mail.StartTLS, nil)
	c := s.client(t, mail.StartTLS, func(o *mail.Options) { o.User, o.Password = "", secret.Value{} })
	if err := c.Send(t.Context(), hello()); err != nil || len(s.got()) != 1 || s.got()[0].user != "" {
		t.Errorf("sent %v: %v", s.got(), err)
	}
}

func TestJapanese(t *testing.T) {
	s := start(t, mail.StartTLS, nil)
	m := mail.Message{
		To:      "アクメ運用 <ops@acme.example>",
		Subject: "[復旧済み] " + strings.Repeat("本番サイトの死活監視が異常を検知しました🔥", 6),
		Text:    "ご担当者様\n\nいつもお世話になっております。\n" + strings.Repeat("正常に動作していることを確認しました。", 200) + "\n.\n終わり\n",
	}
	if err := s.client(t, mail.StartTLS, nil).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	data := s.got()[0].data
	got, _ := decode(t, data)
	if diff := cmp.Diff(decoded{m.Subject, "初動 <shodo@msp.example>", m.To, m.Text}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for l := range bytes.Lines(data) {
		if len(l) > 80 || bytes.ContainsFunc(l, func(r rune) bool { return r > '~' }) {
			t.Errorf("line of %d bytes: %q", len(l), l)
		}
	}
}

// Nothing in a subject, a text, a name or a key becomes a header or ends the mail.
func TestNothingIsInjected(t *testing.T) {
	const evil = "x\r\nBcc: everybody@evil.example\r\n\r\nbody\x00\x07\u2028Bcc: y"
	s := start(t, mail.StartTLS, nil)
	c := s.client(t, mail.StartTLS, nil)
	m := mail.Message{To: "ops@acme.example", Subject: evil, Text: "a\r\n.\r\nMAIL FROM:<x@y.example>\r\n" + evil, Key: evil}
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got, header := decode(t, s.got()[0].data)
	if got.Subject != "x Bcc: everybody@evil.example body Bcc: y" {
		t.Errorf("subject = %q", got.Subject)
	}
	for name := range header {
		switch name {
		case "Subject", "From", "To", "Date", "Message-Id", "Mime-Version", "Content-Type", "Content-Transfer-Encoding",
			"Auto-Submitted", "X-Auto-Response-Suppress":
		default:
			t.Errorf("the mail has a header %q", name)
		}
	}
	if !strings.HasPrefix(got.Text, "a\n.\nMAIL FROM:") || len(s.got()) != 1 {
		t.Errorf("%d mails, text %q", len(s.got()), got.Text)
	}
	for _, to := range []string{"", "ops", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example", "<a@b.example>\r\nRCPT TO:<x@y>", "\"a\r\nb\"@c.example"} {
		m.To = to
		if err := c.Send(t.Context(), m); !errors.Is(err, mail.ErrMessage) {
			t.Errorf("to %q: %v", to, err)
		}
	}
	if err := c.Send(t.Context(), mail.Message{To: "a@b.example", Text: " \n"}); !errors.Is(err, mail.ErrMessage) {
		t.Errorf("without a text: %v", err)
	}
}

// The same message has the same id for the same recipient, and only for that one.
func TestMessageID(t *testing.T) {
	s := start(t, mail.StartTLS, nil)
	c := s.client(t, mail.StartTLS, nil)
	for _, change := range []func(*mail.Message){
		func(*mail.Message) {}, func(m *mail.Message) { m.Text += "again\n" }, func(m *mail.Message) { m.To = "dev@acme.example" },
		func(m *mail.Message) { m.Key = "Q1/2/contact" }, func(m *mail.Message) { m.Key = "" }, func(m *mail.Message) { m.Key, m.Text = "", "other" },
	} {
		m := hello()
		change(&m)
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for _, m := range s.got() {
		_, header := decode(t, m.data)
		ids = append(ids, header.Get("Message-Id"))
	}
	if ids[0] != ids[1] || !strings.HasSuffix(ids[0], "@msp.example>") || len(ids[0]) != len("<>@msp.example")+32 {
		t.Errorf("ids of the same message: %q", ids[:2])
	}
	seen := map[string]bool{}
	for _, id := range ids[1:] {
		if seen[id] {
			t.Errorf("two messages have the id %s", id)
		}
		seen[id] = true
	}
}

func TestErrorsHaveAKind(t *testing.T) {
	answer := func(code int, text string) error { return &smtp.SMTPError{Code: code, Message: text} }
	for _, c := range []struct {
		name   string
		adjust func(*server)
		change func(*mail.Options)
		want   error
		stage  string
		says   string
	}{
		{"no STARTTLS", func(s *server) { s.TLSConfig = nil }, nil, mail.ErrTLS, "STARTTLS", "offers no STARTTLS"},
		{"a stranger's certificate", nil, func(o *mail.Options) { o.RootCAs = nil }, mail.ErrTLS, "STARTTLS", "certificate"},
		{"another host's certificate", nil, func(o *mail.Options) { o.Address = strings.Replace(o.Address, "127.0.0.1", "localhost", 1) }, mail.ErrTLS, "STARTTLS", "localhost"},
		{"wrong password", nil, func(o *mail.Options) { o.Password = secret.New("wrong-password") }, mail.ErrAuth, "AUTH", "535"},
		{"no login offered", func(s *server) { s.ways = nil }, nil, mail.ErrAuth, "AUTH", "neither PLAIN nor LOGIN"},
		{"login needed", func(s *server) { s.onMail = answer(530, "log in first") }, func(o *mail.Options) { o.User = "" }, mail.ErrAuth, "MAIL FROM", "log in first"},
		{"sender refused", func(s *server) { s.onMail = answer(553, "not your address") }, nil, mail.ErrRefused, "MAIL FROM", "553"},
		{"recipient refused", func(s *server) { s.onRcpt = answer(550, "no such user here") }, nil, mail.ErrRecipient, "RCPT TO", "550 5.0.0 no such user here"},
		{"greylisted", func(s *server) { s.onRcpt = answer(451, "come again later") }, nil, mail.ErrTemporary, "RCPT TO", "451"},
		{"too large", func(s *server) { s.onData = answer(552, "too large") }, nil, mail.ErrRefused, "end of DATA", "552"},
		{"disk full", func(s *server) { s.onData = answer(452, "no room\x1b[31m "+password) }, nil, mail.ErrTemporary, "end of DATA", "452"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, mail.StartTLS, c.adjust)
			err := s.client(t, mail.StartTLS, c.change).Send(t.Context(), hello())
			var e *mail.Error
			if !errors.Is(err, c.want) || !errors.As(err, &e) || e.Stage != c.stage || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error = %v, want %q at %s saying %q", err, c.want, c.stage, c.says)
			}
			for _, kind := range []error{mail.ErrTemporary, mail.ErrRecipient, mail.ErrRefused, mail.ErrAuth, mail.ErrTLS, mail.ErrMessage} {
				if kind != c.want && errors.Is(err, kind) {
					t.Errorf("%v is %q, too", err, kind)
				}
			}
			if text := fmt.Sprintf("%v %+v", err, e); strings.Contains(text, "password") || strings.Contains(text, "\x1b") {
				t.Errorf("the error tells too much: %s", text)
			}
			if len(s.got()) != 0 {
				t.Error("a mail arrived in spite of the error")
			}
		})
	}
}

func TestExpiredCertificate(t *testing.T) {
	for _, mode := range []mail.Mode{mail.StartTLS, mail.TLS} {
		s := start(t, mode, func(s *server) {
			old, roots := certificate(t, time.Now().Add(-time.Hour))
			s.TLSConfig.Certificates[0], s.roots = old, roots
		})
		if err := s.client(t, mode, nil).Test(t.Context()); !errors.Is(err, mail.ErrTLS) || !strings.Contains(err.Error(), "expired") {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

// The password goes to nobody in plain text: not when a server offers a login before STARTTLS, and not when it has none.
func TestNothingSecretBeforeTLS(t *testing.T) {
	heard := make(chan string, 1)
	address := raw(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		_, _ = io.WriteString(conn, "220 mail.test\r\n")
		var all strings.Builder
		defer func() { heard <- all.String() }()
		for {
			l, err := in.ReadString('\n')
			all.WriteString(l)
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, "250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n")
		}
	})
	c, err := mail.New(mail.Options{Address: address, User: user, Password: secret.New(password), From: "a@b.example", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), hello()); !errors.Is(err, mail.ErrTLS) {
		t.Errorf("error = %v", err)
	}
	if said := <-heard; strings.Contains(said, "AUTH") || strings.Contains(said, "MAIL") || !strings.HasPrefix(said, "EHLO b.example") {
		t.Errorf("said in plain text: %q", said)
	}
}

func TestServersThatBreak(t *testing.T) {
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	greet := func(conn net.Conn, then func(*bufio.Reader)) {
		_, _ = io.WriteString(conn, "220 mail.test\r\n")
		then(bufio.NewReader(conn))
	}
	for _, c := range []struct {
		name   string
		answer func(net.Conn)
		mode   mail.Mode
		want   error
		says   string
	}{
		{"silent", silent, mail.None, mail.ErrTemporary, `greeting: no success this time: no answer in time; if the server speaks TLS from the first byte, set mail.tls to "tls"`},
		{"silent in the handshake", silent, mail.TLS, mail.ErrTemporary, "no answer in time"},
		{"closes at once", func(net.Conn) {}, mail.None, mail.ErrTemporary, "closed the connection"},
		{"busy", func(conn net.Conn) { _, _ = io.WriteString(conn, "421 too many connections\r\n") }, mail.None, mail.ErrTemporary, "421 too many"},
		{"no mail here", func(conn net.Conn) { _, _ = io.WriteString(conn, "554 no mail service\r\n") }, mail.None, mail.ErrRefused, "554"},
		{"another protocol", func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") }, mail.None, mail.ErrTemporary, "greeting"},
		{"plain text instead of TLS", func(conn net.Conn) { greet(conn, func(in *bufio.Reader) { _, _ = in.ReadByte() }) }, mail.TLS, mail.ErrTLS, "connect"},
		{"endless answer", func(conn net.Conn) {
			for {
				if _, err := io.WriteString(conn, "220-"+strings.Repeat("x", 1000)+"\r\n"); err != nil {
					return
				}
			}
		}, mail.None, mail.ErrTemporary, "closed the connection"},
		{"answers slowly", func(conn net.Conn) {
			greet(conn, func(in *bufio.Reader) {
				_, _ = in.ReadString('\n')
				silent(conn)
			})
		}, mail.None, mail.ErrTemporary, "no answer in time"},
		{"closes after the text", func(conn net.Conn) {
			greet(conn, func(in *bufio.Reader) {
				for _, answer := range []string{"250 mail.test", "250 ok", "250 ok", "354 go on"} {
					_, _ = in.ReadString('\n')
					_, _ = io.WriteString(conn, answer+"\r\n")
				}
				for l, err := in.ReadString('\n'); err == nil && l != ".\r\n"; l, err = in.ReadString('\n') {
				}
			})
		}, mail.None, mail.ErrTemporary, "end of DATA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := mail.New(mail.Options{Address: raw(t, c.answer), TLS: c.mode, From: "a@b.example", Timeout: 500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			err = client.Send(t.Context(), hello())
			if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.says) {
				t.Errorf("error = %v, want %q saying %q", err, c.want, c.says)
			}
			if perhaps := errors.Is(err, mail.ErrUnanswered); perhaps != (c.name == "closes after the text") {
				t.Errorf("it may have been taken: %v", perhaps)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A server that takes the mail and then breaks has taken it.
func TestGoodbyeDoesNotMatter(t *testing.T) {
	address := raw(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		_, _ = io.WriteString(conn, "220 mail.test\r\n")
		for _, answer := range []string{"250 mail.test", "250 ok", "250 ok", "354 go on"} {
			_, _ = in.ReadString('\n')
			_, _ = io.WriteString(conn, answer+"\r\n")
		}
		for l, err := in.ReadString('\n'); err == nil && l != ".\r\n"; l, err = in.ReadString('\n') {
		}
		_, _ = io.WriteString(conn, "250 taken\r\n")
	})
	c, err := mail.New(mail.Options{Address: address, TLS: mail.None, From: "a@b.example", Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), hello()); err != nil {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	asked := make(chan struct{})
	address := raw(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "220 mail.test\r\n")
		_, _ = bufio.NewReader(conn).ReadString('\n')
		close(asked)
		_, _ = io.Copy(io.Discard, conn)
	})
	c, err := mail.New(mail.Options{Address: address, TLS: mail.None, From: "a@b.example"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if err := c.Send(ctx, hello()); !errors.Is(err, context.Canceled) || !errors.Is(err, mail.ErrTemporary) {
		t.Errorf("error = %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	c, err := mail.New(mail.Options{Address: listener.Addr().String(), From: "a@b.example"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Test(t.Context()); !errors.Is(err, mail.ErrTemporary) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("error = %v", err)
	}
}

// Many at once all arrive, each by itself, by four connections at a time: no more, and no fewer, for the server answers
// none before four are there.
func TestManyAtOnce(t *testing.T) {
	const atOnce = 4
	var mu sync.Mutex
	inside, arrived, four := 0, 0, make(chan struct{})
	s := start(t, mail.StartTLS, func(s *server) {
		s.meanwhile = func() {
			mu.Lock()
			if inside++; inside > atOnce {
				t.Errorf("%d mails at once", inside)
			}
			wait := four
			if arrived++; arrived%atOnce == 0 {
				close(four)
				four = make(chan struct{})
			}
			mu.Unlock()
			<-wait
			mu.Lock()
			inside--
			mu.Unlock()
		}
	})
	c := s.client(t, mail.StartTLS, nil)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			m := hello()
			m.To = fmt.Sprintf("ops%d@acme.example", i)
			if err := c.Send(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	to := map[string]bool{}
	for _, m := range s.got() {
		to[m.to] = true
	}
	if len(to) != 20 || len(s.got()) != 20 {
		t.Errorf("%d mails to %d recipients", len(s.got()), len(to))
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options mail.Options
		want    string // empty: it is fine
	}{
		{mail.Options{Address: "smtp.example:587", From: "a@b.example"}, ""},
		{mail.Options{Address: "smtp.example:465", TLS: mail.TLS, From: "Acme <a@b.example>"}, ""},
		{mail.Options{Address: "localhost:25", TLS: mail.None, From: "a@b.example"}, ""},
		{mail.Options{Address: "[::1]:25", TLS: mail.None, From: "a@b.example"}, ""},
		{mail.Options{Address: "127.0.0.9:25", TLS: mail.None, From: "a@b.example"}, ""},
		{mail.Options{Address: "smtp.example:25", TLS: mail.None, From: "a@b.example"}, "loopback"},
		{mail.Options{Address: "10.0.0.1:25", TLS: mail.None, From: "a@b.example"}, "loopback"},
		{mail.Options{Address: "127.0.0.1.evil.example:25", TLS: mail.None, From: "a@b.example"}, "loopback"},
		{mail.Options{Address: "smtp.example", From: "a@b.example"}, "host with a port"},
		{mail.Options{Address: ":25", From: "a@b.example"}, "host with a port"},
		{mail.Options{Address: "smtp.example:25", From: "Acme"}, "e-mail address"},
		{mail.Options{Address: "smtp.example:25", From: "a@例え.example"}, "xn--"},
		{mail.Options{Address: "smtp.example:25", From: "a@b.example", TLS: "ssl"}, `"ssl"`},
	} {
		_, err := mail.New(c.options)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.options, err, c.want)
		}
	}
}
