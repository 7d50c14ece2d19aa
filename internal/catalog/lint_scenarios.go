package catalog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// lintScenarios tells what is doubtful about scenarios and their adoption, all of it as warnings: those that can never
// match, are always preceded by another one, or tie with one, those without a runbook or a test, and customers without any.
// What is not sure is not told.
func (c *Catalog) lintScenarios() yamldoc.Problems {
	l := scenarioLint{catalog: c, pairs: map[[2]incident.ScenarioName]bool{}, adopted: map[incident.ScenarioName]bool{}}
	for _, one := range c.Customers() {
		l.customer(one)
	}
	for _, s := range c.Scenarios() {
		l.condition(s)
		l.careless(s)
		l.approvals(s)
	}
	return l.problems
}

// scenarioLint looks at the scenarios of a catalog.
type scenarioLint struct {
	catalog  *Catalog
	problems yamldoc.Problems
	pairs    map[[2]incident.ScenarioName]bool // that were told of: once is enough for all customers
	adopted  map[incident.ScenarioName]bool
}

func (l *scenarioLint) add(p yamldoc.Problem) { l.problems = append(l.problems, p) }

// fixedWords are the values of fields that have no others. A monitor may leave out the severity.
func fixedWords(f scenario.Field) []string {
	switch f {
	case "alert.severity":
		return []string{"critical", "error", "warning", "info", ""}
	case "incident.urgency":
		return []string{"high", "low"}
	}
	return nil
}

// condition looks at what one scenario needs.
func (l *scenarioLint) condition(s *scenario.Scenario) {
	needs := s.Needs()
	if needs.Never() {
		l.add(l.place(s, "match.when").Warning("no incident can match: the conditions contradict each other", `"and" joins what must all hold; "or" and "in" join what may`))
		return
	}
	told := map[scenario.Test]bool{}
	for _, c := range needs {
		for _, t := range c {
			words := fixedWords(t.Field)
			if t.Kind != scenario.Is || words == nil || slices.Contains(words, t.Text) || told[t] {
				continue
			}
			told[t] = true
			hint := yamldoc.Suggest(t.Text, words)
			if hint == "" {
				hint = "it is one of " + strings.TrimSuffix(strings.Join(words, ", "), ", ")
			}
			l.add(l.place(s, "match.when").Warning(fmt.Sprintf("%s is never %q", t.Field, t.Text), hint))
		}
	}
}

// careless tells of an adopted scenario without a runbook or a test. Those of the shipped library have both.
func (l *scenarioLint) careless(s *scenario.Scenario) {
	if !l.adopted[s.Name] || strings.HasPrefix(l.catalog.paths[s.Name], "library/") {
		return
	}
	if s.Runbook == "" {
		l.add(l.place(s, "").Warning("the scenario names no runbook: a person who gets the incident is told no more than its title", "write one under runbooks/ and add runbook: NAME.md"))
	}
	if !l.catalog.tested[s.Name] {
		file := strings.TrimSuffix(l.catalog.paths[s.Name], ".yaml") + "_test.yaml"
		l.add(l.place(s, "").Warning("the scenario has no test", fmt.Sprintf("write %s, for \"shodo test\"", file)))
	}
}

// place gives the place of a key in a scenario's file; of the file when the key is "" or not there.
func (l *scenarioLint) place(s *scenario.Scenario, key string) yamldoc.Place {
	path := l.catalog.paths[s.Name]
	if key != "" {
		if p, ok := yamldoc.Places(path, []byte(s.Pinned().Source))[key]; ok {
			return p
		}
	}
	return yamldoc.Place{File: path}
}

// customer looks at what one customer adopted.
func (l *scenarioLint) customer(c *customer.Customer) {
	candidates := l.catalog.adopted[c.ID]
	if len(candidates) == 0 && len(l.catalog.scenarios) > 0 {
		l.add(c.Place.Warning("this customer has adopted no scenario: each of its incidents goes to a person", "add scenarios: {NAME: {}}"))
	}
	never := make([]bool, len(candidates))
	for i := range candidates {
		l.adopted[candidates[i].scenario.Name] = true
		never[i] = l.neverHere(c, &candidates[i])
		l.asked(c, &candidates[i])
	}
	l.ranks(c, candidates, never)
}

// neverHere says whether a scenario can match no incident of the customer, and tells it.
func (l *scenarioLint) neverHere(c *customer.Customer, one *candidate) bool {
	needs, name := one.scenario.Needs(), one.scenario.Name
	switch {
	case needs.Never(): // is told of the scenario itself
	case !needs.MayMeetCustomer(c.Facts()):
		l.add(one.adoption.Place.Warning(fmt.Sprintf("scenario %q never matches here: its condition is about other customers", name),
			"remove it from this file, or change its match.when"))
	case !mayFitServices(one.scenario.Match.Service, c.Services):
		l.add(one.adoption.Place.Warning(fmt.Sprintf("scenario %q never matches here: its match.service names services of other customers only", name),
			"remove it from this file, or change its match.service"))
	default:
		return false
	}
	return true
}

// serviceID is what PagerDuty gives to services. A name of such a form is not expected.
var serviceID = regexp.MustCompile(`^P[A-Z0-9]*[0-9][A-Z0-9]*$`)

// mayFitServices says whether one of the services may fit one of the patterns; their names are not known.
func mayFitServices(patterns []string, services []customer.Service) bool {
	if len(patterns) == 0 {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		return !serviceID.MatchString(p) || slices.ContainsFunc(services, func(s customer.Service) bool { return string(s.ID) == p })
	})
}

// maxCompared is with how many others each scenario is compared.
const maxCompared = 100

// ranks tells which of the candidates never run because of one that comes before them, and which of two only their names
// put first. Those that never match are left out.
func (l *scenarioLint) ranks(c *customer.Customer, candidates []candidate, never []bool) {
	for i := range candidates {
		if never[i] {
			continue
		}
		compared := 0
		for j := range l.mayCover(c, candidates, i).all {
			if j == i || never[j] {
				continue
			}
			if compared++; compared > maxCompared || l.compare(&candidates[i], &candidates[j], j < i) {
				break
			}
		}
		compared = 0
		for j := i - 1; j >= 0 && sameRank(&candidates[j], &candidates[i]); j-- {
			if never[j] {
				continue
			}
			if compared++; compared > maxCompared || l.meet(&candidates[j], &candidates[i]) {
				break
			}
		}
	}
}

// mayCover gives those that can match whatever one of them matches.
func (l *scenarioLint) mayCover(c *customer.Customer, candidates []candidate, one int) set {
	x := l.catalog.indexes[c.ID]
	if x == nil {
		return fullSet(len(candidates))
	}
	example := candidates[one].scenario.Match.Example()
	found, _ := x.found(func(f scenario.Field) (string, bool) {
		text, ok := example[f]
		return text, ok
	})
	return found
}

// compare tells when the other one matches whatever this one matches. True: enough is said of this one.
func (l *scenarioLint) compare(one, other *candidate, before bool) bool {
	if !other.scenario.Match.Covers(one.scenario.Match) || isWrittenTheSame(one, other) {
		return false
	}
	switch {
	case before:
		if l.isNew(one, other) {
			l.add(one.adoption.Place.Warning(fmt.Sprintf("scenario %q never runs here: %q matches whatever it matches, and comes first: %s",
				one.scenario.Name, other.scenario.Name, whyFirst(other, one)), "give the other one a narrower match, or remove this one"))
		}
		return true
	case sameRank(one, other):
		l.tie(one, other)
		return true
	}
	return false
}

// meet tells when both can match the same incident, and neither whatever the other one matches.
func (l *scenarioLint) meet(first, second *candidate) bool {
	meets := first.scenario.Match.Meets(second.scenario.Match) && !first.scenario.Match.Covers(second.scenario.Match) && !isWrittenTheSame(first, second)
	if meets {
		l.tie(first, second)
	}
	return meets
}

func (l *scenarioLint) tie(first, second *candidate) {
	if l.isNew(first, second) {
		l.add(second.adoption.Place.Warning(fmt.Sprintf("scenarios %q and %q can match the same incident with the same priority: %q runs, because of its name alone",
			first.scenario.Name, second.scenario.Name, first.scenario.Name), "give the one that is meant a higher priority"))
	}
}

// isNew says whether nothing was told of these two so far.
func (l *scenarioLint) isNew(one, other *candidate) bool {
	pair := [2]incident.ScenarioName{min(one.scenario.Name, other.scenario.Name), max(one.scenario.Name, other.scenario.Name)}
	if l.pairs[pair] {
		return false
	}
	l.pairs[pair] = true
	return true
}

func sameRank(a, b *candidate) bool {
	return a.own == b.own && a.scenario.Priority == b.scenario.Priority
}

func whyFirst(first, second *candidate) string {
	switch {
	case first.own != second.own:
		return "it is the customer's own"
	case first.scenario.Priority != second.scenario.Priority:
		return fmt.Sprintf("its priority is %d, not %d", first.scenario.Priority, second.scenario.Priority)
	}
	return "by its name, with the same priority"
}

// isWrittenTheSame says whether two have the same rank and match, of which Load tells.
func isWrittenTheSame(a, b *candidate) bool {
	return sameRank(a, b) && matchKey(*a) == matchKey(*b)
}
