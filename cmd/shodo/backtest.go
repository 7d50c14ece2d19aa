package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/analytics"
	"shodo/internal/backtest"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/source"
	"shodo/internal/yamldoc"
)

// backtestFlags are what "shodo backtest" is asked.
type backtestFlags struct {
	dir, revision, against string
	since, until, zone     string
	customer, format       string
	failOn                 []string
	limit                  int
}

func newBacktest() *cobra.Command {
	var from storeFlags
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest [DIR]",
		Short: "Say what a catalog would have decided about past incidents",
		Long: `backtest decides the incidents of the record by a catalog, and tells what differs: which are newly matched, which no
longer, which get another scenario, another autonomy or another customer, and whose inputs cannot be filled any more; per
customer and in total. Compared is with what was decided then, as the record says, or with another catalog (--against).
Nothing is run; quiet hours and budgets play no part.

A catalog is a folder (the current one when none is named), or what the folder has at a revision of its Git repository: DIR@REV.
--against takes a revision of DIR, too. It exits 0 also when there are differences, and 1 when there are such that
--fail-on names. docs/backtest.md has a recipe for pull requests.`,
		Example: `  shodo backtest --since 90d
  shodo backtest --against origin/main --format markdown ./catalog
  shodo backtest --rev v2 --against v1 --customer acme
  shodo backtest --against HEAD~1 --fail-on no-longer-matched,cannot-run`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.dir = firstOr(args, ".")
			return f.run(cmd, from)
		},
	}
	flags := cmd.Flags()
	from.register(flags)
	flags.StringVar(&f.revision, "rev", "", "the catalog is what DIR has at this Git `revision`")
	flags.StringVar(&f.against, "against", "", "compare with this `catalog`: a folder, DIR@REV, or a Git revision of DIR; the default is what was decided then")
	flags.StringVar(&f.since, "since", "90d", "incidents created from an age (90m, 24h, 7d), a day (2026-11-01) or an instant (RFC 3339) on")
	flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is the machine's")
	flags.StringVar(&f.customer, "customer", "", "only incidents that are or were of the customer with this `id`")
	flags.IntVar(&f.limit, "limit", 10, "at most so many rows in each list; the incidents are the newest ones")
	flags.StringVar(&f.format, "format", "text", "how it is printed: text, markdown, json")
	flags.StringSliceVar(&f.failOn, "fail-on", nil, "exit 1 when there are differences of these `kinds`: any, "+strings.Join(kindNames(), ", "))
	return cmd
}

// maxBacktestList is the most rows of a list.
const maxBacktestList = 10_000

func (f backtestFlags) run(cmd *cobra.Command, from storeFlags) error {
	write, ok := map[string]func(io.Writer, backtestPage) error{"text": writeBacktestText, "markdown": writeBacktestMarkdown, "json": writeBacktestJSON}[f.format]
	if !ok {
		return fmt.Errorf("unknown --format %q: it is one of text, markdown, json", f.format)
	}
	if f.limit < 0 || f.limit > maxBacktestList {
		return fmt.Errorf("--limit %d: it must be between 0 and %d", f.limit, maxBacktestList)
	}
	failOn, err := kindsNamed(f.failOn)
	if err != nil {
		return err
	}
	period, err := statsFlags{since: f.since, until: f.until, zone: f.zone}.period(time.Now())
	if err != nil {
		return err
	}
	after, before, err := f.catalogs()
	if err != nil {
		return err
	}
	q := backtest.Question{After: after.Catalog, Before: before.Catalog, Customer: incident.CustomerID(f.customer), Limit: f.limit}
	s, err := from.open(cmd)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := warnOfHalfImports(cmd.Context(), cmd.ErrOrStderr(), s, period.Since, period.Until); err != nil {
		return err
	}
	progress := newProgress(cmd.ErrOrStderr())
	q.Progress = progress.show
	report, err := backtest.Run(cmd.Context(), s.Past(cmd.Context(), pastFilter(period, q)), q)
	progress.clear()
	if err != nil {
		return err
	}
	page := backtestPage{Report: report, Period: period, Customer: q.Customer, Before: before.name, After: after.name, limit: f.limit}
	if err := write(cmd.OutOrStdout(), page); err != nil {
		return err
	}
	for _, kind := range failOn {
		if report.Total.Changes[kind] > 0 {
			return errNo
		}
	}
	return nil
}

// pastFilter chooses the incidents of the period; with a customer also those of its services in the catalogs.
func pastFilter(p analytics.Period, q backtest.Question) incident.PastFilter {
	filter := incident.PastFilter{Since: p.Since, Until: p.Until, Customer: q.Customer}
	for _, c := range []*catalog.Catalog{q.After, q.Before} {
		if c == nil {
			continue
		}
		if owner, ok := c.Customer(q.Customer); ok {
			for _, s := range owner.Services {
				filter.Services = append(filter.Services, s.ID)
			}
		}
	}
	return filter
}

// placedCatalog is a catalog with the name of its place; without a catalog it stands for the record.
type placedCatalog struct {
	*catalog.Catalog
	name string
}

// catalogs reads what is tried, and what it is compared with.
func (f backtestFlags) catalogs() (after, before placedCatalog, err error) {
	after, err = openCatalog(f.dir, f.revision)
	if err != nil {
		return after, before, err
	}
	if f.against == "" {
		return after, placedCatalog{name: "what was decided then"}, nil
	}
	dir, revision := placeOf(f.against) // another folder, or else a revision of DIR
	if dir == "" {
		if dir, _ = placeOf(f.dir); dir == "" {
			dir = f.dir
		}
		revision = f.against
	}
	before, err = openCatalog(dir, revision)
	return after, before, err
}

// openCatalog reads the catalog in a folder, or the one that it has at a revision.
func openCatalog(place, revision string) (placedCatalog, error) {
	dir, at := placeOf(place)
	if dir == "" {
		dir = place // it is not there; opening it says so
	}
	if at != "" && revision != "" {
		return placedCatalog{}, fmt.Errorf("%q names a revision already, --rev %q another one", place, revision)
	}
	revision = firstOf(at, revision)
	var c *catalog.Catalog
	var problems yamldoc.Problems
	var err error
	name := dir
	if revision == "" {
		c, problems, err = loadCatalog(dir)
	} else {
		var by source.Commit
		c, by, problems, err = source.AtRevision(dir, revision, anyActions())
		name = revision + " (" + by.String() + ")"
	}
	if err != nil {
		return placedCatalog{}, err
	}
	if err := problems.Err(); err != nil {
		return placedCatalog{}, fmt.Errorf("the catalog %s is not right:\n%w", name, err)
	}
	if revision == "" {
		name += " (version " + c.Version() + ")"
	}
	return placedCatalog{c, name}, nil
}

// placeOf reads DIR and DIR@REV. There is no folder when the text names none.
func placeOf(text string) (dir, revision string) {
	if isFolder(text) {
		return text, ""
	}
	for i := len(text) - 1; i > 0; i-- { // a folder's name may hold "@", and so may a revision
		if text[i] == '@' && i+1 < len(text) && isFolder(text[:i]) {
			return text[:i], text[i+1:]
		}
	}
	return "", ""
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func kindNames() []string {
	var names []string
	for _, k := range backtest.Kinds() {
		names = append(names, strings.ReplaceAll(string(k), "_", "-"))
	}
	return names
}

func kindsNamed(names []string) ([]backtest.Kind, error) {
	var kinds []backtest.Kind
	for _, name := range names {
		i := slices.Index(kindNames(), strings.ReplaceAll(name, "_", "-"))
		switch {
		case name == "any":
			kinds = append(kinds, backtest.Kinds()...)
		case i < 0:
			return nil, fmt.Errorf("--fail-on %q: it is one of any, %s", name, strings.Join(kindNames(), ", "))
		default:
			kinds = append(kinds, backtest.Kinds()[i])
		}
	}
	return kinds, nil
}

// progress tells on a terminal how far a long run is.
type progress struct {
	out   io.Writer // nil: it tells nothing
	now   func() time.Time
	next  time.Time
	shown bool
}

func newProgress(out io.Writer) *progress {
	p := &progress{now: time.Now}
	if isTerminal(out) {
		p.out = out
	}
	p.next = p.now().Add(time.Second)
	return p
}

func (p *progress) show(read int, created time.Time) {
	if p.out == nil {
		return
	}
	if now := p.now(); now.After(p.next) {
		p.next, p.shown = now.Add(200*time.Millisecond), true
		fmt.Fprintf(p.out, "\r%s incidents, back to %s ", grouped(read), created.Local().Format(time.DateOnly))
	}
}

// clear takes the line away before the answer comes.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
