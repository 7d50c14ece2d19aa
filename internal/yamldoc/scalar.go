package yamldoc

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()

	// YAML also reads 017, 0x1f, 1_000, +1 and .5 as numbers. People do not agree on what they mean.
	plainInt   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	plainFloat = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
)

const plainHint = "write it in plain decimal digits, such as 42 or 0.5; put it in quotes if it is text"

// scalar reads a single value.
func (d *Decoder) scalar(n *yaml.Node, v reflect.Value, enum string) {
	switch {
	case v.Type() == timeType:
		d.instant(n, v)
	case v.Type() == durationType:
		d.duration(n, v)
	case v.Kind() == reflect.String:
		d.text(n, v, enum)
	case v.Kind() == reflect.Bool:
		d.boolean(n, v)
	case v.CanInt() || v.CanUint():
		d.integer(n, v)
	case v.CanFloat():
		d.float(n, v)
	default:
		panic("yamldoc: cannot decode into " + v.Type().String())
	}
}

func (d *Decoder) text(n *yaml.Node, v reflect.Value, enum string) {
	switch {
	case isText(n):
		v.SetString(n.Value)
	case n.Kind == yaml.ScalarNode && !isNull(n):
		d.Problem(n, "found "+describe(n)+", expected text", "put it in quotes")
		return
	case n.Kind == yaml.MappingNode && strings.HasPrefix(flowText(n), "{{"):
		d.Problem(n, "found a mapping, expected text", `text with "{{ }}" needs quotes`)
		return
	default:
		d.Problem(n, "found "+describeKind(n)+", expected text", emptyHint(n, `""`))
		return
	}
	if enum == "" {
		return
	}
	if allowed := strings.Split(enum, ","); !slices.Contains(allowed, n.Value) {
		d.Problem(n, fmt.Sprintf("found %q, expected one of: %s", clip(n.Value), strings.Join(allowed, ", ")), Suggest(n.Value, allowed))
	}
}

func (d *Decoder) boolean(n *yaml.Node, v reflect.Value) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false"):
		v.SetBool(n.Value == "true")
	case n.Kind == yaml.ScalarNode && slices.Contains([]string{"true", "yes", "y", "on"}, strings.ToLower(n.Value)):
		d.Problem(n, "found "+describe(n)+", expected true or false", "write true")
	case n.Kind == yaml.ScalarNode && slices.Contains([]string{"false", "no", "n", "off"}, strings.ToLower(n.Value)):
		d.Problem(n, "found "+describe(n)+", expected true or false", "write false")
	default:
		d.Problem(n, "found "+describe(n)+", expected true or false", "")
	}
}

func (d *Decoder) integer(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		d.notNumber(n, "a whole number")
		return
	}
	if !plainInt.MatchString(n.Value) {
		d.Problem(n, "found "+describe(n)+", expected a whole number", plainHint)
		return
	}
	var err error
	if v.CanInt() {
		var i int64
		i, err = strconv.ParseInt(n.Value, 10, v.Type().Bits())
		v.SetInt(i)
	} else {
		var u uint64
		u, err = strconv.ParseUint(n.Value, 10, v.Type().Bits())
		v.SetUint(u)
	}
	if err != nil {
		d.Problem(n, "found "+describe(n)+", which is out of range", "")
	}
}

func (d *Decoder) float(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!float" && n.Tag != "!!int" {
		d.notNumber(n, "a number")
		return
	}
	if !plainFloat.MatchString(n.Value) {
		d.Problem(n, "found "+describe(n)+", expected a number", plainHint)
		return
	}
	f, err := strconv.ParseFloat(n.Value, v.Type().Bits())
	if err != nil {
		d.Problem(n, "found "+describe(n)+", which is out of range", "")
		return
	}
	v.SetFloat(f)
}

func (d *Decoder) notNumber(n *yaml.Node, want string) {
	hint := ""
	if isText(n) && plainFloat.MatchString(n.Value) {
		hint = "remove the quotes"
	}
	d.Problem(n, "found "+describe(n)+", expected "+want, hint)
}

const durationHint = "write a number with its unit (ms, s, m, h), such as 90s or 1h30m"

func (d *Decoder) duration(n *yaml.Node, v reflect.Value) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		d.Problem(n, "found "+describe(n)+", expected a duration", durationHint)
		return
	}
	dur, err := time.ParseDuration(n.Value)
	if err != nil {
		hint := durationHint
		if days, ok := strings.CutSuffix(n.Value, "d"); ok {
			if i, err := strconv.ParseUint(days, 10, 16); err == nil {
				hint = fmt.Sprintf("days are not a unit; write %dh", i*24)
			}
		}
		d.Problem(n, "found "+describe(n)+", expected a duration", hint)
		return
	}
	v.SetInt(int64(dur))
}

func (d *Decoder) instant(n *yaml.Node, v reflect.Value) {
	const hint = "write it as 2026-12-01T01:00:00+09:00"
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" && n.Tag != "!!timestamp" {
		d.Problem(n, "found "+describe(n)+", expected a date and time with its zone", hint)
		return
	}
	t, err := time.Parse(time.RFC3339, n.Value)
	if err != nil {
		d.Problem(n, "found "+describe(n)+", expected a date and time with its zone", hint)
		return
	}
	v.Set(reflect.ValueOf(t))
}

func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!merge")
}

// isKey says whether the node is a key that is allowed; others were told when the document was parsed.
func isKey(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!str" && n.Value != "" }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// isEmpty says whether the node is a list, mapping or text with nothing in it.
func isEmpty(n *yaml.Node) bool {
	if n.Kind == yaml.ScalarNode {
		return n.Tag == "!!str" && strings.TrimSpace(n.Value) == ""
	}
	return n.Kind != yaml.AliasNode && len(n.Content) == 0
}

// flowText tells {{ x }} from other mappings: YAML reads it as a mapping with a mapping as its key.
func flowText(n *yaml.Node) string {
	if len(n.Content) > 0 && n.Style&yaml.FlowStyle != 0 && n.Content[0].Kind == yaml.MappingNode {
		return "{{"
	}
	return ""
}

// emptyHint says how to write "nothing" where a key has no value.
func emptyHint(n *yaml.Node, nothing string) string {
	if isNull(n) && n.LineComment != "" {
		return `"#" begins a comment; text that begins with it needs quotes`
	}
	if isNull(n) {
		return "give it a value, write " + nothing + ", or remove the key"
	}
	return ""
}

// describe says what a node is, with its value when it is a single one.
func describe(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		switch n.Tag {
		case "!!str", "!!merge":
			return "text " + strconv.Quote(clip(n.Value))
		case "!!int", "!!float":
			return "the number " + clip(n.Value)
		case "!!bool":
			return "the value " + clip(n.Value)
		case "!!timestamp":
			return "the date " + clip(n.Value)
		}
	}
	return describeKind(n)
}

// describeKind says what a node is without repeating its value, which may be a secret in the wrong place.
func describeKind(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "no value"
	case n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float"):
		return "a number"
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool":
		return "true or false"
	case n.Kind == yaml.ScalarNode && n.Tag == "!!timestamp":
		return "a date"
	}
	return "text"
}

// clip shortens text of the file so that it fits into a message.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}
