package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/export"
	"shodo/internal/partial"
	"shodo/internal/store"
)

// exportFlags say what is written where.
type exportFlags struct {
	storeFlags
	tables        []string
	format        string
	since, until  string
	out           string
	after, before time.Time // since and until
}

func newStoreExport() *cobra.Command {
	var f exportFlags
	c := &cobra.Command{
		Use:   "export --out DIR",
		Short: "Write tables as CSV, JSON Lines or Parquet",
		Long: `Write tables for other programs, a file for each, while the engine runs: incidents, steps, transitions (the history of each
incident), alerts and deliveries (webhooks) as they were received.

--since and --until choose incidents by when PagerDuty created them, with everything of them, and deliveries by when they
were received. Each file is of one moment, and appears when it is complete. Times are UTC. What is no text is in a column
of its own, in base64.`,
		Example: `  shodo store export -c shodo.yaml --since 2026-10-01 --until 2026-11-01 --format parquet --out october/
  shodo store export -c shodo.yaml --table incidents --format csv --out - | head`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(time.Now()); err != nil {
				return err
			}
			s, err := f.open(cmd)
			if err != nil {
				return err
			}
			defer s.Close()
			if f.out == "-" {
				_, err := f.write(cmd.Context(), s, f.tables[0], cmd.OutOrStdout())
				return err
			}
			for _, table := range f.tables {
				path := filepath.Join(f.out, table+"."+f.format)
				n, err := f.file(cmd.Context(), s, table, path)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s: %d rows\n", path, n)
			}
			return nil
		},
	}
	f.register(c.Flags())
	c.Flags().StringSliceVar(&f.tables, "table", nil, "which `tables`: "+strings.Join(store.ExportTables(), ", ")+" (default all)")
	c.Flags().StringVar(&f.format, "format", "csv", "the `format`: "+strings.Join(export.Formats(), ", "))
	c.Flags().StringVar(&f.since, "since", "", "from when: an age (24h, 7d), a day (2026-11-20) or an `instant`")
	c.Flags().StringVar(&f.until, "until", "", "until when, as --since; a day itself is left out")
	c.Flags().StringVar(&f.out, "out", "", "the `folder` for the files, or - for standard output")
	return c
}

func (f *exportFlags) check(now time.Time) (err error) {
	switch {
	case f.out == "":
		return errors.New("--out is needed: a folder for the files, or - for standard output")
	case f.out == "-" && len(f.tables) != 1:
		return errors.New("--out - is for one table: say which with --table")
	case !slices.Contains(export.Formats(), f.format):
		return fmt.Errorf("--format %q: %w; there are: %s", f.format, export.ErrFormat, strings.Join(export.Formats(), ", "))
	}
	if len(f.tables) == 0 {
		f.tables = store.ExportTables()
	}
	for _, table := range f.tables {
		if !slices.Contains(store.ExportTables(), table) {
			return fmt.Errorf("--table %q: %w; there are: %s", table, store.ErrNoTable, strings.Join(store.ExportTables(), ", "))
		}
	}
	if f.since != "" {
		if f.after, err = parseSince(f.since, now); err != nil {
			return err
		}
	}
	if f.until != "" {
		if f.before, err = instantOf("--until", f.until, now, 0); err != nil {
			return err
		}
	}
	if !f.before.IsZero() && !f.after.Before(f.before) {
		return fmt.Errorf("--since %s is not before --until %s", f.since, f.until)
	}
	return nil
}

// file writes a table to a file that appears when it is complete.
func (f *exportFlags) file(ctx context.Context, s *store.Store, table, path string) (rows int, err error) {
	if err := os.MkdirAll(f.out, 0o700); err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	file, err := partial.Create(path) // only its owner may read it
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
	}()
	if rows, err = f.write(ctx, s, table, file); err != nil {
		return 0, err
	}
	if err := file.Replace(); err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	return rows, nil
}

func (f *exportFlags) write(ctx context.Context, s *store.Store, table string, to io.Writer) (rows int, err error) {
	columns, all, err := s.Export(ctx, table, f.after, f.before)
	if err != nil {
		return 0, err
	}
	w, err := export.New(f.format, columns, to)
	if err != nil {
		return 0, fmt.Errorf("export %s: %w", table, err)
	}
	for row, err := range all {
		if err == nil {
			if err = w.Write(row); err != nil {
				err = fmt.Errorf("write %s: %w", table, err)
			}
		}
		if err != nil {
			return rows, err
		}
		rows++
	}
	if err := w.Close(); err != nil {
		return rows, fmt.Errorf("write %s: %w", table, err)
	}
	return rows, nil
}
