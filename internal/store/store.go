// Package store keeps what the product must not lose: webhook deliveries, and the record of every incident. It is the
// only package that holds SQL, for SQLite (the default) and for PostgreSQL.
//
// What it promises:
//
//   - Durable: when a write returns nil it has been fsync'ed. When it returns an error nothing of it is there, except
//     that a write may or may not be there whose context ended, or whose connection to PostgreSQL broke, while it was
//     being carried out. Every write may be repeated.
//   - Fast under load, quick when idle: writes that wait together share one transaction with one fsync, and never wait
//     for more to come. One write's failure does not fail the others. Writes about one incident follow each other.
//   - Readers never wait for the writer and see everything that was acknowledged before they asked.
//   - One engine per database: a second one gets ErrInUse. Readers (OpenReader) may come at any time. Several engines
//     share a PostgreSQL database when all of them say Shared: then each delivery is handed over by one of them
//     (ClaimDelivery), and Watch tells each of what the others write.
//   - A database of a newer version is refused with ErrNewer and stays as it is; an older one is brought up to date, by
//     one process while others that start wait for it.
//   - PostgreSQL may go away and come back: meanwhile everything fails with ErrAway, and after that it goes on.
//
// What it never does: interpret an incident, call the outside world, or delete anything but settled deliveries whose
// retention is over (PruneDeliveries).
//
// Text is stored as valid UTF-8 without NUL, because PostgreSQL takes nothing else: what is not becomes U+FFFD. Raw
// bodies, alerts and outputs are kept byte for byte. Ids, keys and targets of more than 600 bytes are kept as their beginning
// and a sum of the whole. Times are kept in microseconds.
//
// # Adding a table
//
// Write a file with the next number for each database, migrations/sqlite/NNNNN_name.sql and migrations/postgres/NNNNN_name.sql,
// with the same tables and columns: INTEGER there is BIGINT here, BLOB is BYTEA, TEXT is TEXT COLLATE "C", and AUTOINCREMENT
// is GENERATED ALWAYS AS IDENTITY. What is released is never edited. The methods go into a file of their own, with SQL that
// both understand: places $1, $2, "ON CONFLICT", truths as 0 and 1, times by micros and instant. What differs by nature goes
// into dialect. Write with write or writeFor; a write that reads first names what it is about, because PostgreSQL runs
// several at once. What an index holds and comes from outside is a name and not a text: PostgreSQL refuses a long one. Then add the contract to storetest, which
// runs on both.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
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
	// ErrAway: PostgreSQL does not answer. It goes on by itself when it is back.
	ErrAway = errors.New("the database does not answer")
	// ErrUnsupported: the url names a kind of database that this version does not speak.
	ErrUnsupported = errors.New("unsupported database")
	// ErrInvalid: what was to be stored lacks something it must have.
	ErrInvalid = errors.New("invalid")
)

// Store is an open database. Its methods may be called from any goroutine.
type Store struct {
	log      *slog.Logger
	name     string // of the database, without its password
	dialect  dialect
	lock     *os.File  // SQLite: held while the engine runs; nil in a reader
	presence *presence // PostgreSQL: the same; nil in a reader
	frozen   bool      // SQLite: a reader of what lies where nothing can be written
	writeDB  *sql.DB   // nil in a reader
	readDB   *sql.DB
	writer   *writer // nil in a reader
	watch    watchers
}

// Option is a choice for Open.
type Option func(*options)

type options struct{ shared bool }

// Shared lets other engines that say the same work on the database at the same time. They need one Temporal: each event
// is handed over by one of them. SQLite is never shared, and this changes nothing there.
func Shared(o *options) { o.shared = true }

// Open opens the engine's database for reading and writing, creates a file that does not exist and brings the tables up
// to date. The url is a path, "sqlite:///path/to/file.db", or "postgres://user@host:5432/database?sslmode=verify-full" with
// everything that libpq takes; the password may be in it, in PGPASSWORD or in ~/.pgpass. Exactly one process may hold a
// database open this way, unless all of them say Shared.
func Open(ctx context.Context, url string, log *slog.Logger, choices ...Option) (*Store, error) {
	var o options
	for _, choose := range choices {
		choose(&o)
	}
	s := &Store{log: log}
	var err error
	if IsPostgres(url) {
		err = s.openPostgres(ctx, url, o)
	} else {
		err = s.openSQLite(ctx, url)
	}
	if err != nil {
		s.Close()
		return nil, s.cannotOpen(err)
	}
	return s, nil
}

func (s *Store) cannotOpen(err error) error {
	if s.name == "" {
		return fmt.Errorf("open store: %w", err)
	}
	return fmt.Errorf("open store %q: %w", s.name, explain(err))
}

func (s *Store) openSQLite(ctx context.Context, url string) error {
	path, err := sqlitePath(url)
	if err != nil {
		return err
	}
	s.name, s.dialect = path, sqliteDialect
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
	if err = migrate(ctx, s.writeDB, s.dialect, s.log); err != nil {
		return err
	}
	if s.writer, err = startWriter(ctx, &writer{db: s.writeDB, dialect: s.dialect, watch: &s.watch}); err != nil {
		return err
	}
	s.readDB, err = openReaders(ctx, path)
	return err
}

func (s *Store) openPostgres(ctx context.Context, url string, o options) error {
	config, name, err := postgresConfig(url)
	if err != nil {
		return err
	}
	s.name, s.dialect = name, postgresDialect
	if s.presence, err = startPresence(ctx, config, o.shared, s.heard, s.log); err != nil {
		return err
	}
	s.writeDB = openPostgres(config, writing)
	if err = migrate(ctx, s.writeDB, s.dialect, s.log); err != nil {
		return err
	}
	s.readDB = openPostgres(config, reading)
	if err = warnOfFsync(ctx, s.readDB, s.log); err != nil {
		return err
	}
	w := &writer{db: s.writeDB, dialect: s.dialect, watch: &s.watch, usable: s.presence.usable}
	if o.shared {
		w.tell = s.presence.tell
	}
	if s.writer, err = startWriter(ctx, w); err != nil {
		return err
	}
	s.presence.begin(ctx)
	return nil
}

// OpenReader opens an existing database for reading only, whether or not an engine is running on it. Its writing
// methods return ErrReadOnly.
func OpenReader(ctx context.Context, url string, log *slog.Logger) (*Store, error) {
	s := &Store{log: log}
	if err := s.openReader(ctx, url); err != nil {
		s.Close()
		return nil, s.cannotOpen(err)
	}
	return s, nil
}

func (s *Store) openReader(ctx context.Context, url string) error {
	if IsPostgres(url) {
		config, name, err := postgresConfig(url)
		if err != nil {
			return err
		}
		s.name, s.dialect, s.readDB = name, postgresDialect, openPostgres(config, reading)
		version, err := versionOf(ctx, s.readDB, s.dialect)
		if err != nil {
			return err
		}
		return fits(version, s.readDB, s.dialect)
	}
	version, err := s.openFile(ctx, url)
	if err != nil {
		return err
	}
	return fits(version, s.readDB, s.dialect)
}

// openFile opens a SQLite database of any version for reading, and tells which it is.
func (s *Store) openFile(ctx context.Context, url string) (version int64, err error) {
	path, err := sqlitePath(url)
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%w: %w; has the engine run on this data directory?", ErrNotReady, err)
	} else if err != nil {
		return 0, err
	}
	s.name, s.dialect = path, sqliteDialect
	if s.readDB, err = openSQLite(path, reading); err != nil {
		return 0, err
	}
	version, err = versionOf(ctx, s.readDB, s.dialect)
	if s.frozen = isFrozen(err, path); s.frozen {
		s.readDB.Close()
		if s.readDB, err = openSQLite(path, frozen); err == nil {
			version, err = versionOf(ctx, s.readDB, s.dialect)
		}
	}
	return version, err
}

// Close makes all writes that wait, and closes the database. Later writes return ErrClosed. Channels of Watch close.
func (s *Store) Close() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.presence != nil {
		s.presence.close()
	}
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	s.watch.closeAll()
	if s.lock != nil {
		if err := dropLock(s.lock); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// IsShared says whether other engines may write to the database, too: what was read from it may have changed since.
func (s *Store) IsShared() bool { return s.presence != nil && s.presence.shared }

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
