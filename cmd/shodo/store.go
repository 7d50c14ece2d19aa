package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/config"
	"shodo/internal/store"
)

func newStore() *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "Look after the database of records: export, backup, prune",
		Long: `Look after the database of records, on SQLite or PostgreSQL, also while the engine runs.

How long things are kept is in the settings (store.retention); the engine prunes once a day by itself.`,
	}
	c.AddCommand(newStoreInfo(), newStoreExport(), newStoreBackup(), newStorePrune())
	return c
}

func newStoreInfo() *cobra.Command {
	var flags storeFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "info",
		Short: "Tell the database's version, size, rows and retention",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keep, err := flags.retention()
			if err != nil {
				return err
			}
			s, err := flags.open(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			info, err := s.Info(cmd.Context())
			if err != nil {
				return err
			}
			if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, time.Time{}, time.Now()); err != nil {
				return err
			}
			if asJSON {
				return printInfoJSON(cmd.OutOrStdout(), info, keep)
			}
			return printInfo(cmd.OutOrStdout(), info, keep)
		},
	}
	flags.register(c.Flags())
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printInfo(to io.Writer, info store.Info, keep config.Retention) error {
	fmt.Fprintf(to, "%s, %s\ntables of version %d, %s on disk\n\n", info.Name, info.Kind, info.Version, size(info.Bytes))
	kept := keptFor(keep)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tROWS\tSIZE\tOLDEST\tKEPT")
	for _, t := range info.Tables {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", t.Name, t.Rows, size(t.Bytes), dayOf(t.Oldest), kept[t.Name])
	}
	return w.Flush()
}

// keptFor says how long the rows of each table are kept.
func keptFor(keep config.Retention) map[string]string {
	incidents := keep.Incidents.String()
	return map[string]string{"deliveries": keep.Deliveries.String(), "alerts": keep.Alerts.String(), "outputs": keep.StepOutputs.String(),
		"incidents": incidents, "runs": incidents, "transitions": incidents, "steps": incidents, "pages": incidents}
}

func printInfoJSON(to io.Writer, info store.Info, keep config.Retention) error {
	type table struct {
		Name   string    `json:"name"`
		Rows   int64     `json:"rows"`
		Bytes  int64     `json:"bytes,omitempty"`
		Oldest time.Time `json:"oldest,omitzero"`
		Kept   string    `json:"kept"`
	}
	out := struct {
		Name    string  `json:"name"`
		Kind    string  `json:"kind"`
		Version int64   `json:"version"`
		Bytes   int64   `json:"bytes"`
		Tables  []table `json:"tables"`
	}{info.Name, info.Kind, info.Version, info.Bytes, nil}
	for _, t := range info.Tables {
		out.Tables = append(out.Tables, table{t.Name, t.Rows, t.Bytes, t.Oldest, keptFor(keep)[t.Name]})
	}
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateOnly)
}

// size writes bytes for people.
func size(bytes int64) string {
	switch {
	case bytes <= 0:
		return "-"
	case bytes < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
	case bytes < 1<<30:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}

func newStorePrune() *cobra.Command {
	var flags storeFlags
	var dryRun bool
	c := &cobra.Command{
		Use:   "prune",
		Short: "Delete what was kept long enough, as the engine does once a day",
		Long: `Delete what was kept long enough (store.retention), as the engine does once a day by itself.

Nothing of an open incident is deleted, and no webhook that was not handed on yet. Use --dry-run to count first: it
changes nothing and may be used while the engine runs. Without it the engine must be stopped.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keep, err := flags.retention()
			if err != nil {
				return err
			}
			s, err := flags.open(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			if dryRun {
				p, err := s.Prunable(cmd.Context(), keep.Stored(), time.Now())
				if err != nil {
					return err
				}
				return printPruned(cmd.OutOrStdout(), "to delete", p, keep)
			}
			url, err := flags.url()
			if err != nil {
				return err
			}
			s, err = store.Open(cmd.Context(), url, slog.New(slog.DiscardHandler))
			if errors.Is(err, store.ErrInUse) {
				return fmt.Errorf("%w. It prunes once a day by itself; --dry-run tells what", err)
			}
			if err != nil {
				return err
			}
			defer s.Close()
			p, err := s.Prune(cmd.Context(), keep.Stored(), time.Now())
			if printed := printPruned(cmd.OutOrStdout(), "deleted", p, keep); err == nil {
				err = printed
			}
			return err
		},
	}
	flags.register(c.Flags())
	c.Flags().BoolVar(&dryRun, "dry-run", false, "count only, and delete nothing")
	return c
}

func printPruned(to io.Writer, head string, p store.Pruned, keep config.Retention) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "WHAT\tKEPT\t%s\n", strings.ToUpper(head))
	for _, line := range []struct {
		what string
		keep config.Days
		n    int
	}{{"incidents", keep.Incidents, p.Incidents}, {"alerts", keep.Alerts, p.Alerts}, {"outputs of steps", keep.StepOutputs, p.StepOutputs},
		{"webhooks", keep.Deliveries, p.Deliveries}} {
		fmt.Fprintf(w, "%s\t%s\t%d\n", line.what, line.keep, line.n)
	}
	return w.Flush()
}
