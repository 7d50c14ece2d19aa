package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// CSV renders the figures for spreadsheets, one figure on a line: which part of the report, of what time, of which
// group, which figure, and its value. Lengths are seconds, shares are from 0 to 1; what has no data has no line.
func (r *Report) CSV() ([]byte, error) {
	var b bytes.Buffer
	c := csvLines{out: csv.NewWriter(&b)}
	c.line("part", "since", "until", "group", "customer", "service", "figure", "value")
	for _, column := range r.Columns {
		c.figures("headline", column.Period.Since, column.Period.Until, analytics.Group{Name: string(column.Name)}, column.Figures)
	}
	for _, p := range r.Days {
		c.point("days", p)
	}
	for _, p := range r.Trend {
		c.point("trend", p)
	}
	now, before := r.Columns[0].Period, r.Columns[1].Period
	for _, d := range r.Departments {
		g := analytics.Group{Name: d.Adoption.Department}
		c.share("adoption", now.Since, now.Until, g, "customers_adopted", d.Adoption.Customers)
		c.figures("adoption", now.Since, now.Until, g, d.Figures)
	}
	for _, a := range r.Adopted {
		c.value("adoption_of_customers", now.Since, now.Until, analytics.Group{Customer: a.ID}, "scenarios", strconv.Itoa(len(a.Scenarios)))
	}
	for _, part := range []struct {
		name   string
		groups []analytics.Grouped
	}{{"customers", r.Customers}, {"heaviest", r.Heaviest}, {"priorities", r.Priorities}, {"came_back", r.Scenarios}, {"noisiest", r.Noisiest}, {"storms", r.StormsOf}} {
		for _, g := range part.groups {
			c.figures(part.name, now.Since, now.Until, g.Group, g.Figures)
			c.figures(part.name, before.Since, before.Until, g.Group, g.Previous)
		}
	}
	for _, k := range r.Suggestions {
		g := analytics.Group{Name: k.Title, Customer: k.Customer, Service: k.Service}
		c.value("automate_next", now.Since, now.Until, g, "incidents", strconv.Itoa(k.Count))
		c.value("automate_next", now.Since, now.Until, g, "person_seconds", decimal(k.PersonMinutes*60))
	}
	for _, a := range r.Attempts {
		c.share("repairs_not_holding", now.Since, now.Until, analytics.Group{Name: string(a.Scenario) + " " + strconv.Itoa(a.Attempt)}, "repairs", a.Repairs)
	}
	for _, w := range r.Windows {
		c.window(now, w)
	}
	for _, s := range r.Slow {
		c.value("slow_hand_overs", now.Since, now.Until, analytics.Group{Name: string(s.Incident.ID), Customer: s.Incident.Customer}, "waited_seconds", decimal(s.Waited.Seconds()))
	}
	for _, id := range r.Deferred {
		c.value("deferred", now.Since, now.Until, analytics.Group{Name: string(id)}, "incidents", "1")
	}
	for _, id := range r.Storms {
		c.value("handed_over_in_a_storm", now.Since, now.Until, analytics.Group{Name: string(id)}, "incidents", "1")
	}
	for _, y := range r.Years {
		since := time.Date(y.Year, 1, 1, 0, 0, 0, 0, y.Until.Location())
		c.figures("years", since, y.Until, analytics.Group{Name: strconv.Itoa(y.Year)}, y.Figures)
	}
	if r.Lost != nil {
		c.value("lost", now.Since, now.Until, analytics.Group{}, "lost", strconv.Itoa(*r.Lost))
	}
	c.out.Flush()
	if err := c.out.Error(); err != nil {
		return nil, fmt.Errorf("write the report as CSV: %w", err)
	}
	return b.Bytes(), nil
}

type csvLines struct{ out *csv.Writer }

// line writes one; what goes wrong is told by the writer at the end.
func (c *csvLines) line(cells ...string) { _ = c.out.Write(cells) }

func (c *csvLines) value(part string, since, until time.Time, g analytics.Group, figure, value string) {
	c.line(part, since.Format(time.RFC3339), until.Format(time.RFC3339), SafeCell(clean(g.Name)), SafeCell(string(g.Customer)), SafeCell(string(g.Service)), figure, value)
}

func (c *csvLines) share(part string, since, until time.Time, g analytics.Group, figure string, s analytics.Share) {
	c.value(part, since, until, g, figure, strconv.Itoa(s.Count))
	c.value(part, since, until, g, figure+"_of", strconv.Itoa(s.Of))
	if rate, ok := s.Rate(); ok {
		c.value(part, since, until, g, figure+"_rate", decimal(rate))
	}
}

func (c *csvLines) times(part string, since, until time.Time, g analytics.Group, figure string, t analytics.Times) {
	if t.Count == 0 {
		return
	}
	c.value(part, since, until, g, figure+"_count", strconv.Itoa(t.Count))
	c.value(part, since, until, g, figure+"_mean_seconds", decimal(t.Mean.Seconds()))
	c.value(part, since, until, g, figure+"_p50_seconds", decimal(t.P50.Seconds()))
	c.value(part, since, until, g, figure+"_p95_seconds", decimal(t.P95.Seconds()))
	c.value(part, since, until, g, figure+"_p99_seconds", decimal(t.P99.Seconds()))
}

func (c *csvLines) figures(part string, since, until time.Time, g analytics.Group, f analytics.Figures) {
	c.value(part, since, until, g, "incidents", strconv.Itoa(f.Incidents))
	c.value(part, since, until, g, "alerts", strconv.Itoa(f.Alerts))
	c.share(part, since, until, g, "automatic", f.Automatic)
	c.share(part, since, until, g, "coverage", f.Coverage)
	c.times(part, since, until, g, "first_response", f.FirstResponse)
	c.times(part, since, until, g, "time_to_person", f.TimeToPerson)
	c.share(part, since, until, g, "repairs", f.Repairs)
	c.share(part, since, until, g, "came_back", f.CameBack)
	if load, ok := f.PersonLoad.Total(); ok {
		c.value(part, since, until, g, "person_load_seconds", decimal(load.Seconds()))
	}
	if saved, ok := savedOf(f); ok {
		c.value(part, since, until, g, "time_saved_seconds", decimal(saved.Seconds()))
	}
	c.value(part, since, until, g, "needed_a_person", strconv.Itoa(f.PersonLoad.Incidents))
	c.value(part, since, until, g, "open", strconv.Itoa(f.Open))
}

func (c *csvLines) point(part string, p Point) {
	g := analytics.Group{Name: p.Name}
	c.value(part, p.Since, p.Until, g, "incidents", strconv.Itoa(p.Incidents))
	c.value(part, p.Since, p.Until, g, "automatic", strconv.Itoa(p.Automatic.Count))
	if p.Measured > 0 {
		c.value(part, p.Since, p.Until, g, "first_response_mean_seconds", decimal(p.Mean.Seconds()))
	}
}

func (c *csvLines) window(p analytics.Period, w analytics.Windowed) {
	g, part := analytics.Group{Name: w.Window}, "window_"+string(w.Question)
	if w.Question == incident.Page {
		c.value(part, p.Since, p.Until, g, "suppressed", strconv.Itoa(w.Suppressed))
	}
	for _, one := range []struct {
		figure string
		n      int
	}{{"deferred", w.Deferred.Count}, {"deferred_told", w.Deferred.Told}, {"deferred_listed", w.Deferred.Listed}, {"deferred_taken", w.Deferred.Taken},
		{"deferred_waiting", w.Deferred.Waiting}, {"deferred_other", w.Deferred.Other}} {
		c.value(part, p.Since, p.Until, g, one.figure, strconv.Itoa(one.n))
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// SafeCell keeps a spreadsheet from taking a name for a formula: titles of alerts come from outside.
func SafeCell(name string) string {
	if strings.HasPrefix(strings.TrimSpace(name), "=") || strings.ContainsAny(name[:min(1, len(name))], "+-@\t\r") {
		return "'" + name
	}
	return name
}
