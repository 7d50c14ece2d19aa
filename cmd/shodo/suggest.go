package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/suggest"
	"shodo/internal/terminal"
)

// suggestFlags are what "shodo suggest" is asked.
type suggestFlags struct {
	since, until, zone   string
	customer, department string
	format, write        string
	limit                int
}

func newSuggest() *cobra.Command {
	var from storeFlags
	var f suggestFlags
	cmd := &cobra.Command{
		Use:   "suggest",
		Short: "Say what to automate next, with a draft of a scenario for each kind of incident",
		Long: `suggest groups the incidents that no scenario took to an end (unmatched, handed over) by kind: customer, service, and title
without hosts, numbers and times. The kinds that cost people the most time come first: so many incidents, times the mean time
from a person taking one to its end. "shodo import pagerduty" brings the incidents of the time before the engine.

With --write it writes for each kind a scenario that only observes, and its runbook, into a catalog. What is there already is
never written over. docs/suggest.md says how kinds are made, and what to do with a draft.`,
		Example: `  shodo suggest --since 30d
  shodo suggest --customer acme --limit 5 --format json
  shodo suggest --since 2026-05-01 --until 2026-10-31 --write ./catalog`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, from) },
	}
	flags := cmd.Flags()
	from.register(flags)
	flags.StringVar(&f.since, "since", "30d", "incidents created from an age (90m, 24h, 7d), a day (2026-11-01) or an instant (RFC 3339) on")
	flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is the machine's")
	flags.StringVar(&f.customer, "customer", "", "only incidents of the customer with this `id`")
	flags.StringVar(&f.department, "department", "", "only incidents of customers of this department")
	flags.IntVar(&f.limit, "limit", 10, "at most so many kinds")
	flags.StringVar(&f.format, "format", "text", "how it is printed: text, json")
	flags.StringVar(&f.write, "write", "", "write the drafts into the catalog in this `folder`")
	return cmd
}

// maxSuggested is the most kinds of one answer.
const maxSuggested = 1000

func (f suggestFlags) run(cmd *cobra.Command, from storeFlags) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("unknown --format %q: it is one of text, json", f.format)
	}
	if f.limit < 1 || f.limit > maxSuggested {
		return fmt.Errorf("--limit %d: it must be between 1 and %d", f.limit, maxSuggested)
	}
	period, err := statsFlags{since: f.since, until: f.until, zone: f.zone}.period(time.Now())
	if err != nil {
		return err
	}
	o := suggest.Options{Since: period.Since, Until: period.Until, Customer: incident.CustomerID(f.customer), Department: f.department, Limit: f.limit}
	if f.write != "" {
		if o.Taken, err = takenNames(f.write); err != nil {
			return err
		}
	}
	s, err := from.open(cmd)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, period.Since, period.Until); err != nil {
		return err
	}
	o.Read = recordedIncident(s)
	kinds, err := suggest.Rank(cmd.Context(), s, o)
	if err != nil {
		return err
	}
	if err := f.print(cmd.OutOrStdout(), kinds); err != nil {
		return err
	}
	if f.write == "" || len(kinds) == 0 {
		return nil
	}
	return writeDrafts(cmd.ErrOrStderr(), f.write, kinds)
}

// recordedIncident gives incidents with their alerts as the record has them.
func recordedIncident(s *store.Store) func(context.Context, incident.ID) (incident.Incident, error) {
	return func(ctx context.Context, id incident.ID) (incident.Incident, error) {
		r, err := s.Record(ctx, id)
		return r.Incident, err
	}
}

func (f suggestFlags) print(w io.Writer, kinds []suggest.Kind) error {
	if f.format == "json" {
		return printJSON(w, struct {
			Kinds []suggest.Kind `json:"kinds"`
		}{append([]suggest.Kind{}, kinds...)})
	}
	if len(kinds) == 0 {
		fmt.Fprintln(w, "In this time people had to handle nothing that no scenario took to an end.")
		return nil
	}
	assumed := false
	for i, k := range kinds {
		assumed = assumed || k.Assumed
		fmt.Fprint(w, kindText(i+1, k))
	}
	if assumed {
		fmt.Fprintln(w, "~ nobody took such an incident in PagerDuty: the mean of all kinds is assumed.")
	}
	fmt.Fprintln(w, "Minutes are an estimate: incidents, times the mean time from a person taking one to its end.")
	if f.write == "" {
		fmt.Fprintln(w, `"--write DIR" writes drafts of scenarios, "--format json" prints them.`)
	}
	return nil
}

// kindText tells one kind in a few lines.
func kindText(place int, k suggest.Kind) string {
	var b strings.Builder
	mark := " "
	if k.Assumed {
		mark = "~"
	}
	fmt.Fprintf(&b, "%3d. %s%s min  %s × %.1f min  %s\n", place, mark, terminal.PadLeft(grouped(int(k.PersonMinutes+0.5)), 7),
		countGrouped(k.Count, "incident"), k.MeanMinutes, terminal.Cut(dash(terminal.OneLine(k.Title)), 90))
	where := dash(string(k.Customer))
	if k.Department != "" {
		where += " (" + k.Department + ")"
	}
	fmt.Fprintf(&b, "       customer %s, service %s; %s\n", terminal.OneLine(where), dash(terminal.OneLine(string(k.Service))), terminal.OneLine(endings(k)))
	var ids []string
	for _, id := range k.Examples {
		ids = append(ids, terminal.OneLine(string(id)))
	}
	fmt.Fprintf(&b, "       such as %s\n       draft %s\n\n", strings.Join(ids, " "), k.Name)
	return b.String()
}

// endings says how the incidents of a kind ended: "12 unmatched, 3 handed over (inconclusive 2, timeout 1) by http-down".
func endings(k suggest.Kind) string {
	var parts []string
	if n := k.Outcomes[incident.Unmatched]; n > 0 {
		parts = append(parts, grouped(n)+" unmatched")
	}
	if n := k.Outcomes[incident.HandedOver]; n > 0 {
		text := grouped(n) + " handed over"
		var reasons []string
		for _, r := range incident.Reasons() {
			if k.Reasons[r] > 0 {
				reasons = append(reasons, fmt.Sprintf("%s %s", r, grouped(k.Reasons[r])))
			}
		}
		if len(reasons) > 0 {
			text += " (" + strings.Join(reasons, ", ") + ")"
		}
		if len(k.Scenarios) > 0 {
			text += " by " + listOf(k.Scenarios)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// writeDrafts writes a scenario and a runbook for each kind, all of them or none.
func writeDrafts(out io.Writer, dir string, kinds []suggest.Kind) error {
	w := newWriter(dir, nil)
	for _, k := range kinds {
		if err := catalog.CheckName(k.Name); err != nil {
			return fmt.Errorf("a draft cannot be named %q: %w", k.Name, err)
		}
		w.files = append(w.files, newFile{path: "scenarios/" + k.Name + ".yaml", text: []byte(k.Skeleton)},
			newFile{path: "runbooks/" + k.Name + ".md", text: []byte(k.Runbook())})
	}
	return w.write(out, fmt.Sprintf(`
Next:
  1. Say in each scenario which incidents it is for and how to look, and in its runbook what a person does.
  2. shodo check %[1]s    is it right?
  3. Let a customer adopt it: under "scenarios" of a file in customers/. It only observes until you change that.
  4. shodo backtest %[1]s    which past incidents would it have got?
`, dir))
}
