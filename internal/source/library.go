package source

import (
	"io/fs"
	"strings"

	"shodo/internal/catalog"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
	"shodo/runbooks"
	"shodo/scenarios"
)

// Load reads a team's catalog, with the shipped library for what customers adopt and the team does not have. The
// version is made from the files.
func Load(team fs.FS, actions scenario.Actions) (*catalog.Catalog, yamldoc.Problems) {
	return load(team, "", actions)
}

func load(team fs.FS, version string, actions scenario.Actions) (*catalog.Catalog, yamldoc.Problems) {
	return catalog.LoadWithLibrary(team, library{"scenarios": scenarios.Files, "runbooks": runbooks.Files}, version, actions)
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
