package report

import (
	"context"
	"fmt"
	"time"

	"shodo/internal/analytics"
)

// kindOfPeriod tells how a period is compared over longer times.
type kindOfPeriod int

const (
	anyPeriod kindOfPeriod = iota
	week
	month
)

func kindOf(p analytics.Period) kindOfPeriod {
	switch {
	case p.Name == "":
		return anyPeriod
	case len(p.Name) == len("2026-W46"):
		return week
	}
	return month
}

// longer adds the columns of the longer times that end with the period.
func (b *builder) longer(ctx context.Context) error {
	since, until := b.Report.Period.Since, b.Report.Period.Until
	type stretch struct {
		name  Stretch
		since time.Time
	}
	var list []stretch
	switch kindOf(b.Report.Period) {
	case week:
		list = []stretch{{FourWeeks, since.AddDate(0, 0, -3*7)}, {AYear, since.AddDate(0, 0, -51*7)}}
	case month:
		list = []stretch{{ThreeMonths, since.AddDate(0, -2, 0)}, {AYear, since.AddDate(0, -11, 0)}}
	default:
		if year := until.AddDate(-1, 0, 0); year.Before(since) {
			list = []stretch{{AYear, year}}
		}
	}
	for _, s := range list {
		p, err := analytics.Between(s.since, until)
		if err != nil {
			return err
		}
		a, err := b.ask(ctx, analytics.Question{Period: p, Alone: true, Saved: true})
		if err != nil {
			return err
		}
		b.Columns = append(b.Columns, Column{s.name, p, a.Figures})
	}
	return nil
}

// trendLength is how many periods the charts look back over, the present one with them.
const trendLength = 13

// maxDays is the longest period that is shown day by day.
const maxDays = 62

// trend asks, day by day, for the periods that led here.
func (b *builder) trend(ctx context.Context) error {
	p := b.Report.Period
	back := func(n int) time.Time { return p.Since } // n periods before this one
	length := 1
	switch kindOf(p) {
	case week:
		back, length = func(n int) time.Time { return p.Since.AddDate(0, 0, -7*n) }, trendLength
	case month:
		back, length = func(n int) time.Time { return p.Since.AddDate(0, -n, 0) }, trendLength
	}
	whole, err := analytics.Between(back(length-1), p.Until)
	if err != nil {
		return err
	}
	a, err := b.ask(ctx, analytics.Question{Period: whole, By: analytics.ByDay, Alone: true})
	if err != nil {
		return err
	}
	days := map[string]analytics.Figures{}
	for _, g := range a.Groups {
		days[g.Name] = g.Figures
	}
	for n := length - 1; n >= 0 && length > 1; n-- {
		until := p.Until
		if n > 0 {
			until = back(n - 1)
		}
		b.Trend = append(b.Trend, sumOf(days, back(n), until, nameOf(back(n), kindOf(p))))
	}
	step := 1
	if p.Until.Sub(p.Since) > maxDays*24*time.Hour {
		step = 7
	}
	for day := p.Since; day.Before(p.Until); day = nextDay(day, step) {
		until := nextDay(day, step)
		if until.After(p.Until) {
			until = p.Until
		}
		b.Days = append(b.Days, sumOf(days, day, until, day.Format(time.DateOnly)))
	}
	return nil
}

// nextDay is the beginning of the day so many days later.
func nextDay(at time.Time, days int) time.Time {
	y, m, d := at.Date()
	return time.Date(y, m, d+days, 0, 0, 0, 0, at.Location())
}

func nameOf(since time.Time, kind kindOfPeriod) string {
	if kind == month {
		return since.Format("2006-01")
	}
	year, number := since.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, number)
}

// sumOf adds the days of a stretch up. Means are exact: they are sums.
func sumOf(days map[string]analytics.Figures, since, until time.Time, name string) Point {
	p := Point{Since: since, Until: until, Name: name}
	var sum time.Duration
	for day := since; day.Before(until); day = nextDay(day, 1) {
		f := days[day.Format(time.DateOnly)]
		p.Incidents += f.Incidents
		p.Automatic.Count += f.Automatic.Count
		p.Automatic.Of += f.Automatic.Of
		p.Measured += f.FirstResponse.Count
		sum += f.FirstResponse.Sum
	}
	if p.Measured > 0 {
		p.Mean = sum / time.Duration(p.Measured)
	}
	return p
}

// years makes the year table: back from the year of the period's end to the first one that has incidents.
func (b *builder) years(ctx context.Context) error {
	until := b.Report.Period.Until
	zone := until.Location()
	for year := until.Add(-1).Year(); len(b.Years) < maxYears; year-- {
		from, to := time.Date(year, 1, 1, 0, 0, 0, 0, zone), time.Date(year+1, 1, 1, 0, 0, 0, 0, zone)
		whole := !to.After(until)
		if !whole {
			to = until
		}
		p, err := analytics.Between(from, to)
		if err != nil {
			return err
		}
		a, err := b.ask(ctx, analytics.Question{Period: p, Alone: true})
		if err != nil {
			return err
		}
		if a.Figures.Incidents == 0 && len(b.Years) > 0 {
			break
		}
		b.Years = append([]Year{{Year: year, Until: to, Whole: whole, Figures: a.Figures}}, b.Years...)
	}
	return nil
}
