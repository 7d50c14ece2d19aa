package ticket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"shodo/internal/secret"
)

const (
	// callTimeout is how long one call may take: trackers answer in a second or two.
	callTimeout = 20 * time.Second
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 4 << 20
	// maxReason is how much of the tracker's own words an error repeats, in characters.
	maxReason = 300
)

// caller speaks with one tracker.
type caller struct {
	client *http.Client
	base   string // without a slash at its end
	secret secret.Value
	sign   func(*http.Request)
}

// newCaller makes one. A nil client is one of its own.
func newCaller(given *http.Client, base string, key secret.Value, sign func(*http.Request)) (*caller, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, fmt.Errorf("%w: %q is not the address of a tracker", ErrRefused, base)
	}
	client := &http.Client{}
	if given != nil {
		*client = *given
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &caller{client: client, base: strings.TrimSuffix(base, "/"), secret: key, sign: sign}, nil
}

// call sends one request and reads the answer into a value, or as it is into bytes. Doing says for errors what it was for.
func (c *caller) call(ctx context.Context, doing, method, path string, content content, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(content.body))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", doing, ErrRefused, bare(err))
	}
	if content.kind != "" {
		req.Header.Set("Content-Type", content.kind)
	}
	for name, value := range content.headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "shodo")
	c.sign(req)
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", doing, ErrTemporary, bare(err))
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("%s: read the answer: %w: %w", doing, ErrTemporary, bare(err))
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500, resp.StatusCode == http.StatusRequestTimeout:
		return fmt.Errorf("%s: %w: status %d%s", doing, ErrTemporary, resp.StatusCode, c.reason(answer))
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s: %w: status %d%s", doing, ErrRefused, resp.StatusCode, c.reason(answer))
	case into == nil:
		return nil
	}
	if raw, ok := into.(*[]byte); ok {
		*raw = answer
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: %w: its answer is not what it documents: %w", doing, ErrRefused, err)
	}
	return nil
}

// content is the body of a request, and what is said about it.
type content struct {
	kind    string
	body    []byte
	headers map[string]string
}

func form(values url.Values) content {
	return content{kind: "application/x-www-form-urlencoded", body: []byte(values.Encode())}
}

func object(v any) (content, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return content{}, fmt.Errorf("write the request: %w", err)
	}
	return content{kind: "application/json", body: body}, nil
}

// bare takes the address off an error of net/http: a secret may stand in it.
func bare(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// reason is what the tracker itself says, on one line; it may repeat what it was sent.
func (c *caller) reason(answer []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer), "")), " ")
	if key := c.secret.Reveal(); key != "" {
		text = strings.NewReplacer(key, "<secret>", url.QueryEscape(key), "<secret>").Replace(text)
	}
	if text == "" {
		return ""
	}
	return ": " + cutRunes(text, maxReason)
}
