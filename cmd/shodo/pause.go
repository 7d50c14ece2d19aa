package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/terminal"
	"shodo/internal/web"
)

// pauseForms are the ways to name what is paused.
const pauseForms = "all, customer ID, or scenario NAME"

func newPause() *cobra.Command {
	var engine engineFlags
	var asked struct {
		Scope  string `json:"scope"`
		Name   string `json:"name,omitempty"`
		Cancel bool   `json:"cancel,omitempty"`
		Reason string `json:"reason,omitempty"`
	}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "pause all | customer ID | scenario NAME",
		Short: "The kill switch: change nothing any more, and hand over everything new",
		Long: `pause is the kill switch. From then on the engine changes nothing of what is paused: every new incident is handed over at
once, and whatever the engine was about to change is handed over instead. Steps that run already are let finish, and verified;
with --cancel they are stopped, as if a person had taken the incident over.

It is in force until somebody ends it with "shodo resume", also after a restart; "shodo pause list", "shodo incident list",
/readyz, the metrics and Slack's "/shodo status" show it. Pausing again what is paused changes nothing.

It talks to the running engine; where that is: "shodo maintenance --help" tells.`,
		Example: `  shodo pause all --reason "the database migration went wrong"
  shodo pause customer acme --cancel
  shodo pause scenario disk-usage`,
		RunE: func(cmd *cobra.Command, args []string) error {
			scope, name, err := pausedThing(args)
			if err != nil {
				return err
			}
			asked.Scope, asked.Name = string(scope), name
			var paused web.Pause
			if err := engine.ask(cmd.Context(), http.MethodPost, "/api/v1/pauses", asked, &paused); err != nil {
				return fmt.Errorf("pause %s: %w", strings.Join(args, " "), err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), paused)
			}
			printPause(cmd.OutOrStdout(), paused)
			fmt.Fprintf(cmd.OutOrStdout(), "\nTo go on: shodo resume %s\n", paused.ID)
			return nil
		},
	}
	flags := cmd.Flags()
	engine.register(flags)
	flags.BoolVar(&asked.Cancel, "cancel", false, "stop the steps that run, too, instead of letting them finish")
	flags.StringVar(&asked.Reason, "reason", "", "why, in one `line`: it stands in the record of each incident that is handed over")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.AddCommand(newPauseList())
	return cmd
}

func newPauseList() *cobra.Command {
	var engine engineFlags
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List what is paused",
		Example: "  shodo pause list\n  shodo pause list --since 30d",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			query := url.Values{}
			at, err := parseSince(since, time.Now())
			if err != nil {
				return err
			}
			if !at.IsZero() {
				query.Set("since", at.Format(time.RFC3339))
			}
			var list web.PauseList
			if err := engine.ask(cmd.Context(), http.MethodGet, "/api/v1/pauses?"+query.Encode(), nil, &list); err != nil {
				return fmt.Errorf("list what is paused: %w", err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list.Pauses)
			}
			printPauses(cmd.OutOrStdout(), list.Pauses)
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().StringVar(&since, "since", "", "those, too, that were ended since: an age (24h, 30d), a day (2026-11-20) or an instant (RFC 3339)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newResume() *cobra.Command {
	var engine engineFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "resume ID | all | customer ID | scenario NAME",
		Short: "End a pause: the engine may change things again",
		Long: `resume ends a pause, by its id or by what it stops: "resume all" ends a pause of everything, and not those of single customers
and scenarios. What was handed over meanwhile stays with the people who have it.`,
		Example: "  shodo resume PQ3K7ZXW2AABC\n  shodo resume all\n  shodo resume customer acme",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := pausesNamed(cmd, &engine, args)
			if err != nil {
				return fmt.Errorf("resume %s: %w", strings.Join(args, " "), err)
			}
			ended := []web.Pause{}
			for _, id := range ids {
				var one web.Pause
				if err := engine.ask(cmd.Context(), http.MethodDelete, "/api/v1/pauses/"+url.PathEscape(id), nil, &one); err != nil {
					return fmt.Errorf("resume %s: %w", strings.Join(args, " "), err)
				}
				ended = append(ended, one)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), ended)
			}
			if len(ended) == 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%s is not paused\n", strings.Join(args, " "))
			}
			for _, one := range ended {
				printPause(cmd.OutOrStdout(), one)
			}
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// pausedThing reads what is to be paused.
func pausedThing(args []string) (incident.PauseScope, string, error) {
	switch {
	case len(args) == 1 && args[0] == string(incident.PauseAll):
		return incident.PauseAll, "", nil
	case len(args) == 2 && args[0] == string(incident.PauseCustomer):
		return incident.PauseCustomer, args[1], nil
	case len(args) == 2 && args[0] == string(incident.PauseScenario):
		return incident.PauseScenario, args[1], nil
	case len(args) == 0:
		return "", "", errors.New("what is to be paused? " + pauseForms)
	}
	return "", "", fmt.Errorf("%q is nothing that can be paused: it is %s", strings.Join(args, " "), pauseForms)
}

// pausesNamed gives the ids of the pauses that are to be ended.
func pausesNamed(cmd *cobra.Command, engine *engineFlags, args []string) ([]string, error) {
	scope, name, err := pausedThing(args)
	isID := err != nil && len(args) == 1
	if err != nil && !isID {
		return nil, err
	}
	var list web.PauseList
	if err := engine.ask(cmd.Context(), http.MethodGet, "/api/v1/pauses", nil, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range list.Pauses {
		switch {
		case isID && p.Name == args[0]:
			return nil, fmt.Errorf("this is no id; %s is paused: \"shodo resume %s %s\"", pauseOf(p.Pause), p.Scope, p.Name)
		case !isID && p.Scope == scope && p.Name == name:
			ids = append(ids, p.ID)
		}
	}
	if isID {
		return args, nil
	}
	return ids, nil
}

// printPause tells everything about one pause.
func printPause(w io.Writer, p web.Pause) {
	running := "let finish"
	if p.Cancel {
		running = "stopped"
	}
	lines := [][2]string{
		{"pause", p.ID},
		{"of", pauseOf(p.Pause)},
		{"running", running},
		{"reason", dash(p.Reason)},
		{"began", onClock(p.At, "Local") + " by " + p.By},
	}
	if !p.InForce {
		lines = append(lines, [2]string{"ended", onClock(p.ResumedAt, "Local") + " by " + p.ResumedBy})
	}
	for _, l := range lines {
		fmt.Fprintf(w, "%-8s %s\n", l[0], terminal.OneLine(l[1]))
	}
}

func printPauses(w io.Writer, list []web.Pause) {
	if len(list) == 0 {
		fmt.Fprintln(w, "nothing is paused")
		return
	}
	rows := [][]string{{"ID", "OF", "SINCE", "BY", "STATE", "RUNNING", "REASON"}}
	for _, p := range list {
		state, running := "in force", "let finish"
		if !p.InForce {
			state = "ended " + onClock(p.ResumedAt, "Local") + " by " + p.ResumedBy
		}
		if p.Cancel {
			running = "stopped"
		}
		rows = append(rows, []string{p.ID, terminal.OneLine(pauseOf(p.Pause)), onClock(p.At, "Local"), terminal.OneLine(p.By), terminal.OneLine(state), running,
			terminal.Cut(dash(p.Reason), 60)})
	}
	printRows(w, rows)
}

// pauseOf names what a pause stops.
func pauseOf(p incident.Pause) string {
	if p.Scope == incident.PauseAll {
		return "everything"
	}
	return string(p.Scope) + " " + p.Name
}

// printPausedNow says below a list of incidents what is paused, so that nobody wonders why everything is handed over.
func printPausedNow(w io.Writer, list []incident.Pause) {
	for _, p := range list {
		line := fmt.Sprintf("PAUSED: %s, since %s by %s", pauseOf(p), onClock(p.At, "Local"), p.By)
		if p.Reason != "" {
			line += ": " + p.Reason
		}
		fmt.Fprintf(w, "%s (shodo resume %s)\n", terminal.OneLine(line), p.ID)
	}
}
