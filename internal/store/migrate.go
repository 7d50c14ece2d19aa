package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

// Migrations are forward only and are never edited once released: add a file with the next number, for each database.
//
//go:embed migrations/*/*.sql
var migrations embed.FS

func newProvider(db *sql.DB, d dialect) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, d.migrations)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(d.goose, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrate brings the database up to date, or refuses one that is newer than this program. Of several processes that do
// so at once one works and the others wait for it.
func migrate(ctx context.Context, db *sql.DB, d dialect, log *slog.Logger) (err error) {
	if d.lock != nil {
		conn, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(`+lockKey(migrationLock)+`)`); err != nil {
			return fmt.Errorf("wait for another process that brings the database up to date: %w", err)
		}
		// The connection goes back to the pool, so the lock is not left to its end.
		defer conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+lockKey(migrationLock)+`)`)
	}
	provider, err := newProvider(db, d)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the database's version: %w", err)
	}
	if have > want {
		return newer(have, want)
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("bring the database from version %d to %d: %w", have, want, err)
	}
	if len(done) > 0 {
		log.Info("database brought up to date", "from", have, "to", want)
	}
	return nil
}

// versionOf tells the version of a database. ErrNotReady: it is empty.
func versionOf(ctx context.Context, db *sql.DB, d dialect) (version int64, err error) {
	var tables int
	if err = db.QueryRowContext(ctx, d.hasTable, "goose_db_version").Scan(&tables); err == nil && tables == 0 {
		return 0, fmt.Errorf("%w: it is empty; has the engine run on it?", ErrNotReady)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&version)
	}
	if err != nil {
		return 0, fmt.Errorf("read the database's version: %w", err)
	}
	return version, nil
}

// fits refuses a database that is not of this program's version, to who may not bring it up to date.
func fits(have int64, db *sql.DB, d dialect) error {
	provider, err := newProvider(db, d)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := provider.ListSources()
	switch want := sources[len(sources)-1].Version; {
	case have > want:
		return newer(have, want)
	case have < want:
		return fmt.Errorf("%w: its version is %d and this program needs %d; start the engine once", ErrNotReady, have, want)
	}
	return nil
}

func newer(have, want int64) error {
	return fmt.Errorf("%w: its version is %d and this program knows %d; run the newer program, or restore a backup",
		ErrNewer, have, want)
}
