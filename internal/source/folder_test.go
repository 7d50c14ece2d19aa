package source_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/source"
)

// watched opens the folder and lets it be looked at often.
func watched(t *testing.T, dir string, log *recorder) *source.Source {
	t.Helper()
	o := options(log)
	o.Every = 10 * time.Millisecond
	s, err := source.OpenFolder(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	watch(t, s)
	return s
}

// looks waits until the folder was looked at several more times.
func looks(t *testing.T, s *source.Source) {
	t.Helper()
	for range 6 {
		last := s.State().Fetched
		await(t, s, "another look", func(st source.State) bool { return st.Fetched.After(last) })
	}
}

// TestWatchedFolder: what changes is read by itself; what is wrong is refused and told once, until it changes again.
func TestWatchedFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "customers/acme.yaml", acme("One"))
	var log recorder
	s := watched(t, dir, &log)
	first := s.State()
	looks(t, s)
	if n := strings.Count(log.String(), "catalog loaded"); n != 1 {
		t.Errorf("loaded %d times without a change", n)
	}

	write(t, dir, "customers/acme.yaml", acme("Two"))
	await(t, s, "the change", func(st source.State) bool { return st.Version != first.Version })
	if nameOf(t, s) != "Two" {
		t.Errorf("name %q", nameOf(t, s))
	}

	write(t, dir, "customers/acme.yaml", acme("Three")+"owner")
	write(t, dir, "customers/bad.yaml", "[")
	st := await(t, s, "the refusal", func(st source.State) bool { return st.Refused != nil })
	if st.Refused.Commit != nil || !strings.Contains(st.Refused.Err.Error(), "customers/") || nameOf(t, s) != "Two" {
		t.Errorf("state %+v", st)
	}
	looks(t, s)
	looks(t, s)
	told := strings.Count(log.String(), "is refused")
	if told < 1 || told > 2 { // two, when a look fell between the two writes
		t.Errorf("refused %d times in the log:\n%s", told, &log)
	}
	if err := os.Remove(filepath.Join(dir, "customers/bad.yaml")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "customers/acme.yaml", acme("Four"))
	await(t, s, "no refusal", func(st source.State) bool { return st.Refused == nil && nameOf(t, s) == "Four" })
}

// TestWatchedFolderBehindLinks: a deployment points a link elsewhere, at the top or inside.
func TestWatchedFolderBehindLinks(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"One", "Two"} {
		write(t, top, "releases/"+name+"/customers/acme.yaml", acme(name))
	}
	point := func(to, link string) {
		t.Helper()
		if err := errors.Join(os.Symlink(to, link+".new"), os.Rename(link+".new", link)); err != nil {
			t.Fatal(err)
		}
	}
	point("releases/One", filepath.Join(top, "current"))
	inside := t.TempDir() // as Kubernetes mounts a ConfigMap
	write(t, inside, "..1/customers/acme.yaml", acme("One"))
	write(t, inside, "..2/customers/acme.yaml", acme("Two"))
	point("..1", filepath.Join(inside, "..data"))
	point("..data/customers", filepath.Join(inside, "customers"))
	var log recorder
	atTop, within := watched(t, filepath.Join(top, "current"), &log), watched(t, inside, &log)
	point("releases/Two", filepath.Join(top, "current"))
	point("..2", filepath.Join(inside, "..data"))
	for _, s := range []*source.Source{atTop, within} {
		await(t, s, "the other folder", func(source.State) bool { return nameOf(t, s) == "Two" })
	}
}

// TestFolderThatGoesAway: the catalog stays, and it is told once.
func TestFolderThatGoesAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "catalog")
	write(t, dir, "customers/acme.yaml", acme("One"))
	var log recorder
	s := watched(t, dir, &log)
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	await(t, s, "trouble", func(st source.State) bool { return st.Trouble != nil })
	if err := s.Reload(); !errors.Is(err, os.ErrNotExist) || nameOf(t, s) != "One" {
		t.Errorf("error %v, name %q", err, nameOf(t, s))
	}
	if n := strings.Count(log.String(), "cannot be asked"); n != 1 {
		t.Errorf("told %d times:\n%s", n, &log)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	await(t, s, "no trouble", func(st source.State) bool { return st.Trouble == nil })
}

// TestChanges: whoever wants to know is told of what is taken and refused, not of the first catalog.
func TestChanges(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "customers/acme.yaml", acme("One"))
	var told []string
	o := options(&recorder{})
	o.Changed = func(st source.State) { told = append(told, fmt.Sprint(st.Refused != nil)) }
	s, err := source.OpenFolder(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "customers/acme.yaml", acme("Two"))
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "customers/acme.yaml", "[")
	if err := s.Reload(); err == nil {
		t.Fatal("a broken file is taken")
	}
	if got := strings.Join(told, " "); got != "false true" {
		t.Errorf("told %q", got)
	}
}

// BenchmarkMark is what one look at a large catalog costs.
func BenchmarkMark(b *testing.B) {
	dir := b.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "scenarios"), 0o755); err != nil {
		b.Fatal(err)
	}
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(dir, "scenarios", fmt.Sprintf("s%05d.yaml", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := source.LookAt(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
