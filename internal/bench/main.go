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
	"os/signal"
	"runtime/pprof"
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
	dir        string // where the databases are
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
}

func run() (err error) {
	var s settings
	flag.BoolVar(&s.quick, "quick", false, "measure for a short time: less exact")
	flag.IntVar(&s.only, "only", 0, "measure only the part with this `number`, 1 to 5")
	flag.StringVar(&s.cpuProfile, "cpuprofile", "", "write a CPU profile to this `file`")
	flag.StringVar(&s.dir, "dir", os.TempDir(), "the `folder` on whose disk the databases are made")
	flag.Parse()
	if s.only < 0 || s.only > len(parts) || flag.NArg() > 0 {
		return errors.New("usage: bench [-quick] [-only 1..5] [-dir FOLDER] [-cpuprofile FILE]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if s.cpuProfile != "" {
		end, err := startProfile(s.cpuProfile)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	t := &table{conditions: conditions(s)}
	for i, part := range parts {
		if s.only != 0 && s.only != i+1 {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s ...\n", part.name)
		if err := part.measure(ctx, s, t); err != nil {
			return fmt.Errorf("measure %s: %w", part.name, err)
		}
	}
	t.print(os.Stdout)
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
