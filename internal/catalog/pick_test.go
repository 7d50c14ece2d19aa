package catalog_test

import (
	"testing"

	"shodo/internal/incident"
)

// TestPick: whatever Decide decides Pick decides, too.
func TestPick(t *testing.T) {
	for _, file := range []string{"good-decide.txtar", "good-small.txtar", "good-own-scenario.txtar"} {
		c := load(t, archive(t, file))
		for _, owner := range c.Customers() {
			for _, service := range append(owner.Services[:1:1], owner.Services...) {
				for _, severity := range []string{"critical", "warning", ""} {
					for _, summary := range []string{"web is down", "disk is full", "nothing"} {
						inc := incident.Incident{ID: "Q1", Title: summary, Service: incident.Ref{ID: string(service.ID)},
							Alerts: []incident.Alert{{Summary: summary, Severity: severity, Source: "web-1", Details: map[string]any{"host": "web-1"}}}}
						d, p := c.Decide(inc), c.Pick(inc)
						if p.Customer != d.Customer || p.Scenario != d.Scenario || p.Autonomy != d.Match.Autonomy || p.Problem != d.Problem || p.Filled != (len(d.Match.Inputs) > 0) {
							t.Errorf("%s: %+v, want %+v", file, p, d)
						}
					}
				}
			}
		}
		if p := c.Pick(incident.Incident{Service: incident.Ref{ID: "PNOBODY"}}); p.Customer != nil || p.Scenario != nil {
			t.Errorf("%s: %+v", file, p)
		}
	}
}
