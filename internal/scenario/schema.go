package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/yamlschema"
)

// Schema gives the JSON Schema of a scenario file whose steps may use these actions.
func Schema(actions Actions) *yamlschema.Schema {
	s := &schemas{actions: actions, g: &yamlschema.Generator{}}
	s.g.Named = map[string]func() *yamlschema.Schema{
		"anything":    func() *yamlschema.Schema { return &yamlschema.Schema{} },
		"text":        text,
		"texts":       func() *yamlschema.Schema { return yamlschema.List(text()) },
		"services":    func() *yamlschema.Schema { return servicesSchema() },
		"expression":  condition,
		"condition":   condition,
		"with":        func() *yamlschema.Schema { return &yamlschema.Schema{Type: "object"} },
		"autonomy":    func() *yamlschema.Schema { return yamlschema.Words(levels()...) },
		"unrecovered": func() *yamlschema.Schema { return yamlschema.Words(unrecovereds()...) },
		"otherwise":   func() *yamlschema.Schema { return yamlschema.Words(otherwises()...) },
		"on_error":    func() *yamlschema.Schema { return yamlschema.Words(onErrors(incident.Verify)...) },
	}
	s.defineParams()
	for _, phase := range []incident.Phase{incident.Check, incident.Gather, incident.Recover, incident.Verify} {
		ref := s.g.Define("step_of_"+string(phase), s.step(phase))
		s.g.Named[string(phase)] = func() *yamlschema.Schema { return yamlschema.List(ref) }
	}
	root := s.g.Struct(reflect.TypeFor[document]())
	root.AllOf = []*yamlschema.Schema{{
		If: &yamlschema.Schema{Required: []string{"recover"}, Properties: yamlschema.Properties{{Name: "recover", Schema: &yamlschema.Schema{MinItems: 1}}}},
		Then: &yamlschema.Schema{Required: []string{"target"}, Properties: yamlschema.Properties{
			{Name: "unrecovered", Schema: yamlschema.Never()}}},
	}}
	root.Property("manual_minutes").Between(0, maxManualMinutes)
	limits := root.Property("limits")
	limits.Property("recoveries").Property("max").AtLeast(1)
	limits.Property("targets").Property("max").AtLeast(1)
	return s.g.Document("shodo scenario", "What is done about one kind of incident: scenarios/NAME.yaml.", root)
}

// schemas makes the parts of a scenario's schema.
type schemas struct {
	actions Actions
	g       *yamlschema.Generator
}

// text is text that may hold "${{ }}".
func text() *yamlschema.Schema { return &yamlschema.Schema{Type: "string"} }

// condition is an expression; true and false may be written without quotes.
func condition() *yamlschema.Schema {
	return &yamlschema.Schema{AnyOf: []*yamlschema.Schema{
		{Type: "string", MinLength: 1, Not: &yamlschema.Schema{Pattern: `\$\{\{`}},
		{Type: "boolean"},
	}}
}

func servicesSchema() *yamlschema.Schema {
	return &yamlschema.Schema{Type: "array", MinItems: 1, Items: &yamlschema.Schema{Type: "string", MinLength: 1}}
}

// YAMLSchema says that the mapping is the document's own.
func (inputDocuments) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	one := g.Struct(reflect.TypeFor[inputDocument]())
	for _, k := range []Kind{StringKind, IntKind, NumberKind, BoolKind, DurationKind, URLKind, StringsKind} {
		then := yamlschema.Properties{{Name: "default", Schema: k.schema()}}
		if k == URLKind {
			then = append(then, yamlschema.Property{Name: "from", Schema: yamlschema.Never()})
		}
		one.AllOf = append(one.AllOf, &yamlschema.Schema{If: when("type", string(k)), Then: &yamlschema.Schema{Properties: then}})
	}
	s := yamlschema.Mapping(one)
	s.Names, s.MaxProperties = &yamlschema.Schema{Pattern: identifier.String()}, maxInputs
	return s
}

// schema gives how a value of the kind is written.
func (k Kind) schema() *yamlschema.Schema {
	switch k {
	case IntKind:
		return &yamlschema.Schema{Type: "integer"}
	case NumberKind:
		return &yamlschema.Schema{Type: "number"}
	case BoolKind:
		return &yamlschema.Schema{Type: "boolean"}
	case DurationKind:
		return yamlschema.Duration()
	case URLKind:
		return &yamlschema.Schema{Type: "string", Pattern: `^[Hh][Tt][Tt][Pp][Ss]?://`}
	case StringsKind:
		return yamlschema.List(&yamlschema.Schema{Type: "string"})
	}
	return &yamlschema.Schema{Type: "string"}
}

// when is the condition that a property has that text.
func when(property, value string) *yamlschema.Schema {
	return &yamlschema.Schema{Required: []string{property},
		Properties: yamlschema.Properties{{Name: property, Schema: &yamlschema.Schema{Const: value}}}}
}

// step gives a step of the phase: which actions it may use, and for each one its parameters.
func (s *schemas) step(phase incident.Phase) *yamlschema.Schema {
	step := s.g.Struct(reflect.TypeFor[stepDocument]())
	step.Property("id").Pattern = identifier.String()
	step.Property("on_error").Enum = onErrors(phase)
	retry := step.Property("retry")
	retry.Property("attempts").Between(1, maxAttempts)
	retry.Property("backoff").Between(0, 10)
	if phase == incident.Check || phase == incident.Verify {
		step.Required = append(step.Required, "healthy")
	} else {
		step.Without("healthy")
	}
	uses := step.Property("uses")
	for _, name := range s.actions.Names() {
		action, _ := s.actions.Lookup(name)
		if action.Effect == Changes && phase != incident.Recover {
			continue
		}
		uses.Enum, uses.EnumDocs = append(uses.Enum, name), append(uses.EnumDocs, action.Summary)
		step.AllOf = append(step.AllOf, &yamlschema.Schema{If: when("uses", name), Then: useOf(action)})
	}
	return step
}

// useOf gives what a step that uses the action must say.
func useOf(action Action) *yamlschema.Schema {
	then := &yamlschema.Schema{Properties: yamlschema.Properties{{Name: "with", Schema: paramsOf(action)}}}
	if slices.ContainsFunc(jsonFields(action.Params), isRequired) {
		then.Required = []string{"with"}
	}
	if action.Effect == Changes && !action.Idempotent {
		then.Properties = append(then.Properties, yamlschema.Property{Name: "retry", Schema: yamlschema.Never()})
	}
	return then
}

func isRequired(f jsonField) bool { return f.tag.Get("required") == "true" }

// paramsOf refers to what defineParams has defined.
func paramsOf(action Action) *yamlschema.Schema {
	return &yamlschema.Schema{Ref: "#/definitions/with_" + action.Name}
}

func (s *schemas) defineParams() {
	for _, name := range s.actions.Names() {
		action, _ := s.actions.Lookup(name)
		s.g.Define("with_"+name, paramsSchema(action.Params).Describe(action.Summary))
	}
}

// paramsSchema gives the mapping that withReader.fields reads.
func paramsSchema(t reflect.Type) *yamlschema.Schema {
	p := &yamlschema.Schema{Type: "object", Others: yamlschema.Never()}
	for _, f := range jsonFields(t) {
		one := paramSchema(f.typ, f.tag.Get("enum")).Describe(f.tag.Get("doc"))
		if text, ok := f.tag.Lookup("default"); ok {
			one.Default = defaultValue(f.typ, text)
		}
		if isRequired(f) {
			p.Required = append(p.Required, f.name)
		}
		p.Properties = append(p.Properties, yamlschema.Property{Name: f.name, Schema: one})
	}
	return p
}

// paramSchema gives what withReader.value reads as the type.
func paramSchema(t reflect.Type, enum string) *yamlschema.Schema {
	expression := &yamlschema.Schema{Type: "string", Pattern: `\$\{\{`}
	switch t {
	case scriptType:
		return &yamlschema.Schema{Type: "string", Not: &yamlschema.Schema{Pattern: `(^|[^$])\$\{\{`}}
	case urlType:
		return &yamlschema.Schema{Type: "string", Pattern: `^([Hh][Tt][Tt][Pp][Ss]?://|\s*\$\{\{)`}
	case commandType:
		return &yamlschema.Schema{Type: "array", MinItems: 1, Items: text()}
	case envType:
		env := yamlschema.Mapping(text())
		env.Names = &yamlschema.Schema{Pattern: variableName.String()}
		return env
	case ourDurationType, durationType:
		return &yamlschema.Schema{AnyOf: []*yamlschema.Schema{yamlschema.Duration(), expression}}
	}
	var own *yamlschema.Schema
	switch t.Kind() {
	case reflect.String:
		if enum == "" {
			return text()
		}
		return &yamlschema.Schema{AnyOf: []*yamlschema.Schema{yamlschema.Words(strings.Split(enum, ",")...), expression}}
	case reflect.Pointer:
		return paramSchema(t.Elem(), enum)
	case reflect.Struct:
		own = paramsSchema(t)
	case reflect.Slice:
		own = yamlschema.List(paramSchema(t.Elem(), enum))
	case reflect.Map:
		own = yamlschema.Mapping(paramSchema(t.Elem(), enum))
	default:
		own = (&yamlschema.Generator{}).Of(t)
	}
	return &yamlschema.Schema{AnyOf: []*yamlschema.Schema{own, expression}}
}

// defaultValue gives the default that a tag states, in its own type.
func defaultValue(t reflect.Type, text string) any {
	var v any
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Float64:
		if t != ourDurationType && t != durationType {
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				panic(fmt.Sprintf("scenario: the default %q of a parameter is not a %s", text, t))
			}
			return v
		}
	}
	return text
}
