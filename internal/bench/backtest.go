package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"shodo/internal/backtest"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// The backtest of the aims: a year of a large operation.
const (
	pastIncidents      = 1_000_000
	pastIncidentsQuick = 20_000
)

// pastEstate is the catalog that they were decided by, and laterEstate the one that is tried: there another customer has
// adopted each scenario.
var (
	pastEstate  = estate{scenarios: 1000, customers: 100, adopted: 100}
	laterEstate = estate{scenarios: 1000, customers: 100, adopted: 99}
)

// measureBacktest measures catalogs against past incidents, which are in a store as the engine writes them.
func measureBacktest(ctx context.Context, s settings, t *table) error {
	count := pastIncidents
	if s.quick {
		count = pastIncidentsQuick
	}
	then, _, err := pastEstate.open(ctx, s)
	if err != nil {
		return err
	}
	later, _, err := laterEstate.open(ctx, s)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "shodo-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, filepath.Join(dir, "shodo.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	fmt.Fprintf(os.Stderr, "writing %d past incidents ...\n", count)
	size, err := fillPast(ctx, db, then, count)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		against string
		before  *catalog.Catalog
	}{{"what was decided then", nil}, {"another catalog", then}} {
		runtime.GC()
		var r backtest.Report
		q := backtest.Question{After: later, Before: c.before, Limit: 10}
		took := timesOf(1, func(int) { r, err = backtest.Run(ctx, db.Past(ctx, incident.PastFilter{}), q) })
		if err != nil {
			return err
		}
		if r.Total.Incidents != count || r.Total.Changed() == 0 || r.Total.Changed() == count {
			return fmt.Errorf("the backtest told of %d incidents of %d, of which %d differ", r.Total.Incidents, count, r.Total.Changed())
		}
		what := fmt.Sprintf("backtest of %d incidents (%.1f KiB each) against %d scenarios, compared with %s", count, float64(size)/float64(count)/1024, pastEstate.scenarios, c.against)
		result := fmt.Sprintf("%.1f s, %.1f s of CPU time on %d CPUs", took.clock.Seconds(), took.cpu.Seconds(), runtime.GOMAXPROCS(0))
		if s.quick {
			t.add(what, result)
		} else {
			t.aim(what, result, "under 60 s", took.clock < time.Minute)
		}
	}
	return nil
}

// fillPast begins incidents evenly over a year, and gives the size of their records in bytes.
func fillPast(ctx context.Context, db *store.Store, c *catalog.Catalog, count int) (int64, error) {
	const writers = 128 // they share transactions
	var size atomic.Int64
	begin, every := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 365*24*time.Hour/time.Duration(count)
	group, ctx := errgroup.WithContext(ctx)
	for w := range writers {
		group.Go(func() error {
			for n := w; n < count; n += writers {
				r := pastRecord(c, n, begin.Add(time.Duration(n)*every))
				if _, err := db.Begin(ctx, r); err != nil {
					return err
				}
				doc, err := json.Marshal(r)
				if err != nil {
					return err
				}
				size.Add(int64(len(doc)))
			}
			return nil
		})
	}
	err := group.Wait()
	return size.Load(), err
}

// pastRecord is an incident with what PagerDuty and a monitor tell of it, as the engine begins it.
func pastRecord(c *catalog.Catalog, n int, at time.Time) incident.Record {
	inc := pastEstate.incident(n)
	alert := &inc.Alerts[0]
	inc.ID, inc.Number, inc.Title, inc.Status, inc.Urgency = incident.ID(fmt.Sprintf("Q%013d", n)), n, alert.Summary, incident.Triggered, "high"
	inc.URL, inc.CreatedAt, inc.AlertCount = "https://acme.pagerduty.com/incidents/"+string(inc.ID), at, 1
	inc.EscalationPolicy, inc.Assignees = incident.Ref{ID: "PPOLICY", Name: "Operations"}, []incident.Ref{{ID: "PUSER01", Name: "Aiko Tanaka"}}
	alert.ID, alert.DedupKey, alert.CreatedAt = fmt.Sprintf("QA%012d", n), "health/"+alert.Source, at
	alert.Component, alert.Group, alert.Class = "nginx", "web", "http"
	alert.Details = map[string]any{"alertname": "HealthCheckFailed", "instance": alert.Source, "job": "blackbox", "value": 502.0, "for": "2m",
		"labels": map[string]any{"region": "ap-northeast-1", "team": "web", "env": "production"}, "description": "the health check failed five times in a row"}
	r := incident.Record{Incident: inc, WorkflowRun: "run-of-" + string(inc.ID), Phase: incident.Intake, CatalogVersion: c.Version(), EngineVersion: "bench", ReceivedAt: at}
	d := c.Decide(inc)
	r.Match = d.Match
	if d.Customer != nil {
		r.Customer = d.Customer.Facts()
	}
	return r
}
