package scenario

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"shodo/internal/incident"
)

// Needs is what must be so for a scenario to match: every clause. It says less than the match itself, never more: what
// is not understood needs nothing. So an incident that does not meet a clause does not match, and one that meets all
// may match or not. An index and the checks of a catalog are made of it.
type Needs []Clause

// Clause is met when one of its tests passes. One without tests is never met.
type Clause []Test

// Test looks at one field of the facts.
type Test struct {
	Field Field
	Kind  TestKind
	Text  string
}

// TestKind says how a test compares the field with its text.
type TestKind int

// The kinds.
const (
	Is        TestKind = iota // the field is the text
	Holds                     // the field holds the text somewhere
	HoldsFold                 // the same, whatever the case of letters; Text is as [Fold] gives it
)

// The sizes to which needs are kept. What goes beyond is left out, which is always right.
const (
	maxClauses = 16  // of one condition
	maxTests   = 200 // of one clause
)

// Needs gives what an incident needs for the scenario to match it.
func (s *Scenario) Needs() Needs {
	return slices.Concat(s.Match.serviceNeeds(), s.Match.needs())
}

// MayMeet says whether the facts meet all clauses.
func (n Needs) MayMeet(f Facts) bool {
	return !slices.ContainsFunc(n, func(c Clause) bool { return !c.meets(f) })
}

// MayMeetCustomer says whether incidents of the customer can meet the clauses that are about the customer alone.
func (n Needs) MayMeetCustomer(c incident.Customer) bool {
	return !slices.ContainsFunc(n, func(clause Clause) bool {
		about := !slices.ContainsFunc(clause, func(t Test) bool { return !strings.HasPrefix(string(t.Field), "customer.") })
		return len(clause) > 0 && about && !clause.meets(Facts{Customer: c})
	})
}

func (c Clause) meets(f Facts) bool {
	return slices.ContainsFunc(c, func(t Test) bool {
		text, ok := f.Text(t.Field)
		return ok && t.passes(text)
	})
}

func (t Test) passes(text string) bool {
	switch t.Kind {
	case Holds:
		return strings.Contains(text, t.Text)
	case HoldsFold:
		return strings.Contains(Fold(text), t.Text)
	}
	return text == t.Text
}

// Never says whether no incident can meet the clauses.
func (n Needs) Never() bool {
	return slices.ContainsFunc(n, func(c Clause) bool { return len(c) == 0 })
}

// serviceNeeds says what match.service needs. A pattern fits the id, or as a glob the name.
func (m Match) serviceNeeds() Needs {
	if len(m.Service) == 0 {
		return nil
	}
	var c Clause
	for _, p := range m.Service {
		c = append(c, Test{serviceID, Is, p})
		if !strings.ContainsAny(p, "*?") {
			c = append(c, Test{serviceNameField, Is, p})
			continue
		}
		part := longest(strings.FieldsFunc(p, func(r rune) bool { return r == '*' || r == '?' }))
		if part == "" {
			return nil // every name fits
		}
		c = append(c, Test{serviceNameField, Holds, part})
	}
	return Needs{c}
}

func longest(texts []string) string {
	most := ""
	for _, t := range texts {
		if len(t) > len(most) {
			most = t
		}
	}
	return most
}

// known is what is known of when a part of an expression is true.
type known struct {
	clauses Needs
	exact   bool   // whether it is true exactly when the clauses are met, and cannot fail
	text    string // of a term of a condition: the expression in normal form
}

// whenTrue says what is needed for the node to be true. Errors are not true.
func whenTrue(n ast.Node) known {
	switch n := n.(type) {
	case *ast.BoolNode:
		if n.Value {
			return known{exact: true}
		}
		return known{clauses: Needs{{}}, exact: true}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return whenFalse(n.Node)
		}
	case *ast.ConditionalNode:
		return either(both(whenTrue(n.Cond), whenTrue(n.Exp1)), both(whenFalse(n.Cond), whenTrue(n.Exp2)))
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return both(whenTrue(n.Left), whenTrue(n.Right))
		case "or", "||":
			return either(whenTrue(n.Left), whenTrue(n.Right))
		}
		return comparison(n)
	}
	return known{}
}

// whenFalse says what is needed for the node to be false.
func whenFalse(n ast.Node) known {
	switch n := n.(type) {
	case *ast.BoolNode:
		return whenTrue(&ast.BoolNode{Value: !n.Value})
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return whenTrue(n.Node)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return either(whenFalse(n.Left), whenFalse(n.Right))
		case "or", "||":
			return both(whenFalse(n.Left), whenFalse(n.Right))
		case "!=":
			return whenTrue(&ast.BinaryNode{Operator: "==", Left: n.Left, Right: n.Right})
		}
	}
	return known{}
}

// both joins by "and".
func both(a, b known) known {
	k := known{clauses: slices.Concat(a.clauses, b.clauses).tidy(), exact: a.exact && b.exact}
	if len(k.clauses) > maxClauses {
		k.clauses, k.exact = k.clauses[:maxClauses], false
	}
	return k
}

// either joins by "or": one side's clauses are met, so of each pair of their clauses one is.
func either(a, b known) known {
	k := known{exact: a.exact && b.exact}
	for _, left := range a.clauses {
		for _, right := range b.clauses {
			if len(k.clauses) == maxClauses || len(left)+len(right) > maxTests {
				k.exact = false
				continue
			}
			k.clauses = append(k.clauses, slices.Concat(left, right))
		}
	}
	k.clauses = k.clauses.tidy()
	return k
}

// comparison understands a field beside a written-out text.
func comparison(n *ast.BinaryNode) known {
	field, text, ok := operands(n.Left, n.Right)
	switch n.Operator {
	case "==":
		if !ok {
			field, text, ok = operands(n.Right, n.Left)
		}
		if !ok {
			return both(changedCase(n.Left, n.Right), changedCase(n.Right, n.Left))
		}
		return known{clauses: Needs{{{field, Is, text}}}, exact: field.isTyped()}
	case "in":
		return among(n)
	case "contains", "startsWith", "endsWith":
		if !ok {
			return changedCase(n.Left, n.Right)
		}
		return known{clauses: Needs{{{field, Holds, text}}}, exact: n.Operator == "contains" && field.isTyped()}
	case "matches":
		if ok {
			return known{clauses: patternNeeds(field, text)}
		}
		if field, text, ok := operands(withoutCase(n.Left), n.Right); ok {
			return known{clauses: patternNeeds(field, text)}
		}
	}
	return known{}
}

// operands gives the field on one side and the text on the other one.
func operands(side, other ast.Node) (Field, string, bool) {
	text, ok := other.(*ast.StringNode)
	if !ok {
		return "", "", false
	}
	field, ok := fieldOf(side)
	return field, text.Value, ok
}

// changedCase understands lower(FIELD) or upper(FIELD) beside a written-out text.
func changedCase(side, other ast.Node) known {
	inner := withoutCase(side)
	field, text, ok := operands(inner, other)
	if !ok || inner == side {
		return known{}
	}
	return known{clauses: Needs{{foldTest(field, text)}}.withoutWild()}
}

// withoutCase gives X of lower(X) and upper(X), else the node itself.
func withoutCase(n ast.Node) ast.Node {
	if call, ok := n.(*ast.BuiltinNode); ok && (call.Name == "lower" || call.Name == "upper") && len(call.Arguments) == 1 {
		return call.Arguments[0]
	}
	return n
}

// among understands FIELD in ["a", "b"].
func among(n *ast.BinaryNode) known {
	field, ok := fieldOf(n.Left)
	list, isList := n.Right.(*ast.ArrayNode)
	if !ok || !isList || len(list.Nodes) > maxTests {
		return known{}
	}
	c := Clause{}
	for _, one := range list.Nodes {
		text, ok := one.(*ast.StringNode)
		if !ok {
			return known{}
		}
		if t := (Test{field, Is, text.Value}); !slices.Contains(c, t) {
			c = append(c, t)
		}
	}
	return known{clauses: Needs{c}, exact: field.isTyped()}
}

// foldTest is true of every text that holds the given one in any case of letters.
func foldTest(field Field, text string) Test { return Test{field, HoldsFold, Fold(text)} }

// withoutWild leaves out clauses whose texts are not sure to stay the same when folded.
func (n Needs) withoutWild() Needs {
	return slices.DeleteFunc(n, func(c Clause) bool {
		return slices.ContainsFunc(c, func(t Test) bool { return strings.ContainsRune(t.Text, '\ufffd') })
	})
}

// tidy joins what two clauses say about the same field, so that a contradiction becomes a clause without tests.
func (n Needs) tidy() Needs {
	var list Needs
	for _, c := range n {
		if !slices.ContainsFunc(list, func(d Clause) bool { return slices.Equal(c, d) }) {
			list = append(list, slices.Clone(c))
		}
	}
	for i, values := range list {
		field, only := values.values()
		if !only {
			continue
		}
		for j, c := range list {
			if i != j && c.isOf(field) {
				values = slices.DeleteFunc(values, func(t Test) bool {
					return !slices.ContainsFunc(c, func(other Test) bool { return other.passes(t.Text) })
				})
			}
		}
		list[i] = values
	}
	return list
}

// values says whether the clause names the values of one field.
func (c Clause) values() (Field, bool) {
	if len(c) == 0 || slices.ContainsFunc(c, func(t Test) bool { return t.Kind != Is || t.Field != c[0].Field }) {
		return "", false
	}
	return c[0].Field, true
}

// isOf says whether all tests are of the field.
func (c Clause) isOf(field Field) bool {
	return !slices.ContainsFunc(c, func(t Test) bool { return t.Field != field })
}
