package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// folders are what a catalog is made of.
var folders = []string{"customers", "runbooks", "scenarios"}

// folderEvery is how often a folder is looked at.
const folderEvery = 5 * time.Second

// deepest is how many folders below the catalog's top are looked at: customers/NAME/SCENARIO.yaml needs two.
const deepest = 3

// OpenFolder reads the catalog in a folder.
func OpenFolder(dir string, o Options) (*Source, error) {
	s := newSource(folder(dir), o, folderEvery)
	if err := s.Reload(); err != nil {
		return nil, err
	}
	s.opened = true
	return s, nil
}

// folder is a folder on this machine.
type folder string

func (f folder) String() string                                   { return string(f) }
func (f folder) settles() bool                                    { return true }
func (f folder) keep(*content) error                              { return nil }
func (f folder) follows(context.Context, *Commit, *Commit) string { return "" }

func (f folder) read(ctx context.Context) (*content, error) {
	mark, err := f.mark(ctx) // first: what changes while the files are read is seen at the next look
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, f.notOpened(err)
	}
	return &content{mark: mark, files: root.FS(), close: func() { _ = root.Close() }}, nil
}

func (f folder) notOpened(err error) error {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = "; set catalog.dir to the folder that holds scenarios, customers and runbooks"
	}
	return fmt.Errorf("open folder: %w%s", err, hint)
}

// mark is made of the names, sizes and times of all files. Ten thousand of them take some hundredths of a second.
func (f folder) mark(context.Context) (string, error) {
	info, err := os.Stat(string(f))
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: string(f), Err: errors.New("not a directory")}
	}
	if err != nil {
		return "", f.notOpened(err)
	}
	sum := sha256.New()
	for _, name := range folders {
		list(sum, filepath.Join(string(f), name), 1)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// list writes down what is in a folder. What cannot be read is part of that.
func list(w io.Writer, dir string, depth int) {
	entries, err := os.ReadDir(dir)
	fmt.Fprintf(w, "%q %v\n", dir, err)
	entries = slices.DeleteFunc(entries, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".") })
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := e.Info()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err = os.Stat(path)
		}
		if err != nil {
			fmt.Fprintf(w, "%q %v\n", path, err)
			continue
		}
		if info.IsDir() && depth < deepest {
			list(w, path, depth+1)
			continue
		}
		fmt.Fprintf(w, "%q %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), info.Mode())
	}
}
