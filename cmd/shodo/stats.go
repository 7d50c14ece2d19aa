package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// statsFlags are what "shodo stats" is asked.
type statsFlags struct {
	week, month, since, until, zone                   string
	customer, department, scenario, service, priority string
	by, ids, language                                 string
	json, csv, definitions, lost                      bool
	top                                               int
}

func newStats() *cobra.Command {
	var from storeFlags
	var f statsFlags
	cmd := &cobra.Command{
		Use:   "stats",
		Short: "Tell in figures how the first response did, compared with the period before",
		Long: `stats makes figures of the record: what share was handled automatically, how long the first response took, which
repairs hold, what weighs on people. A period holds the incidents that PagerDuty created in it; without a flag it is the
last seven days. "shodo stats --definitions" says what each figure means, and --ids FIGURE lists its incidents.

--lost compares the record with PagerDuty, with the settings of "shodo serve": what PagerDuty received and is not accounted for.
It must be 0; the exit code is 1 when it is not.`,
		Example: `  shodo stats --week 2026-W46 --zone Asia/Tokyo
  shodo stats --month 2026-11 --by department
  shodo stats --since 2026-11-01 --until 2026-11-15 --customer acme --by scenario
  shodo stats --week 2026-W46 --ids came_back
  shodo stats --week 2026-W46 --lost -c shodo.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.definitions {
				printDefinitions(cmd.OutOrStdout())
				return nil
			}
			question, err := f.question(time.Now())
			if err != nil {
				return err
			}
			if f.asksLost() {
				return f.tellLost(cmd, from, question)
			}
			s, err := from.open(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			before := question.Period.Previous(question.Now)
			if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, before.Since, question.Period.Until); err != nil {
				return err
			}
			answer, err := analytics.Ask(cmd.Context(), s, question)
			if err != nil {
				return err
			}
			return f.print(cmd.OutOrStdout(), answer)
		},
	}
	flags := cmd.Flags()
	from.register(flags)
	flags.StringVar(&f.week, "week", "", "an ISO 8601 `week`, such as 2026-W46")
	flags.StringVar(&f.month, "month", "", "a `month`, such as 2026-11")
	flags.StringVar(&f.since, "since", "", "from an age (90m, 24h, 7d), a day (2026-11-01) or an instant (RFC 3339) on")
	flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is the machine's")
	flags.StringVar(&f.customer, "customer", "", "only those of the customer with this `id`")
	flags.StringVar(&f.department, "department", "", "only those of customers of this department")
	flags.StringVar(&f.scenario, "scenario", "", "only those that got the scenario of this `name`")
	flags.StringVar(&f.service, "service", "", "only those of PagerDuty's service with this `id`")
	flags.StringVar(&f.priority, "priority", "", "only those with this priority, such as P1")
	flags.StringVar(&f.by, "by", "", "also a table of groups: "+listOf(analytics.Dimensions()))
	flags.IntVar(&f.top, "top", 20, "at most so many groups in the table; 0 for all")
	flags.StringVar(&f.ids, "ids", "", "only list the incidents that a `figure`, an outcome or a reason is made of")
	flags.StringVar(&f.language, "language", "en", "of the tables: en, ja")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.BoolVar(&f.csv, "csv", false, "print CSV: a line for all, and one for each group")
	flags.BoolVar(&f.lost, "lost", false, "compare with PagerDuty, and only tell what is lost (takes -c, or SHODO_CONFIG)")
	flags.BoolVar(&f.definitions, "definitions", false, "say what each figure means")
	cmd.MarkFlagsMutuallyExclusive("week", "month", "since")
	cmd.MarkFlagsMutuallyExclusive("week", "month", "until")
	cmd.MarkFlagsMutuallyExclusive("json", "csv")
	cmd.MarkFlagsMutuallyExclusive("csv", "ids", "lost")
	cmd.MarkFlagsMutuallyExclusive("by", "lost")
	return cmd
}

func (f statsFlags) question(now time.Time) (analytics.Question, error) {
	q := analytics.Question{By: analytics.Dimension(f.by), List: analytics.Figure(f.ids), Saved: true, Now: now,
		Filter: analytics.Filter{Customer: incident.CustomerID(f.customer), Department: f.department,
			Scenario: incident.ScenarioName(f.scenario), Service: incident.ServiceID(f.service), Priority: f.priority}}
	if f.by != "" && !slices.Contains(analytics.Dimensions(), q.By) {
		return q, fmt.Errorf("--by %q: it is one of %s", f.by, listOf(analytics.Dimensions()))
	}
	if names := append(analytics.Names(), analytics.LostIncidents); f.ids != "" && !slices.Contains(names, q.List) {
		return q, fmt.Errorf("--ids %q: it is one of %s", f.ids, listOf(names))
	}
	if _, ok := statsWords[f.language]; !ok {
		return q, fmt.Errorf("--language %q: it is en or ja", f.language)
	}
	if f.top < 0 {
		return q, fmt.Errorf("--top %d: it is a number of groups, or 0 for all", f.top)
	}
	var err error
	q.Period, err = f.period(now)
	return q, err
}

// asksLost says whether the answer takes PagerDuty, beside the record.
func (f statsFlags) asksLost() bool { return f.lost || f.ids == string(analytics.LostIncidents) }

func (f statsFlags) period(now time.Time) (analytics.Period, error) {
	zone, err := zoneOf(f.zone)
	if err != nil {
		return analytics.Period{}, err
	}
	return f.periodIn(zone, now.In(zone))
}

// zoneOf reads --zone; empty is the machine's.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.Local, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("--zone %q: there is no such zone (write it as Asia/Tokyo)", name)
	}
	return zone, nil
}

func (f statsFlags) periodIn(zone *time.Location, now time.Time) (analytics.Period, error) {
	switch {
	case f.week != "":
		return flagged("--week", analytics.Week, f.week, zone)
	case f.month != "":
		return flagged("--month", analytics.Month, f.month, zone)
	}
	since, err := instantOf("--since", firstOf(f.since, "7d"), now, 0)
	if err != nil {
		return analytics.Period{}, err
	}
	until := now
	if f.until != "" {
		if until, err = instantOf("--until", f.until, now, 1); err != nil {
			return analytics.Period{}, err
		}
	}
	return analytics.Between(since, until)
}

func flagged(flag string, read func(string, *time.Location) (analytics.Period, error), text string, zone *time.Location) (analytics.Period, error) {
	p, err := read(text, zone)
	if err != nil {
		return p, fmt.Errorf("%s: %w", flag, err)
	}
	return p, nil
}

// instantOf reads an age, a day, or an instant. Of a day it is the beginning, or that of the day so many days later.
func instantOf(flag, text string, now time.Time, days int) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day.AddDate(0, 0, days), nil
	}
	at, err := parseSince(text, now)
	if err != nil {
		return at, errors.New(strings.Replace(err.Error(), "--since", flag, 1))
	}
	return at.In(now.Location()), nil
}

func (f statsFlags) print(w io.Writer, a analytics.Answer) error {
	switch {
	case f.json:
		return printJSON(w, a)
	case f.csv:
		return printStatsCSV(w, a)
	case f.ids != "":
		for _, id := range a.Incidents {
			fmt.Fprintln(w, terminal.OneLine(string(id)))
		}
		return nil
	}
	_, err := io.WriteString(w, statsPage{Answer: a, words: statsWords[f.language], top: f.top}.String())
	return err
}

func printDefinitions(w io.Writer) {
	fmt.Fprintf(w, "Definitions %s\n\n", analytics.Version)
	for _, d := range analytics.Definitions() {
		for i, line := range terminal.Wrap(d.Means, 90) {
			name := ""
			if i == 0 {
				name = string(d.Figure)
			}
			fmt.Fprintln(w, terminal.Pad(name, 18)+line)
		}
	}
}

func listOf[T ~string](names []T) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(name))
	}
	return b.String()
}
