package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/memory"
)

const (
	maxAdvertised  = 64 << 20 // bytes of the server's list of branches and tags
	maxHistoryPack = 8 << 20  // bytes of commits without files
	maxObject      = 64 << 20 // bytes of one object, unpacked: a small pack may hold a huge file
)

// remoteRepository is a repository on a server, asked in Git's protocol (version 0).
type remoteRepository struct {
	ref     string
	maxPack int64
	dial    dialer
}

// dialer begins a conversation with a server.
type dialer interface {
	// open gives what the server has. The conversation ends with ctx.
	open(ctx context.Context) (conversation, error)
}

// conversation is one question to a server at most, after it has told what it has.
type conversation interface {
	refs() *packp.AdvRefs
	// ask sends the request, and gives the answer as it comes.
	ask(ctx context.Context, r *packp.UploadPackRequest) (io.ReadCloser, error)
	close()
}

func (r *remoteRepository) tip(ctx context.Context) (tip, error) {
	c, err := r.dial.open(ctx)
	if err != nil {
		return tip{}, err
	}
	defer c.close()
	return tipIn(c.refs(), r.ref)
}

func tipIn(refs *packp.AdvRefs, ref string) (tip, error) {
	for _, name := range refNames(ref) {
		id, ok := refs.References[name]
		if name == "HEAD" && refs.Head != nil {
			id, ok = *refs.Head, true
		}
		if !ok {
			continue
		}
		t := tip{commit: id, object: id}
		if peeled, ok := refs.Peeled[name]; ok {
			t.commit = peeled
		}
		return t, nil
	}
	return tip{}, notThere(ref)
}

// fetch asks for the one commit with its files, and nothing before it.
func (r *remoteRepository) fetch(ctx context.Context, t tip, dir string) (storer.EncodedObjectStorer, error) {
	c, err := r.dial.open(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	request := requestFor(c.refs(), t, 1, packp.FilterBlobLimit(maxFile>>20, packp.BlobLimitPrefixMebi))
	answer, err := request.send(ctx, c)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	path := filepath.Join(dir, "fetched.pack")
	if err := save(path, answer, r.maxPack); err != nil {
		return nil, err
	}
	return unpack(path, filepath.Join(dir, "objects.git"))
}

// save writes the pack to a file, so that it is looked at before it is unpacked.
func save(path string, from io.Reader, most int64) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(from, most+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("receive the files: %w", err)
	}
	if n > most {
		return unfitf("the commit is too large for a catalog: more than %d MiB; keep the catalog in a repository of its own", most>>20)
	}
	return nil
}

// unpack makes a store of the pack.
func unpack(path, dir string) (storer.EncodedObjectStorer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := checkSizes(f); err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	store := filesystem.NewStorage(osfs.New(dir), cache.NewObjectLRU(32*cache.MiByte))
	if err := packfile.UpdateObjectStorage(store, f); err != nil {
		return nil, fmt.Errorf("unpack the files: %w", err)
	}
	return store, nil
}

// checkSizes reads through the pack without keeping anything of it.
func checkSizes(f io.Reader) error {
	s := packfile.NewScanner(f)
	_, count, err := s.Header()
	if err != nil {
		return fmt.Errorf("unpack the files: %w", err)
	}
	for range count {
		h, err := s.NextObjectHeader()
		if err == nil && h.Length > maxObject {
			return unfitf("the commit is too large for a catalog: it holds a file of more than %d MiB", maxObject>>20)
		}
		if err == nil {
			_, _, err = s.NextObject(io.Discard)
		}
		if err != nil {
			return fmt.Errorf("unpack the files: %w", err)
		}
	}
	return nil
}

// contains asks for the newest commits without their files, when the server can leave those out.
func (r *remoteRepository) contains(ctx context.Context, t tip, old plumbing.Hash) history {
	c, err := r.dial.open(ctx)
	if err != nil {
		return unknown
	}
	defer c.close()
	if !c.refs().Capabilities.Supports(capability.Filter) {
		return unknown
	}
	answer, err := requestFor(c.refs(), t, maxHistory, packp.FilterTreeDepth(0)).send(ctx, c)
	if err != nil {
		return unknown
	}
	defer answer.Close()
	store := memory.NewStorage()
	if err := packfile.UpdateObjectStorage(store, io.LimitReader(answer, maxHistoryPack)); err != nil {
		return unknown
	}
	return search(ctx, store, t.commit, old)
}

// request is one question for a pack.
type request struct{ *packp.UploadPackRequest }

func requestFor(refs *packp.AdvRefs, t tip, depth int, filter packp.Filter) request {
	r := packp.NewUploadPackRequest()
	can := refs.Capabilities.Supports
	for _, one := range []capability.Capability{capability.OFSDelta, capability.NoProgress} {
		if can(one) {
			_ = r.Capabilities.Set(one) // it takes no value
		}
	}
	for _, one := range []capability.Capability{capability.Sideband64k, capability.Sideband} {
		if can(one) {
			_ = r.Capabilities.Set(one)
			break
		}
	}
	if can(capability.Shallow) { // else all history comes, within the limit
		_ = r.Capabilities.Set(capability.Shallow)
		r.Depth = packp.DepthCommits(depth)
	}
	if can(capability.Filter) {
		_ = r.Capabilities.Set(capability.Filter)
		r.Filter = filter
	}
	r.Wants = []plumbing.Hash{t.object}
	return request{r}
}

// send gives the pack.
func (r request) send(ctx context.Context, c conversation) (io.ReadCloser, error) {
	raw, err := c.ask(ctx, r.UploadPackRequest)
	if err != nil {
		return nil, err
	}
	response := packp.NewUploadPackResponse(r.UploadPackRequest)
	if err := response.Decode(raw); err != nil {
		raw.Close()
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	answer := struct {
		io.Reader
		io.Closer
	}{response, raw}
	switch {
	case r.Capabilities.Supports(capability.Sideband64k):
		answer.Reader = sideband.NewDemuxer(sideband.Sideband64k, response)
	case r.Capabilities.Supports(capability.Sideband):
		answer.Reader = sideband.NewDemuxer(sideband.Sideband, response)
	}
	return answer, nil
}
