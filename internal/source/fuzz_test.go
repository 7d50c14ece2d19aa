package source_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"shodo/internal/source"
)

// FuzzUnpack: whatever a server sends as a pack, it is unpacked or refused.
func FuzzUnpack(f *testing.F) {
	if _, err := exec.LookPath("git"); err == nil { // a real one to begin with
		dir := f.TempDir()
		for _, args := range []string{"init -q", "commit -q --allow-empty -m x", "gc -q"} {
			cmd := exec.Command("git", strings.Fields("-C "+dir+" -c user.name=x -c user.email=x@x.example "+args)...)
			if out, err := cmd.CombinedOutput(); err != nil {
				f.Fatalf("%v\n%s", err, out)
			}
		}
		packs, _ := filepath.Glob(filepath.Join(dir, ".git/objects/pack/*.pack"))
		for _, pack := range packs {
			data, err := os.ReadFile(pack)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("PACK\x00\x00\x00\x02\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "pack")
		put(t, path, data)
		_ = source.Unpack(path, filepath.Join(dir, "objects.git"))
	})
}

// FuzzAdvertisement: whatever a server says about its branches is an answer or an error.
func FuzzAdvertisement(f *testing.F) {
	f.Add("001e# service=git-upload-pack\n0000004a0123456789012345678901234567890123456789 refs/heads/main\x00 shallow\n0000")
	f.Add("001e# service=git-upload-pack\n00000000")
	f.Add("0010ERR go away")
	f.Fuzz(func(t *testing.T, text string) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			if r.Method == http.MethodPost {
				w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
			}
			_, _ = io.WriteString(w, text)
		}))
		defer s.Close()
		if _, err := source.OpenGit(t.Context(), source.Git{URL: parse(t, s.URL+"/c.git"), Dir: t.TempDir()}, options(io.Discard)); err == nil {
			t.Error("a catalog of noise")
		}
	})
}

// FuzzParseURL: no error repeats a password.
func FuzzParseURL(f *testing.F) {
	f.Add("https", "git.example.com/ops/catalog.git")
	f.Add("ssh", "git.example.com:22/%zz")
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		u, err := source.ParseURL(scheme + "://git:hunter2@" + rest)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("error: %v", err)
		}
		if err == nil && strings.Contains(u.String(), "hunter2") && u.Kind != source.Local {
			t.Errorf("taken as %s", u.Kind)
		}
	})
}
