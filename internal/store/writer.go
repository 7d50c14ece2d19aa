package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"shodo/internal/incident"
)

// maxBatch is how many writes share one transaction: enough that the fsync's share is small, and few enough that the
// first one does not wait long for the last.
const maxBatch = 512

// writer carries out all writes. One goroutine takes whatever waits, runs it in one transaction, commits once, and only
// then tells the callers. It never waits for more writes to come.
type writer struct {
	conn    *sql.Conn
	stmts   map[string]*sql.Stmt // by text; all texts are constants, so it does not grow
	watch   *watchers
	queue   chan *job
	stop    chan struct{} // closed: no more jobs
	stopped chan struct{} // closed: the goroutine is gone

	once     sync.Once
	closeErr error
}

// job is one caller's write. The writer owns it from the queue until done has a value.
type job struct {
	ctx     context.Context
	fn      func(*tx) error
	changes []incident.Change // published after the commit
	err     error
	done    chan error
}

// tx is what a write works with: the transaction, and the list of what to publish once it is durable.
type tx struct {
	w   *writer
	job *job
}

func startWriter(ctx context.Context, db *sql.DB, watch *watchers) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn:    conn,
		stmts:   map[string]*sql.Stmt{},
		watch:   watch,
		queue:   make(chan *job, maxBatch),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// close makes the writes that wait and ends the goroutine.
func (w *writer) close() error {
	w.once.Do(func() {
		close(w.stop)
		<-w.stopped
		var errs []error
		for _, stmt := range w.stmts { // database/sql does not close the statements of a single connection by itself
			errs = append(errs, stmt.Close())
		}
		w.closeErr = errors.Join(append(errs, w.conn.Close())...)
	})
	return w.closeErr
}

// write runs fn in the next transaction and returns when it is durable. fn runs on the writer's goroutine, and twice
// when another write of the batch fails; it must be quick, touch nothing but t and its own variables, and keep nothing
// of t.
func (s *Store) write(ctx context.Context, fn func(t *tx) error) error {
	if s.writer == nil {
		return ErrReadOnly
	}
	j := &job{ctx: ctx, fn: fn, done: make(chan error, 1)}
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
func writeFor[T any](ctx context.Context, s *Store, fn func(t *tx) (T, error)) (T, error) {
	var answer, none T
	err := s.write(ctx, func(t *tx) (err error) {
		answer, err = fn(t)
		return err
	})
	if err != nil {
		return none, err // answer may still be written to by the writer
	}
	return answer, nil
}

func (w *writer) run() {
	defer close(w.stopped)
	batch := make([]*job, 0, maxBatch)
	for {
		select {
		case j := <-w.queue:
			batch = w.drain(append(batch[:0], j))
			w.commit(batch)
		case <-w.stop:
			for {
				batch = w.drain(batch[:0])
				if len(batch) == 0 {
					return
				}
				w.commit(batch)
			}
		}
	}
}

// drain adds what waits right now.
func (w *writer) drain(batch []*job) []*job {
	for len(batch) < maxBatch {
		select {
		case j := <-w.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers every caller.
//
// Savepoints cost a third of the throughput and hardly any write fails, so the batch runs without them first. When one
// fails all of it is undone and run again, each write in a savepoint of its own.
func (w *writer) commit(batch []*job) {
	err := w.transact(batch, false)
	if errors.Is(err, errOneFailed) && len(batch) > 1 {
		err = w.transact(batch, true)
	}
	for _, j := range batch {
		if err != nil && j.err == nil {
			j.err = err
		}
		if j.err == nil {
			w.watch.publish(j.changes)
		}
		j.done <- explain(j.err)
	}
}

// errOneFailed: nothing was written, because the write that has an error failed.
var errOneFailed = errors.New("one write of the transaction failed")

// transact runs and commits a batch. It returns an error when nothing was written; with savepoints, a single write's
// own error is left in its job and the others are written.
func (w *writer) transact(batch []*job, savepoints bool) (err error) {
	if err := w.do("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			// The database may have rolled back by itself, so a failure here says nothing new.
			_ = w.do("ROLLBACK")
		}
	}()
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			continue // its caller is gone: leave it out
		}
		j.changes = nil
		run := w.plain
		if savepoints {
			run = w.inSavepoint
		}
		if err := run(j); err != nil {
			return err
		}
	}
	if err := w.do("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (w *writer) plain(j *job) error {
	if j.err = j.fn(&tx{w: w, job: j}); j.err != nil {
		return errOneFailed
	}
	return nil
}

func (w *writer) inSavepoint(j *job) error {
	if err := w.do("SAVEPOINT one"); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	if j.err = j.fn(&tx{w: w, job: j}); j.err != nil {
		if err := w.do("ROLLBACK TO one"); err != nil {
			return j.err // the whole transaction went down with it
		}
	}
	if err := w.do("RELEASE one"); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

func (w *writer) do(query string) error {
	stmt, err := w.stmt(query)
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(context.Background())
	return err
}

func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := w.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	w.stmts[query] = stmt
	return stmt, nil
}

// exec gives the number of rows changed. The query must be a constant.
func (t *tx) exec(query string, args ...any) (int64, error) {
	stmt, err := t.w.stmt(query)
	if err != nil {
		return 0, err
	}
	// No context: a write is never interrupted half way, and the driver is faster without one.
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row. The query must be a constant. Scan gives sql.ErrNoRows when there is none.
func (t *tx) row(query string, args ...any) scanner {
	stmt, err := t.w.stmt(query)
	if err != nil {
		return failedScan{err}
	}
	return stmt.QueryRowContext(context.Background(), args...)
}

// publish tells the watchers of c once the transaction is durable.
func (t *tx) publish(c incident.Change) { t.job.changes = append(t.job.changes, c) }

// scanner is *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

type failedScan struct{ err error }

func (f failedScan) Scan(...any) error { return f.err }
