package source_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"shodo/internal/action/builtin"
	"shodo/internal/source"
)

func TestTheShippedLibraryLiesBelowATeamsCatalog(t *testing.T) {
	customer := &fstest.MapFile{Data: []byte(`name: Acme
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PWEB]}
scenarios: {tcp-port-closed: {with: {host: www.acme.example, port: 443, unit: nginx, units: [nginx]}}}
credentials: {ssh: {user: ops, agent: true, known_hosts: {file: /etc/ssh/ssh_known_hosts}}}
allow: ["*"]
tiers: [{name: first, slack: "#a"}]
`)}
	actions := builtin.List(builtin.Settings{})
	shipped, problems := source.Load(fstest.MapFS{"customers/acme.yaml": customer}, actions)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	s, ok := shipped.Scenario("tcp-port-closed")
	if !ok {
		t.Fatal("the shipped scenario is not there")
	}
	if text, ok := shipped.Runbook(s.Runbook); !ok || len(text) == 0 {
		t.Error("its runbook is not there")
	}

	own := `title: Ours
match: {service: [PWEB]}
autonomy: observe
inputs:
  host: {type: string}
  port: {type: int}
  unit: {type: string}
  units: {type: strings}
check: [{uses: tcp.connect, with: {host: "${{ inputs.host }}", port: "${{ inputs.port }}"}, healthy: output.connected}]
`
	replaced, problems := source.Load(fstest.MapFS{
		"customers/acme.yaml":            customer,
		"scenarios/tcp-port-closed.yaml": {Data: []byte(own)},
	}, actions)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if s, _ := replaced.Scenario("tcp-port-closed"); s.Title != "Ours" {
		t.Errorf("the team's own scenario does not replace the shipped one: %q", s.Title)
	}
	if replaced.Version() == shipped.Version() {
		t.Error("both catalogs have one version")
	}
}

func TestAFolderThatIsNoCatalog(t *testing.T) {
	_, problems := source.Load(fstest.MapFS{"readme.txt": {}}, builtin.List(builtin.Settings{}))
	if err := problems.Err(); err == nil || !strings.Contains(err.Error(), "not a catalog") {
		t.Fatalf("a folder without a catalog: %v", err)
	}
}
