package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/partial"
	"shodo/internal/report"
	"shodo/internal/store"
	"shodo/internal/suggest"
)

// reportFlags are what "shodo report" is asked.
type reportFlags struct {
	store                          storeFlags
	week, month, since, until      string
	zone, customer, department     string
	format, language, out, catalog string
}

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the report of a week, a month or any period",
		Long: `report writes the ops-analysis report: whether the period was better than the one before, why, and what to do; the figures
by which the operation is steered; who has adopted scenarios; what weighs on people, and what to automate next. It is for the
whole operation, for a department (--department) or for a customer (--customer), whose own edition shows nothing of anybody
else. docs/report.md explains every part.

With -c the record is also compared with PagerDuty, for 20 seconds at most: what PagerDuty received and is not accounted for.

The same period of the same record gives the same bytes, whenever it is written; a comparison with PagerDuty is of its own moment.`,
	}
	cmd.AddCommand(newReportOf("weekly", "Write the report of a week; without --week, of the last one that is over",
		"  shodo report weekly\n  shodo report weekly --week 2026-W46 --out report.html\n  shodo report weekly --customer acme --language ja --out acme.html\n  shodo report weekly --format csv > week.csv",
		func(f *reportFlags, flags *pflag.FlagSet) {
			flags.StringVar(&f.week, "week", "", "an ISO 8601 `week`, such as 2026-W46")
		}),
		newReportOf("monthly", "Write the report of a month; without --month, of the last one that is over",
			"  shodo report monthly --month 2026-11 --out november.html\n  shodo report monthly --department cloud-1",
			func(f *reportFlags, flags *pflag.FlagSet) {
				flags.StringVar(&f.month, "month", "", "a `month`, such as 2026-11")
			}),
		newReportOf("period", "Write the report of any period",
			"  shodo report period --since 2026-11-01 --until 2026-11-15\n  shodo report period --since 30d --out report.html",
			func(f *reportFlags, flags *pflag.FlagSet) {
				flags.StringVar(&f.since, "since", "", "from an age (24h, 30d), a day (2026-11-01) or an instant (RFC 3339) on")
				flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
			}), newReportSend(), newReportDeliveries())
	return cmd
}

func newReportOf(name, short, example string, period func(*reportFlags, *pflag.FlagSet)) *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use: name, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, name, time.Now()) },
	}
	flags := cmd.Flags()
	period(f, flags)
	flags.StringVar(&f.customer, "customer", "", "the edition of the customer with this `id`")
	flags.StringVar(&f.department, "department", "", "the edition of this department")
	flags.StringVar(&f.format, "format", "", "markdown, html, json or csv; the default is what --out ends in, or markdown")
	flags.StringVar(&f.language, "language", "", "en or ja; the default is a customer's own, or en")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is a customer's own, or the machine's")
	flags.StringVarP(&f.out, "out", "o", "", "write to this `file`, or into this folder; the default is to print")
	flags.StringVar(&f.catalog, "catalog", "", "the `folder` of the catalog: names and adoption; the default is that of the settings, or the current one")
	f.store.register(flags)
	cmd.MarkFlagsMutuallyExclusive("customer", "department")
	return cmd
}

func (f *reportFlags) run(cmd *cobra.Command, name string, now time.Time) error {
	format, err := f.formatOf()
	if err != nil {
		return err
	}
	if f.language != "" && f.language != report.Japanese && f.language != report.English {
		return fmt.Errorf("--language %q: it is en or ja", f.language)
	}
	known, err := f.readCatalog()
	if err != nil {
		return err
	}
	in := report.Input{Edition: report.Edition{Customer: incident.CustomerID(f.customer), Department: f.department},
		Customers: known.customers, Manual: known.manual, Language: firstOf(f.language, known.language(f.customer), report.English), Now: now}
	if in.Period, err = f.period(name, known, now); err != nil {
		return err
	}
	s, err := f.store.open(cmd)
	if err != nil {
		return err
	}
	defer s.Close()
	in.Record = s
	if in.Kinds, err = suggest.Rank(cmd.Context(), s, suggest.Options{Since: in.Period.Since, Until: in.Period.Until, Customer: in.Edition.Customer,
		Department: f.department, Limit: 5, Read: recordedIncident(s), Taken: known.taken}); err != nil {
		return err
	}
	if in.Imports, err = s.Imports(cmd.Context()); err != nil {
		return err
	}
	in.Lost = f.lost(cmd, in, s, known)
	r, err := report.Build(cmd.Context(), in)
	if err != nil {
		return err
	}
	if err := f.isKnown(cmd, s, r, known); err != nil {
		return err
	}
	if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, r.Since(), in.Period.Until); err != nil {
		return err
	}
	if !known.read {
		fmt.Fprintln(cmd.ErrOrStderr(), "There is no catalog here (--catalog DIR): customers are named by their ids, and adoption is not known.")
	}
	return f.write(cmd, r, format)
}

// period reads the flags; without any it is the last week or month that is over.
func (f *reportFlags) period(name string, known reportCatalog, now time.Time) (analytics.Period, error) {
	zone, err := zoneOf(firstOf(f.zone, known.zone(f.customer)))
	if err != nil {
		return analytics.Period{}, err
	}
	now = now.In(zone)
	flags := statsFlags{week: f.week, month: f.month, since: f.since, until: f.until}
	switch {
	case name == "weekly" && f.week == "":
		year, week := now.AddDate(0, 0, -7).ISOWeek()
		flags.week = fmt.Sprintf("%d-W%02d", year, week)
	case name == "monthly" && f.month == "":
		flags.month = now.AddDate(0, 0, -now.Day()).Format("2006-01")
	case name == "period" && f.since == "":
		return analytics.Period{}, errors.New("--since is missing: say where the period begins, such as --since 2026-11-01")
	}
	p, err := flags.periodIn(zone, now)
	if err == nil && now.Before(p.Since) {
		return p, fmt.Errorf("the period begins on %s, which is still to come", p.Since.Format(time.DateOnly))
	}
	return p, err
}

// isKnown tells a customer or a department that has never been from one that had a quiet year.
func (f *reportFlags) isKnown(cmd *cobra.Command, s *store.Store, r *report.Report, known reportCatalog) error {
	if !r.OfNobody() {
		return nil
	}
	if f.department != "" {
		return fmt.Errorf("--department %q: there is no such department, neither in the catalog nor in the record of the last year%s", f.department,
			hinted(firstOf(known.departments(), `"shodo stats --since 365d --by department" lists them`)))
	}
	list, err := s.List(cmd.Context(), incident.Filter{Customer: incident.CustomerID(f.customer), Limit: 1})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("--customer %q: there is no such customer, neither in the catalog nor in the record%s", f.customer,
			hinted(firstOf(known.similar(f.customer), `"shodo stats --since 365d --by customer" lists those of the last year`)))
	}
	return err
}

// reportFormats are the endings of files by their format.
var reportFormats = map[string]string{"markdown": ".md", "html": ".html", "json": ".json", "csv": ".csv"}

func (f *reportFlags) formatOf() (string, error) {
	if f.format != "" {
		if reportFormats[f.format] == "" {
			return "", fmt.Errorf("--format %q: it is one of markdown, html, json, csv", f.format)
		}
		return f.format, nil
	}
	ending := strings.ToLower(filepath.Ext(f.out))
	for format, known := range reportFormats {
		if ending == known || ending == ".htm" && format == "html" {
			return format, nil
		}
	}
	if f.out != "" && !f.intoFolder() {
		return "", fmt.Errorf("--out %q: what it is to hold is not known; say it with --format, end the name in .md, .html, .json or .csv, or name a folder (%q makes one)",
			f.out, f.out+"/")
	}
	return "markdown", nil
}

// intoFolder says whether --out is a folder, or is to be one.
func (f *reportFlags) intoFolder() bool { return strings.HasSuffix(f.out, "/") || isFolder(f.out) }

// write prints the report, or writes the whole of it to a file: there is no half of one.
func (f *reportFlags) write(cmd *cobra.Command, r *report.Report, format string) error {
	text, err := rendered(r, format)
	if err != nil {
		return err
	}
	if f.out == "" {
		_, err := cmd.OutOrStdout().Write(text)
		return err
	}
	path := f.out
	if f.intoFolder() {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("make the folder of the report: %w", err)
		}
		path = filepath.Join(path, r.FileName()+reportFormats[format])
	}
	if err := partial.Write(path, text); err != nil {
		return fmt.Errorf("write the report as %q: %w", path, err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), path)
	return nil
}

func rendered(r *report.Report, format string) ([]byte, error) {
	switch format {
	case "html":
		return r.HTML()
	case "json":
		return r.JSON()
	case "csv":
		return r.CSV()
	}
	return r.Markdown(), nil
}
