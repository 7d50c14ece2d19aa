package yamlschema

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Described is a type that reads its own node and says how it is written. The method must work on a zero value.
type Described interface {
	YAMLSchema(g *Generator) *Schema
}

// Holder is a type that is written as another one, such as yamldoc.Located.
type Holder interface {
	Held() reflect.Type
}

// Generator makes the schema of one document.
type Generator struct {
	// Named are the schemas that fields name in their tag "schema". Each call gives a new one.
	Named map[string]func() *Schema

	definitions Properties
}

var (
	timeType      = reflect.TypeFor[time.Time]()
	durationType  = reflect.TypeFor[time.Duration]()
	describedType = reflect.TypeFor[Described]()
	holderType    = reflect.TypeFor[Holder]()
)

// Of gives how a value of the type is written. It panics on a type that cannot be described: that is a mistake in our
// code.
func (g *Generator) Of(t reflect.Type) *Schema {
	switch {
	case t.Kind() == reflect.Pointer:
		return g.Of(t.Elem())
	case t.Implements(describedType):
		return reflect.Zero(t).Interface().(Described).YAMLSchema(g)
	case t.Implements(holderType):
		return g.Of(reflect.Zero(t).Interface().(Holder).Held())
	case t == timeType:
		return Instant()
	case t == durationType:
		return Duration()
	}
	switch t.Kind() {
	case reflect.Struct:
		s := g.Struct(t)
		if len(s.Properties) == 0 {
			panic("yamlschema: " + t.String() + " has no keys: the field needs a tag \"schema\"") // such as a yaml.Node
		}
		return s
	case reflect.Map:
		return Mapping(g.Of(t.Elem()))
	case reflect.Slice:
		return List(g.Of(t.Elem()))
	case reflect.Interface:
		return &Schema{}
	case reflect.String:
		return &Schema{Type: "string"}
	case reflect.Bool:
		return &Schema{Type: "boolean"}
	case reflect.Float32, reflect.Float64:
		return &Schema{Type: "number"}
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		return &Schema{Type: "integer"}
	}
	panic("yamlschema: cannot describe " + t.String())
}

// Struct gives the mapping whose keys are the fields that have a yaml tag; no other key is allowed.
func (g *Generator) Struct(t reflect.Type) *Schema {
	s := &Schema{Type: "object", Others: Never()}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" || !f.IsExported() {
			continue
		}
		required := f.Tag.Get("required") == "true"
		if required {
			s.Required = append(s.Required, name)
		}
		s.Properties = append(s.Properties, Property{name, g.field(f, required)})
	}
	return s
}

func (g *Generator) field(f reflect.StructField, required bool) *Schema {
	var s *Schema
	if name := f.Tag.Get("schema"); name != "" {
		named, ok := g.Named[name]
		if !ok {
			panic(fmt.Sprintf("yamlschema: field %s names the unknown schema %q", f.Name, name))
		}
		s = named()
	} else {
		s = g.Of(f.Type)
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		if s.Type == "array" {
			s.Items.Enum = strings.Split(enum, ",")
		} else {
			s.Enum = strings.Split(enum, ",")
		}
	}
	if required {
		s.notEmpty()
	}
	return s.Describe(f.Tag.Get("doc"))
}

// notEmpty demands something of a text, list or mapping.
func (s *Schema) notEmpty() {
	switch s.Type {
	case "string":
		if len(s.Enum) == 0 {
			s.MinLength = max(s.MinLength, 1)
		}
	case "array":
		s.MinItems = max(s.MinItems, 1)
	case "object":
		s.MinProperties = max(s.MinProperties, 1)
	}
}

// Describe gives the schema that says this, too.
func (s *Schema) Describe(doc string) *Schema {
	switch {
	case doc == "":
		return s
	case s.Ref != "": // nothing counts beside a reference
		return &Schema{Description: doc, AllOf: []*Schema{s}}
	}
	s.Description = doc
	return s
}

// Define keeps a schema under a name and gives a reference to it. A name is defined once.
func (g *Generator) Define(name string, s *Schema) *Schema {
	g.definitions = append(g.definitions, Property{name, s})
	return &Schema{Ref: "#/definitions/" + name}
}

// Document completes the schema of a whole file.
func (g *Generator) Document(title, description string, root *Schema) *Schema {
	root.Schema, root.Title, root.Description, root.Definitions = Draft, title, description, g.definitions
	return root
}

// Mapping gives the mapping of any keys to such values.
func Mapping(value *Schema) *Schema { return &Schema{Type: "object", Others: value} }

// List gives the list of such items.
func List(item *Schema) *Schema { return &Schema{Type: "array", Items: item} }

// OneOrMany gives one such item, or a list of them.
func OneOrMany(item func() *Schema) *Schema {
	return &Schema{AnyOf: []*Schema{item(), List(item())}}
}

// Words gives one of the listed texts.
func Words[T ~string](words ...T) *Schema {
	s := &Schema{Type: "string"}
	for _, w := range words {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

// Duration gives the text that time.ParseDuration reads.
func Duration() *Schema {
	return &Schema{Type: "string", Pattern: `^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`, Examples: []string{"30s", "10m", "1h30m"}}
}

// Instant gives a date and time with its offset.
func Instant() *Schema {
	return &Schema{Type: "string", Format: "date-time", Examples: []string{"2026-12-01T01:00:00+09:00"}}
}
