package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/report"
	"shodo/internal/suggest"
)

// A customer's own edition holds nothing of anybody else: no name, no id of a customer, an incident, a service or a
// department, in no format.
func TestCustomersEditionShowsOnlyThatCustomer(t *testing.T) {
	for _, edition := range []report.Edition{{Customer: "minato"}, {Customer: "gone"}} {
		for _, language := range []string{"en", "ja"} {
			in := cases(t)["operation"]
			in.Edition, in.Language = edition, language
			in.Lost = new(int)
			*in.Lost = 2
			var foreign []string
			for _, c := range in.Customers {
				if c.ID != edition.Customer {
					foreign = append(foreign, string(c.ID), c.Name)
				}
			}
			for _, f := range in.Record.(record) {
				if f.Customer != edition.Customer {
					foreign = append(foreign, string(f.ID), string(f.Service), string(f.Customer), f.Department, f.Target)
				}
			}
			own := []string{"cloud-1"} // minato's department is acme's, too
			slices.Sort(foreign)
			r := build(t, in)
			all := renderings(t, r)
			message, err := r.Summary().JSON()
			if err != nil {
				t.Fatal(err)
			}
			all["slack"] = message
			for format, text := range all {
				if bytes.Contains(text, []byte("shodo stats")) {
					t.Errorf("%s in %s tells a customer to run commands", format, language)
				}
			}
			for _, name := range slices.Compact(foreign) {
				for format, text := range all {
					if name != "" && !slices.Contains(own, name) && bytes.Contains(text, []byte(name)) {
						t.Errorf("%s's edition in %s and %s names %q", edition.Customer, language, format, name)
					}
				}
			}
		}
	}
}

// A department's edition has the incidents of customers that were the department's when they were created, whatever the
// catalog says now.
func TestDepartmentChangedInMidWeek(t *testing.T) {
	in := cases(t)["operation"]
	moved := in.Record.(record)
	thursday := monday.AddDate(0, 0, 3)
	for i := range moved {
		if moved[i].Customer == "aoba" && !moved[i].CreatedAt.Before(thursday) {
			moved[i].Department = "cloud-1"
		}
	}
	before, after := 0, 0
	for _, f := range moved {
		if f.Customer == "aoba" && !f.CreatedAt.Before(monday) {
			if f.Department == "cloud-2" {
				before++
			} else {
				after++
			}
		}
	}
	for department, want := range map[string]int{"cloud-2": before, "cloud-1": after} {
		in.Edition.Department = department
		got, r := 0, build(t, in)
		for _, c := range r.Customers {
			if c.Name == "aoba" {
				got = c.Figures.Incidents
			}
		}
		if name := r.Name("aoba"); name != "Aoba Bank" {
			t.Errorf("%s: the customer that moved is called %q", department, name)
		}
		if got != want || got == 0 {
			t.Errorf("%s: %d incidents of aoba, want %d", department, got, want)
		}
	}
}

// The sentences are those of the figures.
func TestFindings(t *testing.T) {
	// n incidents of a kind in this week, or in the one before; each is recovered in so many seconds, or is a person's.
	week := func(list ...string) record {
		var all record
		for k, line := range list {
			var n, seconds, back int
			var title, outcome string
			if _, err := fmt.Sscan(line, &n, &title, &outcome, &seconds, &back); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				at := monday.AddDate(0, 0, -7*back).Add(time.Duration(i)*time.Hour + time.Duration(k)*time.Minute)
				f := incident.Fact{ID: incident.ID(fmt.Sprintf("Q%d-%d", k, i)), Run: 1, Customer: "acme", Service: "PWEB", Title: title, Outcome: incident.Outcome(outcome), CreatedAt: at,
					OutcomeAt: at.Add(time.Duration(seconds) * time.Second), EndedAt: at.Add(time.Duration(seconds) * time.Second)}
				if !f.Outcome.IsAutomatic() {
					f.TakenAt = at
				}
				all = append(all, f)
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		record  record
		verdict report.Verdict
		by      report.Measure
		cause   string
	}{
		"empty":             {week("3 old recovered 60 1"), report.Empty, report.ByMost, ""},
		"nothing before":    {week("3 disk recovered 60 0", "2 lag unmatched 60 0"), report.First, report.ByMost, "lag"},
		"more handled":      {week("9 disk recovered 60 0", "1 lag unmatched 60 0", "8 disk recovered 60 1", "4 lag unmatched 60 1", "1 net unmatched 60 1"), report.Better, report.ByPeople, "lag"},
		"less handled":      {week("9 disk recovered 60 0", "5 lag unmatched 60 0", "1 net unmatched 60 0", "9 disk recovered 60 1", "1 net unmatched 60 1"), report.Worse, report.ByPeople, "lag"},
		"faster":            {week("5 disk recovered 30 0", "5 net recovered 59 0", "5 disk recovered 60 1", "5 net recovered 60 1"), report.Better, report.ByTime, "disk"},
		"slower":            {week("5 disk recovered 60 0", "5 net recovered 90 0", "5 disk recovered 60 1", "5 net recovered 60 1"), report.Worse, report.ByTime, "net"},
		"more, but slower":  {week("9 disk recovered 90 0", "1 lag unmatched 90 0", "7 disk recovered 60 1", "3 lag unmatched 60 1"), report.Mixed, report.ByPeople, "lag"},
		"each of its kind":  {week("1 lag unmatched 60 0", "1 net unmatched 60 0"), report.First, report.ByMost, ""},
		"one of one kind":   {week("1 lag unmatched 60 0", "4 net recovered 60 0"), report.First, report.ByMost, "lag"},
		"as it was":         {week("9 disk recovered 60 0", "2 lag unmatched 61 0", "9 disk recovered 60 1", "2 lag unmatched 60 1"), report.Same, report.ByMost, "lag"},
		"many are open":     {append(week("9 disk recovered 30 0", "9 disk recovered 60 1"), incident.Fact{ID: "QOPEN", Run: 1, CreatedAt: monday}), report.Worse, report.ByPeople, ""},
		"4.9 % is the same": {week("5 disk recovered 1049 0", "5 disk recovered 1000 1"), report.Same, report.ByMost, ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := cases(t)["empty"]
			in.Record = c.record
			r := build(t, in)
			if got := r.Verdict(); got != c.verdict {
				t.Errorf("verdict %s, want %s", got, c.verdict)
			}
			switch {
			case r.Cause == nil && c.cause != "", r.Cause != nil && (r.Cause.Name != c.cause || r.Cause.By != c.by):
				t.Errorf("cause %+v, want %s by %s", r.Cause, c.cause, c.by)
			}
		})
	}
}

func TestAction(t *testing.T) {
	lost := 2
	weak := weeks(2)
	for name, c := range map[string]struct {
		change func(*report.Input)
		want   report.Action
	}{
		"something is lost":      {func(in *report.Input) { in.Lost = &lost }, report.FindLost},
		"something to automate":  {func(*report.Input) {}, report.Automate},
		"only of somebody else":  {func(in *report.Input) { in.Edition.Customer = "aoba" }, report.TakeOver},
		"something is open":      {func(in *report.Input) { in.Kinds, in.Record = nil, record{{ID: "Q1", CreatedAt: monday}} }, report.CloseOpen},
		"a repair does not hold": {func(in *report.Input) { in.Kinds, in.Record = nil, weak }, report.FixRepair},
		"nothing":                {func(in *report.Input) { in.Kinds, in.Record = nil, record{} }, report.NothingToDo},
	} {
		in := cases(t)["operation"]
		c.change(&in)
		if got := build(t, in).Action(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// Whoever reads figures that a history is missing from is told, in every format; an import that was finished says nothing.
func TestHalfImports(t *testing.T) {
	for done, want := range map[int]int{0: 1, 10: 0} { // the day in which it ended, if it did
		for _, edition := range []report.Edition{{}, {Customer: "minato"}} {
			in := cases(t)["operation"]
			in.Edition = edition
			i := incident.Import{Since: monday.AddDate(-1, 0, 0), Until: monday, DoneTo: monday.AddDate(0, -2, 0)}
			if done > 0 {
				i.DoneTo, i.EndedAt = i.Until, monday
			}
			in.Imports = []incident.Import{i}
			r := build(t, in)
			all := renderings(t, r)
			_, letter := r.Letter()
			all["mail"] = []byte(letter)
			all["slack"], _ = r.Summary().JSON()
			delete(all, "csv") // figures only
			for format, text := range all {
				says := "what was created from 9 Sep 2026 00:00 on is missing"
				if format == "json" {
					says = `"done_to": "2026-09-09T00:00:00+09:00"`
				}
				if got := strings.Count(string(text), says); got != want {
					t.Errorf("%s of %+v says %d times that history is missing, want %d", format, edition, got, want)
				}
			}
		}
	}
}

// Time that is only assumed, or of which nothing is known, is not told as what people spent.
func TestWhatAKindCosts(t *testing.T) {
	for name, c := range map[string]struct {
		kind suggest.Kind
		says string // in the sentence
		list string // in the list
	}{
		"known":   {suggest.Kind{Count: 4, PersonMinutes: 90, Measured: 3}, "4 incidents took people about 1.5 h.", "4 incidents, about 1.5 h of people's time; service PX."},
		"short":   {suggest.Kind{Count: 2, PersonMinutes: 8.4, Measured: 2}, "2 incidents took people about 8 min.", "2 incidents, about 8 min of people's time; service PX."},
		"assumed": {suggest.Kind{Count: 4, PersonMinutes: 90, Assumed: true}, "4 incidents needed a person.", "about 1.5 h of people's time, as other kinds take"},
		"unknown": {suggest.Kind{Count: 1}, "1 incident needed a person.", "1 incident; service PX."},
	} {
		in := cases(t)["operation"]
		c.kind.Customer, c.kind.Service, c.kind.Title, c.kind.Name = "acme", "PX", "lag", "lag"
		in.Kinds = []suggest.Kind{c.kind}
		if text := string(build(t, in).Markdown()); !strings.Contains(text, c.says) || !strings.Contains(text, c.list) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// Editions that are written into one folder do not write over one another.
func TestNamesOfFiles(t *testing.T) {
	in := cases(t)["empty"]
	seen := map[string]report.Edition{}
	for _, e := range []report.Edition{{}, {Customer: "cloud-1"}, {Department: "cloud-1"}, {Department: "クラウド一部"}, {Department: "クラウド二部"},
		{Department: "営業/東京"}, {Department: strings.Repeat("長い名前", 100)}, {Customer: incident.CustomerID(strings.Repeat("x", 300))}} {
		in.Edition = e
		name := build(t, in).FileName()
		if other, ok := seen[name]; ok {
			t.Errorf("%+v and %+v are both called %q", other, e, name)
		}
		seen[name] = e
		if len(name) > 220 || strings.ContainsAny(name, "/\\: ") || !strings.HasPrefix(name, "weekly-2026-W46") {
			t.Errorf("%+v: %q", e, name)
		}
	}
}

// Where no first response is over, nothing is said of how long it took.
func TestNoResponseTimes(t *testing.T) {
	open := incident.Fact{ID: "Q1", Run: 1, CreatedAt: monday}
	before := incident.Fact{ID: "Q0", Run: 1, Outcome: incident.Cleared, CreatedAt: monday.AddDate(0, 0, -7), EndedAt: monday.AddDate(0, 0, -7)}
	for _, all := range []record{{open}, {before, open}} {
		for language, none := range map[string]string{"en": "no first response is over", "ja": "初動が終わったものはありません"} {
			in := cases(t)["empty"]
			in.Record, in.Language = all, language
			if text, _, _ := strings.Cut(build(t, in).Summary().Message.Blocks[1].Text.Text, "\n"); strings.Contains(text, "no data") ||
				strings.Contains(text, "データなし") || !strings.Contains(text, none) {
				t.Errorf("%s: %s", language, text)
			}
		}
	}
}

// What comes from outside stays text in every format.
func TestHostileTitles(t *testing.T) {
	const hostile = "<script>alert(1)</script> |`*_[x](http://evil.example) @everyone <!channel> =cmd() \u202e\x1b[31m\n# head"
	in := cases(t)["operation"]
	for i := range in.Record.(record) {
		in.Record.(record)[i].Title, in.Record.(record)[i].Priority = hostile, "=1+1"
		in.Record.(record)[i].Customer = "=evil"
	}
	in.Kinds = []suggest.Kind{{Customer: "=evil", Title: hostile, Count: 3, Skeleton: "title: \"</code></pre><script>\"\n```\n", Name: "x`y"}}
	r := build(t, in)
	for format, text := range renderings(t, r) {
		if bytes.ContainsAny(text, "\x1b\u202e") && format != "json" {
			t.Errorf("%s steers a terminal or the direction of text", format)
		}
	}
	page, _ := r.HTML()
	if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("<!channel>")) {
		t.Error("HTML has markup of a title")
	}
	if text := string(r.Markdown()); strings.Contains(text, "[x](") || strings.Contains(text, "<script>alert") || strings.Contains(text, "@everyone") {
		t.Error("Markdown has markup of a title")
	}
	table, err := r.CSV()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row[:6] {
			if strings.HasPrefix(cell, "=") {
				t.Fatalf("a formula: %q", row)
			}
		}
	}
	message, err := r.Summary().JSON()
	if err != nil || bytes.Contains(message, []byte(`<!channel>`)) || bytes.Contains(message, []byte(`@everyone`)) {
		t.Errorf("Slack: %v, %s", err, message)
	}
}

// A report is read by people and sent to Slack, however much has happened.
func TestHugeWeekIsNoHugeReport(t *testing.T) {
	in := cases(t)["operation"]
	in.Record = huge()
	r := build(t, in)
	if n := r.Figures(report.Now).Incidents; n != 21_000 {
		t.Errorf("%d incidents", n)
	}
	for format, most := range map[string]int{"md": 40_000, "html": 120_000} {
		if size := len(renderings(t, r)[format]); size > most {
			t.Errorf("%s has %d bytes", format, size)
		}
	}
	if size := r.Summary().Message.Size(); size > handover.MaxMessage {
		t.Errorf("Slack: %d", size)
	}
	for _, ids := range [][]incident.ID{r.Deferred, r.Storms} {
		if slices.Contains(ids, "") {
			t.Error("an incident without an id")
		}
	}
}

func TestPeriodThatHasNotBegun(t *testing.T) {
	in := cases(t)["operation"]
	in.Now = monday.Add(-time.Second)
	if _, err := report.Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "2026-W46: it has not begun") {
		t.Errorf("error %v", err)
	}
}

// A year of 53 weeks, and a week across the end of a year.
func TestWeek53(t *testing.T) {
	in := cases(t)["operation"]
	in.Period, in.Now = week(t, "2026-W53"), later.AddDate(1, 0, 0) // 28 December to 3 January
	at := time.Date(2027, 1, 1, 9, 0, 0, 0, tokyo)
	in.Record = record{{ID: "Q1", Run: 1, Outcome: incident.Cleared, CreatedAt: at, EndedAt: at.Add(time.Minute)},
		{ID: "Q0", Run: 1, Outcome: incident.Unmatched, CreatedAt: at.AddDate(0, 0, -3), EndedAt: at.AddDate(0, 0, -3).Add(time.Minute)}}
	r := build(t, in)
	if n := r.Figures(report.Now).Incidents; n != 2 {
		t.Errorf("%d incidents", n)
	}
	if last := r.Trend[len(r.Trend)-1]; last.Name != "2026-W53" || last.Incidents != 2 || r.Trend[0].Name != "2026-W41" {
		t.Errorf("trend %s to %s", r.Trend[0].Name, last.Name)
	}
	if len(r.Years) != 2 || r.Years[0].Year != 2026 || !r.Years[0].Whole || r.Years[1].Figures.Incidents != 1 || r.Years[1].Whole {
		t.Errorf("years %+v", r.Years)
	}
	if y, _ := r.Figures(report.AYear).Automatic.Rate(); y != 0.5 {
		t.Errorf("52 weeks: %v", y)
	}
}

// Every day is there, also those that have 23 or 25 hours.
func TestDaysOfAZoneThatChangesItsClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p, err := analytics.Month("2026-10", berlin) // 25 October has 25 hours
	if err != nil {
		t.Fatal(err)
	}
	in := cases(t)["operation"]
	in.Period = p
	at := time.Date(2026, 10, 25, 23, 30, 0, 0, berlin)
	in.Record = record{{ID: "Q1", Run: 1, Outcome: incident.Cleared, CreatedAt: at, EndedAt: at.Add(time.Minute)}}
	r := build(t, in)
	if len(r.Days) != 31 || r.Days[24].Incidents != 1 || r.Days[24].Until.Sub(r.Days[24].Since) != 25*time.Hour {
		t.Errorf("%d days, the 25th: %+v", len(r.Days), r.Days[24])
	}
	if page, err := r.HTML(); err != nil || !bytes.Contains(page, []byte(">2026-10</text>")) {
		t.Errorf("the month does not stand under its chart: %v", err)
	}
}

// JSON is what it says: readable, with the same figures.
func TestJSONIsReadable(t *testing.T) {
	data, err := build(t, cases(t)["operation"]).JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int
		Columns []struct {
			Name    string
			Figures struct{ Incidents int }
		}
		Years []struct{ Year int }
		Lost  *int
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != report.FormVersion || len(got.Columns) != 4 || got.Columns[0].Figures.Incidents != 232 || got.Lost == nil {
		t.Errorf("%+v", got)
	}
}
