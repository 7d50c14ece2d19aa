//go:build unix

package breakable

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: demo-service COMMAND -dir DIR [flags] NAME

  start NAME              start a service, detached; one that runs is left alone
  stop NAME               stop a service
  kill NAME               break a service: SIGKILL
  status NAME             say whether a service runs; exit code 3 when it does not
  journal NAME [-n 20]    the last lines of the journal
  repair NAME [-takes 8s] a slow repair of a service, then its start; SIGTERM cancels it
  usage NAME [-max 100]   how full a directory with a quota is, in percent; exit code 1 above -max
  fill NAME [-to 96]      fill a directory with old logs
  clean NAME [-older 72h] remove the logs that are older
  serve NAME              be the service (this is what "start" runs)
`

// The exit codes of Main.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitStopped = 3   // status: it does not run
	exitSignal  = 130 // a repair that was cancelled
)

// flags are what the commands can be told. Each has a default that suits the demo.
type flags struct {
	dir                string
	lines, to, highest int
	takes, older       time.Duration
}

// Main runs one command on a lab and returns the process's exit code. args is what follows the program's own command
// ("shodo demo-service"); os.Args of this process up to there is how services are started. Errors go to stdout too: it
// is what an engine keeps.
func Main(args []string, stdout io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stdout, usage)
		return exitUsage
	}
	var f flags
	set := flag.NewFlagSet("demo-service "+args[0], flag.ContinueOnError)
	set.SetOutput(stdout)
	set.Usage = func() { fmt.Fprint(stdout, usage) }
	set.StringVar(&f.dir, "dir", os.Getenv("SHODO_DEMO_DIR"), "the lab's directory")
	set.IntVar(&f.lines, "n", 20, "lines of the journal")
	set.IntVar(&f.to, "to", 96, "percent to fill to")
	set.IntVar(&f.highest, "max", 100, "percent above which usage fails")
	set.DurationVar(&f.takes, "takes", 8*time.Second, "how long a slow repair takes")
	set.DurationVar(&f.older, "older", 72*time.Hour, "age of the logs that are removed")
	if err := set.Parse(flagsFirst(args[1:])); err != nil {
		return exitUsage
	}
	if f.dir == "" || set.NArg() != 1 {
		fmt.Fprint(stdout, usage)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	lab := Lab{Dir: f.dir, Command: commandOf(os.Args, args)}
	code, err := lab.run(ctx, args[0], set.Arg(0), f, stdout)
	if err != nil {
		fmt.Fprintln(stdout, "error:", err)
	}
	return code
}

// flagsFirst lets the name stand before or after the flags.
func flagsFirst(args []string) []string {
	var names, rest []string
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") {
			names = append(names, args[i])
			continue
		}
		rest = append(rest, args[i])
		if !strings.Contains(args[i], "=") && i+1 < len(args) {
			i++
			rest = append(rest, args[i])
		}
	}
	return append(rest, names...)
}

// commandOf is the part of the process's arguments before those of Main, with the program's own path.
func commandOf(all, own []string) []string {
	program, err := os.Executable()
	if err != nil {
		program = all[0]
	}
	return append([]string{program}, all[1:max(1, len(all)-len(own))]...)
}

func (l Lab) run(ctx context.Context, command, name string, f flags, stdout io.Writer) (int, error) {
	say := func(said string, err error) (int, error) {
		if err != nil {
			return exitFailed, err
		}
		fmt.Fprintln(stdout, said)
		return exitOK, nil
	}
	switch command {
	case "serve":
		if err := l.ServeWeb(ctx, name); err != nil {
			return exitFailed, err
		}
		return exitOK, nil
	case "start":
		return say(l.Start(ctx, name))
	case "stop":
		return say(l.Stop(ctx, name))
	case "kill":
		return say(l.Kill(ctx, name))
	case "status":
		pid, running, err := l.Running(name)
		if err == nil && !running {
			fmt.Fprintln(stdout, name, "is not running")
			return exitStopped, nil
		}
		return say(fmt.Sprintf("%s is running (pid %d)", name, pid), err)
	case "journal":
		text, err := l.Journal(name, f.lines)
		return say(strings.TrimSuffix(text, "\n"), err)
	case "repair":
		err := l.SlowRepair(ctx, name, f.takes)
		if errors.Is(err, context.Canceled) {
			return exitSignal, err
		}
		return say(name+" is repaired", err)
	case "usage":
		u, err := l.Usage(name)
		if err != nil {
			return exitFailed, err
		}
		fmt.Fprintln(stdout, u.Percent())
		if u.Percent() > f.highest {
			return exitFailed, nil
		}
		return exitOK, nil
	case "fill":
		return say("filled", l.Fill(name, f.to))
	case "clean":
		removed, freed, err := l.Clean(name, f.older)
		return say(fmt.Sprintf("removed %d logs, %d bytes", removed, freed), err)
	default:
		fmt.Fprint(stdout, usage)
		return exitUsage, fmt.Errorf("there is no command %q", command)
	}
}
