// Package source is where a catalog comes from: a folder on this machine.
//
// A [Source] always has a catalog that was checked as a whole. [Source.Reload] reads the folder again and swaps the
// catalog in one step; when anything in it is wrong, the old one stays in force and the error tells all of it. The
// folder is looked up anew each time, so it may be a symbolic link that a deployment points elsewhere; links inside it
// that lead out of it are errors. Whoever needs several answers about one thing takes Current once, so that all of them
// come from one version.
//
// The package never writes to the folder and does not watch it: the process reloads when it is told to (SIGHUP).
package source

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"

	"shodo/internal/catalog"
	"shodo/internal/scenario"
)

// ErrCatalog is in the error of a folder that cannot be read or whose content is wrong.
var ErrCatalog = errors.New("catalog not loaded")

// Source holds the catalog in force. It may be used by many goroutines.
type Source struct {
	dir     string
	actions scenario.Actions
	log     *slog.Logger
	reload  sync.Mutex // one reload at a time, so that an older reading never replaces a newer one
	current atomic.Pointer[catalog.Catalog]
}

// Open reads the folder. The actions are those that scenarios are checked against.
func Open(dir string, actions scenario.Actions, log *slog.Logger) (*Source, error) {
	s := &Source{dir: dir, actions: actions, log: log}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Current gives the catalog in force; never nil.
func (s *Source) Current() *catalog.Catalog { return s.current.Load() }

// Reload reads the folder again. When it returns an error, the catalog in force has not changed; with errors.As the
// error gives the yamldoc.Problems, when the content is what is wrong.
func (s *Source) Reload() error {
	s.reload.Lock()
	defer s.reload.Unlock()
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "; set catalog.dir to the folder that holds scenarios, customers and runbooks"
		}
		return fmt.Errorf("%w: open folder: %w%s", ErrCatalog, err, hint)
	}
	defer root.Close()
	loaded, problems := Load(root.FS(), s.actions)
	if err := problems.Err(); err != nil {
		return fmt.Errorf("%w from %q:\n%w", ErrCatalog, s.dir, err)
	}
	for _, p := range problems {
		s.log.Warn("catalog: "+p.Message, "file", p.File, "line", p.Line, "path", p.Path, "hint", p.Hint)
	}
	before := s.current.Swap(loaded)
	s.log.Info("catalog loaded", "dir", s.dir, "version", loaded.Version(), "changed", before == nil || before.Version() != loaded.Version(),
		"scenarios", len(loaded.Scenarios()), "customers", len(loaded.Customers()))
	return nil
}
