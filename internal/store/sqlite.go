package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqlitePath gives the file that a store url names. A url's password never enters an error.
func sqlitePath(raw string) (string, error) {
	if raw == "" {
		return "", fmt.Errorf("%w: the url is empty; give a path, sqlite:///path/to/file.db or postgres://user@host/database", ErrUnsupported)
	}
	scheme, rest, found := strings.Cut(raw, ":")
	if !found || strings.ContainsAny(scheme, `/\.`) || len(scheme) == 1 {
		return filepath.Abs(raw)
	}
	if scheme != "sqlite" {
		return "", fmt.Errorf("%w %q; give a path, sqlite:///path/to/file.db or postgres://user@host/database", ErrUnsupported, scheme)
	}
	rest = strings.TrimPrefix(rest, "//")
	path, err := url.PathUnescape(rest)
	if err != nil || path == "" {
		return "", fmt.Errorf("%w: %q is not of the form sqlite:///path/to/file.db", ErrUnsupported, raw)
	}
	return filepath.Abs(path)
}

// prepareFile makes the directory and an empty file that only the engine's user may read: it holds customers' alerts.
// SQLite gives its side files the same mode.
func prepareFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// How a connection is used.
type mode string

const (
	writing mode = "writing"
	reading mode = "reading"
	copying mode = "copying" // neither: VACUUM INTO changes nothing, and counts as a write
	frozen  mode = "frozen"  // what cannot change, for reading and copying
)

// maxReaders is how many reads run at once; more wait.
const maxReaders = 4

// openSQLite gives a pool of connections. synchronous=FULL in WAL mode is one fsync per transaction, and a
// transaction survives a power cut once it has returned (https://www.sqlite.org/pragma.html#pragma_synchronous).
func openSQLite(path string, m mode) (*sql.DB, error) {
	q := url.Values{}
	pragmas := []string{"busy_timeout(5000)", "temp_store(memory)"}
	switch m {
	case writing:
		pragmas = append(pragmas, "journal_mode(wal)", "synchronous(full)", "cache_size(-32000)",
			"wal_autocheckpoint(4000)", "journal_size_limit(67108864)")
	case reading:
		pragmas = append(pragmas, "query_only(1)", "cache_size(-8000)")
	case frozen:
		q.Set("immutable", "1")
	}
	q["_pragma"] = pragmas
	dsn := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	registered, err := sql.Open("sqlite", "") // opens nothing: it is only how to get at the driver
	if err != nil {
		return nil, err
	}
	defer registered.Close()
	db := sql.OpenDB(connector{registered.Driver(), dsn.String()})
	db.SetMaxOpenConns(maxReaders)
	db.SetMaxIdleConns(maxReaders)
	return db, nil
}

// isFrozen says whether a database could not be opened because SQLite cannot make its files beside it, and nobody has it open
// who can: a backup on a disk that is read-only, or of another user.
func isFrozen(err error, path string) bool {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return false
	}
	code := se.Code() & 0xff
	_, walErr := os.Lstat(path + "-wal")
	return (code == sqlite3.SQLITE_CANTOPEN || code == sqlite3.SQLITE_READONLY) && errors.Is(walErr, fs.ErrNotExist)
}

// explain adds the sentinel, and what to do, to an error of the database whose cause is outside of us.
func explain(err error) error {
	var se *sqlite.Error
	if err == nil {
		return nil
	}
	if explained := explainPostgres(err); explained != nil {
		return explained
	}
	switch {
	case errors.As(err, &se):
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w; check the disk's mount and the owner of the data directory: %w", ErrReadOnly, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w; free space, then it goes on by itself: %w", ErrFull, err)
	default:
		return err
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w; free space, then it goes on by itself: %w", ErrFull, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w; check the disk's mount and the owner of the data directory: %w", ErrReadOnly, err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("the database file cannot be opened; check the data directory, that its owner may write there, and the limit of open files: %w", err)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the database file is damaged or is not a database; restore it from a backup: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another program holds the database locked: %w", err)
	case sqlite3.SQLITE_IOERR:
		if se.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // the index beside the log could not grow
			return fmt.Errorf("%w; free space, then it goes on by itself: %w", ErrFull, err)
		}
		return fmt.Errorf("the disk fails: %w", err)
	}
	return err
}
