package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists: there is a file already where a backup was to be written.
var ErrExists = errors.New("there is a file already")

// Backup writes a copy of a SQLite database, as of one moment, while the engine works on it. The file appears under its
// name when it is complete, safe on the disk, and was looked through; an earlier one of that name is never overwritten
// (ErrExists). ErrUnsupported: PostgreSQL's own tool, pg_dump, copies PostgreSQL.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	given := path
	defer func() {
		if err != nil {
			err = fmt.Errorf("back up to %q: %w", given, explain(err))
		}
	}()
	if s.isPostgres() {
		return fmt.Errorf("%w: pg_dump copies PostgreSQL", ErrUnsupported)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w; take another name", ErrExists)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a backup that was cut off
		return err
	}
	file, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // it holds customers' alerts
	if err != nil {
		return err
	}
	defer file.Close()
	defer func() {
		if err != nil {
			_ = os.Remove(partial)
		}
	}()
	if err := s.vacuumInto(ctx, partial); err != nil {
		return err
	}
	if err := lookThrough(ctx, partial); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Link(partial, path); err != nil { // unlike a rename it overwrites nothing
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w; take another name", ErrExists)
		}
		if err := os.Rename(partial, path); err != nil { // some file systems know no links
			return err
		}
	} else if err := os.Remove(partial); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// vacuumInto copies with a connection of its own: VACUUM is a write to SQLite, and readers may not.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	db, err := openSQLite(s.name, copying)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return err
}

// lookThrough makes sure that a copy is a whole database.
func lookThrough(ctx context.Context, path string) error {
	db, err := openSQLite(path, reading)
	if err != nil {
		return err
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("the copy is damaged: %s", result)
	}
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
