package config

import (
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

const envPrefix = "SHODO_"

// Setting is one setting of the process.
type Setting struct {
	Path    string // "pagerduty.api_url"
	Env     string // "SHODO_PAGERDUTY_API_URL"; empty where only the file can give it
	Flag    string // "pagerduty-api-url"; empty for secrets, and where only the file can give it
	Type    string // "text", "duration", "list of secrets", ...
	Default string // its text; empty: none
	Doc     string
	Secret  bool
	Needed  bool // there is no default, and the engine cannot work without it

	value  reflect.Value
	enum   []string
	isPath bool
}

// Settings lists every setting, in the order of the reference page.
func Settings() []Setting { return settingsOf(&Config{}) }

func settingsOf(c *Config) []Setting { return walk(nil, "", reflect.ValueOf(c).Elem()) }

func walk(list []Setting, prefix string, v reflect.Value) []Setting {
	for f, fv := range v.Fields() {
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		path := prefix + key
		if typ := typeName(f.Type); typ != "" {
			list = append(list, newSetting(path, typ, f.Tag, fv))
		} else {
			list = walk(list, path+".", fv)
		}
	}
	return list
}

func newSetting(path, typ string, tag reflect.StructTag, v reflect.Value) Setting {
	s := Setting{Path: path, Type: typ, Default: tag.Get("default"), Doc: tag.Get("doc"),
		Env:    envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")),
		Secret: strings.Contains(typ, "secret"), Needed: tag.Get("need") == "true",
		value: v, isPath: tag.Get("path") == "true"}
	if typ == listOfReports { // it has no form as one line of text
		s.Env = ""
		return s
	}
	if !s.Secret {
		s.Flag = strings.NewReplacer(".", "-", "_", "-").Replace(path)
	}
	if enum := tag.Get("enum"); enum != "" {
		s.enum = strings.Split(enum, ",")
		s.Type = strings.Join(s.enum, ", ")
	}
	return s
}

const listOfReports = "list of reports"

// typeName names a setting's type for people; it is empty for a group of settings.
func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[string]():
		return "text"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[Days]():
		return "days"
	case reflect.TypeFor[slog.Level]():
		return "level"
	case reflect.TypeFor[Secret]():
		return "secret"
	case reflect.TypeFor[[]Secret]():
		return "list of secrets"
	case reflect.TypeFor[Tokens]():
		return "secrets by name"
	case reflect.TypeFor[[]string]():
		return "list of texts"
	case reflect.TypeFor[[]netip.Prefix]():
		return "list of networks"
	case reflect.TypeFor[[]Report]():
		return listOfReports
	}
	return ""
}

// Described is one setting as it is in force.
type Described struct {
	Path  string `json:"path"`
	Value string `json:"value"` // <secret> for secrets; empty when it is not set
	From  string `json:"from"`  // where the value came from
	Doc   string `json:"doc"`
}

// Describe tells each setting with its value and where it came from, for "shodo config check".
func (c *Config) Describe() []Described {
	var list []Described
	for _, s := range settingsOf(c) {
		d := Described{Path: s.Path, Value: printed(s.value), From: c.origins[s.Path].what, Doc: s.Doc}
		if d.From == "" {
			d.From = "code" // a Config that was not loaded
		}
		if s.Secret {
			d.From = describeSecretOrigin(d.From, secretsIn(s.value))
		}
		list = append(list, d)
	}
	return list
}

func describeSecretOrigin(from string, secrets []*Secret) string {
	for _, one := range secrets {
		if !one.ref.IsZero() && !strings.Contains(from, one.ref.Env+one.ref.File) {
			from += ", " + one.ref.String()
		}
	}
	return from
}

// String gives the settings in force as a table.
func (c *Config) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, d := range c.Describe() {
		value := d.Value
		if value == "" {
			value = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Path, value, d.From)
	}
	_ = w.Flush()
	return b.String()
}

// printed is a value as people read it; secrets hide themselves.
func printed(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case slog.Level:
		return strings.ToLower(value.String())
	case time.Duration:
		return shortDuration(value)
	case Tokens:
		var parts []string
		for _, name := range sortedKeys(value) {
			parts = append(parts, name+": "+value[name].String())
		}
		return strings.Join(parts, ", ")
	}
	if reports, ok := v.Interface().([]Report); ok {
		var names []string
		for _, r := range reports {
			names = append(names, r.Name)
		}
		return strings.Join(names, ", ")
	}
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = fmt.Sprint(v.Index(i).Interface())
	}
	return strings.Join(parts, ", ")
}

// shortDuration writes 2m instead of 2m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Reference gives the page docs/configuration.md: every setting, from the field tags of Config.
func Reference() string {
	var b strings.Builder
	b.WriteString(`# Configuration

` + "`shodo serve -c shodo.yaml`" + ` reads these settings. A value comes from the first that gives it: flag, environment variable,
file, default. The variable of ` + "`pagerduty.api_url` is `SHODO_PAGERDUTY_API_URL`, its flag `--pagerduty-api-url`" + `; lists are
separated by commas there. A relative path in the file is relative to the file's folder. Durations are written as
` + "`90s`, `2m` or `1h30m`, days as `30d` or `forever`" + `. What the file does not know is an error.

Secrets are never written into the file: it says where they are, ` + "`{env: NAME}` or `{file: /absolute/path}`" + `. A secret's own
variable holds the secret itself, and the variable with ` + "`_FILE`" + ` added holds the path of a file with it. Secrets have no flag.
Secrets by name are written ` + "`{alice: {env: ALICE_TOKEN}}` in the file and `alice=SECRET` (with `_FILE`: `alice=/path`)" + ` in the variable.

` + "`shodo config check`" + ` tells everything that is wrong at once, and otherwise each setting with where its value came from.
This page is made from the code; do not edit it by hand.

| setting | type | default | what it is |
|---|---|---|---|
`)
	for _, s := range Settings() {
		def := "-"
		switch {
		case s.Needed:
			def = "**must be set**"
		case s.Default != "":
			def = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Path, s.Type, def, s.Doc)
	}
	b.WriteString(reportsReference())
	return b.String()
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
