//go:build !no_embedded_temporal

package temporalserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestAPortThatIsTakenInBetween(t *testing.T) {
	for i, service := range []string{"frontend", "history", "matching"} {
		t.Run(service, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			taken := takenPort(t)
			calls := 0
			s, err := start(ctx, options(t), func(n int) ([]int, error) {
				ports, err := freePorts(n)
				if calls++; calls == 1 && err == nil {
					ports[i] = taken
				}
				return ports, err
			})
			if err != nil {
				t.Fatal(err)
			}
			if calls != 2 {
				t.Errorf("asked for ports %d times, want 2", calls)
			}
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestThePortThatWasAskedForIsTaken(t *testing.T) {
	opts := options(t)
	opts.Port = takenPort(t)
	if _, err := Start(t.Context(), opts); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("got %v, want %v", err, syscall.EADDRINUSE)
	}
}

func options(t *testing.T) Options {
	return Options{File: filepath.Join(t.TempDir(), "temporal.db"), Namespace: "shodo",
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func takenPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}
