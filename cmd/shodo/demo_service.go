package main

import (
	"os"

	"github.com/spf13/cobra"

	"shodo/internal/sandbox/breakable"
)

// newDemoService is what the demo's scenarios run: one command on the things that the demo breaks.
func newDemoService() *cobra.Command {
	return &cobra.Command{
		Use:                "demo-service COMMAND",
		Short:              "Break and repair the demo's services",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := breakable.Main(args, cmd.OutOrStdout()); code != 0 {
				os.Exit(code) // its exit codes are its answer, and not those of the other commands
			}
			return nil
		},
	}
}
