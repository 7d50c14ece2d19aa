package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"
)

// Info is how a database is doing.
type Info struct {
	Kind    string // "SQLite" or "PostgreSQL", with its version
	Name    string // the path, or the url without its password
	Version int64  // of the tables
	Bytes   int64  // on disk
	Tables  []TableInfo
}

// TableInfo is how much a table holds.
type TableInfo struct {
	Name   string
	Rows   int64
	Bytes  int64     // with indexes; 0: not known
	Oldest time.Time // of its rows; zero: not known, or no row
}

// infoTables are what people ask about. The oldest row is found along an index.
var infoTables = []struct{ name, oldest string }{
	{"incidents", `SELECT min(created_at) FROM incidents`},
	{"runs", ``},
	{"transitions", `SELECT min(at) FROM transitions WHERE seq = (SELECT min(seq) FROM transitions)`},
	{"steps", ``},
	{"outputs", ``},
	{"alerts", ``},
	{"deliveries", `SELECT min(received_at) FROM deliveries WHERE seq = (SELECT min(seq) FROM deliveries)`},
	{"pages", `SELECT min(day) * 86400000000 FROM pages`},
}

// Info counts what is there. It reads whole indexes: seconds for millions of rows.
func (s *Store) Info(ctx context.Context) (Info, error) {
	info := Info{Name: s.name}
	err := s.readDB.QueryRowContext(ctx, `SELECT max(version_id) FROM goose_db_version`).Scan(&info.Version)
	if err == nil {
		info.Kind, info.Bytes, err = s.size(ctx)
	}
	for _, table := range infoTables {
		if err != nil {
			break
		}
		t := TableInfo{Name: table.name}
		if err = s.readDB.QueryRowContext(ctx, `SELECT count(*) FROM `+table.name).Scan(&t.Rows); err == nil && table.oldest != "" {
			var oldest sql.NullInt64
			err = s.readDB.QueryRowContext(ctx, table.oldest).Scan(&oldest)
			t.Oldest = instant(oldest)
		}
		if err == nil && s.isPostgres() {
			err = s.readDB.QueryRowContext(ctx, `SELECT pg_total_relation_size($1::text::regclass)`, table.name).Scan(&t.Bytes)
		}
		info.Tables = append(info.Tables, t)
	}
	if err != nil {
		return Info{}, fmt.Errorf("look at the store: %w", explain(err))
	}
	return info, nil
}

func (s *Store) isPostgres() bool { return s.dialect.lock != nil }

func (s *Store) size(ctx context.Context) (kind string, bytes int64, err error) {
	if s.isPostgres() {
		err = s.readDB.QueryRowContext(ctx, `SELECT 'PostgreSQL ' || current_setting('server_version'),
			(SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = current_schema() AND c.relkind = 'r')`).Scan(&kind, &bytes)
		return kind, bytes, err
	}
	if err = s.readDB.QueryRowContext(ctx, `SELECT 'SQLite ' || sqlite_version()`).Scan(&kind); err != nil {
		return "", 0, err
	}
	for _, suffix := range []string{"", "-wal"} {
		if file, err := os.Stat(s.name + suffix); err == nil {
			bytes += file.Size()
		} else if suffix == "" {
			return "", 0, err
		}
	}
	return kind, bytes, nil
}
