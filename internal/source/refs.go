package source

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
)

// maxHistory is how many commits are looked through for the one before.
const maxHistory = 1000

// maxTags is how many tags may lead to each other.
const maxTags = 5

// refNames gives what a name may stand for, in order.
func refNames(ref string) []string {
	switch {
	case ref == "":
		return []string{"HEAD"}
	case strings.HasPrefix(ref, "refs/") || ref == "HEAD":
		return []string{ref}
	}
	return []string{"refs/heads/" + ref, "refs/tags/" + ref}
}

func notThere(ref string) error {
	if ref == "" {
		return fmt.Errorf("%w: the repository has no default branch, or it is empty (set catalog.git.ref)", errNoRef)
	}
	return fmt.Errorf("%w: %q (was it deleted or renamed?)", errNoRef, ref)
}

// peel gives the commit that a tag leads to, or the commit itself.
func peel(store storer.EncodedObjectStorer, id plumbing.Hash) (plumbing.Hash, error) {
	for range maxTags {
		tag, err := object.GetTag(store, id)
		if err != nil {
			break
		}
		id = tag.Target
	}
	if _, err := object.GetCommit(store, id); err != nil {
		return plumbing.ZeroHash, fmt.Errorf("read commit %s: %w", id, err)
	}
	return id, nil
}

// search looks for a commit among those before another one. A store may hold the newest part of the history only.
func search(ctx context.Context, store storer.EncodedObjectStorer, from, old plumbing.Hash) history {
	next, seen, all := []plumbing.Hash{from}, map[plumbing.Hash]bool{from: true}, true
	for len(next) > 0 {
		id := next[0]
		next = next[1:]
		if id == old {
			return has
		}
		commit, err := object.GetCommit(store, id)
		if err != nil || len(seen) > maxHistory || ctx.Err() != nil {
			all = false
			continue
		}
		for _, parent := range commit.ParentHashes {
			if !seen[parent] {
				seen[parent] = true
				next = append(next, parent)
			}
		}
	}
	if all {
		return hasNot
	}
	return unknown
}
