package scenario

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/parser"
)

// Condition is a boolean expression of a scenario. It is immutable.
type Condition struct {
	source string
	terms  []*program // what "and" joins at the top level
	known  []known    // what is known of each term
	needs  Needs      // of all terms
}

// Source gives the condition as it was written.
func (c *Condition) Source() string { return c.source }

// Holds evaluates the condition.
func (c *Condition) Holds(f Facts) (bool, error) {
	failed, err := c.firstFalse(f)
	return failed == nil && err == nil, err
}

// firstFalse gives the first term that does not hold, or nil when all do.
func (c *Condition) firstFalse(f Facts) (*program, error) {
	for _, term := range c.terms {
		v, err := term.run(f)
		if err != nil {
			return term, err
		}
		holds, ok := v.(bool)
		if !ok {
			return term, &EvalError{Source: term.source, Message: "the result is " + describe(v) + ", not true or false"}
		}
		if !holds {
			return term, nil
		}
	}
	return nil, nil
}

func compileCondition(source string, s scope) (*Condition, *sourceError) {
	tree, typ, err := parseExpression(source, s)
	if err != nil {
		return nil, err
	}
	if typ != anyType && typ.Kind() != reflect.Bool {
		return nil, &sourceError{message: fmt.Sprintf("a condition must be true or false; this is %s", typeName(typ)), hint: "compare it with something"}
	}
	c := &Condition{source: source}
	parts := terms(tree.Node)
	for _, node := range parts {
		text := strings.TrimSpace(source)
		if len(parts) > 1 {
			text = node.String()
		}
		needs := whenTrue(node) // before newProgram rewrites it
		needs.text = node.String()
		c.known = append(c.known, needs)
		c.needs = append(c.needs, needs.clauses...)
		p, err := newProgram(&parser.Tree{Node: node, Source: tree.Source}, text, node.Type(), s)
		if err != nil {
			return nil, err
		}
		c.terms = append(c.terms, p)
	}
	c.needs = c.needs.tidy()
	return c, nil
}

// typeName names a static type in messages.
func typeName(t reflect.Type) string {
	switch {
	case t == timeType:
		return "a time"
	case t == durationType:
		return "a duration"
	}
	switch t.Kind() {
	case reflect.Interface:
		return "only known at run time"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64, reflect.Float32:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "a mapping"
	}
	if t.ConvertibleTo(reflect.TypeFor[int]()) {
		return "a whole number"
	}
	return "of no usable type"
}

// values tells what the program reads, for people: `alert.severity is "info"`.
func (p *program) values(f Facts) string {
	env, err := p.env(f)
	if err != nil {
		return ""
	}
	var told []string
	for _, path := range p.reads {
		var v any = env
		for _, name := range path {
			switch m := v.(type) {
			case map[string]any:
				v = m[name]
			case map[string]string:
				v = m[name]
			default:
				v = nil
			}
		}
		told = append(told, path.String()+" is "+brief(v))
		if len(told) == 5 {
			break
		}
	}
	return strings.Join(told, ", ")
}

// brief shows a value on one line, without going through a large one.
func brief(v any) string {
	const most = 80
	switch v := v.(type) {
	case nil:
		return "missing"
	case string:
		return quote(clipTo(v, most))
	case []any:
		if sizeOf(v, most) > most {
			return fmt.Sprintf("a list of %d", len(v))
		}
	case map[string]any:
		if sizeOf(v, most) > most {
			return fmt.Sprintf("a mapping of %d", len(v))
		}
	}
	if text, err := format(v); err == nil {
		return text
	}
	text, err := json.Marshal(v)
	if err != nil {
		return describe(v)
	}
	return clipTo(string(text), most)
}
