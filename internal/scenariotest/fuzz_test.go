package scenariotest_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"shodo/internal/scenariotest"
)

// Whatever a test file holds, it is read or told: nothing panics, and every problem has its place.
func FuzzFind(f *testing.F) {
	fsys := fstest.MapFS{}
	for _, name := range []string{"scenarios/web.yaml", "customers/acme.yaml"} {
		data, err := os.ReadFile("testdata/passing/" + name)
		if err != nil {
			f.Fatal(err)
		}
		fsys[name] = &fstest.MapFile{Data: data}
	}
	seeds, err := filepath.Glob("testdata/*/scenarios/*_test.yaml")
	if err != nil || len(seeds) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range seeds {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	opts := options()
	f.Fuzz(func(t *testing.T, data []byte) {
		withTest := fstest.MapFS{"scenarios/web_test.yaml": {Data: data}}
		for name, file := range fsys {
			withTest[name] = file
		}
		_, problems := scenariotest.Find(withTest, opts)
		for _, p := range problems {
			if p.Line == 0 || p.Message == "" {
				t.Errorf("a problem without a place or words: %+v", p)
			}
		}
	})
}
