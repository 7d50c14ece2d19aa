package yamlschema_test

import (
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
	"shodo/internal/yamlschema"
)

type colour string

// YAMLSchema says that it is one of two words.
func (colour) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.Words("red", "blue")
}

type inner struct {
	Max yamldoc.Located[*int] `yaml:"max" required:"true" doc:"How many."`
}

func TestTypesAsSchemas(t *testing.T) {
	for _, tc := range []struct {
		name  string
		value any
		want  string
	}{
		{"text that is needed", struct {
			Name string `yaml:"name" required:"true" doc:"<who>"`
		}{}, `{"type":"object","properties":{"name":{"description":"<who>","type":"string","minLength":1}},"required":["name"],"additionalProperties":false}`},
		{"words", struct {
			Mode  string   `yaml:"mode" enum:"a,b"`
			Modes []string `yaml:"modes" enum:"a,b"`
		}{}, `{"type":"object","properties":{"mode":{"type":"string","enum":["a","b"]},"modes":{"type":"array","items":{"type":"string","enum":["a","b"]}}},"additionalProperties":false}`},
		{"fields without a key", struct {
			Max   int `yaml:"max"`
			Other int
			Off   int `yaml:"-"`
		}{}, `{"type":"object","properties":{"max":{"type":"integer"}},"additionalProperties":false}`},
		{"what is held", struct {
			In *yamldoc.Located[*inner] `yaml:"in"`
		}{}, `{"type":"object","properties":{"in":{"type":"object","properties":{"max":{"description":"How many.","type":"integer"}},"required":["max"],"additionalProperties":false}},"additionalProperties":false}`},
		{"a type that says it itself", map[string]*colour{}, `{"type":"object","additionalProperties":{"type":"string","enum":["red","blue"]}}`},
		{"plain values", struct {
			A bool    `yaml:"a"`
			B float64 `yaml:"b"`
			C any     `yaml:"c"`
		}{}, `{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"number"},"c":{}},"additionalProperties":false}`},
		{"a node", struct {
			If yaml.Node `yaml:"if" schema:"condition" doc:"When."`
		}{}, `{"type":"object","properties":{"if":{"description":"When.","allOf":[{"$ref":"#/definitions/condition"}]}},"additionalProperties":false}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := &yamlschema.Generator{Named: map[string]func() *yamlschema.Schema{
				"condition": func() *yamlschema.Schema { return &yamlschema.Schema{Ref: "#/definitions/condition"} },
			}}
			data, err := g.Of(reflect.TypeOf(tc.value)).MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(data)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be described must not be left out in silence.
func TestTypesThatCannotBeDescribed(t *testing.T) {
	for name, value := range map[string]any{
		"a node": struct {
			If yaml.Node `yaml:"if"`
		}{},
		"an unknown schema": struct {
			If yaml.Node `yaml:"if" schema:"nothing"`
		}{},
		"a function": struct {
			Do func() `yaml:"do"`
		}{},
		"a struct with no key": struct {
			In struct{ X int } `yaml:"in"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was described")
				}
			}()
			(&yamlschema.Generator{}).Of(reflect.TypeOf(value))
		})
	}
}

func TestDurationIsWhatGoReads(t *testing.T) {
	s := yamlschema.Duration()
	for _, text := range []string{"90s", "1h30m", "0", "1.5h", ".5s", "2us", "2µs", "-3m", "10", "1d", "", "s", "1h 30m", "ten"} {
		_, err := time.ParseDuration(text)
		if fits := regexp.MustCompile(s.Pattern).MatchString(text); fits != (err == nil) {
			t.Errorf("%q: the schema says %t, Go says %v", text, fits, err)
		}
	}
}

func TestDocument(t *testing.T) {
	g := &yamlschema.Generator{}
	ref := g.Define("part", &yamlschema.Schema{Type: "string"})
	root := g.Document("a title", "a text", yamlschema.List(ref))
	text, err := root.Text()
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "a title",
  "description": "a text",
  "type": "array",
  "items": {
    "$ref": "#/definitions/part"
  },
  "definitions": {
    "part": {
      "type": "string"
    }
  }
}
`
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
