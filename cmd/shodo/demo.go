package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"shodo/internal/demo"
)

func newDemo() *cobra.Command {
	opts := demo.Options{}
	var exit bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the product work: break eight things on this machine, and watch the first response",
		Long: `demo starts the whole product on this machine (the engine with an embedded Temporal, its store, its receiver), a
local PagerDuty and a local Slack, and small services. It really breaks them, lets PagerDuty tell the engine by
signed webhooks, and shows what happens:

  1  the process of a web service is killed        → restarted, verified, resolved
  2  old logs fill a folder                        → removed, verified, resolved
  3  an alert whose cause is gone already          → cleared, nothing changed
  4  a service that crashes after every start      → handed over to a person with the evidence
  5  an alert that no scenario covers              → handed over to a person
  6  a person acknowledges while the repair runs   → stopped at once, nothing more changed
  7  a warning in the customer's quiet hours       → waits for their end, repaired, told in a digest
  8  a repair that asks a person first             → approve it with Enter, or on Slack's page; or somebody does

Then it looks at PagerDuty, Slack and the services whether each one ended as it should, says so, writes the report of
what happened, and stays up to be looked at. It exits 1 when one did not. It needs no network and no account, and
removes what it made but the report.`,
		Example: "  shodo demo\n  shodo demo --exit",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if opts.Program, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program's own path: %w", err)
			}
			opts.Version, opts.Stay, opts.Out = version, !exit, cmd.OutOrStdout()
			if file, ok := opts.Out.(*os.File); ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb" {
				opts.Size = func() (int, int, bool) {
					columns, rows, err := term.GetSize(int(file.Fd()))
					return columns, rows, err == nil
				}
				opts.Color = os.Getenv("NO_COLOR") == ""
			}
			if in := int(os.Stdin.Fd()); !exit && opts.Size != nil && term.IsTerminal(in) {
				if state, err := term.GetState(in); err == nil {
					defer func() { _ = term.Restore(in, state) }() // while Enter is waited for, nothing is echoed
					opts.Approve, opts.Patience = enters(in), 15*time.Second
				}
			}
			// A second Ctrl-C must not end the process before it has stopped its services: they would live on.
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(signals)
			// A terminal or a reader ("| head") that goes away stops it, too, instead of killing it.
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP, syscall.SIGPIPE)
			defer stop()
			right, err := demo.Run(ctx, opts)
			if ctx.Err() != nil && err != nil {
				return errNo // stopped before the end: what was seen proves nothing
			}
			if err == nil && !right {
				return errNo
			}
			return err
		},
	}
	cmd.Flags().StringVar(&opts.Report, "report", "", "the HTML `file` that gets the report (one in the temporary folder when not given)")
	cmd.Flags().BoolVar(&exit, "exit", false, "end after the summary instead of staying up")
	cmd.Flags().StringVar(&opts.Dir, "dir", "", "the `folder` for everything; it must be empty or not exist (a temporary one when not given)")
	cmd.Flags().BoolVar(&opts.Keep, "keep", false, "keep the folder at the end: the records, the catalog, the engine's log")
	return cmd
}

// enters tells of each Enter on a terminal, which does not show it: the picture stays as it is.
func enters(terminal int) <-chan struct{} {
	pressed := make(chan struct{})
	go func() {
		for {
			if _, err := term.ReadPassword(terminal); err != nil {
				return
			}
			pressed <- struct{}{}
		}
	}()
	return pressed
}
