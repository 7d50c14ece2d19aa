package report_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/report"
	"shodo/internal/suggest"
)

var (
	tokyo  = time.FixedZone("Asia/Tokyo", 9*60*60)
	monday = time.Date(2026, 11, 9, 0, 0, 0, 0, tokyo) // of 2026-W46
	later  = monday.AddDate(0, 1, 0)
)

// record is a record that a test can read.
type record []incident.Fact

func (r record) Facts(_ context.Context, f incident.FactFilter) iter.Seq2[incident.Fact, error] {
	facts, byTime := []incident.Fact(r), func(a, b incident.Fact) int { return a.CreatedAt.Compare(b.CreatedAt) }
	if !slices.IsSortedFunc(facts, byTime) {
		facts = slices.Clone(r)
		slices.SortStableFunc(facts, byTime)
	}
	return func(yield func(incident.Fact, error) bool) {
		for _, one := range facts {
			if one.CreatedAt.Before(f.Since) || !f.Until.IsZero() && !one.CreatedAt.Before(f.Until) ||
				f.Customer != "" && one.Customer != f.Customer || f.Scenario != "" && one.Scenario != f.Scenario {
				continue
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

// customers is the catalog of the tests. kita has adopted nothing; "gone" was a customer once.
func customers() []analytics.Customer {
	return []analytics.Customer{
		{ID: "acme", Name: "株式会社アクメ", Department: "cloud-1", Scenarios: []incident.ScenarioName{"disk-full", "http-down"}},
		{ID: "minato", Name: "Minato Shipping", Department: "cloud-1", Scenarios: []incident.ScenarioName{"disk-full"}},
		{ID: "aoba", Name: "Aoba Bank", Department: "cloud-2", Scenarios: []incident.ScenarioName{"http-down", "process-down", "certificate-expiry"}},
		{ID: "kita", Name: "北日本フーズ", Department: "cloud-2"},
	}
}

// story is one line of a kind of alert that comes again and again.
type story struct {
	customer   incident.CustomerID
	department string
	service    incident.ServiceID
	scenario   incident.ScenarioName
	title      string
	priority   string
	targets    int
	outcomes   []string // in turn: "outcome" or "outcome:reason"
	perWeek    []int    // in this week, the week before, and so on; the last one goes on
	every      int      // minutes between two of a week; 0: spread evenly
}

func stories() []story {
	return []story{
		{"acme", "cloud-1", "PWEB", "disk-full", "Disk /data %d%% on web-%d", "P2", 6, []string{"recovered", "recovered", "recovered", "handed_over:verify_failed", "recovered"}, []int{42, 45, 40, 38, 41, 44, 36, 39, 40, 37}, 0},
		{"acme", "cloud-1", "PWEB", "http-down", "https://shop.acme.example/%d is down on web-%d", "P1", 3, []string{"recovered", "cleared", "resolved_upstream", "handed_over:inconclusive"}, []int{28, 31, 22, 26, 30}, 0},
		{"acme", "cloud-1", "PDB", "", "Replication lag %d s on db-%d", "P1", 2, []string{"unmatched"}, []int{23, 9, 8, 11, 7}, 0},
		{"minato", "cloud-1", "PSHIP", "disk-full", "Disk C: %d%% on edi-%d", "P3", 4, []string{"recovered", "recovered", "cleared"}, []int{35, 28, 30, 29, 25}, 0},
		{"minato", "cloud-1", "PSHIP", "", "EDI queue has %d messages on edi-%d", "", 2, []string{"unmatched", "taken_over"}, []int{12, 14, 13, 15, 12}, 0},
		{"aoba", "cloud-2", "PCORE", "http-down", "Login page returns 50%d on core-%d", "P1", 2, []string{"cleared", "cleared", "resolved_upstream", "handed_over:storm", "handed_over:storm"}, []int{40, 18, 16, 22, 19}, 25},
		{"aoba", "cloud-2", "PCORE", "process-down", "Process batchd is not running (pid %d) on core-%d", "P2", 3, []string{"recovered", "suppressed", "recovered", "handed_over:step_failed"}, []int{31, 36, 33, 30, 34}, 0},
		{"kita", "cloud-2", "PPOS", "", "POS terminal %d of shop %d offline", "P4", 9, []string{"unmatched"}, []int{19, 25, 21, 20, 24}, 0},
		{"gone", "cloud-9", "POLD", "", "Backup %d failed on old-%d", "P3", 2, []string{"unmatched"}, []int{2, 3, 2, 4}, 0},
	}
}

// weeks makes a year of the operation, ending with 2026-W46.
func weeks(n int) record {
	var list record
	for back := range n {
		start := monday.AddDate(0, 0, -7*back)
		for si, s := range stories() {
			count := s.perWeek[min(back, len(s.perWeek)-1)]
			for i := range count {
				at := start.Add(time.Duration(i)*7*24*time.Hour/time.Duration(count) + time.Duration(si*37)*time.Minute)
				if s.every > 0 && i%5 > 0 {
					at = start.Add(time.Duration(i/5*5)*7*24*time.Hour/time.Duration(count) + time.Duration(si*37+i%5*s.every)*time.Minute)
				}
				list = append(list, s.fact(back, si, i, at))
			}
		}
	}
	return list
}

func (s story) fact(back, si, i int, at time.Time) incident.Fact {
	outcome, reason, _ := strings.Cut(s.outcomes[(i+back)%len(s.outcomes)], ":")
	f := incident.Fact{ID: incident.ID(fmt.Sprintf("Q%02d%d%03d", back, si, i)), Run: 1, Customer: s.customer, Department: s.department, Service: s.service,
		Scenario: s.scenario, Priority: s.priority, Title: fmt.Sprintf(s.title, 80+i%19, i%s.targets), Alerts: 1 + i%3,
		Outcome: incident.Outcome(outcome), Reason: incident.Reason(reason), CreatedAt: at, ReceivedAt: at.Add(time.Second)}
	if s.scenario != "" {
		f.Target = fmt.Sprintf("host-%d-%d", si, i%s.targets)
		f.StartedAt = at.Add(2500 * time.Millisecond)
	}
	slower := time.Duration(100+10*min(back, 9)) * time.Second / 100 // it was slower before
	f.OutcomeAt = at.Add(time.Duration(20+i%50) * slower)
	f.EndedAt = f.OutcomeAt.Add(time.Second)
	switch {
	case outcome == "recovered":
		f.Attempted = 1 + incident.Attempts(i%4/3*2)
	case reason == "verify_failed":
		f.Attempted = 3
	}
	if !f.Outcome.IsAutomatic() {
		f.TakenAt = f.OutcomeAt.Add(time.Duration(60+i%11*45) * slower)
		f.EndedAt = f.TakenAt.Add(time.Duration(10+i%37) * 60 * slower)
		if i%13 == 5 {
			f.TakenAt = time.Time{}
		}
		if back == 0 && i >= 36 {
			f.EndedAt = time.Time{}
		}
	}
	if outcome == "suppressed" {
		f.Windows.SuppressedBy = `quiet hours "weekly batch"`
	}
	if s.customer == "minato" && i%6 == 4 {
		f.Windows.Waits = []incident.Wait{{Question: incident.Page, Window: `quiet hours "nights"`, Waited: time.Duration(3+i%4) * time.Hour, Became: incident.ToldTier}}
	}
	return f
}

// kinds are what "shodo suggest" would say.
func kinds() []suggest.Kind {
	return []suggest.Kind{
		{Customer: "acme", Department: "cloud-1", Service: "PDB", Title: "Replication lag # s on #", Count: 23, PersonMinutes: 552, Measured: 23, Examples: []incident.ID{"Q002022", "Q002021"},
			Name: "replication-lag", Skeleton: "title: Replication lag\nmatch:\n  service: [PDB]\ncheck:\n  - action: http.request\n"},
		{Customer: "kita", Department: "cloud-2", Service: "PPOS", Title: "POS terminal # of shop # offline", Count: 19, PersonMinutes: 380, Measured: 19, Examples: []incident.ID{"Q007018"},
			Name: "pos-terminal-offline", Skeleton: "title: POS terminal\n"},
		{Customer: "minato", Department: "cloud-1", Service: "PSHIP", Title: "EDI queue has # messages on #", Count: 12, PersonMinutes: 210, Measured: 12, Name: "edi-queue", Skeleton: "title: EDI queue\n"},
	}
}

func week(t testing.TB, text string) analytics.Period {
	t.Helper()
	p, err := analytics.Week(text, tokyo)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// cases are the reports of the golden files.
func cases(t testing.TB) map[string]report.Input {
	lost := 0
	month, err := analytics.Month("2026-10", tokyo)
	if err != nil {
		t.Fatal(err)
	}
	any, err := analytics.Between(monday.AddDate(0, 0, -3), monday.AddDate(0, 0, 4).Add(12*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	one := weeks(1)[:1]
	whole := report.Input{Record: weeks(20), Period: week(t, "2026-W46"), Now: later, Customers: customers(), Kinds: kinds(), Lost: &lost,
		Manual: map[incident.ScenarioName]time.Duration{"http-down": 15 * time.Minute, "disk-full": 20 * time.Minute}}
	with := func(change func(*report.Input)) report.Input {
		in := whole
		change(&in)
		return in
	}
	return map[string]report.Input{
		"operation":  whole,
		"department": with(func(in *report.Input) { in.Edition.Department = "cloud-1" }),
		"customer":   with(func(in *report.Input) { in.Edition.Customer = "minato" }),
		"removed":    with(func(in *report.Input) { in.Edition.Customer = "gone" }),
		"monthly":    with(func(in *report.Input) { in.Period = month }),
		"period":     with(func(in *report.Input) { in.Period, in.Now = any, monday.AddDate(0, 0, 3) }),
		"empty":      with(func(in *report.Input) { in.Record, in.Kinds, in.Lost = record{}, nil, nil }),
		"one":        with(func(in *report.Input) { in.Record, in.Kinds, in.Customers = one, nil, nil }),
	}
}

func build(t testing.TB, in report.Input) *report.Report {
	t.Helper()
	r, err := report.Build(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// renderings are the formats as bytes.
func renderings(t testing.TB, r *report.Report) map[string][]byte {
	t.Helper()
	page, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	data, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	lines, err := r.CSV()
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"md": r.Markdown(), "html": page, "json": data, "csv": lines}
}

// huge is a week of 21,000 incidents, and one of 2,000, of 400 customers with long names and titles.
func huge() record {
	all := stories()
	list := make(record, 23_000)
	for i := range list {
		s := all[i%len(all)]
		s.customer = incident.CustomerID(fmt.Sprintf("customer-%d-%s", i%400, strings.Repeat("x", i%400/10)))
		s.title = strings.Repeat("very ", i%7*5) + s.title
		list[i] = s.fact(1, i%len(all), i, monday.AddDate(0, 0, -7*(i/21_000)).Add(time.Duration(i%21_000)*28*time.Second))
	}
	slices.SortFunc(list, func(a, b incident.Fact) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}

// isGolden chooses: Markdown says in short what all of them say, and CSV has no words.
func isGolden(name, language, format string) bool {
	switch format {
	case "md":
		return true
	case "html":
		return name == "operation" || name == "customer" || name == "empty"
	}
	return language == "en" && (name == "empty" || name == "one" || name == "removed")
}

func TestGolden(t *testing.T) {
	all := cases(t)
	much := all["operation"]
	much.Record, much.Kinds = huge(), nil
	all["huge"] = much
	for name, in := range all {
		for _, language := range []string{"en", "ja"} {
			in.Language = language
			r := build(t, in)
			for format, got := range renderings(t, r) {
				if !isGolden(name, language, format) {
					continue
				}
				golden(t, filepath.Join("testdata", name+"."+language+"."+format), got)
			}
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with UPDATE_GOLDEN=1", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestSameInputSameBytes(t *testing.T) {
	in := cases(t)["operation"]
	first := renderings(t, build(t, in))
	in.Now = in.Now.AddDate(0, 3, 0) // when it is written does not matter
	slices.Reverse(in.Customers)
	for format, again := range renderings(t, build(t, in)) {
		if !bytes.Equal(first[format], again) {
			t.Errorf("%s: other bytes", format)
		}
	}
}
