package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenOfThisMachine(t *testing.T) {
	path := filepath.Join(t.TempDir(), TokenFile)
	var log bytes.Buffer
	read := func() string {
		t.Helper()
		token, err := localToken(path, slog.New(slog.NewTextHandler(&log, nil)))
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Fatalf("the file has mode %v, %v", info.Mode(), err)
		}
		text, err := os.ReadFile(path)
		if err != nil || string(text) != token.Reveal()+"\n" || len(token.Reveal()) != 64 {
			t.Fatalf("the file holds %q, %v; the token has %d characters", text, err, len(token.Reveal()))
		}
		return token.Reveal()
	}
	first := read()
	if read() != first || log.Len() > 0 {
		t.Fatalf("a start replaces the token:\n%s", &log)
	}
	for name, spoil := range map[string]func() error{
		"others could read it":   func() error { return os.Chmod(path, 0o640) },
		"a crash left half":      func() error { return os.WriteFile(path, []byte("0123456789abcdef"), 0o600) },
		"it is empty":            func() error { return os.WriteFile(path, nil, 0o600) },
		"somebody wrote another": func() error { return os.WriteFile(path, []byte("password\n"), 0o600) },
		"it is a link": func() error {
			other := path + ".elsewhere"
			return firstError(os.Rename(path, other), os.Symlink(other, path))
		},
	} {
		log.Reset()
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		next := read()
		if next == first || !strings.Contains(log.String(), "it is replaced") || strings.Contains(log.String(), next) {
			t.Errorf("%s: the token stays, or the log is wrong:\n%s", name, &log)
		}
		first = next
	}
	if _, err := localToken(filepath.Join(t.TempDir(), "nowhere", TokenFile), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error without a folder")
	}
	left, err := filepath.Glob(path + ".*")
	if err != nil || len(left) != 1 { // the target of the link
		t.Errorf("left over: %v %v", left, err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
