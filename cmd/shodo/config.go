package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"shodo/internal/config"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check the settings of the engine, or describe them"}
	cmd.AddCommand(newConfigCheck(), &cobra.Command{
		Use:   "reference",
		Short: "Print the reference of all settings as Markdown",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), config.Reference()) },
	})
	return cmd
}

func newConfigCheck() *cobra.Command {
	var settings settingFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the settings, and show each one with its value and where it comes from",
		Long: `check reads the settings as "shodo serve" would, tells every problem at once with its place and what to do, and
shows what is in force. Secrets are read, and never shown. It exits 1 when there is a problem.`,
		Example: "  shodo config check -c shodo.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings.load(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), cfg)
			return nil
		},
	}
	settings.register(cmd.Flags())
	return cmd
}
