package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/config"
	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/store"
)

func newImport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Bring the incidents of the time before the engine into the record",
		Long: `import fills the record with what happened before there was an engine, so that figures have a baseline, scenarios a
backtest, and "shodo suggest" something to rank, on the first day.`,
	}
	cmd.AddCommand(newImportPagerDuty())
	return cmd
}

// importFlags are what "shodo import pagerduty" is asked.
type importFlags struct {
	since, until, zone, format string
	services                   []string
	rate                       int
	dryRun, fast               bool
}

// The requests a minute: half of what PagerDuty allows is the engine's and everybody else's.
const (
	defaultRate = 480
	largestRate = 960
)

func newImportPagerDuty() *cobra.Command {
	var settings settingFlags
	var f importFlags
	cmd := &cobra.Command{
		Use:   "pagerduty",
		Short: "Bring resolved incidents with their alerts and logs from PagerDuty",
		Long: `pagerduty reads the resolved incidents of a time, their alerts and their logs, and writes them into the record as history:
unmatched, or resolved_upstream where the monitor resolved one that no person touched. It only reads in PagerDuty.

It may run beside the engine, and be stopped at any time: the same command goes on where it was. The same import twice changes
nothing, and incidents that the engine has handled stay as they are. Incidents belong to the customer of the catalog whose
service it is today. docs/import.md tells how long it takes, and what figures make of it.

It needs the settings of "shodo serve": where PagerDuty, the catalog and the record are.`,
		Example: `  shodo import pagerduty -c shodo.yaml --since 2025-11-01 --dry-run
  shodo import pagerduty -c shodo.yaml --since 2025-11-01
  shodo import pagerduty -c shodo.yaml --since 90d --service PX1234 --service PX5678`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			since, until, err := f.period(time.Now())
			if err != nil {
				return err
			}
			cfg, err := settings.load(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return f.run(cmd, cfg, since, until)
		},
	}
	flags := cmd.Flags()
	settings.register(flags)
	flags.StringVar(&f.since, "since", "", "incidents created from a day (2025-11-01), an age in whole days (90d) or an instant (RFC 3339) on; required")
	flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is the machine's")
	flags.StringSliceVar(&f.services, "service", nil, "only incidents of PagerDuty's services with these `ids`")
	flags.IntVar(&f.rate, "rate", defaultRate, "at most so many requests a minute; PagerDuty allows 960 for everything that uses the token or its user")
	flags.BoolVar(&f.fast, "fast", false, "take an incident's only alert from the log where that tells enough, instead of reading it: ten times as fast")
	flags.BoolVar(&f.dryRun, "dry-run", false, "count what would be brought, and write nothing")
	flags.StringVar(&f.format, "format", "text", "how the result is printed: text, json")
	return cmd
}

// period reads the time, and looks at the other flags.
func (f importFlags) period(now time.Time) (since, until time.Time, err error) {
	switch {
	case f.format != "text" && f.format != "json":
		return since, until, fmt.Errorf("unknown --format %q: it is one of text, json", f.format)
	case f.rate < 1 || f.rate > largestRate:
		return since, until, fmt.Errorf("--rate %d: it must be between 1 and %d", f.rate, largestRate)
	case f.since == "":
		return since, until, errors.New("say from when on: --since 2025-11-01, or --since 90d")
	}
	p, err := statsFlags{since: f.since, until: f.until, zone: f.zone}.period(now)
	if err != nil {
		return since, until, err
	}
	since, until = p.Since, p.Until
	if _, dayErr := time.Parse(time.DateOnly, f.since); dayErr != nil {
		if _, instantErr := time.Parse(time.RFC3339, f.since); instantErr != nil { // an age: the same all day, so that it goes on where it was
			y, m, d := since.Date()
			since = time.Date(y, m, d, 0, 0, 0, 0, since.Location())
		}
	}
	if until.After(now) {
		until = now
	}
	if !since.Before(until) {
		return since, until, fmt.Errorf("--since %s is not before %s: there is nothing to bring", f.since, until.Format(time.RFC3339))
	}
	return since, until, nil
}

func (f importFlags) run(cmd *cobra.Command, cfg *config.Config, since, until time.Time) error {
	ctx, stderr := cmd.Context(), cmd.ErrOrStderr()
	cfg.Log.Level = max(cfg.Log.Level, slog.LevelWarn) // the rest is told by the progress
	bar := newImportBar(stderr, time.Now)
	log := newLog(cfg.Log, bar)
	customers, err := customersOf(ctx, cfg, log)
	if err != nil {
		return err
	}
	s, err := f.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	client := pagerduty.NewClient(pagerduty.Options{APIURL: cfg.PagerDuty.APIURL, Token: cfg.PagerDuty.Token.Value, From: cfg.PagerDuty.From, Log: log,
		HTTPClient: &http.Client{Transport: pagerduty.Paced(f.rate)}, Timeout: time.Minute + time.Minute/time.Duration(f.rate), Patience: 10 * time.Minute})
	self, err := client.Self(ctx)
	if err != nil && !errors.Is(err, pagerduty.ErrNotFound) {
		return f.hinted(err)
	}
	nobodys := 0
	customerOf := func(id incident.ServiceID) incident.Customer {
		c := customers(id)
		if c.ID == "" {
			nobodys++
		}
		return c
	}
	o := history.Options{PagerDuty: client, Record: s, ID: rand.Text(), Since: since, Until: until, Self: self.ID, Alerts: f.alerts(client),
		Customer: customerOf, Now: time.Now, Log: log, DryRun: f.dryRun, Progress: bar.show, Pauses: importPauses(),
		Gone: func(err error) bool {
			return errors.Is(err, pagerduty.ErrNotFound) || errors.Is(err, pagerduty.ErrTooLarge)
		},
		Away: func(err error) bool { return errors.Is(err, pagerduty.ErrUnavailable) }}
	for _, id := range f.services {
		o.Services = append(o.Services, incident.ServiceID(id))
	}
	i, err := history.Run(ctx, o)
	bar.clear()
	switch {
	case err != nil && ctx.Err() != nil:
		f.tellStopped(stderr, i)
		return errNo
	case err != nil:
		return f.hinted(err)
	}
	return f.print(cmd.OutOrStdout(), i, nobodys, until, bar.resumed)
}

// importPauses are for about ten minutes: an import runs for hours, and nobody may be there.
func importPauses() []time.Duration {
	return []time.Duration{5 * time.Second, 15 * time.Second, 40 * time.Second, time.Minute, 2 * time.Minute, 2 * time.Minute, 4 * time.Minute}
}

// open opens the record. To count, what is there has to be read, if there is a record at all.
func (f importFlags) open(ctx context.Context, cfg *config.Config) (*store.Store, error) {
	quiet := slog.New(slog.DiscardHandler)
	if f.dryRun {
		if s, err := store.OpenReader(ctx, cfg.StoreURL().Reveal(), quiet); err == nil || !errors.Is(err, store.ErrNotReady) {
			return s, err
		}
	}
	return store.OpenBeside(ctx, cfg.StoreURL().Reveal(), quiet)
}

// alerts says how alerts are read.
func (f importFlags) alerts(client *pagerduty.Client) func(context.Context, incident.HistoryIncident) ([]incident.Alert, error) {
	return func(ctx context.Context, one incident.HistoryIncident) ([]incident.Alert, error) {
		if f.fast && one.AlertCount <= 1 {
			if list := pagerduty.TriggerAlert(one); len(list) > 0 {
				return list, nil
			}
		}
		return client.Alerts(ctx, one)
	}
}

// hinted adds to a refusal of PagerDuty what to do.
func (f importFlags) hinted(err error) error {
	var refused *pagerduty.Error
	if !errors.As(err, &refused) {
		return err
	}
	hint := "what was read is in the record; the same command goes on there"
	if f.dryRun {
		hint = "nothing was written"
	}
	switch {
	case refused.Status == http.StatusPaymentRequired:
		hint = "the plan of the account does not have this; ask PagerDuty's account owner"
	case errors.Is(err, pagerduty.ErrForbidden):
		hint = "the token must be allowed to read all incidents of these services: an account's API key, or that of a user with the role Observer or more"
	case errors.Is(err, pagerduty.ErrUnauthorized):
		return err // it has a hint
	}
	return fmt.Errorf("%w\nhint: %s", err, hint)
}

func (f importFlags) tellStopped(w io.Writer, i incident.Import) {
	if f.dryRun {
		fmt.Fprintln(w, "Stopped. Nothing was written.")
		return
	}
	fmt.Fprintf(w, "Stopped. Everything created before %s is in the record; the same command goes on there.\n", i.DoneTo.Local().Format("2006-01-02 15:04:05"))
}

func (f importFlags) print(w io.Writer, i incident.Import, nobodys int, until time.Time, resumed bool) error {
	if f.format == "json" {
		return printJSON(w, i)
	}
	verb := "Brought"
	if f.dryRun {
		verb = "Would bring"
	}
	fmt.Fprintf(w, "%s %s, created from %s to %s.\n", verb, countGrouped(i.Imported, "incident"), i.Since.Local().Format(time.DateOnly), i.Until.Local().Format("2006-01-02 15:04"))
	for _, line := range []struct {
		n    int
		text string
	}{
		{nobodys, "of services that no customer of the catalog has: what is brought of them belongs to nobody"},
		{i.Unchanged, "in the record already, and not changed since"},
		{i.Engine, "handled by the engine: left as they are"},
		{i.Open, "not resolved yet: left to the engine, and to a later import"},
		{i.Unreadable, "could not be read, or PagerDuty counts them and does not give them; a later import tries again"},
	} {
		if line.n > 0 {
			fmt.Fprintf(w, "  %s %s\n", grouped(line.n), line.text)
		}
	}
	if i.Seen() == 0 {
		fmt.Fprintln(w, "PagerDuty shows none. When there should be some: the token may not be allowed to see them, or pagerduty.api_url is another region or account.")
	}
	if resumed && i.Until.Before(until.Add(-time.Hour)) {
		fmt.Fprintln(w, "This finished an import that was begun earlier. The same command once more brings what came since.")
	}
	if !f.dryRun && i.Imported > 0 {
		fmt.Fprintf(w, "\nNext:\n  shodo stats --month %s      figures of that time\n  shodo suggest --since 180d       what to automate first\n  shodo backtest --since 180d DIR  what a catalog would have matched\n",
			i.Until.AddDate(0, 0, -i.Until.Day()).Format("2006-01"))
	}
	return nil
}
