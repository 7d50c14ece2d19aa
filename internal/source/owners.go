package source

import (
	"errors"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

var ownerLine = regexp.MustCompile(`(?m)^owner:[ \t]+\S.*$`)

// owners gives the owners of the scenarios in whose files something is wrong: as the file itself says, or else as the
// catalog in force does.
func owners(files fs.FS, err error, inForce *catalog.Catalog) []string {
	problems, _ := errors.AsType[yamldoc.Problems](err)
	var list []string
	for _, p := range problems {
		name, ok := scenarioIn(p.File)
		if !ok {
			continue
		}
		owner := ownerIn(files, p.File)
		if owner == "" && inForce != nil {
			if s, ok := inForce.Scenario(name); ok {
				owner = s.Owner
			}
		}
		if owner = strings.TrimSpace(plain(owner)); owner != "" {
			list = append(list, owner)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// scenarioIn gives the name of the scenario that a file holds.
func scenarioIn(file string) (incident.ScenarioName, bool) {
	base, ok := strings.CutSuffix(file, ".yaml")
	parts := strings.Split(base, "/")
	switch {
	case ok && len(parts) == 2 && parts[0] == "scenarios":
		return incident.ScenarioName(parts[1]), true
	case ok && len(parts) == 3 && parts[0] == "customers":
		return incident.ScenarioName(parts[1] + "/" + parts[2]), true
	}
	return "", false
}

// ownerIn looks for the line alone: the file as a whole may be broken.
func ownerIn(files fs.FS, name string) string {
	if files == nil {
		return ""
	}
	f, err := files.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, yamldoc.MaxSize))
	if err != nil {
		return ""
	}
	var line struct {
		Owner string `yaml:"owner"`
	}
	if err := yaml.Unmarshal(ownerLine.Find(text), &line); err != nil {
		return ""
	}
	return line.Owner
}
