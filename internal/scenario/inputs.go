package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// Kind is the type of an input.
type Kind string

// The kinds.
const (
	StringKind   Kind = "string"
	IntKind      Kind = "int"
	NumberKind   Kind = "number"
	BoolKind     Kind = "bool"
	DurationKind Kind = "duration" // "90s"
	URLKind      Kind = "url"      // http or https, absolute
	StringsKind  Kind = "strings"  // a list of texts
)

// Input is one declared input of a scenario.
type Input struct {
	Name    string
	Kind    Kind
	Default any      // as Fill gives it; nil when there is none, and then the input must be filled
	From    string   // the expression over the alert that fills it when the customer does not; may be empty
	from    *program // From, compiled
}

// Required says whether the scenario cannot run when nobody fills the input.
func (i Input) Required() bool { return i.Default == nil }

// ErrInputs says that inputs are missing or do not fit; the message names each.
var ErrInputs = errors.New("the inputs do not fit")

func (k Kind) exprType() types.Type {
	switch k {
	case IntKind:
		return types.Int
	case NumberKind:
		return types.Float64
	case BoolKind:
		return types.Bool
	case DurationKind:
		return types.TypeOf(time.Duration(0))
	case StringsKind:
		return types.TypeOf([]string{})
	}
	return types.String
}

// phrase names the kind in messages.
func (k Kind) phrase() string {
	switch k {
	case IntKind:
		return "a whole number"
	case NumberKind:
		return "a number"
	case BoolKind:
		return "true or false"
	case DurationKind:
		return "a duration such as 90s"
	case URLKind:
		return "an http or https URL"
	case StringsKind:
		return "a list of texts"
	}
	return "text"
}

// check gives the value in the form in which it is stored and passed on: string, int, float64, bool, []string, and
// the text of a duration. It accepts what JSON makes of them.
func (k Kind) check(v any) (any, error) {
	fail := fmt.Errorf("found %s, expected %s", describe(v), k.phrase())
	switch k {
	default:
		return v, nil // an unknown kind was told when the file was decoded
	case StringKind:
		if s, ok := v.(string); ok {
			return s, checkText(s)
		}
	case IntKind:
		if i, ok := asInt(v); ok {
			return i, nil
		}
	case NumberKind:
		if f, ok := asFloat(v); ok {
			return f, nil
		}
	case BoolKind:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case DurationKind:
		if d, ok := v.(time.Duration); ok {
			return d.String(), nil
		}
		if s, ok := v.(string); ok {
			if d, err := time.ParseDuration(s); err == nil {
				return d.String(), nil
			}
		}
	case URLKind:
		if s, ok := v.(string); ok {
			return s, checkURL(s)
		}
	case StringsKind:
		if list, ok := asStrings(v); ok {
			for _, s := range list {
				if err := checkText(s); err != nil {
					return nil, err
				}
			}
			return list, nil
		}
	}
	return nil, fail
}

// value gives what expressions see of a stored value.
func (k Kind) value(v any) (any, error) {
	v, err := k.check(v)
	if err != nil || k != DurationKind {
		return v, err
	}
	return time.ParseDuration(v.(string))
}

// read is check for what an alert says: monitors often send numbers as text and the other way round.
func (k Kind) read(v any) (any, error) {
	switch s, isText := v.(string); {
	case k == StringKind:
		if text, err := format(v); err == nil {
			return text, checkText(text)
		}
	case isText && k == IntKind:
		if i, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			return i, nil
		}
	case isText && k == NumberKind:
		if f, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, nil
		}
	case isText && k == BoolKind:
		if b, err := strconv.ParseBool(strings.TrimSpace(s)); err == nil {
			return b, nil
		}
	}
	return k.check(v)
}

// Fill gives every input its value and tells where it comes from: the customer's file, else the alert, else the
// default. Given are the customer's values as plain YAML values. The error wraps ErrInputs and names every input that
// is missing or does not fit. The values keep their meaning when they travel through JSON.
func (s *Scenario) Fill(given map[string]any, f Facts) (map[string]any, []incident.Origin, error) {
	values := make(map[string]any, len(s.Inputs))
	var origins []incident.Origin
	wrong := s.CheckInputs(given)
	for _, in := range s.Inputs {
		value, from, err := in.fill(given, f)
		switch {
		case err != nil:
			wrong = append(wrong, InputProblem{Input: in.Name, Message: err.Error()})
		case from != "":
			values[in.Name] = value
			origins = append(origins, incident.Origin{Input: in.Name, From: from})
		}
	}
	if len(wrong) > 0 {
		texts := make([]string, len(wrong))
		for i, w := range wrong {
			texts[i] = w.String()
		}
		return nil, nil, fmt.Errorf("%w: %s", ErrInputs, strings.Join(texts, "; "))
	}
	return values, origins, nil
}

// fill gives no origin for a value that CheckInputs has told about.
func (i Input) fill(given map[string]any, f Facts) (any, string, error) {
	if v, ok := given[i.Name]; ok {
		value, err := i.Kind.check(v)
		if err != nil {
			return nil, "", nil
		}
		return value, "customer", nil
	}
	if i.from != nil {
		v, err := i.from.run(f)
		if err != nil {
			return nil, "", err
		}
		if v != nil && v != "" {
			value, err := i.Kind.read(v)
			if err != nil {
				return nil, "", fmt.Errorf("%s gives what does not fit: %w", i.From, err)
			}
			return value, "alert", nil
		}
	}
	if i.Default != nil {
		return i.Default, "default", nil
	}
	if i.from != nil {
		return nil, "", fmt.Errorf("is missing: the customer gives none, and the alert has no %s", i.From)
	}
	return nil, "", errors.New("is missing: the customer gives none")
}

// InputProblem is one value of a customer's "with" that does not fit the scenario.
type InputProblem struct {
	Input   string
	Message string
	Hint    string
}

// String gives the problem without its hint.
func (p InputProblem) String() string { return fmt.Sprintf("input %q %s", p.Input, p.Message) }

// CheckInputs tells which of a customer's values the scenario does not know or cannot use. Inputs that are not given
// are no problem here: the alert may fill them.
func (s *Scenario) CheckInputs(given map[string]any) []InputProblem {
	names := make([]string, len(s.Inputs))
	for i, in := range s.Inputs {
		names[i] = in.Name
	}
	var problems []InputProblem
	for _, name := range sortedKeys(given) {
		i := slices.Index(names, name)
		if i < 0 {
			hint := yamldoc.Suggest(name, names)
			if hint == "" && len(names) > 0 {
				hint = "its inputs: " + strings.Join(names, ", ")
			}
			problems = append(problems, InputProblem{Input: name, Message: fmt.Sprintf("is not known to scenario %q", s.Name), Hint: hint})
			continue
		}
		if _, err := s.Inputs[i].Kind.check(given[name]); err != nil {
			problems = append(problems, InputProblem{Input: name, Message: "does not fit: " + err.Error()})
		}
	}
	return problems
}

func checkURL(s string) error {
	if err := checkText(s); err != nil {
		return err
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return fmt.Errorf("found %s, expected %s", describe(s), URLKind.phrase())
	}
	return nil
}

// describe says what a value is, in messages.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return "the text " + quote(clipTo(v, 60))
	case bool:
		return "the value " + strconv.FormatBool(v)
	case []any, []string, []int, []float64:
		return "a list"
	case map[string]any, map[string]string:
		return "a mapping"
	case time.Time:
		return "a time"
	}
	if text, err := format(v); err == nil {
		return "the number " + text
	}
	return "something else"
}

func asInt(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case uint64:
		return int(v), v <= math.MaxInt
	case float64:
		return int(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case json.Number:
		i, err := strconv.Atoi(v.String())
		return i, err == nil
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	}
	i, ok := asInt(v)
	return float64(i), ok
}

func asStrings(v any) ([]string, bool) {
	switch v := v.(type) {
	case []string:
		return v, true
	case []any:
		list := make([]string, len(v))
		for i, e := range v {
			s, ok := e.(string)
			if !ok {
				return nil, false
			}
			list[i] = s
		}
		return list, true
	}
	return nil, false
}
