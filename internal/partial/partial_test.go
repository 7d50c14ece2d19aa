package partial_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"shodo/internal/partial"
)

func create(t *testing.T, path, content string) *partial.File {
	t.Helper()
	f, err := partial.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return f
}

// wantFolder makes sure of what is in a folder, and that nobody else may read it.
func wantFolder(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != len(want) {
		t.Errorf("there are %v, want %v", list, want)
	}
	for name, content := range want {
		path := filepath.Join(dir, name)
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s is %q, error %v; want %q", name, got, err, content)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, error %v", name, info.Mode(), err)
		}
	}
}

func TestNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, tc := range []struct {
		content string
		name    func(*partial.File) error
		err     error
		after   map[string]string
	}{
		{"given up", func(*partial.File) error { return nil }, nil, map[string]string{}},
		{"one", (*partial.File).Place, nil, map[string]string{"a": "one"}},
		{"two", (*partial.File).Place, fs.ErrExist, map[string]string{"a": "one"}},
		{"three", (*partial.File).Replace, nil, map[string]string{"a": "three"}},
	} {
		f := create(t, path, tc.content)
		if err := tc.name(f); !errors.Is(err, tc.err) {
			t.Errorf("%s: error %v, want %v", tc.content, err, tc.err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		wantFolder(t, dir, tc.after)
	}
	if _, err := partial.Create(filepath.Join(dir, "no", "such", "folder")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// Two do not write the same file; nor is one begun while a program writes on whose parent was killed.
func TestBusy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	first := create(t, path, "first")
	busy := func() {
		t.Helper()
		if _, err := partial.Create(path); !errors.Is(err, partial.ErrBusy) {
			t.Fatalf("error %v", err)
		}
	}
	busy()
	child := exec.Command("cat")
	child.Stdout = first.File
	input, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if err := first.File.Close(); err != nil { // as the end of a killed process does
		t.Fatal(err)
	}
	busy()
	input.Close()
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	second := create(t, path, "second")
	if err := second.Place(); err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	wantFolder(t, dir, map[string]string{"a": "second"})
}

// A link to something else that stands in the way is not followed.
func TestLinkInTheWay(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a")
	if err := os.Symlink(other, path+partial.Suffix); err != nil {
		t.Fatal(err)
	}
	if f, err := partial.Create(path); err == nil {
		f.Close()
		t.Error("a link was followed")
	}
	if got, err := os.ReadFile(other); err != nil || string(got) != "precious" {
		t.Errorf("it is %q, error %v", got, err)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.md")
	for _, text := range []string{"first", "second, in its place"} {
		if err := partial.Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(path + "?*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := partial.Write(filepath.Join(path, "below"), nil); err == nil {
		t.Error("a file is no folder")
	}
}
