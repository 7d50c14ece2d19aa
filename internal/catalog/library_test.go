package catalog_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// TestShippedLibrary: scenarios/ and runbooks/ of this repository load without any problem, and so does the example of
// a customer that adopts all of them.
func TestShippedLibrary(t *testing.T) {
	c, problems := catalog.Load(os.DirFS("../.."), "", builtin.List(builtin.Settings{}))
	if problems != nil {
		t.Fatal(problems)
	}
	for _, s := range c.Scenarios() {
		if _, ok := c.Runbook(s.Runbook); !ok {
			t.Errorf("scenario %q has no runbook", s.Name)
		}
		if len(s.Recover) > 0 && (s.Limits.Recoveries == nil || s.Limits.Targets == nil) {
			t.Errorf("scenario %q repairs without limits", s.Name)
		}
	}
	acme, _ := library(t).Customer("acme")
	if len(acme.Adopted) != len(c.Scenarios()) {
		t.Errorf("the example adopts %d of %d scenarios", len(acme.Adopted), len(c.Scenarios()))
	}
}

// library is the shipped library with the example's customer.
func library(t *testing.T) *catalog.Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, pattern := range []string{"scenarios/*.yaml", "runbooks/*.md"} {
		add(t, fsys, os.DirFS("../.."), pattern)
	}
	add(t, fsys, os.DirFS("../../deploy/example"), "customers/*.yaml")
	c, problems := catalog.Load(fsys, "", builtin.List(builtin.Settings{}))
	if problems != nil {
		t.Fatal(problems)
	}
	return c
}

func add(t *testing.T, to fstest.MapFS, from fs.FS, pattern string) {
	t.Helper()
	names, err := fs.Glob(from, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no files match %q: %v", pattern, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(from, name)
		if err != nil {
			t.Fatal(err)
		}
		to[name] = &fstest.MapFile{Data: data}
	}
}

func TestLibraryMatches(t *testing.T) {
	c := library(t)
	tests := []struct {
		summary, severity string
		details           map[string]any
		want, target      string
	}{
		{"Health check failed: https://www.acme.example/healthz timed out", "critical", nil, "http-down", "web-1.acme.example"},
		{"HTTP 503 from www.acme.example: service is failing", "error", nil, "http-down", "web-1.acme.example"},
		{"[Zabbix] Web site www.acme.example is down", "critical", nil, "http-down", "web-1.acme.example"},
		{"Webサイト https://www.acme.example/ 応答なし", "", nil, "http-down", "web-1.acme.example"},
		{"HTTP health check recovered slowly", "warning", nil, "", ""},
		{"Service nginx.service is not running", "error", map[string]any{"host": "web-1", "unit": "nginx"}, "service-down", "web-1"},
		{"サービス postfix 停止", "critical", map[string]any{"service": "postfix"}, "service-down", "db-1"},
		{"Disk usage on /var is 95%", "warning", map[string]any{"host": "db-2"}, "disk-full", "db-2"},
		{"ディスク使用率が90%を超えました", "", nil, "disk-full", "db-1"},
		{"Filesystem /dev/sda1 has only 3% available space left", "critical", nil, "disk-full", "db-1"},
		{"TCP port 5432 refused the connection", "critical", map[string]any{"port": 5432.0}, "tcp-port-closed", "db-1"},
		{"port 25 is not listening", "error", map[string]any{"port": "25", "host": "mail-1"}, "tcp-port-closed", "mail-1"},
		{"CPU load is high", "critical", nil, "", ""},
		{"Nightly backup failed", "error", nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.summary, func(t *testing.T) {
			d := c.Decide(incident.Incident{Service: incident.Ref{ID: "PX1234", Name: "acme"},
				Alerts: []incident.Alert{{Summary: tt.summary, Severity: tt.severity, Source: "db-1", Details: tt.details}}})
			if string(d.Match.Scenario) != tt.want || d.Target != tt.target || d.Problem != "" {
				t.Errorf("scenario %q, target %q, problem %q; want %q, %q\n%s", d.Match.Scenario, d.Target, d.Problem, tt.want, tt.target, d.Match.Why)
			}
		})
	}
}

// TestLibraryJudges: what the scenarios make of what they find.
func TestLibraryJudges(t *testing.T) {
	c := library(t)
	type output = map[string]any
	tests := map[string]struct {
		scenario, summary string
		details           map[string]any
		output            output
		healthy, unsure   bool
		recovers          bool
	}{
		"the URL of the alert answers":              {"http-down", "http down: www.acme.example", nil, output{"status": 200}, true, false, false},
		"the URL of the alert does not answer":      {"http-down", "http down: www.acme.example", nil, output{"status": 599}, false, false, true},
		"the alert may be about another URL":        {"http-down", "http down: shop.acme.example", nil, output{"status": 200}, false, false, false},
		"another URL, and this one is down as well": {"http-down", "http down: shop.acme.example", nil, output{"status": 502}, false, false, false},
		"a unit runs":                            {"service-down", "service down", map[string]any{"unit": "nginx"}, output{"exit_code": 0}, true, false, true},
		"a listed unit does not run":             {"service-down", "service down", map[string]any{"unit": "nginx"}, output{"exit_code": 3}, false, false, true},
		"a unit that is not listed does not run": {"service-down", "service down", map[string]any{"unit": "sshd"}, output{"exit_code": 3}, false, false, false},
		"room on every disk":                     {"disk-full", "disk full", nil, output{"stdout": "79\n"}, true, false, true},
		"a full disk":                            {"disk-full", "disk full", nil, output{"stdout": "80\n"}, false, false, true},
		"df said nothing":                        {"disk-full", "disk full", nil, output{"stdout": "", "exit_code": 0}, false, true, true},
		"an open port":                           {"tcp-port-closed", "tcp port closed", map[string]any{"port": 25}, output{"connected": true}, true, false, false},
		"a closed port":                          {"tcp-port-closed", "tcp port closed", map[string]any{"port": 25}, output{"connected": false}, false, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inc := incident.Incident{Service: incident.Ref{ID: "PX1234", Name: "acme"},
				Alerts: []incident.Alert{{Summary: tt.summary, Severity: "critical", Source: "web-1", Details: tt.details}}}
			d := c.Decide(inc)
			if string(d.Match.Scenario) != tt.scenario || d.Problem != "" {
				t.Fatalf("scenario %q, problem %q", d.Match.Scenario, d.Problem)
			}
			out, err := json.Marshal(tt.output)
			if err != nil {
				t.Fatal(err)
			}
			facts := scenario.Facts{Incident: inc, Customer: d.Customer.Facts(), Inputs: d.Inputs, Target: d.Target, Output: out}
			check := d.Scenario.Check[0]
			if _, err := check.Render(facts); err != nil {
				t.Error(err)
			}
			healthy, err := check.Judge(facts)
			if healthy != tt.healthy || (err != nil) != tt.unsure {
				t.Errorf("healthy %v, error %v; want %v, unsure %v", healthy, err, tt.healthy, tt.unsure)
			}
			facts.Output, facts.Attempt = nil, 1
			facts.Steps = []incident.Step{{ID: check.ID, Name: check.ID, Status: incident.Succeeded, Output: out}}
			recovers, err := d.Scenario.Recover[0].Wanted(facts)
			if err != nil || recovers != tt.recovers {
				t.Errorf("recovers %v, error %v; want %v", recovers, err, tt.recovers)
			}
		})
	}
}
