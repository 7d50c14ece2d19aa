// Package store keeps what the product must not lose: webhook deliveries, and the record of every incident. It is the
// only package that holds SQL.
//
// What it promises:
//
//   - Durable: when a write returns nil it has been fsync'ed. When it returns an error nothing of it is there, except
//     that a write whose context ended while it was being carried out may or may not be. Every write may be repeated.
//   - Fast under load, quick when idle: all writes go through one goroutine, which puts everything that waits into one
//     transaction with one fsync, and never waits for more to come. One write's failure does not fail the others.
//   - Readers never wait for the writer and see everything that was acknowledged before they asked.
//   - One engine per database: a second one gets ErrInUse. Readers (OpenReader) may come at any time.
//   - A database of a newer version is refused with ErrNewer and stays as it is; an older one is brought up to date.
//
// What it never does: interpret an incident, call the outside world, or delete anything but settled deliveries whose
// retention is over (PruneDeliveries).
//
// Text is stored as valid UTF-8 without NUL, because PostgreSQL takes nothing else: what is not becomes U+FFFD. Raw
// bodies, alerts and outputs are kept byte for byte. Times are kept in microseconds.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"shodo/internal/incident"
)

// The errors that callers tell apart. Test with errors.Is; each comes wrapped with what was being done.
var (
	// ErrNotFound: the store has no such incident, or no such maintenance.
	ErrNotFound = errors.New("not found")
	// ErrClosed: the store was closed before the write could be made.
	ErrClosed = errors.New("the store is closed")
	// ErrInUse: another engine has the database open.
	ErrInUse = errors.New("another engine is using this database")
	// ErrNewer: the database was written by a newer version of the product.
	ErrNewer = errors.New("the database belongs to a newer version")
	// ErrNotReady: OpenReader found no database, or one that the engine has not brought up to date yet.
	ErrNotReady = errors.New("the database is not ready")
	// ErrFull: the disk, or the space that the database may take, is full.
	ErrFull = errors.New("the disk is full")
	// ErrReadOnly: the database cannot be written.
	ErrReadOnly = errors.New("the database is read-only")
	// ErrUnsupported: the url names a kind of database that this version does not speak.
	ErrUnsupported = errors.New("unsupported database")
	// ErrInvalid: what was to be stored lacks something it must have.
	ErrInvalid = errors.New("invalid")
)

// Store is an open database. Its methods may be called from any goroutine.
type Store struct {
	log     *slog.Logger
	lock    *os.File // held while the engine runs; nil in a reader
	writeDB *sql.DB  // nil in a reader
	readDB  *sql.DB
	writer  *writer // nil in a reader
	watch   watchers
}

// Open opens the engine's database for reading and writing, creates it when it does not exist and brings it up to
// date. The url is a path or "sqlite:///path/to/file.db". Exactly one process may hold a database open this way.
func Open(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	path, err := sqlitePath(url)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{log: log}
	if err := s.open(ctx, path); err != nil {
		s.Close()
		return nil, fmt.Errorf("open store %q: %w", path, explain(err))
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	var err error
	if err = prepareFile(path); err != nil {
		return err
	}
	if s.lock, err = takeLock(path + ".lock"); err != nil {
		return err
	}
	if s.writeDB, err = openSQLite(path, writing); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	if err = migrate(ctx, s.writeDB, s.log); err != nil {
		return err
	}
	if s.writer, err = startWriter(ctx, s.writeDB, &s.watch); err != nil {
		return err
	}
	s.readDB, err = openReaders(ctx, path)
	return err
}

// OpenReader opens an existing database for reading only, whether or not an engine is running on it. Its writing
// methods return ErrReadOnly.
func OpenReader(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	path, err := sqlitePath(url)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open store: %w: %w; has the engine run on this data directory?", ErrNotReady, err)
	}
	s := &Store{log: log}
	s.readDB, err = openSQLite(path, reading)
	if err == nil {
		err = checkVersion(ctx, s.readDB)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("open store %q: %w", path, explain(err))
	}
	return s, nil
}

// Close makes all writes that wait, and closes the database. Later writes return ErrClosed. Channels of Watch close.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.readDB != nil {
		errs = append(errs, s.readDB.Close())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	s.watch.closeAll()
	if s.lock != nil {
		if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Ping makes one small durable write and one read, and so tells whether the store can keep its promises now.
func (s *Store) Ping(ctx context.Context) error {
	if s.writer != nil {
		now := time.Now()
		err := s.write(ctx, func(t *tx) error {
			_, err := t.exec(`UPDATE pulse SET at = $1 WHERE id = 1`, micros(now))
			return err
		})
		if err != nil {
			return fmt.Errorf("ping store: %w", err)
		}
	}
	var at int64
	if err := s.readDB.QueryRowContext(ctx, `SELECT at FROM pulse WHERE id = 1`).Scan(&at); err != nil {
		return fmt.Errorf("ping store: %w", explain(err))
	}
	return nil
}

// Watch tells of every transition and step after it has become durable, in order, from now until ctx ends or the store
// closes; then the channel closes. It never slows the writer down: a watcher that falls 10,000 changes behind loses
// its channel.
func (s *Store) Watch(ctx context.Context) <-chan incident.Change { return s.watch.add(ctx) }
