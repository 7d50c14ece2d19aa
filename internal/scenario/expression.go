package scenario

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	c := inspection{source: source, scope: s, env: d.env, passed: true}
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
		"compilation failed: expression exceeds maximum allowed nodes", fmt.Sprintf("more than %d names, values and operators", maxNodes),
		"map[string]interface {}", "map", "map[string]string", "map", "[]interface {}", "list", "[]string", "list of strings",
		"interface {}", "any", "time.Time", "time", "time.Duration", "duration", "float64", "number", "<nil>", "nothing",
		"array", "list",
	).Replace(message))
}

// quote writes text so that it stays on one line.
func quote(s string) string { return strconv.Quote(s) }

// clip shortens text for messages.
func clip(s string) string { return clipTo(s, 200) }
