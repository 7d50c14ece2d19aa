package httprequest_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/action/httprequest"
	"shodo/internal/incident"
)

type params = actiontest.Params

func newSet() *action.Set { return action.NewSet(httprequest.Actions(httprequest.Settings{})...) }

var credentials = actiontest.Connections{Headers: map[string][2]string{
	"api":    {"X-Api-Key", actiontest.Canary},
	"bearer": {"Authorization", "Bearer " + actiontest.Canary},
	"broken": {"X-Api-Key", actiontest.Canary + "\r\nX-More: 1"},
}}

// service is a server that remembers what came in last.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	got  *http.Request
	body string
	n    int
}

func newService(t *testing.T) *service {
	s := &service{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.got, s.body = r, string(body)
	s.n++
	s.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/status/"):
		var code int
		_, _ = fmt.Sscanf(r.URL.Path, "/status/%d", &code)
		w.WriteHeader(code)
	case r.URL.Path == "/wait":
		<-r.Context().Done()
	case r.URL.Path == "/drip":
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	case r.URL.Path == "/endless":
		chunk := bytes.Repeat([]byte("a"), 1<<20)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	case r.URL.Path == "/echo":
		w.Header().Set("X-Echo", r.Header.Get("X-Api-Key"))
		_, _ = fmt.Fprintf(w, "key %q", r.Header.Get("X-Api-Key"))
	case r.URL.Path == "/redirect":
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	case r.URL.Path == "/hang-up":
		conn, _, _ := w.(http.Hijacker).Hijack()
		conn.Close()
	default:
		_, _ = fmt.Fprintf(w, "%s %s: all is well", r.Method, r.URL.Path)
	}
}

func (s *service) last() (r *http.Request, body string, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got, s.body, s.n
}

func TestContract(t *testing.T) {
	s := newService(t)
	closed := fmt.Sprintf("http://127.0.0.1:%d/", actiontest.ClosedPort(t))
	bad := []actiontest.Failure{
		{Name: "metadata", Params: params{"url": "http://169.254.169.254/latest/meta-data/"}, Kind: incident.Refused, Error: "link-local"},
		{Name: "metadata by another notation", Params: params{"url": "http://[::ffff:a9fe:a9fe]/"}, Kind: incident.Refused, Error: "link-local"},
		{Name: "unspecified", Params: params{"url": "http://0.0.0.0:80/"}, Kind: incident.Refused, Error: "unspecified"},
		{Name: "another scheme", Params: params{"url": "file:///etc/passwd"}, Kind: incident.Permanent, Error: "scheme"},
		{Name: "no host", Params: params{"url": "http:///path"}, Kind: incident.Permanent, Error: "host"},
		{Name: "a user in the url", Params: params{"url": "http://user:" + actiontest.Canary + "@127.0.0.1/"}, Kind: incident.Refused, Error: "user or password"},
		{Name: "a secret header", Params: params{"url": s.URL, "headers": map[string]string{"authorization": "x"}}, Kind: incident.Refused, Error: "auth"},
		{Name: "a framing header", Params: params{"url": s.URL, "headers": map[string]string{"Transfer-Encoding": "chunked"}}, Kind: incident.Permanent, Error: "set by the engine"},
		{Name: "a header of two lines", Params: params{"url": s.URL, "headers": map[string]string{"x-a": "b\r\nx-c: d"}}, Kind: incident.Permanent, Error: "line end"},
		{Name: "a bad header name", Params: params{"url": s.URL, "headers": map[string]string{"x a": "b"}}, Kind: incident.Permanent, Error: "cannot name a header"},
		{Name: "a bad expression", Params: params{"url": s.URL, "match": "("}, Kind: incident.Permanent, Error: "regular expression"},
		{Name: "a body limit of 2 GB", Params: params{"url": s.URL, "body_limit": 2 << 30}, Kind: incident.Permanent, Error: "body_limit"},
		{Name: "no such credential", Params: params{"url": s.URL, "auth": "none"}, Kind: incident.Permanent, Error: "no such credential"},
		{Name: "a credential that is no header", Params: params{"url": s.URL, "auth": "broken"}, Kind: incident.Permanent, Error: "not a usable header"},
		{Name: "a credential without a checked certificate", Params: params{"url": s.URL, "auth": "api", "tls_insecure_skip_verify": true}, Kind: incident.Refused, Error: "not checked"},
		{Name: "no such file of authorities", Params: params{"url": s.URL, "tls_ca_file": "/nonexistent"}, Kind: incident.Permanent, Error: "tls_ca_file"},
		{Name: "an endless file of authorities", Params: params{"url": s.URL, "tls_ca_file": "/dev/zero"}, Kind: incident.Permanent, Error: "tls_ca_file"},
	}
	redirected := actiontest.Failure{Name: "a redirect to metadata", Kind: incident.Refused, Error: "link-local",
		Params: params{"url": s.URL + "/redirect?to=http://169.254.169.254/", "follow_redirects": 3}}
	hostile := []actiontest.Hostile{
		{Place: "query", Params: func(text string) params { return params{"url": s.URL + "/q?text=" + url.QueryEscape(text)} },
			Refuses: func(text string) bool { return len(text) > 20_000 },
			Arrived: func(t *testing.T, text string, _ json.RawMessage) {
				if r, _, _ := s.last(); r.URL.Query().Get("text") != text {
					t.Errorf("%.60q arrived as %.60q", text, r.URL.Query().Get("text"))
				}
			}},
		{Place: "header", Params: func(text string) params { return params{"url": s.URL, "headers": map[string]string{"X-Text": text}} },
			Refuses: func(text string) bool { return strings.ContainsAny(text, "\r\n\x00\x1b\x07") || len(text) > 20_000 },
			Arrived: func(t *testing.T, text string, _ json.RawMessage) {
				if r, _, _ := s.last(); r.Header.Get("X-Text") != strings.Trim(text, " \t") { // RFC 9110, 5.5: outer blanks do not count
					t.Errorf("%.60q arrived as %.60q", text, r.Header.Get("X-Text"))
				}
			}},
	}
	t.Run("http.request", func(t *testing.T) {
		actiontest.Run(t, actiontest.Case{
			Set: newSet(), Name: "http.request", Connection: credentials,
			Works:    params{"url": s.URL},
			Waits:    params{"url": s.URL + "/wait"},
			Endless:  params{"url": s.URL + "/endless", "body_limit": 1 << 20},
			Echoes:   params{"url": s.URL + "/echo", "auth": "api"},
			Failures: append(bad, redirected), Hostile: hostile,
			Late: "", // 599: the probe found that nothing answers
		})
	})
	t.Run("http.send", func(t *testing.T) {
		certificate := httptest.NewTLSServer(s)
		t.Cleanup(certificate.Close)
		actiontest.Run(t, actiontest.Case{
			Set: newSet(), Name: "http.send", Connection: credentials,
			Works:   params{"url": s.URL, "body": "restart"},
			Waits:   params{"url": s.URL + "/wait"},
			Endless: params{"url": s.URL + "/endless"},
			Echoes:  params{"url": s.URL + "/echo", "auth": "api"},
			Late:    incident.UnknownEffect,
			Failures: append(bad,
				actiontest.Failure{Name: "nothing listens", Params: params{"url": closed}, Kind: incident.Transient, Error: "connection refused"},
				actiontest.Failure{Name: "a bad certificate", Params: params{"url": certificate.URL}, Kind: incident.Permanent, Error: "certificate"},
				actiontest.Failure{Name: "the server hangs up", Params: params{"url": s.URL + "/hang-up"}, Kind: incident.UnknownEffect, Error: "not known"},
				actiontest.Failure{Name: "no answer in time", Params: params{"url": s.URL + "/wait", "timeout": "200ms"}, Kind: incident.UnknownEffect, Error: "not known"},
				actiontest.Failure{Name: "429", Params: params{"url": s.URL + "/status/429"}, Kind: incident.Transient, Error: "429 Too Many Requests"},
				actiontest.Failure{Name: "404", Params: params{"url": s.URL + "/status/404"}, Kind: incident.Permanent, Error: "404 Not Found"},
				actiontest.Failure{Name: "500", Params: params{"url": s.URL + "/status/500"}, Kind: incident.Permanent, Error: "500"},
				actiontest.Failure{Name: "504", Params: params{"url": s.URL + "/status/504"}, Kind: incident.UnknownEffect, Error: "504"},
			),
			Hostile: append(hostile, actiontest.Hostile{Place: "body",
				Params: func(text string) params { return params{"url": s.URL, "body": text} },
				Arrived: func(t *testing.T, text string, _ json.RawMessage) {
					if _, body, _ := s.last(); body != text {
						t.Errorf("%.60q arrived as %.60q", text, body)
					}
				}}),
		})
	})
}

// run runs an action; the duration is left out of the output.
func run(t *testing.T, name string, p params) (httprequest.Output, error) {
	t.Helper()
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	output, err := newSet().Run(t.Context(), name, action.Call{Params: raw, Connection: credentials})
	var got httprequest.Output
	if output != nil {
		if err := json.Unmarshal(output, &got); err != nil {
			t.Fatal(err)
		}
	}
	return got, err
}

// A probe that gets no response is an answer that no "status < 500" takes for health.
func TestNoResponseIsUnhealthy(t *testing.T) {
	s := newService(t)
	certificate := httptest.NewTLSServer(s)
	t.Cleanup(certificate.Close)
	silent := actiontest.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	garbage := actiontest.Listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "220 mail ready\r\n")
		_, _ = io.Copy(io.Discard, c)
	})
	loop := "/redirect?to=" + url.QueryEscape("/redirect?to=/redirect")
	for _, tc := range []struct {
		name   string
		params params
		want   string // in output.error
	}{
		{"nothing listens", params{"url": fmt.Sprintf("http://127.0.0.1:%d", actiontest.ClosedPort(t))}, "connection refused"},
		{"no answer in time", params{"url": s.URL + "/wait", "timeout": "100ms"}, "no answer in time"},
		{"TLS without an answer", params{"url": "https://" + silent.Address, "timeout": "100ms"}, "no answer in time"},
		{"not HTTP", params{"url": "http://" + garbage.Address}, "malformed HTTP"},
		{"the server hangs up", params{"url": s.URL + "/hang-up"}, "closed the connection"},
		{"a bad certificate", params{"url": certificate.URL}, "certificate is not valid"},
		{"plain HTTP where TLS is", params{"url": "https://" + s.Listener.Addr().String()}, "HTTP response to HTTPS client"},
		{"no such host", params{"url": "http://no-such-host.invalid/"}, "no-such-host.invalid"},
		{"redirects that do not end", params{"url": s.URL + loop, "follow_redirects": 1}, "redirects do not end"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := run(t, "http.request", tc.params)
			if err != nil || got.Status != httprequest.NoResponse || !strings.Contains(got.Error, tc.want) {
				t.Errorf("status %d, output.error %q, error %v; want 599 and %q", got.Status, got.Error, err, tc.want)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	s := newService(t)
	ignore := cmpopts.IgnoreFields(httprequest.Output{}, "Headers", "DurationMS")
	for _, tc := range []struct {
		name   string
		params params
		want   httprequest.Output
	}{
		{"get", params{"url": s.URL + "/a"}, httprequest.Output{Status: 200, Body: "GET /a: all is well", URL: s.URL + "/a"}},
		{"head", params{"url": s.URL + "/a", "method": "HEAD"}, httprequest.Output{Status: 200, URL: s.URL + "/a"}},
		{"matched", params{"url": s.URL + "/a", "match": "all is (well|good)"}, httprequest.Output{Status: 200, Body: "GET /a: all is well", Matched: true, URL: s.URL + "/a"}},
		{"not matched", params{"url": s.URL + "/a", "match": "^well"}, httprequest.Output{Status: 200, Body: "GET /a: all is well", URL: s.URL + "/a"}},
		{"an error is an answer", params{"url": s.URL + "/status/503"}, httprequest.Output{Status: 503, URL: s.URL + "/status/503"}},
		{"cut", params{"url": s.URL + "/a", "body_limit": 3}, httprequest.Output{Status: 200, Body: "GET", Truncated: true, URL: s.URL + "/a"}},
		{"redirected", params{"url": s.URL + "/redirect?to=/b"}, httprequest.Output{Status: 200, Body: "GET /b: all is well", URL: s.URL + "/b"}},
		{"not redirected", params{"url": s.URL + "/redirect?to=/b", "follow_redirects": 0, "method": "HEAD"},
			httprequest.Output{Status: 302, URL: s.URL + "/redirect?to=/b"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := run(t, "http.request", tc.params)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, ignore); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A body that drips is cut at the end of the time; what the server said stays the answer.
func TestDrippingBodyEndsInTime(t *testing.T) {
	s := newService(t)
	got, err := run(t, "http.request", params{"url": s.URL + "/drip", "timeout": "300ms"})
	if err != nil || got.Status != 200 || !strings.Contains(got.Error, "ended early") || !strings.HasPrefix(got.Body, "xx") {
		t.Errorf("got %+v, error %v", got, err)
	}
}

func TestSendFailureKeepsTheAnswer(t *testing.T) {
	s := newService(t)
	got, err := run(t, "http.send", params{"url": s.URL + "/status/409"})
	if got.Status != 409 || action.KindOf(err) != incident.Permanent {
		t.Errorf("status %d, error %v", got.Status, err)
	}
	if _, _, n := s.last(); n != 1 {
		t.Errorf("%d requests were sent, want 1", n)
	}
}

// The server has acted on a request before it redirects: that we do not go on where it points to takes nothing back.
func TestWhatWasSentIsNotRefused(t *testing.T) {
	s := newService(t)
	_, err := run(t, "http.send", params{"url": s.URL + "/redirect?to=http://169.254.169.254/", "follow_redirects": 1})
	if action.KindOf(err) != incident.UnknownEffect || !strings.Contains(err.Error(), "link-local") {
		t.Errorf("%s: %v", action.KindOf(err), err)
	}
}

// A credential goes to the host it is for, whatever that host answers.
func TestCredentialStaysWithItsHost(t *testing.T) {
	for _, auth := range []string{"api", "bearer"} {
		for _, hops := range []string{"elsewhere", "elsewhere and on", "same host"} {
			t.Run(auth+"/"+hops, func(t *testing.T) {
				first, second := newService(t), newService(t)
				to, want := second.URL+"/end", ""
				switch hops {
				case "elsewhere and on":
					to = second.URL + "/redirect?to=" + url.QueryEscape(second.URL+"/end")
				case "same host":
					second, to, want = first, "/end", credentials.Headers[auth][1]
				}
				got, err := run(t, "http.request", params{"url": first.URL + "/redirect?to=" + url.QueryEscape(to), "auth": auth})
				if err != nil || got.Status != 200 {
					t.Fatalf("got %+v, error %v", got, err)
				}
				r, _, _ := second.last()
				if value := r.Header.Get(credentials.Headers[auth][0]); r.URL.Path != "/end" || value != want {
					t.Errorf("%s got the credential %q, want %q", r.URL.Path, value, want)
				}
				if referer := r.Header.Get("Referer"); referer != "" {
					t.Errorf("the second host was told where we come from: %q", referer)
				}
			})
		}
	}
}

func TestTLS(t *testing.T) {
	s := newService(t)
	secure := httptest.NewUnstartedServer(s)
	secure.EnableHTTP2 = true
	secure.StartTLS()
	t.Cleanup(secure.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	left := int(time.Until(secure.Certificate().NotAfter) / (24 * time.Hour))
	for _, tc := range []struct {
		name   string
		params params
		status int
	}{
		{"authorities", params{"tls_ca_file": ca}, 200},
		{"another name", params{"tls_ca_file": ca, "tls_server_name": "other.invalid"}, 599},
		{"the certificate's name", params{"tls_ca_file": ca, "tls_server_name": "example.com"}, 200},
		{"not checked", params{"tls_insecure_skip_verify": true}, 200},
		{"unknown authority", params{}, 599},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.params["url"] = secure.URL
			got, err := run(t, "http.request", tc.params)
			if err != nil || got.Status != tc.status {
				t.Fatalf("status %d (%s), error %v, want %d", got.Status, got.Error, err, tc.status)
			}
			if tc.status == 200 && got.CertExpires != left {
				t.Errorf("certificate ends in %d days, want %d", got.CertExpires, left)
			}
		})
	}
	t.Run("no redirect to http", func(t *testing.T) {
		_, err := run(t, "http.request", params{"url": secure.URL + "/redirect?to=" + s.URL, "tls_ca_file": ca})
		if action.KindOf(err) != incident.Refused || !strings.Contains(err.Error(), "https to http") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("old versions are refused", func(t *testing.T) {
		old := httptest.NewUnstartedServer(s)
		old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
		old.StartTLS()
		t.Cleanup(old.Close)
		if got, err := run(t, "http.request", params{"url": old.URL, "tls_insecure_skip_verify": true}); err != nil || got.Status != 599 {
			t.Errorf("status %d, error %v", got.Status, err)
		}
	})
}

// TestMain sets a proxy in the environment before anything can have read it. It answers everything with 200.
func TestMain(m *testing.M) {
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		os.Setenv(name, proxy.URL)
	}
	os.Exit(m.Run())
}

// The environment's proxy would see credentials and reach what we refuse.
func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	const documentation = "http://192.0.2.1/" // RFC 5737: nobody is there
	got, err := run(t, "http.request", params{"url": documentation, "timeout": "200ms"})
	if err != nil || got.Status != httprequest.NoResponse {
		t.Errorf("somebody answered: %+v, error %v", got, err)
	}
}
