// Package internal_test holds the tests of the house: who may import what, and the few habits that a compiler does not
// check. Each rule says why it is there.
package internal_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "shodo/"

var (
	rules = []string{"internal/scenario", "internal/quiethours", "internal/calendar", "internal/customer", "internal/catalog", "internal/guard",
		"internal/handover", "internal/analytics", "internal/suggest", "internal/report", "internal/backtest", "internal/promote"}
	edges = []string{"internal/pagerduty", "internal/slack", "internal/mail", "internal/ticket", "internal/call", "internal/action", "internal/source",
		"internal/store", "internal/web", "internal/temporalserver", "internal/sandbox"}
	// floors is the order of the packages: each one imports only what stands before it. A folder stands for all in it.
	floors = slices.Concat(
		[]string{"internal/incident", "internal/yamldoc", "internal/yamlschema", "internal/secret", "internal/partial"},
		rules,
		[]string{"scenarios", "runbooks", "workflows", "internal/inbox", "internal/reconcile", "internal/history", "internal/roster", "internal/scenariotest"},
		edges,
		[]string{"internal/config", "internal/export", "internal/delivery", "internal/terminal", "internal/app", "internal/demo", "cmd"},
	)
)

// ban says that packages may not import something. A path stands for everything below it, too.
type ban struct {
	packages []string // who may not; empty: nobody may
	except   []string // but these may
	imports  []string
	tests    bool // tests may not, either
	reason   string
}

var bans = []ban{
	{packages: rules, imports: []string{"net/http", "database/sql", "os", "go.temporal.io"},
		reason: "rules are pure: the same input gives the same decision, and a test needs nothing but values"},
	{packages: []string{"internal/incident"}, imports: []string{"shodo"}, tests: true,
		reason: "the words stand at the bottom: everybody uses them"},
	{imports: []string{"go.temporal.io/server"}, except: []string{"internal/temporalserver"}, tests: true,
		reason: "the server takes minutes to compile, and the build tag that leaves it out works on this package only"},
	{imports: []string{"go.temporal.io/sdk", "go.temporal.io/api"},
		except: []string{"workflows", "internal/scenariotest", "internal/app", "internal/temporalserver", "internal/bench"}, tests: true,
		reason: "Temporal is how the flow is run (and tried out, by scenariotest); what is decided and done does not know of it"},
	{imports: []string{"database/sql", "github.com/pressly/goose", "modernc.org/sqlite", "github.com/jackc/pgx"}, except: []string{"internal/store"}, tests: true,
		reason: "one package holds the SQL, so that a second database changes nothing else"},
	{imports: []string{"github.com/expr-lang/expr"}, except: []string{"internal/scenario"}, tests: true,
		reason: "what an expression may do and cost is decided in one place"},
	{imports: []string{"github.com/slack-go/slack"}, except: []string{"internal/slack"},
		reason: "the library's faults are worked around in one place"},
	{imports: []string{"github.com/PagerDuty/go-pagerduty"}, except: []string{"internal/pagerduty"},
		reason: "the library's faults are worked around in one place"},
	{imports: []string{"github.com/getkin/kin-openapi"}, except: []string{"internal/pagerduty/pagerdutytest"}, tests: true,
		reason: "PagerDuty's schema checks our tests; the product does not need it"},
	{imports: []string{"github.com/spf13"}, except: []string{"cmd"}, tests: true,
		reason: "flags and exit codes are the command's; the product starts without them in tests"},
	{packages: edges, imports: modulePaths("workflows", "internal/inbox", "internal/config", "internal/app"),
		reason: "an edge knows one outside thing and nothing of who uses it"},
}

// sameEdge are the only imports between edges.
var sameEdge = map[string][]string{
	"internal/web": {"internal/pagerduty", "internal/slack"}, // it receives what these two verify and decode
}

// violations says what is wrong with one file's imports.
func violations(file string, imports []string) []string {
	pkg, test := path.Dir(file), strings.HasSuffix(file, "_test.go")
	support := within(pkg, supportPackages...)
	var found []string
	wrong := func(imported, reason string) {
		found = append(found, fmt.Sprintf("%s imports %q: %s", file, imported, reason))
	}
	for _, imported := range imports {
		for _, b := range bans {
			banned := len(b.packages) == 0 || within(pkg, b.packages...)
			if banned && !within(pkg, b.except...) && within(imported, b.imports...) && (b.tests || !test && !support) {
				wrong(imported, b.reason)
			}
		}
		if test || support {
			continue // tests stand above everything
		}
		ours, isOurs := strings.CutPrefix(imported, module)
		if imported == "testing" || isOurs && within(ours, supportPackages...) {
			wrong(imported, "the product holds nothing that is for tests")
		}
		if !isOurs || floor(ours) == floor(pkg) {
			continue
		}
		if floor(ours) > floor(pkg) {
			wrong(imported, "imports go down the list of layers only (floors in this test), so that each layer can be read without those above")
		}
		from, to := edge(pkg), edge(ours)
		if from != "" && to != "" && !slices.Contains(sameEdge[from], to) {
			wrong(imported, "edges do not know each other: each is one outside thing, and app puts them together")
		}
	}
	return found
}

// supportPackages serve tests and measurements.
var supportPackages = []string{"internal/action/actiontest", "internal/app/apptest", "internal/bench",
	"internal/pagerduty/pagerdutytest", "internal/sandbox/sandboxtest", "internal/store/storetest", "internal/store/postgrestest",
	"internal/yamldoc/yamldoctest", "workflows/workflowstest"}

func TestImports(t *testing.T) {
	for _, f := range goFiles(t) {
		var imports []string
		for _, spec := range f.syntax.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imports = append(imports, p)
		}
		if !within(path.Dir(f.name), supportPackages...) && path.Dir(f.name) != "internal" && floor(path.Dir(f.name)) < 0 {
			t.Errorf("%s: its package has no place in the list of layers (floors in this test)", f.name)
		}
		for _, v := range violations(f.name, imports) {
			t.Error(v)
		}
	}
}

// Each ban is broken once here, so that none is in the table that forbids nothing.
func TestEachBanForbids(t *testing.T) {
	for _, b := range bans {
		pkg := "internal/handover"
		if len(b.packages) > 0 {
			pkg = b.packages[0]
		}
		for _, imported := range b.imports {
			for _, file := range []string{pkg + "/x.go", pkg + "/x_test.go"} {
				wanted := b.tests || strings.HasSuffix(file, "/x.go")
				got := slices.ContainsFunc(violations(file, []string{imported + "/sub"}), func(v string) bool { return strings.Contains(v, b.reason) })
				if got != wanted {
					t.Errorf("%s imports %q: found %t, want %t", file, imported, got, wanted)
				}
			}
		}
		for _, pkg := range b.except {
			for _, v := range violations(pkg+"/x_test.go", b.imports) {
				t.Errorf("excepted, and found: %s", v)
			}
		}
	}
}

func TestLayersForbid(t *testing.T) {
	for _, tc := range []struct {
		file, imported string
		allowed        bool
	}{
		{"internal/catalog/x.go", "shodo/internal/scenario", true},
		{"internal/scenario/x.go", "shodo/internal/catalog", false}, // up
		{"workflows/x.go", "shodo/internal/slack", false},
		{"internal/slack/x.go", "shodo/internal/pagerduty", false},
		{"internal/sandbox/x.go", "shodo/internal/pagerduty", false},
		{"internal/sandbox/x_test.go", "shodo/internal/pagerduty", true},
		{"internal/web/x.go", "shodo/internal/pagerduty", true},
		{"internal/web/x.go", "shodo/internal/store", false},
		{"internal/action/sshrun/x.go", "shodo/internal/action", true},
		{"internal/app/x.go", "shodo/internal/store", true},
		{"internal/app/x.go", "shodo/internal/app/apptest", false},
		{"internal/app/x.go", "testing", false},
		{"internal/demo/x.go", "shodo/cmd/shodo", false},
		{"internal/scenario/x.go", "osprey", true}, // a name that only begins like a banned one
	} {
		if got := violations(tc.file, []string{tc.imported}); (len(got) == 0) != tc.allowed {
			t.Errorf("%s imports %q: %q, allowed should be %t", tc.file, tc.imported, got, tc.allowed)
		}
	}
}

func TestHabits(t *testing.T) {
	const maxLines = 500
	for _, f := range goFiles(t) {
		if n := bytes.Count(f.text, []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines: over %d a file holds more than one thing", f.name, n, maxLines)
		}
		test := strings.HasSuffix(f.name, "_test.go")
		if test && bytes.Contains(f.text, []byte("time.Sleep(")) && !bytes.Contains(f.text, []byte("synctest.Test(")) {
			t.Errorf("%s sleeps: a test that waits for real time is slow on a good day and wrong on a bad one", f.name)
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has an init function: nothing happens that main did not ask for", f.name)
			}
		}
	}
}

// A path of somebody's own machine works on that machine only.
func TestNoPathOfOneMachine(t *testing.T) {
	own := regexp.MustCompile(`(?:^|[\s"'(=:])/(?:root|work|Users|home/[a-z]+)/[\w.-]+`)
	walk(t, func(name string, text []byte) {
		if where := own.Find(text); where != nil && name != "internal/architecture_test.go" {
			t.Errorf("%s names %q, a path of one machine", name, bytes.TrimSpace(where))
		}
	})
}

type goFile struct {
	name   string
	text   []byte
	syntax *ast.File
}

// goFiles gives all of the repository.
func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	walk(t, func(name string, text []byte) {
		if path.Ext(name) != ".go" {
			return
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, goFile{name: name, text: text, syntax: syntax})
	})
	if len(files) < 100 {
		t.Fatalf("only %d Go files are found", len(files))
	}
	return files
}

// walk gives every file of the repository, by its path from the top.
func walk(t *testing.T, each func(name string, text []byte)) {
	t.Helper()
	top := os.DirFS("..")
	err := fs.WalkDir(top, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "bin", "data", "shodo-data"}, name):
			return fs.SkipDir
		case d.IsDir() || !d.Type().IsRegular():
			return nil
		}
		text, err := fs.ReadFile(top, name)
		if err == nil {
			each(filepath.ToSlash(name), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within tells whether a path is one of the given ones, or below one.
func within(p string, parents ...string) bool {
	return slices.ContainsFunc(parents, func(parent string) bool { return p == parent || strings.HasPrefix(p, parent+"/") })
}

// floor is a package's place in the list of layers; -1: it has none.
func floor(pkg string) int {
	return slices.IndexFunc(floors, func(f string) bool { return within(pkg, f) })
}

// edge is the edge that a package belongs to; empty when it is none.
func edge(pkg string) string {
	if i := slices.IndexFunc(edges, func(e string) bool { return within(pkg, e) }); i >= 0 {
		return edges[i]
	}
	return ""
}

func modulePaths(packages ...string) []string {
	paths := make([]string, len(packages))
	for i, p := range packages {
		paths[i] = module + p
	}
	return paths
}
