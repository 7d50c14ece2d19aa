package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"shodo/internal/secret"
)

// IsPostgres says whether a url names a PostgreSQL database. Everything else is a SQLite file, or an error of Open.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// How many reads of a process PostgreSQL carries out at once; more wait.
const postgresReaders = 8

// postgresConfig reads a url. No error of it, and no name that is made of it, holds a password.
func postgresConfig(raw string) (config *pgx.ConnConfig, name string, err error) {
	const form = "write postgres://user@host:5432/database?sslmode=verify-full"
	if _, err := url.Parse(raw); err != nil {
		return nil, "", fmt.Errorf("%w: the url cannot be read; %s", ErrUnsupported, form)
	}
	config, err = pgx.ParseConfig(raw)
	if err != nil {
		why := errors.Unwrap(err) // the whole error repeats the url
		if why == nil {
			return nil, "", fmt.Errorf("%w: the url of PostgreSQL cannot be read; %s", ErrUnsupported, form)
		}
		return nil, "", fmt.Errorf("%w: the url of PostgreSQL: %s; %s", ErrUnsupported, secret.Mask(why.Error()), form)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "shodo"
	}
	return config, nameOf(config), nil
}

// nameOf is what the database is called in messages.
func nameOf(config *pgx.ConnConfig) string {
	if strings.HasPrefix(config.Host, "/") {
		return fmt.Sprintf("postgres:///%s?host=%s", config.Database, config.Host)
	}
	return fmt.Sprintf("postgres://%s/%s", net.JoinHostPort(config.Host, fmt.Sprint(config.Port)), config.Database)
}

// openPostgres gives a pool of connections.
func openPostgres(config *pgx.ConnConfig, m mode) *sql.DB {
	config = config.Copy()
	size := postgresReaders
	switch m {
	case reading:
		config.RuntimeParams["default_transaction_read_only"] = "on"
	case writing:
		size = postgresDialect.writers + 1 // and one for migrations
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, durable)
		return err
	}))
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	db.SetConnMaxIdleTime(5 * time.Minute) // a standby that took over, or a balancer, does not keep us for ever
	return db
}

// durable makes a commit wait until it is on the disk, where the server or the user is set not to: what an engine was told
// is stored it does not do again.
const durable = `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`

// warnOfFsync tells of a server that keeps nothing safe. That is the server's own setting.
func warnOfFsync(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	var fsync string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('fsync')`).Scan(&fsync); err != nil {
		return err
	}
	if fsync == "off" {
		log.Warn("PostgreSQL runs with fsync off: after a power cut events and records may be lost, and repairs made twice")
	}
	return nil
}

// lockNames takes the locks of all names, which the end of the transaction gives back. They are taken in one order by
// everybody, so that nobody waits in a circle.
func lockNames(ctx context.Context, conn *sql.Conn, names []string) error {
	if len(names) == 0 {
		return nil
	}
	var n int
	return conn.QueryRowContext(ctx, `SELECT count(pg_advisory_xact_lock(key))
		FROM (SELECT DISTINCT `+lockKey("'write ' || name")+` AS key FROM unnest($1::text[]) AS name ORDER BY key) AS keys`, names).Scan(&n)
}

// lockKey is the number, in SQL, by which PostgreSQL knows a lock of ours. Stores in two schemas of one database do not
// know of each other.
func lockKey(name string) string {
	return `hashtextextended('shodo ' || current_schema() || ' ' || ` + name + `, 0)`
}

const (
	engineLock    = `'engine'`
	migrationLock = `'migrations'`
)

// The codes of PostgreSQL's errors: https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	pgDiskFull      = "53100"
	pgReadOnly      = "25006"
	pgNotAllowed    = "42501"
	pgBadPassword   = "28P01"
	pgNotAuthorized = "28000"
	pgNoDatabase    = "3D000"
	pgDeadlock      = "40P01"
	pgSerialization = "40001"
	pgTooMany       = "53300"
	pgNoConnection  = "08"  // the class
	pgShuttingDown  = "57P" // the class
)

// explainPostgres is explain for PostgreSQL's errors; nil: it is none of them.
func explainPostgres(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch {
		case pg.Code == pgDiskFull:
			return fmt.Errorf("%w; free space on PostgreSQL's server, then it goes on by itself: %w", ErrFull, err)
		case pg.Code == pgReadOnly:
			return fmt.Errorf("%w; is it a standby? name the primary in store.url: %w", ErrReadOnly, err)
		case pg.Code == pgNotAllowed:
			return fmt.Errorf("PostgreSQL does not allow it; the user must own the database's tables: %w", err)
		case pg.Code == pgBadPassword, pg.Code == pgNotAuthorized:
			return fmt.Errorf("PostgreSQL refuses the user or the password; check store.url and store.password: %w", err)
		case pg.Code == pgNoDatabase:
			return fmt.Errorf("there is no such database; make it with: createdb NAME: %w", err)
		case pg.Code == pgTooMany, strings.HasPrefix(pg.Code, pgNoConnection), strings.HasPrefix(pg.Code, pgShuttingDown):
			return fmt.Errorf("%w; it goes on by itself when PostgreSQL is back: %w", ErrAway, err)
		}
		return err
	}
	if isGone(err) {
		return fmt.Errorf("%w; it goes on by itself when PostgreSQL is back: %w", ErrAway, err)
	}
	return nil
}

// isGone says whether an error means that the connection is of no use any more.
func isGone(err error) bool {
	var connect *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &connect) || errors.As(err, &network) ||
		slices.ContainsFunc([]error{driver.ErrBadConn, sql.ErrConnDone, pgconn.ErrConnClosed, io.EOF, io.ErrUnexpectedEOF},
			func(gone error) bool { return errors.Is(err, gone) }) || hasClass(err, pgShuttingDown)
}

func hasClass(err error, class string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && strings.HasPrefix(pg.Code, class)
}

// isConflict says whether two transactions got into each other's way: running it again helps.
func isConflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == pgDeadlock || pg.Code == pgSerialization)
}
