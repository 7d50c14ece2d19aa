package secret_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

const text = "hunter2-hunter2"

// TestNeverPrinted prints a secret, alone and inside other values, in every way that could find its way into a log.
func TestNeverPrinted(t *testing.T) {
	v := secret.New(text)
	type inside struct {
		Name  string
		Token secret.Value
		Ptr   *secret.Value
		List  []secret.Value
		Map   map[string]secret.Value
		inner secret.Value
	}
	value := inside{"n", v, &v, []secret.Value{v}, map[string]secret.Value{"k": v}, v}
	hex := fmt.Sprintf("%x", text)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%10.3s", "%!"} {
		for _, what := range []any{v, &v, value, &value} {
			got := fmt.Sprintf(verb, what)
			if strings.Contains(got, text) || strings.Contains(strings.ToLower(got), hex) || strings.Contains(got, text[:5]) {
				t.Errorf("%s of %T prints the secret: %s", verb, what, got)
			}
		}
	}
	if got := fmt.Sprintf("%v %s %q %#v", v, v, v, &v); got != "<secret> <secret> <secret> <secret>" {
		t.Errorf("printed as %s", got)
	}
	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&logged, nil), slog.NewJSONHandler(&logged, nil)} {
		slog.New(h).Info("x", "a", v, "b", value, "c", &v)
	}
	asJSON, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	asXML, err := xml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{logged.String(), string(asJSON), string(asYAML), string(asXML), errors.New("x" + v.String()).Error()} {
		if strings.Contains(got, text) || !strings.Contains(got, "secret") {
			t.Errorf("written as %s", got)
		}
	}
	if v.Reveal() != text {
		t.Error("the secret is lost")
	}
}

func TestZeroValue(t *testing.T) {
	var v secret.Value
	if !v.IsZero() || v.Reveal() != "" || v.String() != "" || !secret.New("").IsZero() {
		t.Error("the zero value is not empty")
	}
}

func TestResolve(t *testing.T) {
	env := map[string]string{"TOKEN": "t0", "EMPTY": "", "LINES": "a\nb\n\n", "BINARY": "a\xff" + text}
	getenv := func(name string) string { return env[name] }
	readFile := func(name string) ([]byte, error) {
		switch name {
		case "/s/token":
			return []byte("t1\n"), nil
		case "/s/windows":
			return []byte("t2\r\n"), nil
		case "/s/blank":
			return []byte(" \n"), nil
		case "/s/large":
			return bytes.Repeat([]byte("x"), secret.MaxSize+1), nil
		}
		return nil, fs.ErrNotExist
	}
	tests := map[string]struct {
		ref  secret.Ref
		want string
		err  error
	}{
		"env":                      {secret.Ref{Env: "TOKEN"}, "t0", nil},
		"file, newline trimmed":    {secret.Ref{File: "/s/token"}, "t1", nil},
		"file of Windows":          {secret.Ref{File: "/s/windows"}, "t2", nil},
		"one newline only":         {secret.Ref{Env: "LINES"}, "a\nb\n", nil},
		"variable that is not set": {secret.Ref{Env: "NONE"}, "", secret.ErrNotSet},
		"variable that is empty":   {secret.Ref{Env: "EMPTY"}, "", secret.ErrNotSet},
		"file that does not exist": {secret.Ref{File: "/s/none"}, "", fs.ErrNotExist},
		"file with only a blank":   {secret.Ref{File: "/s/blank"}, "", secret.ErrNotSet},
		"a file that is too large": {secret.Ref{File: "/s/large"}, "", secret.ErrBad},
		"bytes that are not text":  {secret.Ref{Env: "BINARY"}, "", secret.ErrBad},
		"a reference to no place":  {secret.Ref{}, "", secret.ErrNotSet},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.ref.Resolve(getenv, readFile)
			if got.Reveal() != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v; want %q, %v", got.Reveal(), err, tt.want, tt.err)
			}
			if err != nil && (strings.Contains(err.Error(), text) || !tt.ref.IsZero() && !strings.Contains(err.Error(), tt.ref.Env+tt.ref.File)) {
				t.Errorf("error shows the secret or does not name the place: %v", err)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want secret.Ref
		err  string
	}{
		"env":           {"s: {env: PD_TOKEN}", secret.Ref{Env: "PD_TOKEN"}, ""},
		"file":          {"s: {file: /run/secrets/x}", secret.Ref{File: "/run/secrets/x"}, ""},
		"plain text":    {"s: " + text, secret.Ref{}, "f:1:4: s: found a plain value, expected where the secret is kept; secrets are never written into a file (write {env: NAME} or {file: PATH}, and keep the secret there)"},
		"nothing":       {"s: {}", secret.Ref{}, "f:1:4: s: neither env nor file is given (write {env: NAME} or {file: PATH}, and keep the secret there)"},
		"both":          {"s: {env: A, file: /b}", secret.Ref{}, "f:1:4: s: both env and file are given (keep one of them)"},
		"value as name": {"s: {env: " + text + "}", secret.Ref{}, `f:1:10: s.env: not the name of an environment variable: letters, digits and _ are allowed (such as PAGERDUTY_TOKEN, without "$")`},
		"value as file": {"s: {file: " + text + "}", secret.Ref{}, "f:1:11: s.file: not an absolute path (such as /run/secrets/pagerduty_token)"},
		"unknown key":   {"s: {enw: A}", secret.Ref{}, `f:1:5: s.enw: unknown key "enw" (did you mean "env"?)`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var into struct {
				S secret.Ref `yaml:"s"`
			}
			ps := yamldoc.Decode("f", []byte(tt.yaml), &into)
			if into.S != tt.want || ps.Error() != tt.err {
				t.Errorf("got %+v\n%v\nwant %+v\n%v", into.S, ps, tt.want, tt.err)
			}
			if strings.Contains(ps.Error(), text) {
				t.Error("the problem repeats the secret")
			}
		})
	}
}
