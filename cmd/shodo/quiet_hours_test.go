package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/source"
	"shodo/internal/store"
	"shodo/internal/terminal"
)

const quietCustomer = `name: Acme
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PX1234, PX5678]}
tiers: [{name: first, slack: "#oncall"}]
`

// quietCatalog is a catalog of one customer with these sections.
func quietCatalog(t *testing.T, sections string) *catalog.Catalog {
	t.Helper()
	c, problems := catalog.Load(fstest.MapFS{"customers/acme.yaml": {Data: []byte(quietCustomer + sections)}}, "v1", anyActions())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

// quietlyAsked gives what is asked of that customer.
func quietlyAsked(t *testing.T, sections string, f quietFlags) quietQuestion {
	t.Helper()
	c := quietCatalog(t, sections)
	acme, _ := c.Customer("acme")
	q, err := f.question(c.Version(), acme, time.Date(2026, 12, 2, 3, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// TestMonthInATerminal: the picture has colours, fits into 100 columns whatever the windows are called, and shows the
// same as the one in ASCII.
func TestMonthInATerminal(t *testing.T) {
	long := strings.Repeat("とても長い名前の", 9)
	sections := `quiet_hours:
  - {name: "` + long + `", when: {calendar: japan}, contact: defer, page: suppress, match: 'alert.summary contains "` + strings.Repeat("long ", 60) + `"'}
  - {name: nights, when: {from: "22:00", to: "07:00"}, page: defer}
  - {name: batch, when: {cron: "0 2 * * SAT", for: 3h}, recover: forbid}
maintenance:
  - {name: "release 42", from: 2026-11-03T01:00:00+09:00, to: 2026-11-03T04:00:00+09:00, recover: forbid}
  - {name: "release 43", from: 2026-11-03T05:00:00+09:00, to: 2026-11-03T06:00:00+09:00, recover: forbid}
  - {name: "release 44", from: 2026-11-03T07:00:00+09:00, to: 2026-11-03T08:00:00+09:00, recover: forbid}
`
	q := quietlyAsked(t, sections, quietFlags{month: "2026-11"})
	for language, words := range quietWords {
		drawn := monthPicture{quietQuestion: q, words: words, style: true}.String()
		if !strings.Contains(drawn, "\x1b[31m█") {
			t.Errorf("%s: no colour", language)
		}
		if plain := (monthPicture{quietQuestion: q, words: words, plain: true}).String(); strings.ContainsAny(plain, "\x1b▒█░▓┊") {
			t.Errorf("%s: the plain picture is not plain:\n%s", language, plain)
		}
		for line := range strings.Lines(drawn) {
			line = strings.TrimSuffix(sgr.ReplaceAllString(line, ""), "\n")
			if n := terminal.Columns(line); n > pageWidth {
				t.Errorf("%s: %d columns: %s", language, n, line)
			}
		}
	}
	lines := strings.Split(sgr.ReplaceAllString(monthPicture{quietQuestion: q, words: quietWords["en"], style: true}.String(), ""), "\n")
	for _, want := range []string{
		"Mon  2  page     ▒▒▒▒▒▒▒▒▒▒▒▒▒▒··········┊···········┊·······▒▒▒▒",
		"Tue  3* contact  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ " + terminal.Cut(long, notesWidth),
		"        page     ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ release 42",
		"        recover  ┊·██████··██┊·██········┊···········┊··········· release 43, release 44",
		"· allow   ▒ defer   █ suppress   █ forbid",
		"░ ▓ the same, for some incidents only   * a day of a calendar",
	} {
		if !containsLine(lines, want) {
			t.Errorf("no line %q in\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func containsLine(lines []string, want string) bool {
	for _, line := range lines {
		if line == want {
			return true
		}
	}
	return false
}

// TestMonthByClock: half hours that the clock skips are empty, and those that it repeats show both passes.
func TestMonthByClock(t *testing.T) {
	picture := func(zone, month, window string) []string {
		c, problems := catalog.Load(fstest.MapFS{"customers/acme.yaml": {Data: []byte(strings.Replace(quietCustomer, "Asia/Tokyo", zone, 1) +
			"quiet_hours:\n  - {name: w, page: defer, when: " + window + "}\n")}}, "v1", anyActions())
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		acme, _ := c.Customer("acme")
		q, err := quietFlags{month: month}.question("v1", acme, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(monthPicture{quietQuestion: q, words: quietWords["en"], plain: true}.String(), "\n")
	}
	for _, tt := range []struct{ zone, month, window, want string }{
		{"America/New_York", "2026-03", `{from: "01:00", to: "04:00"}`, "Sun  8  page  :.DD  DD....:...........:...........:........... 23 hours"},
		{"America/New_York", "2026-03", `{from: "02:00", to: "03:00"}`, "Sun  8        :...  ......:...........:...........:........... 23 hours"},
		{"America/New_York", "2026-11", `{from: "01:00", to: "01:30"}`, "Sun  1  page  :.DD........:...........:...........:........... 25 hours"},
		{"Europe/London", "2026-10", `{from: "00:30", to: "01:30"}`, "Sun 25  page  :DDD........:...........:...........:........... 25 hours"},
		{"Australia/Lord_Howe", "2026-10", `{from: "01:30", to: "03:00"}`, "Sun  4  page  :..D D......:...........:...........:........... 23.5 hours"},
		{"Australia/Lord_Howe", "2026-04", `{from: "01:30", to: "02:00"}`, "Sun  5  page  :..D........:...........:...........:........... 24.5 hours"},
		{"Asia/Kathmandu", "2026-04", `{from: "01:45", to: "02:15"}`, "Sun  5  page  :..DD.......:...........:...........:..........."},
	} {
		if lines := picture(tt.zone, tt.month, tt.window); !containsLine(lines, tt.want) {
			t.Errorf("%s %s: no line\n%s\nin\n%s", tt.zone, tt.window, tt.want, strings.Join(lines, "\n"))
		}
	}
}

// TestScopeOfAWindow: a condition is judged only by what was given.
func TestScopeOfAWindow(t *testing.T) {
	tests := []struct {
		conditions string
		flags      quietFlags
		want       windowScope
	}{
		{``, quietFlags{}, aboutIt},
		{`match: customer.id == "acme"`, quietFlags{}, aboutIt},
		{`match: customer.id == "globex"`, quietFlags{}, aboutNot},
		{`match: alert.severity == "info"`, quietFlags{}, aboutSome},
		{`match: alert.severity == "info"`, quietFlags{severity: "info"}, aboutIt},
		{`match: alert.severity == "info"`, quietFlags{severity: "error"}, aboutNot},
		{`unless: alert.severity == "info"`, quietFlags{severity: "info"}, aboutNot},
		{`unless: alert.severity == "info"`, quietFlags{severity: "error"}, aboutIt},
		{`match: incident.service.id == "PX1234"`, quietFlags{severity: "error"}, aboutSome},
		{`match: incident.service.id == "PX1234"`, quietFlags{service: "PX1234"}, aboutIt},
		{`match: incident.service.name == "web"`, quietFlags{service: "PX1234"}, aboutSome},
		{`match: alert.severity == "info", unless: alert.summary contains "x"`, quietFlags{severity: "error"}, aboutSome},
		{`match: int(customer.labels.site) > 2`, quietFlags{}, aboutWho},
	}
	for _, tt := range tests {
		q := quietlyAsked(t, "labels: {site: x}\nquiet_hours:\n  - {name: w, when: {days: [mon]}, page: defer, "+tt.conditions+"}\n", tt.flags)
		if got := q.facts.scopeOf(q.policy.Windows()[0]); got != tt.want {
			t.Errorf("%s with %+v: %s, want %s", tt.conditions, tt.flags, got, tt.want)
		}
	}
}

// TestQuietHoursOfARunningEngine: maintenance that was added at run time counts where its record is named, and only there.
func TestQuietHoursOfARunningEngine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"catalog/customers/acme.yaml": quietCustomer, "shodo.yaml": "data_dir: data\n", "data/x": ""} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "data", "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	for _, m := range []incident.Maintenance{
		{ID: "m1", Customer: "acme", Page: incident.Defer, Reason: "release 42"},
		{ID: "m2", Customer: "acme", Page: incident.Suppress, Recover: incident.Forbid, Match: "alert.of_another_version", Reason: "release 43"},
		{ID: "m3", Customer: "globex", Page: incident.Suppress, Reason: "not ours"},
	} {
		m.From, m.To, m.AddedBy, m.AddedAt = from, from.Add(3*time.Hour), "alice", from.Add(-time.Hour)
		if err := s.AddMaintenance(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ask := func(more ...string) (stdout, stderr string) {
		var out, errs bytes.Buffer
		args := append([]string{"quiet-hours", "acme", "--catalog", filepath.Join(dir, "catalog"), "--at", "2026-12-01 11:00"}, more...)
		if code := run(args, &out, &errs); code != 0 {
			t.Fatalf("exit code %d: %s", code, &errs)
		}
		return out.String(), errs.String()
	}
	t.Setenv("SHODO_CONFIG", "")
	if out, errs := ask(); strings.Contains(out, "release") || errs != "" {
		t.Errorf("without -c:\n%s%s", out, errs)
	}
	for _, where := range [][]string{{"-c", filepath.Join(dir, "shodo.yaml")}, {"--store", filepath.Join(dir, "data", "store.db")}} {
		out, errs := ask(where...)
		for _, want := range []string{
			"page     defer until Tue 2026-12-01 13:00 JST, in 2h: nobody is woken, what is still broken then goes on\n         by maintenance \"release 42\"\n",
			"recover  forbid until Tue 2026-12-01 13:00 JST, in 2h: nothing is changed\n         by maintenance \"release 43\"\n",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", where, want, out)
			}
		}
		if strings.Contains(out, "not ours") || !strings.Contains(errs, `maintenance "m2": match "alert.of_another_version": alert has no "of_another_version"`) {
			t.Errorf("%s:\n%s%s", where, out, errs)
		}
	}
}

// TestExamplesOfTheDocs: what the pages say about customers' files is what the engine takes.
func TestExamplesOfTheDocs(t *testing.T) {
	const calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//calendar//EN\r\nEND:VCALENDAR\r\n"
	customers := "../../docs/customers.md"
	files := map[string]string{
		"the whole file":    section(t, customers, "## The whole file")[0].text,
		"the smallest file": section(t, "../../docs/scenario-language.md", "## A customer")[0].text,
	}
	for i, b := range section(t, customers, "## Examples") {
		files[fmt.Sprintf("example %d", i+1)] = quietCustomer + b.text
	}
	windows := section(t, customers, "## Windows")[0].text
	for line := range strings.Lines(windows) {
		rule, _, _ := strings.Cut(line, "   ")
		files[line] = quietCustomer + "quiet_hours:\n  - {name: w, page: defer, " + strings.TrimSpace(rule) + "}\n"
	}
	if len(files) < 11 {
		t.Fatalf("only %d examples were found", len(files))
	}
	for name, text := range files {
		fsys := fstest.MapFS{"customers/acme.yaml": {Data: []byte(text)}}
		if strings.Contains(text, "factory.ics") {
			fsys["customers/factory.ics"] = &fstest.MapFile{Data: []byte(calendar)}
		}
		if _, problems := source.Load(fsys, anyActions()); problems != nil {
			t.Errorf("%s: %v\n%s", name, problems, text)
		}
	}
}
