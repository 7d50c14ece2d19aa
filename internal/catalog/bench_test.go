package catalog_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// The figures that are promised: 10,000 scenarios and 1,000 customers load in 5 seconds, and a decision among 10,000
// scenarios takes 50 µs. make bench prints them.

// estate is a catalog of many scenarios, each for a monitor, a severity, some services and what the alert says.
func estate(scenarios, customers, adopts int) fstest.MapFS {
	fsys := fstest.MapFS{"runbooks/web.md": {Data: []byte("# Web\n")}}
	for i := range scenarios {
		fsys[fmt.Sprintf("scenarios/s%05d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `title: Scenario %[1]d
runbook: web.md
priority: %[2]d
match:
  service: ["*-%[3]d"]
  when: >-
    alert.monitor == "%[4]s" and alert.severity in ["critical", "%[5]s"] and
    alert.summary matches "(?i)check %[1]d (is|was) (down|failing)"
inputs:
  host: {type: string, from: alert.source}
target: "${{ inputs.host }}"
limits: {recoveries: {max: 3, per: 1h}, targets: {max: 5, per: 10m}}
check:
  - {id: probe, uses: tcp.connect, with: {host: "${{ inputs.host }}", port: 80}, healthy: output.connected}
gather:
  - {id: journal, uses: local.read, with: {command: [journalctl, -u, nginx, -n, "100"]}}
recover:
  - name: restart
    steps: [{uses: local.run, with: {command: [restart, "${{ inputs.host }}"]}}]
close: {note: "Restarted ${{ inputs.host }}."}
`, i, i%7, i%100, monitorOf(i), []string{"error", "warning", "info"}[i%3])}
	}
	for n := range customers {
		var adopted strings.Builder
		for i := range adopts {
			fmt.Fprintf(&adopted, "  s%05d: {}\n", (n*adopts+i)%scenarios)
		}
		fsys[fmt.Sprintf("customers/c%04d.yaml", n)] = &fstest.MapFile{Data: fmt.Appendf(nil, `name: C
time_zone: Asia/Tokyo
language: ja
pagerduty: {services: [PC%05d]}
allow: ["tcp.*", "local.*"]
tiers: [{name: a, slack: "#a"}]
scenarios:
%s`, n, adopted.String())}
	}
	return fsys
}

func monitorOf(i int) string {
	return []string{"cloudwatch", "datadog", "zabbix", "prometheus", "elastic"}[i/3%5]
}

// incidentsFor gives incidents of which each second one is for one of the scenarios, of the customer that adopted it.
func incidentsFor(scenarios, customers, adopts int) []incident.Incident {
	var list []incident.Incident
	for n := range 1000 {
		i := n * 7919 % (customers * adopts)
		in := incident.Incident{ID: "Q1", Service: incident.Ref{ID: fmt.Sprintf("PC%05d", i/adopts), Name: fmt.Sprintf("web-%d", i%scenarios%100)},
			Alerts: []incident.Alert{{Severity: "critical", Monitor: monitorOf(i % scenarios), Source: "web-1", Summary: fmt.Sprintf("[Tokyo] Check %d is DOWN since 03:00", i%scenarios)}}}
		if n%2 == 1 {
			in.Alerts[0].Summary = "ディスク使用率が90%を超えました: /var/lib on web-1.acme.example"
		}
		list = append(list, in)
	}
	return list
}

func BenchmarkDecideAmong10000(b *testing.B) {
	for _, shape := range []struct {
		name              string
		customers, adopts int
	}{
		{"OneCustomerAdoptsAll", 1, 10_000},
		{"TenCustomersOf1000", 10, 1000},
		{"ThousandCustomersOf10", 1000, 10},
	} {
		b.Run(shape.name, func(b *testing.B) {
			c, problems := catalog.Load(estate(10_000, shape.customers, shape.adopts), "", builtin.List(builtin.Settings{}))
			if err := problems.Err(); err != nil {
				b.Fatal(err)
			}
			incidents := incidentsFor(10_000, shape.customers, shape.adopts)
			for n, in := range incidents {
				if d := c.Decide(in); (d.Scenario != nil) != (n%2 == 0) {
					b.Fatalf("%+v: %s", in, d.Match.Why)
				}
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				c.Decide(incidents[n%len(incidents)])
				n++
			}
		})
	}
}

func BenchmarkLoad10000(b *testing.B) {
	fsys, actions := estate(10_000, 1000, 30), builtin.List(builtin.Settings{})
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := catalog.Load(fsys, "", actions); problems.Err() != nil {
			b.Fatal(problems)
		}
	}
}
