package scenario

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"

	"shodo/internal/yamldoc"
)

// inspection looks at a syntax tree before it is compiled: what it reads, and whether it uses something that the
// language does not allow.
type inspection struct {
	source string
	scope  scope
	env    map[string]exprType
	passed bool // it was inspected before, and nothing was wrong: only reads is wanted
	reads  []path
	let    []string
	calls  int
}

func (c *inspection) inspect(n ast.Node) *sourceError {
	if isNil(n) {
		return nil
	}
	if p, done, err := c.chain(n); err != nil {
		return err
	} else if done {
		if !slices.ContainsFunc(c.reads, func(q path) bool { return slices.Equal(p, q) }) {
			c.reads = append(c.reads, p)
		}
		return nil
	}
	if !c.passed {
		if err := c.allowed(n); err != nil {
			return err
		}
	}
	if _, call := n.(*ast.BuiltinNode); call {
		if c.calls++; c.calls > maxCalls {
			return c.errorAt(n, fmt.Sprintf("more than %d functions inside each other", maxCalls), "")
		}
		defer func() { c.calls-- }()
	}
	if let, ok := n.(*ast.VariableDeclaratorNode); ok {
		if err := c.inspect(let.Value); err != nil {
			return err
		}
		c.let = append(c.let, let.Name)
		defer func() { c.let = c.let[:len(c.let)-1] }()
		return c.inspect(let.Expr)
	}
	for _, child := range children(n) {
		if err := c.inspect(child); err != nil {
			return err
		}
	}
	return nil
}

// chain resolves names joined by dots, such as steps.journal.output.stdout, as far as they are written out.
func (c *inspection) chain(n ast.Node) (path, bool, *sourceError) {
	p, err := c.resolve(n)
	return p, p != nil, err
}

func (c *inspection) resolve(n ast.Node) (path, *sourceError) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return c.resolve(n.Node)
	case *ast.IdentifierNode:
		if slices.Contains(c.let, n.Value) {
			return nil, nil
		}
		if _, ok := c.env[n.Value]; ok {
			return path{n.Value}, nil
		}
		return nil, c.unknownName(n)
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok {
			return nil, nil
		}
		base, err := c.resolve(n.Node)
		if base == nil || err != nil {
			return nil, err
		}
		p := append(slices.Clone(base), name.Value)
		return p, c.unknownField(n, base, name)
	}
	return nil, nil
}

// typeOf gives the type at the end of a path, or nil when it is only known at run time.
func (c *inspection) typeOf(p path) exprType {
	t := c.env[p[0]]
	for _, name := range p[1:] {
		m, ok := t.(exprMap)
		if !ok {
			return nil
		}
		t = m[name]
	}
	return t
}

func (c *inspection) unknownName(n *ast.IdentifierNode) *sourceError {
	if why := c.scope.missingName(n.Value); why != "" {
		return c.errorAt(n, fmt.Sprintf("%q cannot be read here", n.Value), why)
	}
	names := sortedKeys(c.env)
	hint := yamldoc.Suggest(n.Value, names)
	if hint == "" {
		hint = "known names: " + strings.Join(names, ", ")
	}
	return c.errorAt(n, fmt.Sprintf("unknown name %q", n.Value), hint)
}

func (c *inspection) unknownField(n *ast.MemberNode, base path, name *ast.StringNode) *sourceError {
	fields, ok := c.typeOf(base).(exprMap)
	if !ok {
		return nil
	}
	if _, ok := fields[name.Value]; ok {
		return nil
	}
	if base.String() == "steps" {
		if _, exists := c.scope.model.steps[name.Value]; exists {
			return c.errorAt(name, fmt.Sprintf("step %q cannot be read here", name.Value), "only steps that have run before can be read")
		}
	}
	known := sortedKeys(fields)
	hint := yamldoc.Suggest(name.Value, known)
	switch {
	case hint == "" && len(known) == 0:
		hint = base.String() + " has no fields here"
	case hint == "":
		hint = "known: " + strings.Join(known, ", ")
	}
	return c.errorAt(name, fmt.Sprintf("%s has no %q", base, name.Value), hint)
}

// allowed says what the language leaves out of the expression library.
func (c *inspection) allowed(n ast.Node) *sourceError {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return c.builtinAllowed(n)
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.errorAt(n, fmt.Sprintf("unknown function %q", name.Value), yamldoc.Suggest(name.Value, functionNames()))
		}
		for _, child := range children(n.Callee) {
			if err := c.inspect(child); err != nil {
				return err
			}
		}
		return c.errorAt(n, "only functions can be called, not fields", "")
	case *ast.MemberNode:
		if base, err := c.resolve(n.Node); err == nil && len(base) == 1 && (base[0] == "steps" || base[0] == "inputs") {
			return c.errorAt(n, base[0]+"[...] needs a name that is written out", "write "+base[0]+".NAME")
		}
	case *ast.BinaryNode:
		return c.binaryAllowed(n)
	}
	return nil
}

func (c *inspection) binaryAllowed(n *ast.BinaryNode) *sourceError {
	switch n.Operator {
	case "..":
		from, ok1 := n.Left.(*ast.IntegerNode)
		to, ok2 := n.Right.(*ast.IntegerNode)
		if !ok1 || !ok2 || to.Value-from.Value >= maxRange || from.Value < -maxRangeEnd || to.Value > maxRangeEnd {
			return c.errorAt(n, fmt.Sprintf(`".." needs two written-out numbers, at most %d apart`, maxRange), "")
		}
	case "matches":
		pattern, ok := n.Right.(*ast.StringNode)
		if !ok {
			return c.errorAt(n, `the pattern of "matches" must be written out`, "a pattern that comes from an alert or an input could be made to cost anything")
		}
		if _, err := patternCost(pattern.Value); err != nil {
			return c.errorAt(n.Right, err.Error(), "")
		}
	}
	return nil
}

func (c *inspection) builtinAllowed(n *ast.BuiltinNode) *sourceError {
	f, ok := functionNamed(n.Name)
	if !ok {
		return c.errorAt(n, fmt.Sprintf("function %q is not available", n.Name), removedHint(n.Name))
	}
	if f.literals {
		for _, arg := range n.Arguments[min(1, len(n.Arguments)):] {
			if s, ok := arg.(*ast.StringNode); !ok || len(s.Value) > maxLiteral {
				return c.errorAt(n, fmt.Sprintf("%s needs written-out text of at most %d bytes after its first argument", n.Name, maxLiteral), "")
			}
		}
	}
	return nil
}

// known lists all fields of all roots, for hints.
func (c *inspection) known() []string {
	var names []string
	for _, root := range sortedKeys(c.env) {
		names = append(names, root)
		if m, ok := c.env[root].(exprMap); ok {
			names = append(names, sortedKeys(m)...)
		}
	}
	return names
}

func (c *inspection) errorAt(n ast.Node, message, hint string) *sourceError {
	e := (&file.Error{Location: n.Location()}).Bind(file.NewSource(c.source))
	return &sourceError{line: max(e.Line-1, 0), column: e.Column, message: message, hint: hint}
}
