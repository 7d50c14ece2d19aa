// Command bench measures how fast the product is, and prints one Markdown table with the conditions.
//
// It promises that each part uses the real receiver, store, workflows and embedded Temporal server on SQLite files with
// every commit synced to the disk, and that only what lies outside of the product answers at once: PagerDuty, and the
// actions of the scenario. What depends on the machine is measured in one run against something else on the same
// machine, and so as a ratio.
//
// It is not a test: it never fails because of a figure. "make bench" runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime/pprof"
	"strconv"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings is what may be chosen on the command line.
type settings struct {
	quick      bool
	only       int
	cpuProfile string
	rowsOnly   bool
	dir        string // where the databases are
	incidents  int    // of the figures
}

// parts are what is measured, in the order of the table.
var parts = []struct {
	name    string
	measure func(context.Context, settings, *table) error
}{
	{"the answer to a webhook", measureWebhooks},
	{"from a webhook to the first step", measureFirstStep},
	{"whole incidents, beside workflows written by hand", measureIncidents},
	{"what an incident costs in Temporal", measureCost},
	{"the rules and the store", measureRules},
	{"a catalog against past incidents", measureBacktest},
	{"figures of a year", measureFigures},
}

func run() (err error) {
	var s settings
	flag.BoolVar(&s.quick, "quick", false, "measure for a short time: less exact")
	flag.IntVar(&s.only, "only", 0, "measure only the part with this `number`, 1 to 7")
	flag.StringVar(&s.cpuProfile, "cpuprofile", "", "write a CPU profile to this `file`")
	flag.BoolVar(&s.rowsOnly, "rows", false, "print only the rows of the table")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "the `folder` on whose disk the databases are made")
	flag.IntVar(&s.incidents, "incidents", figuresIncidents, "`how many` incidents figures are made of; 10000000 takes 15 GB of disk and half an hour")
	flag.Parse()
	if s.only < 0 || s.only > len(parts) || flag.NArg() > 0 || s.incidents < 1000 || s.only == 0 && s.cpuProfile != "" {
		return errors.New("usage: bench [-quick] [-dir FOLDER] [-incidents N] [-only 1..7 [-cpuprofile FILE]]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if !s.rowsOnly {
		printHead(os.Stdout, conditions(s))
	}
	if s.only == 0 {
		return runEach(ctx, s)
	}
	if s.cpuProfile != "" {
		end, err := startProfile(s.cpuProfile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	part, t := parts[s.only-1], new(table)
	fmt.Fprintf(os.Stderr, "measuring %s ...\n", part.name)
	if err := part.measure(ctx, s, t); err != nil {
		return fmt.Errorf("measure %s: %w", part.name, err)
	}
	t.print(os.Stdout)
	return nil
}

// runEach measures every part in a process of its own, so that none pays for what another one has left in the memory.
func runEach(ctx context.Context, s settings) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for i := range parts {
		one := exec.CommandContext(ctx, self, "-rows", "-only", strconv.Itoa(i+1), "-dir", s.dir,
			"-incidents", strconv.Itoa(s.incidents), "-quick="+strconv.FormatBool(s.quick))
		one.Stdout, one.Stderr = os.Stdout, os.Stderr
		one.Cancel = func() error { return one.Process.Signal(os.Interrupt) }
		if err := one.Run(); err != nil {
			return fmt.Errorf("measure %s: %w", parts[i].name, err)
		}
	}
	return nil
}

func startProfile(file string) (end func() error, err error) {
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("write the CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("write the CPU profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
