package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"shodo/internal/secret"
)

// The words of Git's smart HTTP: https://git-scm.com/docs/http-protocol.
const (
	infoRefs       = "/info/refs"
	uploadPack     = "git-upload-pack"
	advertisedType = "application/x-git-upload-pack-advertisement"
	requestType    = "application/x-git-upload-pack-request"
	resultType     = "application/x-git-upload-pack-result"
)

// maxRedirects is how often a server may send elsewhere on itself, as after a repository was renamed.
const maxRedirects = 5

// overHTTP speaks with a server over HTTP.
type overHTTP struct {
	url    string
	user   string
	token  secret.Value
	client *http.Client
}

func newHTTP(g Git) *overHTTP {
	return &overHTTP{url: g.URL.String(), user: g.User, token: g.Token, client: &http.Client{CheckRedirect: sameHost}}
}

// sameHost keeps the token, and the trust in what comes back, with the host that was named.
func sameHost(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case r.URL.Scheme != first.Scheme || r.URL.Host != first.Host:
		return fmt.Errorf("the server sends to %s://%s (set catalog.git.url to the right one)", r.URL.Scheme, plain(r.URL.Host))
	case len(via) > maxRedirects:
		return errors.New("the server sends from one address to the next")
	}
	return nil
}

func (h *overHTTP) open(ctx context.Context) (conversation, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.url+infoRefs+"?service="+uploadPack, nil)
	if err != nil {
		return nil, errors.New("the URL cannot be used")
	}
	answer, err := h.do(r, advertisedType)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	refs, err := decodeRefs(answer.Body)
	if err != nil {
		return nil, err
	}
	base := *answer.Request.URL // after redirects
	base.RawQuery = ""
	base.Path = strings.TrimSuffix(base.Path, infoRefs)
	base.RawPath = strings.TrimSuffix(base.RawPath, infoRefs)
	return &httpConversation{overHTTP: h, base: base.String(), has: refs}, nil
}

// decodeRefs reads what a server has. Of an empty repository that is nothing.
func decodeRefs(from io.Reader) (*packp.AdvRefs, error) {
	refs := packp.NewAdvRefs()
	err := refs.Decode(io.LimitReader(from, maxAdvertised))
	if err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
		return nil, fmt.Errorf("read the list of branches: %w", spoken(err))
	}
	return refs, nil
}

// spoken makes an error of what a server said, which may be anything.
func spoken(err error) error {
	if line, ok := errors.AsType[*pktline.ErrorLine](err); ok {
		return fmt.Errorf("the server says: %s", plain(line.Text))
	}
	return err
}

// do sends a request and wants an answer of that type.
func (h *overHTTP) do(r *http.Request, wanted string) (*http.Response, error) {
	r.Header.Set("User-Agent", "git/2 (shodo)") // some servers answer in Git's protocol to git only
	if !h.token.IsZero() {
		r.SetBasicAuth(h.user, h.token.Reveal())
	}
	answer, err := h.client.Do(r)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err // the URL is told by who called
		}
		return nil, err
	}
	if err := h.refused(answer, wanted); err != nil {
		answer.Body.Close()
		return nil, err
	}
	return answer, nil
}

// refused tells why an answer is not the wanted one.
func (h *overHTTP) refused(answer *http.Response, wanted string) error {
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized && h.token.IsZero():
		return errors.New("the server wants to know who asks (set catalog.git.auth.token)")
	case status == http.StatusUnauthorized:
		return errors.New("the server does not take the token (is it right, and not expired? some servers want a certain catalog.git.auth.user)")
	case status == http.StatusForbidden:
		return errors.New("the server answers 403: the token may not read this repository")
	case status == http.StatusNotFound:
		return errors.New("the server answers 404: there is no such repository, or the token may not see it")
	case status != http.StatusOK:
		return fmt.Errorf("the server answers %d", status)
	}
	if got := answer.Header.Get("Content-Type"); got != wanted {
		return fmt.Errorf("the server answers with %q, which is not Git's protocol (is catalog.git.url the address for git clone?)", plain(got))
	}
	return nil
}

// httpConversation is what the server has said, and where to ask on.
type httpConversation struct {
	*overHTTP
	base string
	has  *packp.AdvRefs
}

func (c *httpConversation) refs() *packp.AdvRefs { return c.has }
func (c *httpConversation) close()               {}

func (c *httpConversation) ask(ctx context.Context, request *packp.UploadPackRequest) (io.ReadCloser, error) {
	var body bytes.Buffer
	if err := encode(&body, request); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/"+uploadPack, &body)
	if err != nil {
		return nil, errors.New("the URL cannot be used")
	}
	r.Header.Set("Content-Type", requestType)
	r.Header.Set("Accept", resultType)
	answer, err := c.do(r, resultType)
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// encode writes a request of somebody who has nothing yet.
func encode(w io.Writer, r *packp.UploadPackRequest) error {
	if err := r.UploadRequest.Encode(w); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	return pktline.NewEncoder(w).EncodeString("done\n")
}
