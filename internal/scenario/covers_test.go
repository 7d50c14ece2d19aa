package scenario_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"shodo/internal/scenario"
)

func TestCovers(t *testing.T) {
	const critical = `when: alert.severity == "critical"`
	for name, tt := range map[string]struct {
		match, other string
		covers       bool
	}{
		"the same":                              {critical, critical, true},
		"the same, which nobody understands":    {`when: incident.number > 3`, `when: incident.number > 3 and alert.class == "x"`, true},
		"the same, written in another way":      {`when: ( incident.number>3 )`, `when: incident.number > 3`, true},
		"everything":                            {`when: true`, critical, true},
		"everything is more":                    {critical, `when: true`, false},
		"more values":                           {`when: alert.severity in ["critical", "error"]`, critical, true},
		"fewer values":                          {critical, `when: alert.severity in ["critical", "error"]`, false},
		"fewer conditions":                      {critical, `when: alert.class == "x" and alert.severity == "critical"`, true},
		"more conditions":                       {`when: alert.class == "x" and alert.severity == "critical"`, critical, false},
		"one of two fields":                     {`when: alert.class == "x" or alert.severity == "critical"`, critical, true},
		"a shorter text":                        {`when: alert.summary contains "disk"`, `when: alert.summary contains "disk full"`, true},
		"a longer text":                         {`when: alert.summary contains "disk full"`, `when: alert.summary contains "disk"`, false},
		"a text that the value holds":           {`when: alert.source contains "web"`, `when: alert.source in ["web-1", "web-2"]`, true},
		"a text that one value does not hold":   {`when: alert.source contains "web"`, `when: alert.source in ["web-1", "db-1"]`, false},
		"a text in another case":                {`when: alert.summary contains "DISK"`, `when: alert.summary contains "disk"`, false},
		"a beginning is more than a text":       {`when: alert.summary startsWith "disk"`, `when: alert.summary contains "disk"`, false},
		"a text is less than a beginning":       {`when: alert.summary contains "disk"`, `when: alert.summary startsWith "disk"`, true},
		"a pattern is not understood":           {`when: alert.summary matches "disk"`, `when: alert.summary contains "disk"`, false},
		"details can fail":                      {`when: alert.details.a == "x"`, `when: alert.details.a in ["x"]`, false},
		"all services":                          {`service: ["*"]`, `service: [PX1]`, true},
		"one service of two":                    {`service: [PX1, PX2]`, `service: [PX2]`, true},
		"another service":                       {`service: [PX1, PX2]`, `service: [PX2, PX3]`, false},
		"names":                                 {`service: ["acme-*"]`, `service: ["acme-web-*", "acme-?"]`, true},
		"an id has no name":                     {`service: ["P*"]`, `service: [PX1]`, false},
		"one letter is less than many":          {`service: ["acme-?"]`, `service: ["acme-*"]`, false},
		"a service, and all":                    {`service: [PX1]`, critical, false},
		"a wider service, a narrower condition": {"service: [PX1, PX2]\n  " + critical, `service: [PX1]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, other := matching(t, "  "+tt.match).Match, matching(t, "  "+tt.other).Match
			if got := m.Covers(other); got != tt.covers {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestMeets(t *testing.T) {
	for name, tt := range map[string]struct {
		match, other string
		meets        bool
	}{
		"different fields":              {`when: alert.severity == "critical"`, `when: alert.monitor == "zabbix"`, true},
		"different values":              {`when: alert.severity == "critical"`, `when: alert.severity == "error"`, false},
		"a value of both":               {`when: alert.severity in ["critical", "error"]`, `when: alert.severity in ["error", "info"]`, true},
		"everything":                    {`when: true`, `when: alert.severity == "error"`, true},
		"texts may never come together": {`when: alert.summary contains "disk"`, `when: alert.severity == "error"`, false},
		"what is not understood":        {`when: incident.number > 3`, `when: alert.severity == "error"`, false},
		"different services":            {`service: [PX1]`, `service: [PX2]`, false},
		"a service, and all":            {`service: [PX1]`, `when: alert.severity == "error"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			m, other := matching(t, "  "+tt.match).Match, matching(t, "  "+tt.other).Match
			if got := m.Meets(other); got != tt.meets || other.Meets(m) != tt.meets {
				t.Errorf("got %v, and the other way %v", got, other.Meets(m))
			}
		})
	}
}

// Whatever is written: what covers another match matches whenever that one does, and what it needs is met by the other's
// example.
func TestCoversIsSure(t *testing.T) {
	c := chance{rand.New(rand.NewPCG(3, 4))}
	var list []*scenario.Scenario
	var all []scenario.Facts
	for range 400 {
		list = append(list, matching(t, fmt.Sprintf("  %swhen: %s", c.of("", "", "service: [a, \"ab*\"]\n  ", "service: [\"a*\"]\n  "), quoted(c.condition(c.IntN(3))))))
	}
	for range 400 {
		all = append(all, c.facts())
	}
	matches := make([][]bool, len(list))
	for i, s := range list {
		for _, f := range all {
			matches[i] = append(matches[i], s.Fits(f))
		}
	}
	covers, told := 0, 0
	for i, s := range list {
		for j, other := range list {
			if i == j || !s.Match.Covers(other.Match) {
				continue
			}
			covers++
			for k := range all {
				if matches[j][k] {
					told++
				}
				if matches[j][k] && !matches[i][k] {
					t.Fatalf("%v %q should cover %v %q, and does not match %+v", s.Match.Service, source(s), other.Match.Service, source(other), all[k])
				}
			}
		}
	}
	if covers < 1000 || told < 10000 {
		t.Errorf("%d cover others, with %d matches: the test tells little", covers, told)
	}
}

func source(s *scenario.Scenario) string { return s.Match.When.Source() }
