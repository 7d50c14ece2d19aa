package catalog_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

func TestProblems(t *testing.T) {
	actions := builtin.List(builtin.Settings{})
	yamldoctest.Golden(t, "testdata/*.txtar", func(file string, data []byte) yamldoc.Problems {
		c, problems := catalog.Load(unpack(data), "", actions)
		if (c == nil) != (problems.Err() != nil) {
			t.Errorf("%s: catalog %v with error %v", file, c, problems.Err())
		}
		return problems
	})
}

// unpack makes a file system of a txtar archive.
func unpack(data []byte) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, f := range txtar.Parse(data).Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return fsys
}

func load(t *testing.T, fsys fs.FS) *catalog.Catalog {
	t.Helper()
	c, problems := catalog.Load(fsys, "", builtin.List(builtin.Settings{}))
	if problems.Err() != nil {
		t.Fatal(problems)
	}
	return c
}

func archive(t *testing.T, name string) fstest.MapFS {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return unpack(data)
}

func TestContent(t *testing.T) {
	fsys := archive(t, "good-own-scenario.txtar")
	c := load(t, fsys)
	var scenarios, customers []string
	for _, s := range c.Scenarios() {
		scenarios = append(scenarios, string(s.Name))
	}
	for _, one := range c.Customers() {
		customers = append(customers, string(one.ID))
	}
	if diff := cmp.Diff([][]string{{"acme/web", "web"}, {"acme", "globex"}}, [][]string{scenarios, customers}); diff != "" {
		t.Error(diff)
	}
	if _, ok := c.Scenario("acme/web"); !ok {
		t.Error("no scenario acme/web")
	}
	if one, ok := c.CustomerOf("PX12"); !ok || one.ID != "globex" {
		t.Errorf("customer of PX12: %v", one)
	}
	if _, ok := c.CustomerOf("PX9"); ok {
		t.Error("somebody has a service that nobody lists")
	}
	if _, ok := c.Customer("acme"); !ok {
		t.Error("no customer acme")
	}
	text, ok := c.Runbook("web.md")
	if !ok || string(text) != "# Web\n" {
		t.Errorf("runbook: %q %v", text, ok)
	}
	clear(text)
	if again, _ := c.Runbook("web.md"); string(again) != "# Web\n" {
		t.Error("a caller can change a runbook")
	}
}

// TestVersion: the same content has the same version, any change of it another one.
func TestVersion(t *testing.T) {
	version := func(change func(fstest.MapFS)) string {
		fsys := archive(t, "good-small.txtar")
		change(fsys)
		return load(t, fsys).Version()
	}
	base := version(func(fstest.MapFS) {})
	if again := version(func(f fstest.MapFS) { f["README.md"].Data = []byte("other") }); again != base {
		t.Errorf("version %q changed to %q with a file that is not part of the catalog", base, again)
	}
	for name, change := range map[string]func(fstest.MapFS){
		"runbook":  func(f fstest.MapFS) { f["runbooks/web.md"].Data = []byte("# Web!\n") },
		"scenario": func(f fstest.MapFS) { f["scenarios/web.yaml"].Data = append(f["scenarios/web.yaml"].Data, '\n') },
		"calendar": func(f fstest.MapFS) { f["customers/b.ics"] = &fstest.MapFile{Data: []byte(emptyCalendar)} },
		"renamed":  func(f fstest.MapFS) { f["runbooks/b.md"] = &fstest.MapFile{Data: []byte("x")} },
	} {
		if version(change) == base {
			t.Errorf("%s: the version did not change", name)
		}
	}
	c, _ := catalog.Load(archive(t, "good-small.txtar"), "abc123", builtin.List(builtin.Settings{}))
	if c.Version() != "abc123" {
		t.Errorf("version %q", c.Version())
	}
}

const emptyCalendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//calendar//EN\r\nEND:VCALENDAR\r\n"

// TestFolder reads a real folder with what a map of files cannot have: links, pipes, files that cannot be read.
func TestFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte("title: x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, f := range archive(t, "good-small.txtar") {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("web.md", "runbooks/inside.md")
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := load(t, root.FS())
	if text, _ := c.Runbook("inside.md"); string(text) != "# Web\n" {
		t.Errorf("a link inside the catalog reads %q", text)
	}

	link(outside, "scenarios/outside.yaml")
	link("nowhere.yaml", "scenarios/dangling.yaml")
	link(outside, "customers/outside.ics")
	if err := os.WriteFile(filepath.Join(dir, "customers/huge.yaml"), bytes.Repeat([]byte("#"), yamldoc.MaxSize+1), 0o644); err != nil {
		t.Fatal(err)
	}
	_, problems := catalog.Load(root.FS(), "", builtin.List(builtin.Settings{}))
	for _, want := range []string{"scenarios/outside.yaml: read: ", "path escapes", "scenarios/dangling.yaml: read: ", "customers/outside.ics: read: ", "customers/huge.yaml: the file is larger than 1024 KiB"} {
		if !strings.Contains(problems.Error(), want) {
			t.Errorf("no problem with %q in:\n%v", want, problems)
		}
	}
}

// large makes a catalog with many scenarios that one customer adopted; only the last one matches.
func large(n int) fstest.MapFS {
	fsys := fstest.MapFS{}
	adopted := ""
	for i := range n {
		name := fmt.Sprintf("s%05d", i)
		adopted += fmt.Sprintf("  %s: {}\n", name)
		fsys["scenarios/"+name+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `title: %s
match: {service: [acme-*], when: alert.severity == "critical" and alert.summary contains "number %d."}
target: t
check:
  - {uses: tcp.connect, with: {host: a.example, port: 80}, healthy: output.connected}
`, name, i)}
	}
	fsys["customers/acme.yaml"] = &fstest.MapFile{Data: []byte("name: A\ntime_zone: UTC\nlanguage: en\npagerduty: {services: [PX10]}\nallow: [tcp.connect]\ntiers: [{name: a, slack: \"#a\"}]\nscenarios:\n" + adopted)}
	return fsys
}

func BenchmarkLoad(b *testing.B) {
	fsys, actions := large(1000), builtin.List(builtin.Settings{})
	for b.Loop() {
		if _, problems := catalog.Load(fsys, "", actions); problems.Err() != nil {
			b.Fatal(problems)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	c, problems := catalog.Load(large(1000), "", builtin.List(builtin.Settings{}))
	if problems.Err() != nil {
		b.Fatal(problems)
	}
	inc := incident.Incident{Service: incident.Ref{ID: "PX10", Name: "acme-web"},
		Alerts: []incident.Alert{{Severity: "critical", Summary: "this is number 999."}}}
	for b.Loop() {
		if d := c.Decide(inc); d.Scenario == nil {
			b.Fatal(d.Match.Why)
		}
	}
}

// FuzzLoad: no file makes loading or deciding panic, and there is a catalog exactly when there is no error.
func FuzzLoad(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.txtar")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		fsys := unpack(data)
		for file := range fsys {
			customer := fsys["customers/acme.yaml"]
			if strings.HasPrefix(file, "scenarios/") && customer != nil {
				f.Add(path.Base(file), fsys[file].Data, customer.Data)
			}
		}
	}
	actions := builtin.List(builtin.Settings{})
	f.Fuzz(func(t *testing.T, name string, scenario, customer []byte) {
		if !fs.ValidPath("scenarios/" + name) {
			t.Skip()
		}
		c, problems := catalog.Load(fstest.MapFS{
			"scenarios/" + name:   {Data: scenario},
			"customers/acme.yaml": {Data: customer},
			"runbooks/web.md":     {Data: []byte("# Web")},
		}, "", actions)
		if (c == nil) != (problems.Err() != nil) {
			t.Fatalf("catalog %v, problems %v", c, problems)
		}
		if c == nil {
			return
		}
		for _, one := range c.Customers() {
			d := c.Decide(incident.Incident{Title: "x", Service: incident.Ref{ID: string(one.Services[0].ID)}})
			if d.Customer != one || d.Match.Why == "" {
				t.Errorf("decision %+v", d)
			}
		}
	})
}
