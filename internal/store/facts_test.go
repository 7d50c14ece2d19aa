package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/storetest"
)

// Facts are read along an index, in its order: no year is sorted, and no table is read as a whole.
func TestPlansOfFigures(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	begin := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	for index, f := range map[string]incident.FactFilter{
		"incidents_created":  {Since: begin, Until: begin.AddDate(0, 0, 7)},
		"incidents_customer": {Since: begin, Customer: "acme"},
		"incidents_scenario": {Since: begin, Scenario: "disk-full"},
	} {
		plan, err := s.FactsPlan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "USING INDEX "+index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}

// Every row comes once, over many pages; and what is cut off in the middle says so.
func TestManyFacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := open(t, path)
	const count = 3000
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fillYear(t, path, year, count)
	next := 0
	for f, err := range s.Facts(t.Context(), incident.FactFilter{With: incident.FactID}) {
		if want := incident.ID(fmt.Sprintf("Q%013d", next)); err != nil || f.ID != want {
			t.Fatalf("%s, %v; want %s", f.ID, err, want)
		}
		next++
	}
	if next != count {
		t.Errorf("%d facts of %d", next, count)
	}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		got, last := 0, error(nil)
		for _, err := range s.Facts(ctx, incident.FactFilter{}) {
			cancel()
			last = err
			got++
		}
		cancel()
		if got > count/2 || !errors.Is(last, context.Canceled) {
			t.Fatalf("%d facts of %d, and then %v", got, count, last)
		}
	}
}

// A year of a large operation: 528 groups, 1,000,000 incidents. It takes a minute to build, so it is asked for:
// SHODO_BENCH_INCIDENTS=1000000 go test -bench Stats -run '^$' ./internal/store
func BenchmarkStats(b *testing.B) {
	count, err := strconv.Atoi(os.Getenv("SHODO_BENCH_INCIDENTS"))
	if err != nil {
		b.Skip("SHODO_BENCH_INCIDENTS is not set")
	}
	path := filepath.Join(b.TempDir(), "store.db")
	s, err := store.Open(b.Context(), path, quiet())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fillYear(b, path, year, count)
	week, err := analytics.Week("2026-W46", time.UTC)
	if err != nil {
		b.Fatal(err)
	}
	whole, err := analytics.Between(year, year.AddDate(1, 0, 0))
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		period analytics.Period
		filter analytics.Filter
	}{{"week", week, analytics.Filter{}}, {"year", whole, analytics.Filter{}}, {"year_of_a_customer", whole, analytics.Filter{Customer: "customer-7"}}} {
		for _, by := range []analytics.Dimension{analytics.ByNothing, analytics.ByCustomer, analytics.ByDay, analytics.ByKind} {
			b.Run(fmt.Sprintf("%s/by_%s", c.name, by), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					a, err := analytics.Ask(b.Context(), s, analytics.Question{Period: c.period, Filter: c.filter, By: by, Now: year.AddDate(2, 0, 0)})
					if err != nil || a.Figures.Incidents == 0 {
						b.Fatalf("%d incidents, %v", a.Figures.Incidents, err)
					}
				}
			})
		}
	}
}

// fillYear writes incidents evenly over a year.
func fillYear(b testing.TB, path string, year time.Time, count int) {
	b.Helper()
	if err := storetest.Fill(b.Context(), path, year, count); err != nil {
		b.Fatal(err)
	}
}
