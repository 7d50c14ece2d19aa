package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// tell writes needs as "field is text" and "field holds text", with "or" and "and".
func tell(n scenario.Needs) string {
	var clauses []string
	for _, c := range n {
		tests := []string{}
		for _, t := range c {
			tests = append(tests, fmt.Sprintf("%s %s %q", t.Field, []string{"is", "holds", "holds any case of"}[t.Kind], t.Text))
		}
		clauses = append(clauses, "("+strings.Join(tests, " or ")+")")
	}
	return strings.Join(clauses, " and ")
}

func TestNeeds(t *testing.T) {
	for when, want := range map[string]string{
		`true`:                                                              ``,
		`false`:                                                             `()`,
		`alert.severity == "critical"`:                                      `(alert.severity is "critical")`,
		`"critical" == alert["severity"]`:                                   `(alert.severity is "critical")`,
		`alert?.severity == "critical"`:                                     `(alert.severity is "critical")`,
		`alert.severity != "critical"`:                                      ``,
		`not (alert.severity != "critical")`:                                `(alert.severity is "critical")`,
		`not (alert.severity == "critical")`:                                ``,
		`alert.severity in ["critical", "error"]`:                           `(alert.severity is "critical" or alert.severity is "error")`,
		`alert.severity not in ["critical", "error"]`:                       ``,
		`alert.severity in []`:                                              `()`,
		`alert.severity in ["critical", alert.class]`:                       ``,
		`alert.severity in {"critical": 1}`:                                 ``,
		`alert.severity == alert.class`:                                     ``,
		`alert.severity == "a" and alert.severity == "b"`:                   `() and ()`,
		`alert.severity in ["a", "b"] and alert.severity == "b"`:            `(alert.severity is "b") and (alert.severity is "b")`,
		`alert.source in ["web-1", "db-1"] and alert.source contains "web"`: `(alert.source is "web-1") and (alert.source holds "web")`,
		`alert.severity == "a" or alert.severity == "b"`:                    `(alert.severity is "a" or alert.severity is "b")`,
		`alert.severity == "a" or alert.monitor == "b"`:                     `(alert.severity is "a" or alert.monitor is "b")`,
		`alert.severity == "a" or incident.number > 3`:                      ``,
		`alert.severity == "a" or true`:                                     ``,
		`alert.severity == "a" or false`:                                    `(alert.severity is "a")`,
		`not (alert.severity != "a" or alert.monitor != "b")`:               `(alert.severity is "a") and (alert.monitor is "b")`,
		`not (alert.severity != "a" and alert.monitor != "b")`:              `(alert.severity is "a" or alert.monitor is "b")`,
		`alert.class == "x" ? alert.group == "y" : alert.group == "z"`:      `(alert.class is "x" or alert.group is "z") and (alert.group is "y" or alert.group is "z")`,
		`alert.summary contains "disk"`:                                     `(alert.summary holds "disk")`,
		`"a disk" contains alert.summary`:                                   ``,
		`lower(alert.summary) contains "disk"`:                              `(alert.summary holds any case of "DISK")`,
		`upper(alert.source) == "WEB-1"`:                                    `(alert.source holds any case of "WEB-1")`,
		`"WEB-1" == upper(alert.source)`:                                    `(alert.source holds any case of "WEB-1")`,
		`"a web" contains lower(alert.source)`:                              ``,
		`trim(alert.summary) == "disk"`:                                     ``,
		`alert.summary matches "(?i)disk \\d+ is (full|failing)"`:           `(alert.summary holds any case of "DISK ") and (alert.summary holds any case of " IS ") and (alert.summary holds any case of "F") and (alert.summary holds any case of "ULL" or alert.summary holds any case of "AILING")`,
		`alert.summary matches "(tcp|ポート).*x?"`:                             `(alert.summary holds any case of "TCP" or alert.summary holds any case of "ポート")`,
		`alert.summary matches "(a|b?)(cd)*[ef]"`:                           ``,
		`alert.summary matches "(ab){0,2}"`:                                 ``,
		`alert.summary matches "(ab){2,3}"`:                                 `(alert.summary holds any case of "AB")`,
		`alert.details.Region == "tokyo"`:                                   `(alert.details.Region is "tokyo")`,
		`alert.details.deep?.x contains "y"`:                                `(alert.details.deep.x holds "y")`,
		`alert.details["a.b"] == "x"`:                                       ``,
		`alert.details[alert.class] == "x"`:                                 ``,
		`customer.labels.contract == "gold"`:                                `(customer.labels.contract is "gold")`,
		`incident.service.id == "PX1" and incident.urgency == "high"`:       `(incident.service.id is "PX1") and (incident.urgency is "high")`,
		`incident.number == 3`:                                              ``,
		`any(incident.alerts, .severity == "critical")`:                     ``,
		`let x = alert.severity == "a"; x`:                                  ``,
		`(alert.severity == "a") == true`:                                   ``,
	} {
		t.Run(when, func(t *testing.T) {
			if diff := cmp.Diff(want, tell(matching(t, "  when: "+quoted(when)).Needs())); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func TestNeedsOfAService(t *testing.T) {
	for list, want := range map[string]string{
		`[PX1]`:              `(incident.service.id is "PX1" or incident.service.name is "PX1")`,
		`["acme-*"]`:         `(incident.service.id is "acme-*" or incident.service.name holds "acme-")`,
		`["?-web-*-x", PX1]`: `(incident.service.id is "?-web-*-x" or incident.service.name holds "-web-" or incident.service.id is "PX1" or incident.service.name is "PX1")`,
		`["*", PX1]`:         ``,
		`["??"]`:             ``,
	} {
		if diff := cmp.Diff(want, tell(matching(t, "  service: "+list).Needs())); diff != "" {
			t.Errorf("%s: -want +got:\n%s", list, diff)
		}
	}
}

// chance makes expressions and facts that have something to do with each other.
type chance struct{ *rand.Rand }

func (c chance) of(texts ...string) string { return texts[c.IntN(len(texts))] }

func (c chance) condition(depth int) string {
	if depth > 0 && c.IntN(3) > 0 {
		a, b := c.condition(depth-1), c.condition(depth-1)
		switch c.IntN(7) {
		case 0, 1:
			return "(" + a + " and " + b + ")"
		case 2, 3:
			return "(" + a + " or " + b + ")"
		case 4:
			return "not (" + a + ")"
		case 5:
			return "(" + a + " ? " + b + " : " + c.condition(depth-1) + ")"
		default:
			return "((" + a + ") == (" + b + "))"
		}
	}
	field := c.of("alert.severity", "alert.summary", "alert.monitor", "alert.details.host", "alert.details.deep.host", "alert.details.deep?.host",
		"customer.labels.contract", "incident.service.id", "incident.service.name", `alert["source"]`)
	if c.IntN(8) == 0 {
		field = c.of("lower", "upper") + "(" + field + ")"
	}
	text := `"` + c.of("", "a", "ab", "B", "abc", "critical", "Key", "ディスク", "日") + `"`
	switch c.IntN(10) {
	case 0, 1, 2:
		return field + " == " + text
	case 3:
		return text + " == " + field
	case 4:
		return field + " != " + text
	case 5:
		return field + c.of(" in ", " not in ") + "[" + text + ", \"" + c.of("a", "critical", "abc") + "\"]"
	case 6, 7:
		return field + c.of(" contains ", " startsWith ", " endsWith ") + text
	case 8:
		return field + ` matches "` + c.of("(?i)", "") + c.of("a.*c", "(a|B)b", "^abc$", "k+e?y", "(ディスク|ab|)x*", "[ab]c", "(?:ab){1,2}") + `"`
	default:
		return c.of("true", "false", "incident.number > 3", "alert.details.count > 2", "int(alert.summary) > 1")
	}
}

func (c chance) text() string {
	text := ""
	for range c.IntN(3) {
		text += c.of("a", "ab", "B", "abc", "critical", "Key", "\u212aey", "ディスク", "日", "c", "\xff", "k")
	}
	return text
}

func (c chance) facts() scenario.Facts {
	f := facts()
	f.Incident.Service = incident.Ref{ID: c.text(), Name: c.text()}
	a := &f.Incident.Alerts[0]
	a.Summary, a.Severity, a.Monitor, a.Source = c.text(), c.text(), c.text(), c.text()
	f.Incident.Number = c.IntN(6)
	f.Customer.Labels = map[string]string{"contract": c.text()}
	a.Details = map[string]any{}
	if c.IntN(3) > 0 {
		a.Details["host"], a.Details["count"] = c.text(), float64(c.IntN(5))
	}
	switch c.IntN(4) {
	case 0:
		a.Details["deep"] = map[string]any{"host": c.text()}
	case 1:
		a.Details["deep"], a.Details["host"] = c.text(), 3.0
	case 2:
		f.Incident.Alerts = nil
	}
	return f
}

// Whatever is written, an incident that matches meets the needs.
func TestNeedsAreNeeded(t *testing.T) {
	c := chance{rand.New(rand.NewPCG(1, 2))}
	matches, excluded := 0, 0
	for range 1500 {
		when := c.condition(3)
		source := "title: T\nmatch: {when: " + quoted(when) + "}\ngather: [{uses: aws.ssm.read, with: {instance: a}}]\n"
		s, problems := scenario.Parse("test", "test.yaml", []byte(source), testActions())
		if s == nil {
			t.Fatalf("%s: %v", when, problems)
		}
		needs := s.Needs()
		for range 30 {
			f := c.facts()
			matched, why, _ := s.Matches(f)
			if prepared, again, _ := s.Matches(f.Prepared()); prepared != matched || again != why {
				t.Fatalf("%s: prepared facts give %v, %q; others %v, %q", when, prepared, again, matched, why)
			}
			may := needs.MayMeet(f)
			if matched && !may {
				t.Fatalf("%s\nneeds %s, and %s", when, tell(needs), why)
			}
			if matched && needs.Never() {
				t.Fatalf("%s should never match, and %s", when, why)
			}
			if matched {
				matches++
			}
			if !may {
				excluded++
			}
		}
	}
	if matches < 2500 || excluded < 10000 {
		t.Errorf("only %d of 45000 match, %d are excluded: the test tells little", matches, excluded)
	}
}
