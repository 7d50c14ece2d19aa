package backtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/action/builtin"
	"shodo/internal/backtest"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

var created = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// scenario is one that looks for a word, and fills a host from a field of the alert.
func scenario(autonomy, word, from string) string {
	return fmt.Sprintf(`title: About %[2]s
match: {when: 'alert.summary contains "%[2]s"'}
autonomy: %[1]s
inputs: {host: {type: string, from: %[3]s}}
target: "${{ inputs.host }}"
check: [{uses: tcp.connect, with: {host: "${{ inputs.host }}", port: 80}, healthy: output.connected}]
recover: [{name: again, steps: [{uses: http.send, with: {url: "https://runner.example/again"}}]}]
limits: {recoveries: {max: 3, per: 1h}, targets: {max: 5, per: 10m}}
`, autonomy, word, from)
}

// linked is a scenario whose target cannot be filled for an alert without links.
func linked() string {
	return strings.Replace(scenario("automatic", "link", "alert.source"), `target: "${{ inputs.host }}"`, `target: "${{ alert.links[0] }}"`, 1)
}

// targetless is a scenario that repairs nothing.
func targetless(from string) string {
	text, _, _ := strings.Cut(scenario("automatic", "bare", from), "recover:")
	return strings.Replace(text, "target: \"${{ inputs.host }}\"\n", "", 1)
}

func customer(services, scenarios string) string {
	return fmt.Sprintf("name: C\ntime_zone: Asia/Tokyo\nlanguage: ja\npagerduty: {services: [%s]}\nallow: [\"*\"]\ntiers: [{name: a, slack: \"#a\"}]\nscenarios: {%s}\n", services, scenarios)
}

func load(t testing.TB, files map[string]string) *catalog.Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	c, problems := catalog.Load(fsys, "", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func before(t testing.TB) *catalog.Catalog {
	return load(t, map[string]string{
		"scenarios/web.yaml":  scenario("automatic", "web", "alert.source"),
		"scenarios/disk.yaml": scenario("automatic", "disk", "alert.source"),
		"scenarios/mail.yaml": scenario("automatic", "mail", "alert.source"),
		"scenarios/old.yaml":  scenario("automatic", "old", "alert.source"),
		"scenarios/host.yaml": scenario("automatic", "host", "alert.source"),
		"scenarios/node.yaml": scenario("automatic", "node", "alert.component"),
		"scenarios/link.yaml": linked(),
		"scenarios/bare.yaml": targetless("alert.source"),
		"customers/acme.yaml": customer("PACME, PMOVES", "web: {}, disk: {}, mail: {}, old: {}, host: {}, node: {}, link: {}, bare: {}"),
		"customers/umi.yaml":  customer("PUMI", "web: {}, disk: {}"),
	})
}

// after has one change of each kind.
func after(t testing.TB) *catalog.Catalog {
	return load(t, map[string]string{
		"scenarios/web.yaml":       scenario("automatic", "web", "alert.source"),
		"scenarios/disk.yaml":      scenario("automatic", "disk", "alert.source"),
		"scenarios/mail.yaml":      scenario("observe", "mail", "alert.source"),
		"scenarios/tape.yaml":      scenario("automatic", "tape", "alert.source"),
		"scenarios/host.yaml":      scenario("automatic", "host", "alert.component"),
		"scenarios/node.yaml":      scenario("automatic", "node", "alert.source"),
		"scenarios/link.yaml":      linked(),
		"scenarios/bare.yaml":      targetless("alert.component"),
		"customers/acme/disk.yaml": strings.Replace(scenario("automatic", "disk", "alert.source"), `contains "disk"`, `startsWith "disk"`, 1),
		"customers/acme/deep.yaml": scenario("automatic", "disk", "alert.source"),
		"customers/acme.yaml":      customer("PACME", "web: {}, deep: {}, mail: {}, host: {}, node: {}, tape: {}, link: {}, bare: {}"),
		"customers/umi.yaml":       customer("PUMI, PMOVES", "web: {autonomy: observe}"),
	})
}

// record is an incident as intake saw it.
func record(id, service, title string) incident.Record {
	return incident.Record{Incident: incident.Incident{ID: incident.ID(id), Title: title, Status: incident.Triggered, CreatedAt: created,
		Service: incident.Ref{ID: service}, Alerts: []incident.Alert{{Summary: title, Source: "web-1.example", CreatedAt: created}}, AlertCount: 1}}
}

// decided is the record as the engine begins it with a catalog.
func decided(c *catalog.Catalog, r incident.Record) incident.Record {
	d := c.Decide(r.Incident)
	r.Match, r.CatalogVersion = d.Match, c.Version()
	if d.Customer != nil {
		r.Customer = d.Customer.Facts()
	}
	return r
}

func encode(t testing.TB, r incident.Record) incident.Past {
	t.Helper()
	doc, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return incident.Past{ID: r.Incident.ID, CreatedAt: r.Incident.CreatedAt, Doc: doc}
}

func stream(list []incident.Past) iter.Seq2[incident.Past, error] {
	return func(yield func(incident.Past, error) bool) {
		for _, p := range list {
			if !yield(p, nil) {
				return
			}
		}
	}
}

func run(t testing.TB, list []incident.Past, q backtest.Question) backtest.Report {
	t.Helper()
	r, err := backtest.Run(t.Context(), stream(list), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cases is an incident of each kind of difference, and some without.
var cases = []struct {
	id, service, title string
	kind               backtest.Kind
	from, to           string // autonomies and scenarios
	why                string // a part of it
}{
	{"SAME", "PACME", "web is down", "", "", "", ""},
	{"NONE", "PACME", "the tea runs out", "", "", "", ""},
	{"NOBODY", "PNOBODY", "web is down", "", "", "", ""},
	{"NEW", "PACME", "tape is stuck", backtest.NewlyMatched, "", "automatic tape", `scenario "tape" matches`},
	{"GONE", "PACME", "old thing", backtest.NoLongerMatched, "automatic old", "", "there is no such scenario"},
	{"DROPPED", "PUMI", "disk is full", backtest.NoLongerMatched, "automatic disk", "", "the customer has not adopted it"},
	{"MOVED", "PACME", "disk is full", backtest.Moved, "automatic disk", "automatic acme/deep", `scenario "acme/deep" matches`},
	{"LOWERED", "PACME", "mail is slow", backtest.AutonomyChanged, "automatic mail", "observe mail", `scenario "mail" matches`},
	{"BYCUSTOMER", "PUMI", "web is down", backtest.AutonomyChanged, "automatic web", "observe web", ""},
	{"LAME", "PACME", "host is down", backtest.CannotRun, "automatic host", "automatic host", "host"},
	{"BARE", "PACME", "bare is down", backtest.CannotRun, "automatic bare", "automatic bare", "host"},
	{"LINKLESS", "PACME", "link is down", "", "", "", ""},
	{"HEALED", "PACME", "node is down", backtest.CanRun, "automatic node", "automatic node", `scenario "node" matches`},
	{"OTHERS", "PMOVES", "the tea runs out", backtest.CustomerChanged, "", "", "none of the 1 scenarios"},
}

// TestKinds: each kind of difference is found, with why, against the earlier catalog and against the record alike.
func TestKinds(t *testing.T) {
	before, after := before(t), after(t)
	for name, q := range map[string]backtest.Question{
		"catalogs":   {After: after, Before: before, Limit: 10},
		"the record": {After: after, Limit: 10},
	} {
		t.Run(name, func(t *testing.T) {
			var all []incident.Past
			for _, c := range cases {
				past := encode(t, decided(before, record(c.id, c.service, c.title)))
				all = append(all, past)
				r := run(t, []incident.Past{past}, q)
				if c.kind == "" {
					if r.Total.Changed() != 0 || len(r.Lists)+len(r.Shifts) != 0 {
						t.Errorf("%s: %+v", c.id, r)
					}
					continue
				}
				if len(r.Lists[c.kind]) != 1 || r.Total.Changes[c.kind] != 1 || r.Total.Changed() != 1 {
					t.Errorf("%s: %+v, want %s", c.id, r, c.kind)
					continue
				}
				got := r.Lists[c.kind][0]
				text := func(d backtest.Decision) string {
					return strings.TrimSpace(string(d.Autonomy) + " " + string(d.Scenario))
				}
				if text(got.Before) != c.from || text(got.After) != c.to || !strings.Contains(got.Why, c.why) || got.ID != incident.ID(c.id) || !got.CreatedAt.Equal(created) {
					t.Errorf("%s: %+v", c.id, got)
				}
			}
			r := run(t, all, q)
			want := map[backtest.Kind]int{}
			for _, c := range cases {
				if c.kind != "" {
					want[c.kind]++
				}
			}
			if diff := cmp.Diff(want, r.Total.Changes); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
			wantTotal := backtest.Counts{Incidents: 14, Before: backtest.Side{Matched: 10, Automatic: 8, CannotRun: 2}, After: backtest.Side{Matched: 9, Automatic: 4, CannotRun: 3}}
			if diff := cmp.Diff(wantTotal, r.Total, cmpopts.IgnoreFields(backtest.Counts{}, "Changes")); diff != "" {
				t.Errorf("total (-want +got):\n%s", diff)
			}
			var customers []string
			for _, c := range r.Customers {
				customers = append(customers, fmt.Sprintf("%s %d/%d", c.Customer, c.Changed(), c.Incidents))
			}
			if got := strings.Join(customers, ", "); got != "acme 7/10, umi 3/3,  0/1" {
				t.Errorf("customers %s", got)
			}
		})
	}
}

// TestKindsAreComplete: every kind has words, and a case in TestKinds.
func TestKindsAreComplete(t *testing.T) {
	for _, kind := range backtest.Kinds() {
		if kind.Means() == "" {
			t.Errorf("%s has no words", kind)
		}
		found := false
		for _, c := range cases {
			found = found || c.kind == kind
		}
		if !found {
			t.Errorf("%s has no case", kind)
		}
	}
}

func TestCustomer(t *testing.T) {
	var all []incident.Past
	for _, c := range cases {
		all = append(all, encode(t, decided(before(t), record(c.id, c.service, c.title))))
	}
	r := run(t, all, backtest.Question{After: after(t), Before: before(t), Customer: "umi", Limit: 10})
	if r.Total.Incidents != 3 || r.Total.Changed() != 3 || r.Total.Changes[backtest.CustomerChanged] != 1 {
		t.Errorf("%+v", r.Total)
	}
	r = run(t, all, backtest.Question{After: after(t), Before: before(t), Customer: "acme"})
	if r.Total.Incidents != 11 || len(r.Lists) != 0 { // one of them is umi's after
		t.Errorf("%+v, lists %v", r.Total, r.Lists)
	}
}

// TestUnreadable: what cannot be read is counted, and stops nothing.
func TestUnreadable(t *testing.T) {
	good := decided(before(t), record("GOOD", "PACME", "web is down"))
	unread := good
	unread.Incident = incident.Incident{ID: "UNREAD", Service: good.Incident.Service} // as intake begins what PagerDuty did not give
	list := []incident.Past{
		{ID: "EMPTY"}, {ID: "CUT", Doc: encode(t, good).Doc[:100]}, {ID: "OTHER", Doc: []byte(`{"incident": [1]}`)},
		{ID: "BYTES", Doc: []byte("\x00\xff\xfe")}, {ID: "NULL", Doc: []byte("null")}, encode(t, unread), encode(t, good),
	}
	r := run(t, list, backtest.Question{After: before(t), Limit: 10})
	if r.Unreadable != 6 || r.Total.Incidents != 1 || r.Total.Changed() != 0 {
		t.Errorf("%+v", r)
	}
}

// TestAgainstItself: a catalog has no differences against itself, nor against what it decided then, whatever comes in.
func TestAgainstItself(t *testing.T) {
	for name, c := range map[string]*catalog.Catalog{"before": before(t), "after": after(t)} {
		list := random(t, c, 1000)
		for way, q := range map[string]backtest.Question{"catalog": {After: c, Before: c, Limit: 5}, "record": {After: c, Limit: 5}} {
			r := run(t, list, q)
			if r.Total.Changed() != 0 || len(r.Lists) != 0 || len(r.Shifts) != 0 || r.Total.Before != r.Total.After || r.Total.Incidents != len(list) {
				t.Errorf("%s against its %s: %+v", name, way, r)
			}
			if r.Total.After.Matched == 0 || r.Total.After.CannotRun == 0 || r.Total.After.Matched == len(list) {
				t.Errorf("%s: the incidents do not try much: %+v", name, r.Total)
			}
		}
	}
}

// random gives incidents as a catalog decided them.
func random(t testing.TB, c *catalog.Catalog, n int) []incident.Past {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	var list []incident.Past
	for i := range n {
		r := record(fmt.Sprintf("Q%05d", i), pick("PACME", "PUMI", "PMOVES", "PNOBODY"), pick("web", "disk", "mail", "old", "host", "node", "tape", "link", "bare", "coffee")+" "+pick("is down", "\x00", "ディスク"))
		r.Incident.CreatedAt = created.Add(-time.Duration(i) * time.Minute)
		r.Incident.Alerts[0].Source = pick("", "web-1.example")
		if rnd.IntN(10) == 0 {
			r.Incident.Alerts = nil
		}
		list = append(list, encode(t, decided(c, r)))
	}
	return list
}

// TestSameReport: the lists hold the first incidents of the stream, and the sum of all parts is the whole, however the
// work was shared out.
func TestSameReport(t *testing.T) {
	list := random(t, before(t), 2000)
	q := backtest.Question{After: after(t), Before: before(t), Limit: 7}
	want := run(t, list, q)
	all := run(t, list, backtest.Question{After: q.After, Before: q.Before, Limit: len(list)})
	for kind, changes := range want.Lists {
		var ids []incident.ID
		for _, c := range changes {
			ids = append(ids, c.ID)
		}
		var first []incident.ID
		for _, c := range all.Lists[kind][:7] {
			first = append(first, c.ID)
		}
		if !slices.IsSorted(ids) || !slices.Equal(ids, first) || len(all.Lists[kind]) != want.Total.Changes[kind] {
			t.Errorf("%s: %v, want %v", kind, ids, first)
		}
	}
	shifted := 0
	for _, s := range want.Shifts {
		shifted += s.Count
	}
	if len(want.Lists) != len(backtest.Kinds()) || shifted != want.Total.Changed() {
		t.Errorf("%d kinds, %d shifted of %d", len(want.Lists), shifted, want.Total.Changed())
	}
	for range 3 {
		if diff := cmp.Diff(want, run(t, list, q), cmpopts.IgnoreUnexported(backtest.Change{})); diff != "" {
			t.Fatalf("another report (-want +got):\n%s", diff)
		}
	}
}

// TestBrokenStream: an error of the stream, and a caller who goes away, end it without a report.
func TestBrokenStream(t *testing.T) {
	broken := errors.New("the disk fails")
	list := random(t, before(t), 1000)
	_, err := backtest.Run(t.Context(), func(yield func(incident.Past, error) bool) {
		for p := range stream(list) {
			if !yield(p, nil) {
				return
			}
		}
		yield(incident.Past{}, broken)
	}, backtest.Question{After: before(t)})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "after 1000") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := 0
	_, err = backtest.Run(ctx, stream(list), backtest.Question{After: before(t), Progress: func(read int, at time.Time) {
		told = read
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || told == 0 || told == len(list) {
		t.Errorf("error %v after %d", err, told)
	}
}

// TestLargeRecords: however large the records are, only a few of them are in memory at a time.
func TestLargeRecords(t *testing.T) {
	r := decided(before(t), record("BIG", "PACME", "web is down"))
	r.Incident.Alerts[0].Details = map[string]any{"log": strings.Repeat("x", 1<<20)}
	past := encode(t, r)
	given, most := 0, 0
	report, err := backtest.Run(t.Context(), func(yield func(incident.Past, error) bool) {
		for range 100 {
			given++
			if !yield(past, nil) {
				return
			}
		}
	}, backtest.Question{After: before(t), Progress: func(read int, _ time.Time) { most = max(most, given-read) }})
	if err != nil || report.Total.Incidents != 100 || report.Unreadable != 0 {
		t.Errorf("%+v, %v", report, err)
	}
	if most != 0 { // each page held one
		t.Errorf("%d records waited for others", most)
	}
}
