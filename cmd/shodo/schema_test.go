package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"shodo/internal/customer"
	"shodo/internal/scenario"
)

// compiledSchema gives a schema as a validator that knows nothing of us reads it.
func compiledSchema(t *testing.T, kind string) *jsonschema.Schema {
	t.Helper()
	for _, k := range documentKinds() {
		if k.name != kind {
			continue
		}
		text, err := k.schema(anyActions()).Text()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(k.file(), doc); err != nil {
			t.Fatal(err)
		}
		compiled, err := c.Compile(k.file())
		if err != nil {
			t.Fatalf("not a JSON Schema: %v", err)
		}
		return compiled
	}
	t.Fatalf("there is no schema %q", kind)
	return nil
}

// asEditors gives a document as a YAML editor reads it, which hands it to the schema as JSON.
func asEditors(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch n.Kind {
	case yaml.DocumentNode:
		return asEditors(t, n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = asEditors(t, n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, asEditors(t, item))
		}
		return list
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f
		}
	}
	return n.Value
}

func parseYAML(t *testing.T, text []byte) *yaml.Node {
	t.Helper()
	var n yaml.Node
	if err := yaml.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

func TestSchemasInTheRepositoryAreCurrent(t *testing.T) {
	for _, k := range documentKinds() {
		want, err := k.schema(anyActions()).Text()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../../docs/schema/" + k.file())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("docs/schema/%s is of another time: make docs (-want +got):\n%s", k.file(), diff)
		}
	}
}

// Every key is explained: an editor shows it.
func TestSchemasDescribeEveryKey(t *testing.T) {
	for _, k := range documentKinds() {
		text, err := k.schema(anyActions()).Text()
		if err != nil {
			t.Fatal(err)
		}
		doc := asEditors(t, parseYAML(t, text))
		count := 0
		eachProperty(doc, "", func(path string, schema any) {
			count++
			if s, ok := schema.(map[string]any); ok && s["description"] == nil {
				t.Errorf("%s: %s is not described", k.name, path)
			}
		})
		if count < 20 {
			t.Errorf("%s: only %d keys", k.name, count)
		}
	}
}

// eachProperty visits what schemas say of keys; the branches of conditions only repeat them.
func eachProperty(v any, path string, visit func(path string, schema any)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			eachProperty(item, path, visit)
		}
	case map[string]any:
		for key, child := range v {
			switch key {
			case "if", "then", "not":
			case "properties":
				for name, schema := range child.(map[string]any) {
					visit(path+"."+name, schema)
					eachProperty(schema, path+"."+name, visit)
				}
			default:
				eachProperty(child, path, visit)
			}
		}
	}
}

// goodFile is a YAML file of the repository that the engine accepts.
type goodFile struct{ kind, path string }

// goodFiles finds what ships, and what the loaders' own tests call good.
func goodFiles(t *testing.T) []goodFile {
	t.Helper()
	var files []goodFile
	add := func(kind, pattern string, except ...string) {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		before := len(files)
		for _, path := range found {
			if !slices.ContainsFunc(except, func(suffix string) bool { return strings.HasSuffix(path, suffix) }) {
				files = append(files, goodFile{kind, path})
			}
		}
		if len(files) == before {
			t.Fatalf("no file fits %s", pattern)
		}
	}
	add("scenario", "scenarios/*.yaml", "_test.yaml")
	add("test", "scenarios/*_test.yaml")
	add("customer", "scenarios/testdata/*.yaml")
	add("customer", "deploy/example/customers/*.yaml")
	add("scenario", "internal/demo/catalog/scenarios/*.yaml")
	add("customer", "internal/customer/testdata/good-*.yaml")
	add("test", "internal/scenariotest/testdata/passing/scenarios/*_test.yaml")
	return files
}

// What ships shows editors where its schema is.
func TestShippedFilesNameTheirSchema(t *testing.T) {
	for _, f := range goodFiles(t) {
		if strings.Contains(f.path, "/internal/") {
			continue
		}
		data, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		path, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if want := "../../docs/schema/" + f.kind + ".json"; !ok || filepath.Join(filepath.Dir(f.path), path) != filepath.Clean(want) {
			t.Errorf("%s begins with %q, which does not lead to %s", f.path, first, want)
		}
	}
}

func TestGoodFilesFitTheirSchema(t *testing.T) {
	for _, f := range goodFiles(t) {
		data, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := compiledSchema(t, f.kind).Validate(asEditors(t, parseYAML(t, data))); err != nil {
			t.Errorf("%s: %v", f.path, err)
		}
	}
}

// The loader is the judge: what it accepts an editor must not underline. Each file is changed in every place in turn.
func TestSchemasNeverRefuseWhatTheEngineAccepts(t *testing.T) {
	parser := scenario.NewParser(anyActions())
	accepts := map[string]func(data []byte) bool{
		"scenario": func(data []byte) bool {
			_, problems := parser.Parse("x", "x.yaml", data)
			return problems.Err() == nil
		},
		"customer": func(data []byte) bool {
			_, problems := customer.Parse("x", "x.yaml", data)
			return problems.Err() == nil
		},
	}
	values := []string{"text", "7", "-1", "0.5", "true", "90s", "[]", "[a, b]", "{}", "{a: b}", `"${{ incident.id }}"`, "2026-12-01T01:00:00+09:00", "observe", "https://example.com/"}
	files := map[string][]string{
		"scenario": {goodScenario, read(t, "scenarios/http-down.yaml")},
		"customer": {goodCustomer, read(t, "internal/customer/testdata/good-acme.yaml"), read(t, "internal/customer/testdata/good-windows.yaml")},
	}
	for kind, accept := range accepts {
		schema := compiledSchema(t, kind)
		for i, data := range files[kind] {
			tried, accepted := 0, 0
			try := func(what string, doc *yaml.Node) {
				text, err := yaml.Marshal(doc)
				if err != nil {
					t.Fatal(err)
				}
				tried++
				if !accept(text) {
					return
				}
				accepted++
				if err := schema.Validate(asEditors(t, doc)); err != nil {
					t.Errorf("%s is accepted by the engine, and underlined by the schema: %v", what, err)
				}
			}
			doc := parseYAML(t, []byte(data))
			eachNode(doc, "", func(path string, n *yaml.Node) {
				was := *n
				for _, value := range values {
					*n = *parseYAML(t, []byte(value)).Content[0]
					try(fmt.Sprintf("%s: %s", path, value), doc)
				}
				*n = was
				if n.Kind == yaml.MappingNode {
					for i := 0; i < len(was.Content); i += 2 {
						n.Content = slices.Concat(was.Content[:i], was.Content[i+2:])
						try(path+" without "+was.Content[i].Value, doc)
					}
					*n = was
				}
			})
			if tried < 100 || accepted < 5 {
				t.Errorf("%s %d: only %d changes were tried, %d accepted", kind, i, tried, accepted)
			}
		}
	}
}

// read gives a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// eachNode visits the values of a document, outer ones first.
func eachNode(n *yaml.Node, path string, visit func(path string, n *yaml.Node)) {
	switch n.Kind {
	case yaml.DocumentNode:
		eachNode(n.Content[0], path, visit)
	case yaml.MappingNode:
		visit(path, n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			eachNode(n.Content[i+1], path+"."+n.Content[i].Value, visit)
		}
	case yaml.SequenceNode:
		visit(path, n)
		for i, item := range n.Content {
			eachNode(item, fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, n)
	}
}

// The files that the tests change. Each key of the language is in one of them.
const (
	goodScenario = `title: Down
owner: platform
autonomy: observe
priority: 10
match: {when: alert.severity == "critical", service: [PX1]}
inputs:
  url: {type: url}
  unit: {type: string, default: nginx}
  count: {type: int, default: 3}
  share: {type: number, default: 0.5}
  dry: {type: bool, default: false}
  wait: {type: duration, default: 30s}
  hosts: {type: strings, default: [a], from: alert.details.hosts}
target: web
limits: {timeout: 10m, recoveries: {max: 3, per: 1h}, targets: {max: 5, per: 10m}}
check:
  - id: probe
    uses: http.request
    with: {url: "${{ inputs.url }}", timeout: 5s, method: GET}
    healthy: output.status < 500
    timeout: 20s
    retry: {attempts: 3, every: 2s, backoff: 2}
    on_error: continue
gather:
  - uses: tcp.connect
    with: {host: web, port: 22}
    if: steps.probe.output.status == 0
recover:
  - name: restart
    if: true
    steps:
      - uses: ssh.run
        with: {host: web, command: [systemctl, restart, nginx], env: {A: b}}
        on_error: hand_over
verify: {within: 3m, every: 15s, stable_for: 30s}
close: {note: "restarted ${{ target }}", tell_customer: true}
hand_over: {to: first_tier, remaining: [look at it]}
`
	goodCustomer = `name: Acme
time_zone: Asia/Tokyo
language: ja
pagerduty: {services: [PX1234]}
credentials: {ssh: {user: shodo, key: {file: /run/key}, known_hosts: {file: /run/hosts}}}
scenarios: {http-down: {with: {unit: nginx}, autonomy: observe}}
allow: [http.request, ssh.*]
tiers:
  - {name: first_tier, slack: "#oncall"}
contacts: [{email: ops@acme.example}]
quiet_hours:
  - {name: nights, when: {days: [mon], from: "22:00", to: "07:00"}, page: defer}
maintenance:
  - {name: work, from: 2026-12-01T01:00:00+09:00, to: 2026-12-01T03:00:00+09:00, recover: forbid}
`
	goodTest = `- name: works
  alert: testdata/a.json
  at: 2026-11-20T03:00:00+09:00
  steps:
    probe: [{status: 502}, {status: 200, times: 4}]
    http.request: {status: 200}
  people: [{after: 20s, acknowledge: Aiko}]
  want: {outcome: recovered, ran: [probe, {http.request: 5}], told: []}
`
)

// What people get wrong most, and an editor can see. Each mistake is one line of a good file, written otherwise.
func TestSchemasSeeTypicalMistakes(t *testing.T) {
	good := map[string]string{"scenario": goodScenario, "customer": goodCustomer, "test": goodTest}
	for _, tc := range []struct{ name, kind, old, new string }{
		{"a misspelt key", "scenario", "recover:", "recovery:"},
		{"no title", "scenario", "title: Down\n", ""},
		{"an unknown action", "scenario", "uses: http.request", "uses: http.requests"},
		{"a parameter of another action", "scenario", "timeout: 5s, method: GET", "hostname: web"},
		{"a parameter is missing", "scenario", "host: web, port: 22", "port: 22"},
		{"no parameters at all", "scenario", "    with: {host: web, port: 22}\n", ""},
		{"a number as text", "scenario", "port: 22", `port: "22"`},
		{"a word that the action does not know", "scenario", "method: GET", "method: POST"},
		{"an expression in place of a list of arguments", "scenario", "command: [systemctl, restart, nginx]", "command: systemctl restart nginx"},
		{"a changing action outside recover", "scenario", "uses: tcp.connect\n    with: {host: web, port: 22}", "uses: ssh.run\n    with: {host: web, command: [ls]}"},
		{"healthy is missing in check", "scenario", "    healthy: output.status < 500\n", ""},
		{"healthy in gather", "scenario", "    with: {host: web, port: 22}", "    with: {host: web, port: 22}\n    healthy: output.connected"},
		{"a duration without a unit", "scenario", "timeout: 10m", "timeout: 10"},
		{"days are no unit", "scenario", "per: 10m", "per: 1d"},
		{"recover without target", "scenario", "target: web\n", ""},
		{"a default of another type", "scenario", "type: string, default: nginx", "type: int, default: nginx"},
		{"a url from an alert", "scenario", "{type: url}", "{type: url, from: alert.source}"},
		{"an unknown type of an input", "scenario", "{type: url}", "{type: uri}"},
		{"a service that is not a list", "scenario", "service: [PX1]", "service: PX1"},
		{"an expression in braces in a condition", "scenario", "healthy: output.status < 500", `healthy: "${{ output.status < 500 }}"`},
		{"a key without a value", "scenario", "title: Down", "title:"},
		{"a secret that is written out", "customer", "key: {file: /run/key}", "key: hunter2"},
		{"ssh without a key", "customer", "key: {file: /run/key}, ", ""},
		{"a language that is not spoken", "customer", "language: ja", "language: de"},
		{"a day in full", "customer", "days: [mon]", "days: [monday]"},
		{"from without to", "customer", `, to: "07:00"`, ""},
		{"kinds of time mixed", "customer", "days: [mon]", "calendar: japan"},
		{"a window that answers nothing", "customer", ", page: defer", ""},
		{"an answer of another question", "customer", "page: defer", "page: forbid"},
		{"maintenance without an offset", "customer", "from: 2026-12-01T01:00:00+09:00", "from: 2026-12-01T01:00:00"},
		{"a tier that nobody hears", "customer", `, slack: "#oncall"`, ""},
		{"a channel without its sign", "customer", `"#oncall"`, `oncall`},
		{"scenarios as a list", "customer", "{http-down: {with: {unit: nginx}, autonomy: observe}}", "[http-down]"},
		{"an autonomy that does not exist", "customer", "autonomy: observe", "autonomy: full"},
		{"two places in one contact", "customer", "[{email: ops@acme.example}]", `[{email: ops@acme.example, slack: "#acme"}]`},
		{"an outcome that does not exist", "test", "outcome: recovered", "outcome: fixed"},
		{"an output that no action has", "test", "probe: [{status: 502}", "probe: [{stauts: 502}"},
		{"an output of another type", "test", "http.request: {status: 200}", `http.request: {status: "200"}`},
		{"a deed that does not exist", "test", "acknowledge: Aiko", "acks: Aiko"},
		{"nobody does anything", "test", ", acknowledge: Aiko", ""},
		{"no expectation", "test", "  want: {outcome: recovered, ran: [probe, {http.request: 5}], told: []}\n", ""},
		{"told as text", "test", "told: []", "told: nobody"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			schema := compiledSchema(t, tc.kind)
			if err := schema.Validate(asEditors(t, parseYAML(t, []byte(good[tc.kind])))); err != nil {
				t.Fatalf("before the mistake: %v", err)
			}
			wrong := strings.Replace(good[tc.kind], tc.old, tc.new, 1)
			if wrong == good[tc.kind] {
				t.Fatalf("%q is not in the file", tc.old)
			}
			if err := schema.Validate(asEditors(t, parseYAML(t, []byte(wrong)))); err == nil {
				t.Error("the schema does not see it")
			}
		})
	}
	if _, problems := scenario.Parse("x", "x.yaml", []byte(good["scenario"]), anyActions()); problems.Err() != nil {
		t.Errorf("the good scenario: %v", problems.Err())
	}
	if _, problems := customer.Parse("x", "x.yaml", []byte(good["customer"])); problems.Err() != nil {
		t.Errorf("the good customer: %v", problems.Err())
	}
}
