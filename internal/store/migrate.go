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

func newProvider(db *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/sqlite")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
}

// migrate brings the database up to date, or refuses one that is newer than this program.
func migrate(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	provider, err := newProvider(db)
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

// checkVersion is migrate for who may not write.
func checkVersion(ctx context.Context, db *sql.DB) error {
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	sources := provider.ListSources()
	want := sources[len(sources)-1].Version
	var tables int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`).Scan(&tables)
	if err != nil {
		return fmt.Errorf("read the database's version: %w", err)
	}
	if tables == 0 {
		return fmt.Errorf("%w: it is empty; has the engine run on this data directory?", ErrNotReady)
	}
	var have int64
	err = db.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version WHERE is_applied`).Scan(&have)
	switch {
	case err != nil:
		return fmt.Errorf("read the database's version: %w", err)
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
