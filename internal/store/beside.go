package store

import (
	"context"
	"errors"
	"log/slog"
)

// OpenBeside opens a database for writing although an engine may be using it: for what writes incidents that are none of the engine's,
// such as an import of the history. It creates the database or brings it up to date when no engine uses it; when one does, the
// versions must be the same. It takes no lock, so an engine can be started and stopped meanwhile. Writes wait for each other
// for a few seconds; keep them short. Watchers of the engine are not told of them.
func OpenBeside(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	if first, err := Open(ctx, url, log); err == nil {
		if err := first.Close(); err != nil {
			return nil, first.cannotOpen(err)
		}
	} else if !errors.Is(err, ErrInUse) {
		return nil, err
	}
	s := &Store{log: log}
	if err := s.openBeside(ctx, url); err != nil {
		s.Close()
		return nil, s.cannotOpen(err)
	}
	return s, nil
}

func (s *Store) openBeside(ctx context.Context, url string) error {
	if err := s.openReader(ctx, url); err != nil {
		return err
	}
	if IsPostgres(url) {
		config, _, err := postgresConfig(url)
		if err != nil {
			return err
		}
		s.writeDB = openPostgres(config, writing)
	} else {
		var err error
		if s.writeDB, err = openSQLite(s.name, writing); err != nil {
			return err
		}
		s.writeDB.SetMaxOpenConns(1)
	}
	var err error
	s.writer, err = startWriter(ctx, &writer{db: s.writeDB, dialect: s.dialect, watch: &s.watch})
	return err
}
