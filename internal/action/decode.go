package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"shodo/internal/scenario"
)

// field is one parameter or output, read from its struct tags.
type field struct {
	index    int
	key      string
	doc      string
	typ      reflect.Type
	required bool
	def      string   // the default's text
	hasDef   bool     //
	enum     []string // what is allowed; empty: anything
}

var durationType = reflect.TypeFor[scenario.Duration]()

// fields reads the tags of a parameter or output struct.
func fields(t reflect.Type) []field {
	out := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		def, hasDef := f.Tag.Lookup("default")
		one := field{index: i, key: key, doc: f.Tag.Get("doc"), typ: f.Type,
			required: f.Tag.Get("required") == "true", def: def, hasDef: hasDef}
		if enum := f.Tag.Get("enum"); enum != "" {
			one.enum = strings.Split(enum, ",")
		}
		out = append(out, one)
	}
	return out
}

// checkStruct finds what is wrong with a parameter or output struct: a field that cannot be used or is not documented,
// or a default that does not fit.
func checkStruct(t reflect.Type) error {
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("%s is not a struct", t)
	}
	for _, f := range fields(t) {
		switch {
		case !t.Field(f.index).IsExported(), f.key == "":
			return fmt.Errorf("%s.%s has no json key", t, t.Field(f.index).Name)
		case f.doc == "":
			return fmt.Errorf("%s.%s has no doc tag", t, t.Field(f.index).Name)
		case typeName(f.typ) == "":
			return fmt.Errorf("%s.%s is a %s, which the language does not have", t, t.Field(f.index).Name, f.typ)
		}
		if f.hasDef {
			if err := setText(reflect.New(f.typ).Elem(), f.def); err != nil {
				return fmt.Errorf("%s.%s: default: %w", t, t.Field(f.index).Name, err)
			}
		}
	}
	return nil
}

// decode reads a JSON object into a parameter struct: strictly, with defaults, all problems at once. A null counts as
// not given.
func decode(raw json.RawMessage, into reflect.Value) error {
	given := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(raw)) > 0 {
		if err := json.Unmarshal(raw, &given); err != nil {
			return fmt.Errorf("not a JSON object: %w", err)
		}
	}
	var errs []error
	for _, f := range fields(into.Type()) {
		value, ok := given[f.key]
		delete(given, f.key)
		if ok && string(value) == "null" {
			ok = false
		}
		if err := f.set(into.Field(f.index), value, ok); err != nil {
			errs = append(errs, fmt.Errorf("%q: %w", f.key, err))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		errs = append(errs, fmt.Errorf("%.60q: unknown parameter", key))
	}
	return oneLine(errs)
}

// oneLine joins errors with semicolons: an action's error is shown in tables and notes.
func oneLine(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}

func (f field) set(into reflect.Value, raw json.RawMessage, given bool) error {
	switch {
	case !given && f.required:
		return errors.New("required")
	case !given && f.hasDef:
		return setText(into, f.def)
	case !given:
		return nil
	case f.typ == durationType:
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return fmt.Errorf("want a duration such as \"10s\"")
		}
		return setText(into, text)
	}
	if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
		return fmt.Errorf("want %s", typeName(f.typ)) // the decoder's own text would repeat the value
	}
	if len(f.enum) > 0 && !slices.Contains(f.enum, into.String()) {
		return fmt.Errorf("is %.60q, want one of %s", into.String(), strings.Join(f.enum, ", "))
	}
	return nil
}

// setText sets a field from a default's text.
func setText(into reflect.Value, text string) error {
	if into.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 {
			return fmt.Errorf("is %.60q, want a duration such as \"10s\"", text)
		}
		into.SetInt(int64(d))
		return nil
	}
	switch into.Kind() {
	case reflect.String:
		into.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return err
		}
		into.SetBool(b)
	case reflect.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return err
		}
		into.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		into.SetFloat(n)
	default:
		return fmt.Errorf("a %s cannot have a default", into.Type())
	}
	return nil
}

// typeName is the scenario language's name of a Go type, or empty when it has none.
func typeName(t reflect.Type) string {
	switch t {
	case durationType:
		return "duration"
	case reflect.TypeFor[scenario.Command]():
		return "command"
	case reflect.TypeFor[scenario.Script]():
		return "script"
	case reflect.TypeFor[scenario.Env]():
		return "env"
	case reflect.TypeFor[scenario.URL]():
		return "url"
	case reflect.TypeFor[[]string]():
		return "list of string"
	case reflect.TypeFor[map[string]string]():
		return "map of string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int64:
		return "int"
	case reflect.Float64:
		return "float"
	}
	return ""
}
