package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"shodo/internal/catalog"
	"shodo/internal/scenariotest"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

func newTest() *cobra.Command {
	var format, run string
	cmd := &cobra.Command{
		Use:   "test [DIR]",
		Short: "Run the tests of a catalog's scenarios",
		Long: `test plays the cases of scenarios/NAME_test.yaml (and customers/CUSTOMER/NAME_test.yaml) through the real incident
workflow, with time skipped. Actions are answered from the file; nothing leaves this machine. docs/scenario-tests.md
has every key. It exits 1 when a case fails or a test file is wrong.`,
		Example: "  shodo test\n  shodo test --run 'http-down: .*restart' ./catalog\n  shodo test --format junit > report.xml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			write, ok := map[string]func(io.Writer, []scenariotest.Result) error{
				"text": scenariotest.WriteText, "json": scenariotest.WriteJSON, "junit": scenariotest.WriteJUnit,
			}[format]
			if !ok {
				return fmt.Errorf("unknown --format %q: it is one of text, json, junit", format)
			}
			chosen, err := regexp.Compile(run)
			if err != nil {
				return fmt.Errorf("read --run: %w", err)
			}
			dir := firstOr(args, ".")
			suite, problems, err := findTests(dir)
			if err != nil {
				return err
			}
			if err := printProblems(cmd.ErrOrStderr(), "text", problems); err != nil {
				return err
			}
			if problems.Err() != nil {
				return errNo
			}
			found := suite.Len()
			suite.Select(chosen.MatchString)
			switch {
			case found == 0:
				return fmt.Errorf("there is no test in %q: write scenarios/NAME_test.yaml", dir)
			case suite.Len() == 0:
				return fmt.Errorf("none of the %s fits --run %q", count(found, "case"), run)
			}
			results := suite.Run(cmd.Context())
			for i := range results {
				results[i].File = filepath.Join(dir, results[i].File) // as the reader can open it from here
			}
			if err := write(cmd.OutOrStdout(), results); err != nil {
				return err
			}
			if scenariotest.Passed(results) < len(results) {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how results are printed: text, json, junit")
	cmd.Flags().StringVar(&run, "run", "", `run only the cases whose "SCENARIO: NAME" fits this regular expression`)
	return cmd
}

// testOptions are what tests are read and played with.
func testOptions() scenariotest.Options {
	actions := anyActions()
	return scenariotest.Options{
		Load:         func(fsys fs.FS) (*catalog.Catalog, yamldoc.Problems) { return source.Load(fsys, actions) },
		Actions:      actions,
		ReadIncident: decodeIncident,
	}
}

// findTests reads the tests of a folder.
func findTests(dir string) (*scenariotest.Suite, yamldoc.Problems, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the catalog: %w (name the folder that holds scenarios/, customers/ and runbooks/)", err)
	}
	defer root.Close()
	suite, problems := scenariotest.Find(root.FS(), testOptions())
	for i := range problems {
		problems[i].File = filepath.Join(dir, problems[i].File)
	}
	return suite, problems, nil
}
