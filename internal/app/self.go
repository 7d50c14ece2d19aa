package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"shodo/internal/incident"
)

// selfRetry is the wait between two tries to look the engine's user up.
const selfRetry = 5 * time.Second

// self knows the engine's own user in PagerDuty, so that the engine recognises what it did itself.
type self struct {
	lookUp func(context.Context) (incident.Ref, error)

	mu   sync.Mutex
	user incident.Ref
	err  error // of the last try
}

// id gives the user's id, and looks it up when it is not known yet.
func (s *self) id(ctx context.Context) (string, error) {
	if id := s.known(); id != "" {
		return id, nil
	}
	user, err := s.lookUp(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	if err == nil {
		s.user = user
	}
	return s.user.ID, err
}

// known gives the user's id, or nothing.
func (s *self) known() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user.ID
}

// await tries until the user is known.
func (s *self) await(ctx context.Context, log *slog.Logger) error {
	for {
		if _, err := s.id(ctx); err == nil {
			return nil
		} else if ctx.Err() == nil {
			log.Error("look up the engine's own PagerDuty user; events wait in the inbox until it is known", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(selfRetry):
		}
	}
}

// state tells who it is, or why that is not known.
func (s *self) state() (user incident.Ref, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user, s.err
}
