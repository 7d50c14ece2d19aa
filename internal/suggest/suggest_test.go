package suggest_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/suggest"
)

// record is facts in the order of their creation.
type record []incident.Fact

func (r record) Facts(_ context.Context, f incident.FactFilter) iter.Seq2[incident.Fact, error] {
	return func(yield func(incident.Fact, error) bool) {
		for _, one := range r {
			if f.Customer != "" && one.Customer != f.Customer || !f.Since.IsZero() && one.CreatedAt.Before(f.Since) || !f.Until.IsZero() && !one.CreatedAt.Before(f.Until) {
				continue
			}
			if !yield(one, nil) {
				return
			}
		}
	}
}

var day = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

// fact is an incident created so many minutes after the day began, on which a person worked for so many minutes; 0: nobody took it.
func fact(id, customer, title string, outcome incident.Outcome, at, work int) incident.Fact {
	f := incident.Fact{ID: incident.ID(id), Run: 1, Customer: incident.CustomerID(customer), Service: "PWEB001", Title: title, Outcome: outcome,
		CreatedAt: day.Add(time.Duration(at) * time.Minute)}
	f.EndedAt = f.CreatedAt.Add(time.Duration(work+5) * time.Minute)
	if work > 0 {
		f.TakenAt = f.CreatedAt.Add(5 * time.Minute)
	}
	return f
}

func rank(t *testing.T, r record, o suggest.Options) []suggest.Kind {
	t.Helper()
	kinds, err := suggest.Rank(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func TestRankByPersonMinutes(t *testing.T) {
	r := record{
		fact("Q1", "acme", "Disk full on web-1", incident.Unmatched, 0, 10),
		fact("Q2", "acme", "Disk full on web-2", incident.Unmatched, 1, 20),
		fact("Q3", "acme", "Queue stuck on mq-1", incident.HandedOver, 2, 60),
		fact("Q4", "acme", "Queue stuck on mq-1", incident.Recovered, 3, 0),   // automatic
		fact("Q5", "acme", "Queue stuck on mq-2", incident.TakenOver, 4, 600), // the engine was at work
		fact("Q6", "zeta", "Disk full on web-3", incident.Unmatched, 5, 0),    // nobody took it
		fact("Q7", "zeta", "Disk full on web-9", incident.Unmatched, 6, 0),
	}
	r[2].Reason, r[2].Scenario = incident.Inconclusive, "queue"
	type row struct {
		Customer incident.CustomerID
		Title    string
		Count    int
		Minutes  float64
		Assumed  bool
		Examples []incident.ID
		Name     string
	}
	var got []row
	for _, k := range rank(t, r, suggest.Options{}) {
		got = append(got, row{k.Customer, k.Title, k.Count, k.PersonMinutes, k.Assumed, k.Examples, k.Name})
	}
	want := []row{ // the mean of the three that people took is 30 minutes
		{"acme", "Queue stuck on #", 1, 60, false, []incident.ID{"Q3"}, "queue-stuck-on"},
		{"zeta", "Disk full on #", 2, 60, true, []incident.ID{"Q7", "Q6"}, "disk-full-on"},
		{"acme", "Disk full on #", 2, 30, false, []incident.ID{"Q2", "Q1"}, "disk-full-on-2"},
	}
	slices.SortStableFunc(want[:2], func(a, b row) int { return b.Count - a.Count })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptionsChoose(t *testing.T) {
	r := record{
		fact("Q1", "acme", "Disk full", incident.Unmatched, 0, 10),
		fact("Q2", "zeta", "Disk full", incident.Unmatched, 60, 10),
		fact("Q3", "acme", "Memory low", incident.Unmatched, 120, 5),
	}
	r[0].Department, r[1].Department, r[2].Department = "retail", "bank", "retail"
	for _, c := range []struct {
		name string
		o    suggest.Options
		want []incident.ID
	}{
		{"all", suggest.Options{}, []incident.ID{"Q1", "Q2", "Q3"}},
		{"a customer", suggest.Options{Customer: "zeta"}, []incident.ID{"Q2"}},
		{"a department", suggest.Options{Department: "retail"}, []incident.ID{"Q1", "Q3"}},
		{"a limit", suggest.Options{Limit: 1}, []incident.ID{"Q1"}},
		{"since", suggest.Options{Since: day.Add(time.Hour)}, []incident.ID{"Q2", "Q3"}},
		{"until", suggest.Options{Until: day.Add(time.Hour)}, []incident.ID{"Q1"}},
		{"no data", suggest.Options{Customer: "nobody"}, nil},
	} {
		var got []incident.ID
		for _, k := range rank(t, r, c.o) {
			got = append(got, k.Examples...)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// load checks the drafts as "shodo check" does, in one catalog.
func load(t *testing.T, kinds []suggest.Kind) *catalog.Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, k := range kinds {
		fsys["scenarios/"+k.Name+".yaml"] = &fstest.MapFile{Data: []byte(k.Skeleton)}
		fsys["runbooks/"+k.Name+".md"] = &fstest.MapFile{Data: []byte(k.Runbook())}
	}
	if len(fsys) != 2*len(kinds) {
		t.Fatalf("%d kinds have %d files: two have the same name", len(kinds), len(fsys))
	}
	c, problems := catalog.Load(fsys, "", builtin.List(builtin.Settings{}))
	if len(problems) > 0 {
		for _, k := range kinds {
			if strings.Contains(problems.Err().Error(), "/"+k.Name+".yaml") {
				t.Logf("%s\n%s", k.Title, k.Skeleton)
			}
		}
		t.Fatal(problems)
	}
	return c
}

// Whatever titles hold, the drafts are right: nothing of an alert leaves its place in the file.
func TestHostileTitles(t *testing.T) {
	titles := []string{
		"", " ", "#", "12345", "...", "'; DROP TABLE incidents; --", `say "hello" to 'everybody'`, "${{ secrets.TOKEN }} leaked secret", "a: b\n  recover: [rm]",
		"back\\slash and \\u0041", "\x1b[31mred\x1b[0m alert text", "\u202eright to left override", strings.Repeat("long ", 500), strings.Repeat("長", 500),
		"# a comment that is none", "- uses: local.run", "サーバー停止のお知らせ", "null", "true", "~", "{unclosed flow", "%TAG ! tag", "@reserved `ticks`",
		"İstanbul DISK ALERT", "emoji 🔥🔥 is burning", "bad \xff utf-8 text", "tab\tseparated\twords", "e\u0301combining accents he\u0301re",
	}
	var r record
	for i, title := range titles {
		r = append(r, fact("Q"+strings.Repeat("A", i+1), "acme", title, incident.Unmatched, i, 1))
	}
	kinds := rank(t, r, suggest.Options{Limit: 100})
	if len(kinds) < 20 {
		t.Fatalf("%d kinds of %d titles", len(kinds), len(titles))
	}
	c := load(t, kinds)
	for _, s := range c.Scenarios() {
		if s.Autonomy != incident.Observe || len(s.Recover) != 0 {
			t.Errorf("%s: autonomy %s, %d attempts to recover", s.Name, s.Autonomy, len(s.Recover))
		}
	}
}

// Full-width forms are in the titles and not in the kind: what is asked for is in the titles.
func TestConditionOfFullWidthTitles(t *testing.T) {
	titles := []string{"ＤＢ遅延アラート：レプリケーション　遅延 120秒", "ＤＢ遅延アラート：レプリケーション　遅延 9秒"}
	r := record{fact("Q1", "acme", titles[0], incident.Unmatched, 0, 1), fact("Q2", "acme", titles[1], incident.Unmatched, 1, 1)}
	kinds := rank(t, r, suggest.Options{})
	if len(kinds) != 1 || !strings.Contains(kinds[0].Skeleton, `contains "レプリケーション" and `) || !strings.Contains(kinds[0].Skeleton, `contains "遅延アラート"`) {
		t.Errorf("%+v", kinds)
	}
	load(t, kinds)
}

// FuzzDrafts: whatever a monitor and the catalog say, drafts load together, and each matches what it was made of.
func FuzzDrafts(f *testing.F) {
	f.Add("Disk full on web-1", "ディスク使用率が９５％", "acme", "PWEB001", "host", "web-1")
	f.Add("${{ x }}", "'; \"", "a/b: c", "P'1", "url\n", "https://x/#\u2028")
	f.Add("Disk", "Disk", "acme", "007", "host", "web-1")
	f.Add("Disk", "Disk", "acme", "null", "host", "web-1")
	f.Add("e\u0301", "\xff\x00", "", "", "port", "99999")
	f.Fuzz(func(t *testing.T, one, two, customer, service, key, value string) {
		var r record
		read := map[incident.ID]incident.Incident{}
		for i, title := range []string{one, two, one + two} {
			fact := fact(fmt.Sprint("Q", i), customer, title, incident.Unmatched, i, 1)
			fact.Service = incident.ServiceID(service)
			r = append(r, fact)
			read[fact.ID] = incident.Incident{ID: fact.ID, Title: title, Service: incident.Ref{ID: service},
				Alerts: []incident.Alert{{Summary: title, Source: value, Details: map[string]any{key: value}}}}
		}
		kinds, err := suggest.Rank(t.Context(), r, suggest.Options{Read: func(_ context.Context, id incident.ID) (incident.Incident, error) { return read[id], nil }})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range load(t, kinds).Scenarios() {
			if s.Autonomy != incident.Observe || len(s.Recover) != 0 {
				t.Errorf("%s: autonomy %s, %d attempts to recover", s.Name, s.Autonomy, len(s.Recover))
			}
		}
	})
}

func TestTakenNames(t *testing.T) {
	r := record{fact("Q1", "acme", "Disk full", incident.Unmatched, 0, 1)}
	if got := rank(t, r, suggest.Options{Taken: []incident.ScenarioName{"disk-full"}})[0].Name; got != "disk-full-2" {
		t.Errorf("the name is %q", got)
	}
}

// TestDraftsOfTheCorpus: each kind of the corpus gets a draft that loads and that matches every title of its kind.
func TestDraftsOfTheCorpus(t *testing.T) {
	var r record
	title := map[incident.ID]string{}
	for n, file := range []string{"testdata/titles.txt", "testdata/titles_unseen.txt", "testdata/titles_field.txt", "testdata/titles_after.txt"} {
		for i, one := range corpus(t, file) {
			id := incident.ID(fmt.Sprintf("Q%d%03d", n, i))
			title[id] = one.title
			r = append(r, fact(string(id), "acme", one.title, incident.Unmatched, i, 10))
		}
	}
	kinds := rank(t, r, suggest.Options{Limit: 1000, Read: func(_ context.Context, id incident.ID) (incident.Incident, error) {
		return incident.Incident{ID: id, Title: title[id], Service: incident.Ref{ID: "PWEB001"},
			Alerts: []incident.Alert{{Summary: title[id], Source: "web-1"}}}, nil
	}})
	load(t, kinds)
	for _, k := range kinds {
		if strings.Contains(k.Skeleton, `when: "true"`) {
			t.Errorf("the draft of %q is for every incident of the service", k.Title)
		}
		c := adopted(t, k)
		for _, id := range k.Examples {
			d := c.Decide(incident.Incident{ID: id, Title: title[id], Service: incident.Ref{ID: "PWEB001"}, Alerts: []incident.Alert{{Summary: title[id], Source: "web-1"}}})
			if string(d.Match.Scenario) != k.Name {
				t.Errorf("%q is not matched by its own draft: %s\n%s", title[id], d.Match.Why, k.Skeleton)
			}
		}
	}
}

// adopted is a catalog with one draft, and a customer that adopts it.
func adopted(t *testing.T, k suggest.Kind) *catalog.Catalog {
	t.Helper()
	c, problems := catalog.Load(fstest.MapFS{
		"scenarios/" + k.Name + ".yaml": {Data: []byte(k.Skeleton)},
		"runbooks/" + k.Name + ".md":    {Data: []byte(k.Runbook())},
		"customers/acme.yaml": {Data: []byte("name: Acme\nlanguage: en\ntime_zone: UTC\npagerduty:\n  services: [PWEB001]\ntiers:\n  - name: first\n    slack: \"#oncall\"\nallow: [http.request, tcp.connect]\nscenarios:\n  " +
			k.Name + ": {with: {" + requiredInputs(k) + "}}\n")},
	}, "", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		t.Fatalf("%v\n%s", err, k.Skeleton)
	}
	return c
}

func requiredInputs(k suggest.Kind) string {
	if strings.Contains(k.Skeleton, "required: true") {
		return "url: \"https://www.example.com/\""
	}
	return ""
}

// What the alerts hold decides what the draft looks at.
func TestProbe(t *testing.T) {
	for _, c := range []struct {
		name    string
		details map[string]any
		source  string
		want    []string
	}{
		{"a web address", map[string]any{"url": "https://shop.example.com/health", "host": "web-1"}, "web-1",
			[]string{"required: true", "the alerts name https://shop.example.com/health", "uses: http.request", `target: "${{ inputs.url }}"`}},
		{"the monitor's own page is none", map[string]any{"graph": "https://app.datadoghq.com/x", "generator_url": "https://shop.example.com/", "host": "web-1"}, "",
			[]string{`from: 'alert.details["host"]'`, "uses: tcp.connect", "default: 22"}},
		{"a host and a port", map[string]any{"hostname": "db-1", "port": 5432.0}, "", []string{`from: 'alert.details["hostname"]'`, `port: {type: int, from: 'alert.details["port"]'}`}},
		{"a port as a text", map[string]any{"IP": "192.0.2.7", "Port": "443"}, "", []string{`from: 'alert.details["IP"]'`, `from: 'alert.details["Port"]'`}},
		{"only a source", nil, "web-1.example.com", []string{"from: alert.source", "uses: tcp.connect"}},
		{"nothing", map[string]any{"text": "it is broken"}, "a source of words", []string{"required: true", "uses: http.request"}},
		{"hostile keys", map[string]any{"url\"]': {x}": "https://shop.example.com/", "host\n": "web-1"}, "", []string{"required: true"}},
		{"an address with a password", map[string]any{"url": "https://a:b@shop.example.com/"}, "", []string{"required: true"}},
	} {
		r := record{fact("Q1", "acme", "Shop does not answer", incident.Unmatched, 0, 1)}
		kinds := rank(t, r, suggest.Options{Read: func(context.Context, incident.ID) (incident.Incident, error) {
			return incident.Incident{ID: "Q1", Title: "Shop does not answer", Alerts: []incident.Alert{{Summary: "Shop does not answer", Details: c.details, Source: c.source}}}, nil
		}})
		load(t, kinds)
		for _, want := range c.want {
			if !strings.Contains(kinds[0].Skeleton, want) {
				t.Errorf("%s: %q is not in\n%s", c.name, want, kinds[0].Skeleton)
			}
		}
	}
}

// The condition is over the incident where an alert's own summary says something else.
func TestConditionOverTheIncident(t *testing.T) {
	r := record{fact("Q1", "acme", "Shop does not answer", incident.Unmatched, 0, 1)}
	kinds := rank(t, r, suggest.Options{Read: func(context.Context, incident.ID) (incident.Incident, error) {
		return incident.Incident{ID: "Q1", Title: "Shop does not answer", Alerts: []incident.Alert{{Summary: "probe failed"}}}, nil
	}})
	load(t, kinds)
	if !strings.Contains(kinds[0].Skeleton, `incident.title contains "Shop does not answer"`) {
		t.Error(kinds[0].Skeleton)
	}
}

func TestErrorsOfTheRecord(t *testing.T) {
	broken := errors.New("the disk fails")
	if _, err := suggest.Rank(t.Context(), failing{broken}, suggest.Options{}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	r := record{fact("Q1", "acme", "Disk full", incident.Unmatched, 0, 1)}
	unread := func(context.Context, incident.ID) (incident.Incident, error) { return incident.Incident{}, broken }
	load(t, rank(t, r, suggest.Options{Read: unread})) // a record that cannot be read costs only the details
}

type failing struct{ err error }

func (f failing) Facts(context.Context, incident.FactFilter) iter.Seq2[incident.Fact, error] {
	return func(yield func(incident.Fact, error) bool) { yield(incident.Fact{}, f.err) }
}
