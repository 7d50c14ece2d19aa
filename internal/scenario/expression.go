package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"shodo/internal/yamldoc"
)

// The limits of one expression, checked when it is loaded.
const (
	maxSource = 4096 // bytes
	maxNodes  = 500  // names, values and operators
	maxCalls  = 8    // functions inside functions
)

// program is one compiled expression. It is immutable and safe for concurrent use.
type program struct {
	code        *vm.Program
	source      string // as written, or the term of a condition in normal form
	scope       scope
	reads       []path   // what it reads, in the order of the text
	roots       []string // the first names of reads
	readsAlerts bool     // whether it reads incident.alerts
	typ         reflect.Type
}

// sourceError is what is wrong with an expression, and where in its text.
type sourceError struct {
	line, column int // of the expression's text, both from 0
	message      string
	hint         string
}

// compileExpression checks the text against what the scope can read and compiles it.
func compileExpression(source string, s scope) (*program, *sourceError) {
	tree, typ, err := parseExpression(source, s)
	if err != nil {
		return nil, err
	}
	return newProgram(tree, source, typ, s)
}

// parseExpression gives the checked syntax tree and the static type of the result; any when it is only known at run
// time.
func parseExpression(source string, s scope) (*parser.Tree, reflect.Type, *sourceError) {
	if len(source) > maxSource {
		return nil, nil, &sourceError{message: fmt.Sprintf("an expression of %d bytes; at most %d are allowed", len(source), maxSource)}
	}
	if strings.TrimSpace(source) == "" {
		return nil, nil, &sourceError{message: "an empty expression"}
	}
	d := s.dialect()
	tree, err := parser.ParseWithConfig(source, d.config)
	if err != nil {
		return nil, nil, asSourceError(err, nil)
	}
	c := inspection{source: source, scope: s, env: d.env}
	if err := c.inspect(tree.Node); err != nil {
		return nil, nil, err
	}
	typ, err := checker.Check(tree, d.config)
	if err != nil {
		return nil, nil, asSourceError(err, c.known())
	}
	return tree, typ, nil
}

// newProgram compiles a checked tree, or a part of one.
func newProgram(tree *parser.Tree, source string, typ reflect.Type, s scope) (*program, *sourceError) {
	d := s.dialect()
	c := inspection{source: source, scope: s, env: d.env}
	if err := c.inspect(tree.Node); err != nil {
		return nil, err
	}
	limitCost(&tree.Node)
	code, err := compiler.Compile(tree, d.config)
	if err != nil {
		message, _, _ := strings.Cut(err.Error(), "\n") // the compiler adds a stack trace
		return nil, &sourceError{message: message}
	}
	p := &program{code: code, source: source, scope: s, reads: c.reads, typ: typ}
	for _, path := range c.reads {
		if !slices.Contains(p.roots, path[0]) {
			p.roots = append(p.roots, path[0])
		}
		if path[0] == "incident" && (len(path) == 1 || path[1] == "alerts") {
			p.readsAlerts = true
		}
	}
	return p, nil
}

// run evaluates the expression. The same facts give the same answer, also when the answer is an error.
func (p *program) run(f Facts) (any, error) {
	env, err := p.env(f)
	if err != nil {
		return nil, err
	}
	m := meter{left: CostLimit}
	env[spendName] = m.spend
	value, err := vm.Run(p.code, env)
	if err != nil {
		return nil, p.evalError(err, env)
	}
	return value, nil
}

// EvalError is an expression that could not be evaluated. It is permanent: the same facts give the same error.
type EvalError struct {
	Source  string // the expression
	Message string
	Err     error // ErrCost, or nil
}

func (e *EvalError) Error() string {
	return "evaluate " + quote(clip(e.Source)) + ": " + e.Message
}

// Unwrap gives ErrCost when the expression was stopped because of its cost.
func (e *EvalError) Unwrap() error { return e.Err }

func (p *program) evalError(err error, env map[string]any) error {
	if errors.Is(err, ErrCost) || strings.Contains(err.Error(), "memory budget exceeded") { // the library's own limit on lists
		return &EvalError{Source: p.source, Message: ErrCost.Error(), Err: ErrCost}
	}
	for _, path := range p.reads {
		if path[0] == "steps" && len(path) > 3 && path[2] == "output" {
			if step, ok := env["steps"].(map[string]any)[path[1]].(map[string]any); ok && step["output"] == nil {
				return &EvalError{Source: p.source, Message: fmt.Sprintf("%s has no output: it is %s", path[:2], step["status"])}
			}
		}
		if path[0] == "output" && env["output"] == nil {
			return &EvalError{Source: p.source, Message: "the step has no output"}
		}
	}
	message := err.Error()
	if e := (*file.Error)(nil); errors.As(err, &e) {
		message = e.Message
	}
	return &EvalError{Source: p.source, Message: clip(plainTypes(message))}
}

var (
	unknownName     = regexp.MustCompile(`^unknown name (\S+)`)
	unexpectedToken = regexp.MustCompile(`unexpected token \w+\((".*")\)`)
	unknownField    = regexp.MustCompile(`^(?:unknown field|type .* has no field) (\S+)`)
)

// asSourceError translates what the expression library says. Known are the names that a misspelt one may have meant.
func asSourceError(err error, known []string) *sourceError {
	e := &sourceError{message: plainTypes(err.Error())}
	var fe *file.Error
	if errors.As(err, &fe) {
		e.line, e.column, e.message = max(fe.Line-1, 0), fe.Column, plainTypes(fe.Message)
	}
	for _, pattern := range []*regexp.Regexp{unknownName, unknownField} {
		if m := pattern.FindStringSubmatch(e.message); m != nil {
			e.hint = yamldoc.Suggest(m[1], known)
		}
	}
	switch {
	case strings.HasPrefix(e.message, `unexpected "="`):
		e.hint = `"==" compares`
	case strings.Contains(e.message, "is not complete"):
		e.hint = `a bracket or quote is not closed; or " #" began a comment, then put the whole text in quotes`
	}
	return e
}

// plainTypes writes Go's types in the words of the language.
func plainTypes(message string) string {
	message = unexpectedToken.ReplaceAllString(message, "unexpected $1")
	return strings.TrimSpace(strings.NewReplacer(
		"unexpected token EOF", "the expression is not complete",
		"map[string]interface {}", "map", "map[string]string", "map", "[]interface {}", "list", "[]string", "list of strings",
		"interface {}", "any", "time.Time", "time", "time.Duration", "duration", "float64", "number", "<nil>", "nothing",
		"array", "list",
	).Replace(message))
}

// quote writes text so that it stays on one line.
func quote(s string) string { return strconv.Quote(s) }

// inspection looks at a syntax tree before it is compiled: what it reads, and whether it uses something that the
// language does not allow.
type inspection struct {
	source string
	scope  scope
	env    map[string]exprType
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
	if err := c.allowed(n); err != nil {
		return err
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

// clip shortens text for messages.
func clip(s string) string { return clipTo(s, 200) }
