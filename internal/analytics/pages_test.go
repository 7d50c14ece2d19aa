package analytics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// withPages gives the record pages of the days that keep chooses.
func withPages(t testing.TB, facts []incident.Fact, keep func(day time.Time) bool) *paged {
	t.Helper()
	p := &paged{record: record{facts: facts}}
	for len(facts) > 0 {
		day := facts[0].CreatedAt.UTC().Truncate(24 * time.Hour)
		n := 0
		for n < len(facts) && facts[n].CreatedAt.Before(day.Add(24*time.Hour)) {
			n++
		}
		if keep(day) {
			p.pages = append(p.pages, aPage(t, facts[:n]))
		}
		facts = facts[n:]
	}
	return p
}

// Whatever is asked, the answer that is made of pages, of all days or of some, is that which is made of facts.
func TestAnswersOfPagesAreThoseOfFacts(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 10, 12, 5, 0, 0, 0, time.UTC) // with the end of summer time in Berlin
	facts := someFacts(11, 2_000, from, 35*24*time.Hour)
	all := withPages(t, facts, func(time.Time) bool { return true })
	some := withPages(t, facts, func(day time.Time) bool { return day.Day()%3 > 0 })
	broken := withPages(t, facts, func(time.Time) bool { return true })
	for i := range broken.pages {
		if i%2 == 0 {
			broken.pages[i].Hot = broken.pages[i].Hot[:len(broken.pages[i].Hot)/2]
		}
	}
	r := rand.New(rand.NewPCG(5, 5))
	pick := func(names ...string) string { return names[r.IntN(len(names))] }
	for range 60 {
		since := from.Add(time.Duration(r.Int64N(int64(30 * 24 * time.Hour)))).Truncate(time.Second).In([]*time.Location{time.UTC, tokyo, berlin}[r.IntN(3)])
		period, err := analytics.Between(since, since.Add(time.Duration(1+r.Int64N(int64(14*24*time.Hour)))))
		if err != nil {
			t.Fatal(err)
		}
		q := analytics.Question{Period: period, Now: from.Add(time.Duration(r.Int64N(int64(40 * 24 * time.Hour)))), Saved: r.IntN(2) == 0,
			By:     append(analytics.Dimensions(), "")[r.IntN(len(analytics.Dimensions())+1)],
			Manual: map[incident.ScenarioName]time.Duration{"disk": 5 * time.Minute}}
		if r.IntN(2) == 0 {
			q.List = analytics.Names()[r.IntN(len(analytics.Names()))]
		}
		if r.IntN(2) == 0 {
			q.Filter = analytics.Filter{Customer: incident.CustomerID(pick("", "acme", "nobody")), Department: pick("", "east"),
				Scenario: incident.ScenarioName(pick("", "disk")), Service: incident.ServiceID(pick("", "P2", "P3")), Priority: pick("", "P1")}
		}
		want := answer(t, &record{facts: facts}, q, 1)
		for name, with := range map[string]*paged{"all": all, "some": some, "broken": broken} {
			parts := 1 + r.IntN(5)
			if diff := cmp.Diff(want, answer(t, with, q, parts)); diff != "" {
				t.Fatalf("%+v, %s pages in %d parts (-facts +pages):\n%s", q, name, parts, diff)
			}
		}
	}
}

// answer is everything that is said about a question.
func answer(t *testing.T, r analytics.Source, q analytics.Question, parts int) string {
	t.Helper()
	a, err := analytics.AskInParts(t.Context(), r, q, parts)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(a, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPagesAreReadNoFurtherThanNeeded(t *testing.T) {
	facts := someFacts(2, 2_000, monday.UTC().Add(-20*24*time.Hour), 60*24*time.Hour)
	p := withPages(t, facts, func(time.Time) bool { return true })
	period := week(t, "2026-W46")
	if _, err := analytics.Ask(t.Context(), p, analytics.Question{Period: period, Now: later}); err != nil {
		t.Fatal(err)
	}
	if p.read.Load() > 0 {
		t.Errorf("%d facts were read although there are pages of all days", p.read.Load())
	}
}

// What goes wrong while pages are read is told, and so is that nobody waits for the answer any more.
func TestPagesThatCannotBeRead(t *testing.T) {
	facts := someFacts(2, 500, monday.UTC(), 6*24*time.Hour)
	p := withPages(t, facts, func(time.Time) bool { return true })
	p.pageErr = errors.New("the disk fails")
	q := analytics.Question{Period: week(t, "2026-W46"), Now: later}
	if _, err := analytics.Ask(t.Context(), p, q); !errors.Is(err, p.pageErr) {
		t.Errorf("error %v", err)
	}
	p.pageErr = nil
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := analytics.Ask(ctx, p, q); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// BenchmarkAsk asks about a year of 200,000 incidents of 500 customers.
func BenchmarkAsk(b *testing.B) {
	const n = 200_000
	r := rand.New(rand.NewPCG(1, 2))
	facts := make([]incident.Fact, n)
	year := time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)
	outcomes := incident.Outcomes()
	for i := range facts {
		c, customer := year.Add(time.Duration(i)*157*time.Second), r.IntN(500)
		facts[i] = incident.Fact{ID: incident.ID(fmt.Sprintf("Q%013d", i)), Run: 1, Customer: incident.CustomerID(fmt.Sprintf("customer-%d", customer)),
			Department: fmt.Sprintf("cloud-%d", customer%8), Service: incident.ServiceID(fmt.Sprintf("P%d", customer*3+r.IntN(3))),
			Scenario: incident.ScenarioName(fmt.Sprintf("scenario-%d", r.IntN(20))), Target: fmt.Sprintf("web-%d", r.IntN(40)), Priority: "P2",
			Title: fmt.Sprintf("CPU load on web-%d is %d%%", r.IntN(50), r.IntN(100)), Alerts: 1, CreatedAt: c, ReceivedAt: c.Add(time.Second),
			StartedAt: c.Add(2 * time.Second), Outcome: outcomes[r.IntN(len(outcomes))], OutcomeAt: c.Add(time.Duration(r.IntN(300)) * time.Second)}
		facts[i].EndedAt = facts[i].OutcomeAt.Add(time.Second * time.Duration(r.IntN(3000)))
	}
	period, err := analytics.Between(year, year.AddDate(1, 0, 0))
	if err != nil {
		b.Fatal(err)
	}
	pages := withPages(b, facts, func(time.Time) bool { return true })
	pages.facts = nil
	for name, source := range map[string]analytics.Source{"facts": &record{facts: facts}, "pages": pages} {
		for _, by := range []analytics.Dimension{"", analytics.ByCustomer, analytics.ByDay, analytics.ByKind} {
			b.Run(fmt.Sprintf("%s/by_%s", name, by), func(b *testing.B) {
				began := cpuTime()
				for b.Loop() {
					if _, err := analytics.Ask(b.Context(), source, analytics.Question{Period: period, By: by, Now: year.AddDate(2, 0, 0)}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/incident")
				b.ReportMetric(float64(cpuTime()-began)/float64(b.N)/n, "cpu-ns/incident")
			})
		}
	}
}

// cpuTime is how long this process has had a processor: on a busy machine that says more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
