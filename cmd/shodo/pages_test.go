package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"shodo/internal/action"
	"shodo/internal/config"
)

// pages are what people read: the text of each, by its file.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../deploy/*/*", "../../internal/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err != nil || info.IsDir() {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found[file] = string(text)
		}
	}
	if len(found) < 25 {
		t.Fatalf("only %d pages found", len(found))
	}
	return found
}

// Every relative link of the pages leads somewhere, and to a heading that is there.
func TestLinksOfThePages(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	code := regexp.MustCompile("(?ms)^ *```.*?^ *```$|`[^`\n]*`")
	for file, text := range pages(t) {
		if filepath.Ext(file) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			target := file
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if m[2] != "" && !slices.Contains(anchors(t, target), m[2]) {
				t.Errorf("%s links to %q: %s has no such heading", file, m[0], target)
			}
		}
	}
}

// anchors are the names by which the headings of a page are linked to, as GitHub makes them.
func anchors(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dropped := regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
	var list []string
	for _, m := range regexp.MustCompile(`(?m)^#+ +(.+)$`).FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return list
}

// Every command of the pages is one that there is, with the flags that it has.
func TestCommandsOfThePages(t *testing.T) {
	call := regexp.MustCompile("`(?:sudo -u shodo )?(?:bin/)?shodo ([^`]+)`|(?m:(?:^ *|^ *- run: |^\\$ |[|] |\\|\\| |sudo -u shodo |ExecStart=/usr/local/bin/)(?:bin/)?shodo ([a-z].+)$)")
	calls := 0
	for file, text := range pages(t) {
		for _, m := range call.FindAllStringSubmatch(text, -1) {
			line := m[1] + m[2]
			for _, end := range []string{" #", " |", " >", " <", " && ", ";", "    "} {
				line, _, _ = strings.Cut(line, end)
			}
			words := strings.Fields(line)
			if len(words) == 0 || words[0] == "..." || words[0] == "demo:" { // "demo:" is what the demo prints
				continue
			}
			calls++
			cmd, rest, err := newRoot().Find(words)
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err != nil && !errors.Is(err, pflag.ErrHelp) || cmd.Name() == "shodo" && !strings.HasPrefix(words[0], "-") {
				t.Errorf("%s: shodo %s: %v", file, line, err)
			}
		}
	}
	if calls < 250 {
		t.Errorf("only %d commands are found", calls)
	}
}

// Every piece of a settings file in the pages is one that the engine takes, beside what must be set.
func TestSettingsOfThePages(t *testing.T) {
	needed := map[string]string{
		"catalog":   "catalog: {dir: catalog}\n",
		"pagerduty": "pagerduty: {token: {env: A}, from: a@example.com, webhook_secrets: [{env: B}]}\n",
		"slack":     "slack: {bot_token: {env: C}}\n",
		"mail":      "mail: {address: \"smtp.example.com:587\", from: a@example.com}\n",
	}
	sections := map[string]bool{}
	for _, s := range config.Settings() {
		top, _, _ := strings.Cut(s.Path, ".")
		sections[top] = true
	}
	snippet := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	found := 0
	for file, text := range pages(t) {
		for _, m := range snippet.FindAllStringSubmatch(text, -1) {
			var keys map[string]any
			if yaml.Unmarshal([]byte(m[1]), &keys) != nil || len(keys) == 0 {
				continue // a list of cases, or a template
			}
			settings, all := m[1], ""
			for key := range keys {
				if !sections[key] {
					settings = ""
				}
			}
			if settings == "" {
				continue
			}
			found++
			for key, line := range needed {
				if _, given := keys[key]; !given {
					all += line
				}
			}
			secret := func(name string) string {
				return map[string]string{"SLACK_APP_TOKEN": "xapp-"}[name] + "not-a-secret-but-long-enough-" + name
			}
			environ := []string{}
			for _, name := range regexp.MustCompile(`env: (\w+)`).FindAllStringSubmatch(settings+all, -1) {
				environ = append(environ, name[1]+"="+secret(name[1]))
			}
			read := func(path string) ([]byte, error) {
				if path == "shodo.yaml" {
					return []byte(settings + all), nil
				}
				return []byte(secret(path)), nil
			}
			if _, problems := config.Load(config.Sources{File: "shodo.yaml", Environ: environ, ReadFile: read}); len(problems) > 0 {
				t.Errorf("%s: settings that are not taken: %v\n%s", file, problems, settings)
			}
		}
	}
	if found < 9 {
		t.Errorf("only %d pieces are found", found)
	}
}

// The page of the actions is what the code says.
func TestActionsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/actions.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != action.Reference(anyActions()) {
		t.Error("docs/actions.md is of another time: make docs")
	}
}

// The README says of every package what it is for.
func TestFoldersOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir("../../internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && !strings.Contains(string(readme), "`internal/"+f.Name()+"`") {
			t.Errorf("README.md does not say what internal/%s is for", f.Name())
		}
	}
}
