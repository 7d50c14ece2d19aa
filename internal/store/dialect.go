package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/pressly/goose/v3"
)

// dialect is what differs between the databases. Everything else is the same text of SQL on both: places are $1, $2,
// texts compare byte by byte, times and truths are whole numbers.
type dialect struct {
	migrations string // the folder
	goose      goose.Dialect
	begin      string        // of a transaction that writes
	hasTable   string        // counts the tables of a name
	inOrder    string        // joins to a table that is read in its order
	writers    int           // how many transactions write at once
	batch      int           // how many writes share one at most
	limit      time.Duration // for one transaction that writes; 0: none
	settle     time.Duration // after which no transaction runs on that began before
	snapshot   *sql.TxOptions
	// lock makes whoever writes under one of these names wait for its turn; nil: there is one writer, and always was.
	lock func(ctx context.Context, conn *sql.Conn, names []string) error
}

var sqliteDialect = dialect{
	migrations: "migrations/sqlite",
	goose:      goose.DialectSQLite3,
	begin:      "BEGIN IMMEDIATE",
	hasTable:   `SELECT count(*) FROM sqlite_master WHERE name = $1`,
	inOrder:    "CROSS JOIN", // else SQLite reads the larger table first, and sorts it whole, in memory
	writers:    1,
	batch:      maxBatch,
	snapshot:   &sql.TxOptions{ReadOnly: true},
}

var postgresDialect = dialect{
	migrations: "migrations/postgres",
	goose:      goose.DialectPostgres,
	begin:      "BEGIN",
	hasTable:   `SELECT count(*) FROM pg_catalog.pg_class WHERE relname = $1 AND pg_table_is_visible(oid)`,
	inOrder:    "JOIN", // the server sorts, on its disk
	writers:    4,
	batch:      64,
	limit:      30 * time.Second,
	settle:     time.Minute,
	snapshot:   &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead},
	lock:       lockNames,
}
