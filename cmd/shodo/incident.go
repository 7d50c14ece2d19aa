package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

func newIncident() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "incident",
		Short: "Look at what happened, and decide about it: the record of incidents",
		Long: `incident reads the engine's record, also while the engine runs. Where it is: --store, or else what the settings of
the engine say (-c FILE or SHODO_CONFIG; SHODO_STORE_URL, SHODO_DATA_DIR), or else data/store.db.

The other commands decide about an incident, as the buttons in Slack do: take, approve, not-now, run, next-tier, done, noise
and tick. They talk to the running engine.`,
	}
	cmd.AddCommand(newIncidentList(), newIncidentShow(), newIncidentExport())
	cmd.AddCommand(decisionCommands()...)
	return cmd
}

func newIncidentList() *cobra.Command {
	var from storeFlags
	var filter incident.Filter
	var since, customer, scenario, outcome string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List incidents, newest first",
		Example: "  shodo incident list --since 24h\n  shodo incident list --customer acme --outcome handed_over --since 2026-11-01\n  shodo incident list --deferred",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter.Customer, filter.Scenario = incident.CustomerID(customer), incident.ScenarioName(scenario)
			var err error
			if filter.Outcome, err = outcomeNamed(outcome); err != nil {
				return err
			}
			now := time.Now()
			if filter.Since, err = parseSince(since, now); err != nil {
				return err
			}
			if filter.Limit < 1 || filter.Limit > incident.MaxLimit {
				return fmt.Errorf("--limit %d: it must be between 1 and %d", filter.Limit, incident.MaxLimit)
			}
			s, err := from.open(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			list, err := s.List(cmd.Context(), filter)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), asRecords(list))
			}
			paused, err := s.PausesInForce(cmd.Context())
			if err != nil {
				return err
			}
			printIncidents(cmd.OutOrStdout(), list, filter.Limit, now)
			printPausedNow(cmd.OutOrStdout(), paused)
			return nil
		},
	}
	flags := cmd.Flags()
	from.register(flags)
	flags.StringVar(&since, "since", "", "only those created since: an age (90m, 24h, 7d), a day (2026-11-20) or an instant (RFC 3339)")
	flags.StringVar(&customer, "customer", "", "only those of the customer with this `id`")
	flags.StringVar(&scenario, "scenario", "", "only those that got the scenario of this `name`")
	flags.StringVar(&outcome, "outcome", "", "only those with this outcome: "+strings.Join(outcomeNames(), ", "))
	flags.BoolVar(&filter.Open, "open", false, "only those whose first response is not over")
	flags.BoolVar(&filter.Deferred, "deferred", false, "only those that wait for the end of a window")
	flags.IntVar(&filter.Limit, "limit", incident.DefaultLimit, "at most so many")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newIncidentShow() *cobra.Command {
	var from storeFlags
	var asJSON, full bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Tell the whole story of an incident",
		Long: `show tells everything that the engine knows of an incident: what came in, what matched and why the others did not,
each step with its parameters, result, output and time, each decision, who was told, and how it ended.`,
		Example: "  shodo incident show Q2CKYRLH85UNN4\n  shodo incident show Q2CKYRLH85UNN4 --full | less",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rec, err := from.record(cmd, incident.ID(args[0]))
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), incident.Show(rec))
			}
			_, err = io.WriteString(cmd.OutOrStdout(), storyOf(rec, time.Now(), full))
			return err
		},
	}
	from.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the alerts as they were received")
	cmd.Flags().BoolVar(&full, "full", false, "do not cut long outputs")
	return cmd
}

// asRecords is for lists, which come without steps: whether something was changed is not known there.
func asRecords(list []incident.Record) []any {
	out := []any{}
	for _, r := range list {
		one := incident.Show(r)
		out = append(out, struct {
			incident.Record
			FirstResponseSeconds *float64 `json:"first_response_seconds"`
		}{one.Record, one.FirstResponseSeconds})
	}
	return out
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printIncidents prints a table. Its columns are as wide as what is in them.
func printIncidents(w io.Writer, list []incident.Record, limit int, now time.Time) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no incidents")
		return
	}
	rows := [][]string{{"ID", "CREATED", "CUSTOMER", "SCENARIO", "OUTCOME", "RESPONSE", "TITLE"}}
	for _, r := range list {
		rows = append(rows, []string{
			string(r.Incident.ID), r.Incident.CreatedAt.Local().Format("2006-01-02 15:04:05"), dash(string(r.Customer.ID)),
			dash(string(r.Match.Scenario)), outcomeOf(r, now.Local()), responseOf(r), terminal.Cut(terminal.OneLine(r.Incident.Title), 60),
		})
	}
	printRows(w, rows)
	if len(list) == limit {
		fmt.Fprintf(w, "(the newest %d; more with --limit)\n", limit)
	}
}

func dash(s string) string { return firstOf(terminal.OneLine(s), "-") }

// outcomeOf says how it ended, or where it is, and until when it waits, for a reader at that time and place.
func outcomeOf(r incident.Record, now time.Time) string {
	outcome := string(r.Outcome)
	switch {
	case r.Outcome == "" && !r.DeferredUntil.IsZero():
		return "(" + waitsUntil(r.DeferredUntil, now) + ")"
	case r.Outcome == "":
		return "(" + string(r.Phase) + ")"
	case r.Reason != "":
		outcome += ": " + string(r.Reason)
	}
	if !r.DeferredUntil.IsZero() {
		outcome += ", " + waitsUntil(r.DeferredUntil, now)
	}
	return outcome
}

// waitsUntil names the hour, with the day unless it is within one.
func waitsUntil(until, now time.Time) string {
	layout := "2006-01-02 15:04"
	if d := until.Sub(now); d > -24*time.Hour && d < 24*time.Hour {
		layout = "15:04"
	}
	return "deferred until " + until.In(now.Location()).Format(layout)
}

func responseOf(r incident.Record) string {
	if r.EndedAt.IsZero() {
		return "open"
	}
	return took(r.FirstResponse())
}

// took gives a duration as precisely as it matters.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d < time.Second:
		return max(d.Round(time.Millisecond), time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func outcomeNames() []string {
	var names []string
	for _, o := range incident.Outcomes() {
		names = append(names, string(o))
	}
	return names
}

func outcomeNamed(name string) (incident.Outcome, error) {
	if name != "" && !slices.Contains(incident.Outcomes(), incident.Outcome(name)) {
		return "", fmt.Errorf("--outcome %q: it is one of %s", name, strings.Join(outcomeNames(), ", "))
	}
	return incident.Outcome(name), nil
}

// parseSince reads an age, a day in the local zone, or an instant.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	if day, err := time.ParseInLocation("2006-01-02", text, time.Local); err == nil {
		return day, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return time.Time{}, fmt.Errorf("--since %q: it is an age (90m, 24h, 7d), a day (2026-11-20) or an instant (2026-11-20T09:00:00+09:00)", text)
}
