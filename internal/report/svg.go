package report

import (
	"fmt"
	"html"
	"html/template"
	"strconv"
	"strings"
)

// The size of a picture, in its own units. Styles are those of the page.
const (
	svgWidth, svgHeight = 320.0, 140.0
	svgLeft, svgRight   = 38.0, 8.0
	svgTop, svgBottom   = 14.0, 20.0
)

// svg draws a chart.
func (c *chart) svg() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, svgWidth, svgHeight, html.EscapeString(c.title+": "+c.value))
	for _, t := range c.ticks {
		y := at(c.y(t.at))
		fmt.Fprintf(&b, `<line class="grid" x1="%s" x2="%s" y1="%s" y2="%s"/>`, at(svgLeft), at(svgWidth-svgRight), y, y)
		fmt.Fprintf(&b, `<text class="tick" x="%s" y="%s" text-anchor="end">%s</text>`, at(svgLeft-6), at(c.y(t.at)+3), html.EscapeString(t.label))
	}
	if c.kind == bars {
		c.svgBars(&b)
	} else {
		c.svgLine(&b)
	}
	for i, p := range c.points {
		if p.label != "" {
			fmt.Fprintf(&b, `<text class="tick" x="%s" y="%s" text-anchor="middle">%s</text>`, at(c.x(i)), at(svgHeight-5), html.EscapeString(p.label))
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// at writes a coordinate.
func at(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

func (c *chart) y(v float64) float64 {
	return svgHeight - svgBottom - v/c.top*(svgHeight-svgBottom-svgTop)
}

// x is the middle of a place.
func (c *chart) x(i int) float64 {
	return svgLeft + (float64(i)+0.5)*c.step()
}

func (c *chart) step() float64 { return (svgWidth - svgRight - svgLeft) / float64(len(c.points)) }

func (c *chart) svgBars(b *strings.Builder) {
	width := min(c.step()*0.72, 28)
	for i, p := range c.points {
		if !p.ok {
			continue
		}
		fmt.Fprintf(b, `<g><title>%s</title>`, html.EscapeString(p.title))
		from := 0.0
		for part, v := range p.parts {
			if v == 0 {
				continue
			}
			fmt.Fprintf(b, `<rect class="p%d" x="%s" y="%s" width="%s" height="%s"/>`, part, at(c.x(i)-width/2), at(c.y(from+v)), at(width), at(c.y(from)-c.y(from+v)))
			from += v
		}
		if len(c.points) <= 8 {
			fmt.Fprintf(b, `<text class="value" x="%s" y="%s" text-anchor="middle">%s</text>`, at(c.x(i)), at(c.y(from)-4), number(int(p.value)))
		}
		b.WriteString(`</g>`)
	}
}

func (c *chart) svgLine(b *strings.Builder) {
	var path strings.Builder
	last := -1
	for i, p := range c.points {
		if !p.ok {
			continue
		}
		command := "L"
		if i == 0 || !c.points[i-1].ok {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%s %s", command, at(c.x(i)), at(c.y(p.value)))
		last = i
	}
	fmt.Fprintf(b, `<path class="line" d="%s"/>`, path.String())
	for i, p := range c.points {
		if p.ok {
			class, radius := "dot", 1.8
			if i == last {
				class, radius = "dot last", 3.2
			}
			fmt.Fprintf(b, `<circle class="%s" cx="%s" cy="%s" r="%s"><title>%s</title></circle>`, class, at(c.x(i)), at(c.y(p.value)), at(radius), html.EscapeString(p.title))
		}
	}
}

// hasData says whether there is anything to draw.
func (c *chart) hasData() bool {
	for _, p := range c.points {
		if p.ok {
			return true
		}
	}
	return false
}
