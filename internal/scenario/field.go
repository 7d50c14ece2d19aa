package scenario

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"shodo/internal/incident"
)

// Field is a text of the facts as expressions name it, such as "alert.severity" or "alert.details.Region".
type Field string

const (
	serviceID        Field = "incident.service.id"
	serviceNameField Field = "incident.service.name"
)

// fieldOf gives the field that the node reads.
func fieldOf(n ast.Node) (Field, bool) {
	names, ok := namesOf(n)
	if !ok || slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, ".") }) {
		return "", false
	}
	f := Field(strings.Join(names, "."))
	if _, open := f.inMap(); open || f.isTyped() {
		return f, true
	}
	return "", false
}

func namesOf(n ast.Node) ([]string, bool) {
	switch n := n.(type) {
	case *ast.ChainNode:
		return namesOf(n.Node)
	case *ast.IdentifierNode:
		return []string{n.Value}, true
	case *ast.MemberNode:
		name, ok := n.Property.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		names, ok := namesOf(n.Node)
		return append(names, name.Value), ok
	}
	return nil, false
}

// inMap gives the names below alert.details, and whether the field is there.
func (f Field) inMap() ([]string, bool) {
	rest, ok := strings.CutPrefix(string(f), "alert.details.")
	return strings.Split(rest, "."), ok
}

// isTyped says whether the field is always a text, so that reading and comparing it cannot fail.
func (f Field) isTyped() bool {
	switch f {
	case "alert.summary", "alert.severity", "alert.source", "alert.component", "alert.group", "alert.class", "alert.monitor",
		"incident.id", "incident.title", "incident.urgency", "incident.priority", "incident.url", serviceID, serviceNameField,
		"customer.id", "customer.name", "customer.department", "customer.time_zone":
		return true
	}
	label, ok := strings.CutPrefix(string(f), "customer.labels.")
	return ok && label != "" && !strings.Contains(label, ".")
}

// Text gives a field's text; false when it has none, or something that is no text.
func (f Facts) Text(field Field) (string, bool) {
	in, c := &f.Incident, &f.Customer
	switch field {
	case "incident.id":
		return string(in.ID), true
	case "incident.title":
		return in.Title, true
	case "incident.urgency":
		return in.Urgency, true
	case "incident.priority":
		return in.Priority, true
	case "incident.url":
		return in.URL, true
	case serviceID:
		return in.Service.ID, true
	case serviceNameField:
		return in.Service.Name, true
	case "customer.id":
		return string(c.ID), true
	case "customer.name":
		return c.Name, true
	case "customer.department":
		return c.Department, true
	case "customer.time_zone":
		return c.TimeZone, true
	}
	if label, ok := strings.CutPrefix(string(field), "customer.labels."); ok {
		return c.Labels[label], true
	}
	return alertText(in.First(), field)
}

func alertText(a incident.Alert, field Field) (string, bool) {
	switch field {
	case "alert.summary":
		return a.Summary, true
	case "alert.severity":
		return a.Severity, true
	case "alert.source":
		return a.Source, true
	case "alert.component":
		return a.Component, true
	case "alert.group":
		return a.Group, true
	case "alert.class":
		return a.Class, true
	case "alert.monitor":
		return a.Monitor, true
	}
	names, ok := field.inMap()
	if !ok {
		return "", false
	}
	var v any = a.Details
	for _, name := range names {
		switch m := v.(type) {
		case map[string]any:
			v = m[name]
		case map[string]string:
			v = m[name]
		default:
			return "", false
		}
	}
	text, ok := v.(string)
	return text, ok
}
