// Command shodo is the first response to incidents: "shodo serve" is the whole product, the other commands are for
// those who write scenarios and those who look at what happened.
//
// The package holds flags, signals and exit codes; everything else is in internal/app and the packages it connects.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // customers' time zones are known on every machine

	"github.com/spf13/cobra"
)

// version is set at build time: -ldflags "-X main.version=v1.2.3".
var version = "dev"

// Exit codes: 0 all is well, 1 the answer is no (a check found errors, an incident ended wrong), 2 the command could
// not be carried out.
const (
	exitNo      = 1
	exitTrouble = 2
)

// errNo ends a command with exit code 1; what is wrong has been printed already.
var errNo = errors.New("no")

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once: whoever sends it knows that steps are running.
	context.AfterFunc(ctx, stop)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	switch err := root.ExecuteContext(ctx); {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	default:
		fmt.Fprintf(stderr, "shodo: %v\n", err)
		return exitTrouble
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "shodo",
		Short: "The first response to incidents: check, gather, recover, verify, then close or hand over",
		Long: `shodo (初動, "the first response") answers PagerDuty incidents without a person where that is safe, and calls a
person with everything it knows where it is not. What it does is written in scenarios: YAML files in Git.

Begin with "shodo demo". Then "shodo serve" runs the product, "shodo check" and "shodo explain" help to write
scenarios, "shodo incident list" and "shodo incident show" tell what happened.`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetFlagErrorFunc(wrongFlag)
	addGroup(root, "Begin:", newDemo(), newSandbox())
	addGroup(root, "Write scenarios:", newNew(), newCheck(), newExplain(), newTest(), newBacktest(), newPromote(), newActions(), newSchema())
	addGroup(root, "Run the engine:", newServe(), newConfig(), newStore(), newImport(), newTemporal())
	addGroup(root, "See what happens, and decide:", newIncident(), newPause(), newResume(), newMaintenance(), newQuietHours())
	addGroup(root, "Figures:", newStats(), newReport(), newSuggest())
	root.AddCommand(newDemoService(), newVersion())
	root.InitDefaultCompletionCmd()
	answerWrongCalls(root)
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), version) },
	}
}
