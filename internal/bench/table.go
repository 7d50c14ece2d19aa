package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// table is what the program prints.
type table struct{ rows []row }

type row struct{ what, result, aim, met string }

// add adds a line without an aim.
func (t *table) add(what, result string) { t.rows = append(t.rows, row{what: what, result: result}) }

// aim adds a line with an aim, and whether it is met.
func (t *table) aim(what, result, aim string, met bool) {
	verdict := "no"
	if met {
		verdict = "yes"
	}
	t.rows = append(t.rows, row{what, result, aim, verdict})
}

// printHead prints what stands above the rows.
func printHead(w io.Writer, conditions []string) {
	for _, c := range conditions {
		fmt.Fprintf(w, "- %s\n", c)
	}
	fmt.Fprintf(w, "\n| measured | result | aim | met |\n|---|---|---|---|\n")
}

func (t *table) print(w io.Writer) {
	for _, r := range t.rows {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", r.what, r.result, r.aim, r.met)
	}
}

// conditions says under which the figures were taken.
func conditions(s settings) []string {
	list := []string{
		time.Now().UTC().Format(time.RFC3339),
		fmt.Sprintf("%s/%s, %d CPUs%s, GOMAXPROCS %d", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cpuModel(), runtime.GOMAXPROCS(0)),
		fmt.Sprintf("%s, Temporal server %s, SDK %s", runtime.Version(), version("go.temporal.io/server"), version("go.temporal.io/sdk")),
		fmt.Sprintf("store and Temporal on SQLite files (WAL, synchronous FULL, of the lookup file NORMAL); one fsync takes %s (p50)", fsyncTime(s.dir)),
		"receiver, engine, Temporal server and the measuring itself in one process; a process for each part",
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		list = append(list, "load of the machine in the minutes before: "+strings.Join(strings.Fields(string(load))[:3], ", "))
	}
	if s.quick {
		list = append(list, "quick run: the figures are less exact")
	}
	return list
}

func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "" // only Linux has it
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return " (" + strings.TrimSpace(value) + ")"
		}
	}
	return ""
}

func version(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dep := range info.Deps {
		if dep.Path == module {
			return dep.Version
		}
	}
	return "unknown"
}

// fsyncTime measures what a small durable write costs here.
func fsyncTime(dir string) string {
	f, err := os.CreateTemp(dir, "bench-fsync-")
	if err != nil {
		return "an unknown time"
	}
	defer os.Remove(filepath.Clean(f.Name()))
	defer f.Close()
	var took samples
	for range 200 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil || f.Sync() != nil {
			return "an unknown time"
		}
		took = append(took, time.Since(began))
	}
	return ms(took.at(50))
}

// samples are times of the same thing.
type samples []time.Duration

// at gives a percentile; zero when there is no sample.
func (s samples) at(percent float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	return sorted[min(int(float64(len(sorted))*percent/100), len(sorted)-1)]
}

// String gives p50 and p99.
func (s samples) String() string { return ms(s.at(50)) + ", " + ms(s.at(99)) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }

func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
