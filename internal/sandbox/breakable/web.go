//go:build unix

package breakable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// ErrCrashed is what a service ends with that was defined to crash.
var ErrCrashed = errors.New("the service crashed")

// ServeWeb is a service's process: it answers "/" and "/health" on the service's address until the context ends or, where
// it is defined so, until it crashes.
func (l Lab) ServeWeb(ctx context.Context, name string) error {
	s, err := l.Service(name)
	if err != nil {
		return fmt.Errorf("serve %q: %w", name, err)
	}
	release, err := l.hold(name)
	if err != nil {
		return fmt.Errorf("serve %q: %w", name, err)
	}
	defer release()
	listener, err := net.Listen("tcp", s.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("serve %q: %w", name, err), l.log(name, name, "fatal: %v", err))
	}
	started := time.Now()
	if err := l.log(name, name, "started, pid %d, listening on %s", os.Getpid(), s.Addr); err != nil {
		return fmt.Errorf("serve %q: %w", name, err)
	}
	server := &http.Server{Handler: l.handler(name, started), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	var crash <-chan time.Time
	if s.CrashAfter > 0 {
		timer := time.NewTimer(s.CrashAfter)
		defer timer.Stop()
		crash = timer.C
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve %q: %w", name, err)
	case <-crash:
		_ = server.Close()
		return errors.Join(ErrCrashed, l.log(name, name, "fatal: cannot open the session database: lock file is corrupt; exiting"))
	case <-ctx.Done():
		_ = server.Close()
		return l.log(name, name, "stopped on request")
	}
}

func (l Lab) handler(name string, started time.Time) http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "%s is up\n", name) })
	m.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "ok", "service": name, "pid": os.Getpid(),
			"uptime_seconds": int(time.Since(started).Seconds())})
	})
	return m
}
