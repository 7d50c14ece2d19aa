package yamldoc

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// Unmarshaler is a type that reads its own node. It tells problems to d and returns; to read the node as a plain
// type first, it gives d.Decode a pointer to that type. It must be implemented by the pointer.
type Unmarshaler interface {
	DecodeYAML(n *yaml.Node, d *Decoder)
}

// Decoder reads nodes into Go values and collects problems. It knows where in the document it is; At and AtIndex
// give one that is further inside and adds to the same problems.
type Decoder struct {
	state *state
	path  string
}

// state is what all decoders of one document share.
type state struct {
	file     string
	problems Problems
	more     int // problems past MaxProblems
	errors   int // problems that are not warnings
}

// NewDecoder gives a decoder at the root of a document, for who has nodes already.
func NewDecoder(file string) *Decoder { return &Decoder{state: &state{file: file}} }

// Path is the key path, such as "check[0].with.url"; empty at the root.
func (d *Decoder) Path() string { return d.path }

// At gives the decoder for the value of that key.
func (d *Decoder) At(key string) *Decoder {
	return &Decoder{state: d.state, path: joinKey(d.path, key)}
}

// AtIndex gives the decoder for the element at that place of a list, from 0.
func (d *Decoder) AtIndex(i int) *Decoder {
	return &Decoder{state: d.state, path: fmt.Sprintf("%s[%d]", d.path, i)}
}

// Problem tells what is wrong at the node; the hint may be empty.
func (d *Decoder) Problem(n *yaml.Node, message, hint string) {
	d.Add(d.Place(n).Problem(message, hint))
}

// ProblemIn tells what is wrong with the value of that key in the mapping n.
func (d *Decoder) ProblemIn(n *yaml.Node, key, message, hint string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n = n.Content[i+1]
			break
		}
	}
	d.At(key).Problem(n, message, hint)
}

// Warn tells what is doubtful at the node; the hint may be empty.
func (d *Decoder) Warn(n *yaml.Node, message, hint string) { d.Add(d.Place(n).Warning(message, hint)) }

// Problems gives what was told so far, sorted.
func (d *Decoder) Problems() Problems {
	ps := append(Problems(nil), d.state.problems...)
	ps.Sort()
	if d.state.more > 0 {
		ps = append(ps, Problem{File: d.state.file, Message: fmt.Sprintf("and %d more problems", d.state.more)})
	}
	return ps
}

// Add tells a problem that was made from a Place.
func (d *Decoder) Add(p Problem) {
	if !p.Warning {
		d.state.errors++
	}
	if len(d.state.problems) >= MaxProblems {
		d.state.more++
		return
	}
	d.state.problems = append(d.state.problems, p)
}

// Place gives where the node stands, for problems that are found later.
func (d *Decoder) Place(n *yaml.Node) Place {
	return Place{File: d.state.file, Line: n.Line, Column: n.Column, Path: d.path}
}

// Place is where something was written.
type Place struct {
	File         string
	Line, Column int    // from 1
	Path         string // the key path
}

// Problem gives a problem at this place; the hint may be empty.
func (p Place) Problem(message, hint string) Problem {
	return Problem{File: p.File, Line: p.Line, Column: p.Column, Path: p.Path, Message: message, Hint: hint}
}

// Warning gives a problem at this place that is only a warning.
func (p Place) Warning(message, hint string) Problem {
	w := p.Problem(message, hint)
	w.Warning = true
	return w
}

// At gives the same place with a key added to the path.
func (p Place) At(key string) Place {
	p.Path = joinKey(p.Path, key)
	return p
}

// Places gives where the value of every key and list element of a document stands, by its key path. It is nil when
// the document cannot be read. It tells no problems; Decode does.
func Places(file string, data []byte) map[string]Place {
	var all places
	Decode(file, data, &all)
	return all
}

type places map[string]Place

func (p *places) DecodeYAML(n *yaml.Node, d *Decoder) {
	if *p == nil {
		*p = places{}
	}
	(*p)[d.Path()] = d.Place(n)
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			p.DecodeYAML(child, d.AtIndex(i))
		case n.Kind == yaml.MappingNode && i%2 == 1:
			p.DecodeYAML(child, d.At(n.Content[i-1].Value))
		}
	}
}

// Located is a value that remembers where it was written, for checks that come after decoding.
type Located[T any] struct {
	Value T
	Place Place
}

// Held is the type of the value, for who describes documents.
func (Located[T]) Held() reflect.Type { return reflect.TypeFor[T]() }

// DecodeYAML reads the value and notes its place.
func (l *Located[T]) DecodeYAML(n *yaml.Node, d *Decoder) {
	l.Place = d.Place(n)
	d.Decode(n, &l.Value)
}

// Decode reads the node into what the pointer into points to. Aliases, tags and duplicate keys are passed over in
// silence, because they were told when the document was parsed. It says whether nothing was wrong with the node; when
// something was, the value is not to be checked any further.
func (d *Decoder) Decode(n *yaml.Node, into any) bool {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic(fmt.Sprintf("yamldoc: Decode into %T; a pointer is needed", into))
	}
	before := d.state.errors
	d.decode(n, v.Elem(), "")
	return d.state.errors == before
}

var nodeType = reflect.TypeFor[yaml.Node]()

// decode reads the node into v. The enum lists the texts that are allowed, or is empty.
func (d *Decoder) decode(n *yaml.Node, v reflect.Value, enum string) {
	if n.Kind == yaml.AliasNode || n.Style&yaml.TaggedStyle != 0 {
		return
	}
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if u, ok := v.Addr().Interface().(Unmarshaler); ok {
		u.DecodeYAML(n, d)
		return
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok && v.Type() != timeType {
		var text string
		before := d.state.errors
		if d.decode(n, reflect.ValueOf(&text).Elem(), enum); d.state.errors == before {
			if err := u.UnmarshalText([]byte(text)); err != nil {
				d.Problem(n, fmt.Sprintf("found %q: %v", clip(text), err), "")
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if !v.IsNil() {
			p.Elem().Set(v.Elem()) // defaults
		}
		before := d.state.errors
		d.decode(n, p.Elem(), enum)
		if p.Elem().Kind() == reflect.Struct || d.state.errors == before { // what stands in a struct is checked all the same
			v.Set(p)
		}
	case reflect.Struct:
		if v.Type() == timeType {
			d.scalar(n, v, enum)
		} else {
			d.structure(n, v)
		}
	case reflect.Map:
		d.mapping(n, v, enum)
	case reflect.Slice:
		d.list(n, v, enum)
	case reflect.Interface:
		if v.NumMethod() > 0 {
			panic("yamldoc: cannot decode into " + v.Type().String())
		}
		if value := d.anything(n); value != nil {
			v.Set(reflect.ValueOf(value))
		} else {
			v.SetZero()
		}
	default:
		d.scalar(n, v, enum)
	}
}

func (d *Decoder) structure(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "found "+describeKind(n)+", expected a mapping (key: value)", emptyHint(n, "{}"))
		return
	}
	fields, names := fieldsOf(v.Type())
	given := make(map[string]bool, len(fields))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if !isKey(key) || given[key.Value] {
			continue
		}
		given[key.Value] = true
		if f, ok := fields[key.Value]; ok {
			d.At(key.Value).decode(value, v.FieldByIndex(f.Index), f.Tag.Get("enum"))
			if f.Tag.Get("required") == "true" && isEmpty(value) {
				d.At(key.Value).Problem(value, "it is empty", "")
			}
		} else {
			d.unknownKey(key, names)
		}
	}
	for _, name := range names {
		if fields[name].Tag.Get("required") == "true" && !given[name] {
			d.Problem(n, fmt.Sprintf("the key %q is missing", name), "")
		}
	}
}

func (d *Decoder) unknownKey(key *yaml.Node, known []string) {
	hint := ""
	if len(d.state.problems) < MaxProblems { // past it nobody reads the hint, and it is the costly part
		if hint = Suggest(key.Value, known); hint == "" && len(known) > 0 {
			hint = "known keys: " + strings.Join(known, ", ")
		}
	}
	d.At(key.Value).Problem(key, fmt.Sprintf("unknown key %q", clip(key.Value)), hint)
}

// fieldsOf gives the fields that have a key, by key, and the keys in the order of the fields.
func fieldsOf(t reflect.Type) (map[string]reflect.StructField, []string) {
	fields := map[string]reflect.StructField{}
	var names []string
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); name != "" && name != "-" && f.IsExported() {
			fields[name] = f
			names = append(names, name)
		}
	}
	return fields, names
}

func (d *Decoder) mapping(n *yaml.Node, v reflect.Value, enum string) {
	if v.Type().Key().Kind() != reflect.String {
		panic("yamldoc: cannot decode into " + v.Type().String())
	}
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "found "+describeKind(n)+", expected a mapping (key: value)", emptyHint(n, "{}"))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Content)/2))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := reflect.ValueOf(n.Content[i].Value).Convert(v.Type().Key())
		if !isKey(n.Content[i]) || v.MapIndex(key).IsValid() {
			continue
		}
		value := reflect.New(v.Type().Elem()).Elem()
		d.At(n.Content[i].Value).decode(n.Content[i+1], value, enum)
		v.SetMapIndex(key, value)
	}
}

func (d *Decoder) list(n *yaml.Node, v reflect.Value, enum string) {
	if n.Kind != yaml.SequenceNode {
		d.Problem(n, "found "+describeKind(n)+", expected a list", emptyHint(n, "[]"))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.AtIndex(i).decode(item, v.Index(i), enum)
	}
}

// anything reads the node as plain data.
func (d *Decoder) anything(n *yaml.Node) any {
	switch {
	case n.Kind == yaml.MappingNode:
		m := map[string]any{}
		d.mapping(n, reflect.ValueOf(&m).Elem(), "")
		return m
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		d.list(n, reflect.ValueOf(&list).Elem(), "")
		return list
	case isNull(n):
		return nil
	case n.Tag == "!!bool":
		var b bool
		d.scalar(n, reflect.ValueOf(&b).Elem(), "")
		return b
	case n.Tag == "!!int":
		var i int
		d.scalar(n, reflect.ValueOf(&i).Elem(), "")
		return i
	case n.Tag == "!!float":
		var f float64
		d.scalar(n, reflect.ValueOf(&f).Elem(), "")
		return f
	}
	return n.Value // text, and dates as they are written
}

// isPlainKey says whether a key is made of letters and digits of any script, "_" and "-".
func isPlainKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_' && r != '-'
	})
}

// joinKey adds a key to a path: "check[0].with" and "url" give "check[0].with.url".
func joinKey(path, key string) string {
	switch {
	case !isPlainKey(key):
		return path + "[" + strconv.Quote(clip(key)) + "]"
	case path == "":
		return clip(key)
	}
	return path + "." + clip(key)
}
