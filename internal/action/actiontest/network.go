package actiontest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Server is a TCP server of a test.
type Server struct {
	Address string // 127.0.0.1:port
	Port    int

	mu     sync.Mutex
	conns  []net.Conn
	frozen atomic.Bool
}

// Listen serves each connection by the function, and closes it afterwards.
func Listen(t testing.TB, serve func(net.Conn)) *Server {
	t.Helper()
	return listen(t, func(_ *Server, c net.Conn) { serve(c) })
}

func listen(t testing.TB, serve func(*Server, net.Conn)) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: l.Addr().String(), Port: l.Addr().(*net.TCPAddr).Port}
	t.Cleanup(func() { l.Close(); s.Cut() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.keep(conn)
			go func() { defer conn.Close(); serve(s, conn) }()
		}
	}()
	return s
}

func (s *Server) keep(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, c)
}

// Cut closes all connections.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		c.Close()
	}
}

// Freeze makes a proxy swallow everything from here on, as a network does that drops packets.
func (s *Server) Freeze() { s.frozen.Store(true) }

// StartProxy passes connections on to the address until it is cut or frozen.
func StartProxy(t testing.TB, address string) *Server {
	t.Helper()
	return listen(t, func(s *Server, in net.Conn) {
		out, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		s.keep(out)
		go s.pass(in, out)
		s.pass(out, in)
	})
}

func (s *Server) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if s.frozen.Load() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

// ClosedPort gives a port on which nothing listens.
func ClosedPort(t testing.TB) int { return freePort(t) }

// Mark gives a number of seconds, about two minutes, that no other process has among its arguments: "sleep MARK" can be
// found again, and does not stay for ever when a test fails.
func Mark() string { return fmt.Sprintf("120.%09d", rand.IntN(1_000_000_000)) }

// Running counts the processes of this machine that have the mark as an argument of their own: "sleep MARK", and not the
// shell that holds it somewhere in a script.
func Running(mark string) int {
	found := 0
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err == nil && bytes.Contains(data, []byte("\x00"+mark+"\x00")) {
			found++
		}
	}
	return found
}
