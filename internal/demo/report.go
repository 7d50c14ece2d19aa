package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/report"
	"shodo/internal/secret"
	"shodo/internal/suggest"
)

// report writes the ops-analysis report of the demo, as "shodo report" would, and gives the file's path.
func (s *stage) report(ctx context.Context, since time.Time, path string) (string, error) {
	page, err := s.page(ctx, since)
	if err != nil {
		return "", fmt.Errorf("make the report of the demo: %w", err)
	}
	if path != "" {
		if err := os.WriteFile(path, page, 0o644); err != nil {
			return "", fmt.Errorf("write the report of the demo: %w", err)
		}
		return path, nil
	}
	f, err := os.CreateTemp("", "shodo-demo-report-*.html")
	if err != nil {
		return "", fmt.Errorf("write the report of the demo: %w", err)
	}
	_, err = f.Write(page)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return "", fmt.Errorf("write the report of the demo: %w", err)
	}
	return f.Name(), nil
}

func (s *stage) page(ctx context.Context, since time.Time) ([]byte, error) {
	now := time.Now()
	period, err := analytics.Between(since.Truncate(time.Minute), now.Truncate(time.Minute).Add(time.Minute))
	if err != nil {
		return nil, err
	}
	c := s.app.Catalog()
	in := report.Input{Record: s.app.Store(), Period: period, Language: report.English, Now: now, Customers: report.Customers(c), Manual: c.Manual()}
	in.Kinds, err = suggest.Rank(ctx, s.app.Store(), suggest.Options{Since: period.Since, Until: period.Until, Limit: 5, Taken: report.ScenarioNames(c),
		Read: func(ctx context.Context, id incident.ID) (incident.Incident, error) {
			rec, err := s.app.Store().Record(ctx, id)
			return rec.Incident, err
		}})
	if err != nil {
		return nil, err
	}
	lost, err := history.Lost(ctx, history.LostOptions{
		PagerDuty: pagerduty.NewClient(pagerduty.Options{APIURL: s.sandbox.PagerDutyURL(), Token: secret.New(restToken), From: botEmail}),
		Record:    s.app.Store(), Catalog: c, Period: period, Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	count := lost.Count()
	in.Lost = &count
	r, err := report.Build(ctx, in)
	if err != nil {
		return nil, err
	}
	return r.HTML()
}
