package action

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"

	"shodo/internal/scenario"
)

// Reference gives the reference page of all actions, in Markdown. It is generated: the structs of the actions are its
// only source.
func Reference(s *Set) string {
	var b strings.Builder
	b.WriteString("# Actions\n\nWhat a step may use. `reads` may stand in every phase, `changes` only in `recover`.\n\n")
	b.WriteString("| action | effect | what it does |\n|---|---|---|\n")
	for _, name := range s.Names() {
		spec, _ := s.Lookup(name)
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", name, anchor(name), spec.Effect, cell(spec.Summary))
	}
	for _, name := range s.Names() {
		spec, _ := s.Lookup(name)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s.\n", name, spec.Summary, strings.Join(facts(spec), " · "))
		b.WriteString("\n| parameter | type | default | meaning |\n|---|---|---|---|\n")
		for _, f := range fields(spec.Params) {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.key, f.kind(), f.defaultText("`"), cell(f.doc))
		}
		b.WriteString("\n| output | type | meaning |\n|---|---|---|\n")
		for _, f := range fields(spec.Output) {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.key, f.kind(), cell(f.doc))
		}
	}
	return b.String()
}

// Describe writes one action for a terminal: what "shodo actions NAME" shows.
func Describe(w io.Writer, spec scenario.Action) error {
	fmt.Fprintf(w, "%s\n  %s\n  %s\n\nParameters (with:)\n", spec.Name, spec.Summary, strings.Join(facts(spec), ", "))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fields(spec.Params) {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", f.key, f.kind(), f.defaultText(""), f.doc)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nOutput (output.NAME, steps.ID.output.NAME)\n")
	table = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fields(spec.Output) {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", f.key, f.kind(), f.doc)
	}
	return table.Flush()
}

// List writes one line for each action: what "shodo actions" shows.
func List(w io.Writer, s *Set) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range s.Names() {
		spec, _ := s.Lookup(name)
		fmt.Fprintf(table, "%s\t%s\t%s\n", name, spec.Effect, spec.Summary)
	}
	return table.Flush()
}

func facts(spec scenario.Action) []string {
	out := []string{"effect: " + string(spec.Effect), "timeout of one try: " + spec.Timeout.String()}
	if spec.Effect == scenario.Changes {
		if spec.Idempotent {
			out = append(out, "may be repeated")
		} else {
			out = append(out, "never repeated by itself")
		}
	}
	return out
}

func (f field) kind() string {
	if len(f.enum) > 0 {
		return strings.Join(f.enum, ", ")
	}
	return typeName(f.typ)
}

func (f field) defaultText(quote string) string {
	switch {
	case f.required:
		return "required"
	case f.hasDef && f.typ.Kind() == reflect.String && f.def == "":
		return ""
	case f.hasDef:
		return quote + f.def + quote
	}
	return ""
}

// anchor is how Markdown renderers name a heading.
func anchor(name string) string { return strings.ReplaceAll(name, ".", "") }

// cell keeps a text inside its table cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", "\\|") }
