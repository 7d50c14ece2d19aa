package scenariotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// maxTimes is how often one answer may be repeated.
const maxTimes = 1000

// kinds are how a step may fail.
var kinds = []string{string(incident.Transient), string(incident.Permanent), string(incident.TimedOut), string(incident.UnknownEffect)}

// answerReader reads what one key of "steps" answers.
type answerReader struct {
	d        *yamldoc.Decoder
	key      string
	scenario *scenario.Scenario // nil: the case expects none
	actions  Actions
}

// read takes one mapping, which answers always, or a list, which answers in turn.
func (r *answerReader) read(n *yaml.Node) *answers {
	steps := r.steps(n)
	if n.Kind != yaml.SequenceNode {
		one, _ := r.one(n, r.d, steps)
		if has(n, "times") {
			r.d.ProblemIn(n, "times", "a mapping answers always", "write a list of answers, or remove it")
		}
		return &answers{list: []answer{one}, always: true}
	}
	all := &answers{}
	for i, item := range n.Content {
		one, repeat := r.one(item, r.d.AtIndex(i), steps)
		for range repeat {
			all.list = append(all.list, one)
		}
	}
	return all
}

// steps gives the actions that the key answers for.
func (r *answerReader) steps(n *yaml.Node) []scenario.Action {
	var used []scenario.Action
	var known []string
	if r.scenario != nil {
		for _, step := range stepsOf(r.scenario) {
			keys := keysOf(step)
			known = append(known, keys...)
			same := func(a scenario.Action) bool { return a.Name == step.Uses }
			if slices.Contains(keys, r.key) && !slices.ContainsFunc(used, same) {
				used = append(used, step.Action)
			}
		}
	}
	if len(used) == 0 {
		hint := yamldoc.Suggest(r.key, known)
		if hint == "" && len(known) > 0 {
			slices.Sort(known)
			hint = "known: " + strings.Join(slices.Compact(known), ", ")
		}
		r.d.Problem(n, fmt.Sprintf("the scenario has no step, attempt or action %q", r.key), hint)
	}
	return used
}

// one reads one answer: outputs, and beside them kind, error, takes and times.
func (r *answerReader) one(n *yaml.Node, d *yamldoc.Decoder, used []scenario.Action) (a answer, repeat int) {
	repeat = 1
	if n.Kind != yaml.MappingNode {
		var m map[string]any
		d.Decode(n, &m) // tells what is wrong
		return a, repeat
	}
	a.output = map[string]any{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, n.Content[i+1]
		at := d.At(key)
		switch {
		case key == "kind":
			var kind string
			if at.Decode(value, &kind) && !slices.Contains(kinds, kind) {
				at.Problem(value, fmt.Sprintf("found %q, expected one of: %s", kind, strings.Join(kinds, ", ")), yamldoc.Suggest(kind, kinds))
			}
			a.kind = incident.ErrorKind(kind)
		case key == "takes":
			if at.Decode(value, &a.takes) && a.takes < 0 {
				at.Problem(value, "found a negative duration", "")
			}
		case key == "times":
			if at.Decode(value, &repeat) && (repeat < 1 || repeat > maxTimes) {
				at.Problem(value, fmt.Sprintf("found %d, expected 1 to %d", repeat, maxTimes), "a mapping instead of a list answers always")
				repeat = 1
			}
		case key == "error" && has(n, "kind"):
			at.Decode(value, &a.message)
		default:
			var v any
			if at.Decode(value, &v) {
				a.output[key] = v
				r.checkField(key, v, value, at, used)
			}
		}
	}
	r.checkSuccess(n, d, a, used)
	return a, repeat
}

// checkField tells when no action that is answered has such an output.
func (r *answerReader) checkField(key string, v any, n *yaml.Node, d *yamldoc.Decoder, used []scenario.Action) {
	if len(used) == 0 {
		return
	}
	var firstErr error
	for _, action := range used {
		_, err := encode(action, map[string]any{key: v})
		if err == nil {
			return
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	hint := yamldoc.Suggest(key, append(outputs(used[0]), "kind", "takes", "times"))
	switch {
	case key == "error":
		hint = "a step that fails has a kind: transient, permanent, timeout or unknown_effect"
	case hint == "" || slices.Contains(outputs(used[0]), key):
		hint = fmt.Sprintf("see the outputs with: shodo actions %s", used[0].Name)
	}
	d.Problem(n, firstErr.Error(), hint)
}

// checkSuccess tells when a changing action would have failed with that output.
func (r *answerReader) checkSuccess(n *yaml.Node, d *yamldoc.Decoder, a answer, used []scenario.Action) {
	if a.kind != "" || len(used) != 1 || used[0].Effect != scenario.Changes {
		return
	}
	code, _ := a.output["exit_code"].(int)
	status, _ := a.output["status"].(int)
	switch {
	case code != 0:
		d.ProblemIn(n, "exit_code", fmt.Sprintf("%s fails with an exit code other than 0", used[0].Name), "add kind: permanent")
	case status >= 400:
		d.ProblemIn(n, "status", fmt.Sprintf("%s fails with a status from 400 on", used[0].Name), "add kind: permanent, or transient")
	}
}

func has(n *yaml.Node, key string) bool { return valueOf(n, key) != n }

// stepsOf lists all steps of a scenario.
func stepsOf(s *scenario.Scenario) []*scenario.Step {
	var all []*scenario.Step
	add := func(steps []scenario.Step) {
		for i := range steps {
			all = append(all, &steps[i])
		}
	}
	add(s.Check)
	add(s.Gather)
	for _, a := range s.Recover {
		add(a.Steps)
	}
	add(s.Verify.Steps)
	return all
}

// encode gives the JSON that the action would give: every output is there, and has its type.
func encode(action scenario.Action, given map[string]any) (json.RawMessage, error) {
	out := reflect.New(action.Output)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		field, ok := fieldOf(action.Output, key)
		if !ok {
			return nil, fmt.Errorf("%s has no output %q", action.Name, key)
		}
		raw, err := json.Marshal(given[key])
		if err != nil {
			return nil, fmt.Errorf("output %q: %w", key, err)
		}
		if err := json.Unmarshal(raw, out.Elem().FieldByIndex(field.Index).Addr().Interface()); err != nil {
			return nil, fmt.Errorf("the output %q of %s is not a %s", key, action.Name, typeName(field.Type))
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out.Interface()); err != nil {
		return nil, fmt.Errorf("write the output down: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func outputs(action scenario.Action) []string {
	var names []string
	for f := range action.Output.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// typeName is the word for a type of an output.
func typeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "whole number"
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Map:
		return "mapping"
	case t.Kind() == reflect.Slice:
		return "list"
	}
	return t.String()
}
