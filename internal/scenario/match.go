package scenario

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"shodo/internal/incident"
)

// Matches says whether the scenario is for the incident, and why: what matched, or the first condition that failed
// with the values it read. An error is a condition that could not be evaluated; why then says the same.
func (s *Scenario) Matches(f Facts) (matched bool, why string, err error) {
	var reasons []string
	if len(s.Match.Service) > 0 {
		glob, ok := matchService(s.Match.Service, f.Incident.Service)
		if !ok {
			return false, "service " + f.serviceName() + " is not one of " + listOf(s.Match.Service), nil
		}
		reasons = append(reasons, "service "+f.serviceName()+" is "+quote(glob))
	}
	if s.Match.When != nil {
		failed, err := s.Match.When.firstFalse(f)
		if err != nil {
			return false, err.Error(), fmt.Errorf("match scenario %q: %w", s.Name, err)
		}
		if failed != nil {
			return false, withValues(clip(failed.source)+" does not hold", failed.values(f)), nil
		}
		for _, term := range s.Match.When.terms {
			reasons = append(reasons, withValues(clip(term.source)+" holds", term.values(f)))
		}
	}
	return true, strings.Join(reasons, "; "), nil
}

// Fits says whether the scenario is for the incident. It is Matches without the reasons, and faster.
func (s *Scenario) Fits(f Facts) bool {
	if len(s.Match.Service) > 0 {
		if _, ok := matchService(s.Match.Service, f.Incident.Service); !ok {
			return false
		}
	}
	fits, err := s.Match.When.holdsOrNone(f)
	return fits && err == nil
}

func withValues(text, values string) string {
	if values == "" {
		return text
	}
	return text + ": " + values
}

// matchService gives the first pattern that the service's id or name fits.
func matchService(patterns []string, service incident.Ref) (string, bool) {
	for _, p := range patterns {
		if p == service.ID || glob(p, service.Name) {
			return p, true
		}
	}
	return "", false
}

// glob says whether the text fits the pattern: "*" stands for any text, "?" for one character.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0 // the last "*", and how far its text goes
	for t < len(text) {
		_, width := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			t += width
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func (f Facts) serviceName() string {
	return f.once("service", func() any { return serviceName(f.Incident.Service) }).(string)
}

func serviceName(s incident.Ref) string {
	switch {
	case s.Name == "":
		return quote(clip(s.ID))
	case s.ID == "":
		return quote(clip(s.Name))
	}
	return fmt.Sprintf("%q (%s)", clip(s.ID), clip(s.Name))
}

func listOf(texts []string) string {
	list := []byte("[")
	for i, t := range texts {
		if i > 0 {
			list = append(list, ", "...)
		}
		list = strconv.AppendQuote(list, t)
	}
	return string(append(list, ']'))
}

// maxTarget is how long in bytes a target may be: it becomes part of an id.
const maxTarget = 200

func checkTarget(target string) error {
	switch {
	case strings.TrimSpace(target) == "":
		return errors.New("it is empty")
	case len(target) > maxTarget:
		return fmt.Errorf("it is longer than %d bytes", maxTarget)
	case !utf8.ValidString(target) || strings.ContainsFunc(target, unicode.IsControl):
		return errors.New("it holds control characters or is not UTF-8")
	}
	return nil
}
