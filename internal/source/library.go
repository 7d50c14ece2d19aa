package source

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"shodo/runbooks"
	"shodo/scenarios"
)

// WithLibrary lays a team's catalog over the shipped library: a file of the team replaces the shipped one of the same
// name. Only what customers adopt ever runs.
func WithLibrary(team fs.FS) fs.FS {
	return layered{top: team, below: library{"scenarios": scenarios.Files, "runbooks": runbooks.Files}}
}

// library holds the shipped folders by their names.
type library map[string]fs.FS

// Open gives a folder or a file in one.
func (l library) Open(name string) (fs.File, error) {
	dir, rest, inside := strings.Cut(name, "/")
	folder, ok := l[dir]
	switch {
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case !inside:
		rest = "."
	}
	return folder.Open(rest)
}

// layered shows two file systems as one; what is in the top one hides the same name below.
type layered struct{ top, below fs.FS }

// Open gives a file of the top, or else of below.
func (l layered) Open(name string) (fs.File, error) {
	f, err := l.top.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if shipped, below := l.below.Open(name); below == nil {
			return shipped, nil
		}
	}
	return f, err
}

// ReadDir lists a folder of both.
func (l layered) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(l.top, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	shipped, below := fs.ReadDir(l.below, name)
	if below != nil {
		return entries, err
	}
	for _, e := range shipped {
		if !slices.ContainsFunc(entries, func(mine fs.DirEntry) bool { return mine.Name() == e.Name() }) {
			entries = append(entries, e)
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}
