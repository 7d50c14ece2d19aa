package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"

	"shodo/internal/analytics"
	"shodo/internal/backtest"
	"shodo/internal/incident"
)

// seedPast is "seed_past FILE DIR": it makes a store of incidents as the engine begins them with the catalog in DIR, one
// of each line of DIR/incidents.txt ("ID SERVICE SOURCE TITLE"), an hour apart.
func seedPast(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: seed_past FILE DIR")
	}
	c, problems, err := loadCatalog(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(problems.Err())
	var records []incident.Record
	for line := range strings.Lines(ts.ReadFile(filepath.Join(args[1], "incidents.txt"))) {
		parts := strings.SplitN(strings.TrimSpace(line), " ", 4)
		at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC).Add(-time.Duration(len(records)) * time.Hour)
		r := incident.Record{WorkflowRun: "run-of-" + parts[0], ReceivedAt: at, CatalogVersion: c.Version(), Incident: incident.Incident{
			ID: incident.ID(parts[0]), Title: parts[3], Status: incident.Triggered, CreatedAt: at, Service: incident.Ref{ID: parts[1]},
			URL:    "https://acme.pagerduty.com/incidents/" + parts[0],
			Alerts: []incident.Alert{{Summary: parts[3], Source: strings.TrimPrefix(parts[2], "-"), Severity: "critical", CreatedAt: at}}, AlertCount: 1}}
		d := c.Decide(r.Incident)
		r.Match = d.Match
		if d.Customer != nil {
			r.Customer = d.Customer.Facts()
		}
		records = append(records, r)
	}
	ts.Check(writeRecords(ts.MkAbs(args[0]), records...))
}

// commitAll is "commit DIR SUBJECT": it commits everything in DIR, which becomes a Git repository.
func commitAll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: commit DIR SUBJECT")
	}
	for _, command := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", args[1]}} {
		cmd := exec.Command("git", command...)
		cmd.Dir = ts.MkAbs(args[0])
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@acme.example",
			"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@acme.example", "GIT_AUTHOR_DATE=2026-11-20T03:00:00Z", "GIT_COMMITTER_DATE=2026-11-20T03:00:00Z")
		if out, err := cmd.CombinedOutput(); err != nil {
			ts.Fatalf("git %v: %v\n%s", command, err, out)
		}
	}
}

// TestBacktestMarkdownIsInert: nothing in an alert formats, links, mentions or breaks out of its cell.
func TestBacktestMarkdownIsInert(t *testing.T) {
	hostile := "@team #1 | `x` \\| <img src=x> [a](http://b) **c**\n| d | \u202e </details>"
	for _, url := range []string{"https://acme.pagerduty.com/incidents/Q1", "javascript:alert(1)", "https://a.example/) [x](y", "https://a|b.example/", ""} {
		r := backtest.Report{Total: backtest.Counts{Incidents: 1, Changes: map[backtest.Kind]int{backtest.Moved: 1}},
			Lists: map[backtest.Kind][]backtest.Change{backtest.Moved: {{ID: "Q1", Title: hostile, Why: hostile, URL: url,
				Before: backtest.Decision{Scenario: "a", Customer: "c"}, After: backtest.Decision{Scenario: incident.ScenarioName(hostile), Customer: "c"}}}}}
		var b bytes.Buffer
		if err := writeBacktestMarkdown(&b, backtestPage{Report: r, After: hostile, Before: hostile, Period: analytics.Period{Since: time.Unix(0, 0).UTC(), Until: time.Unix(1, 0).UTC()}}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			outside := ""
			for i, part := range strings.Split(line, "`") { // every second part is code
				if i%2 == 0 {
					outside += part
				}
			}
			if strings.Count(line, "`")%2 != 0 || strings.ContainsAny(outside, "@#\\") && !strings.HasPrefix(line, "### ") || strings.Contains(outside, "img") || strings.Contains(outside, "](http://") || strings.Contains(line, "javascript") {
				t.Errorf("%s: %s", url, line)
			}
			if strings.HasPrefix(line, "| `") || strings.HasPrefix(line, "| [") {
				if strings.Count(line, "|") != 7 {
					t.Errorf("%d bars in %s", strings.Count(line, "|"), line)
				}
			}
		}
		if got := strings.Contains(b.String(), "[`Q1`]("); got != strings.HasSuffix(url, "/Q1") {
			t.Errorf("link %t to %q", got, url)
		}
	}
}

// FuzzBacktestCode: any text stays inside its code and its cell.
func FuzzBacktestCode(f *testing.F) {
	for _, seed := range []string{"", "`", "|", "a\\|b", "\n", " ", "\u202e`@team`", "\xff|"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := code(text)
		if len(got) < 3 || strings.Count(got, "`") != 2 || got[0] != '`' || got[len(got)-1] != '`' || strings.ContainsAny(got, "|\r\n") {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}

// TestBacktestFitsAComment: GitHub takes 65,536 characters.
func TestBacktestFitsAComment(t *testing.T) {
	r := backtest.Report{Total: backtest.Counts{Incidents: 1e6, Changes: map[backtest.Kind]int{}}, Lists: map[backtest.Kind][]backtest.Change{}}
	long := strings.Repeat("長い題名 ", 200)
	for _, kind := range backtest.Kinds() {
		r.Total.Changes[kind] = 1e5
		for i := range 10 {
			r.Lists[kind] = append(r.Lists[kind], backtest.Change{ID: incident.ID(fmt.Sprintf("Q%013d", i)), Title: long, Why: long, URL: "https://acme.pagerduty.com/incidents/Q2CKYRLH85UNN4"})
		}
	}
	for i := range 1000 {
		r.Customers = append(r.Customers, backtest.CustomerCounts{Customer: incident.CustomerID(fmt.Sprintf("customer-%d", i)), Counts: r.Total})
		r.Shifts = append(r.Shifts, backtest.Shift{Kind: backtest.Moved, Count: 5, Before: backtest.Decision{Scenario: "a"}, After: backtest.Decision{Scenario: "b"}})
	}
	var b bytes.Buffer
	if err := writeBacktestMarkdown(&b, backtestPage{Report: r, limit: 10, Period: analytics.Period{Since: time.Unix(0, 0).UTC(), Until: time.Unix(1, 0).UTC()}}); err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(b.String())); n > 65_536 || n < 10_000 {
		t.Errorf("%d characters", n)
	}
}

func TestBacktestJSONIsTyped(t *testing.T) {
	var b bytes.Buffer
	if err := writeBacktestJSON(&b, backtestPage{}); err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"catalog", "against", "since", "until", "changed", "total", "unreadable", "customers", "shifts"} {
		if out[name] == nil {
			t.Errorf("%q is missing in %s", name, &b)
		}
	}
}

// TestProgress: a long run tells how far it is, on one line, which is gone in the end; a short one tells nothing.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	p := &progress{out: &b, now: func() time.Time { return now }, next: now.Add(time.Second)}
	p.show(64, now)
	p.clear()
	if b.Len() > 0 {
		t.Errorf("a short run told %q", &b)
	}
	for i := range 30 {
		now = now.Add(100 * time.Millisecond)
		p.show(1000*(i+1), time.Date(2026, 9, 1, 12, 0, 0, 0, time.Local))
	}
	p.clear()
	if got := b.String(); strings.Count(got, "\r") > 12 || !strings.Contains(got, "\r11,000 incidents, back to 2026-09-01 ") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("%q", got)
	}
	if newProgress(&b).out != nil {
		t.Error("it tells on what is no terminal")
	}
}

func TestPlaceOf(t *testing.T) {
	top := t.TempDir()
	for _, name := range []string{"catalog", "a@b"} {
		if err := os.Mkdir(filepath.Join(top, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	for text, want := range map[string][2]string{
		"catalog":              {"catalog", ""},
		"./catalog@main":       {"./catalog", "main"},
		"catalog@v1@x":         {"catalog", "v1@x"},
		"a@b":                  {"a@b", ""},
		"a@b@HEAD~1":           {"a@b", "HEAD~1"},
		"catalog@":             {"", ""},
		"main":                 {"", ""},
		"origin/main":          {"", ""},
		"@catalog":             {"", ""},
		"":                     {"", ""},
		filepath.Join(top, ""): {top, ""},
	} {
		if dir, revision := placeOf(text); dir != want[0] || revision != want[1] {
			t.Errorf("%q: %q at %q", text, dir, revision)
		}
	}
}

// What is shown as YAML is YAML: whoever copies it into a pipeline does not look for a missing quote.
func TestYAMLOfTheDocs(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, rest := range strings.Split(string(text), "\n```yaml\n")[1:] {
			block, _, _ := strings.Cut(rest, "\n```")
			for document := range strings.SplitSeq(block, "\n---\n") {
				var n yaml.Node
				if err := yaml.Unmarshal([]byte(document), &n); err != nil {
					t.Errorf("%s, block %d: %v\n%s", page, i+1, err, document)
				}
			}
		}
	}
}
