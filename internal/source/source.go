// Package source is where a catalog comes from: a folder on this machine, or a Git repository.
//
// A [Source] always has a catalog that was checked as a whole. Newer content is swapped in in one step, or refused as a
// whole: then the old catalog stays in force, and [Source.State] tells what is refused and why. Whoever needs several
// answers about one thing takes Current once, so that all of them come from one version.
//
// [Source.Watch] looks for newer content by itself: in a folder a few times a minute by what the file system says about
// the files, in a repository by asking the server for its branch. [Source.Wake] lets it ask at once, [Source.Reload]
// reads in any case. What is refused is told in the log once, not at each look.
//
// # Folder
//
// The folder is looked up anew each time, so it may be a symbolic link that a deployment points elsewhere; links inside
// it that lead out of it are errors. A change is read when nothing has changed between two looks, so that half-copied
// files are not. The package never writes to the folder.
//
// # Git repository
//
// Of a new commit the files are fetched (depth 1), never its history, and packed into one archive, from which they are
// checked and read; a commit's short hash is the catalog's version. The archive of the last good commit is kept on disk:
// an engine that starts while the server is away starts with it, and says so. Every fetch has a deadline and a limit of
// size. A branch that was force-pushed is followed, and told. An SSH server must be in known_hosts; http:// is for this
// machine only; no error holds a token. The package never writes to the repository, and never runs anything from it.
package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// ErrCatalog is in the error of a catalog that cannot be read or whose content is wrong.
var ErrCatalog = errors.New("catalog not loaded")

// Options is what every source needs.
type Options struct {
	Actions scenario.Actions // scenarios are checked against them
	Log     *slog.Logger
	Every   time.Duration    // between two looks of Watch; 0: 1m for a repository, 5s for a folder
	Now     func() time.Time // nil: time.Now
	Changed func(State)      // called after a catalog was taken or refused by Reload or Watch; must not block; may be nil
}

// Source holds the catalog in force. It may be used by many goroutines.
type Source struct {
	Options
	origin  origin
	current atomic.Pointer[catalog.Catalog]
	wake    chan struct{} // of size one
	opened  bool          // from here on changes are told

	reading sync.Mutex // one reading at a time, so that an older one never replaces a newer one
	tried   string     // the mark of what was read last, whether it was taken or refused
	seen    string     // the mark of the last look

	mu    sync.Mutex
	state State
}

// origin is a kind of place.
type origin interface {
	// String names the place for people. It holds no secret.
	String() string
	// mark tells cheaply what the newest content is: other content has another mark.
	mark(ctx context.Context) (string, error)
	// read gives the newest content. The content is usable when there is no error; it is not nil when the error is
	// about this very content, which reading it again would not mend.
	read(ctx context.Context) (*content, error)
	// keep remembers the content, which is good, for a start at which the place cannot be read.
	keep(*content) error
	// settles says whether content may be found half-written: then it is read when its mark stays the same.
	settles() bool
	// follows tells how a new commit stands to the one before; empty: nothing to tell.
	follows(ctx context.Context, before, now *Commit) string
}

// content is what was found at the place at one moment.
type content struct {
	mark     string
	files    fs.FS
	version  string           // empty: made from the files
	commit   *Commit          // nil: not from Git
	problems yamldoc.Problems // that were found before the catalog was read
	archive  []byte           // of the files, when they are from Git
	close    func()           // may be nil
}

// newSource makes a source without a catalog.
func newSource(from origin, o Options, every time.Duration) *Source {
	if o.Every == 0 {
		o.Every = every
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Source{Options: o, origin: from, wake: make(chan struct{}, 1), state: State{From: from.String()}}
}

// Current gives the catalog in force; never nil.
func (s *Source) Current() *catalog.Catalog { return s.current.Load() }

// Wake lets Watch look at once. It never blocks.
func (s *Source) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Reload reads the catalog again, whether something has changed or not. When it returns an error, the catalog in force
// has not changed; with errors.As the error gives the yamldoc.Problems, when the content is what is wrong.
func (s *Source) Reload() error { return s.take(context.Background()) }

// Watch looks for newer content until ctx ends.
func (s *Source) Watch(ctx context.Context) {
	ticker := time.NewTicker(s.Every)
	defer ticker.Stop()
	for {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-s.wake:
		}
	}
}

// look reads the content when its mark says that it is new.
func (s *Source) look(ctx context.Context) {
	mark, err := s.origin.mark(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.trouble(err)
		return
	}
	s.answered()
	s.reading.Lock()
	known, settled := mark == s.tried, !s.origin.settles() || mark == s.seen
	s.seen = mark
	s.reading.Unlock()
	if known || !settled {
		return
	}
	if err := s.take(ctx); err != nil && ctx.Err() == nil && s.State().Trouble == nil { // trouble is told already
		s.Log.Error("the new catalog is refused, the old one stays in force", "err", err)
	}
}

// take reads the content and swaps the catalog, or refuses the content.
func (s *Source) take(ctx context.Context) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	found, err := s.origin.read(ctx)
	if found == nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			s.trouble(err)
		}
		return fmt.Errorf("%w: %w", ErrCatalog, err)
	}
	if found.close != nil {
		defer found.close()
	}
	s.tried, s.seen = found.mark, found.mark
	s.answered()
	loaded, err := s.check(found, err)
	if err != nil {
		s.refuse(found, err)
		return err
	}
	if err := s.origin.keep(found); err != nil {
		s.Log.Error("keep the catalog for a start without the Git server", "err", err)
	}
	s.accept(ctx, found, loaded)
	return nil
}

// check makes a catalog of the content, or tells why it is none.
func (s *Source) check(found *content, err error) (*catalog.Catalog, error) {
	where := fmt.Sprintf("%q", s.origin)
	if found.commit != nil {
		where = fmt.Sprintf("commit %s of %s", found.commit.Short(), where)
	}
	if err != nil {
		return nil, fmt.Errorf("%w from %s: %w", ErrCatalog, where, err)
	}
	loaded, problems := load(found.files, found.version, s.Actions)
	problems = append(found.problems, problems...)
	problems.Sort()
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("%w from %s:\n%w", ErrCatalog, where, err)
	}
	for _, p := range problems {
		s.Log.Warn("catalog: "+p.Message, "file", p.File, "line", p.Line, "path", p.Path, "hint", p.Hint)
	}
	return loaded, nil
}

// accept puts a good catalog into force.
func (s *Source) accept(ctx context.Context, found *content, loaded *catalog.Catalog) {
	before, old := s.current.Load(), s.State().Commit
	s.current.Store(loaded)
	note := ""
	if old != nil && found.commit != nil && old.ID != found.commit.ID {
		note = s.origin.follows(ctx, old, found.commit)
	}
	args := []any{"from", s.origin.String(), "version", loaded.Version(), "changed", before == nil || before.Version() != loaded.Version(),
		"scenarios", len(loaded.Scenarios()), "customers", len(loaded.Customers())}
	if c := found.commit; c != nil {
		args = append(args, "author", c.Author, "time", c.Time, "subject", c.Subject)
	}
	s.Log.Info("catalog loaded", args...)
	if note != "" {
		s.Log.Warn("catalog: "+note, "version", loaded.Version())
	}
	s.update(func(st *State) {
		st.Version, st.Commit, st.Refused, st.Note, st.Kept = loaded.Version(), found.commit, nil, note, false
		st.Loaded = s.Now()
	})
	s.changed()
}

// refuse notes that the newest content is not in force.
func (s *Source) refuse(found *content, err error) {
	owners := owners(found.files, err, s.current.Load())
	s.update(func(st *State) {
		st.Refused = &Refusal{Commit: found.commit, At: s.Now(), Err: err, Owners: owners}
	})
	s.changed()
}

func (s *Source) changed() {
	if s.Changed != nil && s.opened {
		s.Changed(s.State())
	}
}
