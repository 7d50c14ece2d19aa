package scenario

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"

	"shodo/internal/incident"
)

// The types of what expressions can read. They are what scenario-language.md promises under "Expressions".
func alertType() types.Map {
	return types.Map{
		"summary": types.String, "severity": types.String, "source": types.String, "component": types.String,
		"group": types.String, "class": types.String, "details": types.TypeOf(map[string]any{}),
		"links": types.TypeOf([]string{}), "created_at": types.TypeOf(time.Time{}), "monitor": types.String,
	}
}

func refType() types.Map { return types.Map{"id": types.String, "name": types.String} }

func incidentType() types.Map {
	return types.Map{
		"id": types.String, "number": types.Int, "title": types.String, "urgency": types.String, "priority": types.String,
		"service": refType(), "teams": types.Array(refType()), "url": types.String,
		"created_at": types.TypeOf(time.Time{}), "alerts": types.Array(alertType()),
	}
}

func customerType() types.Map {
	return types.Map{
		"id": types.String, "name": types.String, "department": types.String, "time_zone": types.String,
		"labels": types.TypeOf(map[string]string{}),
	}
}

func stepType(output reflect.Type) types.Map {
	return types.Map{
		"status": types.String, "output": outputType(output), "error": types.String,
		"duration": types.TypeOf(time.Duration(0)),
	}
}

// scope is what an expression can read at one place of a scenario.
type scope struct {
	model   *model
	inputs  bool
	target  bool
	attempt bool
	steps   []string     // ids of the steps that can have run before
	output  reflect.Type // of the step that "healthy" judges; nil elsewhere
}

// model is what all expressions of one scenario share: how values of the facts become values of expressions.
type model struct {
	inputs map[string]Kind
	steps  map[string]reflect.Type // the output of each named step, by its id

	dialects map[dialectKey]*dialect // while the file is read, because preparing one takes long
}

type dialectKey struct {
	inputs, target, attempt, hasSteps bool
	steps                             string
	output                            reflect.Type
}

// dialect is what expressions of one scope are checked against.
type dialect struct {
	env    types.Map
	config *conf.Config
}

// dialect prepares the scope, or gives what was prepared for an equal one.
func (s scope) dialect() *dialect {
	key := dialectKey{s.inputs, s.target, s.attempt, s.steps != nil, strings.Join(s.steps, " "), s.output}
	if d, ok := s.model.dialects[key]; ok {
		return d
	}
	d := &dialect{env: s.env(), config: conf.CreateNew()}
	d.config.WithEnv(d.env)
	d.config.Optimize = false // its rewriting would go around the cost limit
	d.config.MaxNodes = maxNodes
	if s.model.dialects != nil {
		s.model.dialects[key] = d
	}
	return d
}

// env gives the names and types that the expression is checked against.
func (s scope) env() types.Map {
	env := types.Map{"alert": alertType(), "incident": incidentType(), "customer": customerType()}
	if s.inputs {
		inputs := types.Map{}
		for name, kind := range s.model.inputs {
			inputs[name] = kind.exprType()
		}
		env["inputs"] = inputs
	}
	if s.target {
		env["target"] = types.String
	}
	if s.attempt {
		env["attempt"] = types.Int
	}
	if s.steps != nil {
		steps := types.Map{}
		for _, id := range s.steps {
			steps[id] = stepType(s.model.steps[id])
		}
		env["steps"] = steps
	}
	if s.output != nil {
		env["output"] = outputType(s.output)
	}
	return env
}

// with gives the scope that can also read these steps.
func (s scope) with(ids ...string) scope {
	s.steps = slices.Concat(s.steps, ids)
	return s
}

// missingName says why a name that the language knows is not there at this place.
func (s scope) missingName(name string) string {
	switch name {
	case "inputs":
		return "the inputs are not known yet where this is evaluated"
	case "target":
		return "the target is not known yet where this is evaluated"
	case "steps":
		return "no step has run where this is evaluated"
	case "output":
		return `"output" is only known inside "healthy"; elsewhere write steps.<id>.output`
	case "attempt":
		return `"attempt" is only known inside recover and verify`
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Facts are what is known of an incident when an expression is evaluated. Not all of them are needed everywhere:
// match reads Incident and Customer, inputs the same, and each step what its place in the scenario can read.
type Facts struct {
	Incident incident.Incident
	Customer incident.Customer
	Inputs   map[string]any // as given by Fill, also after a journey through JSON
	Target   string
	Steps    []incident.Step // done so far; of several with the same id the last one counts
	Attempt  int             // the recovery attempt, from 1
	Output   json.RawMessage // the JSON of this step's own output; only Judge needs it
}

// env builds the values that the program reads, and only those.
func (p *program) env(f Facts) (map[string]any, error) {
	env := make(map[string]any, 8)
	for _, root := range p.roots {
		switch root {
		case "alert":
			env[root] = alertValue(f.Incident.First())
		case "incident":
			env[root] = incidentValue(f.Incident, p.readsAlerts)
		case "customer":
			env[root] = map[string]any{"id": string(f.Customer.ID), "name": f.Customer.Name,
				"department": f.Customer.Department, "time_zone": f.Customer.TimeZone, "labels": f.Customer.Labels}
		case "inputs":
			inputs, err := p.inputValues(f.Inputs)
			if err != nil {
				return nil, err
			}
			env[root] = inputs
		case "target":
			env[root] = f.Target
		case "attempt":
			env[root] = f.Attempt
		case "steps":
			steps, err := p.stepValues(f.Steps)
			if err != nil {
				return nil, err
			}
			env[root] = steps
		case "output":
			output, err := decodeOutput(f.Output, p.scope.output)
			if err != nil {
				return nil, err
			}
			env[root] = output
		}
	}
	return env, nil
}

func alertValue(a incident.Alert) map[string]any {
	return map[string]any{
		"summary": a.Summary, "severity": a.Severity, "source": a.Source, "component": a.Component, "group": a.Group,
		"class": a.Class, "details": a.Details, "links": a.Links, "created_at": a.CreatedAt.UTC(), "monitor": a.Monitor,
	}
}

func incidentValue(i incident.Incident, withAlerts bool) map[string]any {
	teams := make([]any, len(i.Teams))
	for n, t := range i.Teams {
		teams[n] = refValue(t)
	}
	value := map[string]any{
		"id": string(i.ID), "number": i.Number, "title": i.Title, "urgency": i.Urgency, "priority": i.Priority,
		"service": refValue(i.Service), "teams": teams, "url": i.URL, "created_at": i.CreatedAt.UTC(),
	}
	if withAlerts {
		alerts := make([]any, len(i.Alerts))
		for n, a := range i.Alerts {
			alerts[n] = alertValue(a)
		}
		value["alerts"] = alerts
	}
	return value
}

func refValue(r incident.Ref) map[string]any { return map[string]any{"id": r.ID, "name": r.Name} }

// inputValues gives the inputs that the program reads, as values of their kinds.
func (p *program) inputValues(given map[string]any) (map[string]any, error) {
	values := map[string]any{}
	for _, name := range p.fieldsOf("inputs", sortedKeys(p.scope.model.inputs)) {
		v, ok := given[name]
		if !ok {
			return nil, &EvalError{Source: p.source, Message: "input " + quote(name) + " has no value"}
		}
		value, err := p.scope.model.inputs[name].value(v)
		if err != nil {
			return nil, &EvalError{Source: p.source, Message: "input " + quote(name) + ": " + err.Error()}
		}
		values[name] = value
	}
	return values, nil
}

// stepValues gives the steps that the program reads. A step that has not run is "skipped" and has no output.
func (p *program) stepValues(done []incident.Step) (map[string]any, error) {
	values := map[string]any{}
	for _, id := range p.fieldsOf("steps", p.scope.steps) {
		value := map[string]any{"status": string(incident.Skipped), "output": nil, "error": "", "duration": time.Duration(0)}
		for _, s := range slices.Backward(done) {
			if s.ID != id {
				continue
			}
			output, err := decodeOutput(s.Output, p.scope.model.steps[id])
			if err != nil {
				return nil, err
			}
			value = map[string]any{"status": string(s.Status), "output": output, "error": s.Error, "duration": s.Duration()}
			break
		}
		values[id] = value
	}
	return values, nil
}

// fieldsOf gives which fields of the root the program reads; all of them when it reads the root as a whole.
func (p *program) fieldsOf(root string, all []string) []string {
	var fields []string
	for _, path := range p.reads {
		if path[0] != root {
			continue
		}
		if len(path) == 1 {
			return all
		}
		if !slices.Contains(fields, path[1]) {
			fields = append(fields, path[1])
		}
	}
	return fields
}

// path is a chain of names that an expression reads, such as alert.details.InstanceId.
type path []string

func (p path) String() string { return strings.Join(p, ".") }
