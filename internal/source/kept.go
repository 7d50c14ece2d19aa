package source

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// lastGood is the archive of the last good commit. It is an ordinary zip file.
const lastGood = "last-good.zip"

// about stands in the comment of an archive. A commit of another place is not used.
type about struct {
	From   string `json:"from"`
	Commit Commit `json:"commit"`
}

func (g *git) about(c *Commit) string {
	text, _ := json.Marshal(about{From: g.String(), Commit: *c}) // texts and a time
	return string(text)
}

// keep replaces the kept archive in one step, durably.
func (g *git) keep(found *content) error {
	f, err := os.CreateTemp(g.Dir, fetching+"*.zip")
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer os.Remove(f.Name()) // when it was not renamed
	_, err = f.Write(found.archive)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	if err := os.Rename(f.Name(), filepath.Join(g.Dir, lastGood)); err != nil {
		return fmt.Errorf("replace the file: %w", err)
	}
	dir, err := os.Open(g.Dir)
	if err != nil {
		return fmt.Errorf("replace the file: %w", err)
	}
	defer dir.Close()
	return dir.Sync()
}

// kept reads the kept archive; fs.ErrNotExist is in the error when there is none of this place.
func (g *git) kept() (*content, error) {
	archive, err := os.ReadFile(filepath.Join(g.Dir, lastGood))
	if err != nil {
		return nil, err
	}
	files, err := openArchive(archive)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", lastGood, err)
	}
	var a about
	if err := json.Unmarshal([]byte(files.Comment), &a); err != nil {
		return nil, fmt.Errorf("read what %s is: %w", lastGood, err)
	}
	if a.From != g.String() {
		return nil, fmt.Errorf("it is from another place: %w", os.ErrNotExist)
	}
	return &content{files: files, version: a.Commit.Short(), commit: &a.Commit, archive: archive}, nil
}
