package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// loader fills one Config, source by source, and remembers where each value came from.
type loader struct {
	from     Sources
	env      map[string]string
	config   *Config
	problems yamldoc.Problems
	broken   map[string]bool // settings that could not be read; nothing more is said about them
}

// origin is where a setting's value came from.
type origin struct {
	what  string        // "default", "shodo.yaml:3", "environment variable SHODO_LISTEN", "flag --listen"
	place yamldoc.Place // for problems
}

func newLoader(from Sources) *loader {
	l := &loader{from: from, env: map[string]string{}, broken: map[string]bool{}, config: &Config{origins: map[string]origin{}}}
	for _, pair := range from.Environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			l.env[name] = value
		}
	}
	return l
}

func (l *loader) defaults() {
	for _, s := range settingsOf(l.config) {
		file := l.from.File
		if file == "" {
			file = "settings"
		}
		l.config.origins[s.Path] = origin{what: "default", place: yamldoc.Place{File: file, Path: s.Path}}
		if s.Default != "" {
			if err := setText(s.value, s.Default); err != nil {
				panic(fmt.Sprintf("config: default of %s: %v", s.Path, err)) // a mistake in our code; a test loads all
			}
		}
	}
}

// file overlays what the file says. It gives false when the file as a whole could not be read.
func (l *loader) file() bool {
	if l.from.File == "" {
		return true
	}
	data, err := l.from.ReadFile(l.from.File)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "give the right path with --config"
		}
		l.problems = append(l.problems, yamldoc.Problem{File: l.from.File, Message: fmt.Sprintf("read settings: %v", err), Hint: hint})
		return false
	}
	l.problems = append(l.problems, yamldoc.Decode(l.from.File, data, l.config)...)
	places := yamldoc.Places(l.from.File, data)
	for _, s := range settingsOf(l.config) {
		place, given := places[s.Path]
		if !given {
			continue
		}
		l.config.origins[s.Path] = origin{what: fmt.Sprintf("%s:%d", l.from.File, place.Line), place: place}
		l.broken[s.Path] = slices.ContainsFunc(l.problems, func(p yamldoc.Problem) bool {
			return p.Path == s.Path || strings.HasPrefix(p.Path, s.Path+".") || strings.HasPrefix(p.Path, s.Path+"[")
		})
		if s.isPath && s.value.String() != "" && !filepath.IsAbs(s.value.String()) {
			s.value.SetString(filepath.Join(filepath.Dir(l.from.File), s.value.String()))
		}
	}
	return places != nil
}

// environment overlays what variables say, and warns of one that looks misspelt.
func (l *loader) environment() {
	known := map[string]bool{}
	for _, s := range settingsOf(l.config) {
		if s.Env == "" {
			continue
		}
		known[s.Env] = true
		if value, given := l.env[s.Env]; given && value != "" {
			l.overlay(s, "environment variable "+s.Env, value)
		}
		if !s.Secret {
			continue
		}
		known[s.Env+"_FILE"] = true
		if path, given := l.env[s.Env+"_FILE"]; given && path != "" {
			if l.env[s.Env] != "" {
				l.report(s.Path, fmt.Sprintf("both %s and %s_FILE are set", s.Env, s.Env), "keep one of them")
				continue
			}
			l.overlayFiles(s, "environment variable "+s.Env+"_FILE", path)
		}
	}
	for name := range l.env {
		if hint := yamldoc.Suggest(name, sortedKeys(known)); strings.HasPrefix(name, envPrefix) && !known[name] && hint != "" {
			l.problems = append(l.problems, yamldoc.Problem{File: "environment variable " + name, Message: "there is no such setting", Hint: hint, Warning: true})
		}
	}
}

func (l *loader) flags() {
	for _, s := range settingsOf(l.config) {
		if value, given := l.from.Flags[s.Path]; given && s.Flag != "" {
			l.overlay(s, "flag --"+s.Flag, value)
		}
	}
}

// overlay sets one setting from text.
func (l *loader) overlay(s Setting, from, value string) {
	l.config.origins[s.Path] = origin{what: from, place: yamldoc.Place{File: from, Path: s.Path}}
	if l.broken[s.Path] = false; s.enum != nil && !slices.Contains(s.enum, value) {
		l.fail(s.Path, fmt.Sprintf("found %q, expected one of: %s", value, strings.Join(s.enum, ", ")), yamldoc.Suggest(value, s.enum))
	} else if err := setText(s.value, value); err != nil {
		l.fail(s.Path, err.Error(), "")
	}
}

// overlayFiles sets a secret, or a list of them, from paths.
func (l *loader) overlayFiles(s Setting, from, paths string) {
	l.config.origins[s.Path] = origin{what: from, place: yamldoc.Place{File: from, Path: s.Path}}
	l.broken[s.Path] = false
	var secrets []Secret
	tokens := Tokens{}
	into := s.value.Addr().Interface()
	for _, path := range strings.Split(paths, ",") {
		path = strings.TrimSpace(path)
		name, named := "", false
		if _, ok := into.(*Tokens); ok {
			if name, path, named = strings.Cut(path, "="); !named {
				l.fail(s.Path, fmt.Sprintf("%q is not NAME=PATH", name), "such as alice=/run/secrets/alice_token")
				return
			}
		}
		if !filepath.IsAbs(path) {
			l.fail(s.Path, fmt.Sprintf("%q is not an absolute path", path), "such as /run/secrets/pagerduty_token")
			return
		}
		one := Secret{ref: secret.Ref{File: path}}
		secrets = append(secrets, one)
		tokens[name] = &one
	}
	switch into := into.(type) {
	case *Secret:
		*into = secrets[0]
	case *[]Secret:
		*into = secrets
	case *Tokens:
		*into = tokens
	}
}

// resolveSecrets reads what references stand for.
func (l *loader) resolveSecrets() {
	getenv := func(name string) string { return l.env[name] }
	for _, s := range settingsOf(l.config) {
		if !s.Secret || l.broken[s.Path] {
			continue
		}
		for _, one := range secretsIn(s.value) {
			if !one.ref.IsZero() {
				value, err := one.ref.Resolve(getenv, l.from.ReadFile)
				if err != nil {
					l.fail(s.Path, err.Error(), "")
					continue
				}
				one.Value = value
			}
			if strings.ContainsAny(one.Reveal(), " \t\r\n") {
				l.fail(s.Path, "the secret holds blanks or line breaks", "look for a second line, or something else that was copied with it")
			}
		}
	}
}

// report tells what is wrong with a setting, at the place where its value came from. Of a setting that could not be
// read nothing more is told.
func (l *loader) report(path, message, hint string) {
	if !l.broken[path] {
		l.problems = append(l.problems, l.config.origins[path].place.Problem(message, hint))
	}
}

// fail tells that a setting could not be read.
func (l *loader) fail(path, message, hint string) {
	l.problems = append(l.problems, l.config.origins[path].place.Problem(message, hint))
	l.broken[path] = true
}

func secretsIn(v reflect.Value) []*Secret {
	if one, ok := v.Addr().Interface().(*Secret); ok {
		return []*Secret{one}
	}
	if tokens, ok := v.Interface().(Tokens); ok {
		var list []*Secret
		for _, name := range sortedKeys(tokens) {
			list = append(list, tokens[name])
		}
		return list
	}
	list := make([]*Secret, v.Len())
	for i := range list {
		list[i] = v.Index(i).Addr().Interface().(*Secret)
	}
	return list
}

// setText sets a value from the text of a default, a variable or a flag. Lists are separated by commas.
func setText(v reflect.Value, text string) error {
	switch into := v.Addr().Interface().(type) {
	case *string:
		*into = text
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("found %q, expected true or false", text)
		}
		*into = b
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("found %q, expected a duration such as 90s or 2m", text)
		}
		*into = d
	case *Days:
		return into.UnmarshalText([]byte(text))
	case *slog.Level:
		return into.UnmarshalText([]byte(text))
	case *Secret:
		*into = NewSecret(text)
	case *[]Secret:
		*into = nil
		for _, part := range splitList(text) {
			*into = append(*into, NewSecret(part))
		}
	case *Tokens:
		*into = Tokens{}
		for i, part := range splitList(text) {
			name, value, named := strings.Cut(part, "=")
			if !named {
				return fmt.Errorf("entry %d is not NAME=SECRET", i+1) // it may be a secret without its name: it is not repeated
			}
			one := NewSecret(value)
			(*into)[name] = &one
		}
	case *[]string:
		*into = splitList(text)
	case *[]netip.Prefix:
		*into = nil
		for _, part := range splitList(text) {
			p, err := netip.ParsePrefix(part)
			if err != nil {
				return fmt.Errorf("found %q, expected a network such as 169.254.0.0/16", part)
			}
			*into = append(*into, p)
		}
	default:
		panic("config: no text form for " + v.Type().String())
	}
	return nil
}

func splitList(text string) []string {
	var list []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
