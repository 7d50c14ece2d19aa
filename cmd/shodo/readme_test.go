package main

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// The README's first scenario is what a newcomer types: its "sh" blocks are run as they stand, and print what stands
// below them, where "..." is anything.
func TestFirstScenarioOfTheReadme(t *testing.T) {
	blocks := section(t, "../../README.md", "## Your first scenario")
	const next = "-- the next block --"
	script, wants := "", []string{}
	for i, b := range blocks {
		if b.kind != "sh" {
			continue
		}
		want := ""
		if i+1 < len(blocks) && blocks[i+1].kind == "" {
			want = blocks[i+1].text
		}
		script += b.text + "echo '" + next + "'\n"
		wants = append(wants, want)
	}
	if len(wants) < 6 {
		t.Fatalf("the README has only %d blocks to run", len(wants))
	}
	cmd := exec.Command("sh", "-eu")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir)
	cmd.Stdin = strings.NewReader(script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, &stderr)
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error: %s", &stderr)
	}
	for i, got := range strings.SplitN(string(out), next+"\n", len(wants)) {
		got = strings.TrimSuffix(got, next+"\n")
		pattern := strings.ReplaceAll(regexp.QuoteMeta(wants[i]), `\.\.\.`, `.*`)
		if !regexp.MustCompile(`(?s)\A` + pattern + `\z`).MatchString(got) {
			t.Errorf("block %d prints\n%s\nand the README says\n%s", i+1, got, wants[i])
		}
	}
}

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

type block struct{ kind, text string }

// section gives the fenced blocks below a heading, in order.
func section(t *testing.T, file, heading string) []block {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var blocks []block
	inside, fenced := false, false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case !fenced && strings.HasPrefix(line, "## "):
			inside = line == heading
		case !inside:
		case fence && !fenced:
			fenced = true
			blocks = append(blocks, block{kind: kind})
		case fence:
			fenced = false
		case fenced:
			blocks[len(blocks)-1].text += line + "\n"
		}
	}
	return blocks
}
