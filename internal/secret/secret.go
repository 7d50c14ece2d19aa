// Package secret keeps secrets out of files, logs, messages and histories.
//
// A file holds only a [Ref]: the name of an environment variable or of a file. What it stands for is a [Value], which
// prints as <secret> wherever it is printed, logged or stored; who needs the text itself says [Value.Reveal], and that
// word is easy to look for.
//
// The package never reads the environment or files itself: the caller passes how. No error of it holds a secret.
package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
	"shodo/internal/yamlschema"
)

// Hidden is what a secret prints as.
const Hidden = "<secret>"

// MaxSize is the size in bytes of the largest secret.
const MaxSize = 64 << 10

// The errors of Resolve; use errors.Is.
var (
	ErrNotSet = errors.New("no secret there")        // no such variable or file, or nothing in it
	ErrBad    = errors.New("not usable as a secret") // not text, or too large
)

// Ref says where a secret is kept. In YAML it is {env: NAME} or {file: PATH}.
type Ref struct {
	Env  string `json:"env,omitempty"`  // an environment variable of the engine
	File string `json:"file,omitempty"` // a file, by its absolute path
}

// IsZero says whether the reference names nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String names the place: "environment variable NAME" or "file PATH".
func (r Ref) String() string {
	switch {
	case r.Env != "":
		return fmt.Sprintf("environment variable %q", r.Env)
	case r.File != "":
		return fmt.Sprintf("file %q", r.File)
	}
	return "nothing"
}

// Resolve reads the secret through getenv (as os.Getenv) or readFile (as os.ReadFile). One newline at the end is
// removed, because editors and echo add it. Errors name the variable or file, never its content.
func (r Ref) Resolve(getenv func(string) string, readFile func(string) ([]byte, error)) (Value, error) {
	var text []byte
	switch {
	case r.Env != "":
		text = []byte(getenv(r.Env))
	case r.File != "":
		var err error
		if text, err = readFile(r.File); err != nil {
			return Value{}, fmt.Errorf("read %s: %w: %w", r, ErrNotSet, err)
		}
	default:
		return Value{}, fmt.Errorf("read secret: no place given: %w", ErrNotSet)
	}
	if rest, found := bytes.CutSuffix(text, []byte("\n")); found {
		text = bytes.TrimSuffix(rest, []byte("\r"))
	}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return Value{}, fmt.Errorf("read %s: %w", r, ErrNotSet)
	case len(text) > MaxSize:
		return Value{}, fmt.Errorf("read %s: %w: larger than %d KiB", r, ErrBad, MaxSize>>10)
	case !utf8.Valid(text) || bytes.ContainsRune(text, 0):
		return Value{}, fmt.Errorf("read %s: %w: it is not UTF-8 text", r, ErrBad)
	}
	return New(string(text)), nil
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// refDocument is a reference as it is written.
type refDocument struct {
	Env  *string `yaml:"env" doc:"The name of an environment variable of the engine."`
	File *string `yaml:"file" doc:"The absolute path of a file on the engine's machine."`
}

// YAMLSchema says that exactly one of the two is given.
func (Ref) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[refDocument]())
	s.Property("env").Pattern = envName.String()
	s.MinProperties, s.MaxProperties = 1, 1
	return s
}

// DecodeYAML reads {env: NAME} or {file: PATH}. A secret that is written out is an error that does not repeat it.
func (r *Ref) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	const hint = "write {env: NAME} or {file: PATH}, and keep the secret there"
	if n.Kind != yaml.MappingNode {
		d.Problem(n, "found a plain value, expected where the secret is kept; secrets are never written into a file", hint)
		return
	}
	var given refDocument
	if !d.Decode(n, &given) {
		return
	}
	switch {
	case given.Env != nil && given.File != nil:
		d.Problem(n, "both env and file are given", "keep one of them")
	case given.Env != nil && !envName.MatchString(*given.Env):
		d.ProblemIn(n, "env", "not the name of an environment variable: letters, digits and _ are allowed", `such as PAGERDUTY_TOKEN, without "$"`)
	case given.Env != nil:
		r.Env = *given.Env
	case given.File != nil && (!filepath.IsAbs(*given.File) || strings.ContainsRune(*given.File, 0)):
		d.ProblemIn(n, "file", "not an absolute path", "such as /run/secrets/pagerduty_token")
	case given.File != nil:
		r.File = *given.File
	default:
		d.Problem(n, "neither env nor file is given", hint)
	}
}

// Value is a secret. It prints as <secret> in every format; an empty one prints as nothing.
type Value struct {
	text *string // a pointer, so that no printer that looks into structs finds it
}

// New gives the secret that is this text.
func New(text string) Value {
	if text == "" {
		return Value{}
	}
	return Value{text: &text}
}

// Reveal gives the secret itself, for the one place that sends or compares it.
func (v Value) Reveal() string {
	if v.text == nil {
		return ""
	}
	return *v.text
}

// IsZero says whether there is no secret.
func (v Value) IsZero() bool { return v.text == nil }

// String gives <secret>.
func (v Value) String() string {
	if v.text == nil {
		return ""
	}
	return Hidden
}

// Format prints <secret> for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(v.String())) }

// LogValue logs <secret>.
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalJSON writes "<secret>".
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }

// MarshalText writes <secret>.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// MarshalYAML writes <secret>.
func (v Value) MarshalYAML() (any, error) { return v.String(), nil }
