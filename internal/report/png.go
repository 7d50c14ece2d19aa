package report

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// Picture is a chart as an image, for where SVG is not shown.
type Picture struct {
	Name  string // of the file: "incidents.png"
	Title string // in the language of the report, for beside the picture
	PNG   []byte
}

// The colours of the pictures are those of the page by day.
var (
	inkColor   = color.NRGBA{0x62, 0x6b, 0x75, 0xff}
	gridColor  = color.NRGBA{0xe4, 0xe7, 0xea, 0xff}
	partColors = [2]color.NRGBA{{0x2b, 0x6f, 0x8c, 0xff}, {0xd9, 0x8c, 0x2b, 0xff}}
)

// The size of a picture: twice as many dots as a message shows.
const (
	pictureWidth, pictureHeight = 15 * vg.Centimeter, 6 * vg.Centimeter
	pictureDPI                  = 160
)

// Pictures draws the charts that have data. In the pictures stand digits and Latin letters only: the fonts that come with
// the drawing library have no others.
func (r *Report) Pictures() ([]Picture, error) {
	names := []string{"incidents.png", "automatic.png", "first-response.png"}
	own, drawn := wordsFor(r.Language), english()
	drawn.shortDay = own.shortDay // digits in any case
	titles := r.charts(own)
	var list []Picture
	for i, c := range r.charts(drawn) {
		if !c.hasData() {
			continue
		}
		data, err := c.png()
		if err != nil {
			return nil, fmt.Errorf("draw %s of the report: %w", names[i], err)
		}
		title := titles[i].title + ": " + titles[i].value
		for _, l := range titles[i].legend {
			title += " · " + [2]string{"🟦 ", "🟧 "}[l.part] + l.name
		}
		list = append(list, Picture{names[i], title, data})
	}
	return list, nil
}

func (c *chart) png() ([]byte, error) {
	p := plot.New()
	p.BackgroundColor = color.White
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(len(c.points))-0.5, 0, c.top*1.06
	p.X.Tick.Marker, p.Y.Tick.Marker = c.placeTicks(), c.scaleTicks()
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.LineStyle.Width, axis.Tick.LineStyle.Width, axis.Padding = 0, 0, 0
		axis.Tick.Label.Color, axis.Tick.Label.Font.Size, axis.Tick.Label.Font.Variant = inkColor, 9, "Sans"
		axis.Tick.Length = 4
	}
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: gridColor, Width: 0.7}
	p.Add(grid)
	if err := c.plotOn(p); err != nil {
		return nil, err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(pictureWidth, pictureHeight), vgimg.UseDPI(pictureDPI))
	p.Draw(draw.Crop(draw.New(canvas), 8, -14, 6, -8))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (c *chart) plotOn(p *plot.Plot) error {
	if c.kind == line {
		return c.plotLine(p)
	}
	width := (pictureWidth - 60) / vg.Length(len(c.points)) * 0.7
	var below *plotter.BarChart
	for part := range partColors {
		var values plotter.Values
		for _, one := range c.points {
			values = append(values, one.parts[part])
		}
		bar, err := plotter.NewBarChart(values, min(width, 42))
		if err != nil {
			return err
		}
		bar.Color, bar.LineStyle.Width = partColors[part], 0
		if below != nil {
			bar.StackOn(below)
		}
		below = bar
		p.Add(bar)
	}
	return nil
}

// plotLine draws what there is; where there is no data the line is broken.
func (c *chart) plotLine(p *plot.Plot) error {
	var run plotter.XYs
	draw := func() error {
		if len(run) == 0 {
			return nil
		}
		l, points, err := plotter.NewLinePoints(run)
		if err != nil {
			return err
		}
		l.Color, l.Width = partColors[0], 1.6
		points.Color, points.Radius, points.Shape = partColors[0], 2.2, circle
		p.Add(l, points)
		run = nil
		return nil
	}
	for i, one := range c.points {
		if one.ok {
			run = append(run, plotter.XY{X: float64(i), Y: one.value})
			continue
		}
		if err := draw(); err != nil {
			return err
		}
	}
	return draw()
}

var circle draw.GlyphDrawer = draw.CircleGlyph{}

func (c *chart) scaleTicks() plot.ConstantTicks {
	var list plot.ConstantTicks
	for _, t := range c.ticks {
		list = append(list, plot.Tick{Value: t.at, Label: t.label})
	}
	return list
}

func (c *chart) placeTicks() plot.ConstantTicks {
	var list plot.ConstantTicks
	for i, p := range c.points {
		if p.label != "" {
			list = append(list, plot.Tick{Value: float64(i), Label: p.label})
		}
	}
	return list
}
