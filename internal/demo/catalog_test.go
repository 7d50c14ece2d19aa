package demo

import (
	"os"
	"testing"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

func loadCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	dir := t.TempDir()
	err := writeCatalog(dir, places{Shodo: "/opt/with space/shodo", Lab: `/srv/a "lab"`, Addr: map[string]string{
		"shop": "127.0.0.1:1001", "orders": "127.0.0.1:1002", "books": "127.0.0.1:1003", "search": "127.0.0.1:1004",
		"newsletter": "127.0.0.1:1005", "payments": "127.0.0.1:1006"}, Quiet: start.Add(14 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	c, problems := catalog.Load(os.DirFS(dir), "", builtin.List(builtin.Settings{}))
	if len(problems) > 0 {
		t.Fatalf("the catalog is not clean: %v", problems)
	}
	return c
}

func TestCatalogNamesWhatTheAccountHas(t *testing.T) {
	c := loadCatalog(t)
	policies, names := map[string]bool{}, map[string]bool{}
	for _, p := range account().Policies {
		policies[p.ID] = true
	}
	for _, ch := range channels() {
		names["#"+ch.Name] = true
	}
	for _, s := range account().Services {
		if _, ok := c.CustomerOf(incident.ServiceID(s.ID)); !ok {
			t.Errorf("no customer has the service %s", s.Name)
		}
	}
	for _, cust := range c.Customers() {
		for _, tier := range cust.Tiers {
			if !policies[tier.EscalationPolicy] || !names[tier.Slack] {
				t.Errorf("customer %s, tier %s: %s or %s does not exist", cust.ID, tier.Name, tier.EscalationPolicy, tier.Slack)
			}
		}
	}
}

func TestStoriesGetTheirScenarios(t *testing.T) {
	c := loadCatalog(t)
	want := []incident.ScenarioName{"web-service-down", "log-folder-full", "answers-slowly", "web-service-down", "", "orders-down", "preview-down", "payments-down"}
	for i, s := range stories() {
		var service incident.Ref
		for _, known := range account().Services {
			if known.ID == s.alert.Service {
				service = incident.Ref{ID: known.ID, Name: known.Name}
			}
		}
		d := c.Decide(incident.Incident{ID: "Q1", Service: service, Title: s.alert.Summary, Alerts: []incident.Alert{{
			Summary: s.alert.Summary, Severity: s.alert.Severity, Class: s.alert.Class, Source: s.alert.Source}}})
		if d.Match.Scenario != want[i] || d.Problem != "" {
			t.Errorf("story %d: scenario %q (%s %s), want %q", i+1, d.Match.Scenario, d.Match.Why, d.Problem, want[i])
		}
		if d.Customer == nil || d.Customer.Name != s.customer {
			t.Errorf("story %d: the customer is not %q", i+1, s.customer)
		}
	}
}
