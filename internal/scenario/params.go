package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// params renders an action's parameters.
type params struct {
	typ    reflect.Type // the action's parameter struct
	fields []param
}

// param is one parameter that is given or has a default.
type param struct {
	jsonField
	set setter
}

// setter puts one rendered value into a Go value of the parameter struct.
type setter func(f Facts, into reflect.Value) error

// set renders all parameters into the parameter struct.
func (p params) set(f Facts, into reflect.Value) error {
	for _, field := range p.fields {
		if err := field.set(f, into.FieldByIndex(field.index)); err != nil {
			return fmt.Errorf("parameter %q: %w", field.name, err)
		}
	}
	return nil
}

// render gives the parameters that are given or have a default as a JSON object, in the order of the struct.
func (p params) render(f Facts) (json.RawMessage, error) {
	v := reflect.New(p.typ).Elem()
	if err := p.set(f, v); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, field := range p.fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(field.name) + ":")
		if err := enc.Encode(v.FieldByIndex(field.index).Interface()); err != nil {
			return nil, fmt.Errorf("parameter %q: %w", field.name, err)
		}
		b.Truncate(b.Len() - 1) // the line end that Encode adds
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// withReader checks a step's "with" against the action's parameter struct.
type withReader struct {
	file  *sourceFile
	scope scope
}

// fields reads a mapping as a struct.
func (r withReader) fields(d *yamldoc.Decoder, n *yaml.Node, t reflect.Type) params {
	fields := jsonFields(t)
	p := params{typ: t}
	if n.Kind != yaml.MappingNode && n.Kind != 0 {
		d.Problem(n, "expected a mapping (parameter: value)", "")
		return p
	}
	given := r.given(d, n, fields)
	for _, f := range fields {
		var set setter
		switch node := given[f.name]; {
		case node != nil:
			set = r.value(d.At(f.name), node, f.typ, f.tag.Get("enum"))
		case f.tag.Get("required") == "true":
			d.Problem(n, fmt.Sprintf("the parameter %q is missing", f.name), f.tag.Get("doc"))
		default:
			set = defaultOf(f)
		}
		if set != nil {
			p.fields = append(p.fields, param{f, set})
		}
	}
	return p
}

// given gives the values of a mapping by their keys, and tells which keys are unknown.
func (r withReader) given(d *yamldoc.Decoder, n *yaml.Node, fields []jsonField) map[string]*yaml.Node {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	given := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if given[key.Value] != nil {
			continue // told by yamldoc
		}
		given[key.Value] = n.Content[i+1]
		if !slices.Contains(names, key.Value) {
			hint := yamldoc.Suggest(key.Value, names)
			if hint == "" {
				hint = "parameters: " + strings.Join(names, ", ")
			}
			d.At(key.Value).Problem(key, fmt.Sprintf("unknown parameter %q", clipTo(key.Value, 60)), hint)
		}
	}
	return given
}

// value reads one value as the given type. It gives nil after telling a problem.
func (r withReader) value(d *yamldoc.Decoder, n *yaml.Node, t reflect.Type, enum string) setter {
	switch {
	case t == scriptType:
		return r.script(d, n)
	case t == urlType:
		return r.url(d, n)
	case t == commandType:
		return r.command(d, n)
	case t == envType:
		return r.environment(d, n)
	case isText(n) && strings.Contains(n.Value, "${{") && t.Kind() != reflect.String:
		return r.expression(d, n, t, enum)
	case t == ourDurationType, t == durationType:
		var v time.Duration
		set := r.fixed(d, n, &v)
		if v < 0 {
			d.Problem(n, fmt.Sprintf("found %s, expected 0s or more", v), "")
		}
		return set
	}
	switch t.Kind() {
	case reflect.String:
		return r.text(d, n, enum)
	case reflect.Pointer:
		return pointerTo(t, r.value(d, n, t.Elem(), enum))
	case reflect.Struct:
		return r.fields(d, n, t).set
	case reflect.Slice:
		return r.list(d, n, t, enum)
	case reflect.Map:
		return r.mapping(d, n, t, enum)
	}
	v := reflect.New(t)
	return r.fixed(d, n, v.Interface())
}

// fixed reads a value that holds no expression.
func (r withReader) fixed(d *yamldoc.Decoder, n *yaml.Node, value any) setter {
	d.Decode(n, value)
	v := reflect.ValueOf(value).Elem()
	return func(_ Facts, into reflect.Value) error {
		into.Set(v.Convert(into.Type()))
		return nil
	}
}

// expression reads a value of another type than text that is one "${{ }}".
func (r withReader) expression(d *yamldoc.Decoder, n *yaml.Node, t reflect.Type, enum string) setter {
	text := r.compile(d, n)
	if text == nil {
		return nil
	}
	want := phraseOf(t)
	p := text.alone()
	if p == nil {
		d.Problem(n, fmt.Sprintf("found text, expected %s", want), `a value keeps its type only when it is nothing but one "${{ }}"`)
		return nil
	}
	if p.typ != anyType && !convertible(p.typ, t) {
		d.Problem(n, fmt.Sprintf("the expression is %s, expected %s", typeName(p.typ), want), "")
		return nil
	}
	return func(f Facts, into reflect.Value) error {
		v, err := p.run(f)
		if err != nil {
			return err
		}
		if !assign(into, v) {
			return &EvalError{Source: p.source, Message: fmt.Sprintf("the result is %s, expected %s", describe(v), want)}
		}
		return checkRendered(into, enum)
	}
}

func (r withReader) text(d *yamldoc.Decoder, n *yaml.Node, enum string) setter {
	text := r.compile(d, n)
	if text == nil {
		return nil
	}
	if text.isFixed() && enum != "" && !slices.Contains(strings.Split(enum, ","), text.fixed()) {
		allowed := strings.Split(enum, ",")
		d.Problem(n, fmt.Sprintf("found %q, expected one of: %s", clipTo(text.fixed(), 60), strings.Join(allowed, ", ")), yamldoc.Suggest(text.fixed(), allowed))
	}
	return func(f Facts, into reflect.Value) error {
		s, err := text.Render(f)
		if err != nil {
			return err
		}
		into.SetString(s)
		return checkRendered(into, enum)
	}
}

// compile reads text that may hold expressions. It gives nil after telling a problem.
func (r withReader) compile(d *yamldoc.Decoder, n *yaml.Node) *Text {
	if !isText(n) {
		var s string
		d.Decode(n, &s) // tells what was found
		return nil
	}
	text, err := compileText(n.Value, r.scope)
	if err != nil {
		r.file.tell(d, n, err)
		return nil
	}
	if text.isFixed() {
		if err := checkText(text.fixed()); err != nil {
			d.Problem(n, err.Error(), "")
			return nil
		}
	}
	return text
}

func (r withReader) script(d *yamldoc.Decoder, n *yaml.Node) setter {
	if isText(n) && strings.Contains(strings.ReplaceAll(n.Value, "$${{", ""), "${{") {
		d.Problem(n, `"${{ }}" is not allowed inside a script`, `pass the value through "env" and read it there as "$NAME"`)
		return nil
	}
	return r.text(d, n, "")
}

func (r withReader) command(d *yamldoc.Decoder, n *yaml.Node) setter {
	if n.Kind != yaml.SequenceNode {
		d.Problem(n, "a command is a list of arguments", "write [program, argument, ...]; each one stays one argument, whatever it holds")
		return nil
	}
	if len(n.Content) == 0 {
		d.Problem(n, "an empty command", "")
		return nil
	}
	if program := n.Content[0]; isText(program) && !r.fromPeople(program.Value) {
		d.AtIndex(0).Problem(program, "the program of a command cannot come from an alert or a step", `write it out, or use an input without "from"`)
	}
	return r.list(d, n, stringSliceType, "")
}

// fromPeople says whether a text holds only what the scenario's and the customer's files say. A text with a mistake,
// which is told elsewhere, counts as such.
func (r withReader) fromPeople(source string) bool {
	text, err := compileText(source, r.scope)
	if err != nil {
		return true
	}
	for _, p := range text.parts {
		if p.expr != nil && slices.ContainsFunc(p.expr.reads, func(p path) bool {
			return p[0] != "customer" && (len(p) < 2 || p[0] != "inputs" || r.scope.model.alert[p[1]])
		}) {
			return false
		}
	}
	return true
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r withReader) environment(d *yamldoc.Decoder, n *yaml.Node) setter {
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			if key := n.Content[i]; !variableName.MatchString(key.Value) && !strings.Contains(key.Value, "${{") {
				d.At(key.Value).Problem(key, fmt.Sprintf("%q cannot be the name of an environment variable", clipTo(key.Value, 60)), "use letters, digits and _")
			}
		}
	}
	return r.mapping(d, n, stringStringType, "")
}

func (r withReader) list(d *yamldoc.Decoder, n *yaml.Node, t reflect.Type, enum string) setter {
	if n.Kind != yaml.SequenceNode {
		d.Problem(n, "expected a list", "")
		return nil
	}
	items := make([]setter, len(n.Content))
	for i, item := range n.Content {
		items[i] = r.value(d.AtIndex(i), item, t.Elem(), enum)
	}
	return func(f Facts, into reflect.Value) error {
		list := reflect.MakeSlice(t, len(items), len(items))
		for i, set := range items {
			if err := set(f, list.Index(i)); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		into.Set(list.Convert(into.Type()))
		return nil
	}
}

func (r withReader) mapping(d *yamldoc.Decoder, n *yaml.Node, t reflect.Type, enum string) setter {
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "expected a mapping (key: value)", "")
		return nil
	}
	var keys []string
	var items []setter
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if strings.Contains(key, "${{") {
			d.At(key).Problem(n.Content[i], `"${{ }}" is not allowed in a key`, "")
		}
		keys = append(keys, key)
		items = append(items, r.value(d.At(key), n.Content[i+1], t.Elem(), enum))
	}
	return func(f Facts, into reflect.Value) error {
		m := reflect.MakeMapWithSize(into.Type(), len(keys))
		for i, key := range keys {
			v := reflect.New(t.Elem()).Elem()
			if err := items[i](f, v); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			m.SetMapIndex(reflect.ValueOf(key), v)
		}
		into.Set(m)
		return nil
	}
}

func pointerTo(t reflect.Type, set setter) setter {
	if set == nil {
		return nil
	}
	return func(f Facts, into reflect.Value) error {
		v := reflect.New(t.Elem())
		if err := set(f, v.Elem()); err != nil {
			return err
		}
		into.Set(v)
		return nil
	}
}

// checkRendered refuses what a rendered value may not be.
func checkRendered(v reflect.Value, enum string) error {
	if enum == "" || v.Kind() != reflect.String {
		return nil
	}
	if allowed := strings.Split(enum, ","); !slices.Contains(allowed, v.String()) {
		return fmt.Errorf("%q is not one of: %s", clipTo(v.String(), 60), strings.Join(allowed, ", "))
	}
	return nil
}

func isText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!str" }
