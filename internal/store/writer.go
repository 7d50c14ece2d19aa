package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"shodo/internal/incident"
)

// maxBatch is how many writes share one transaction: enough that the fsync's share is small, and few enough that the
// first one does not wait long for the last.
const maxBatch = 512

// writer carries out all writes. A scribe takes whatever waits, runs it in one transaction, commits once, and only then
// tells the callers. It never waits for more writes to come. SQLite has one scribe, and so one write at a time;
// PostgreSQL has a few.
type writer struct {
	db      *sql.DB
	dialect dialect
	watch   *watchers
	tell    func([]incident.Change) (string, []any) // what tells other processes, in the transaction; nil: there are none
	usable  func() error                            // why nothing may be written, if so; nil: it always may
	queue   chan *job
	stop    chan struct{} // closed: no more jobs
	stopped chan struct{} // closed: all scribes are gone

	once     sync.Once
	closeErr error
}

// job is one caller's write. The writer owns it from the queue until done has a value.
type job struct {
	ctx     context.Context
	fn      func(*tx) error
	about   []string          // the names that it locks
	changes []incident.Change // published after the commit
	err     error
	done    chan error
}

// tx is what a write works with: the transaction, and the list of what to publish once it is durable.
type tx struct {
	s   *scribe
	job *job
}

// startWriter starts the scribes, each with a connection.
func startWriter(ctx context.Context, w *writer) (*writer, error) {
	w.queue = make(chan *job, maxBatch)
	w.stop = make(chan struct{})
	w.stopped = make(chan struct{})
	scribes := make([]*scribe, w.dialect.writers)
	for i := range scribes {
		scribes[i] = &scribe{writer: w}
		if err := scribes[i].prepare(ctx); err != nil {
			return nil, err
		}
	}
	go func() {
		var all sync.WaitGroup
		errs := make([]error, len(scribes))
		for i, s := range scribes {
			all.Go(func() { errs[i] = s.run() })
		}
		all.Wait()
		w.closeErr = errors.Join(errs...)
		close(w.stopped)
	}()
	return w, nil
}

// close makes the writes that wait and ends the scribes.
func (w *writer) close() error {
	w.once.Do(func() { close(w.stop) })
	<-w.stopped
	return w.closeErr
}

// write runs fn in the next transaction and returns when it is durable. fn runs on the writer's goroutine, and twice
// when another write of the batch fails; it must be quick, touch nothing but t and its own variables, and keep nothing
// of t. About names what it reads in order to write, such as the incident's id: whoever writes about the same waits for
// its turn. A single statement needs no name.
func (s *Store) write(ctx context.Context, fn func(t *tx) error, about ...string) error {
	if s.writer == nil {
		return ErrReadOnly
	}
	j := &job{ctx: ctx, fn: fn, about: about, done: make(chan error, 1)}
	select {
	case <-s.writer.stop:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case s.writer.queue <- j:
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.writer.stopped:
	}
	select { // the writer's last batch may have held it
	case err := <-j.done:
		return err
	default:
		return ErrClosed
	}
}

// writeFor is write for what has an answer. The answer is only there when the error is nil.
func writeFor[T any](ctx context.Context, s *Store, fn func(t *tx) (T, error), about ...string) (T, error) {
	var answer, none T
	err := s.write(ctx, func(t *tx) (err error) {
		answer, err = fn(t)
		return err
	}, about...)
	if err != nil {
		return none, err // answer may still be written to by the writer
	}
	return answer, nil
}

// exec gives the number of rows changed. The query must be a constant.
func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.s.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row. The query must be a constant. Scan gives sql.ErrNoRows when there is none.
func (t *tx) row(query string, args ...any) scanner { return t.s.row(query, args...) }

// publish tells the watchers of c once the transaction is durable.
func (t *tx) publish(c incident.Change) { t.job.changes = append(t.job.changes, c) }

// scanner is *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

type failedScan struct{ err error }

func (f failedScan) Scan(...any) error { return f.err }
