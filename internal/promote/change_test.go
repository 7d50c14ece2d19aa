package promote_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/promote"
)

func estate(t *testing.T) *catalog.Catalog {
	t.Helper()
	scenario := func(autonomy string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("title: T\n" + autonomy + `match: {when: alert.summary contains "web"}
target: web
check: [{uses: tcp.connect, with: {host: a.example, port: 80}, healthy: output.connected}]
recover: [{name: again, steps: [{uses: http.send, with: {url: "https://runner.example/again"}}]}]
`)}
	}
	customer := func(service, scenarios string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("name: C\ntime_zone: Asia/Tokyo\nlanguage: ja\npagerduty: {services: [" + service + "]}\nallow: [\"*\"]\ntiers: [{name: a, slack: \"#a\"}]\nscenarios:\n" + scenarios)}
	}
	files := fstest.MapFS{
		"scenarios/web.yaml":      scenario("autonomy: suggest\n"),
		"scenarios/silent.yaml":   scenario(""), // automatic
		"customers/acme.yaml":     customer("PACME", "  web: {}\n  silent:\n    autonomy: observe\n"),
		"customers/aoba.yaml":     customer("PAOBA", "  web: {}\n  silent: {autonomy: approve}\n"),
		"customers/umi.yaml":      customer("PUMI", "  web: {autonomy: observe}\n"),
		"customers/same.yaml":     customer("PSAME", "  web: {autonomy: suggest}\n"),
		"customers/umi/mine.yaml": scenario("autonomy: observe\n"),
	}
	c, problems := catalog.LoadWithLibrary(files, fstest.MapFS{"scenarios/shipped.yaml": scenario("autonomy: observe\n")}, "", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestChangeTo: the line is where the level is written, and it is said whom else it raises.
func TestChangeTo(t *testing.T) {
	for _, tt := range []struct {
		name     string
		scenario incident.ScenarioName
		customer incident.CustomerID
		next     incident.Autonomy
		want     promote.Change
	}{
		{"the scenario", "web", "", incident.Approve, promote.Change{File: "scenarios/web.yaml", Line: 2, Was: "autonomy: suggest", Is: "autonomy: approve",
			Rises: []string{"acme", "aoba"}, Stays: []string{"same (suggest)", "umi (observe)"}}},
		{"a customer that lowers it", "silent", "acme", incident.Suggest, promote.Change{File: "customers/acme.yaml", Line: 10, Was: "autonomy: observe", Is: "autonomy: suggest",
			Rises: []string{"acme"}}},
		{"a customer that comes up to the scenario", "silent", "aoba", incident.Automatic, promote.Change{File: "customers/aoba.yaml", Line: 9, Was: "autonomy: approve", Is: "autonomy: automatic",
			Rises: []string{"aoba"}, Notes: []string{"it is what the scenario says itself, so the key may be removed instead"}}},
		{"a customer that does not lower it", "web", "acme", incident.Approve, promote.Change{File: "scenarios/web.yaml", Line: 2, Was: "autonomy: suggest", Is: "autonomy: approve",
			Rises: []string{"acme", "aoba"}, Stays: []string{"same (suggest)", "umi (observe)"},
			Notes: []string{"a customer cannot be raised above the scenario: to raise acme alone, put autonomy: suggest into the files of the others"}}},
		{"a customer that says the same as the scenario", "web", "same", incident.Approve, promote.Change{File: "scenarios/web.yaml", Line: 2, Was: "autonomy: suggest", Is: "autonomy: approve",
			Rises: []string{"acme", "aoba", "same"}, Stays: []string{"umi (observe)"},
			Notes: []string{"write autonomy: approve in customers/same.yaml:8, too", "a customer cannot be raised above the scenario: to raise same alone, put autonomy: suggest into the files of the others"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, promote.ChangeTo(estate(t), tt.scenario, tt.customer, tt.next)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	c := estate(t)
	for _, tt := range []struct {
		scenario incident.ScenarioName
		customer incident.CustomerID
		want     incident.Autonomy
		problem  string
	}{
		{"web", "", incident.Suggest, ""},
		{"web", "umi", incident.Observe, ""},
		{"web", "acme", incident.Suggest, ""},
		{"silent", "", incident.Automatic, ""},
		{"silent", "aoba", incident.Approve, ""},
		{"wep", "", "", `the catalog has no scenario "wep"`},
		{"web", "nobody", "", `the catalog has no customer "nobody"`},
		{"silent", "umi", "", `customer "umi" has not adopted the scenario "silent"`},
	} {
		got, err := promote.Level(c, tt.scenario, tt.customer)
		if got != tt.want || (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
			t.Errorf("%s of %q: %q, %v; want %q, %q", tt.scenario, tt.customer, got, err, tt.want, tt.problem)
		}
	}
}
