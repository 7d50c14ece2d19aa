package report

import (
	"fmt"
	"math"
	"time"
)

// chart is a picture of a figure over time, before it is drawn: as SVG or as PNG.
type chart struct {
	title  string
	value  string // of the present period
	change change
	kind   chartKind
	points []chartPoint
	top    float64 // the end of the scale, which begins at 0
	ticks  []tick  // on the scale
	legend []legend
}

type chartKind int

const (
	bars chartKind = iota
	line
)

// chartPoint is one place on the time axis.
type chartPoint struct {
	label string // under the axis; empty: none
	title string // the whole of it, for whoever points at it
	value float64
	parts [2]float64 // of bars: automatic, and all others
	ok    bool
}

type tick struct {
	at    float64
	label string
}

type legend struct {
	part int
	name string
}

// charts are the three of the first screen.
func (r *Report) charts(w *words) []chart {
	list := []chart{r.daysChart(w)}
	if len(r.Trend) == 0 {
		return append(list, r.lineChart(w, r.Days, true), r.lineChart(w, r.Days, false))
	}
	return append(list, r.lineChart(w, r.Trend, true), r.lineChart(w, r.Trend, false))
}

// daysChart is how many incidents each day had, and who handled them.
func (r *Report) daysChart(w *words) chart {
	now, before := r.Figures(Now), r.Figures(Before)
	c := chart{title: w.chart.days, value: number(now.Incidents), kind: bars,
		change: relative(float64(now.Incidents), float64(before.Incidents), before.Incidents > 0, 0),
		legend: []legend{{0, w.chart.automatic}, {1, w.chart.people}}}
	most := 0.0
	for i, p := range r.Days {
		one := chartPoint{value: float64(p.Incidents), ok: p.Incidents > 0, title: p.Name + ": " + number(p.Incidents)}
		one.parts = [2]float64{float64(p.Automatic.Count), float64(p.Incidents - p.Automatic.Count)}
		switch {
		case i == 0 || len(r.Days) > 10 && i%7 == 0 || len(r.Days) <= 10 && p.Since.Day() == 1:
			one.label = p.Since.Format(w.shortDay)
		case len(r.Days) <= 10:
			one.label = p.Since.Format("2")
		}
		most = max(most, one.value)
		c.points = append(c.points, one)
	}
	c.scale(most, func(v float64) string { return number(int(v)) })
	return c
}

// lineChart is how the automatic handling rate, or the mean first response, came here.
func (r *Report) lineChart(w *words, points []Point, rate bool) chart {
	now, before := r.Figures(Now), r.Figures(Before)
	c := chart{kind: line}
	if rate {
		c.title, c.value, c.change = w.chart.rate, w.rate(now.Automatic.Rate()), w.points(now.Automatic, before.Automatic, 1)
	} else {
		c.title, c.value = w.chart.mean, w.mean(now.FirstResponse)
		c.change = relative(float64(now.FirstResponse.Mean), float64(before.FirstResponse.Mean), now.FirstResponse.Count > 0 && before.FirstResponse.Count > 0, -1)
	}
	most := 0.0
	for i, p := range points {
		one := chartPoint{}
		if rate {
			one.value, one.ok = p.Automatic.Rate()
			one.title = p.Name + ": " + w.rate(one.value, one.ok)
		} else {
			one.value, one.ok = p.Mean.Seconds(), p.Measured > 0
			one.title = p.Name + ": " + w.length(p.Mean, one.ok)
		}
		if i%4 == (len(points)-1)%4 {
			one.label = shortName(p.Name)
		}
		most = max(most, one.value)
		c.points = append(c.points, one)
	}
	if rate {
		c.top, c.ticks = 1, []tick{{0, "0%"}, {0.5, "50%"}, {1, "100%"}}
		return c
	}
	c.timeScale(most, w)
	return c
}

// shortName leaves out the year of a week and of a day; a month's number alone would say nothing.
func shortName(name string) string {
	if len(name) > len("2026-11") {
		return name[5:]
	}
	return name
}

// scale ends at a round number, with one tick in the middle.
func (c *chart) scale(most float64, label func(float64) string) {
	if most <= 0 {
		c.top = 1
		return
	}
	if most <= 2 {
		c.top = 2
	} else {
		c.top = round(most)
	}
	c.ticks = []tick{{0, label(0)}, {c.top / 2, label(c.top / 2)}, {c.top, label(c.top)}}
}

// round is the next number of 2, 4, 6, 8, 10 times a power of ten.
func round(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 4, 6, 8, 10} {
		if v <= n*unit {
			if n*unit/2 != math.Trunc(n*unit/2) {
				continue
			}
			return n * unit
		}
	}
	return 10 * unit
}

// timeScale ends at a length of time that people count in.
func (c *chart) timeScale(most float64, w *words) {
	if most <= 0 {
		c.top = 1
		return
	}
	top := 48 * 3600 * math.Ceil(most/(48*3600))
	for _, s := range []float64{2, 4, 10, 20, 30, 60, 120, 240, 600, 1200, 1800, 3600, 7200, 14400, 28800, 43200, 86400} {
		if most <= s {
			top = s
			break
		}
	}
	c.top = top
	for _, at := range []float64{0, top / 2, top} {
		c.ticks = append(c.ticks, tick{at, w.shortLength(at)})
	}
}

// shortLength is a round length of time.
func (w *words) shortLength(seconds float64) string {
	switch d := time.Duration(seconds) * time.Second; {
	case d == 0:
		return "0"
	case d < time.Minute || d%time.Minute != 0:
		return fmt.Sprintf(w.units.ticks[0], d/time.Second)
	case d < time.Hour || d%time.Hour != 0:
		return fmt.Sprintf(w.units.ticks[1], d/time.Minute)
	default:
		return fmt.Sprintf(w.units.ticks[2], d/time.Hour)
	}
}
