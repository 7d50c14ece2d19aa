package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/workflows/workflowstest"
)

const customerFile = `name: Acme
department: cloud-1
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PWEB001]}
scenarios: {web: {with: {url: %q, flag: %q}}}
allow: ["http.*", "local.*"]
tiers:
  - {name: first, slack: "#incidents", pagerduty: {escalation_policy: PMGR001}}
`

// The web service is healthy when the flag file is there; the repair makes it.
const scenarioFile = `title: Web is down
runbook: web.md
autonomy: automatic
match: {when: 'alert.severity == "critical"'}
inputs:
  url:  {type: url, required: true}
  flag: {type: string, required: true}
target: "${{ inputs.flag }}"
limits: {timeout: 2m}
check:
  - id: probe
    uses: http.request
    with: {url: "${{ inputs.url }}", timeout: 2s}
    timeout: 3s
    healthy: output.status < 500
gather:
  - id: journal
    uses: local.read
    timeout: 5s
    with: {command: [/bin/echo, "${{ alert.summary }}"]}
  - uses: local.read
    timeout: 5s
    with: {command: [/bin/echo, "second"]}
recover:
  - name: restart
    steps:
      - uses: local.run
        timeout: 20s
        with: {command: [%s, "${{ inputs.flag }}"]}
verify: {within: 2s, every: 200ms}
close: {note: "made ${{ inputs.flag }}"}
`

// lab is a web service that is healthy while a file exists.
type lab struct {
	flag   string
	url    string
	probes atomic.Int64
}

func newLab(t *testing.T) *lab {
	l := &lab{flag: filepath.Join(t.TempDir(), "up")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		l.probes.Add(1)
		if _, err := os.Stat(l.flag); err != nil {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *lab) catalog(repair string) map[string]string {
	return map[string]string{
		"customers/acme.yaml": fmt.Sprintf(customerFile, l.url, l.flag),
		"scenarios/web.yaml":  fmt.Sprintf(scenarioFile, repair),
		"runbooks/web.md":     "# Web\nLook at it.\n",
	}
}

func (l *lab) options(repair string) apptest.Options {
	return apptest.Options{Catalog: l.catalog(repair), Programs: []string{"/bin/echo", repair}}
}

func trigger(t *testing.T, h *apptest.Harness, severity string) string {
	t.Helper()
	id, err := h.Sandbox.PagerDuty.Trigger(sandbox.Alert{Service: "PWEB001", Summary: "health check", Severity: severity})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestABrokenServiceIsRepaired(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	id := trigger(t, h, "critical")
	rec := h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	if rec.Outcome != incident.Recovered || rec.FirstResponse() <= 0 {
		t.Fatalf("ended as %s (%s) after %s: %s", rec.Outcome, rec.Reason, rec.FirstResponse(), rec.Why)
	}
	inc, _ := h.Sandbox.PagerDuty.Incident(id)
	if inc.Status != "resolved" || len(inc.Notes) != 2 || !strings.Contains(inc.Notes[1].Content, "made "+l.flag) {
		t.Errorf("in PagerDuty it is %s with notes %+v", inc.Status, inc.Notes)
	}
	if n := len(h.Sandbox.Slack.Messages("#incidents")); n != 0 {
		t.Errorf("%d messages in Slack; a repair in the night wakes nobody", n)
	}
	for _, s := range rec.Steps {
		t.Logf("%s %d/%d %s %s %s healthy=%v", s.Phase, s.Attempt, s.Round, s.Name, s.Status, s.Duration().Round(time.Millisecond), s.Healthy)
	}
}

// The figures of the README: a scenario with one check, two gathers, one recover step and a verify.
func TestWhatAnIncidentCosts(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	id := trigger(t, h, "critical")
	h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	events, actions := 0, 0
	for name, history := range h.Completed(id) {
		kinds := map[string]int{}
		for _, e := range history.Events {
			kinds[e.EventType.String()]++
		}
		t.Logf("%s: %d events %v", name, len(history.Events), kinds)
		events += len(history.Events)
		actions += workflowstest.Actions(history)
	}
	t.Logf("in all %d events, %d Temporal actions", events, actions)
	if events > 30 || actions > 12 {
		t.Errorf("an incident costs %d events and %d actions, at most 30 and 12 are allowed", events, actions)
	}
}
