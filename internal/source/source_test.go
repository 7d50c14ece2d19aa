package source_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	_ "time/tzdata"

	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

const customer = "name: %NAME%\ntime_zone: UTC\nlanguage: en\npagerduty: {services: [PX10]}\ntiers: [{name: ops, slack: \"#ops\"}]\n"

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func acme(name string) string { return strings.ReplaceAll(customer, "%NAME%", name) }

func nameOf(t *testing.T, s *source.Source) string {
	t.Helper()
	c, ok := s.Current().CustomerOf("PX10")
	if !ok {
		t.Fatal("nobody has the service")
	}
	return c.Name
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "customers/acme.yaml", acme("One"))
	var logged bytes.Buffer
	s, err := source.OpenFolder(dir, options(&logged))
	if err != nil {
		t.Fatal(err)
	}
	old := s.Current()
	if got := nameOf(t, s); got != "One" {
		t.Errorf("name %q", got)
	}

	write(t, dir, "customers/acme.yaml", acme("Two"))
	if got := nameOf(t, s); got != "One" {
		t.Errorf("name %q before the reload", got)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := nameOf(t, s); got != "Two" || s.Current().Version() == old.Version() {
		t.Errorf("name %q, version %q after the reload", got, s.Current().Version())
	}
	if c, _ := old.CustomerOf("PX10"); c.Name != "One" {
		t.Error("a catalog that somebody still holds has changed")
	}

	good := s.Current()
	write(t, dir, "customers/acme.yaml", acme("Three")+"lables: {}\n")
	write(t, dir, "customers/bad.yaml", "[")
	err = s.Reload()
	if !errors.Is(err, source.ErrCatalog) || !strings.Contains(err.Error(), `did you mean "labels"?`) || !strings.Contains(err.Error(), "customers/bad.yaml:1:1") {
		t.Errorf("error: %v", err)
	}
	if problems, ok := errors.AsType[yamldoc.Problems](err); !ok || len(problems) != 2 {
		t.Errorf("problems in the error: %v", problems)
	}
	if s.Current() != good {
		t.Error("a bad catalog has replaced the good one")
	}
	if out := logged.String(); strings.Count(out, "catalog loaded") != 2 || !strings.Contains(out, "version="+good.Version()) {
		t.Errorf("log:\n%s", out)
	}
}

// TestSwappedFolder: a deployment points the link at another folder.
func TestSwappedFolder(t *testing.T) {
	one, two, link := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "catalog")
	write(t, one, "customers/acme.yaml", acme("One"))
	write(t, two, "customers/acme.yaml", acme("Two"))
	if err := os.Symlink(one, link); err != nil {
		t.Fatal(err)
	}
	s, err := source.OpenFolder(link, options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(two, link+".new"), os.Rename(link+".new", link), s.Reload()); err != nil {
		t.Fatal(err)
	}
	if got := nameOf(t, s); got != "Two" {
		t.Errorf("name %q", got)
	}
	if err := errors.Join(os.Remove(link)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error of a folder that is gone: %v", err)
	}
	if got := nameOf(t, s); got != "Two" {
		t.Errorf("name %q after the folder was gone", got)
	}
}

func TestOpenWhatIsNoCatalog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), "file", "x")
	outside := t.TempDir()
	write(t, outside, "customers/acme.yaml", acme("Outside"))
	escaping := t.TempDir()
	if err := os.Symlink(filepath.Join(outside, "customers"), filepath.Join(escaping, "customers")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ dir, want string }{
		"no folder":                   {filepath.Join(t.TempDir(), "none"), "set catalog.dir"},
		"a file":                      {file, "not a directory"},
		"an empty folder":             {t.TempDir(), "this is not a catalog"},
		"a link that leads out of it": {escaping, "path escapes"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := source.OpenFolder(tt.dir, options(io.Discard))
			if s != nil || !errors.Is(err, source.ErrCatalog) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("source %v, error %v; want %q", s, err, tt.want)
			}
		})
	}
}

// TestReloadWhileInUse: readers always see one whole catalog.
func TestReloadWhileInUse(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "customers/acme.yaml", acme("Zero"))
	s, err := source.OpenFolder(dir, options(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if c, ok := s.Current().CustomerOf("PX10"); !ok || c.Name == "" {
						t.Error("half a catalog")
						return
					}
				}
			}
		})
	}
	for i := range 20 {
		write(t, dir, "customers/acme.yaml", acme(strings.Repeat("x", i+1)))
		if err := s.Reload(); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}
