package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// HTML renders the report as one file that needs nothing else: no script, no font, no picture from elsewhere. It follows
// the reader's choice of dark or light, and prints on A4.
func (r *Report) HTML() ([]byte, error) {
	page, err := template.New("page").Funcs(template.FuncMap{"chart": chartOf, "tone": toneClass, "percent": percent, "lines": linesOf}).Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("read the template of the report: %w", err)
	}
	var b bytes.Buffer
	err = page.Execute(&b, map[string]any{"D": viewOf(r.document()), "Language": languageOf(r.Language), "Style": template.CSS(pageStyle)})
	if err != nil {
		return nil, fmt.Errorf("write the report as HTML: %w", err)
	}
	return b.Bytes(), nil
}

func languageOf(language string) string {
	if language == Japanese {
		return Japanese
	}
	return English
}

// The view is the document with names that a template may read.
type (
	view struct {
		Title, Who, When string
		Notices          []string
		Findings         []findingView
		Headline         tableView
		Charts           []chartView
		Sections         []sectionView
		Footer           []string
	}
	findingView struct {
		Label, Lead, Text string
		Tone              tone
	}
	chartView struct {
		Title, Value, Change string
		Tone                 tone
		Legend               []legendView
		Picture              template.HTML
		HasData              bool
	}
	legendView  struct{ Class, Name string }
	sectionView struct {
		ID, Title, Lead string
		Parts           []partView
	}
	partView struct {
		Text   string
		Table  *tableView
		Drafts []draftView
	}
	draftView struct{ Title, Facts, File, YAML string }
	tableView struct {
		Head []headView
		Rows [][]cellView
		More string
	}
	headView struct {
		Text string
		Left bool
	}
	cellView struct {
		Text string
		Tone tone
		Left bool
		Bar  float64
		Wrap bool
	}
)

func viewOf(d document) view {
	v := view{Title: d.title, Who: d.who, When: d.when, Notices: d.notices, Headline: tableOf(d.headline), Footer: d.footer}
	for _, f := range d.findings {
		v.Findings = append(v.Findings, findingView{f.label, f.lead, f.text, f.tone})
	}
	for _, c := range d.charts {
		one := chartView{Title: c.title, Value: c.value, Change: c.change.text, Tone: c.change.tone, HasData: c.hasData()}
		if one.HasData {
			one.Picture = c.svg()
		}
		for _, l := range c.legend {
			one.Legend = append(one.Legend, legendView{"p" + strconv.Itoa(l.part), l.name})
		}
		v.Charts = append(v.Charts, one)
	}
	for _, s := range d.sections {
		one := sectionView{ID: s.id, Title: s.title, Lead: s.lead}
		for _, p := range s.parts {
			pv := partView{Text: p.text}
			if p.table != nil && len(p.table.rows) > 0 {
				t := tableOf(*p.table)
				pv.Table = &t
			}
			for _, d := range p.drafts {
				pv.Drafts = append(pv.Drafts, draftView{d.title, d.facts, d.file, d.yaml})
			}
			one.Parts = append(one.Parts, pv)
		}
		v.Sections = append(v.Sections, one)
	}
	return v
}

func tableOf(t table) tableView {
	v := tableView{More: t.more}
	for i, h := range t.head {
		v.Head = append(v.Head, headView{h, i < t.left})
	}
	for _, row := range t.rows {
		var cells []cellView
		for i, c := range row {
			cells = append(cells, cellView{c.text, c.tone, i < t.left, c.bar, c.wraps})
		}
		v.Rows = append(v.Rows, cells)
	}
	return v
}

func chartOf(c chartView) template.HTML { return c.Picture }

func toneClass(t tone) string { return []string{"", "good", "bad", "soft"}[t] }

func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 1, 64) }

func linesOf(s string) []string { return strings.Split(s, "\n") }
