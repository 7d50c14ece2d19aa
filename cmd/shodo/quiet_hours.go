package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"shodo/internal/calendar"
	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/terminal"
	"shodo/internal/yamldoc"
)

// quietFlags are what "shodo quiet-hours" is asked.
type quietFlags struct {
	catalog, at, severity, service string
	month, from, to, language      string
	json, ics                      bool
}

func newQuietHours() *cobra.Command {
	var store storeFlags
	var f quietFlags
	cmd := &cobra.Command{
		Use:   "quiet-hours CUSTOMER",
		Short: "Say whether a customer may be told, a tier woken and things changed at a time",
		Long: `quiet-hours decides as the engine would, by the quiet hours and the maintenance in the customer's file: may the customer
be told (contact), may a tier be woken (page), may actions change things (recover), now or at another time; by which
window, why, and until when. Times are the customer's. --month draws a month, --ics writes the windows for a calendar
program. Maintenance that was added to a running engine is known only with -c or --store.`,
		Example: `  shodo quiet-hours acme
  shodo quiet-hours acme --at "2026-12-31 23:30" --severity critical
  shodo quiet-hours acme --month 2026-12
  shodo quiet-hours acme --ics --from 2026-12-01 --to 2027-03-31 > acme.ics`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			c, of, err := f.customer(args[0])
			if err != nil {
				return err
			}
			q, err := f.question(c.Version(), of, time.Now())
			if err != nil {
				return err
			}
			if q.policy, err = store.withMaintenance(cmd, of, q.from); err != nil {
				return err
			}
			return f.print(cmd, q)
		},
	}
	flags := cmd.Flags()
	store.register(flags)
	flags.StringVar(&f.catalog, "catalog", ".", "the `folder` of the catalog")
	flags.StringVar(&f.at, "at", "", `an instant: RFC 3339, or "2026-12-31 23:30" on the customer's clock; the default is now`)
	flags.StringVar(&f.severity, "severity", "", "of the alert: critical, error, warning, info")
	flags.StringVar(&f.service, "service", "", "the `id` of the incident's service in PagerDuty")
	flags.StringVar(&f.month, "month", "", "draw a `month`, such as 2026-12")
	flags.BoolVar(&f.ics, "ics", false, "write the windows as an iCalendar file; the default period is the next 90 days")
	flags.StringVar(&f.from, "from", "", "with --ics: from this day or `instant` on")
	flags.StringVar(&f.to, "to", "", "with --ics: to the end of this day, or to this `instant`")
	flags.StringVar(&f.language, "language", "en", "of the text: en, ja")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	for _, period := range []string{"month", "from", "to"} {
		cmd.MarkFlagsMutuallyExclusive("at", period)
	}
	cmd.MarkFlagsMutuallyExclusive("month", "from")
	cmd.MarkFlagsMutuallyExclusive("month", "to")
	cmd.MarkFlagsMutuallyExclusive("json", "ics")
	cmd.MarkFlagsMutuallyExclusive("json", "month")
	return cmd
}

func (f quietFlags) check() error {
	severities := []string{"critical", "error", "warning", "info"}
	if f.severity != "" && !slices.Contains(severities, f.severity) {
		return fmt.Errorf("--severity %q: it is one of %s", f.severity, strings.Join(severities, ", "))
	}
	if _, ok := quietWords[f.language]; !ok {
		return fmt.Errorf("--language %q: it is en or ja", f.language)
	}
	if (f.from != "" || f.to != "") && !f.ics {
		return errors.New("--from and --to say what --ics writes; give --ics, or --at for one instant")
	}
	return nil
}

func (f quietFlags) customer(id string) (*catalog.Catalog, *customer.Customer, error) {
	c, problems, err := loadCatalog(f.catalog)
	if err != nil {
		return nil, nil, err
	}
	if err := problems.Err(); err != nil {
		return nil, nil, fmt.Errorf("the catalog is not right, \"shodo check %s\" tells all:\n%w", f.catalog, err)
	}
	of, ok := c.Customer(incident.CustomerID(id))
	if !ok {
		var known []string
		for _, one := range c.Customers() {
			known = append(known, string(one.ID))
		}
		return nil, nil, fmt.Errorf("there is no customer %q in the catalog%s", id, hinted(firstOf(yamldoc.Suggest(id, known), "it has "+count(len(known), "customer")+"; --catalog names the folder of another one")))
	}
	return c, of, nil
}

func hinted(hint string) string { return " (" + hint + ")" }

// quietQuestion is what is asked, by values.
type quietQuestion struct {
	customer *customer.Customer
	catalog  string // its version
	policy   quiethours.Policy
	at       time.Time
	from, to time.Time // of a month or an export; from is at when one instant is asked about
	facts    quietFacts
}

func (f quietFlags) question(version string, c *customer.Customer, now time.Time) (quietQuestion, error) {
	q := quietQuestion{customer: c, catalog: version, policy: c.Policy, at: now.In(c.TimeZone)}
	var err error
	if q.facts, err = factsOf(c, f.severity, f.service); err != nil {
		return q, err
	}
	if f.at != "" {
		if q.at, err = clockTime("--at", f.at, c.TimeZone, 0); err != nil {
			return q, err
		}
	}
	q.from, q.to = q.at, q.at.AddDate(0, 0, 90)
	if f.month != "" {
		first, err := time.Parse("2006-01", f.month)
		if err != nil {
			return q, fmt.Errorf("--month: %q is not a month (write it as 2026-12)", f.month)
		}
		month := quiethours.OnWall(c.TimeZone, first, first.AddDate(0, 1, 0))
		q.from, q.to = month.Start, month.End
	}
	if f.from != "" {
		if q.from, err = clockTime("--from", f.from, c.TimeZone, 0); err != nil {
			return q, err
		}
		q.to = q.from.AddDate(0, 0, 90)
	}
	if f.to != "" {
		if q.to, err = clockTime("--to", f.to, c.TimeZone, 1); err != nil {
			return q, err
		}
	}
	if !q.from.Before(q.to) {
		return q, fmt.Errorf("the period ends at %s, before it begins at %s", q.to.Format(time.RFC3339), q.from.Format(time.RFC3339))
	}
	return q, nil
}

// clockTime reads an instant, or a time on the clock of the zone. Of a day it is the beginning, or that of the day so
// many days later.
func clockTime(flag, text string, zone *time.Location, days int) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.In(zone), nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return firstOnClock(zone, day.AddDate(0, 0, days)), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if at, err := time.Parse(layout, text); err == nil {
			return firstOnClock(zone, at), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s %q: it is an instant (2026-12-31T23:30:00+09:00), a time on the customer's clock (2026-12-31 23:30) or a day (2026-12-31)", flag, text)
}

// firstOnClock gives the first instant at which the zone's clock shows that time or, in a skipped hour, a later one.
func firstOnClock(zone *time.Location, wall time.Time) time.Time {
	return quiethours.OnWall(zone, wall, wall.Add(time.Minute)).Start.In(zone)
}

// withMaintenance gives the customer's policy with the maintenance of a running engine, when the flags say where its
// record is.
func (f *storeFlags) withMaintenance(cmd *cobra.Command, c *customer.Customer, from time.Time) (quiethours.Policy, error) {
	if f.store == "" && f.config == "" {
		return c.Policy, nil
	}
	s, err := f.open(cmd)
	if err != nil {
		return c.Policy, err
	}
	defer s.Close()
	list, err := s.Maintenances(cmd.Context(), c.ID, from)
	if err != nil {
		return c.Policy, err
	}
	var windows []quiethours.Window
	for _, m := range list {
		w, err := catalog.MaintenanceWindow(m)
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "shodo: maintenance %q: %v\n", m.ID, err)
		}
		if w.When != nil {
			windows = append(windows, w)
		}
	}
	return c.Policy.With(windows...), nil
}

func (f quietFlags) print(cmd *cobra.Command, q quietQuestion) error {
	out := cmd.OutOrStdout()
	words := quietWords[f.language]
	switch {
	case f.ics:
		_, err := out.Write(calendar.Export(q.policy, firstOf(q.customer.Name, string(q.customer.ID)), q.from, q.to))
		return err
	case f.json:
		return printJSON(out, answerTo(q))
	case f.month != "":
		plain := os.Getenv("NO_COLOR") != "" || !isTerminal(out)
		_, err := fmt.Fprint(out, monthPicture{quietQuestion: q, words: words, plain: plain, style: terminal.Style(!plain)})
		return err
	}
	_, err := fmt.Fprint(out, answerPage{answerTo(q), words})
	return err
}

func isTerminal(out any) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}
