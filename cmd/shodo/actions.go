package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"shodo/internal/action"
	"shodo/internal/yamldoc"
)

func newActions() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:     "actions [NAME]",
		Short:   "List the actions that steps may use, or describe one",
		Example: "  shodo actions\n  shodo actions http.request",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			set, out := anyActions(), cmd.OutOrStdout()
			switch {
			case markdown:
				_, err := fmt.Fprint(out, action.Reference(set))
				return err
			case len(args) == 0:
				return action.List(out, set)
			}
			spec, ok := set.Lookup(args[0])
			if !ok {
				return fmt.Errorf("no action is called %q: %s", args[0],
					firstOf(yamldoc.Suggest(args[0], set.Names()), "there are "+strings.Join(set.Names(), ", ")))
			}
			return action.Describe(out, spec)
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print the reference of all actions as Markdown")
	return cmd
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
