package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/action"
	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

func newCheck() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Check every scenario, customer and runbook of a catalog",
		Long: `check reads a catalog (a folder with scenarios/, customers/ and runbooks/; the current one when none is named) as
the engine would, and tells everything that is wrong at once: file:line:column, the key, what was found, and a hint. It
also warns of what is doubtful now, such as quiet hours that overlap with different answers, never open or cover all time.
It exits 1 when the engine would refuse the catalog.`,
		Example: "  shodo check\n  shodo check --format github ./catalog",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := firstOr(args, ".")
			c, problems, err := loadCatalog(dir)
			if err != nil {
				return err
			}
			if c != nil {
				problems = append(problems, inFolder(dir, c.Lint(time.Now()))...)
				problems.Sort()
			}
			if err := printProblems(cmd.OutOrStdout(), format, problems); err != nil {
				return err
			}
			if problems.Err() != nil {
				return errNo
			}
			if format == "text" {
				fmt.Fprintf(cmd.OutOrStdout(), "%s and %s are right (version %s)\n",
					count(len(c.Scenarios()), "scenario"), count(len(c.Customers()), "customer"), c.Version())
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "how problems are printed: text, json, github")
	return cmd
}

// anyActions are all actions, for commands that never run one.
func anyActions() *action.Set { return builtin.List(builtin.Settings{}) }

// loadCatalog reads a catalog from a folder.
func loadCatalog(dir string) (*catalog.Catalog, yamldoc.Problems, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("open the catalog: %w (name the folder that holds scenarios/, customers/ and runbooks/)", err)
	}
	defer root.Close()
	c, problems := source.Load(root.FS(), anyActions())
	return c, inFolder(dir, problems), nil
}

// inFolder names the files so that the reader can open them from here.
func inFolder(dir string, problems yamldoc.Problems) yamldoc.Problems {
	for i := range problems {
		problems[i].File = filepath.Join(dir, problems[i].File)
	}
	return problems
}

func printProblems(w io.Writer, format string, problems yamldoc.Problems) error {
	switch format {
	case "text":
		for _, p := range problems {
			kind := ""
			if p.Warning {
				kind = "warning: "
			}
			fmt.Fprintf(w, "%s%s\n", kind, p)
		}
	case "json":
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if problems == nil {
			problems = yamldoc.Problems{}
		}
		return enc.Encode(problems)
	case "github":
		for _, p := range problems {
			fmt.Fprintln(w, annotation(p))
		}
	default:
		return fmt.Errorf("unknown --format %q: it is one of text, json, github", format)
	}
	return nil
}

// annotation writes a problem as a workflow command of GitHub Actions.
func annotation(p yamldoc.Problem) string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	text := p.Message
	if p.Path != "" {
		text = p.Path + ": " + text
	}
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	return fmt.Sprintf("::%s file=%s,line=%d,col=%d::%s", kind, property.Replace(p.File), p.Line, p.Column, data.Replace(text))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func firstOr(args []string, otherwise string) string {
	if len(args) > 0 {
		return args[0]
	}
	return otherwise
}
