package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// estate is a large catalog: scenarios for certain services, monitors, severities and texts, and customers that each
// adopted some of them.
type estate struct{ scenarios, customers, adopted int }

// The estate of the aims.
const (
	manyScenarios = 10_000
	manyCustomers = 1000
)

// measureEstates measures decisions in large catalogs, and loading one.
func measureEstates(ctx context.Context, s settings, t *table) error {
	for _, e := range []estate{{manyScenarios, 1, manyScenarios}, {manyScenarios, 10, 1000}, {manyScenarios, manyCustomers, 10}} {
		took, err := e.decide(ctx, s)
		if err != nil {
			return err
		}
		who := fmt.Sprintf("of %d customers each has adopted %d", e.customers, e.adopted)
		if e.customers == 1 {
			who = "one customer has adopted all"
		}
		t.aim(fmt.Sprintf("decision among %d scenarios, average over 1000 alerts; %s", e.scenarios, who),
			fmt.Sprintf("%.1f µs, %.1f µs of CPU time", micros(took.clock), micros(took.cpu)), "under 50 µs", took.clock < 50*time.Microsecond)
	}
	e := estate{manyScenarios, manyCustomers, 30}
	took, err := e.load(ctx, s)
	if err != nil {
		return err
	}
	t.aim(fmt.Sprintf("loading %d scenario files and %d customers from disk", e.scenarios, e.customers),
		fmt.Sprintf("%.1f s, %.1f s of CPU time", took.clock.Seconds(), took.cpu.Seconds()), "under 5 s", took.clock < 5*time.Second)
	return nil
}

// times are of the same thing by the clock and on all CPUs.
type times struct{ clock, cpu time.Duration }

// timesOf measures n calls, and gives the times of one.
func timesOf(n int, do func(i int)) times {
	began, used := time.Now(), cpuTime()
	for i := range n {
		do(i)
	}
	return times{time.Since(began) / time.Duration(n), (cpuTime() - used) / time.Duration(n)}
}

func micros(d time.Duration) float64 { return d.Seconds() * 1e6 }

// decide gives the time of one decision. Half of the alerts are for a scenario of the customer's, half for none.
func (e estate) decide(ctx context.Context, s settings) (times, error) {
	c, _, err := e.open(ctx, s)
	if err != nil {
		return times{}, err
	}
	var alerts []incident.Incident
	for n := range 1000 {
		alerts = append(alerts, e.incident(n))
		if d := c.Decide(alerts[n]); (d.Scenario != nil) != (n%2 == 0) || d.Customer == nil {
			return times{}, fmt.Errorf("alert %d got the scenario %q: %s", n, d.Match.Scenario, d.Match.Why)
		}
	}
	runtime.GC() // what loading has left behind
	return timesOf(50*len(alerts), func(i int) { c.Decide(alerts[i%len(alerts)]) }), nil
}

// load gives the time in which the catalog is read and checked.
func (e estate) load(ctx context.Context, s settings) (times, error) {
	_, took, err := e.open(ctx, s)
	return took, err
}

// open writes the estate into a folder and loads it.
func (e estate) open(ctx context.Context, s settings) (*catalog.Catalog, times, error) {
	dir, err := os.MkdirTemp(s.dir, "shodo-bench-")
	if err != nil {
		return nil, times{}, err
	}
	defer os.RemoveAll(dir)
	if err := e.write(ctx, dir); err != nil {
		return nil, times{}, err
	}
	var c *catalog.Catalog
	var problems yamldoc.Problems
	took := timesOf(1, func(int) { c, problems = catalog.Load(os.DirFS(dir), "", builtin.List(builtin.Settings{})) })
	return c, took, problems.Err()
}

func (e estate) write(ctx context.Context, dir string) error {
	put := func(name, text string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
	}
	for _, folder := range []string{"scenarios", "customers", "runbooks"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			return err
		}
	}
	if err := put("runbooks/web.md", "# Web\n"); err != nil {
		return err
	}
	for i := range e.scenarios {
		when := fmt.Sprintf(`{service: ["*-%d"], when: 'alert.monitor == "%s" and alert.severity in ["critical", "%s"] and alert.summary matches "(?i)check %d (is|was) (down|failing)"'}`,
			i%100, monitor(i), []string{"error", "warning", "info"}[i%3], i)
		text := strings.Replace(scenarioFile, `{when: 'alert.severity == "critical" and alert.summary matches "(?i)health check"'}`, when, 1)
		if err := put(fmt.Sprintf("scenarios/s%05d.yaml", i), text); err != nil {
			return err
		}
	}
	for n := range e.customers {
		var names []string
		for i := range e.adopted {
			names = append(names, fmt.Sprintf("s%05d: {}", (n*e.adopted+i)%e.scenarios))
		}
		text := strings.NewReplacer("{web: {}}", "{"+strings.Join(names, ", ")+"}", "PBENCH1", fmt.Sprintf("PC%05d", n)).Replace(customerFile)
		if err := put(fmt.Sprintf("customers/c%04d.yaml", n), text); err != nil {
			return err
		}
	}
	return nil
}

func monitor(i int) string {
	return []string{"cloudwatch", "datadog", "zabbix", "prometheus", "elastic"}[i/3%5]
}

// incident gives one for a scenario of a customer who has adopted it; each second one says something else.
func (e estate) incident(n int) incident.Incident {
	i := n * 7919 % (e.customers * e.adopted) // spreads them over all
	alert := incident.Alert{Severity: "critical", Monitor: monitor(i % e.scenarios), Source: "web-1.example",
		Summary: fmt.Sprintf("[Tokyo] Check %d is DOWN since 03:00", i%e.scenarios)}
	if n%2 == 1 {
		alert.Summary = "ディスク使用率が90%を超えました: /var/lib on web-1.acme.example"
	}
	return incident.Incident{ID: "Q1", Alerts: []incident.Alert{alert},
		Service: incident.Ref{ID: fmt.Sprintf("PC%05d", i/e.adopted), Name: fmt.Sprintf("web-%d", i%e.scenarios%100)}}
}
