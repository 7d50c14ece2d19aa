package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/report"
	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
	"shodo/internal/store/storetest"
)

// The aims of figures, at a million incidents; ten millions may take longer.
const (
	figuresIncidents = 1_000_000
	aimAnswer        = 300 * time.Millisecond
	aimReport        = 2 * time.Second
	aimAnswerLarge   = 2 * time.Second
	aimReportLarge   = 15 * time.Second
)

// measureFigures measures answers and the weekly report over a year of incidents, on both databases.
func measureFigures(ctx context.Context, s settings, t *table) error {
	dir, err := os.MkdirTemp(s.dir, "shodo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := figuresOn(ctx, s, t, "SQLite", filepath.Join(dir, "shodo.db")); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil { // before the next ten gigabytes
		return err
	}
	server, err := postgrestest.New(s.dir, "shared_buffers=1GB", "max_wal_size=4GB")
	if errors.Is(err, postgrestest.ErrNone) {
		t.add("figures on PostgreSQL", "not measured: it is not installed")
		return nil
	}
	if err != nil {
		return err
	}
	defer server.Close()
	_, url, err := server.NewSchema(ctx)
	if err != nil {
		return err
	}
	return figuresOn(ctx, s, t, "PostgreSQL", url)
}

func figuresOn(ctx context.Context, s settings, t *table, name, url string) error {
	count := s.incidents
	if s.quick {
		count = min(count, 50_000)
	}
	year := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, url, log)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "writing %d incidents on %s ...\n", count, name)
	if err := storetest.Fill(ctx, url, year, count); err != nil {
		return err
	}
	if db, err = store.Open(ctx, url, log); err != nil {
		return err
	}
	defer db.Close()
	f, err := newFigures(ctx, db, year)
	if err != nil {
		return err
	}
	slow, err := f.answer(f.all, analytics.ByNothing, analytics.Filter{})
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("%s, %d incidents in a year: figures of the year without pages", name, count), slow.String())
	began := time.Now()
	for n := range 2 { // PostgreSQL begins them first
		if _, err := db.MakePages(ctx, f.now.Add(time.Duration(n)*time.Hour)); err != nil {
			return err
		}
	}
	t.add(fmt.Sprintf("%s: pages of all days made, once, in the background", name), fmt.Sprintf("%.1f s", time.Since(began).Seconds()))
	return f.measure(t, name, count)
}

// figures asks one store.
type figures struct {
	ctx       context.Context
	db        *store.Store
	now       time.Time
	week, all analytics.Period
}

func newFigures(ctx context.Context, db *store.Store, year time.Time) (*figures, error) {
	f := &figures{ctx: ctx, db: db, now: year.AddDate(1, 0, 1).Add(9 * time.Hour)}
	var err error
	if f.all, err = analytics.Between(year, year.AddDate(1, 0, 0)); err != nil {
		return nil, err
	}
	number, week := year.AddDate(1, 0, -7).ISOWeek()
	f.week, err = analytics.Week(fmt.Sprintf("%d-W%02d", number, week), time.UTC)
	return f, err
}

func (f *figures) measure(t *table, name string, count int) error {
	aim, reportAim := aimAnswer, aimReport
	if count > figuresIncidents {
		aim, reportAim = aimAnswerLarge, aimReportLarge
	}
	for _, q := range []struct {
		what   string
		period analytics.Period
		filter analytics.Filter
	}{
		{"a week", f.week, analytics.Filter{}},
		{"the year", f.all, analytics.Filter{}},
		{"the year of one customer", f.all, analytics.Filter{Customer: "customer-7"}},
		{"the year of one department", f.all, analytics.Filter{Department: "department-7"}},
	} {
		var slowest times
		var by analytics.Dimension
		for _, d := range append([]analytics.Dimension{analytics.ByNothing}, analytics.Dimensions()...) {
			took, err := f.answer(q.period, d, q.filter)
			if err != nil {
				return err
			}
			if took.clock > slowest.clock {
				slowest, by = took, d
			}
		}
		t.aim(fmt.Sprintf("%s: figures of %s, the slowest grouping (by %s)", name, q.what, cmp.Or(string(by), "nothing")), slowest.String(), "under "+aim.String(), slowest.clock < aim)
	}
	took, err := f.report()
	if err != nil {
		return err
	}
	t.aim(fmt.Sprintf("%s: the weekly report, as HTML", name), took.String(), "under "+reportAim.String(), took.clock < reportAim)
	return nil
}

// answer gives the best of a few times of a question, as shodo stats asks it.
func (f *figures) answer(p analytics.Period, by analytics.Dimension, filter analytics.Filter) (times, error) {
	var best times
	for range 3 {
		runtime.GC()
		var a analytics.Answer
		var err error
		took := timesOf(1, func(int) {
			a, err = analytics.Ask(f.ctx, f.db, analytics.Question{Period: p, By: by, Filter: filter, Saved: true, Now: f.now})
		})
		if err != nil {
			return times{}, err
		}
		if a.Figures.Incidents == 0 {
			return times{}, fmt.Errorf("figures by %q of %v hold no incidents", by, filter)
		}
		best = best.or(took)
	}
	return best, nil
}

func (f *figures) report() (times, error) {
	var best times
	for range 3 {
		runtime.GC()
		var page []byte
		var err error
		took := timesOf(1, func(int) {
			var r *report.Report
			if r, err = report.Build(f.ctx, report.Input{Record: f.db, Period: f.week, Language: "en", Now: f.now}); err == nil {
				page, err = r.HTML()
			}
		})
		if err != nil {
			return times{}, err
		}
		if len(page) < 1000 {
			return times{}, fmt.Errorf("the report has %d bytes", len(page))
		}
		best = best.or(took)
	}
	return best, nil
}

// or gives the shorter one: what else the machine does makes times longer, never shorter.
func (t times) or(other times) times {
	if t.clock == 0 || other.clock < t.clock {
		return other
	}
	return t
}

// String gives the time, and how much of the processor it took in this process: on a busy machine the two differ.
func (t times) String() string { return fmt.Sprintf("%s (%s of CPU time)", ms(t.clock), ms(t.cpu)) }
