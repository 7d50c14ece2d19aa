package scenario

import (
	"strings"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// IncidentCondition is a boolean expression over what is known of every incident: incident, alert and customer. There
// are no inputs and no steps, so it belongs to no scenario; the windows of a customer use it. It is immutable and safe
// for concurrent use.
type IncidentCondition struct{ condition *Condition }

// CompileCondition compiles such an expression; it has the same limits as the match of a scenario. The place is that
// of the expression's first character; without one (the zero Place) the problem has none, either. The condition is nil
// exactly when there is a problem.
func CompileCondition(place yamldoc.Place, source string) (*IncidentCondition, *yamldoc.Problem) {
	c, err := compileCondition(source, scope{model: &model{}})
	if err == nil {
		return &IncidentCondition{c}, nil
	}
	if place.Line > 0 && !strings.Contains(source, "\n") {
		place.Column += err.column
	}
	p := place.Problem(err.message, err.hint)
	return nil, &p
}

// Holds evaluates the condition. An error is permanent: the same incident gives it again.
func (c *IncidentCondition) Holds(inc incident.Incident, of incident.Customer) (bool, error) {
	return c.condition.Holds(Facts{Incident: inc, Customer: of})
}

// Source gives the condition as it was written.
func (c *IncidentCondition) Source() string { return c.condition.Source() }

// Reads lists the fields that the condition reads, such as "alert.severity", in the order of the text.
func (c *IncidentCondition) Reads() []string {
	var names []string
	for _, term := range c.condition.terms {
		for _, p := range term.reads {
			names = append(names, p.String())
		}
	}
	return names
}
