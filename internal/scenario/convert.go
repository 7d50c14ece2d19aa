package scenario

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// phraseOf names a parameter's type in messages.
func phraseOf(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == ourDurationType, t == durationType:
		return DurationKind.phrase()
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return StringsKind.phrase()
	case t.Kind() == reflect.String:
		return StringKind.phrase()
	}
	return typeName(t)
}

// convertible says whether assign can succeed for a result of the static type.
func convertible(from, to reflect.Type) bool {
	if to.Kind() == reflect.Pointer {
		to = to.Elem()
	}
	switch {
	case to == ourDurationType, to == durationType:
		return from == durationType || from.Kind() == reflect.String
	case from == durationType, from == timeType:
		return false
	}
	switch to.Kind() {
	case reflect.String:
		return from.Kind() == reflect.String
	case reflect.Bool:
		return from.Kind() == reflect.Bool
	case reflect.Float32, reflect.Float64:
		return from.Kind() == reflect.Int || from.Kind() == reflect.Float64
	case reflect.Slice:
		return from.Kind() == reflect.Slice
	case reflect.Map:
		return from.Kind() == reflect.Map
	case reflect.Struct:
		return false
	}
	return from.Kind() == reflect.Int || from.Kind() == reflect.Float64
}

// assign puts the result of an expression into a parameter, or says that it does not fit.
func assign(into reflect.Value, v any) bool {
	if v == nil {
		return false
	}
	switch into.Type() {
	case ourDurationType, durationType:
		d, ok := v.(time.Duration)
		if s, text := v.(string); text {
			parsed, err := time.ParseDuration(s)
			d, ok = parsed, err == nil
		}
		into.SetInt(int64(d))
		return ok && d >= 0
	}
	switch into.Kind() {
	case reflect.Pointer:
		p := reflect.New(into.Type().Elem())
		into.Set(p)
		return assign(p.Elem(), v)
	case reflect.String:
		s, ok := v.(string)
		into.SetString(s)
		return ok && checkText(s) == nil
	case reflect.Bool:
		b, ok := v.(bool)
		into.SetBool(b)
		return ok
	case reflect.Float32, reflect.Float64:
		f, ok := asFloat(v)
		into.SetFloat(f)
		return ok
	case reflect.Slice:
		return assignList(into, reflect.ValueOf(v))
	case reflect.Map:
		return assignMap(into, reflect.ValueOf(v))
	}
	i, ok := asInt(v)
	switch {
	case !ok:
	case into.CanInt() && !into.OverflowInt(int64(i)):
		into.SetInt(int64(i))
		return true
	case into.CanUint() && i >= 0 && !into.OverflowUint(uint64(i)):
		into.SetUint(uint64(i))
		return true
	}
	return false
}

func assignList(into, from reflect.Value) bool {
	if from.Kind() != reflect.Slice {
		return false
	}
	list := reflect.MakeSlice(into.Type(), from.Len(), from.Len())
	for i := range from.Len() {
		if !assign(list.Index(i), from.Index(i).Interface()) {
			return false
		}
	}
	into.Set(list)
	return true
}

func assignMap(into, from reflect.Value) bool {
	if from.Kind() != reflect.Map || from.Type().Key().Kind() != reflect.String {
		return false
	}
	m := reflect.MakeMapWithSize(into.Type(), from.Len())
	for _, key := range from.MapKeys() {
		v := reflect.New(into.Type().Elem()).Elem()
		if !assign(v, from.MapIndex(key).Interface()) {
			return false
		}
		m.SetMapIndex(key.Convert(into.Type().Key()), v)
	}
	into.Set(m)
	return true
}

// defaultOf gives the value that the parameter's tag states. A default that does not fit its type is a mistake in the
// engine, so it panics, at load.
func defaultOf(f jsonField) setter {
	text, ok := f.tag.Lookup("default")
	if !ok || text == "" {
		return nil
	}
	v := reflect.New(f.typ).Elem()
	if !parseInto(v, text) {
		panic(fmt.Sprintf("parameter %q: the default %q does not fit %s", f.name, text, f.typ))
	}
	return func(_ Facts, into reflect.Value) error {
		into.Set(v)
		return nil
	}
}

// parseInto reads the text of a tag.
func parseInto(v reflect.Value, text string) bool {
	switch {
	case v.Type() == ourDurationType, v.Type() == durationType:
		d, err := time.ParseDuration(text)
		v.SetInt(int64(d))
		return err == nil
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return parseInto(v.Elem(), text)
	case v.Kind() == reflect.String:
		v.SetString(text)
		return true
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err == nil
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
		return err == nil
	case v.CanFloat():
		x, err := strconv.ParseFloat(text, 64)
		v.SetFloat(x)
		return err == nil
	case v.Kind() == reflect.Slice:
		for part := range strings.SplitSeq(text, ",") {
			e := reflect.New(v.Type().Elem()).Elem()
			if !parseInto(e, strings.TrimSpace(part)) {
				return false
			}
			v.Set(reflect.Append(v, e))
		}
		return true
	}
	return false
}
