package scenario

import (
	"errors"
	"net/url"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// url reads a parameter of type URL. Its host is written out, or the whole value is an input of type url; expressions
// further on stay inside their path segment or query value, whatever they hold.
func (r withReader) url(d *yamldoc.Decoder, n *yaml.Node) setter {
	text := r.compile(d, n)
	if text == nil {
		return nil
	}
	escape := func(_ int, value string) (string, error) { return value, nil }
	switch {
	case text.isFixed():
		if err := checkURL(text.fixed()); err != nil {
			d.Problem(n, err.Error(), "")
			return nil
		}
	case r.isURLInput(text.alone()):
	default:
		rest, ok := afterHost(text.parts[0].fixed)
		if !ok {
			d.Problem(n, `"${{ }}" is not allowed in the scheme, user or host part of a URL`, `write the host out, or let the whole value be "${{ inputs.NAME }}" of an input of type url`)
			return nil
		}
		escape = text.urlEscape(rest)
	}
	return func(f Facts, into reflect.Value) error {
		s, err := text.render(f, escape)
		if err == nil {
			err = checkRenderedURL(s)
		}
		into.SetString(s)
		return err
	}
}

func (r withReader) isURLInput(p *program) bool {
	return p != nil && len(p.reads) == 1 && p.source == p.reads[0].String() && len(p.reads[0]) == 2 &&
		p.reads[0][0] == "inputs" && r.scope.model.inputs[p.reads[0][1]] == URLKind
}

// afterHost gives what follows the host of a URL's written-out beginning, or false when the host does not end in it.
func afterHost(s string) (string, bool) {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		rest, ok = strings.CutPrefix(s, "http://")
	}
	end := strings.IndexAny(rest, "/?#")
	if !ok || end < 1 || checkURL(s[:len(s)-len(rest)+end]) != nil {
		return "", false
	}
	return rest[end:], true
}

// urlEscape gives the escaping for each part of the text: of a path segment, or of a query value after a "?".
func (t *Text) urlEscape(rest string) func(i int, value string) (string, error) {
	inQuery := make([]bool, len(t.parts))
	query := strings.ContainsAny(rest, "?#")
	for i, p := range t.parts {
		inQuery[i] = query
		query = query || i > 0 && strings.ContainsAny(p.fixed, "?#")
	}
	return func(i int, value string) (string, error) {
		if inQuery[i] {
			return url.QueryEscape(value), nil
		}
		return url.PathEscape(value), nil
	}
}

func checkRenderedURL(s string) error {
	if err := checkURL(s); err != nil {
		return err
	}
	path, _, _ := strings.Cut(s, "?")
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return errors.New(`"." or ".." as a segment would leave the path of the URL`)
		}
	}
	return nil
}
