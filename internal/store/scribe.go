package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"shodo/internal/incident"
)

// scribe makes transactions, one after the other, on its own goroutine.
type scribe struct {
	*writer
	ctx   context.Context // of the transaction that runs
	conn  *sql.Conn       // SQLite: one for ever; PostgreSQL: one for each transaction, from the pool
	stmts map[string]*sql.Stmt
}

// prepare makes sure that the scribe has a connection. SQLite's never breaks, and its statements are kept by text; all
// texts are constants, so their number does not grow. The driver of PostgreSQL keeps them by itself.
func (s *scribe) prepare(ctx context.Context) (err error) {
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	if s.dialect.lock != nil {
		return s.conn.Close()
	}
	s.stmts = map[string]*sql.Stmt{}
	return nil
}

func (s *scribe) run() error {
	batch := make([]*job, 0, s.dialect.batch)
	for {
		select {
		case j := <-s.queue:
			batch = s.drain(append(batch[:0], j))
			s.commit(batch)
		case <-s.stop:
			for {
				batch = s.drain(batch[:0])
				if len(batch) == 0 {
					return s.release()
				}
				s.commit(batch)
			}
		}
	}
}

func (s *scribe) release() error {
	if s.stmts == nil {
		return nil
	}
	var errs []error
	for _, stmt := range s.stmts { // database/sql does not close the statements of a single connection by itself
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, s.conn.Close())...)
}

// drain adds what waits right now.
func (s *scribe) drain(batch []*job) []*job {
	for len(batch) < s.dialect.batch {
		select {
		case j := <-s.queue:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

// again is how often a transaction that came to nothing through no fault of its writes is run once more: another one
// stood in its way, or its connection had gone unnoticed.
const again = 3

// commit runs a batch in one transaction and answers every caller.
//
// Savepoints cost a third of the throughput and hardly any write fails, so the batch runs without them first. When one
// fails all of it is undone and run again, each write in a savepoint of its own.
func (s *scribe) commit(batch []*job) {
	savepoints := false
	var err error
	for range again {
		err = s.transact(batch, savepoints)
		if errors.Is(err, errOneFailed) && len(batch) > 1 && !savepoints {
			savepoints = true
			err = s.transact(batch, true)
		}
		var in inDoubt
		if err == nil || errors.As(err, &in) || !isConflict(err) && !isGone(err) {
			break
		}
	}
	for _, j := range batch {
		if err != nil && j.err == nil {
			j.err = err
		}
		if j.err == nil {
			s.watch.publish(j.changes)
		}
		j.done <- explain(j.err)
	}
}

// errOneFailed: nothing was written, because the write that has an error failed.
var errOneFailed = errors.New("one write of the transaction failed")

// inDoubt is an error of a commit: it may have been carried out, and so is not run again from here.
type inDoubt struct{ error }

func (e inDoubt) Unwrap() error { return e.error }

// transact runs and commits a batch. It returns an error when nothing was written; with savepoints, a single write's
// own error is left in its job and the others are written.
func (s *scribe) transact(batch []*job, savepoints bool) (err error) {
	if s.usable != nil {
		if err := s.usable(); err != nil {
			return err
		}
	}
	s.ctx = context.Background() // a write is never interrupted half way, and SQLite's driver is faster so
	if s.dialect.limit > 0 {
		var cancel context.CancelFunc
		s.ctx, cancel = context.WithTimeout(s.ctx, s.dialect.limit)
		defer cancel()
		defer func() {
			if err != nil && s.ctx.Err() != nil {
				err = fmt.Errorf("%w: a transaction took longer than %s: %v", ErrAway, s.dialect.limit, err)
			}
		}()
	}
	if s.stmts == nil {
		if s.conn, err = s.db.Conn(s.ctx); err != nil {
			return err
		}
		defer s.conn.Close()
	}
	if err := s.do(s.dialect.begin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			// The database may have rolled back by itself, so a failure here says nothing new.
			_ = s.do("ROLLBACK")
		}
	}()
	if err := s.lockAll(batch); err != nil {
		return fmt.Errorf("wait for other writes about the same: %w", err)
	}
	for _, j := range batch {
		if j.err = j.ctx.Err(); j.err != nil {
			continue // its caller is gone: leave it out
		}
		j.changes = nil
		run := s.plain
		if savepoints {
			run = s.inSavepoint
		}
		if err := run(j); err != nil {
			return err
		}
	}
	if err := s.tellOthers(batch); err != nil {
		return fmt.Errorf("tell other processes: %w", err)
	}
	if err := s.do("COMMIT"); err != nil {
		return inDoubt{fmt.Errorf("commit: %w", err)}
	}
	return nil
}

func (s *scribe) lockAll(batch []*job) error {
	if s.dialect.lock == nil {
		return nil
	}
	var names []string
	for _, j := range batch {
		names = append(names, j.about...)
	}
	return s.dialect.lock(s.ctx, s.conn, names)
}

func (s *scribe) plain(j *job) error {
	if j.err = j.fn(&tx{s: s, job: j}); j.err != nil {
		return s.blame(j)
	}
	return nil
}

// blame says whose fault a write's error is: its own, or that of the transaction as a whole.
func (s *scribe) blame(j *job) error {
	if isConflict(j.err) || isGone(j.err) || s.ctx.Err() != nil {
		err := j.err
		j.err = nil
		return err
	}
	return errOneFailed
}

func (s *scribe) inSavepoint(j *job) error {
	if err := s.do("SAVEPOINT one"); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	if j.err = j.fn(&tx{s: s, job: j}); j.err != nil {
		if err := s.blame(j); !errors.Is(err, errOneFailed) {
			return err
		}
		if err := s.do("ROLLBACK TO one"); err != nil {
			return j.err // the whole transaction went down with it
		}
	}
	if err := s.do("RELEASE one"); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	return nil
}

// tellOthers tells other processes of what changed, which they hear when it is committed.
func (s *scribe) tellOthers(batch []*job) error {
	if s.tell == nil {
		return nil
	}
	var changes []incident.Change
	for _, j := range batch {
		if j.err == nil {
			changes = append(changes, j.changes...)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	query, args := s.tell(changes)
	_, err := s.exec(query, args...)
	return err
}

func (s *scribe) do(query string) error {
	_, err := s.exec(query)
	return err
}

func (s *scribe) exec(query string, args ...any) (sql.Result, error) {
	if s.stmts == nil {
		return s.conn.ExecContext(s.ctx, query, args...)
	}
	stmt, err := s.stmt(query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(s.ctx, args...)
}

func (s *scribe) row(query string, args ...any) scanner {
	if s.stmts == nil {
		return s.conn.QueryRowContext(s.ctx, query, args...)
	}
	stmt, err := s.stmt(query)
	if err != nil {
		return failedScan{err}
	}
	return stmt.QueryRowContext(s.ctx, args...)
}

func (s *scribe) stmt(query string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(s.ctx, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = stmt
	return stmt, nil
}
