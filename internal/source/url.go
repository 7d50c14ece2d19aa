package source

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// URL is where a repository is.
type URL struct {
	Kind Kind
	User string // for SSH
	Host string // host:port, for SSH
	Path string // on the host, or on this machine
	text string
}

// String gives the URL as it was written. It holds no password: ParseURL takes none.
func (u URL) String() string { return u.text }

// Kind is a way to a repository.
type Kind string

// The ways to a repository.
const (
	HTTP  Kind = "https"
	SSH   Kind = "ssh"
	Local Kind = "a folder on this machine"
)

var scpLike = regexp.MustCompile(`^(?:([A-Za-z0-9._-]+)@)?([A-Za-z0-9.-]+):([^/].*)$`)

// ParseURL reads https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, file:///PATH and /PATH; http:// is for this
// machine only. Errors never repeat the text: it may hold a password.
func ParseURL(text string) (URL, error) {
	if filepath.IsAbs(text) {
		return URL{Kind: Local, Path: text, text: text}, nil
	}
	if !strings.Contains(text, "://") {
		parts := scpLike.FindStringSubmatch(text)
		if parts == nil {
			return URL{}, errors.New("it is not a URL and not an absolute path")
		}
		return sshURL(parts[1], parts[2], "", parts[3], text), nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return URL{}, errors.New("it is not a URL")
	}
	_, password := u.User.Password()
	switch {
	case password || u.User != nil && u.Scheme != "ssh":
		return URL{}, errors.New("the URL holds a user or password; set catalog.git.auth instead, which keeps it secret")
	case u.RawQuery != "" || u.Fragment != "":
		return URL{}, errors.New("the URL has a query or fragment")
	case u.Scheme == "file" && u.Host == "" && filepath.IsAbs(u.Path):
		return URL{Kind: Local, Path: u.Path, text: text}, nil
	case u.Scheme == "file":
		return URL{}, errors.New("file:// is followed by an absolute path of this machine, so by a third /")
	case u.Hostname() == "":
		return URL{}, errors.New("the URL has no host")
	case u.Scheme == "ssh":
		return sshURL(u.User.Username(), u.Hostname(), u.Port(), u.Path, text), nil
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return URL{Kind: HTTP, text: strings.TrimSuffix(text, "/")}, nil
	case u.Scheme == "http" || u.Scheme == "git":
		return URL{}, fmt.Errorf("%s:// is not protected: who sits on the way could change the catalog, and by it your servers", u.Scheme)
	}
	return URL{}, errors.New("it begins with none of https://, ssh:// and file://")
}

func sshURL(user, host, port, path, text string) URL {
	if user == "" {
		user = "git"
	}
	if port == "" {
		port = "22"
	}
	return URL{Kind: SSH, User: user, Host: net.JoinHostPort(host, port), Path: path, text: text}
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}$`)

// CheckRef tells what is wrong with the name of a branch or tag, after git-check-ref-format. The id of a commit is wrong,
// too: what never changes cannot be followed.
func CheckRef(ref string) error {
	switch {
	case commitID.MatchString(ref):
		return fmt.Errorf("%q is the id of a commit, which never changes", ref)
	case strings.ContainsAny(ref, " ~^:?*[\\") || strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' || c == 0x7f }),
		strings.Contains(ref, "..") || strings.Contains(ref, "//") || strings.Contains(ref, "@{"),
		strings.HasPrefix(ref, "/") || strings.HasPrefix(ref, "-"),
		strings.HasSuffix(ref, "/") || strings.HasSuffix(ref, ".") || strings.HasSuffix(ref, ".lock"):
		return fmt.Errorf("%q is not the name of a branch or tag", ref)
	}
	return nil
}
