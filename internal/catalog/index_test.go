package catalog_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// dice makes random catalogs and incidents that have something to do with each other.
type dice struct {
	*rand.Rand
	opaque bool // most conditions are such that nothing is known of them
}

func (d dice) of(texts ...string) string { return texts[d.IntN(len(texts))] }

func (d dice) word() string {
	return d.of("disk", "Disk full", "health check", "cpu", "ディスク", "使用率", "db-1", "web-1", "timed out", "\u212aelvin", "kelvin", "oom", "x")
}

func (d dice) term() string {
	if d.opaque && d.IntN(10) > 0 {
		return fmt.Sprintf("incident.number %% 23 == %d", d.IntN(23))
	}
	switch d.IntN(14) {
	case 0, 1:
		return `alert.severity == "` + d.of("critical", "error", "warning", "") + `"`
	case 2:
		return `alert.severity in ["critical", "` + d.of("error", "warning", "") + `"]`
	case 3, 4:
		return `alert.monitor == "` + d.of("datadog", "zabbix", "cloudwatch") + `"`
	case 5:
		return `alert.summary contains "` + d.word() + `"`
	case 6:
		return `alert.summary matches "(?i)` + d.of("(disk|oom).*full", "health ?check", "kelvin", "k+elvin", "(使用率|DISK)", "^cpu", "[dx]isk") + `"`
	case 7:
		return `lower(alert.summary) contains "` + d.of("disk", "cpu", "health") + `"`
	case 8:
		return `alert.details.host == "` + d.of("web-1", "db-1") + `"`
	case 9:
		return `incident.urgency ` + d.of("==", "!=") + ` "high"`
	case 10:
		return `customer.labels.tier == "` + d.of("gold", "silver") + `"`
	case 11:
		return d.of("int(alert.source) > 3", "alert.details.host > 3", "alert.details.a.b == 1") // may fail
	case 12:
		return d.of("true", `alert.severity == "a" and alert.severity == "b"`, "incident.number > 20")
	default:
		return `incident.service.` + d.of(`id == "PX11"`, `name startsWith "acme"`)
	}
}

func (d dice) condition() string {
	text := d.term()
	for range d.IntN(3) {
		if d.opaque {
			break
		}
		text = d.of("", "", "", "not ") + "(" + text + ")" + d.of(" and ", " and ", " or ") + "(" + d.term() + ")"
	}
	return text
}

// scenario makes a scenario; the customer's own ones and shared ones can have the same names.
func (d dice) scenario() string {
	match := "  when: '" + strings.ReplaceAll(d.condition(), "'", "''") + "'\n"
	if d.IntN(3) == 0 {
		services := `  service: [` + d.of(`PX11`, `PX12, "acme-*"`, `"*-db-?"`, `"acme-web-1"`, `"*"`, `"globex-*", PX13`) + "]\n"
		match = services + d.of(match, match, "")
	}
	return fmt.Sprintf(`title: T
priority: %d
match:
%sinputs:
  host: {type: string, from: alert.details.host}
  word: {type: string, default: w}
target: "${{ inputs.host }}"
check: [{uses: tcp.connect, with: {host: "${{ inputs.host }}", port: 80}, healthy: output.connected}]
`, d.IntN(3)*10, match)
}

func (d dice) catalog() fstest.MapFS {
	fsys := fstest.MapFS{}
	for n, name := range []string{"acme", "globex"} {
		adopted := ""
		for i := range d.IntN(45) {
			scenario := fmt.Sprintf("s%02d", i)
			own := d.IntN(5) == 0
			if own {
				fsys["customers/"+name+"/"+scenario+".yaml"] = &fstest.MapFile{Data: []byte(d.scenario())}
			} else if file := "scenarios/" + scenario + ".yaml"; fsys[file] == nil {
				fsys[file] = &fstest.MapFile{Data: []byte(d.scenario())}
			}
			if d.IntN(6) > 0 {
				adopted += "  " + scenario + ": {" + d.of("", "", "with: {word: "+name+"}", "with: {host: fixed}") + "}\n"
			}
		}
		if adopted == "" {
			adopted = " {}"
		}
		services := []string{"PX11, PX12", "PX13"}[n]
		fsys["customers/"+name+".yaml"] = &fstest.MapFile{Data: []byte("name: " + name + "\ntime_zone: UTC\nlanguage: en\nlabels: {tier: " + d.of("gold", "silver") +
			"}\npagerduty: {services: [" + services + "]}\nallow: [tcp.connect]\ntiers: [{name: a, slack: \"#a\"}]\nscenarios:\n" + adopted)}
	}
	return fsys
}

func (d dice) incident() incident.Incident {
	a := incident.Alert{Severity: d.of("critical", "error", "warning", "info", ""), Monitor: d.of("datadog", "zabbix", "cloudwatch", ""),
		Source: d.of("7", "web-1"), Summary: d.of("", d.word()) + d.of(" ", "\xff", " FULL ") + d.word()}
	switch d.IntN(4) {
	case 0:
		a.Details = map[string]any{"host": d.of("web-1", "db-1", "")}
	case 1:
		a.Details = map[string]any{"host": 7.0, "a": map[string]any{"b": 1.0}}
	}
	in := incident.Incident{ID: "Q1", Number: d.IntN(50), Title: d.word(), Urgency: d.of("high", "low"),
		Service: incident.Ref{ID: d.of("PX11", "PX12", "PX13"), Name: d.of("acme-web-1", "acme-db-2", "globex-db-1", "PX11", "")}}
	if d.IntN(8) > 0 {
		in.Alerts = []incident.Alert{a}
	}
	return in
}

// Whatever the catalog and the incident are: what the index gives is what evaluating all gives.
func TestDecideIsAsEvaluatingAll(t *testing.T) {
	actions := builtin.List(builtin.Settings{})
	matched, passed, failed, told, late := 0, 0, 0, 0, 0
	for seed := range uint64(120) {
		d := dice{rand.New(rand.NewPCG(seed, 0)), seed%4 == 0}
		c, problems := catalog.Load(d.catalog(), "", actions)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			in := d.incident()
			got, want := c.Decide(in), c.Explain(in)
			if p := c.Pick(in); p.Scenario != want.Scenario || p.Autonomy != want.Match.Autonomy || p.Problem != want.Problem {
				t.Fatalf("picked %+v, want %+v", p, want)
			}
			if got.Customer != want.Customer || got.Scenario != want.Scenario || got.Target != want.Target || got.Problem != want.Problem {
				t.Fatalf("catalog %d, %+v:\ngot  %+v\nwant %+v", seed, in, got, want)
			}
			if diff := cmp.Diff(want.Inputs, got.Inputs); diff != "" {
				t.Fatalf("catalog %d, %+v: inputs: -want +got:\n%s", seed, in, diff)
			}
			total := len(got.Match.Considered)
			for _, p := range got.Match.PassedOver {
				total += p.Count
				passed += p.Count
			}
			if total != len(want.Match.Considered) || len(want.Match.PassedOver) > 0 {
				t.Fatalf("catalog %d, %+v: tells of %d scenarios, not of %d", seed, in, total, len(want.Match.Considered))
			}
			if len(got.Match.Considered) > 11 {
				t.Fatalf("catalog %d, %+v: a record tells of %d scenarios", seed, in, len(got.Match.Considered))
			}
			all := map[incident.ScenarioName]incident.Considered{}
			for _, one := range want.Match.Considered {
				all[one.Scenario] = one
				if strings.HasPrefix(one.Why, "evaluate") {
					failed++
				}
			}
			for _, one := range got.Match.Considered {
				told++
				if one != all[one.Scenario] {
					t.Fatalf("catalog %d, %+v:\ngot  %+v\nwant %+v", seed, in, one, all[one.Scenario])
				}
			}
			lookedAt := len(got.Match.Considered)
			got.Match.Considered, got.Match.PassedOver, want.Match.Considered = nil, nil, nil
			if diff := cmp.Diff(want.Match, got.Match); diff != "" {
				t.Fatalf("catalog %d, %+v: -want +got:\n%s", seed, in, diff)
			}
			if got.Scenario != nil {
				matched++
			}
			if lookedAt > 10 { // the one that matches came after ten others
				late++
			}
		}
	}
	if matched < 1500 || passed < 30000 || failed < 1500 || told < 10000 || late < 60 {
		t.Errorf("%d matched, %d of them late, %d passed over, %d failed, %d told: the test tells little", matched, late, passed, failed, told)
	}
}

// What the record of a customer with many scenarios tells, and what it only counts.
func TestDecideAmongMany(t *testing.T) {
	fsys := fstest.MapFS{}
	adopted := ""
	add := func(name, match string, priority int) {
		fsys["scenarios/"+name+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, "title: T\npriority: %d\nmatch: %s\ncheck: [{uses: tcp.connect, with: {host: a.example, port: 80}, healthy: output.connected}]\n", priority, match)}
		adopted += "  " + name + ": {}\n"
	}
	for i := range 15 {
		add(fmt.Sprintf("number-%02d", i), fmt.Sprintf("{when: incident.number == %d}", i), 50)
		add(fmt.Sprintf("service-%02d", i), fmt.Sprintf("{service: [db-%d], when: 'alert.severity == \"info\"'}", i), 60)
		add(fmt.Sprintf("info-%02d", i), fmt.Sprintf("{when: 'alert.severity == \"info\" and alert.summary contains \"number %d\"'}", i), 70)
		add(fmt.Sprintf("text-%02d", i), fmt.Sprintf("{when: 'alert.summary contains \"number %d\"'}", i), 40)
	}
	fsys["customers/acme.yaml"] = &fstest.MapFile{Data: []byte("name: A\ntime_zone: UTC\nlanguage: en\npagerduty: {services: [PX10]}\nallow: [tcp.connect]\ntiers: [{name: a, slack: \"#a\"}]\nscenarios:\n" + adopted)}
	c := load(t, fsys)
	in := incident.Incident{ID: "Q1", Number: 12, Service: incident.Ref{ID: "PX10", Name: "web"}, Alerts: []incident.Alert{{Severity: "critical", Summary: "number 13"}}}
	d := c.Decide(in)
	if d.Match.Scenario != "number-12" || len(d.Match.Considered) != 11 || d.Match.Considered[10].Scenario != "number-12" || !d.Match.Considered[10].Matched {
		t.Errorf("got %q of %+v", d.Match.Scenario, d.Match.Considered)
	}
	want := []incident.PassedOver{{By: "alert.severity", Count: 30}, {By: "alert.summary", Count: 13}, {By: "condition", Count: 2}, {By: "rank", Count: 4}}
	if diff := cmp.Diff(want, d.Match.PassedOver); diff != "" {
		t.Errorf("passed over: -want +got:\n%s", diff)
	}
	if all := c.Explain(in).Match; len(all.Considered) != 60 || all.PassedOver != nil || all.Scenario != "number-12" {
		t.Errorf("explained: %+v", all)
	}
	in.Number, in.Alerts[0].Summary = 99, "nothing"
	if d := c.Decide(in); d.Scenario != nil || d.Match.Why != `none of the 60 scenarios that customer "acme" has adopted matches` || len(d.Match.Considered) != 10 {
		t.Errorf("got %+v", d.Match)
	}
}
