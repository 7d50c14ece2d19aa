package scenario

import (
	"encoding/json"
	"slices"
	"time"

	"shodo/internal/incident"
)

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

	made map[string]any // by Prepared
}

// Prepared gives the same facts for many evaluations, of which what expressions read of the incident and its customer is
// made only once. It is not for concurrent use, and its Incident and Customer must not be changed.
func (f Facts) Prepared() Facts {
	f.made = map[string]any{}
	return f
}

// once makes a value, or gives what was made before when the facts are prepared.
func (f Facts) once(name string, value func() any) any {
	if f.made == nil {
		return value()
	}
	if v, ok := f.made[name]; ok {
		return v
	}
	v := value()
	f.made[name] = v
	return v
}

// env builds the values that the program reads, and only those.
func (p *program) env(f Facts) (map[string]any, error) {
	env := make(map[string]any, 8)
	for _, root := range p.roots {
		switch root {
		case "alert":
			env[root] = f.once(root, func() any { return alertValue(f.Incident.First()) })
		case "incident":
			name := root
			if p.readsAlerts {
				name += " with alerts"
			}
			env[root] = f.once(name, func() any { return incidentValue(f.Incident, p.readsAlerts) })
		case "customer":
			env[root] = f.once(root, func() any { return customerValue(f.Customer) })
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

func customerValue(c incident.Customer) map[string]any {
	return map[string]any{"id": string(c.ID), "name": c.Name, "department": c.Department, "time_zone": c.TimeZone, "labels": c.Labels}
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
