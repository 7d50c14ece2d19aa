package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
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
