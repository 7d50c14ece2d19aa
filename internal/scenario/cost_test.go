package scenario_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Expressions that would take minutes or gigabytes end soon, with ErrCost.
func TestHostileExpressionsEnd(t *testing.T) {
	for name, when := range map[string]string{
		"nested loops":       `all(1..1000, all(1..1000, all(1..1000, all(1..1000, true))))`,
		"nested loops, text": `all(split(alert.summary, ""), all(split(alert.summary, ""), len(#) >= 0))`,
		"doubling text":      `let a = alert.summary + alert.summary; let b = a + a; let c = b + b; let d = c + c; let e = d + d; let f = e + e; let g = f + f; (g + g) contains "y"`,
		"doubling lists":     `let a = map(1..1000, alert.summary); let b = map(1..1000, a); let c = map(1..1000, b); toJSON(c) == ""`,
		"sharing lists":      `let a = [alert, alert, alert, alert, alert, alert, alert, alert]; let b = [a,a,a,a,a,a,a,a]; let c = [b,b,b,b,b,b,b,b]; let d = [c,c,c,c,c,c,c,c]; let e = [d,d,d,d,d,d,d,d]; let f = [e,e,e,e,e,e,e,e]; [f,f,f,f,f,f,f,f] == [f,f,f,f,f,f,f,f]`,
		"replacing nothing":  `replace(replace(replace(alert.summary, "", "` + strings.Repeat("x", 100) + `"), "", "` + strings.Repeat("x", 100) + `"), "", "` + strings.Repeat("x", 100) + `") == ""`,
		"joining":            `join(map(split(alert.summary, ""), alert.summary), "` + strings.Repeat("-", 100) + `") == ""`,
		"patterns":           `not (alert.summary matches "(x+x+)+y") and any(1..1000, alert.summary matches "(x*)*(x*)*(x*)*y")`,
		"sum of a loop":      `sum(map(1..1000, len(filter(1..1000, # > 0)))) > 0`,
		"reading JSON":       `any(1..1000, fromJSON("[" + alert.details.list + "0]") == nil)`,
	} {
		t.Run(name, func(t *testing.T) {
			f := facts()
			f.Incident.Alerts[0].Summary = strings.Repeat("x", 1<<20)
			f.Incident.Alerts[0].Details["list"] = strings.Repeat("0,", 100_000)
			s := matching(t, "  when: '"+when+"'")
			start := time.Now()
			matched, _, err := s.Matches(f)
			took := time.Since(start)
			t.Logf("%s: %v", took.Round(time.Millisecond), err)
			if matched || !errors.Is(err, scenario.ErrCost) {
				t.Errorf("got %v, %v; want %v", matched, err, scenario.ErrCost)
			}
			if took > 30*time.Second { // at most 0.3 s on an idle machine, without the race detector
				t.Errorf("it took %s", took)
			}
		})
	}
}

// What people write is far below the limit, also when the alert is large.
func TestLargeAlertsAreRead(t *testing.T) {
	f := facts()
	f.Incident.Alerts[0].Summary = strings.Repeat("x", 1<<20) + "needle"
	f.Incident.Alerts[0].Details["log"] = strings.Repeat("GET /healthz 200\n", 30_000)
	for range incident.MaxAlerts - 1 {
		f.Incident.Alerts = append(f.Incident.Alerts, incident.Alert{Summary: strings.Repeat("y", 1000), Severity: "error"})
	}
	s := matching(t, `
  when: >-
    alert.summary contains "needle" and alert.summary endsWith "needle" and upper(alert.summary) != ""
    and alert.details.log matches "GET /healthz [0-9]{3}" and len(alert.summary) > 100
    and count(incident.alerts, .severity == "error" and .summary contains "y") == 99
    and len(split(alert.details.log, "\n")) > 10`)
	matched, why, err := s.Matches(f)
	if !matched || err != nil {
		t.Fatalf("got %v, %v", why, err)
	}
	if len(why) > 4000 {
		t.Errorf("why has %d bytes", len(why))
	}
}
