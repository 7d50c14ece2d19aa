package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// ciScripts gives the shell scripts of a CI file, in their order.
func ciScripts(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 {
				switch key := n.Content[i-1].Value; {
				case key == "run":
					scripts = append(scripts, child.Value)
					continue
				case strings.HasSuffix(key, "script"):
					for _, line := range child.Content {
						scripts = append(scripts, line.Value)
					}
					continue
				}
			}
			visit(child)
		}
	}
	visit(parseYAML(t, data))
	return scripts
}

var ciFiles = []string{"../../deploy/ci/github-actions.yml", "../../deploy/ci/gitlab-ci.yml"}

// What the CI files call exists, and every script is shell.
func TestCIFilesNameWhatExists(t *testing.T) {
	call := regexp.MustCompile(`(?m)(?:^|[\s{;&|])shodo ([a-z]+)((?: +[^\s|>;{}]+)*)`)
	for _, file := range ciFiles {
		calls := 0
		for _, script := range ciScripts(t, file) {
			if out, err := exec.Command("sh", "-n", "-c", script).CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s\n%s", file, err, out, script)
			}
			for _, m := range call.FindAllStringSubmatch(script, -1) {
				calls++
				cmd, _, err := newRoot().Find([]string{m[1]})
				if err != nil || cmd.Name() != m[1] {
					t.Errorf("%s calls shodo %s: %v", file, m[1], err)
					continue
				}
				if err := cmd.ParseFlags(strings.Fields(m[2])); err != nil {
					t.Errorf("%s calls %q: %v", file, m[0], err)
				}
			}
		}
		if calls < 3 {
			t.Errorf("%s calls shodo only %d times", file, calls)
		}
	}
}

// The scripts that check and test do so: they end well on a good catalog, with a report, and badly on a bad one.
func TestCIFilesCheckAndTest(t *testing.T) {
	for _, file := range ciFiles {
		var scripts []string
		for _, script := range ciScripts(t, file) {
			if strings.HasPrefix(script, "shodo ") {
				scripts = append(scripts, script)
			}
		}
		if len(scripts) != 2 {
			t.Fatalf("%s has the scripts %q, expected one to check and one to test", file, scripts)
		}
		for _, tc := range []struct {
			name, broken, from, to string
			check, test            bool
			says                   string
		}{
			{name: "good", check: true, test: true},
			{name: "a scenario is wrong", broken: "scenarios/queue.yaml", from: "uses: http.request", to: "uses: http.requests", says: "http.requests"},
			{name: "a case fails", broken: "scenarios/queue_test.yaml", from: "reason: observed\n", to: "reason: stale\n", check: true, says: "expected  stale"},
		} {
			t.Run(filepath.Base(file)+"/"+tc.name, func(t *testing.T) {
				dir := t.TempDir()
				if code := run([]string{"new", "scenario", "--catalog", dir, "queue"}, &bytes.Buffer{}, os.Stderr); code != 0 {
					t.Fatal("shodo new failed")
				}
				if tc.broken != "" {
					path := filepath.Join(dir, tc.broken)
					text, err := os.ReadFile(path)
					if err != nil || !strings.Contains(string(text), tc.from) {
						t.Fatalf("%q is not in %s: %v", tc.from, tc.broken, err)
					}
					if err := os.WriteFile(path, []byte(strings.Replace(string(text), tc.from, tc.to, 1)), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				said := ""
				for i, want := range []bool{tc.check, tc.test} {
					cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", scripts[i])
					cmd.Dir = dir
					out, err := cmd.CombinedOutput()
					said += string(out)
					if (err == nil) != want {
						t.Errorf("%s: %v\n%s", scripts[i], err, out)
					}
				}
				if !strings.Contains(said, tc.says) {
					t.Errorf("nothing says %q:\n%s", tc.says, said)
				}
				if report, err := os.ReadFile(filepath.Join(dir, "shodo-test.xml")); tc.check && (err != nil || !strings.Contains(string(report), "<testsuites")) {
					t.Errorf("the report: %v\n%s", err, report)
				}
			})
		}
	}
}

// The page for authors begins with commands that are run as they stand.
func TestStartOfTheAuthorsPage(t *testing.T) {
	blocks := section(t, "../../docs/authoring.md", "## Start")
	if len(blocks) != 2 || blocks[0].kind != "sh" {
		t.Fatalf("the section has other blocks: %+v", blocks)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", blocks[0].text)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(blocks[1].text), `\.\.\.`, `.*`)
	if !regexp.MustCompile(`(?s)\A` + pattern + `\z`).Match(out) {
		t.Errorf("it prints\n%s\nand the page says\n%s", out, blocks[1].text)
	}
}
