package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"shodo/internal/mail"
	"shodo/internal/secret"
)

const (
	user     = "shodo"
	password = "hunter2-is-the-password"
)

// received is one mail as the server got it.
type received struct {
	from, to, user string
	encrypted      bool
	utf8           bool
	data           []byte
}

// server is a real SMTP server that keeps what it gets, and refuses what it is told to refuse.
type server struct {
	*smtp.Server
	address string
	roots   *x509.CertPool

	ways   []string // of logging in
	onMail error
	onRcpt error
	onData error

	meanwhile func() // runs while a mail is being taken

	mu    sync.Mutex
	mails []received
}

func (s *server) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

// start serves on a loopback port until the test ends.
func start(t *testing.T, mode mail.Mode, adjust func(*server)) *server {
	t.Helper()
	s := &server{ways: []string{sasl.Plain}}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{server: s, mail: received{encrypted: encrypted}}, nil
	}))
	s.Domain = "mail.test"
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.AllowInsecureAuth = mode == mail.None
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	certificate, roots := certificate(t, time.Now().Add(time.Hour))
	s.roots = roots
	if mode != mail.None {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	if adjust != nil {
		adjust(s)
	}
	s.address = listener.Addr().String()
	if mode == mail.TLS {
		listener = tls.NewListener(listener, s.TLSConfig)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(listener) }()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return s
}

// client is a client of the server, with the right login unless it is changed.
func (s *server) client(t *testing.T, mode mail.Mode, change func(*mail.Options)) *mail.Client {
	t.Helper()
	o := mail.Options{
		Address: s.address, TLS: mode, User: user, Password: secret.New(password), From: "初動 <shodo@msp.example>",
		RootCAs: s.roots, Timeout: 20 * time.Second,
		Clock: func() time.Time { return time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC) },
	}
	if change != nil {
		change(&o)
	}
	c, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// certificate makes one for 127.0.0.1, with the authority that signed it.
func certificate(t *testing.T, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

// session is one connection.
type session struct {
	server *server
	mail   received
}

func (s *session) AuthMechanisms() []string { return s.server.ways }

func (s *session) Auth(way string) (sasl.Server, error) {
	check := func(u, p string) error {
		if u != user || p != password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no such login: " + u + " with " + p}
		}
		s.mail.user = u
		return nil
	}
	if way == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, u, p string) error { return check(u, p) }), nil
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.mail.from, s.mail.utf8 = from, o.UTF8
	return s.server.onMail
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = to
	return s.server.onRcpt
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.meanwhile != nil {
		s.server.meanwhile()
	}
	if s.server.onData != nil {
		return s.server.onData
	}
	s.mail.data = data
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

// loginServer is the server's side of LOGIN, which go-sasl no longer has.
type loginServer struct {
	check func(user, password string) error
	asked int
	user  string
}

func (l *loginServer) Next(response []byte) ([]byte, bool, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

// raw answers each connection by a function, for servers that break the protocol.
func raw(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connections sync.WaitGroup
	accepted := make(chan struct{})
	go func() {
		defer close(accepted)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() {
				defer func() { _ = conn.Close() }()
				answer(conn)
			})
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-accepted
		connections.Wait()
	})
	return listener.Addr().String()
}
