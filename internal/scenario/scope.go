package scenario

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
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
	alert  map[string]bool         // inputs that the alert may fill
	steps  map[string]reflect.Type // the output of each named step, by its id

	dialects *dialects // while the file is read
}

// commonTypes are what every expression can read.
func commonTypes() types.Map {
	return types.Map{"alert": alertType(), "incident": incidentType(), "customer": customerType()}
}

// env gives the names and types that the expression is checked against.
func (s scope) env() types.Map {
	env := commonTypes()
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

// path is a chain of names that an expression reads, such as alert.details.InstanceId.
type path []string

func (p path) String() string { return strings.Join(p, ".") }
