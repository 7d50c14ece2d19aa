package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
)

var (
	timeType         = reflect.TypeFor[time.Time]()
	durationType     = reflect.TypeFor[time.Duration]()
	ourDurationType  = reflect.TypeFor[Duration]()
	rawType          = reflect.TypeFor[json.RawMessage]()
	commandType      = reflect.TypeFor[Command]()
	scriptType       = reflect.TypeFor[Script]()
	envType          = reflect.TypeFor[Env]()
	urlType          = reflect.TypeFor[URL]()
	anyType          = reflect.TypeFor[any]()
	stringSliceType  = reflect.TypeFor[[]string]()
	stringStringType = reflect.TypeFor[map[string]string]()
)

// outputType gives the type that expressions see of an action's Go output: the fields by the names of their json
// tags.
func outputType(t reflect.Type) types.Type {
	switch {
	case t == nil || t == rawType:
		return types.Any
	case t == timeType:
		return types.TypeOf(time.Time{})
	case t == durationType, t == ourDurationType:
		return types.TypeOf(time.Duration(0))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return types.Any // may be nil
	case reflect.String:
		return types.String
	case reflect.Bool:
		return types.Bool
	case reflect.Float32, reflect.Float64:
		return types.Float64
	case reflect.Struct:
		m := types.Map{}
		for _, f := range jsonFields(t) {
			m[f.name] = outputType(f.typ)
		}
		return m
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.String {
			return types.TypeOf([]string{})
		}
		return types.Array(outputType(t.Elem()))
	case reflect.Map:
		if t.Elem().Kind() == reflect.String {
			return types.TypeOf(map[string]string{})
		}
		return types.TypeOf(map[string]any{})
	}
	if t.ConvertibleTo(reflect.TypeFor[int]()) {
		return types.Int
	}
	return types.Any
}

// plain gives the value that outputType describes.
func plain(v reflect.Value) any {
	t := v.Type()
	switch {
	case t == rawType:
		var value any
		if json.Unmarshal(v.Bytes(), &value) != nil {
			return nil
		}
		return value
	case t == timeType:
		return v.Interface().(time.Time).UTC()
	case t == durationType, t == ourDurationType:
		return time.Duration(v.Int())
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Struct:
		m := map[string]any{}
		for _, f := range jsonFields(t) {
			m[f.name] = plain(v.FieldByIndex(f.index))
		}
		return m
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.String {
			list := make([]string, v.Len())
			for i := range list {
				list[i] = v.Index(i).String()
			}
			return list
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		if t.Elem().Kind() == reflect.String {
			m := map[string]string{}
			for _, k := range v.MapKeys() {
				m[k.String()] = v.MapIndex(k).String()
			}
			return m
		}
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = plain(v.MapIndex(k))
		}
		return m
	}
	if v.CanInt() {
		return int(v.Int())
	}
	if v.CanUint() {
		return int(v.Uint())
	}
	return nil
}

// decodeOutput reads an action's stored output. No output gives nil.
func decodeOutput(data []byte, t reflect.Type) (any, error) {
	if len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	v := reflect.New(t)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, fmt.Errorf("read a step's output as %s: %w", t, err)
	}
	return plain(v.Elem()), nil
}

// jsonField is one field of a struct as encoding/json names it.
type jsonField struct {
	name  string
	index []int
	typ   reflect.Type
	tag   reflect.StructTag
}

// jsonFields gives the fields of a struct in their order. Embedded structs without a name are flattened, as
// encoding/json does.
func jsonFields(t reflect.Type) []jsonField {
	var fields []jsonField
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields = append(fields, jsonField{name: name, index: f.Index, typ: f.Type, tag: f.Tag})
	}
	return fields
}
