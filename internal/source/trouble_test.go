package source_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/secret"
	"shodo/internal/source"
)

// TestServerThatHangs: every question has a deadline; the catalog stays in force and the server is asked again.
func TestServerThatHangs(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	g := overHTTP(t, server)
	g.Timeout = 300 * time.Millisecond
	server.hang(true)
	began := time.Now()
	s, err := source.OpenGit(t.Context(), g, options(io.Discard))
	if s != nil || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "did not answer in time") || time.Since(began) > 10*time.Second {
		t.Fatalf("after %s: %v", time.Since(began), err)
	}
	server.hang(false)
	g.Timeout = 2 * time.Second
	s = follow(t, g, io.Discard)
	server.hang(true)
	write(t, r.tree, "customers/acme.yaml", acme("Two"))
	second := r.push("while it hangs")
	await(t, s, "trouble", func(st source.State) bool { return st.Trouble != nil })
	if nameOf(t, s) != "One" {
		t.Error("the catalog has changed")
	}
	server.hang(false)
	await(t, s, "the commit", inForce(second))
}

// TestServerThatHangsInTheMiddle: one that speaks nothing at all, and one that stops in the middle of an answer.
func TestServerThatHangsInTheMiddle(t *testing.T) {
	r := newRepository(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() // connections are taken by the system, and nobody answers
	overSilence := overSSH(t, r)
	overSilence.URL = parse(t, "ssh://git@"+silent.Addr().String()+"/catalog.git")

	server := serve(t, r)
	good := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodGet {
			good.ServeHTTP(w, req)
			return
		}
		_, _ = io.Copy(io.Discard, req.Body) // else the server does not see that the client goes
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		_, _ = io.WriteString(w, "0008NAK\n")
		w.(http.Flusher).Flush()
		<-req.Context().Done()
	})
	for name, g := range map[string]source.Git{"a silent server": overSilence, "half an answer": overHTTP(t, server)} {
		g.Timeout = 500 * time.Millisecond
		if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStartWithoutServer: the last good commit is used, and it is said so; a commit that is refused does not replace it.
func TestStartWithoutServer(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	g := overHTTP(t, server)
	first := r.run(r.tree, "rev-parse", "HEAD")
	if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err != nil {
		t.Fatal(err)
	}
	write(t, r.tree, "customers/acme.yaml", "[")
	bad := r.push("broken")
	s, err := source.OpenGit(t.Context(), g, options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if st := s.State(); st.Version != first[:12] || st.Kept || st.Refused == nil || st.Refused.Commit.ID != bad {
		t.Errorf("with a refused commit: %+v", st)
	}

	server.hang(true)
	g.Timeout = 300 * time.Millisecond
	var log recorder
	s = follow(t, g, &log)
	st := s.State()
	if st.Version != first[:12] || !st.Kept || st.Trouble == nil || !st.Fetched.IsZero() || st.Commit.Author != "Alice" || nameOf(t, s) != "One" {
		t.Errorf("without a server: %+v", st)
	}
	if !strings.Contains(log.String(), "starting with the last good one") {
		t.Errorf("log:\n%s", &log)
	}
	if err := os.WriteFile(filepath.Join(r.tree, "customers/acme.yaml"), []byte(acme("Mended")), 0o644); err != nil {
		t.Fatal(err)
	}
	mended := r.push("mended")
	server.hang(false)
	if st := await(t, s, "the mended commit", inForce(mended)); st.Kept {
		t.Error("it still counts as kept")
	}
	if left, _ := filepath.Glob(filepath.Join(g.Dir, "*")); len(left) != 1 {
		t.Errorf("left in the folder: %q", left)
	}
}

// TestKeptThatCannotBeUsed: the start fails and tells both reasons; what is from another place is not used.
func TestKeptThatCannotBeUsed(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	g := overHTTP(t, server)
	if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err != nil {
		t.Fatal(err)
	}
	server.hang(true)
	g.Timeout = 200 * time.Millisecond
	other := g
	other.Ref = "release"
	if s, err := source.OpenGit(t.Context(), other, options(io.Discard)); s != nil || err == nil {
		t.Errorf("another branch: %v", err)
	}
	file := filepath.Join(g.Dir, "last-good.zip")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := append([]byte(nil), data...)
	broken[60] ^= 0xff // inside the first file
	for name, content := range map[string][]byte{"cut off": data[:len(data)/2], "a bit is wrong": broken} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := source.OpenGit(t.Context(), g, options(io.Discard)); s != nil || !errors.Is(err, source.ErrCatalog) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoIsNotLetIn: the error says what to do, and holds no secret.
func TestWhoIsNotLetIn(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "" {
			t.Error("the token was sent to another server")
		}
	}))
	defer elsewhere.Close()
	sending := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/catalog.git/info/refs", http.StatusFound))
	defer sending.Close()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>hello</html>") }))
	defer page.Close()
	for name, tt := range map[string]struct {
		change func(*source.Git)
		want   string
	}{
		"wrong token":              {func(g *source.Git) { g.Token = secret.New("hunter2-wrong") }, "does not take the token"},
		"no token":                 {func(g *source.Git) { g.Token = secret.Value{} }, "set catalog.git.auth.token"},
		"no such repository":       {func(g *source.Git) { g.URL = parse(t, server.URL+"/none.git") }, "404: there is no such repository"},
		"no such branch":           {func(g *source.Git) { g.Ref = "relase" }, `no such branch or tag: "relase"`},
		"no such path":             {func(g *source.Git) { g.Path = "ops/catalog" }, `there is no folder "ops/catalog" in it (check catalog.git.path)`},
		"no catalog at the path":   {func(g *source.Git) { g.Path = "customers" }, "there is no folder scenarios, customers or runbooks in it"},
		"a server that sends away": {func(g *source.Git) { g.URL = parse(t, sending.URL+"/catalog.git") }, "the server sends to " + elsewhere.URL},
		"a web page":               {func(g *source.Git) { g.URL = parse(t, page.URL+"/catalog.git") }, "not Git's protocol"},
		"nobody there":             {func(g *source.Git) { g.URL = parse(t, "http://127.0.0.1:1/catalog.git") }, "connection refused"},
		"too large":                {func(g *source.Git) { g.MaxPack = 64 }, "too large for a catalog"},
		"no such folder":           {func(g *source.Git) { g.URL = parse(t, filepath.Join(r.tree, "none")) }, "no such file"},
		"no repository":            {func(g *source.Git) { g.URL = parse(t, filepath.Join(r.tree, "customers")) }, "is not a Git repository"},
	} {
		t.Run(name, func(t *testing.T) {
			g := overHTTP(t, server)
			tt.change(&g)
			var log recorder
			s, err := source.OpenGit(t.Context(), g, options(&log))
			if s != nil || !errors.Is(err, source.ErrCatalog) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("source %v, error: %v\nwant: %s", s, err, tt.want)
			}
			if strings.Contains(err.Error()+log.String(), "hunter2") {
				t.Errorf("a secret is in the error or the log: %v\n%s", err, &log)
			}
		})
	}
}

// TestRenamedRepository: a server may send elsewhere on itself, as GitHub does after a rename.
func TestRenamedRepository(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	inner := server.Config.Handler
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if rest, old := strings.CutPrefix(req.URL.Path, "/old.git"); old {
			http.Redirect(w, req, "/catalog.git"+rest+"?"+req.URL.RawQuery, http.StatusMovedPermanently)
			return
		}
		inner.ServeHTTP(w, req)
	})
	g := overHTTP(t, server)
	g.URL = parse(t, server.URL+"/old.git/")
	if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err != nil {
		t.Fatal(err)
	}
}

// TestHugeRepository: what is not part of the catalog's newest commit does not count; what is, is limited.
func TestHugeRepository(t *testing.T) {
	noise := make([]byte, 3<<20)
	rng := rand.NewChaCha8([32]byte{})
	_, _ = rng.Read(noise)
	r := newRepository(t)
	if err := os.WriteFile(filepath.Join(r.tree, "video.mp4"), noise, 0o644); err != nil {
		t.Fatal(err)
	}
	r.push("a video")
	g := overHTTP(t, serve(t, r))
	g.MaxPack = 1 << 20
	if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
		t.Fatalf("error: %v", err)
	}
	r.run(r.tree, "rm", "-q", "video.mp4")
	last := r.push("without it") // its history still has it
	s := follow(t, g, io.Discard)
	if st := s.State(); st.Commit.ID != last {
		t.Errorf("commit %+v", st.Commit)
	}
	if err := os.WriteFile(filepath.Join(r.tree, "video.mp4"), noise, 0o644); err != nil {
		t.Fatal(err)
	}
	again := r.push("the video again")
	await(t, s, "the refusal", refused(again)) // a refusal, so that it is not fetched again and again
}

// TestHugeFileInASmallPack: what unpacks to very much is refused before it is unpacked.
func TestHugeFileInASmallPack(t *testing.T) {
	r := newRepository(t)
	r.run(r.bare, "config", "uploadpack.allowFilter", "false")
	if err := os.WriteFile(filepath.Join(r.tree, "zeros"), make([]byte, 65<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	r.push("zeros")
	g := overHTTP(t, serve(t, r))
	g.MaxPack = 1 << 20
	if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err == nil || !strings.Contains(err.Error(), "holds a file of more than 64 MiB") {
		t.Errorf("error: %v", err)
	}
}
