package scenario

import (
	"slices"
	"strings"
)

// Covers says whether m surely matches every incident that other matches. False says nothing: what is not understood
// covers only what is written the same.
func (m Match) Covers(other Match) bool {
	if !coversServices(m.Service, other.Service) {
		return false
	}
	given := other.needs()
	for _, term := range m.terms() {
		if !slices.ContainsFunc(other.terms(), func(t known) bool { return t.text == term.text }) && !(term.exact && given.imply(term.clauses)) {
			return false
		}
	}
	return true
}

// Meets says whether there surely are incidents that both match. False says nothing: it is only said of conditions that
// do no more than compare fields with their values.
func (m Match) Meets(other Match) bool {
	if !m.namesValues() || !other.namesValues() || !coversServices(m.Service, other.Service) && !coversServices(other.Service, m.Service) {
		return false
	}
	return !slices.Concat(m.needs(), other.needs()).tidy().Never()
}

// namesValues says whether the match does no more than compare fields with their values.
func (m Match) namesValues() bool {
	if slices.ContainsFunc(m.terms(), func(t known) bool { return !t.exact }) {
		return false
	}
	return !slices.ContainsFunc(m.needs(), func(c Clause) bool {
		_, only := c.values()
		return !only
	})
}

// Example gives texts of fields that meet what the match needs, as far as one text for each field can. So whoever covers
// the match is met by them, too.
func (m Match) Example() map[Field]string {
	texts := map[Field]string{}
	if len(m.Service) > 0 {
		texts[serviceID], texts[serviceNameField] = m.Service[0], m.Service[0]
	}
	var rest Needs
	for _, c := range m.needs() {
		if field, only := c.values(); only {
			texts[field] = c[0].Text
		} else if len(c) > 0 {
			rest = append(rest, c)
		}
	}
	for _, c := range rest {
		if t := c[0]; !t.passes(texts[t.Field]) {
			texts[t.Field] += "\n" + t.Text
		}
	}
	return texts
}

func (m Match) terms() []known {
	if m.When == nil {
		return nil
	}
	return m.When.known
}

// needs gives what the condition needs, without the services.
func (m Match) needs() Needs {
	if m.When == nil {
		return nil
	}
	return m.When.needs
}

// imply says whether all of the others are met when all of n are.
func (n Needs) imply(others Needs) bool {
	return !slices.ContainsFunc(others, func(c Clause) bool {
		return !slices.ContainsFunc(n, func(given Clause) bool { return given.implies(c) })
	})
}

func (c Clause) implies(other Clause) bool {
	return !slices.ContainsFunc(c, func(t Test) bool {
		return !slices.ContainsFunc(other, t.implies)
	})
}

func (t Test) implies(other Test) bool {
	switch {
	case t.Field != other.Field:
		return false
	case t == other:
		return true
	case t.Kind == Is, t.Kind == Holds && other.Kind != Is:
		return other.passes(t.Text)
	case t.Kind == HoldsFold && other.Kind == HoldsFold:
		return strings.Contains(t.Text, other.Text)
	}
	return false
}

// coversServices says whether each service that fits one of the others fits one of the patterns.
func coversServices(patterns, others []string) bool {
	if len(patterns) == 0 || slices.Contains(patterns, "*") {
		return true
	}
	if len(others) == 0 {
		return false
	}
	return !slices.ContainsFunc(others, func(other string) bool {
		return !slices.ContainsFunc(patterns, func(p string) bool { return coversService(p, other) })
	})
}

// coversService compares two patterns. A pattern without "*" and "?" may be an id, which globs do not fit.
func coversService(pattern, other string) bool {
	if pattern == other {
		return true
	}
	return strings.ContainsAny(other, "*?") && !strings.Contains(pattern, "?") && glob(pattern, other)
}
