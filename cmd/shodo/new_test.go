package main

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What "shodo new" writes fits the schema that its first line names, so that an editor underlines nothing.
func TestNewFilesFitTheirSchema(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"new", "scenario", "--catalog", dir, "queue"}, {"new", "customer", "--catalog", dir, "acme"}} {
		if code := run(args, io.Discard, os.Stderr); code != 0 {
			t.Fatalf("%v ends with %d", args, code)
		}
	}
	for file, kind := range map[string]string{"scenarios/queue.yaml": "scenario", "scenarios/queue_test.yaml": "test",
		"scenarios/testdata/queue.yaml": "customer", "customers/acme.yaml": "customer"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiledSchema(t, kind).Validate(asEditors(t, parseYAML(t, data))); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		path, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if want := filepath.Join(dir, "schema", kind+".json"); !ok || filepath.Join(filepath.Dir(filepath.Join(dir, file)), path) != want {
			t.Errorf("%s begins with %q, which does not lead to schema/%s.json", file, first, kind)
		}
	}
}

// The action that "shodo new action" writes is whole: it compiles, and passes the contract. The compiler is told of it
// as if it were in the tree.
func TestNewActionPassesTheContract(t *testing.T) {
	if testing.Short() {
		t.Skip("it is compiled")
	}
	dir := t.TempDir()
	w := newWriter(dir, map[string]string{"Name": "sample.greet", "Package": "samplegreet"})
	w.add("samplegreet.go", "action.go.tmpl")
	w.add("samplegreet_test.go", "action_test.go.tmpl")
	if err := w.write(io.Discard, ""); err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for _, f := range w.files {
		replace[filepath.Join(top, "internal/action/samplegreet", f.path)] = filepath.Join(dir, f.path)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "contract.test")
	compile := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", file, "-o", binary, "./internal/action/samplegreet")
	compile.Dir = top
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("compile it: %v\n%s", err, out)
	}
	contract := exec.CommandContext(t.Context(), binary, "-test.v")
	contract.Dir = dir
	if out, err := contract.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestContract") {
		t.Errorf("%v\n%s", err, out)
	}
}
