package httprequest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/incident"
)

const (
	maxBodyLimit = 1 << 20
	maxMatch     = 4 << 10
	maxURL       = 64 << 10
	maxRedirects = 20
	maxCAFile    = 1 << 20
)

// exchange is one checked request and what surrounds it.
type exchange struct {
	Send
	url     *url.URL
	header  http.Header
	authKey string // the header that carries the credential; empty without auth
	match   *regexp.Regexp
	tls     *tls.Config
	reach   reach.Policy
	now     func() time.Time
	sent    bool // whether a connection was there to send the request on
}

// prepare checks everything that can be checked before a connection is made.
func (s Settings) prepare(x exchange, connections action.Connections) (*exchange, error) {
	x.reach, x.now = s.Reach, s.Now
	var err error
	if x.url, err = checkURL(string(x.URL)); err != nil {
		return nil, err
	}
	if x.header, err = checkHeaders(x.Headers); err != nil {
		return nil, err
	}
	if x.header.Get("User-Agent") == "" {
		x.header.Set("User-Agent", s.UserAgent)
	}
	if x.Match != "" {
		if len(x.Match) > maxMatch {
			return nil, action.Errorf(incident.Permanent, "match has %d bytes, more than %d", len(x.Match), maxMatch)
		}
		if x.match, err = regexp.Compile(x.Match); err != nil {
			return nil, action.Errorf(incident.Permanent, "match %.60q is not a regular expression: %.200v", x.Match, err)
		}
	}
	switch {
	case x.BodyLimit < 0 || x.BodyLimit > maxBodyLimit:
		return nil, action.Errorf(incident.Permanent, "body_limit is %d, want 0 to %d", x.BodyLimit, maxBodyLimit)
	case x.FollowRedirects < 0 || x.FollowRedirects > maxRedirects:
		return nil, action.Errorf(incident.Permanent, "follow_redirects is %d, want 0 to %d", x.FollowRedirects, maxRedirects)
	case x.Timeout <= 0:
		return nil, action.Errorf(incident.Permanent, "timeout must be more than 0s")
	}
	if x.tls, err = x.tlsConfig(); err != nil {
		return nil, err
	}
	return &x, x.addAuth(connections)
}

// checkURL reads the URL. Errors never repeat it whole: a query may hold what a person should not see.
func checkURL(text string) (*url.URL, error) {
	if len(text) > maxURL {
		return nil, action.Errorf(incident.Permanent, "the url has %d bytes, more than %d", len(text), maxURL)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		var parse *url.Error
		if errors.As(err, &parse) {
			err = parse.Err
		}
		return nil, action.Errorf(incident.Permanent, "read the url: %.200v", err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, action.Errorf(incident.Permanent, "the url has the scheme %.20q, want http or https", u.Scheme)
	case u.User != nil:
		return nil, action.Errorf(incident.Refused, "the url holds a user or password, which would be stored").
			WithHint("put it into credentials.http of the customer's file and name it in auth")
	case !reach.ValidHost(u.Hostname()):
		return nil, action.Errorf(incident.Permanent, "the url's host %.60q is not a host name or address", u.Hostname())
	}
	return u, nil
}

// secretHeaders carry credentials by their nature.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// framingHeaders say how the message is sent, which is not the scenario's to say: two views of where a request ends are
// a way to smuggle a second one.
var framingHeaders = []string{"Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade", "Te"}

func checkHeaders(given map[string]string) (http.Header, error) {
	out := http.Header{}
	for name, value := range given {
		key := http.CanonicalHeaderKey(name)
		switch {
		case !isToken(name):
			return nil, action.Errorf(incident.Permanent, "%.60q cannot name a header", name)
		case slices.Contains(secretHeaders, key):
			return nil, action.Errorf(incident.Refused, "the header %q would be stored with the step", name).
				WithHint("put it into credentials.http of the customer's file and name it in auth")
		case slices.Contains(framingHeaders, key):
			return nil, action.Errorf(incident.Permanent, "the header %q is set by the engine", name)
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return nil, action.Errorf(incident.Permanent, "the header %q holds a line end or another control character", name)
		case len(value) > maxURL:
			return nil, action.Errorf(incident.Permanent, "the header %q has %d bytes, more than %d", name, len(value), maxURL)
		}
		out.Set(key, value)
	}
	return out, nil
}

// isToken follows RFC 9110, 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func (x *exchange) addAuth(connections action.Connections) error {
	if x.Auth == "" {
		return nil
	}
	if x.TLSInsecure {
		return action.Errorf(incident.Refused, "auth %q would be sent to a server whose certificate is not checked", x.Auth).
			WithHint("remove tls_insecure_skip_verify, or trust the server's authority with tls_ca_file")
	}
	key, value, err := connections.HTTPHeader(x.Auth)
	if err != nil {
		return action.Errorf(incident.Permanent, "read the http credential %q: %w", x.Auth, err).
			WithHint("set credentials.http in the customer's file")
	}
	if !isToken(key) || strings.ContainsAny(value, "\r\n\x00") {
		return action.Errorf(incident.Permanent, "the http credential %q is not a usable header", x.Auth).
			WithHint("its value must be one line")
	}
	x.authKey = http.CanonicalHeaderKey(key)
	x.header.Set(x.authKey, value)
	return nil
}

func (x *exchange) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: x.TLSServerName, InsecureSkipVerify: x.TLSInsecure}
	if x.TLSCAFile == "" {
		return c, nil
	}
	info, err := os.Stat(x.TLSCAFile)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxCAFile) {
		err = fmt.Errorf("not a file of at most %d bytes", maxCAFile)
	}
	var pem []byte
	if err == nil {
		pem, err = os.ReadFile(x.TLSCAFile)
	}
	if err != nil {
		return nil, action.Errorf(incident.Permanent, "read tls_ca_file: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, action.Errorf(incident.Permanent, "tls_ca_file holds no certificate in PEM form")
	}
	return c, nil
}
