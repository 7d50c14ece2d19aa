package source_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

// TestWhatIsInACommit: what Git can hold and a catalog cannot is told with its place.
func TestWhatIsInACommit(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "secret.yaml", acme("Outside"))
	link := func(target, name string) func(*testing.T, *repository) {
		return func(t *testing.T, r *repository) {
			path := filepath.Join(r.tree, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(target, path)); err != nil {
				t.Fatal(err)
			}
		}
	}
	file := func(name, text string) func(*testing.T, *repository) {
		return func(t *testing.T, r *repository) { write(t, r.tree, name, text) }
	}
	for name, tt := range map[string]struct {
		make func(*testing.T, *repository)
		want []string // the problems; none: the commit is good
	}{
		"a link to a file outside":   {link(filepath.Join(outside, "secret.yaml"), "customers/x.yaml"), []string{"customers/x.yaml: this symbolic link leads out of the catalog's folders"}},
		"a link up and out":          {link("../../secret.yaml", "customers/x.yaml"), []string{"customers/x.yaml: this symbolic link leads out of the catalog's folders"}},
		"a folder that is a link":    {link(outside, "scenarios"), []string{"scenarios: this symbolic link leads out of the catalog's folders"}},
		"a link to nothing":          {link("none.yaml", "customers/x.yaml"), []string{`customers/x.yaml: this symbolic link leads to "customers/none.yaml", which is not there`}},
		"a link to itself":           {link("x.yaml", "customers/x.yaml"), []string{"customers/x.yaml: this symbolic link leads through too many others"}},
		"a link to the folder above": {link("..", "customers/acme"), []string{"customers/acme: this symbolic link leads out of the catalog's folders"}},
		"a link to a link": {func(t *testing.T, r *repository) {
			link("b.md", "runbooks/a.md")(t, r)
			link("c.md", "runbooks/b.md")(t, r)
			write(t, r.tree, "runbooks/c.md", "# C")
		}, nil},
		"a link to a folder beside": {func(t *testing.T, r *repository) {
			write(t, r.tree, "pages/p.md", "# P")
			link("pages", "runbooks")(t, r)
		}, nil},
		"an LFS pointer": {file("scenarios/web.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n"),
			[]string{"scenarios/web.yaml: this is a pointer of Git LFS"}},
		"a huge file":            {file("runbooks/a.md", strings.Repeat("#", 17<<20)), []string{"runbooks/a.md: the file is larger than 16 MiB"}},
		"a large file":           {file("runbooks/a.md", strings.Repeat("#", 2<<20)), []string{"runbooks/a.md: the file is larger than 1024 KiB"}},
		"Japanese names":         {file("runbooks/ディスク-満杯.md", "# ディスク"), nil},
		"a name that is no name": {file("runbooks/a\\b.md", "x"), []string{`runbooks: the name "a\\b.md" in this folder cannot be used`}},
		"hidden and test files": {func(t *testing.T, r *repository) {
			write(t, r.tree, "customers/.x/y", "[")
			write(t, r.tree, "customers/testdata/x.yaml", "[")
		}, nil},
		"a submodule": {func(t *testing.T, r *repository) {
			r.run(r.tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", r.bare, "scenarios/shared")
		}, []string{"scenarios/shared: this is a Git submodule"}},
		"a submodule elsewhere": {func(t *testing.T, r *repository) {
			r.run(r.tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", r.bare, "vendor/shared")
		}, nil},
		"several at once": {func(t *testing.T, r *repository) {
			link("/etc/passwd", "runbooks/p.md")(t, r)
			write(t, r.tree, "customers/b.yaml", "[")
		},
			[]string{"customers/b.yaml:1:1", "runbooks/p.md: this symbolic link leads out"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			tt.make(t, r)
			r.push(name)
			for way, g := range map[string]source.Git{"file": overFile(t, r), "http": overHTTP(t, serve(t, r))} {
				s, err := source.OpenGit(t.Context(), g, options(io.Discard))
				if len(tt.want) == 0 {
					if err != nil {
						t.Errorf("%s: %v", way, err)
					}
					continue
				}
				problems, _ := errors.AsType[yamldoc.Problems](err)
				if s != nil || len(problems) != len(tt.want) {
					t.Fatalf("%s: source %v, problems:\n%v\nerror: %v", way, s, problems, err)
				}
				for i, want := range tt.want {
					if !strings.HasPrefix(problems[i].String(), want) {
						t.Errorf("%s: problem %q, want %q", way, problems[i], want)
					}
				}
			}
		})
	}
}

// TestFilesAreThoseOfTheCommit: at a path, with Japanese names, as they are.
func TestFilesAreThoseOfTheCommit(t *testing.T) {
	r := newRepository(t)
	text := "# ディスク満杯\r\n\x01"
	write(t, r.tree, "運用/初動/runbooks/ディスク.md", text)
	write(t, r.tree, "運用/初動/customers/acme.yaml", acme("Two"))
	r.push("日本語の件名\n\nbody")
	g := overHTTP(t, serve(t, r))
	g.Path = "運用/初動"
	s, err := source.OpenGit(t.Context(), g, options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := s.Current().Runbook("ディスク.md")
	if diff := cmp.Diff([]byte(text), got); diff != "" {
		t.Error(diff)
	}
	if st := s.State(); nameOf(t, s) != "Two" || st.Commit.Subject != "日本語の件名" || !strings.HasSuffix(st.From, "ref main, path 運用/初動") {
		t.Errorf("state %+v", st)
	}
}

// TestCommitOfAnybody: what somebody writes into a commit cannot break a line of the log.
func TestCommitOfAnybody(t *testing.T) {
	r := newRepository(t)
	r.run(r.tree, "-c", "user.name=x", "commit", "-q", "--allow-empty", "--author", "Mallory\x1b[31m <m@x>", "-m", "sub\x07ject"+strings.Repeat("x", 500))
	r.run(r.tree, "push", "-q", "origin", "HEAD:main")
	s, err := source.OpenGit(t.Context(), overFile(t, r), options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	c := s.State().Commit
	if !strings.HasPrefix(c.Author, "Mallory [31m") || !strings.HasPrefix(c.Subject, "sub jectxx") || len(c.Subject) > 200 || bytes.ContainsAny([]byte(c.String()), "\x1b\x07") {
		t.Errorf("commit %q by %q", c.Subject, c.Author)
	}
}
