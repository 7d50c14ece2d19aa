package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"shodo/internal/secret"
)

const (
	gitEvery   = time.Minute
	gitTimeout = 2 * time.Minute
	maxPack    = 200 << 20
	// startTimeout is how long a start waits for the newest commit when it has another one to start with.
	startTimeout = 15 * time.Second
)

// Git says which repository is followed, and how it is reached.
type Git struct {
	URL        URL
	Ref        string        // branch or tag; empty: the default branch
	Path       string        // of the catalog's folder; empty: the top
	User       string        // for HTTP
	Token      secret.Value  // for HTTP; may be empty
	SSHKey     string        // path of the private key, for SSH
	KnownHosts string        // path, for SSH
	Dir        string        // on this machine, for the last good commit and for what is being fetched; it is made
	Timeout    time.Duration // of one fetch; 0: 2m
	MaxPack    int64         // size in bytes of the largest answer to a fetch; 0: 200 MiB
}

// OpenGit reads the newest commit. When the server does not give it, or it is wrong, the source starts with the last good
// one, if there is one on disk; State tells so.
func OpenGit(ctx context.Context, g Git, o Options) (*Source, error) {
	if g.Timeout == 0 {
		g.Timeout = gitTimeout
	}
	if g.MaxPack == 0 {
		g.MaxPack = maxPack
	}
	if err := os.MkdirAll(g.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: make the folder for it: %w", ErrCatalog, err)
	}
	removeOld(g.Dir)
	from := &git{Git: g, repository: newRepository(g)}
	s := newSource(from, o, gitEvery)
	kept, err := from.kept()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.Log.Warn("the kept catalog cannot be used", "err", err)
	}
	limit := g.Timeout
	if kept != nil {
		limit = min(limit, startTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer func() { s.opened = true }()
	err = s.take(ctx)
	if err == nil {
		return s, nil
	}
	if kept == nil {
		return nil, err
	}
	if errKept := s.useKept(kept); errKept != nil {
		return nil, fmt.Errorf("%w\nand the last good commit cannot be used: %w", err, errKept)
	}
	s.Log.Warn("the catalog's newest commit is not to be had; starting with the last good one", "version", kept.version, "err", err)
	return s, nil
}

// useKept puts the kept commit into force; what is known of the newest one stays.
func (s *Source) useKept(kept *content) error {
	loaded, err := s.check(kept, nil)
	if err != nil {
		return err
	}
	s.current.Store(loaded)
	s.update(func(st *State) {
		st.Version, st.Commit, st.Loaded, st.Kept = loaded.Version(), kept.commit, s.Now(), st.Refused == nil
	})
	return nil
}

// git is a repository.
type git struct {
	Git
	repository repository
}

// repository is one that can be read, here or on a server.
type repository interface {
	// tip gives the newest commit of the branch.
	tip(ctx context.Context) (tip, error)
	// fetch gives a store with the commit and all of its files. The store is in dir, or is the repository itself.
	fetch(ctx context.Context, t tip, dir string) (storer.EncodedObjectStorer, error)
	// contains says whether a commit's history has another one.
	contains(ctx context.Context, t tip, old plumbing.Hash) history
}

// tip is where a branch or tag points to.
type tip struct {
	commit plumbing.Hash
	object plumbing.Hash // the same, or the tag that points to it
}

// history says whether one commit comes after another.
type history int

const (
	unknown history = iota
	has
	hasNot
)

// errNoRef is in the error of a branch that is not there.
var errNoRef = errors.New("no such branch or tag")

func (g *git) String() string {
	parts := []string{g.URL.String()}
	if g.Ref != "" {
		parts = append(parts, "ref "+g.Ref)
	}
	if g.Path != "" {
		parts = append(parts, "path "+g.Path)
	}
	return strings.Join(parts, ", ")
}

func (g *git) settles() bool { return false }

func (g *git) mark(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	t, err := g.repository.tip(ctx)
	if err != nil {
		return "", g.explain(ctx, "ask for the newest commit", err)
	}
	return t.commit.String(), nil
}

// read fetches the newest commit and packs what belongs to the catalog.
func (g *git) read(ctx context.Context) (*content, error) {
	ctx, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	t, err := g.repository.tip(ctx)
	if err != nil {
		return nil, g.explain(ctx, "ask for the newest commit", err)
	}
	found := &content{mark: t.commit.String(), commit: &Commit{ID: t.commit.String()}}
	found.version = found.commit.Short()
	dir, err := os.MkdirTemp(g.Dir, fetching)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the fetch: %w", err)
	}
	defer os.RemoveAll(dir)
	store, err := g.repository.fetch(ctx, t, dir)
	if errors.As(err, new(unfit)) {
		return found, err
	}
	if err != nil {
		return nil, g.explain(ctx, "fetch commit "+found.version, err)
	}
	commit, err := object.GetCommit(store, t.commit)
	if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", found.version, err)
	}
	found.commit.Author, found.commit.Time = plain(commit.Author.Name), commit.Committer.When
	subject, _, _ := strings.Cut(commit.Message, "\n")
	found.commit.Subject = plain(subject)
	for _, parent := range commit.ParentHashes {
		found.commit.parents = append(found.commit.parents, parent.String())
	}
	if err := g.pack(store, commit, found); errors.As(err, new(unfit)) {
		return found, err
	} else if err != nil {
		return nil, fmt.Errorf("read commit %s: %w", found.version, err)
	}
	return found, nil
}

// unfit is the error of a commit that no other try makes better.
type unfit string

func (u unfit) Error() string { return string(u) }

func unfitf(format string, args ...any) error { return unfit(fmt.Sprintf(format, args...)) }

// pack puts the commit's catalog into the content.
func (g *git) pack(store storer.EncodedObjectStorer, commit *object.Commit, found *content) error {
	tree, err := commit.Tree()
	if err != nil {
		return fmt.Errorf("read the files: %w", err)
	}
	if g.Path != "" {
		tree, err = tree.Tree(g.Path)
		if errors.Is(err, object.ErrDirectoryNotFound) || errors.Is(err, object.ErrEntryNotFound) {
			return unfitf("there is no folder %q in it (check catalog.git.path)", g.Path)
		}
		if err != nil {
			return fmt.Errorf("read folder %q: %w", g.Path, err)
		}
	}
	a := newArchiver(store, tree)
	if found.archive, err = a.archive(g.about(found.commit)); err != nil {
		return err
	}
	found.problems = a.problems
	if found.files, err = openArchive(found.archive); err != nil {
		return fmt.Errorf("read the files: %w", err)
	}
	return nil
}

// follows tells when a commit does not come after the one before.
func (g *git) follows(ctx context.Context, before, now *Commit) string {
	if slices.Contains(now.parents, before.ID) {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, g.Timeout)
	defer cancel()
	t, err := g.repository.tip(ctx)
	if err != nil || t.commit.String() != now.ID {
		return "" // it has moved on already; the next look tells
	}
	switch g.repository.contains(ctx, t, plumbing.NewHash(before.ID)) {
	case has:
		return ""
	case hasNot:
		return fmt.Sprintf("the branch was force-pushed: commit %s is no longer part of its history", before.Short())
	}
	return fmt.Sprintf("commit %s is not the parent of the new one: there were several commits at once, or the branch was force-pushed (the server cannot tell)", before.Short())
}

// explain says what was being done, and that it took too long when it did.
func (g *git) explain(ctx context.Context, doing string, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%s: the Git server did not answer in time: %w", doing, context.DeadlineExceeded)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// newRepository picks the way to the repository.
func newRepository(g Git) repository {
	switch g.URL.Kind {
	case Local:
		return localRepository{path: g.URL.Path, ref: g.Ref}
	case SSH:
		return &remoteRepository{ref: g.Ref, maxPack: g.MaxPack, dial: newSSH(g)}
	}
	return &remoteRepository{ref: g.Ref, maxPack: g.MaxPack, dial: newHTTP(g)}
}

// fetching begins the names of folders that a fetch works in.
const fetching = "fetch-"

// removeOld removes what fetches have left that ended with their process.
func removeOld(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, fetching+"*")) // the pattern is good
	for _, name := range old {
		_ = os.RemoveAll(name)
	}
}
