package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// pastWorld is a PagerDuty with a past, and the settings of an engine that has never run.
type pastWorld struct {
	*sandbox.Server
	dir      string
	settings string
}

const pastWorldToken = "a-token-of-the-sandbox"

const acmeFile = `name: Acme
department: retail
language: en
time_zone: UTC
pagerduty: {services: [PWEB001]}
allow: [http.request, tcp.connect]
scenarios:
  disk: {}
tiers:
  - {name: first, slack: "#incidents"}
`

func newPastWorld(t *testing.T, count int) *pastWorld {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Token: pastWorldToken, From: "shodo@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() { _ = server.Close() })
	now := time.Now()
	if _, err := server.PagerDuty.AddHistory(sandbox.History{Since: now.AddDate(0, -4, 0), Until: now.AddDate(0, 0, -1), Count: count}); err != nil {
		t.Fatal(err)
	}
	w := &pastWorld{Server: server, dir: t.TempDir()}
	w.settings = w.write(t, "shodo.yaml", fmt.Sprintf(`data_dir: %[1]s
catalog: {dir: %[1]s/catalog}
log: {level: error}
pagerduty:
  api_url: %[2]s
  token: {file: %[1]s/token}
  from: shodo@example.com
  webhook_secrets: [{file: %[1]s/secret}]
`, w.dir, server.PagerDutyURL()))
	w.write(t, "token", pastWorldToken)
	w.write(t, "secret", "a-secret-of-webhooks")
	w.write(t, "catalog/customers/acme.yaml", acmeFile)
	w.write(t, "catalog/scenarios/disk.yaml", `title: Disk full
runbook: disk.md
match: {when: 'alert.severity == "error" and alert.summary contains "Disk"'}
autonomy: observe
inputs:
  host: {type: string, from: 'alert.details["host"]'}
target: "${{ inputs.host }}"
limits: {timeout: 10m}
check:
  - {id: probe, uses: tcp.connect, with: {host: "${{ inputs.host }}", port: 22}, healthy: output.connected}
`)
	w.write(t, "catalog/runbooks/disk.md", "# Disk\n")
	return w
}

func (w *pastWorld) write(t *testing.T, name, text string) string {
	t.Helper()
	place := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return place
}

// shodo runs a command with the settings, and gives what it says.
func (w *pastWorld) shodo(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(append(args, "-c", w.settings), &out, &errs); code != want {
		t.Fatalf("shodo %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

func wants(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q is not in\n%s", what, part, text)
		}
	}
}

// TestImportOnTheFirstDay: after an import into a fresh record there are figures, a report with its year, a backtest, and suggestions.
func TestImportOnTheFirstDay(t *testing.T) {
	w := newPastWorld(t, 400)
	since := time.Now().AddDate(0, -5, 0).Format(time.DateOnly)
	pagerDuty := []string{"import", "pagerduty", "--since", since, "--zone", "UTC", "--rate", "960"}

	out, _ := w.shodo(t, 0, append(pagerDuty, "--dry-run")...)
	wants(t, "a dry run", out, "Would bring 400 incidents")
	if _, err := os.Stat(filepath.Join(w.dir, "api.token")); err == nil {
		t.Error("an engine has run")
	}
	out, errs := w.shodo(t, 0, append(pagerDuty, "--fast")...)
	wants(t, "the import", out, "Brought 400 incidents", "shodo suggest")
	wants(t, "the progress", errs, "  0 %, 0 incidents")
	out, _ = w.shodo(t, 0, append(pagerDuty, "--fast", "--format", "json")...)
	var again incident.Import
	if err := json.Unmarshal([]byte(out), &again); err != nil || again.Unchanged != 400 || again.Imported != 0 {
		t.Errorf("the second import is %s, %v", out, err)
	}

	out, errs = w.shodo(t, 0, "stats", "--since", since, "--json", "--by", "customer", "--zone", "UTC")
	var stats struct {
		Figures struct {
			Incidents     int
			Automatic     struct{ Count, Of int }
			Coverage      struct{ Count int }
			FirstResponse struct {
				Count int
				Mean  float64 `json:"mean_seconds"`
			} `json:"first_response"`
			TimeToPerson struct {
				Count int
				Mean  float64 `json:"mean_seconds"`
			} `json:"time_to_person"`
			NotTaken int `json:"not_taken"`
			Open     int
		}
		Groups []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(out), &stats); err != nil {
		t.Fatal(err)
	}
	f := stats.Figures
	// Of ten kinds: one is resolved by the monitor, one when its time was over. The ends are after 31, 12, 6, 44, 75, 20, 25, 240, 9 and
	// 50 minutes; people take seven, after 4, 2, 9, 15, 3, 1 and 5.
	if f.Incidents != 400 || f.Automatic.Count != 40 || f.Coverage.Count != 0 || f.FirstResponse.Count != 400 || f.FirstResponse.Mean != 51.2*60 ||
		f.TimeToPerson.Count != 280 || int(f.TimeToPerson.Mean) != 39*60/7 || f.NotTaken != 80 || f.Open != 0 {
		t.Errorf("the figures are %+v", f)
	}
	if len(stats.Groups) != 1 || stats.Groups[0].Name != "acme" || errs != "" {
		t.Errorf("the customers are %+v, warnings %q", stats.Groups, errs)
	}

	out, _ = w.shodo(t, 0, "suggest", "--since", "300d", "--limit", "3")
	wants(t, "the suggestions", out, "80 incidents × 31.0 min  Disk # on # is #% full", "customer acme (retail)", "such as QPAST", "draft 夜間バッチ-異常終了しました")
	out, _ = w.shodo(t, 0, "backtest", "--since", "300d", filepath.Join(w.dir, "catalog"))
	wants(t, "the backtest", out, "80 of 400 incidents differ: 80 newly matched") // two of ten kinds
	out, _ = w.shodo(t, 0, "report", "monthly", "--month", time.Now().AddDate(0, 0, -time.Now().Day()).Format("2006-01"), "--format", "json")
	var report struct {
		Years []struct {
			Figures struct {
				Incidents     int
				FirstResponse struct {
					Mean float64 `json:"mean_seconds"`
				} `json:"first_response"`
			}
		}
		Automate []struct{ Name string } `json:"automate_next"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	inYears := 0
	for _, y := range report.Years {
		inYears += y.Figures.Incidents
	}
	if inYears < 200 || len(report.Automate) == 0 { // of 400 in four months, at least the two before the last one are in it
		t.Errorf("the report has years of %d incidents, and suggests %+v", inYears, report.Automate)
	}
	out, _ = w.shodo(t, 0, "incident", "show", "QPAST000000001")
	wants(t, "the story", out, "before the engine: a person resolved it", "Ben Carter")
}

func TestImportRefused(t *testing.T) {
	w := newPastWorld(t, 30)
	pagerDuty := []string{"import", "pagerduty", "--since", "300d", "--rate", "960"}
	for status, hint := range map[int]string{402: "the plan of the account does not have this", 403: "the token must be allowed to read all incidents"} {
		remove := w.PagerDuty.Inject(sandbox.Fault{Path: "/incidents/*/alerts", Status: status})
		_, errs := w.shodo(t, 2, pagerDuty...)
		wants(t, fmt.Sprint(status), errs, fmt.Sprintf("status %d", status), hint)
		remove()
	}

	remove := w.PagerDuty.Inject(sandbox.Fault{Path: "/incidents", Status: 400})
	if _, errs := w.shodo(t, 2, append(pagerDuty, "--dry-run")...); !strings.Contains(errs, "hint: nothing was written") {
		t.Errorf("a dry run: %s", errs)
	}
	remove()

	// Half a history is told by everything that makes figures of it.
	for _, args := range [][]string{{"store", "info"}, {"report", "monthly"}, {"stats", "--since", "300d"}, {"suggest", "--since", "300d"}, {"backtest", "--since", "300d", filepath.Join(w.dir, "catalog")}} {
		_, errs := w.shodo(t, 0, args...)
		wants(t, args[0], errs, "warning: the import of history", "is not finished", "shodo import pagerduty --since ")
	}
	out, errs := w.shodo(t, 0, pagerDuty...)
	wants(t, "the rest", out, "Brought 30 incidents")
	wants(t, "the rest", errs, "Going on with the import that was begun at")
	if _, errs := w.shodo(t, 0, "stats", "--since", "300d"); errs != "" {
		t.Errorf("the history is whole, and stats warns: %s", errs)
	}

	w.write(t, "token", "another-token-that-is-wrong")
	_, errs = w.shodo(t, 2, pagerDuty...)
	wants(t, "a wrong token", errs, "token not accepted", "check pagerduty.token")
	if strings.Contains(errs, "another-token") {
		t.Errorf("the token is in %s", errs)
	}
}

// What a token does not see is not there, and what no customer has belongs to nobody: both are said.
func TestImportOfLittle(t *testing.T) {
	w := newPastWorld(t, 10)
	out, _ := w.shodo(t, 0, "import", "pagerduty", "--since", "2d", "--until", time.Now().AddDate(0, 0, -1).UTC().Format(time.RFC3339), "--service", "PNONE01")
	wants(t, "nothing", out, "Brought 0 incidents", "the token may not be allowed to see them")
	w.write(t, "catalog/customers/acme.yaml", strings.Replace(acmeFile, "PWEB001", "POTHER1", 1))
	out, _ = w.shodo(t, 0, "import", "pagerduty", "--since", "300d", "--rate", "960")
	wants(t, "nobody's", out, "Brought 10 incidents", "10 of services that no customer of the catalog has")
	w.write(t, "catalog/customers/acme.yaml", acmeFile)
	out, _ = w.shodo(t, 0, "import", "pagerduty", "--since", "300d", "--rate", "960")
	wants(t, "once a customer has it", out, "Brought 10 incidents")
}

func TestImportAsked(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		f            importFlags
		since, until string // or what is wrong
	}{
		{importFlags{since: "2025-11-01"}, "2025-11-01T00:00:00Z", "2026-11-20T15:30:00Z"},
		{importFlags{since: "90d"}, "2026-08-22T00:00:00Z", "2026-11-20T15:30:00Z"},
		{importFlags{since: "2025-11-01", until: "2025-12-31"}, "2025-11-01T00:00:00Z", "2026-01-01T00:00:00Z"},
		{importFlags{since: "2025-11-01", until: "2027-12-31"}, "2025-11-01T00:00:00Z", "2026-11-20T15:30:00Z"},
		{importFlags{since: "2025-11-01T09:30:00+09:00"}, "2025-11-01T00:30:00Z", "2026-11-20T15:30:00Z"},
		{importFlags{}, "", "say from when on"},
		{importFlags{since: "2027-01-01"}, "", "before it begins"},
		{importFlags{since: "2026-13-01"}, "", "--since"},
		{importFlags{since: "2026-11-01", until: "2026-10-01"}, "", "before it begins"},
		{importFlags{since: "2026-11-01", zone: "Mars"}, "", "there is no such zone"},
		{importFlags{since: "2026-11-01", rate: 961}, "", "--rate 961"},
		{importFlags{since: "2026-11-01", format: "xml"}, "", `unknown --format "xml"`},
	} {
		if c.f.rate == 0 {
			c.f.rate = defaultRate
		}
		if c.f.zone == "" {
			c.f.zone = "UTC"
		}
		if c.f.format == "" {
			c.f.format = "text"
		}
		since, until, err := c.f.period(now)
		if c.since == "" {
			if err == nil || !strings.Contains(err.Error(), c.until) {
				t.Errorf("%+v: error %v, want %q", c.f, err, c.until)
			}
			continue
		}
		if err != nil || since.UTC().Format(time.RFC3339) != c.since || until.UTC().Format(time.RFC3339) != c.until {
			t.Errorf("%+v: from %s to %s, %v", c.f, since, until, err)
		}
	}
}

func TestImportBar(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	var out bytes.Buffer
	b := &importBar{out: &out, terminal: true, now: func() time.Time { return now }}
	i := incident.Import{Since: now.AddDate(0, 0, -100), Until: now}
	b.show(history.Progress{Import: i, At: i.Since})
	now = now.Add(10 * time.Minute)
	i.Imported = 12345
	b.show(history.Progress{Import: i, At: i.Since.AddDate(0, 0, 25)})
	b.show(history.Progress{Import: i, At: i.Since.AddDate(0, 0, 26)}) // too soon
	b.clear()
	want := "\r[            ]   0 %, 0 incidents until 2026-08-12\x1b[K" +
		"\r[===         ]  25 %, 12,345 incidents until 2026-09-06, about 30 min left\x1b[K" + "\r\x1b[K"
	if got := out.String(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The longest bar fits on 80 columns: one that wraps cannot be written over. Lines of the log take its place.
func TestImportBarFits(t *testing.T) {
	now := time.Date(2026, 11, 20, 15, 30, 0, 0, time.UTC)
	var out bytes.Buffer
	b := &importBar{out: &out, terminal: true, now: func() time.Time { return now }}
	i := incident.Import{Since: now.AddDate(-5, 0, 0), Until: now}
	b.show(history.Progress{Import: i, At: i.Since})
	now = now.Add(119 * time.Minute)
	i.Imported = 9_999_999
	b.show(history.Progress{Import: i, At: i.Since.AddDate(2, 6, 0)})
	for part := range strings.SplitSeq(out.String(), "\r") {
		if n := len(strings.TrimSuffix(part, "\x1b[K")); n > 79 {
			t.Errorf("%d columns: %q", n, part)
		}
	}
	out.Reset()
	fmt.Fprintln(b, "level=WARN msg=waits")
	fmt.Fprintln(b, "level=WARN msg=again")
	if got, want := out.String(), "\r\x1b[Klevel=WARN msg=waits\nlevel=WARN msg=again\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
