package scenariotest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamlschema"
)

// Schema gives the JSON Schema of a test file whose steps use these actions.
func Schema(actions scenario.Actions) *yamlschema.Schema {
	g := &yamlschema.Generator{Named: map[string]func() *yamlschema.Schema{
		"alert": func() *yamlschema.Schema {
			return &yamlschema.Schema{AnyOf: []*yamlschema.Schema{{Type: "string", MinLength: 1}, {Type: "object"}}}
		},
		"refused": func() *yamlschema.Schema { return yamlschema.Words(refusals()...) },
		"steps":   func() *yamlschema.Schema { return stepsSchema(actions) },
	}}
	one := g.Struct(reflect.TypeFor[caseDocument]())
	want := one.Property("want")
	want.Property("outcome").Enum = words(incident.Outcomes())
	want.Property("reason").Enum = words(incident.Reasons())
	person := one.Property("people").Items
	person.MinProperties, person.MaxProperties = 2, 4
	return g.Document("shodo scenario test", "Cases that a scenario must pass: scenarios/NAME_test.yaml, for \"shodo test\".", yamlschema.List(one))
}

// stepsSchema gives what steps answer. An action's name says which outputs there are; an id or an attempt may be of any
// action.
func stepsSchema(actions scenario.Actions) *yamlschema.Schema {
	s := &yamlschema.Schema{Type: "object"}
	every := map[string][]*yamlschema.Schema{} // by the output's name
	of := map[string][]string{}                // the actions that have it
	for _, name := range actions.Names() {
		action, _ := actions.Lookup(name)
		own := outputsOf(action)
		for _, p := range own {
			every[p.Name] = append(every[p.Name], p.Schema)
			of[p.Name] = append(of[p.Name], name)
		}
		s.Properties = append(s.Properties, yamlschema.Property{Name: name, Schema: answering(own).Describe(action.Summary)})
	}
	var outputs yamlschema.Properties
	for _, name := range slices.Sorted(maps.Keys(every)) {
		outputs = append(outputs, yamlschema.Property{Name: name, Schema: anyOf(every[name], "Of "+strings.Join(of[name], ", ")+".")})
	}
	s.Others = answering(outputs)
	return s
}

// answering gives one answer, or several in turn.
func answering(outputs yamlschema.Properties) *yamlschema.Schema {
	return yamlschema.OneOrMany(func() *yamlschema.Schema {
		failing := yamlschema.Properties{
			{Name: "kind", Schema: yamlschema.Words(kinds...).Describe("The step fails in this way.")},
			{Name: "takes", Schema: yamlschema.Duration().Describe("How long the step takes.")},
			{Name: "times", Schema: (&yamlschema.Schema{Type: "integer"}).Between(1, maxTimes).Describe("In a list: this answer that many times.")},
		}
		s := &yamlschema.Schema{Type: "object", Properties: append(failing, outputs...), Others: yamlschema.Never()}
		if !slices.ContainsFunc(outputs, func(p yamlschema.Property) bool { return p.Name == "error" }) {
			s.Properties = append(s.Properties, yamlschema.Property{Name: "error", Schema: (&yamlschema.Schema{Type: "string"}).Describe("With kind: what the failure says.")})
			s.Dependencies = map[string][]string{"error": {"kind"}}
		}
		return s
	})
}

// outputsOf gives the outputs of an action.
func outputsOf(action scenario.Action) yamlschema.Properties {
	var list yamlschema.Properties
	for f := range action.Output.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		list = append(list, yamlschema.Property{Name: name, Schema: outputSchema(f.Type).Describe(f.Tag.Get("doc"))})
	}
	return list
}

// outputSchema gives how an output's value is written, which goes through JSON into the action's own type.
func outputSchema(t reflect.Type) *yamlschema.Schema {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		if t.PkgPath() == "" { // a type of its own may read another form
			return (&yamlschema.Generator{}).Of(t)
		}
	case reflect.Slice:
		return yamlschema.List(outputSchema(t.Elem()))
	case reflect.Map:
		return yamlschema.Mapping(outputSchema(t.Elem()))
	}
	return &yamlschema.Schema{}
}

// anyOf accepts what one of the schemas accepts; equal ones count once. Several are described together.
func anyOf(list []*yamlschema.Schema, doc string) *yamlschema.Schema {
	var kept []*yamlschema.Schema
	for _, s := range list {
		if !slices.ContainsFunc(kept, func(k *yamlschema.Schema) bool { return reflect.DeepEqual(k, s) }) {
			kept = append(kept, s)
		}
	}
	if len(kept) == 1 {
		return kept[0]
	}
	return (&yamlschema.Schema{AnyOf: kept}).Describe(doc)
}

// YAMLSchema says that it is one text, or several.
func (texts) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.OneOrMany(func() *yamlschema.Schema { return &yamlschema.Schema{Type: "string"} })
}

// YAMLSchema says that it is a list of attempts, each with its tier.
func (askedList) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	one := yamlschema.Mapping(&yamlschema.Schema{Type: "string"})
	one.MinProperties, one.MaxProperties = 1, 1
	return yamlschema.List(one)
}

// YAMLSchema says that it is a list of names, some of them many times.
func (sequence) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	many := yamlschema.Mapping((&yamlschema.Schema{Type: "integer"}).Between(1, maxTimes))
	many.MinProperties, many.MaxProperties = 1, 1
	return yamlschema.List(&yamlschema.Schema{AnyOf: []*yamlschema.Schema{{Type: "string"}, many}})
}
