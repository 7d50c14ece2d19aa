package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/analytics"
	"shodo/internal/config"
	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/report"
	"shodo/internal/terminal"
)

// compareWithPagerDuty looks for what PagerDuty has and the record has not. The catalog of the settings is read when there is
// none in o.
func compareWithPagerDuty(ctx context.Context, cfg *config.Config, o history.LostOptions) (lost analytics.Lost, err error) {
	if o.Catalog == nil {
		if o.Catalog, err = catalogOf(ctx, cfg, o.Log); err != nil {
			return lost, fmt.Errorf("read the catalog, which says what services there are: %w", err)
		}
	}
	o.PagerDuty = pagerduty.NewClient(pagerduty.Options{APIURL: cfg.PagerDuty.APIURL, Token: cfg.PagerDuty.Token.Value, From: cfg.PagerDuty.From, Log: o.Log,
		HTTPClient: &http.Client{Transport: pagerduty.Paced(defaultRate)}})
	o.Keep = cfg.Store.Retention.Stored().Incidents
	lost, err = history.Lost(ctx, o)
	if errors.Is(err, pagerduty.ErrForbidden) {
		err = fmt.Errorf("%w\nhint: the token must be allowed to read all incidents of these services: an account's API key, or that of a user with the role Observer or more", err)
	}
	return lost, err
}

// tellLost is "shodo stats --lost" and "--ids lost".
func (f statsFlags) tellLost(cmd *cobra.Command, from storeFlags, q analytics.Question) error {
	if f.scenario != "" || f.priority != "" {
		return errors.New("what is lost has neither scenario nor priority: choose by --customer, --department or --service")
	}
	s, err := from.open(cmd)
	if err != nil {
		return err
	}
	defer s.Close()
	cfg, problems := config.Load(config.Sources{File: from.config, Environ: os.Environ(), ReadFile: os.ReadFile})
	for _, p := range problems {
		fmt.Fprintln(cmd.ErrOrStderr(), p)
	}
	if cfg == nil {
		return errors.New("what is lost takes a comparison with PagerDuty: name the settings of \"shodo serve\", which have its token and the catalog (-c shodo.yaml)")
	}
	if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, q.Period.Since, q.Period.Until); err != nil {
		return err
	}
	cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn)
	lost, err := compareWithPagerDuty(cmd.Context(), cfg, history.LostOptions{Record: s, Period: q.Period, Now: q.Now, Log: newLog(cfg.Log, cmd.ErrOrStderr()),
		Customer: q.Filter.Customer, Department: q.Filter.Department, Service: q.Filter.Service})
	if err != nil {
		return fmt.Errorf("compare the record with PagerDuty: %w", err)
	}
	out := cmd.OutOrStdout()
	switch {
	case f.json:
		err = printJSON(out, lost)
	case f.ids != "":
		for _, one := range lost.Missing {
			fmt.Fprintln(out, terminal.OneLine(string(one.ID)))
		}
		return nil
	default:
		_, err = io.WriteString(out, lostPage{Lost: lost, words: statsWords[f.language], lost: lostWords[f.language], filter: q.Filter}.String())
	}
	if err == nil && lost.Count() > 0 {
		return errNo
	}
	return err
}

// comparingReport is how long a report waits for the comparison with PagerDuty.
const comparingReport = 20 * time.Second

// lost compares the record with PagerDuty when the settings were named. A report does not depend on it: nil, and a line that says
// why, when it cannot be done.
func (f *reportFlags) lost(cmd *cobra.Command, in report.Input, record analytics.Accounts, known reportCatalog) *int {
	if f.store.config == "" {
		return nil
	}
	ctx, stop := context.WithTimeout(cmd.Context(), comparingReport)
	defer stop()
	cfg, _ := config.Load(config.Sources{File: f.store.config, Environ: os.Environ(), ReadFile: os.ReadFile})
	err := errors.New(`the settings are not complete ("shodo config check" tells more)`)
	var lost analytics.Lost
	if cfg != nil {
		lost, err = compareWithPagerDuty(ctx, cfg, history.LostOptions{Record: record, Catalog: known.catalog, Period: in.Period, Now: in.Now,
			Log: slog.New(slog.DiscardHandler), Customer: incident.CustomerID(f.customer), Department: f.department})
	}
	switch {
	case err != nil && ctx.Err() != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "The record is not compared with PagerDuty: that takes longer than %s (\"shodo stats --lost\" takes its time).\n", comparingReport)
		return nil
	case err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "The record is not compared with PagerDuty: %v\n", err)
		return nil
	}
	n := lost.Count()
	return &n
}
