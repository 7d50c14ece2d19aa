package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxText is how long in bytes a text may become when it is rendered.
const MaxText = 64 << 10

// ErrText says that a rendered text is longer than MaxText or holds a NUL byte.
var ErrText = errors.New("unusable text")

// maxExpressions is how many expressions one text may hold.
const maxExpressions = 100

// Text is a text of a scenario that may hold "${{ }}". It is immutable.
type Text struct {
	source string
	parts  []part
}

// part is fixed text or an expression.
type part struct {
	fixed string
	expr  *program
}

// Source gives the text as it was written.
func (t *Text) Source() string { return t.source }

// Render puts the values of the expressions into the text.
func (t *Text) Render(f Facts) (string, error) {
	return t.render(f, func(_ int, value string) (string, error) { return value, nil })
}

// render passes each expression's value through escape, which also gets the place of its part.
func (t *Text) render(f Facts, escape func(i int, value string) (string, error)) (string, error) {
	var b strings.Builder
	for i, p := range t.parts {
		if p.expr == nil {
			b.WriteString(p.fixed)
			continue
		}
		v, err := p.expr.run(f)
		if err != nil {
			return "", err
		}
		s, err := format(v)
		if err == nil {
			s, err = escape(i, s)
		}
		if err != nil {
			return "", &EvalError{Source: p.expr.source, Message: err.Error()}
		}
		b.WriteString(s)
		if b.Len() > MaxText {
			break
		}
	}
	return b.String(), checkText(b.String())
}

// alone gives the expression when the text is nothing but one.
func (t *Text) alone() *program {
	if len(t.parts) == 1 {
		return t.parts[0].expr
	}
	return nil
}

// isFixed says whether the text holds no expression.
func (t *Text) isFixed() bool {
	return len(t.parts) == 0 || len(t.parts) == 1 && t.parts[0].expr == nil
}

// fixed gives the text when it holds no expression.
func (t *Text) fixed() string {
	if len(t.parts) == 0 {
		return ""
	}
	return t.parts[0].fixed
}

// compileText finds the expressions of a text and compiles them. "$${{" stands for a written "${{".
func compileText(source string, s scope) (*Text, *sourceError) {
	t := &Text{source: source}
	fixed := strings.Builder{}
	count := 0
	for rest := source; rest != ""; {
		before, after, found := strings.Cut(rest, "${{")
		if !found {
			fixed.WriteString(rest)
			break
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			fixed.WriteString(escaped + "${{")
			rest = after
			continue
		}
		fixed.WriteString(before)
		if count++; count > maxExpressions {
			return nil, &sourceError{message: fmt.Sprintf("more than %d expressions in one text", maxExpressions)}
		}
		offset := len(source) - len(after)
		end := endOfExpression(after)
		if end < 0 {
			return nil, (&sourceError{message: `"${{" is not closed`, hint: `close it with "}}", or write "$${{" when it is meant as text`}).moved(source[:offset-3])
		}
		p, err := compileExpression(after[:end], s)
		if err != nil {
			return nil, err.moved(source[:offset])
		}
		p.source = strings.TrimSpace(p.source)
		if fixed.Len() > 0 {
			t.parts = append(t.parts, part{fixed: fixed.String()})
			fixed.Reset()
		}
		t.parts = append(t.parts, part{expr: p})
		rest = after[end+2:]
	}
	if fixed.Len() > 0 {
		t.parts = append(t.parts, part{fixed: fixed.String()})
	}
	return t, nil
}

// endOfExpression finds the "}}" that closes an expression, past those inside quotes and mappings.
func endOfExpression(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"', '\'', '`':
			for i++; i < len(s) && s[i] != c; i++ {
				if s[i] == '\\' && c != '`' {
					i++
				}
			}
		case '{':
			depth++
		case '}':
			if depth == 0 && strings.HasPrefix(s[i:], "}}") {
				return i
			}
			depth--
		}
	}
	return -1
}

// moved shifts the place of an error by the text that stands before the expression.
func (e *sourceError) moved(before string) *sourceError {
	lines := strings.Count(before, "\n")
	if e.line == 0 {
		e.column += len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))
	}
	e.line += lines
	return e
}

// format gives the text of a value. Lists and mappings have none.
func format(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "", errors.New("the result is not a number")
		}
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case json.Number:
		return v.String(), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	case time.Duration:
		return v.String(), nil
	case nil:
		return "", errors.New("there is no value; text is needed")
	case []any, []string, []int, []float64:
		return "", errors.New(`a list cannot be put into text; use join(..., ", ")`)
	case map[string]any, map[string]string:
		return "", errors.New("a mapping cannot be put into text; name one of its fields, or use toJSON(...)")
	}
	return "", errors.New("the result cannot be put into text")
}

func checkText(s string) error {
	if len(s) > MaxText {
		return fmt.Errorf("%w: longer than %d KiB", ErrText, MaxText>>10)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%w: it holds a NUL byte", ErrText)
	}
	return nil
}

// clipTo shortens text to about that many bytes.
func clipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
