package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// createdAt is an incident of a given time.
func createdAt(id incident.ID, at time.Time) incident.Record {
	r := record(id)
	r.Incident.CreatedAt = at
	return r
}

// makePages makes all pages, as if minutes went by between the calls.
func makePages(t *testing.T, s *store.Store, now time.Time) int {
	t.Helper()
	made := 0
	for range 2 {
		n, err := s.MakePages(t.Context(), now)
		must(t, err)
		made += n
		now = now.Add(5 * time.Minute)
	}
	return made
}

// daysOf gives the days that have a page, and checks each against the facts.
func daysOf(t *testing.T, s *store.Store, since, until time.Time) []string {
	t.Helper()
	var days []string
	for page, err := range s.Pages(t.Context(), since, until, true) {
		must(t, err)
		got, err := analytics.ReadPage(page)
		must(t, err)
		var want []incident.Fact
		for f, err := range s.Facts(t.Context(), incident.FactFilter{Since: page.Day, Until: page.Day.AddDate(0, 0, 1), With: incident.FactEverything}) {
			must(t, err)
			f.Title = analytics.KindTitle(f.Title)
			want = append(want, f)
		}
		wantSame(t, got, want)
		days = append(days, page.Day.Format(time.DateOnly))
	}
	listed, err := s.PageDays(t.Context(), since, until)
	must(t, err)
	if !slices.EqualFunc(listed, days, func(day time.Time, text string) bool { return day.Format(time.DateOnly) == text }) {
		t.Errorf("days %v are listed, but there are pages of %v", listed, days)
	}
	return days
}

// Days that are over get a page, each once; today does not, and neither do days without incidents.
func pages(t *testing.T, s *store.Store) {
	day := time.Date(2026, 11, 17, 0, 0, 0, 0, time.UTC)
	begin(t, s, createdAt("Q1", day))
	begin(t, s, createdAt("Q2", day.Add(24*time.Hour-time.Microsecond)))
	begin(t, s, createdAt("Q3", day.AddDate(0, 0, 2)))
	begin(t, s, createdAt("Q4", day.AddDate(0, 0, 3)))
	now := day.AddDate(0, 0, 3).Add(time.Hour)
	if n := makePages(t, s, now); n != 2 {
		t.Errorf("%d pages were made, want 2", n)
	}
	wantSame(t, daysOf(t, s, time.Time{}, time.Time{}), []string{"2026-11-17", "2026-11-19"})
	wantSame(t, daysOf(t, s, day.Add(1), time.Time{}), []string{"2026-11-19"})
	wantSame(t, daysOf(t, s, day, day.AddDate(0, 0, 2)), []string{"2026-11-17"})
	if n := makePages(t, s, now); n != 0 {
		t.Errorf("%d pages were made again", n)
	}
	for page, err := range s.Pages(t.Context(), time.Time{}, time.Time{}, false) {
		must(t, err)
		if page.Cold != nil {
			t.Error("the cold part was not asked for")
		}
	}
}

// A page is gone with the first change of an incident of its day, whatever changes it, and comes again.
func pagesOfChanged(t *testing.T, s *store.Store) {
	day := time.Date(2026, 11, 17, 12, 0, 0, 0, time.UTC)
	now := day.AddDate(0, 0, 3)
	both := []string{"2026-11-17", "2026-11-18"}
	id := incident.ID("Q1")
	begin(t, s, createdAt(id, day))
	begin(t, s, createdAt("Q2", day.AddDate(0, 0, 1)))
	for _, change := range []struct {
		name string
		make func()
	}{
		{"ended", func() { appendAll(t, s, transition(id, "outcome", 10, incident.Ended)) }},
		{"taken", func() { appendAll(t, s, transition(id, "taken", 11, incident.PersonTook)) }},
		{"a step", func() { must(t, s.FinishStep(t.Context(), step(id, incident.Check, 0))) }},
		{"an attempt", func() {
			_, err := s.StartStep(t.Context(), step(id, incident.Recover, 0))
			must(t, err)
		}},
		{"deferred", func() {
			d := transition(id, "deferred", 12, incident.Deferred)
			d.Question, d.Until, d.Window = incident.Page, after(100), "night"
			appendAll(t, s, d)
		}},
		{"another incident", func() { begin(t, s, createdAt("Q3", day.Add(time.Hour))) }},
		{"begun again", func() { begin(t, s, createdAt(id, day.Add(time.Minute))) }},
	} {
		makePages(t, s, now)
		wantSame(t, daysOf(t, s, time.Time{}, time.Time{}), both)
		change.make()
		if got := daysOf(t, s, time.Time{}, time.Time{}); !slices.Equal(got, both[1:]) {
			t.Errorf("%s: pages of %v", change.name, got)
		}
	}
	makePages(t, s, now)
	begin(t, s, createdAt(id, day.AddDate(0, 0, 1))) // it moves to another day: both are not as they were
	wantSame(t, daysOf(t, s, time.Time{}, time.Time{}), []string(nil))
}

// Many days come in order, in batches, and whoever has enough ends the loop.
func manyPages(t *testing.T, s *store.Store) {
	day := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	for n := range 20 {
		begin(t, s, createdAt(incident.ID(fmt.Sprint("Q", n)), day.AddDate(0, 0, n)))
	}
	if n := makePages(t, s, day.AddDate(0, 1, 0)); n != 20 {
		t.Errorf("%d pages were made, want 20", n)
	}
	if days := daysOf(t, s, time.Time{}, time.Time{}); len(days) != 20 || !slices.IsSorted(days) {
		t.Errorf("pages of %v", days)
	}
	for range s.Pages(t.Context(), time.Time{}, time.Time{}, false) {
		break
	}
}
