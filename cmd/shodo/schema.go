package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"shodo/internal/action"
	"shodo/internal/customer"
	"shodo/internal/scenario"
	"shodo/internal/scenariotest"
	"shodo/internal/yamldoc"
	"shodo/internal/yamlschema"
)

// documentKind is a kind of file that people write, with its schema.
type documentKind struct {
	name   string
	files  string // which files they are
	schema func(*action.Set) *yamlschema.Schema
}

// file is the name of the schema's file.
func (k documentKind) file() string { return k.name + ".json" }

func documentKinds() []documentKind {
	return []documentKind{
		{"scenario", "scenarios/NAME.yaml", func(s *action.Set) *yamlschema.Schema { return scenario.Schema(s) }},
		{"customer", "customers/NAME.yaml", func(s *action.Set) *yamlschema.Schema { return customer.Schema(s) }},
		{"test", "scenarios/NAME_test.yaml", func(s *action.Set) *yamlschema.Schema { return scenariotest.Schema(s) }},
	}
}

func newSchema() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "schema [scenario|customer|test]",
		Short: "Print the JSON Schemas that editors complete from",
		Long: `schema prints the JSON Schema (draft 7) of one kind of file, made from what the engine checks: keys with their
meaning, actions with their parameters, words that are allowed. Without a name it lists them.

Editors with a YAML language server (VS Code's YAML extension, Neovim, JetBrains) read it when the file begins with
  # yaml-language-server: $schema=../schema/scenario.json
"shodo schema --dir schema" writes all of them into the folder schema of a catalog, and "shodo new" begins its files
so. A schema sees one file, and no expressions: "shodo check" has the last word.`,
		Example: "  shodo schema scenario\n  shodo schema --dir ./catalog/schema",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out := cmd.OutOrStdout()
			switch {
			case dir != "" && len(args) > 0:
				return fmt.Errorf("--dir writes all schemas: leave out %q", args[0])
			case dir != "":
				return writeSchemas(out, dir)
			case len(args) == 0:
				for _, k := range documentKinds() {
					fmt.Fprintf(out, "%-10s %s\n", k.name, k.files)
				}
				return nil
			}
			return printSchema(out, args[0])
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "write all schemas into this `folder`, over those of an earlier version")
	return cmd
}

func printSchema(w io.Writer, name string) error {
	var names []string
	for _, k := range documentKinds() {
		if k.name == name {
			text, err := k.schema(anyActions()).Text()
			if err != nil {
				return err
			}
			_, err = w.Write(text)
			return err
		}
		names = append(names, k.name)
	}
	return fmt.Errorf("there is no schema %q: %s", name, firstOf(yamldoc.Suggest(name, names), "it is one of "+strings.Join(names, ", ")))
}

// writeSchemas writes every schema into a folder.
func writeSchemas(w io.Writer, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder of the schemas: %w", err)
	}
	for _, k := range documentKinds() {
		text, err := k.schema(anyActions()).Text()
		if err != nil {
			return err
		}
		name := filepath.Join(dir, k.file())
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return fmt.Errorf("write a schema: %w", err)
		}
		fmt.Fprintf(w, "%s\n", name)
	}
	return nil
}
