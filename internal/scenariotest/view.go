package scenariotest

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"time"

	"shodo/internal/customer"
)

// view is a catalog in which one customer stands alone. Of the shared scenarios it shows those that the customer
// adopts: what else is in the catalog does not matter for the case.
type view struct {
	fs.FS
	id    string
	file  []byte
	shows map[string]bool // files of scenarios
}

func newView(fsys fs.FS, c *customer.Customer, file []byte) *view {
	v := &view{FS: fsys, id: string(c.ID), file: file, shows: map[string]bool{}}
	for _, a := range c.Adopted {
		v.shows[string(a.Scenario)+".yaml"] = true
	}
	return v
}

// Open gives the customer's file; everything else is the catalog's.
func (v *view) Open(name string) (fs.File, error) {
	if name == v.path() {
		return &memoryFile{Reader: bytes.NewReader(v.file), name: v.id + ".yaml", size: int64(len(v.file))}, nil
	}
	return v.FS.Open(name)
}

// ReadDir lists what the view shows.
func (v *view) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(v.FS, name)
	switch name {
	case "customers":
		shown := []fs.DirEntry{fs.FileInfoToDirEntry(memoryInfo{v.id + ".yaml", int64(len(v.file))})}
		for _, e := range entries {
			if e.Name() == v.id && e.IsDir() {
				shown = append(shown, e)
			}
		}
		return shown, nil
	case "scenarios":
		var shown []fs.DirEntry
		for _, e := range entries {
			if v.shows[e.Name()] {
				shown = append(shown, e)
			}
		}
		return shown, err
	}
	return entries, err
}

// Stat describes the customer's file like any other.
func (v *view) Stat(name string) (fs.FileInfo, error) {
	if name == v.path() {
		return memoryInfo{v.id + ".yaml", int64(len(v.file))}, nil
	}
	return fs.Stat(v.FS, name)
}

func (v *view) path() string { return path.Join("customers", v.id+".yaml") }

// memoryFile is a file that is not on the disk.
type memoryFile struct {
	*bytes.Reader
	name string
	size int64
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return memoryInfo{f.name, f.size}, nil }
func (f *memoryFile) Close() error               { return nil }

type memoryInfo struct {
	name string
	size int64
}

func (i memoryInfo) Name() string     { return i.name }
func (i memoryInfo) Size() int64      { return i.size }
func (memoryInfo) Mode() fs.FileMode  { return 0o444 }
func (memoryInfo) ModTime() time.Time { return time.Time{} }
func (memoryInfo) IsDir() bool        { return false }
func (memoryInfo) Sys() any           { return nil }

// isFile says whether a customer is given by a file, and not by its id.
func isFile(name string) bool { return strings.HasSuffix(name, ".yaml") }
