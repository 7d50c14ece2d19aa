package source_test

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/secret"
	"shodo/internal/source"
)

const token = "hunter2-token"

// repository is a work tree with its bare mirror, which is what servers serve.
type repository struct {
	t          *testing.T
	tree, bare string
}

// newRepository makes a repository with a good first commit on main.
func newRepository(t *testing.T) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is needed for this test")
		}
		t.Skip("git is not installed")
	}
	top := t.TempDir()
	r := &repository{t: t, tree: filepath.Join(top, "tree"), bare: filepath.Join(top, "catalog.git")}
	r.run(top, "init", "-q", "-b", "main", r.tree)
	r.run(top, "init", "-q", "--bare", "-b", "main", r.bare)
	r.run(r.bare, "config", "uploadpack.allowFilter", "true")
	r.run(r.tree, "remote", "add", "origin", r.bare)
	write(t, r.tree, "customers/acme.yaml", acme("One"))
	r.push("the first")
	return r
}

func (r *repository) run(dir string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@acme.example",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@acme.example", "GIT_AUTHOR_DATE=2026-11-20T03:00:00Z", "GIT_COMMITTER_DATE=2026-11-20T03:00:00Z")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits everything and gives the commit's id.
func (r *repository) commit(subject string) string {
	r.t.Helper()
	r.run(r.tree, "add", "-A")
	r.run(r.tree, "commit", "-q", "--allow-empty", "-m", subject)
	return r.run(r.tree, "rev-parse", "HEAD")
}

// push commits everything, pushes it by force and gives the commit's id.
func (r *repository) push(subject string) string {
	r.t.Helper()
	id := r.commit(subject)
	r.run(r.tree, "push", "-q", "-f", "origin", "HEAD:main")
	return id
}

// server serves a repository over Git's smart HTTP, as git http-backend does it.
type server struct {
	*httptest.Server
	mu      sync.Mutex
	hanging bool
	asked   int // for the list of branches
	packs   int // that were asked for
	stop    chan struct{}
}

func serve(t *testing.T, r *repository) *server {
	t.Helper()
	backend := filepath.Join(r.run(r.tree, "--exec-path"), "git-http-backend")
	handler := &cgi.Handler{Path: backend, Env: []string{"GIT_PROJECT_ROOT=" + filepath.Dir(r.bare), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null"},
		Logger: log.New(io.Discard, "", 0), Stderr: io.Discard}
	s := &server{stop: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		hanging := s.hanging
		if strings.HasSuffix(req.URL.Path, "/info/refs") {
			s.asked++
		} else {
			s.packs++
		}
		s.mu.Unlock()
		user, password, _ := req.BasicAuth()
		switch {
		case hanging:
			select {
			case <-s.stop:
			case <-req.Context().Done():
			}
		case user != "x-access-token" || password != token:
			w.Header().Set("WWW-Authenticate", "Basic")
			http.Error(w, "who are you, "+password+"?", http.StatusUnauthorized)
		default:
			handler.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(func() {
		close(s.stop)
		s.Close()
	})
	return s
}

func (s *server) hang(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hanging = on
}

func (s *server) counts() (asked, packs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.packs
}

// overHTTP follows main over HTTP.
func overHTTP(t *testing.T, s *server) source.Git {
	t.Helper()
	return source.Git{URL: parse(t, s.URL+"/catalog.git"), Ref: "main", User: "x-access-token", Token: secret.New(token), Dir: t.TempDir()}
}

// overFile follows main on this machine.
func overFile(t *testing.T, r *repository) source.Git {
	t.Helper()
	return source.Git{URL: parse(t, "file://"+r.bare), Ref: "main", Dir: t.TempDir()}
}

func parse(t *testing.T, text string) source.URL {
	t.Helper()
	u, err := source.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// recorder is a log that can be read while it is written.
type recorder struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// follow opens the source and lets it watch, often, until the test ends.
func follow(t *testing.T, g source.Git, log io.Writer) *source.Source {
	t.Helper()
	o := options(log)
	o.Every = 20 * time.Millisecond
	s, err := source.OpenGit(t.Context(), g, o)
	if err != nil {
		t.Fatal(err)
	}
	watch(t, s)
	return s
}

func watch(t *testing.T, s *source.Source) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Watch(t.Context())
	}()
	t.Cleanup(func() { <-ended }) // t.Context has ended by then
}

// await polls until the state is as wanted.
func await(t *testing.T, s *source.Source, what string, wanted func(source.State) bool) source.State {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		st := s.State()
		if wanted(st) {
			return st
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never came to %s: %+v", what, st)
		}
	}
}

func inForce(id string) func(source.State) bool {
	return func(st source.State) bool { return st.Commit != nil && st.Commit.ID == id && st.Refused == nil }
}

func refused(id string) func(source.State) bool {
	return func(st source.State) bool { return st.Refused != nil && st.Refused.Commit.ID == id }
}

func options(log io.Writer) source.Options {
	return source.Options{Actions: builtin.List(builtin.Settings{}), Log: slog.New(slog.NewTextHandler(log, nil))}
}
