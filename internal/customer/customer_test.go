package customer_test

import (
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

func TestProblems(t *testing.T) {
	yamldoctest.Golden(t, "testdata/*.yaml", func(file string, data []byte) yamldoc.Problems {
		c, problems := customer.Parse("acme", file, data)
		if (c == nil) != (problems.Err() != nil) {
			t.Errorf("%s: customer %v with error %v", file, c, problems.Err())
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: a problem repeats a secret", file)
		}
		return problems
	})
}

func load(t *testing.T, file string) *customer.Customer {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	c, problems := customer.Parse("acme", file, data)
	if problems != nil {
		t.Fatal(problems)
	}
	return c
}

func TestParse(t *testing.T) {
	c := load(t, "good-acme.yaml")
	want := &customer.Customer{
		ID: "acme", Name: "株式会社アクメ", Department: "cloud-1", TimeZone: c.TimeZone, Language: "ja",
		Labels:   map[string]string{"contract": "gold"},
		Services: []customer.Service{{ID: "PX1234"}, {ID: "PX5678"}},
		Credentials: customer.Credentials{
			SSH:  &customer.SSH{User: "ops", Port: 2222, Key: secret.Ref{File: "/run/secrets/acme_ssh"}, KnownHosts: secret.Ref{File: "/run/secrets/acme_known_hosts"}},
			AWS:  &customer.AWS{RoleARN: "arn:aws:iam::123456789012:role/shodo", ExternalID: secret.Ref{Env: "ACME_EXTERNAL_ID"}, Region: "ap-northeast-1"},
			HTTP: map[string]customer.HTTP{"status_api": {Header: "Authorization", Value: secret.Ref{Env: "ACME_STATUS_API"}}},
		},
		Adopted: []customer.Adoption{
			{Scenario: "disk-full", With: map[string]any{}},
			{Scenario: "http-down", With: map[string]any{"url": "https://www.acme.example/healthz", "tries": 3}, Autonomy: incident.Observe},
		},
		Allow: []customer.Glob{{Pattern: "http.*"}, {Pattern: "ssh.read"}, {Pattern: "*"}},
		Tiers: []customer.Tier{
			{Name: "first_tier", Slack: "#msp-oncall", EscalationPolicy: "PABC123"},
			{Name: "second_tier", After: 10 * time.Minute, Slack: "C024BE91L"},
			{Name: "third_tier", After: 30 * time.Minute, EscalationPolicy: "PDEF456"},
		},
	}
	opts := cmp.Options{
		cmpopts.IgnoreFields(customer.Customer{}, "Policy"), // of a catalog
		cmpopts.IgnoreTypes(yamldoc.Place{}, map[string]yamldoc.Place{}),
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
	}
	if diff := cmp.Diff(want, c, opts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a, _ := c.Adoption("http-down")
	if p := a.WithPlaces["url"]; p.Line != 14 || p.Path != "scenarios.http-down.with.url" {
		t.Errorf("place of an input: %+v", p)
	}
	if p := a.AutonomyPlace; p.Line != 14 || p.Path != "scenarios.http-down.autonomy" {
		t.Errorf("place of autonomy: %+v", p)
	}
}

// Who may decide: by name, or whoever is on call.
func TestPeople(t *testing.T) {
	c := load(t, "good-people.yaml")
	want := []customer.People{
		{SlackUsers: []string{"U024BE7LH", "W012A3CDE"}, SlackGroups: []string{"S0615G0KT"}},
		{SlackGroups: []string{"S0615G0KU"}},
	}
	if diff := cmp.Diff(want, []customer.People{c.Tiers[0].People, c.Tiers[1].People}); diff != "" || !c.TwoPeople {
		t.Errorf("two people: %v, (-want +got):\n%s", c.TwoPeople, diff)
	}
	var levels []incident.Autonomy
	for _, a := range c.Adopted {
		levels = append(levels, a.Autonomy)
	}
	if diff := cmp.Diff([]incident.Autonomy{incident.Observe, incident.Suggest, incident.Approve, incident.Automatic}, levels); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		tier customer.Tier
		want bool
	}{
		{c.Tiers[0], true},
		{customer.Tier{EscalationPolicy: "PABC123"}, true},
		{customer.Tier{Slack: "#ops"}, false},
	} {
		if got := tt.tier.Answerable(); got != tt.want {
			t.Errorf("%+v: answerable %v, want %v", tt.tier, got, tt.want)
		}
	}
}

func TestFacts(t *testing.T) {
	c := load(t, "good-acme.yaml")
	facts := c.Facts()
	want := incident.Customer{ID: "acme", Name: "株式会社アクメ", Department: "cloud-1", TimeZone: "Asia/Tokyo", Language: "ja", Labels: map[string]string{"contract": "gold"}}
	if diff := cmp.Diff(want, facts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	facts.Labels["contract"] = "changed"
	if c.Labels["contract"] != "gold" {
		t.Error("facts share the customer's labels")
	}
}

func TestAdoption(t *testing.T) {
	c := load(t, "good-acme.yaml")
	if a, ok := c.Adoption("disk-full"); !ok || a.Scenario != "disk-full" {
		t.Errorf("disk-full: %v %v", a, ok)
	}
	if _, ok := c.Adoption("disk"); ok {
		t.Error("a scenario that was not adopted is")
	}
}

func TestTier(t *testing.T) {
	acme, small := load(t, "good-acme.yaml"), load(t, "good-smallest.yaml")
	tests := []struct {
		c    *customer.Customer
		name string
		want string
	}{
		{acme, "second_tier", "second_tier"},
		{acme, "", "first_tier"},
		{acme, "first_tier", "first_tier"},
		{small, "first_tier", "ops"},
		{small, "", "ops"},
		{small, "ops", "ops"},
		{small, "second_tier", ""},
	}
	for _, tt := range tests {
		got, ok := tt.c.Tier(tt.name)
		if got.Name != tt.want || ok != (tt.want != "") {
			t.Errorf("Tier(%q) of %s = %q, %v; want %q", tt.name, tt.c.Name, got.Name, ok, tt.want)
		}
	}
	if diff := cmp.Diff([]string{"first_tier", "second_tier", "third_tier"}, acme.TierNames()); diff != "" {
		t.Error(diff)
	}
}

func TestAllows(t *testing.T) {
	tests := []struct {
		pattern, action string
		want            bool
	}{
		{"http.request", "http.request", true},
		{"http.request", "http.requests", false},
		{"http.request", "xhttp.request", false},
		{"http.*", "http.request", true},
		{"http.*", "https.request", false},
		{"aws.*", "aws.ssm.run_command", true},
		{"*", "anything.at_all", true},
		{"*.run", "ssh.run", true},
		{"*.run", "ssh.run.x", false},
		{"*.run", "run", false},
		{"a*b*c", "aXbYc", true},
		{"a*b*c", "aXcYb", false},
		{"a**c", "abc", true},
		{"a*c", "ac", true},
		{"*a*", "bab", true},
		{"*ab*ab", "xabab", true},
		{"ab*ba", "aba", false},
	}
	for _, tt := range tests {
		c := customer.Customer{Allow: []customer.Glob{{Pattern: tt.pattern}}}
		if got := c.Allows(tt.action); got != tt.want {
			t.Errorf("allow %q permits %q: %v, want %v", tt.pattern, tt.action, got, tt.want)
		}
	}
	if (&customer.Customer{}).Allows("http.request") {
		t.Error("a customer that allows nothing permits something")
	}
}

func FuzzParse(f *testing.F) {
	for _, file := range []string{"good-acme.yaml", "good-windows.yaml", "good-people.yaml", "wrong-people.yaml", "wrong-tiers.yaml", "wrong-days.yaml", "wrong-cron.yaml", "wrong-contacts.yaml", "wrong-adoptions.yaml", "secrets-written-out.yaml"} {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, problems := customer.Parse("x", "x.yaml", data)
		if (c == nil) != (problems.Err() != nil) {
			t.Fatalf("customer %v, problems %v", c, problems)
		}
		if c != nil {
			c.Facts()
			c.Allows("http.request")
			if _, ok := c.Tier(""); !ok {
				t.Error("no first tier")
			}
		}
	})
}
