// Package yamlschema makes JSON Schemas from the Go types that package yamldoc reads, for editors: with one, a YAML
// editor completes keys, shows what they mean, and underlines what is wrong.
//
// The schemas are of draft 7, the one that YAML editors know best. They promise never to underline what the engine
// accepts. The other way round they cannot say everything: what an expression may read, or that a runbook exists, is
// for "shodo check".
//
// The source is the types themselves: the tags yaml, required and enum that yamldoc reads, and two more:
//
//	doc:"..."      what the key means
//	schema:"name"  how a value is written whose Go type does not say it, such as a yaml.Node: one of the Generator's Named
//
// A type that reads its own node says itself how it is written, see [Described].
//
// The package does no I/O and knows none of the documents.
package yamlschema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Draft is the "$schema" of the schemas.
const Draft = "http://json-schema.org/draft-07/schema#"

// Schema is one JSON Schema. The zero value accepts everything.
type Schema struct {
	Schema      string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"` // nothing else may stand beside it

	Type      string   `json:"type,omitempty"`
	Enum      []string `json:"enum,omitempty"`
	EnumDocs  []string `json:"enumDescriptions,omitempty"` // of Enum, in its order; editors show them
	Const     string   `json:"const,omitempty"`
	Pattern   string   `json:"pattern,omitempty"` // of ECMA-262, and of RE2 too
	Format    string   `json:"format,omitempty"`
	MinLength int      `json:"minLength,omitempty"`
	MaxLength int      `json:"maxLength,omitempty"`
	Minimum   *float64 `json:"minimum,omitempty"`
	Maximum   *float64 `json:"maximum,omitempty"`

	Items    *Schema `json:"items,omitempty"`
	MinItems int     `json:"minItems,omitempty"`

	Properties    Properties          `json:"properties,omitempty"`
	Required      []string            `json:"required,omitempty"`
	MinProperties int                 `json:"minProperties,omitempty"`
	MaxProperties int                 `json:"maxProperties,omitempty"`
	Names         *Schema             `json:"propertyNames,omitempty"`
	Others        *Schema             `json:"additionalProperties,omitempty"` // of properties that are not listed
	Dependencies  map[string][]string `json:"dependencies,omitempty"`

	AllOf []*Schema `json:"allOf,omitempty"`
	AnyOf []*Schema `json:"anyOf,omitempty"`
	OneOf []*Schema `json:"oneOf,omitempty"`
	Not   *Schema   `json:"not,omitempty"`
	If    *Schema   `json:"if,omitempty"`
	Then  *Schema   `json:"then,omitempty"`
	Else  *Schema   `json:"else,omitempty"`

	Default     any        `json:"default,omitempty"`
	Examples    []string   `json:"examples,omitempty"`
	Definitions Properties `json:"definitions,omitempty"`

	never bool
}

// Never is the schema that accepts nothing: of a property, that it must not be there.
func Never() *Schema { return &Schema{never: true} }

// MarshalJSON writes the schema; Never as "false".
func (s *Schema) MarshalJSON() ([]byte, error) {
	if s.never {
		return []byte("false"), nil
	}
	type plain Schema
	return encode((*plain)(s))
}

// Text gives the schema as it stands in a file.
func (s *Schema) Text() ([]byte, error) {
	data, err := encode(s)
	if err != nil {
		return nil, fmt.Errorf("write a JSON Schema: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return nil, fmt.Errorf("write a JSON Schema: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// Property gives the schema of a listed property, to be made stricter. It panics when there is none: the name is
// written in our code.
func (s *Schema) Property(name string) *Schema {
	for _, p := range s.Properties {
		if p.Name == name {
			return p.Schema
		}
	}
	panic(fmt.Sprintf("yamlschema: there is no property %q", name))
}

// Without leaves out a listed property.
func (s *Schema) Without(name string) *Schema {
	s.Properties = slices.DeleteFunc(s.Properties, func(p Property) bool { return p.Name == name })
	return s
}

// Between gives a number its limits, both included.
func (s *Schema) Between(least, most float64) *Schema {
	s.Minimum, s.Maximum = &least, &most
	return s
}

// AtLeast gives a number its lower limit.
func (s *Schema) AtLeast(least float64) *Schema {
	s.Minimum = &least
	return s
}

// Properties are named schemas in the order in which they are written.
type Properties []Property

// Property is one of them.
type Property struct {
	Name   string
	Schema *Schema
}

// MarshalJSON writes an object in the order of the list.
func (p Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, one := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(one.Name)
		if err != nil {
			return nil, err
		}
		schema, err := encode(one.Schema)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(schema)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON without the escapes for HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
