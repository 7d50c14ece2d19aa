package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/terminal"
	"shodo/internal/web"
)

func newReportSend() *cobra.Command {
	var engine engineFlags
	var now, asJSON bool
	var at string
	cmd := &cobra.Command{
		Use:   "send --now [NAME...]",
		Short: "Have the engine send reports of its settings at once",
		Long: `send has the running engine make reports of its setting "reports" and send them where they go, at once, also where they were
sent already: the report of the last week or month that is over. Without a name all of them are sent. By themselves they are
sent by their schedule, once to each place; "shodo report deliveries" tells what was sent.

It talks to the running engine; where that is: "shodo maintenance --help" tells.`,
		Example: "  shodo report send --now\n  shodo report send --now weekly-operation\n  shodo report send --now weekly-operation --at 2026-11-09",
		RunE: func(cmd *cobra.Command, names []string) error {
			if !now {
				return errors.New(`reports are sent by their schedule; --now sends them at once, also where they were sent already ("shodo report deliveries" tells)`)
			}
			wish, err := parseWish(at)
			if err != nil {
				return err
			}
			if len(names) == 0 {
				list, err := reportList(cmd, engine)
				if err != nil {
					return fmt.Errorf("list the reports: %w", err)
				}
				for _, r := range list.Reports {
					names = append(names, r.Name)
				}
			}
			if len(names) == 0 {
				return errors.New(`the engine's settings have no "reports" (docs/report.md tells how to write them)`)
			}
			var sent []web.ReportSent
			for _, name := range names {
				var one web.ReportSent
				if err := engine.ask(cmd.Context(), http.MethodPost, "/api/v1/reports/"+url.PathEscape(name)+"/send", wish, &one); err != nil {
					return fmt.Errorf("send the report %q: %w", name, err)
				}
				sent = append(sent, one)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), sent)
			}
			for _, one := range sent {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is being sent (%s)\n", one.Report, one.Wish)
			}
			fmt.Fprintln(cmd.OutOrStdout(), "\nWhat became of it: shodo report deliveries")
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().BoolVar(&now, "now", false, "send at once")
	cmd.Flags().StringVar(&at, "at", "", "as on this `day` (2026-11-09) or at this instant: of the last week or month before it; the default is now")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// parseWish reads --at.
func parseWish(at string) (web.ReportWish, error) {
	if at == "" {
		return web.ReportWish{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, at, time.Local); err == nil {
			return web.ReportWish{At: t}, nil
		}
	}
	return web.ReportWish{}, fmt.Errorf("--at %q: a day such as 2026-11-09, or an instant such as 2026-11-09T09:00:00+09:00", at)
}

func newReportDeliveries() *cobra.Command {
	var engine engineFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "deliveries",
		Short: "List the reports that are sent by themselves, and what was sent",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := reportList(cmd, engine)
			if err != nil {
				return fmt.Errorf("list what was sent: %w", err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list)
			}
			printReports(cmd, list)
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func reportList(cmd *cobra.Command, engine engineFlags) (web.ReportList, error) {
	var list web.ReportList
	err := engine.ask(cmd.Context(), http.MethodGet, "/api/v1/reports", nil, &list)
	return list, err
}

func printReports(cmd *cobra.Command, list web.ReportList) {
	out := cmd.OutOrStdout()
	if len(list.Reports) == 0 {
		fmt.Fprintln(out, `The engine's settings have no "reports" (docs/report.md tells how to write them).`)
	}
	for _, r := range list.Reports {
		fmt.Fprintf(out, "%s  %s, cron %q %s\n", r.Name, r.Kind, r.Cron, cmp.Or(r.TimeZone, "UTC"))
		for _, to := range r.To {
			fmt.Fprintf(out, "  to %s\n", to)
		}
	}
	if len(list.Deliveries) == 0 {
		fmt.Fprintln(out, "\nNothing was sent yet.")
		return
	}
	fmt.Fprintln(out)
	rows := [][]string{{"SENT", "REPORT", "TURN", "PLACE", "RESULT"}}
	for _, d := range list.Deliveries { // the result is what a server said, as when it took nothing
		rows = append(rows, []string{d.Begun.Local().Format("2006-01-02 15:04:05"), d.Report, d.At.Local().Format("2006-01-02 15:04") + again(d), d.Place,
			terminal.OneLine(cmp.Or(d.Result, "being sent"))})
	}
	printRows(out, rows)
}

func again(d incident.ReportDelivery) string {
	if d.Again == "" {
		return ""
	}
	return " (by hand)"
}
