package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/config"
	"shodo/internal/temporalserver"
	"shodo/workflows"
)

func newTemporal() *cobra.Command {
	var opts temporalserver.Options
	var dir string
	cmd := &cobra.Command{
		Use:   "temporal",
		Short: "Run the embedded Temporal server alone",
		Long: `temporal runs the Temporal server that "shodo serve" embeds as a process of its own, on a SQLite file, on the
loopback interface: for tests, and for trying out several processes that share one (set their temporal.address).
It prints its address and runs until Ctrl-C.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.File = filepath.Join(dir, "temporal.db")
			opts.SearchAttributes = workflows.SearchAttributes()
			opts.Log = newLog(config.Log{Format: "text"}, cmd.ErrOrStderr())
			start, cancel := context.WithTimeout(cmd.Context(), time.Minute)
			defer cancel()
			server, err := temporalserver.Start(start, opts)
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), server.Address())
			<-cmd.Context().Done()
			return server.Stop()
		},
	}
	cmd.Flags().StringVar(&dir, "data-dir", "data", "the folder of its file")
	cmd.Flags().IntVar(&opts.Port, "port", 0, "its port on the loopback interface; 0 takes a free one")
	cmd.Flags().StringVar(&opts.Namespace, "namespace", "default", "the namespace that it creates")
	return cmd
}
