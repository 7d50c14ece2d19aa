package source

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// localRepository is a repository on this machine: a bare one, or the one of a work tree. It is read where it is.
type localRepository struct {
	path, ref string
}

func (l localRepository) open() (*filesystem.Storage, error) {
	dir := l.path
	if info, err := os.Stat(filepath.Join(dir, ".git")); err == nil && info.IsDir() {
		dir = filepath.Join(dir, ".git")
	}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err != nil {
		if _, missing := os.Stat(dir); missing != nil {
			return nil, missing
		}
		return nil, fmt.Errorf("%q is not a Git repository", l.path)
	}
	return filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRUDefault()), nil
}

func (l localRepository) tip(context.Context) (tip, error) {
	store, err := l.open()
	if err != nil {
		return tip{}, err
	}
	for _, name := range refNames(l.ref) {
		ref, err := storer.ResolveReference(store, plumbing.ReferenceName(name))
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			continue
		}
		if err != nil {
			return tip{}, fmt.Errorf("read %q: %w", name, err)
		}
		commit, err := peel(store, ref.Hash())
		return tip{commit: commit, object: ref.Hash()}, err
	}
	return tip{}, notThere(l.ref)
}

func (l localRepository) fetch(context.Context, tip, string) (storer.EncodedObjectStorer, error) {
	return l.open()
}

func (l localRepository) contains(ctx context.Context, t tip, old plumbing.Hash) history {
	store, err := l.open()
	if err != nil {
		return unknown
	}
	return search(ctx, store, t.commit, old)
}
