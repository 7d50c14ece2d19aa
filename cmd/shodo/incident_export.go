package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/scenariotest"
	"shodo/internal/store"
)

func newIncidentExport() *cobra.Command {
	var from storeFlags
	var dir string
	var asTest bool
	cmd := &cobra.Command{
		Use:   "export ID",
		Short: "Print an incident for authors of scenarios, or make a test of what happened",
		Long: `export prints an incident as JSON, as it was when it began: "shodo explain", "shodo test" (alert:) and "shodo sandbox
send" read it.

With --as-test it makes a case of the scenario's test file of what really happened: the actions answer what they answered
then, people act when they acted, and what came of it is expected. The case is played on the catalog first, and is written
only when it passes: into scenarios/NAME_test.yaml, after the cases that are there, and the incident beside it into
testdata/.

The names of people who acted are left out, and texts that look like secrets are replaced by <secret>. Nobody can know
every secret: look at the files before they go into Git.`,
		Example: "  shodo incident export Q2CKYRLH85UNN4 > alert.json\n  shodo incident export Q2CKYRLH85UNN4 --as-test --catalog ./catalog",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !asTest && cmd.Flags().Changed("catalog") {
				return errors.New("--catalog is for --as-test")
			}
			rec, err := from.record(cmd, incident.ID(args[0]))
			if err != nil {
				return err
			}
			if asTest {
				return exportTest(cmd, dir, rec)
			}
			data, err := scenariotest.Incident(rec.Incident)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(data)
			return err
		},
	}
	from.register(cmd.Flags())
	cmd.Flags().BoolVar(&asTest, "as-test", false, "add a case to the scenario's test file")
	cmd.Flags().StringVar(&dir, "catalog", ".", "with --as-test: the folder of the catalog")
	return cmd
}

// exportTest adds a case to a catalog.
func exportTest(cmd *cobra.Command, dir string, rec incident.Record) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the catalog: %w", err)
	}
	defer root.Close()
	out, err := scenariotest.Export(cmd.Context(), root.FS(), rec, testOptions())
	if err != nil {
		return fmt.Errorf("make a test of incident %q: %w", rec.Incident.ID, err)
	}
	if err := writeTest(root, out); err != nil {
		return fmt.Errorf("write the test of incident %q: %w", rec.Incident.ID, err)
	}
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s\n%s\n\nThe case %q passes. Look at what it holds before it goes into Git.\n", filepath.Join(dir, out.Alert), filepath.Join(dir, out.Test), out.Name)
	for _, note := range out.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}

// writeTest never changes what is in the files already.
func writeTest(root *os.Root, out *scenariotest.Exported) error {
	if err := root.MkdirAll(path.Dir(out.Alert), 0o755); err != nil {
		return err
	}
	alert, err := root.OpenFile(out.Alert, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	switch {
	case errors.Is(err, fs.ErrExist): // the same, or Export had refused
	case err != nil:
		return err
	default:
		_, err = alert.Write(out.Incident)
		if err := errors.Join(err, alert.Close()); err != nil {
			return err
		}
	}
	test, err := root.OpenFile(out.Test, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = test.Write(out.Added)
	return errors.Join(err, test.Close())
}

// record reads one record, or tells that there is none.
func (f *storeFlags) record(cmd *cobra.Command, id incident.ID) (incident.Record, error) {
	s, err := f.open(cmd)
	if err != nil {
		return incident.Record{}, err
	}
	defer s.Close()
	rec, err := s.Record(cmd.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return incident.Record{}, fmt.Errorf(`the record has no incident %q ("shodo incident list" shows which there are)`, id)
	}
	return rec, err
}
