package builtin_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action"
	"shodo/internal/action/builtin"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

var update = flag.Bool("update", false, "write the golden files")

// Names and effects are forever: scenarios, histories and customers' allow lists hold them.
func TestNamesAndEffects(t *testing.T) {
	set := builtin.List(builtin.Settings{})
	got := map[string]scenario.Effect{}
	for _, name := range set.Names() {
		spec, ok := set.Lookup(name)
		if !ok || spec.Name != name {
			t.Errorf("%q is listed and not found", name)
		}
		got[name] = spec.Effect
	}
	want := map[string]scenario.Effect{
		"http.request": scenario.Reads, "http.send": scenario.Changes, "tcp.connect": scenario.Reads,
		"ssh.read": scenario.Reads, "ssh.run": scenario.Changes, "local.read": scenario.Reads, "local.run": scenario.Changes,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReference(t *testing.T) {
	set := builtin.List(builtin.Settings{})
	golden(t, "reference.md", action.Reference(set))
	var list, one strings.Builder
	spec, _ := set.Lookup("http.request")
	if err := action.List(&list, set); err != nil {
		t.Fatal(err)
	}
	if err := action.Describe(&one, spec); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", list.String())
	golden(t, "http.request.txt", one.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (go test -update writes it):\n%s", path, diff)
	}
}

// The settings reach every family: the address rule can be opened, and nothing else is opened by that.
func TestSettings(t *testing.T) {
	closed := builtin.List(builtin.Settings{})
	open := builtin.List(builtin.Settings{AllowAddresses: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}, LocalPrograms: []string{"/bin/sh"}})
	for _, tc := range []struct{ name, params string }{
		{"http.request", `{"url":"http://0.0.0.0:1/"}`},
		{"http.send", `{"url":"http://0.0.0.0:1/"}`},
		{"tcp.connect", `{"host":"0.0.0.0","port":1}`},
		{"local.run", `{"command":["/bin/sh","-c","true"]}`},
		{"local.read", `{"command":["/bin/sh","-c","true"]}`},
	} {
		call := action.Call{Params: json.RawMessage(tc.params)}
		if _, err := closed.Run(t.Context(), tc.name, call); action.KindOf(err) != incident.Refused {
			t.Errorf("%s: closed: %v", tc.name, err)
		}
		if _, err := open.Run(t.Context(), tc.name, call); action.KindOf(err) == incident.Refused {
			t.Errorf("%s: open: %v", tc.name, err)
		}
	}
}
