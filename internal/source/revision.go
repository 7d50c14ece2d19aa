package source

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"shodo/internal/catalog"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// ErrRevision is in the error of a folder that is in no Git repository, or has no catalog at the revision.
var ErrRevision = errors.New("no catalog at this revision")

// AtRevision reads the catalog that a folder has at a revision of the Git repository on this machine in which it is. A
// revision is what Git takes for one: a branch, "origin/main", a tag, "HEAD~2", a hash or its beginning. What is in the work
// tree plays no part. The catalog is nil when there is a problem that is not a warning; its version is the commit's
// short hash. Nothing is fetched and no git program is run.
func AtRevision(dir, revision string, actions scenario.Actions) (*catalog.Catalog, Commit, yamldoc.Problems, error) {
	fail := func(err error) (*catalog.Catalog, Commit, yamldoc.Problems, error) {
		return nil, Commit{}, nil, fmt.Errorf("%w: %q of folder %q: %w", ErrRevision, revision, dir, err)
	}
	repository, folder, err := openAround(dir)
	if err != nil {
		return fail(err)
	}
	id, err := repository.ResolveRevision(plumbing.Revision(revision))
	if err != nil {
		return fail(fmt.Errorf("the repository does not have it (is it fetched? a shallow clone has only the newest commit): %w", err))
	}
	commit, err := object.GetCommit(repository.Storer, *id)
	if err != nil {
		return fail(fmt.Errorf("read commit %s: %w", id, err))
	}
	tree, err := catalogIn(commit, folder)
	if err != nil {
		return fail(err)
	}
	a := newArchiver(repository.Storer, tree)
	archive, err := a.archive("")
	if err != nil {
		return fail(err)
	}
	files, err := openArchive(archive)
	if err != nil {
		return fail(fmt.Errorf("read the files: %w", err))
	}
	by := Commit{ID: id.String(), Author: plain(commit.Author.Name), Time: commit.Committer.When}
	loaded, problems := load(files, by.Short(), actions)
	problems = append(a.problems, problems...)
	problems.Sort()
	if problems.Err() != nil {
		loaded = nil
	}
	return loaded, by, problems, nil
}

// openAround opens the repository in which a folder is, and gives the folder's path in it: "." for the top, and for a
// bare repository.
func openAround(dir string) (*gogit.Repository, string, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, "", err
	}
	options := gogit.PlainOpenOptions{EnableDotGitCommonDir: true}
	repository, err := gogit.PlainOpenWithOptions(dir, &options)
	if errors.Is(err, gogit.ErrRepositoryNotExists) { // it is not the top, nor bare
		options.DetectDotGit = true
		repository, err = gogit.PlainOpenWithOptions(dir, &options)
	}
	if errors.Is(err, gogit.ErrRepositoryNotExists) {
		return nil, "", errors.New("it is not in a Git repository")
	}
	if err != nil {
		return nil, "", fmt.Errorf("open its repository: %w", err)
	}
	tree, err := repository.Worktree()
	if errors.Is(err, gogit.ErrIsBareRepository) {
		return repository, ".", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("open its repository: %w", err)
	}
	top, err := filepath.EvalSymlinks(tree.Filesystem.Root())
	if err != nil {
		return nil, "", fmt.Errorf("open its repository: %w", err)
	}
	folder, err := filepath.Rel(top, dir)
	return repository, filepath.ToSlash(folder), err
}

// catalogIn gives the folder as the commit has it.
func catalogIn(commit *object.Commit, folder string) (*object.Tree, error) {
	tree, err := commit.Tree()
	if err == nil && folder != "." {
		tree, err = tree.Tree(folder)
	}
	if errors.Is(err, object.ErrDirectoryNotFound) || errors.Is(err, object.ErrEntryNotFound) {
		return nil, fmt.Errorf("the commit has no folder %q", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("read folder %q: %w", folder, err)
	}
	if !slices.ContainsFunc(tree.Entries, func(e object.TreeEntry) bool { return slices.Contains(folders, e.Name) }) {
		return nil, errors.New("there is no folder scenarios, customers or runbooks in it")
	}
	return tree, nil
}
