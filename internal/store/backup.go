package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"shodo/internal/partial"
)

// ErrExists: there is a file already where a backup was to be written.
var ErrExists = errors.New("there is a file already")

// Backup writes a copy of a SQLite database, as of one moment, while the engine works on it. The database may be of any
// version: before an upgrade, too, a copy is made. The file appears under its name when it is complete, safe on the disk, and was
// looked through; an earlier one of that name is never overwritten (ErrExists). ErrUnsupported: PostgreSQL's own tool, pg_dump,
// copies PostgreSQL.
func Backup(ctx context.Context, url, path string) error {
	if IsPostgres(url) {
		return fmt.Errorf("back up to %q: %w: pg_dump copies PostgreSQL", path, ErrUnsupported)
	}
	s := &Store{log: slog.New(slog.DiscardHandler)}
	defer s.Close()
	if _, err := s.openFile(ctx, url); err != nil {
		return s.cannotOpen(err)
	}
	if err := s.backup(ctx, path); err != nil {
		return fmt.Errorf("back up to %q: %w", path, explainBackup(err))
	}
	return nil
}

func (s *Store) backup(ctx context.Context, path string) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return cmp.Or(err, fs.ErrExist)
	}
	file, err := partial.Create(path) // it holds customers' alerts: only its owner may read it
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, file.Close())
	}()
	if err := removeBeside(file.Name()); err != nil { // of one that was cut off
		return err
	}
	if err := s.vacuumInto(ctx, file.Name()); err != nil {
		return errors.Join(err, removeBeside(file.Name()))
	}
	if err := lookThrough(ctx, file.Name()); err != nil {
		return errors.Join(err, removeBeside(file.Name()))
	}
	return file.Place()
}

// removeBeside removes what SQLite keeps beside a database while it works on it.
func removeBeside(path string) error {
	var errs []error
	for _, suffix := range []string{"-journal", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// explainBackup is explain for who waits for a copy: nothing goes on by itself.
func explainBackup(err error) error {
	switch explained := explain(err); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w; take another name", ErrExists)
	case errors.Is(explained, ErrFull):
		return fmt.Errorf("%w; free space and call it again: %w", ErrFull, err)
	case errors.Is(explained, ErrReadOnly):
		return err // the system's words say it of the folder, and not of the database
	default:
		return explained
	}
}

// vacuumInto copies with a connection of its own: VACUUM is a write to SQLite, and readers may not.
func (s *Store) vacuumInto(ctx context.Context, path string) error {
	m := copying
	if s.frozen {
		m = frozen
	}
	db, err := openSQLite(s.name, m)
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
