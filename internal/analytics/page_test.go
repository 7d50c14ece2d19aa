package analytics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// someFacts makes facts of days in which everything happens that can.
func someFacts(seed uint64, n int, since time.Time, over time.Duration) []incident.Fact {
	r := rand.New(rand.NewPCG(seed, 1))
	list := make([]incident.Fact, n)
	at := since
	outcomes := append(incident.Outcomes(), "", "of_another_version")
	maybe := func(t time.Time) time.Time {
		if r.IntN(4) == 0 {
			return time.Time{}
		}
		return t.Add(time.Duration(r.IntN(7_200_000_000)-60_000_000) * time.Microsecond)
	}
	for i := range list {
		at = at.Add(time.Duration(r.Int64N(2*int64(over)/int64(n))) / 1000 * 1000)
		c := r.IntN(5)
		f := incident.Fact{ID: incident.ID(fmt.Sprintf("Q%d", i)), Run: 1 + r.IntN(8)/7, Customer: incident.CustomerID([]string{"", "acme", "beta", "顧客", "delta"}[c]),
			Department: []string{"", "east", "west"}[r.IntN(3)], Service: incident.ServiceID(fmt.Sprintf("P%d", c*2+r.IntN(2))),
			Scenario: incident.ScenarioName([]string{"", "disk", "http"}[r.IntN(3)]), Target: []string{"", "web-1", "web-2", "db"}[r.IntN(4)],
			Priority: []string{"", "P1", "P2"}[r.IntN(3)], Title: fmt.Sprintf("disk %d%% on web-%d", r.IntN(100), r.IntN(9)), Alerts: r.IntN(5),
			Attempted: incident.Attempts(r.IntN(4)), Outcome: outcomes[r.IntN(len(outcomes))], CreatedAt: at, ReceivedAt: maybe(at), StartedAt: maybe(at),
			OutcomeAt: maybe(at), TakenAt: maybe(at), EndedAt: maybe(at)}
		if f.Outcome == incident.HandedOver {
			f.Reason = incident.Reasons()[r.IntN(len(incident.Reasons()))]
		}
		if f.Outcome == incident.Suppressed && r.IntN(2) == 0 {
			f.Windows.SuppressedBy = "maintenance \"release\""
		}
		for range r.IntN(3) / 2 * (1 + r.IntN(2)) {
			w := incident.Wait{Question: []incident.Question{incident.Page, incident.Contact}[r.IntN(2)], Window: "quiet hours \"nights\"", Waited: time.Duration(r.IntN(1e6)) * time.Millisecond,
				Became: []incident.TransitionKind{"", incident.ToldTier, incident.Listed, incident.PersonTook}[r.IntN(4)]}
			if r.IntN(3) == 0 {
				w.Since = at.Add(time.Minute)
			}
			f.Windows.Waits = append(f.Windows.Waits, w)
		}
		list[i] = f
	}
	return list
}

func aPage(t testing.TB, facts []incident.Fact) analytics.Page {
	t.Helper()
	p, err := analytics.MakePage(facts[0].CreatedAt.Truncate(24*time.Hour), facts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPageSaysWhatTheFactsSay(t *testing.T) {
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	facts := someFacts(1, 2_000, day, 20*time.Hour)
	facts = facts[:len(facts):len(facts)]
	for facts[len(facts)-1].CreatedAt.Sub(day) >= 24*time.Hour {
		facts = facts[:len(facts)-1]
	}
	page := aPage(t, facts)
	for i := range facts {
		facts[i].Title = analytics.KindTitle(facts[i].Title)
	}
	got, err := analytics.ReadPage(page)
	if diff := cmp.Diff(facts, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	page.Cold = nil
	got, err = analytics.ReadPage(page)
	for i := range facts {
		if !facts[i].EndedAt.IsZero() {
			facts[i].ID = ""
		}
	}
	if diff := cmp.Diff(facts, got); diff != "" || err != nil {
		t.Errorf("without ids: %v (-want +got):\n%s", err, diff)
	}
	if size := len(page.Hot) / len(facts); size > 70 {
		t.Errorf("%d bytes for each incident", size)
	}
}

func TestPageOfAnEmptyDay(t *testing.T) {
	page, err := analytics.MakePage(time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC), nil)
	if err != nil {
		t.Fatal(err)
	}
	if facts, err := analytics.ReadPage(page); len(facts) != 0 || err != nil {
		t.Errorf("%v, %v", facts, err)
	}
}

func TestPageIsOfOneDayInOrder(t *testing.T) {
	day := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) incident.Fact { return incident.Fact{ID: "Q1", CreatedAt: day.Add(d)} }
	for name, c := range map[string]struct {
		day   time.Time
		facts []incident.Fact
	}{
		"not a day":      {day.Add(time.Hour), nil},
		"day in Tokyo":   {monday, nil},
		"the next day":   {day, []incident.Fact{at(24 * time.Hour)}},
		"the day before": {day, []incident.Fact{at(-time.Microsecond)}},
		"out of order":   {day, []incident.Fact{at(2 * time.Hour), at(time.Hour)}},
	} {
		if _, err := analytics.MakePage(c.day, c.facts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The bytes of a page are the same forever: a store holds them. When this test fails, raise PageVersion.
func TestPageOfThisVersionIsAsItWas(t *testing.T) {
	facts := someFacts(7, 3, time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC), time.Hour)
	page := aPage(t, facts)
	got := append(bytes.Clone(page.Hot), page.Cold...)
	const file = "testdata/page_v2.bin"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the bytes are not those of %s (%v)", file, err)
	}
}

func TestBrokenPages(t *testing.T) {
	page := aPage(t, someFacts(3, 40, time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC), time.Hour))
	for i := range page.Hot {
		if _, err := analytics.ReadPage(analytics.Page{Day: page.Day, Hot: page.Hot[:i]}); !errors.Is(err, analytics.ErrPage) {
			t.Fatalf("cut at %d of %d: error %v", i, len(page.Hot), err)
		}
	}
	other := bytes.Clone(page.Hot)
	other[0] = 99
	for name, p := range map[string]analytics.Page{"another version": {Hot: other}, "more than a page": {Hot: append(bytes.Clone(page.Hot), 0)},
		"ids of another page": {Hot: page.Hot, Cold: aPage(t, someFacts(3, 41, page.Day, time.Hour)).Cold}, "nothing": {}} {
		if _, err := analytics.ReadPage(p); !errors.Is(err, analytics.ErrPage) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// Whatever a store gives, nothing panics, and what is read can be written again.
func FuzzReadPage(f *testing.F) {
	for seed := range uint64(4) {
		p := aPage(f, someFacts(seed, 12, time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC), time.Hour))
		f.Add(p.Hot, p.Cold)
	}
	f.Fuzz(func(t *testing.T, hot, cold []byte) {
		facts, err := analytics.ReadPage(analytics.Page{Hot: hot, Cold: cold})
		if err != nil {
			if !errors.Is(err, analytics.ErrPage) {
				t.Fatal(err)
			}
			return
		}
		if len(facts) > len(hot) {
			t.Fatalf("%d incidents of %d bytes", len(facts), len(hot))
		}
	})
}

// paged is a record with pages of some days.
type paged struct {
	record
	pages   []analytics.Page
	pageErr error // comes after them
}

func (p *paged) PageDays(_ context.Context, since, until time.Time) ([]time.Time, error) {
	var days []time.Time
	for page := range p.Pages(context.Background(), since, until, false) {
		if !page.Day.IsZero() { // else it is the error
			days = append(days, page.Day)
		}
	}
	return days, nil
}

func (p *paged) Pages(_ context.Context, since, until time.Time, cold bool) iter.Seq2[analytics.Page, error] {
	return func(yield func(analytics.Page, error) bool) {
		for _, page := range p.pages {
			if page.Day.Before(since) || !until.IsZero() && !page.Day.Before(until) {
				continue
			}
			if !cold {
				page.Cold = nil
			}
			if !yield(page, nil) {
				return
			}
		}
		if p.pageErr != nil {
			yield(analytics.Page{}, p.pageErr)
		}
	}
}
