package scenario

import (
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
)

// Short names for the expression library's types of values.
type (
	exprType = types.Type
	exprMap  = types.Map
)

// children gives the nodes directly below one, in the order of the text.
func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return []ast.Node{n.Node, n.From, n.To}
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

// size gives how many nodes a tree has.
func size(n ast.Node) int {
	if isNil(n) {
		return 0
	}
	total := 1
	for _, child := range children(n) {
		total += size(child)
	}
	return total
}

// isNil says whether there is no node, also behind an interface.
func isNil(n ast.Node) bool {
	return n == nil || reflect.ValueOf(n).IsNil()
}

// terms splits a condition at its top-level "and".
func terms(n ast.Node) []ast.Node {
	if b, ok := n.(*ast.BinaryNode); ok && (b.Operator == "and" || b.Operator == "&&") {
		return append(terms(b.Left), terms(b.Right)...)
	}
	return []ast.Node{n}
}
