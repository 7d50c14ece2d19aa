package report

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// How much of everything a report holds. The record has all of it.
const (
	maxKinds     = 10
	maxCustomers = 15
	maxTold      = 5
	maxYears     = 8
)

// Build reads the record and makes the report. Of a period that has not begun there is none.
func Build(ctx context.Context, in Input) (*Report, error) {
	if in.Now.Before(in.Period.Since) {
		return nil, fmt.Errorf("report of %s: it has not begun", describe(in.Period))
	}
	b := builder{Input: in, filter: analytics.Filter{Customer: in.Edition.Customer, Department: in.Edition.Department}}
	if err := b.build(ctx); err != nil {
		return nil, fmt.Errorf("report of %s: %w", describe(in.Period), err)
	}
	return &b.Report, nil
}

func describe(p analytics.Period) string {
	return cmp.Or(p.Name, p.Since.Format("2006-01-02")+" to "+p.Until.Format("2006-01-02"))
}

type builder struct {
	Input
	Report
	filter analytics.Filter
}

func (b *builder) build(ctx context.Context) error {
	r := &b.Report
	r.Definitions, r.Edition, r.Language, r.Period, r.Lost = analytics.Version, b.Input.Edition, b.Input.Language, b.Input.Period, b.Input.Lost
	if r.Over = r.Period.IsOver(b.Now); !r.Over {
		r.AsOf = b.Now
	}
	r.Adopted = b.Input.Edition.customers(b.Input.Customers)
	r.names = map[incident.CustomerID]string{}
	for _, c := range b.Input.Customers {
		if r.Edition.Customer == "" || r.Edition.Customer == c.ID { // a department has had customers that are another one's now
			r.names[c.ID] = c.Name
		}
	}
	for _, k := range b.Kinds {
		if r.Edition.takes(k) && len(r.Suggestions) < maxTold {
			r.Suggestions = append(r.Suggestions, k)
		}
	}
	for _, part := range []func(context.Context) error{b.kinds, b.customers, b.priorities, b.scenarios, b.departments, b.trend, b.longer, b.years} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	r.HalfImports = incident.HalfImports(b.Imports, r.Since(), r.Period.Until)
	return nil
}

// ask is a question about the edition's incidents.
func (b *builder) ask(ctx context.Context, q analytics.Question) (analytics.Answer, error) {
	q.Filter, q.Now, q.Manual = b.filter, b.Now, b.Manual
	if q.Period.Since.IsZero() {
		q.Period = b.Report.Period
	}
	return analytics.Ask(ctx, b.Record, q)
}

// kinds asks for the figures of the period and for the kinds of alerts.
func (b *builder) kinds(ctx context.Context) error {
	a, err := b.ask(ctx, analytics.Question{By: analytics.ByKind})
	if err != nil {
		return err
	}
	r := &b.Report
	r.Columns = []Column{{Now, a.Question.Period, a.Figures}, {Before, a.PreviousPeriod, a.Previous}}
	r.Open, r.Windows, r.Attempts = a.Open, a.Windows, b.notHolding(a.Attempts)
	groups := slices.DeleteFunc(a.Groups, func(g analytics.Grouped) bool { return g.Name == analytics.OtherGroups })
	for _, g := range groups {
		if g.Figures.PersonLoad.Incidents > 0 && len(r.Heaviest) < maxKinds {
			r.Heaviest = append(r.Heaviest, g)
		}
	}
	b.cause(slices.Clone(groups))
	slices.SortStableFunc(groups, func(x, y analytics.Grouped) int { return y.Figures.Incidents - x.Figures.Incidents })
	for _, g := range groups {
		if g.Figures.Incidents > 1 && len(r.Noisiest) < maxKinds {
			r.Noisiest = append(r.Noisiest, g)
		}
	}
	return nil
}

// notHolding keeps the attempts of the period, those first that hold least often.
func (b *builder) notHolding(all []analytics.Attempted) []analytics.Attempted {
	list := slices.DeleteFunc(all, func(a analytics.Attempted) bool { return a.Repairs.Of == 0 || a.Repairs.Count == a.Repairs.Of })
	slices.SortStableFunc(list, func(x, y analytics.Attempted) int {
		return (y.Repairs.Of - y.Repairs.Count) - (x.Repairs.Of - x.Repairs.Count)
	})
	return list[:min(len(list), maxKinds)]
}

func (b *builder) customers(ctx context.Context) error {
	a, err := b.ask(ctx, analytics.Question{By: analytics.ByCustomer, List: analytics.Deferred, Slow: true})
	if err != nil {
		return err
	}
	r := &b.Report
	r.Deferred, r.Slow = a.Incidents, a.Slowest
	for _, g := range a.Groups {
		if g.Figures.Reasons[incident.Storm] > 0 {
			r.StormsOf = append(r.StormsOf, g)
		}
	}
	slices.SortStableFunc(r.StormsOf, func(x, y analytics.Grouped) int {
		return y.Figures.Reasons[incident.Storm] - x.Figures.Reasons[incident.Storm]
	})
	if r.Edition.Customer == "" {
		groups := slices.DeleteFunc(a.Groups, func(g analytics.Grouped) bool { return g.Figures.Incidents == 0 })
		r.Customers = groups[:min(len(groups), maxCustomers)]
		r.OtherCustomers = len(groups) - len(r.Customers)
	}
	return nil
}

func (b *builder) priorities(ctx context.Context) error {
	a, err := b.ask(ctx, analytics.Question{By: analytics.ByPriority, List: analytics.Figure(incident.Storm)})
	if err != nil {
		return err
	}
	slices.SortFunc(a.Groups, func(x, y analytics.Grouped) int {
		return cmp.Or(boolCompare(x.Name == "", y.Name == ""), strings.Compare(x.Name, y.Name))
	})
	b.Storms, b.Priorities = a.Incidents, a.Groups
	return nil
}

func boolCompare(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

func (b *builder) scenarios(ctx context.Context) error {
	a, err := b.ask(ctx, analytics.Question{By: analytics.ByScenario})
	if err != nil {
		return err
	}
	groups := slices.DeleteFunc(a.Groups, func(g analytics.Grouped) bool { return g.Figures.CameBack.Count == 0 })
	slices.SortStableFunc(groups, func(x, y analytics.Grouped) int { return y.Figures.CameBack.Count - x.Figures.CameBack.Count })
	b.Scenarios = groups[:min(len(groups), maxKinds)]
	return nil
}

// departments puts adoption, which the catalog knows now, beside figures, which are of the departments of then.
func (b *builder) departments(ctx context.Context) error {
	if b.Report.Edition != (Edition{}) {
		return nil
	}
	a, err := b.ask(ctx, analytics.Question{By: analytics.ByDepartment})
	if err != nil {
		return err
	}
	for _, adoption := range analytics.Adopting(b.Adopted) {
		b.Departments = append(b.Departments, Department{Adoption: adoption})
	}
	for _, g := range a.Groups {
		i := slices.IndexFunc(b.Departments, func(d Department) bool { return d.Department == g.Name })
		if i < 0 { // no customer is there any more, or the incidents are of no customer
			i = len(b.Departments)
			b.Departments = append(b.Departments, Department{Adoption: analytics.Adoption{Department: g.Name, Not: []incident.CustomerID{}}})
		}
		b.Departments[i].Figures, b.Departments[i].Previous = g.Figures, g.Previous
	}
	slices.SortStableFunc(b.Departments, func(x, y Department) int {
		return cmp.Or(boolCompare(x.Department == "", y.Department == ""), strings.Compare(x.Department, y.Department))
	})
	return nil
}
