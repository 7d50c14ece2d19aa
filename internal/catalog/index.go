package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// An index finds the few of a customer's candidates that can match an incident, without looking at the others. It is
// made of what the candidates need (scenario.Needs): a candidate that needs nothing is always found, and so is each one
// that matches. Whether a found one matches has still to be evaluated.
//
// Clauses over the same fields form a group. An incident passes through the groups, and in each one those candidates
// stay that need nothing there, or whose clause it meets. A field is looked at once for all candidates: its value in a
// map, or its text by the words that it holds.
type index struct {
	size   int // how many candidates there are
	groups []group
}

// group is the clauses over certain fields, at most one of each candidate.
type group struct {
	name    string // of the fields, for people
	free    set    // the candidates that have no clause here
	lookups []lookup
}

// lookup is what the clauses of a group say about one field.
type lookup struct {
	field  scenario.Field
	values map[string]*members // candidates by the value that they need
	words  *wordIndex          // candidates by the text that the field must hold; nil: none
}

// texts gives the text of a field; false when it has none.
type texts func(scenario.Field) (string, bool)

// maxGroups bounds what an incident has to pass through. The groups that hold the most candidates are kept.
const maxGroups = 32

// newIndexes makes the indexes of the customers that adopted many scenarios.
func newIndexes(adopted map[incident.CustomerID][]candidate) map[incident.CustomerID]*index {
	indexes := map[incident.CustomerID]*index{}
	for id, candidates := range adopted {
		if len(candidates) > told {
			indexes[id] = newIndex(candidates)
		}
	}
	return indexes
}

// found gives the candidates that can match an incident with these texts, and how many others each group has ruled out.
func (x *index) found(of texts) (set, []incident.PassedOver) {
	left := fullSet(x.size)
	stay := newSet(x.size)
	count := x.size
	var out []incident.PassedOver
	for i := range x.groups {
		g := &x.groups[i]
		copy(stay, g.free)
		for j := range g.lookups {
			g.lookups[j].add(stay, of)
		}
		left.intersect(stay)
		if now := left.count(); now < count {
			out = append(out, incident.PassedOver{By: g.name, Count: count - now})
			count = now
		}
		if count == 0 {
			break
		}
	}
	return left, out
}

// add puts the candidates in whose tests of this field pass.
func (l *lookup) add(to set, of texts) {
	text, ok := of(l.field)
	if !ok {
		return
	}
	if m := l.values[text]; m != nil {
		m.addTo(to)
	}
	if l.words != nil {
		l.words.add(to, scenario.Fold(text))
	}
}

// newIndex makes the index of candidates. Those found keep their numbers.
func newIndex(candidates []candidate) *index {
	needs := make([]scenario.Needs, len(candidates))
	for i := range candidates {
		needs[i] = candidates[i].scenario.Needs()
	}
	common := countTests(needs)
	byName := map[string]*groupBuilder{}
	for i, n := range needs {
		for name, clause := range clausesByGroup(n, common) {
			if byName[name] == nil {
				byName[name] = &groupBuilder{name: name, clauses: map[int]scenario.Clause{}}
			}
			byName[name].clauses[i] = clause
		}
	}
	builders := slices.SortedFunc(maps.Values(byName), func(a, b *groupBuilder) int {
		return cmp.Or(len(b.clauses)-len(a.clauses), cmp.Compare(a.name, b.name))
	})
	x := &index{size: len(candidates)}
	for _, b := range builders[:min(len(builders), maxGroups)] {
		x.groups = append(x.groups, b.build(len(candidates)))
	}
	return x
}

// countTests counts how many clauses have each test.
func countTests(needs []scenario.Needs) map[scenario.Test]int {
	common := map[scenario.Test]int{}
	for _, n := range needs {
		for _, c := range n {
			for _, t := range c {
				common[t]++
			}
		}
	}
	return common
}

// clausesByGroup gives the clause that rules out the most for each set of fields.
func clausesByGroup(n scenario.Needs, common map[scenario.Test]int) map[string]scenario.Clause {
	weight := func(c scenario.Clause) (total int) {
		for _, t := range c {
			total += common[t]
		}
		return total
	}
	chosen := map[string]scenario.Clause{}
	for _, c := range n {
		if !isIndexed(c) {
			continue
		}
		name := groupName(c)
		if other, ok := chosen[name]; !ok || weight(c) < weight(other) {
			chosen[name] = c
		}
	}
	return chosen
}

// isIndexed says whether all tests of a clause can be looked up.
func isIndexed(c scenario.Clause) bool {
	return !slices.ContainsFunc(c, func(t scenario.Test) bool { return t.Kind != scenario.Is && !isWord(scenario.Fold(t.Text)) })
}

// groupName names the fields of a clause.
func groupName(c scenario.Clause) string {
	var names []string
	for _, t := range c {
		name := string(t.Field)
		if name == "incident.service.id" || name == "incident.service.name" {
			name = incident.PassedByService
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return cmp.Or(strings.Join(names, " or "), incident.PassedByMatch)
}

// groupBuilder collects one group.
type groupBuilder struct {
	name    string
	clauses map[int]scenario.Clause // by the candidate's number
}

func (b *groupBuilder) build(size int) group {
	g := group{name: b.name, free: fullSet(size)}
	values := map[scenario.Field]map[string][]int{}
	words := map[scenario.Field]map[string][]int{}
	for _, i := range slices.Sorted(maps.Keys(b.clauses)) {
		g.free.remove(i)
		for _, t := range b.clauses[i] {
			if t.Kind == scenario.Is {
				insert(values, t.Field, t.Text, i)
			} else {
				insert(words, t.Field, scenario.Fold(t.Text), i)
			}
		}
	}
	fields := map[scenario.Field]bool{}
	for f := range values {
		fields[f] = true
	}
	for f := range words {
		fields[f] = true
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		l := lookup{field: f, values: map[string]*members{}}
		for value, list := range values[f] {
			l.values[value] = newMembers(list, size)
		}
		if len(words[f]) > 0 {
			l.words = newWordIndex(words[f], size)
		}
		g.lookups = append(g.lookups, l)
	}
	return g
}

func insert(lists map[scenario.Field]map[string][]int, f scenario.Field, text string, i int) {
	if lists[f] == nil {
		lists[f] = map[string][]int{}
	}
	lists[f][text] = append(lists[f][text], i)
}
