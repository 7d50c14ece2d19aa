package suggest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// maxKinds bounds the memory: past it the kinds with a single incident are forgotten.
const maxKinds = 100_000

// key tells a kind.
type key struct {
	customer incident.CustomerID
	service  incident.ServiceID
	title    string
}

// grouping collects incidents by kind.
type grouping struct {
	options  Options
	kinds    map[key]*Kind
	masked   map[string]string // titles that KindTitle has worked on: many are the same
	measured int               // of all kinds
	time     time.Duration     // of people, in these
}

func newGrouping(o Options) *grouping {
	return &grouping{options: o, kinds: map[key]*Kind{}, masked: map[string]string{}}
}

// add counts an incident that people had to handle because no scenario did.
func (g *grouping) add(f incident.Fact) {
	if f.Outcome != incident.Unmatched && f.Outcome != incident.HandedOver {
		return
	}
	if g.options.Department != "" && f.Department != g.options.Department {
		return
	}
	k := g.kind(key{f.Customer, f.Service, g.title(f.Title)}, f)
	k.Count++
	k.Outcomes[f.Outcome]++
	if f.Reason != "" {
		k.Reasons[f.Reason]++
	}
	if f.Scenario != "" && len(k.scenarios) < MaxExamples {
		k.scenarios[f.Scenario] = struct{}{}
	}
	k.Department, k.Last = f.Department, f.CreatedAt
	k.Examples, k.titles = newest(k.Examples, f.ID), newest(k.titles, f.Title)
	if long, ok := personTime(f); ok {
		k.Measured++
		k.minutes += long
		g.measured++
		g.time += long
	}
}

// maxMasked bounds the memory for titles.
const maxMasked = 10_000

func (g *grouping) title(title string) string {
	masked, ok := g.masked[title]
	if !ok {
		if len(g.masked) >= maxMasked {
			clear(g.masked)
		}
		masked = analytics.KindTitle(title)
		g.masked[title] = masked
	}
	return masked
}

// newest adds one and keeps the last MaxExamples.
func newest[T any](list []T, one T) []T {
	if len(list) == MaxExamples {
		list = slices.Delete(list, 0, 1)
	}
	return append(list, one)
}

// personTime is from a person taking the incident to its end, as docs/metrics.md defines person_time.
func personTime(f incident.Fact) (time.Duration, bool) {
	if f.TakenAt.IsZero() || f.EndedAt.IsZero() || f.EndedAt.Before(f.TakenAt.Add(-time.Minute)) {
		return 0, false
	}
	return max(f.EndedAt.Sub(f.TakenAt), 0), true
}

func (g *grouping) kind(id key, f incident.Fact) *Kind {
	if k := g.kinds[id]; k != nil {
		return k
	}
	if len(g.kinds) >= maxKinds {
		maps.DeleteFunc(g.kinds, func(_ key, k *Kind) bool { return k.Count == 1 })
	}
	k := &Kind{Customer: id.customer, Service: id.service, Title: id.title, First: f.CreatedAt,
		Outcomes: map[incident.Outcome]int{}, Reasons: map[incident.Reason]int{}, scenarios: map[incident.ScenarioName]struct{}{}}
	g.kinds[id] = k
	return k
}

// ranked gives the dearest kinds.
func (g *grouping) ranked() []Kind {
	var mean time.Duration
	if g.measured > 0 {
		mean = g.time / time.Duration(g.measured)
	}
	list := make([]*Kind, 0, len(g.kinds))
	for _, k := range g.kinds {
		k.weigh(mean)
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b *Kind) int {
		return cmp.Or(cmp.Compare(b.PersonMinutes, a.PersonMinutes), cmp.Compare(b.Count, a.Count),
			strings.Compare(string(a.Customer), string(b.Customer)), strings.Compare(string(a.Service), string(b.Service)),
			strings.Compare(a.Title, b.Title))
	})
	limit := g.options.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	kinds := make([]Kind, 0, min(limit, len(list)))
	for _, k := range list[:min(limit, len(list))] {
		slices.Reverse(k.Examples)
		slices.Reverse(k.titles)
		k.Scenarios = slices.Sorted(maps.Keys(k.scenarios))
		kinds = append(kinds, *k)
	}
	return kinds
}

// weigh says what the kind costs. The mean of all stands in where the kind has none.
func (k *Kind) weigh(mean time.Duration) {
	k.Assumed = k.Measured == 0
	if !k.Assumed {
		mean = k.minutes / time.Duration(k.Measured)
	}
	k.MeanMinutes = mean.Minutes()
	k.PersonMinutes = k.MeanMinutes * float64(k.Count)
}
