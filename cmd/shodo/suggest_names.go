package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"shodo/internal/incident"
	"shodo/runbooks"
	"shodo/scenarios"
)

// takenNames gives the names that drafts must not have: those of the scenarios and runbooks in the catalog and in the shipped
// library. The catalog need not be right: whoever writes drafts is at work on it.
func takenNames(dir string) ([]incident.ScenarioName, error) {
	if !isFolder(dir) {
		return nil, fmt.Errorf("--write: there is no folder %q to write into", dir)
	}
	var taken []incident.ScenarioName
	folder := os.DirFS(dir)
	for _, place := range []struct {
		files   fs.FS
		pattern string
	}{
		{scenarios.Files, "*.yaml"}, {runbooks.Files, "*.md"},
		{folder, "scenarios/*.yaml"}, {folder, "customers/*/*.yaml"}, {folder, "runbooks/*.md"},
	} {
		files, err := fs.Glob(place.files, place.pattern)
		if err != nil {
			return nil, fmt.Errorf("look for the scenarios that there are: %w", err)
		}
		for _, file := range files {
			taken = append(taken, incident.ScenarioName(strings.TrimSuffix(path.Base(file), path.Ext(file))))
		}
	}
	return taken, nil
}
