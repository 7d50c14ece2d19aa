package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// openReaders opens every connection for reads at once: what keeps files from being opened shows when the engine
// starts, not when most is asked of it. They stay open until the store closes (kept).
func openReaders(ctx context.Context, path string) (*sql.DB, error) {
	db, err := openSQLite(path, reading)
	if err != nil {
		return nil, err
	}
	var conns []*sql.Conn
	for range maxReaders {
		var conn *sql.Conn
		if conn, err = db.Conn(ctx); err != nil {
			break
		}
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.Close() // gives it back to the pool
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// connector opens kept connections.
type connector struct {
	driver driver.Driver
	dsn    string
}

func (c connector) Driver() driver.Driver { return c.driver }

func (c connector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return kept{conn.(connection)}, nil
}

// connection is everything of the driver's connections that database/sql makes use of.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// kept is a connection that outlives its callers. The driver would have it closed whenever a caller goes away during
// a query, and a new one opened for the next: under load thousands a minute, each with several files to open, of
// which any may fail ("unable to open database file"). SQLite needs none of it: an interrupted connection is as good
// as before once its statements have ended (https://www.sqlite.org/c3ref/interrupt.html).
type kept struct{ connection }

// IsValid lets ResetSession decide.
func (k kept) IsValid() bool { return true }

// ResetSession is called before the connection is used again. After an interruption it runs an empty transaction, which
// takes the mark of the interruption away and fails if an earlier transaction has not ended.
func (k kept) ResetSession(ctx context.Context) error {
	if k.connection.IsValid() {
		return k.connection.ResetSession(ctx)
	}
	if _, err := k.ExecContext(context.Background(), "BEGIN; ROLLBACK", nil); err != nil {
		return driver.ErrBadConn
	}
	return k.connection.ResetSession(ctx)
}
