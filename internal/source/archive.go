package source

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"shodo/internal/yamldoc"
)

// The limits of what belongs to a catalog.
const (
	maxFile   = 16 << 20 // bytes; far above what the catalog reads, which says so itself
	maxFiles  = 100_000
	maxTotal  = 256 << 20 // bytes
	maxLinks  = 8         // on the way to one file
	maxTarget = 4096      // bytes of a link
)

// lfsPointer begins the text that Git LFS keeps in place of a file.
const lfsPointer = "version https://git-lfs.github.com/spec/"

// archiver packs the catalog of one commit.
type archiver struct {
	store    storer.EncodedObjectStorer
	top      *object.Tree // of the catalog
	out      *zip.Writer
	problems yamldoc.Problems
	files    int
	total    int64
}

func newArchiver(store storer.EncodedObjectStorer, top *object.Tree) *archiver {
	return &archiver{store: store, top: top}
}

// archive packs the catalog's folders. What cannot be packed becomes a problem; an error is about the commit as a whole.
func (a *archiver) archive(about string) ([]byte, error) {
	var buf bytes.Buffer
	a.out = zip.NewWriter(&buf)
	found := 0
	for _, name := range folders {
		e, err := a.top.FindEntry(name)
		if err != nil {
			continue // its entries are read already: it is not there
		}
		found++
		if err := a.entry(name, name, *e, 0); err != nil {
			return nil, err
		}
	}
	if found == 0 {
		return nil, unfitf("there is no folder scenarios, customers or runbooks in it (check catalog.git.path)")
	}
	if err := a.out.SetComment(about); err != nil {
		return nil, fmt.Errorf("pack the files: %w", err)
	}
	if err := a.out.Close(); err != nil {
		return nil, fmt.Errorf("pack the files: %w", err)
	}
	return buf.Bytes(), nil
}

// openArchive gives the files of an archive.
func openArchive(archive []byte) (*zip.Reader, error) {
	return zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
}

// entry packs one file, or what is in one folder, under a name; at is where it is, which is another place behind a
// symbolic link. Links counts those that led here.
func (a *archiver) entry(name, at string, e object.TreeEntry, links int) error {
	switch e.Mode {
	case filemode.Dir:
		return a.folder(name, at, e.Hash, links)
	case filemode.Symlink:
		return a.link(name, at, e, links)
	case filemode.Submodule:
		a.problem(name, "this is a Git submodule; what is in it is in another repository, and not fetched", "put the files themselves here")
		return nil
	}
	return a.file(name, e.Hash)
}

func (a *archiver) folder(name, at string, id plumbing.Hash, links int) error {
	if strings.Count(name, "/") >= deepest {
		return nil // the catalog has told about the folder above
	}
	tree, err := object.GetTree(a.store, id)
	if err != nil {
		return fmt.Errorf("read folder %q: %w", at, err)
	}
	seen := map[string]bool{}
	for _, e := range tree.Entries {
		switch {
		case strings.HasPrefix(e.Name, ".") || e.Name == "testdata":
			continue // the catalog passes over them
		case seen[e.Name]:
			return unfitf("the name %q is twice in folder %q", e.Name, at)
		case !fs.ValidPath(e.Name) || strings.ContainsAny(e.Name, `/\`):
			a.problem(name, fmt.Sprintf("the name %q in this folder cannot be used", e.Name), "rename it")
			continue
		}
		seen[e.Name] = true
		if err := a.entry(path.Join(name, e.Name), path.Join(at, e.Name), e, links); err != nil {
			return err
		}
	}
	return nil
}

// link packs what a symbolic link leads to, as long as that is in the catalog.
func (a *archiver) link(name, at string, e object.TreeEntry, links int) error {
	for ; links < maxLinks; links++ {
		blob, err := object.GetBlob(a.store, e.Hash)
		if err != nil {
			return fmt.Errorf("read %q: %w", at, err)
		}
		text, err := read(blob, maxTarget)
		if err != nil {
			return fmt.Errorf("read %q: %w", at, err)
		}
		at = path.Join(path.Dir(at), string(text))
		if path.IsAbs(string(text)) || !fs.ValidPath(at) || at == "." {
			a.problem(name, "this symbolic link leads out of the catalog's folders", "symbolic links must stay inside the catalog")
			return nil
		}
		to, err := a.top.FindEntry(at)
		if err != nil {
			a.problem(name, fmt.Sprintf("this symbolic link leads to %q, which is not there", at), "")
			return nil
		}
		if to.Mode != filemode.Symlink {
			return a.entry(name, at, *to, links+1)
		}
		e = *to
	}
	a.problem(name, "this symbolic link leads through too many others", "")
	return nil
}

func (a *archiver) file(name string, id plumbing.Hash) error {
	if a.files++; a.files > maxFiles {
		return unfitf("there are more than %d files in the catalog", maxFiles)
	}
	blob, err := object.GetBlob(a.store, id)
	missing := errors.Is(err, plumbing.ErrObjectNotFound) // the server was asked not to send larger ones
	if err != nil && !missing {
		return fmt.Errorf("read %q: %w", name, err)
	}
	if missing || blob.Size > maxFile {
		a.problem(name, fmt.Sprintf("the file is larger than %d MiB", maxFile>>20), "")
		return nil
	}
	if a.total += blob.Size; a.total > maxTotal {
		return unfitf("the catalog is larger than %d MiB", maxTotal>>20)
	}
	data, err := read(blob, maxFile)
	if err != nil {
		return fmt.Errorf("read %q: %w", name, err)
	}
	if bytes.HasPrefix(data, []byte(lfsPointer)) {
		a.problem(name, "this is a pointer of Git LFS; the file itself is not fetched", "take the file out of LFS: git lfs migrate export")
		return nil
	}
	w, err := a.out.Create(name)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("pack %q: %w", name, err)
	}
	return nil
}

func read(blob *object.Blob, most int64) ([]byte, error) {
	r, err := blob.Reader()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, most))
}

func (a *archiver) problem(file, message, hint string) {
	a.problems = append(a.problems, yamldoc.Problem{File: file, Message: message, Hint: hint})
}
