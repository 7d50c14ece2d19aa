package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"regexp/syntax"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/checker/nature"
)

// CostLimit is what one evaluation may cost, in units of about one byte of text looked at. It is some tens of
// milliseconds of work.
const CostLimit = 32 << 20

// ErrCost stops an expression that costs more than CostLimit.
var ErrCost = errors.New("the expression costs more than an expression may, for this alert")

const (
	spendName   = "\x00spend" // cannot be written in an expression
	turnCost    = 32          // of one node inside a loop, per turn
	maxRange    = 1000        // the longest "from..to"
	maxRangeEnd = 1 << 40     // the largest end of one
	maxLiteral  = 100         // bytes of a separator, replacement or cut set
	maxPattern  = 1000        // bytes of a regular expression
	maxProgram  = 500         // instructions of a compiled one
)

// function is one of the expression library's functions that the language keeps.
type function struct {
	weight   int  // cost per byte of its first argument; 0 when it does not depend on the size
	literals bool // further arguments must be written-out text, because they multiply the cost
}

// functionNamed gives a function that expressions can call. Left out are the clock and time zones, what depends on the
// order of a map (keys, values, toPairs, groupBy), and what nobody needs to decide about an incident.
func functionNamed(name string) (function, bool) {
	switch name {
	case "all", "none", "any", "one", "filter", "map", "find": // each turn is counted
	case "len", "first", "last", "abs", "ceil", "floor", "round":
	case "count", "sum", "take", "reverse", "int", "float", "duration", "trimPrefix", "trimSuffix", "hasPrefix", "hasSuffix",
		"indexOf", "lastIndexOf":
		return function{weight: 1}, true
	case "min", "max", "upper", "lower":
		return function{weight: 4}, true
	case "trim":
		return function{weight: 4, literals: true}, true
	case "join", "replace":
		return function{weight: 2, literals: true}, true
	case "string", "toJSON":
		return function{weight: 8}, true
	case "split":
		return function{weight: 16}, true
	case "fromJSON":
		return function{weight: 32}, true
	default:
		return function{}, false
	}
	return function{}, true
}

// functionNames lists them, sorted.
func functionNames() []string {
	var names []string
	for _, name := range builtin.Names {
		if _, ok := functionNamed(name); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func removedHint(name string) string {
	switch name {
	case "now", "date", "timezone":
		return "the same alert must always give the same answer, so there is no clock and no time zone"
	case "keys", "values", "toPairs", "groupBy":
		return "its result depends on the order of a map, which is not fixed"
	}
	return "whoever needs more than the language has writes an action"
}

// limitCost rewrites a tree so that running it counts what it costs: every value whose size matters to an operator
// or function passes through spend, and so does each turn of a loop.
func limitCost(root *ast.Node) { ast.Walk(root, costs{}) }

type costs struct{}

// Visit is called for each node after its children.
func (costs) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		turn := spend(&ast.NilNode{}, turnCost*size(n.Node))
		n.Node = &ast.SequenceNode{Nodes: []ast.Node{turn, n.Node}}
	case *ast.BinaryNode:
		switch n.Operator {
		case "matches":
			weight, _ := patternCost(n.Right.(*ast.StringNode).Value)
			n.Left = counted(n.Left, weight)
		case "contains", "startsWith", "endsWith", "+", "==", "!=", "<", ">", "<=", ">=", "in":
			n.Left, n.Right = counted(n.Left, 1), counted(n.Right, 1)
		}
	case *ast.BuiltinNode:
		f, _ := functionNamed(n.Name)
		if f.weight == 0 {
			return
		}
		weight := f.weight
		for i, arg := range n.Arguments {
			if s, ok := arg.(*ast.StringNode); ok && i > 0 && f.literals {
				weight += f.weight * len(s.Value)
			}
		}
		for i, arg := range n.Arguments {
			if _, predicate := arg.(*ast.PredicateNode); !predicate {
				n.Arguments[i] = counted(arg, weight)
			}
		}
	}
}

// counted makes a value pass through spend, unless its size is fixed.
func counted(n ast.Node, weight int) ast.Node {
	if isWrittenOut(n) {
		return n
	}
	switch t := n.Type(); {
	case t == timeType, t == durationType, t.Kind() == reflect.Bool, t.Kind() == reflect.Int, t.Kind() == reflect.Float64:
		return n
	}
	return spend(n, weight)
}

func isWrittenOut(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.NilNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode:
		return true
	case *ast.ArrayNode:
		return !slices.ContainsFunc(n.Nodes, func(e ast.Node) bool { return !isWrittenOut(e) })
	}
	return false
}

func spend(n ast.Node, weight int) ast.Node {
	callee := &ast.IdentifierNode{Value: spendName}
	callee.SetNature(nature.FromType(reflect.TypeFor[func(...any) any]()))
	call := &ast.CallNode{Callee: callee, Arguments: []ast.Node{n, &ast.ConstantNode{Value: weight}}}
	call.SetLocation(n.Location())
	return call
}

// meter is what one evaluation may still cost.
type meter struct{ left int }

// spend takes off what looking at the value costs and gives the value back. Its arguments are the value and the cost
// per unit of size.
func (m *meter) spend(args ...any) any {
	weight := args[1].(int)
	m.left -= weight * (1 + sizeOf(args[0], m.left/weight))
	if m.left < 0 {
		panic(ErrCost)
	}
	return args[0]
}

// sizeOf gives about how many bytes a value has, and stops counting past the limit.
func sizeOf(v any, limit int) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []string:
		total := 0
		for _, s := range v {
			total += 1 + len(s)
		}
		return total
	case map[string]string:
		total := 0
		for k, s := range v {
			total += 1 + len(k) + len(s)
		}
		return total
	case []any:
		total := 0
		for _, e := range v {
			if total += 1 + sizeOf(e, limit-total); total > limit {
				break
			}
		}
		return total
	case map[string]any:
		total := 0
		for k, e := range v {
			if total += 1 + len(k) + sizeOf(e, limit-total); total > limit {
				break
			}
		}
		return total
	}
	return 1
}

// patternCost gives what matching one byte of text against the pattern costs. Go's regular expressions never need
// more than text times program.
func patternCost(pattern string) (int, error) {
	if len(pattern) > maxPattern {
		return 0, fmt.Errorf("a pattern of %d bytes; at most %d are allowed", len(pattern), maxPattern)
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return 0, fmt.Errorf("not a regular expression: %w", err)
	}
	prog, err := syntax.Compile(re.Simplify())
	if err != nil {
		return 0, fmt.Errorf("not a regular expression: %w", err)
	}
	if len(prog.Inst) > maxProgram {
		return 0, errors.New("a pattern that is too costly; it repeats too much")
	}
	return 4 + len(prog.Inst), nil
}
