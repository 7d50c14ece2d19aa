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
type dice struct{ *rand.Rand }

func (d dice) of(texts ...string) string { return texts[d.IntN(len(texts))] }

func (d dice) word() string {
	return d.of("disk", "Disk full", "health check", "cpu", "ディスク", "使用率", "db-1", "web-1", "timed out", "\u212aelvin", "kelvin", "oom", "x")
}

func (d dice) term() string {
	switch d.IntN(14) {
	case 0, 1:
		return `alert.severity == "` + d.of("critical", "error", "warning", "info") + `"`
	case 2:
		return `alert.severity in ["critical", "` + d.of("error", "warning") + `"]`
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
		return d.of("true", `alert.severity == "a" and alert.severity == "b"`, "incident.number > 2")
	default:
		return `incident.service.` + d.of(`id == "PX11"`, `name startsWith "acme"`)
	}
}

func (d dice) condition() string {
	text := d.term()
	for range d.IntN(3) {
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
	in := incident.Incident{ID: "Q1", Number: d.IntN(5), Title: d.word(), Urgency: d.of("high", "low"),
		Service: incident.Ref{ID: d.of("PX11", "PX12", "PX13"), Name: d.of("acme-web-1", "acme-db-2", "globex-db-1", "PX11", "")}}
	if d.IntN(8) > 0 {
		in.Alerts = []incident.Alert{a}
	}
	return in
}

// Whatever the catalog and the incident are: what the index gives is what evaluating all gives.
func TestDecideIsAsEvaluatingAll(t *testing.T) {
	actions := builtin.List(builtin.Settings{})
	matched, passed, failed, told := 0, 0, 0, 0
	for seed := range uint64(200) {
		d := dice{rand.New(rand.NewPCG(seed, 0))}
		c, problems := catalog.Load(d.catalog(), "", actions)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			in := d.incident()
			got, want := c.Decide(in), c.Explain(in)
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
			got.Match.Considered, got.Match.PassedOver, want.Match.Considered = nil, nil, nil
			if diff := cmp.Diff(want.Match, got.Match); diff != "" {
				t.Fatalf("catalog %d, %+v: -want +got:\n%s", seed, in, diff)
			}
			if got.Scenario != nil {
				matched++
			}
		}
	}
	t.Logf("%d matched, %d passed over, %d failed, %d told", matched, passed, failed, told)
	if matched < 2000 || passed < 50000 || failed < 2000 || told < 10000 {
		t.Error("the test tells little")
	}
}
