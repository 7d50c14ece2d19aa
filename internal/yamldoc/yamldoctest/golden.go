// Package yamldoctest compares the problems of files with golden files. It is for tests only.
package yamldoctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/yamldoc"
)

// Golden reads every file of the pattern, each named after the mistake in it, and compares what read tells of it with
// the file beside it that ends in .problems. A file named good-* must have no problem, every other one must have some.
// With UPDATE_GOLDEN=1 in the environment it writes the golden files.
func Golden(t *testing.T, pattern string, read func(file string, data []byte) yamldoc.Problems) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %q: %v", pattern, err)
	}
	for _, file := range files {
		base := filepath.Base(file)
		t.Run(strings.TrimSuffix(base, filepath.Ext(base)), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			Compare(t, strings.TrimSuffix(file, filepath.Ext(file))+".problems", read(base, data))
		})
	}
}

// Compare compares problems with a golden file; see Golden.
func Compare(t *testing.T, golden string, problems yamldoc.Problems) {
	t.Helper()
	got := ""
	for _, p := range problems {
		if p.Warning {
			got += "warning: "
		}
		got += p.String() + "\n"
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; write it with UPDATE_GOLDEN=1", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if good := strings.HasPrefix(filepath.Base(golden), "good-"); good != (got == "") {
		t.Errorf("the file's name says good=%v, the problems are:\n%s", good, got)
	}
}
