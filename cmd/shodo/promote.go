package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/analytics"
	"shodo/internal/backtest"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/promote"
	"shodo/internal/store"
)

// promoteFlags are what "shodo promote" is asked.
type promoteFlags struct {
	dir                string
	since, until, zone string
	customer, format   string
	needed             promote.Needed
}

func newPromote() *cobra.Command {
	var from storeFlags
	f := promoteFlags{needed: promote.Usual()}
	cmd := &cobra.Command{
		Use:   "promote SCENARIO",
		Short: "Show what the record says about a scenario's next level of autonomy",
		Long: `promote gathers what speaks for and against giving a scenario more autonomy: its runs and how they ended, what it would
have matched, which attempts it would have made, approvals given, refused and expired, attempts that people started, repairs
that held, what came back within 24 hours, and where people wanted something else. It compares that with what is needed for the next level,
says which conditions hold, and names the exact line to change. Nothing is changed by it.

The levels are observe, suggest, approve, automatic. Without --customer it is about the scenario's own level; with one about what
it is for that customer, who may only lower it. Let --since begin where the present level began. It exits 0 when the next level is
recommended, and 1 when it is not.`,
		Example: `  shodo promote disk-full
  shodo promote disk-full --customer acme --since 30d
  shodo promote --catalog ./catalog --min-runs 50 --format json http-down`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, from, incident.ScenarioName(args[0])) },
	}
	flags := cmd.Flags()
	from.register(flags)
	flags.StringVar(&f.dir, "catalog", ".", "the `folder` of the catalog, or DIR@REV")
	flags.StringVar(&f.since, "since", "90d", "incidents created from an age (90m, 24h, 7d), a day (2026-11-01) or an instant (RFC 3339) on")
	flags.StringVar(&f.until, "until", "", "to the end of a day, or to an instant; the default is now")
	flags.StringVar(&f.zone, "zone", "", "the time `zone` in which days begin, such as Asia/Tokyo; the default is the machine's")
	flags.StringVar(&f.customer, "customer", "", "the evidence and the level of the customer with this `id`")
	flags.StringVar(&f.format, "format", "text", "how it is printed: text, json")
	n := &f.needed
	flags.IntVar(&n.Runs, "min-runs", n.Runs, "at least so many runs")
	flags.IntVar(&n.Repairs, "min-repairs", n.Repairs, "for approve and automatic: at least so many attempts that were made")
	flags.Float64Var(&n.Verified, "min-verified", n.Verified, "for approve and automatic: at least this `share` of them held")
	flags.Float64Var(&n.CameBack, "max-came-back", n.CameBack, "for automatic: at most this `share` of automatic closes came back within 24 hours")
	flags.Float64Var(&n.OverBudget, "max-over-budget", n.OverBudget, "for approve and automatic: at most this `share` of runs ended over budget")
	flags.Float64Var(&n.Unclear, "max-unclear", n.Unclear, "at most this `share` of runs ended without a clear finding")
	flags.Float64Var(&n.Disagreed, "max-disagreed", n.Disagreed, "for approve and automatic: in at most this `share` of runs a person wanted something else")
	return cmd
}

func (f promoteFlags) run(cmd *cobra.Command, from storeFlags, name incident.ScenarioName) error {
	write, ok := map[string]func(io.Writer, promotion) error{"text": writePromotion, "json": func(w io.Writer, p promotion) error { return printJSON(w, p) }}[f.format]
	if !ok {
		return fmt.Errorf("unknown --format %q: it is one of text, json", f.format)
	}
	if err := f.check(); err != nil {
		return err
	}
	period, err := statsFlags{since: f.since, until: f.until, zone: f.zone}.period(time.Now())
	if err != nil {
		return err
	}
	c, err := openCatalog(f.dir, "")
	if err != nil {
		return err
	}
	customer := incident.CustomerID(f.customer)
	level, err := promote.Level(c.Catalog, name, customer)
	if err != nil {
		return err
	}
	s, err := from.open(cmd)
	if err != nil {
		return err
	}
	defer s.Close()
	g := gatherer{store: s, catalog: c.Catalog, name: name, customer: customer, period: period, progress: newProgress(cmd.ErrOrStderr())}
	evidence, err := g.evidence(cmd.Context())
	if err != nil {
		return err
	}
	p := promotion{Scenario: name, Customer: customer, Since: period.Since, Until: period.Until, Catalog: c.Version(),
		Evidence: evidence, Needed: f.needed, Verdict: promote.Judge(level, evidence, f.needed)}
	if scenario, _ := c.Scenario(name); len(scenario.Recover) == 0 {
		p.Note = "the scenario has no recover: its autonomy changes nothing"
		p.Verdict.Ready = false
	} else if p.Verdict.Next != "" {
		change := promote.ChangeTo(c.Catalog, name, customer, p.Verdict.Next)
		p.Change = &change
	}
	if err := write(cmd.OutOrStdout(), p); err != nil {
		return err
	}
	if !p.Verdict.Ready || p.Verdict.Next == "" {
		return errNo
	}
	return nil
}

// check tells of thresholds that mean nothing.
func (f promoteFlags) check() error {
	for flag, share := range map[string]float64{"--min-verified": f.needed.Verified, "--max-came-back": f.needed.CameBack, "--max-over-budget": f.needed.OverBudget,
		"--max-unclear": f.needed.Unclear, "--max-disagreed": f.needed.Disagreed} {
		if !(share >= 0 && share <= 1) {
			return fmt.Errorf("%s %g: it is a share, between 0 and 1 (0.95 is 95%%)", flag, share)
		}
	}
	if f.needed.Runs < 1 || f.needed.Repairs < 1 {
		return fmt.Errorf("--min-runs %d, --min-repairs %d: they are at least 1", f.needed.Runs, f.needed.Repairs)
	}
	return nil
}

// promotion is what promote says, for other programs, too.
type promotion struct {
	Scenario incident.ScenarioName `json:"scenario"`
	Customer incident.CustomerID   `json:"customer,omitempty"`
	Since    time.Time             `json:"since"`
	Until    time.Time             `json:"until"`
	Catalog  string                `json:"catalog_version"`
	Evidence promote.Evidence      `json:"evidence"`
	Needed   promote.Needed        `json:"needed"`
	Verdict  promote.Verdict       `json:"verdict"`
	Change   *promote.Change       `json:"change,omitempty"` // what would give the next level, whether or not it is recommended
	Note     string                `json:"note,omitempty"`
}

// gatherer collects the evidence.
type gatherer struct {
	store    *store.Store
	catalog  *catalog.Catalog
	name     incident.ScenarioName
	customer incident.CustomerID
	period   analytics.Period
	progress *progress
}

func (g gatherer) evidence(ctx context.Context) (promote.Evidence, error) {
	none := promote.Evidence{}
	answer, err := analytics.Ask(ctx, g.store, analytics.Question{Period: g.period, Now: time.Now(), Alone: true,
		Filter: analytics.Filter{Scenario: g.name, Customer: g.customer}})
	if err != nil {
		return none, err
	}
	figures := answer.Figures
	e := promote.Evidence{Runs: figures.Incidents, Ended: figures.Incidents - figures.Undecided, Deferred: figures.Deferred.Count,
		Outcomes: figures.Outcomes, Reasons: figures.Reasons, CameBack: figures.CameBack}
	deeds, err := g.store.Deeds(ctx, promote.Filter{Scenario: g.name, Customer: g.customer, Since: g.period.Since, Until: g.period.Until})
	if err != nil {
		return none, err
	}
	scenario, _ := g.catalog.Scenario(g.name)
	var names []string
	for _, a := range scenario.Recover {
		names = append(names, a.Name)
	}
	e.Add(deeds, names)
	q := backtest.Question{After: g.catalog, Customer: g.customer}
	m, err := backtest.Match(ctx, g.store.Past(ctx, pastFilter(g.period, q)), g.catalog, g.name, g.customer, g.progress.show)
	g.progress.clear()
	if err != nil {
		return none, err
	}
	e.WouldMatch = promote.Matched{Incidents: m.Incidents, Now: m.Now, Then: m.Then, Both: m.Both, CannotRun: m.CannotRun}
	return e, nil
}
