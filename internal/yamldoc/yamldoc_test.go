package yamldoc_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

type level string

// person exercises every kind of value that can be read.
type person struct {
	Name     string                  `yaml:"name" required:"true"`
	Level    level                   `yaml:"level" enum:"low,high"`
	Levels   []level                 `yaml:"levels" enum:"low,high"`
	Age      int                     `yaml:"age"`
	Shoe     uint8                   `yaml:"shoe"`
	Height   float64                 `yaml:"height"`
	Active   bool                    `yaml:"active"`
	Every    time.Duration           `yaml:"every"`
	Born     time.Time               `yaml:"born"`
	Labels   map[level]string        `yaml:"labels"`
	Friends  []person                `yaml:"friends"`
	Boss     *person                 `yaml:"boss"`
	Any      any                     `yaml:"any"`
	Raw      yaml.Node               `yaml:"raw"`
	Even     even                    `yaml:"even"`
	Nick     yamldoc.Located[string] `yaml:"nick"`
	Addr     netip.Addr              `yaml:"addr"`
	Internal string
}

// even reads itself.
type even int

func (e *even) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	d.Decode(n, (*int)(e))
	if *e%2 != 0 {
		d.Problem(n, "an odd number", "")
	}
}

// TestProblems reads every file of testdata, each named after the mistake in it, and compares all that is told with
// the golden file beside it.
func TestProblems(t *testing.T) {
	yamldoctest.Golden(t, "testdata/*.yaml", func(file string, data []byte) yamldoc.Problems {
		return yamldoc.Decode(file, data, new(person))
	})
}

func TestDecodeValues(t *testing.T) {
	p := person{Age: 5, Height: 1.5, Internal: "kept", Boss: &person{Age: 60}, Levels: []level{"low"}}
	ps := yamldoc.Decode("p.yaml", []byte("\ufeff"+`
name: 山田
level: high
levels: [high]
shoe: 42
height: 2
active: true
every: 1h30m
born: 2026-12-01T01:00:00+09:00
labels: {team: ops, "404": none}
friends:
  - {name: "yes"}
  - {name: no}
boss: {name: 鈴木}
any: {a: [1, 2.5, true, null, yes, 2026-11-20], b: "1"}
raw: {x: 1}
even: 4
addr: 10.0.0.1
nick: y
`), &p)
	if ps != nil {
		t.Fatal(ps)
	}
	want := person{
		Name: "山田", Level: "high", Levels: []level{"high"}, Age: 5, Shoe: 42, Height: 2, Active: true, Every: 90 * time.Minute,
		Born:    time.Date(2026, 12, 1, 1, 0, 0, 0, time.FixedZone("", 9*3600)),
		Labels:  map[level]string{"team": "ops", "404": "none"},
		Friends: []person{{Name: "yes"}, {Name: "no"}},
		Boss:    &person{Name: "鈴木", Age: 60},
		Any: map[string]any{
			"a": []any{1, 2.5, true, nil, "yes", "2026-11-20"},
			"b": "1",
		},
		Even: 4, Addr: netip.MustParseAddr("10.0.0.1"),
		Nick: yamldoc.Located[string]{Value: "y", Place: yamldoc.Place{File: "p.yaml", Line: 19, Column: 7, Path: "nick"}},
		Raw:  p.Raw, Internal: "kept",
	}
	if diff := cmp.Diff(want, p, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if p.Raw.Kind != yaml.MappingNode || p.Raw.Line != 16 {
		t.Errorf("raw node: %+v", p.Raw)
	}
}

// TestHugeAndDeep reads files that are made to hurt; none may take long, panic or tell without end.
func TestHugeAndDeep(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9), ", "))
	}
	var manyKeys strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&manyKeys, "nane%d: 1\n", i)
	}
	tests := map[string]struct {
		data string
		want string // one of the problems
	}{
		"too large":     {"name: " + strings.Repeat("x", yamldoc.MaxSize), "bad.yaml: the file is larger than 1024 KiB (split it, or move data out of it)"},
		"bomb":          {bomb, "bad.yaml:10:4: j: an anchor (&j) is not allowed (remove it, or put the value in quotes if it is text)"},
		"deep flow":     {"any: " + strings.Repeat("[", 60) + strings.Repeat("]", 60), "bad.yaml:1:55: any" + strings.Repeat("[0]", 49) + ": more than 50 lists and mappings inside each other"},
		"deeper flow":   {"any: " + strings.Repeat("[", 500000), "bad.yaml:1:1: not valid YAML: exceeded max depth of 10000"},
		"deep block":    {"any:\n" + strings.Repeat("- ", 9000) + "x", "bad.yaml:2:99: any" + strings.Repeat("[0]", 49) + ": more than 50 lists and mappings inside each other"},
		"many problems": {manyKeys.String(), "bad.yaml: and 59801 more problems"},
		"invalid UTF-8": {"name: a\nlevel: \xff\n", "bad.yaml:2:1: the file is not UTF-8 text (save it in the encoding UTF-8)"},
		"UTF-16":        {"\xff\xfen\x00", "bad.yaml:1:1: the file is not UTF-8 text (save it in the encoding UTF-8)"},
		"NUL":           {"name: a\x00b", "bad.yaml:1:1: not valid YAML: control characters are not allowed"},
		"empty":         {"", "bad.yaml:1:1: the file is empty"},
		"only comments": {"# nothing\n\n", "bad.yaml:1:1: the file is empty"},
		"null":          {"---\n~\n", "bad.yaml:1:1: the file is empty"},
		"a list":        {"- a\n", "bad.yaml:1:1: found a list, expected a mapping (key: value)"},
		"only text":     {"hello\n", "bad.yaml:1:1: found text, expected a mapping (key: value)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			ps := yamldoc.Decode("bad.yaml", []byte(tt.data), new(person))
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
			if !strings.Contains(ps.Error()+"\n", tt.want+"\n") {
				t.Errorf("got:\n%.2000s\nwant:\n%s", ps.Error(), tt.want)
			}
			if len(ps) > yamldoc.MaxProblems+1 {
				t.Errorf("%d problems", len(ps))
			}
		})
	}
}

// TestNoValueWhereASecretMayStand: a list of secrets written as one text must not appear in the problem.
func TestNoValueWhereASecretMayStand(t *testing.T) {
	var into struct {
		Secrets []string          `yaml:"secrets"`
		Headers map[string]string `yaml:"headers"`
		Key     struct{}          `yaml:"key"`
	}
	ps := yamldoc.Decode("s.yaml", []byte("secrets: hunter2\nheaders: hunter2\nkey: hunter2\n"), &into)
	if len(ps) != 3 || strings.Contains(ps.Error(), "hunter2") {
		t.Errorf("problems: %v", ps)
	}
}

func TestPlaces(t *testing.T) {
	got := yamldoc.Places("f", []byte("a: {b: 1}\nc:\n  - x.y: 2\n"))
	want := map[string]yamldoc.Place{
		"":            {File: "f", Line: 1, Column: 1},
		"a":           {File: "f", Line: 1, Column: 4, Path: "a"},
		"a.b":         {File: "f", Line: 1, Column: 8, Path: "a.b"},
		"c":           {File: "f", Line: 3, Column: 3, Path: "c"},
		"c[0]":        {File: "f", Line: 3, Column: 5, Path: "c[0]"},
		`c[0]["x.y"]`: {File: "f", Line: 3, Column: 10, Path: `c[0]["x.y"]`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := yamldoc.Places("f", []byte("a: [")); got != nil {
		t.Errorf("places of a broken file: %v", got)
	}
}

func TestErrIgnoresWarnings(t *testing.T) {
	place := yamldoc.Place{File: "a.yaml", Line: 1, Column: 2, Path: "x"}
	ps := yamldoc.Problems{place.Warning("odd", "")}
	if err := ps.Err(); err != nil {
		t.Errorf("warnings alone are an error: %v", err)
	}
	ps = append(ps, place.At("y.z").Problem("bad", "mend it"))
	if err := ps.Err(); err == nil || err.Error() != `a.yaml:1:2: x["y.z"]: bad (mend it)` {
		t.Errorf("error: %v", err)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"severity", "summary", "source", "if"}
	for word, want := range map[string]string{
		"severty":                `did you mean "severity"?`,
		"Severity":               `did you mean "severity"?`,
		"seveirty":               `did you mean "severity"?`,
		"fi":                     `did you mean "if"?`,
		"sorce":                  `did you mean "source"?`,
		"details":                "",
		"":                       "",
		strings.Repeat("x", 999): "",
	} {
		if got := yamldoc.Suggest(word, known); got != want {
			t.Errorf("Suggest(%.20q) = %q, want %q", word, got, want)
		}
	}
}

// FuzzDecode: no input panics, and every problem has a place inside the file.
func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			t.Skip()
		}
		lines := 1 + strings.Count(string(data), "\n") + strings.Count(string(data), "\r") +
			strings.Count(string(data), "\u0085") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029")
		for _, p := range yamldoc.Decode("f.yaml", data, new(person)) {
			if p.Message == "" || p.Line < 0 || p.Line > lines || p.Line > 0 && p.Column < 1 {
				t.Errorf("problem without a true place: %+v", p)
			}
		}
	})
}
