package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// DefaultWithin is how long the incidents have until they must have ended, and twice as long as the start took.
const DefaultWithin = 50 * time.Second

// Options says how the demo is played.
type Options struct {
	Program string // absolute path of this program, whose "demo-service" the scenarios run
	Version string
	Dir     string // where everything is; it must be empty or not exist. Empty: a temporary folder
	Keep    bool   // do not remove the folder at the end
	Stay    bool   // keep everything running after the summary, until the context ends
	Within  time.Duration
	Report  string // the file that gets the report of the demo; empty: a temporary one, which stays

	Approve  <-chan struct{} // somebody at the terminal approves the repair that asks; nil: nobody can
	Patience time.Duration   // how long that repair waits for somebody; after that a person of the demo approves it. Zero: 2 s

	Out io.Writer
	// Size gives the size of the terminal, again for every picture; ok is false when Out is none. Nil: it is none.
	Size  func() (columns, rows int, ok bool)
	Color bool
}

const (
	stagger = 400 * time.Millisecond // between the beginnings of two incidents
	redraw  = 100 * time.Millisecond
)

// Run plays the demo and says whether every incident ended as it should. An error means that it could not be played;
// when the context ends before the summary, it is the context's.
func Run(ctx context.Context, o Options) (ok bool, err error) {
	if o.Within == 0 {
		o.Within = DefaultWithin
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Second
	}
	if o.Size == nil {
		o.Size = func() (int, int, bool) { return 0, 0, false }
	}
	if o.Report != "" { // else it would be known only when all is over
		if info, err := os.Stat(filepath.Dir(o.Report)); err != nil || !info.IsDir() {
			return false, fmt.Errorf("the report cannot be written: there is no folder %q (name a file elsewhere with --report)", filepath.Dir(o.Report))
		}
	}
	dir, err := makeDir(o.Dir)
	if err != nil {
		return false, err
	}
	s, p := &stage{dir: dir}, &printer{out: o.Out, style: terminal.Style(o.Color), size: o.Size}
	defer func() {
		p.stopping(ctx.Err() != nil && err != nil)
		err = errors.Join(err, s.close())
		switch broken := err != nil && !errors.Is(err, context.Canceled); {
		case broken || !ok && err == nil:
			p.line("What is left is in %s, with the engine's log: %s", dir, s.logFile())
			return
		case o.Keep:
			p.line("Everything is stopped. What it left:")
			p.hints(s, nil, nil)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
		p.line("Everything is stopped and removed.")
	}()
	return play(ctx, s, p, o)
}

// play is Run without the tidying up.
func play(ctx context.Context, s *stage, p *printer, o Options) (bool, error) {
	p.intro()
	began := time.Now()
	if err := s.setUp(ctx, o); err != nil {
		return false, err
	}
	slow := time.Since(began)
	if err := s.openQuietHours(slow); err != nil {
		return false, err
	}
	p.ready(slow, s.sandbox.SlackPageURL(), o.Approve != nil)
	list := stories()
	b := newBoard(list)
	if err := watch(ctx, s, p, b, list, o.Within+2*slow); err != nil {
		return false, err
	}
	ok := true
	var results []result
	for i, of := range list {
		rec, facts := proof(ctx, s, of, b.rows[i].id)
		r := result{row: b.rows[i], rec: rec, facts: facts}
		ok = ok && r.ok()
		results = append(results, r)
	}
	p.summary(results, time.Since(began))
	path, err := s.report(ctx, began, o.Report)
	if err != nil {
		return false, err
	}
	p.report(path)
	if !o.Stay {
		return ok, nil
	}
	p.whereNext(s, results)
	select {
	case <-ctx.Done():
	case err := <-s.ended:
		s.ended <- err
		return false, fmt.Errorf("the engine ended: %w", err)
	}
	return ok, nil
}

// news is what one story has to tell the board.
type news func(*board) []note

// watch lets the stories happen and shows them until all have come to rest, or the time is over.
func watch(ctx context.Context, s *stage, p *printer, b *board, list []story, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	changes := s.app.Store().Watch(ctx)
	told := make(chan news)
	for i, of := range list {
		go happen(ctx, s, i, of, told)
	}
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	screen := p.open(time.Now())
	defer func() { screen.close(b) }()
	for !b.done() {
		var notes []note
		select {
		case n := <-told:
			notes = n(b)
		case c, more := <-changes:
			if !more {
				changes = nil
				continue
			}
			notes = b.apply(c)
		case <-tick.C:
		case err := <-s.ended:
			s.ended <- err
			return fmt.Errorf("the engine ended: %w", err)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil // the summary says which did not end
			}
			return ctx.Err()
		}
		screen.show(b, notes)
	}
	return nil
}

// happen lets one story happen: it breaks what is to break, has the monitor tell PagerDuty, and does what a person does.
func happen(ctx context.Context, s *stage, i int, of story, told chan<- news) {
	tell := func(n news) {
		select {
		case told <- n:
		case <-ctx.Done():
		}
	}
	fail := func(err error) { tell(func(b *board) []note { return b.fails(i, err, time.Now()) }) }
	if !pause(ctx, time.Duration(i)*stagger) {
		return
	}
	tell(func(b *board) []note { b.rows[i].began = time.Now(); return nil })
	said, err := of.broken(ctx, s)
	if err != nil {
		fail(err)
		return
	}
	tell(func(b *board) []note { return b.breaks(i, said, time.Now()) })
	id, err := s.pagerDuty().Trigger(of.alert)
	if err != nil {
		fail(err)
		return
	}
	tell(func(b *board) []note { return b.bind(i, incident.ID(id)) })
	if of.during == nil {
		return
	}
	if said, err = of.during(ctx, s, incident.ID(id)); err != nil {
		fail(err)
		return
	}
	tell(func(b *board) []note { return b.acts(i, said, time.Now()) })
}

// makeDir gives the demo's folder. One that holds something is refused: it is going to be removed.
func makeDir(dir string) (string, error) {
	if dir == "" {
		dir, err := os.MkdirTemp("", "shodo-demo-")
		if err != nil {
			return "", fmt.Errorf("make the demo's folder: %w", err)
		}
		return dir, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("make the demo's folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the demo's folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("make the demo's folder: %w", err)
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("the folder %q is not empty (the demo wants one of its own; name another with --dir)", dir)
	}
	return dir, nil
}
