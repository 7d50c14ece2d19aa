package report

import "time"

// document is the report in words, as both Markdown and HTML show it.
type document struct {
	title, who, when string
	notices          []string // what to know before the figures
	findings         []finding
	headline         table
	charts           []chart
	sections         []section
	footer           []string
}

// finding is one of the three answers. Its lead says in a few words what the text explains; it may be empty.
type finding struct {
	label, lead, text string
	tone              tone // of the lead
}

func (f finding) whole() string { return f.lead + f.text }

// section is a chapter. One without parts has nothing to tell, and says so in its lead.
type section struct {
	id, title, lead string
	parts           []part
}

// part is one of its fields.
type part struct {
	text   string
	table  *table
	drafts []draft
}

// draft is a suggestion with the file that could be its beginning.
type draft struct {
	title, facts, file, yaml string
}

type table struct {
	head []string
	left int // how many columns stand at the left; the others are numbers
	rows [][]cell
	more string // what is left out
}

type cell struct {
	text string
	tone tone
	bar  float64 // a part of 1 that is drawn beside the number; 0: nothing is

	wraps bool // it is a text that may be long
}

type tone int

const (
	plain tone = iota
	goodTone
	badTone
	softTone
)

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

func text(s string) cell                 { return cell{text: s} }
func soft(s string) cell                 { return cell{text: s, tone: softTone} }
func changed(c change) cell              { return cell{text: c.text, tone: c.tone} }
func barred(s string, part float64) cell { return cell{text: s, bar: part} }

// document puts the report into words.
func (r *Report) document() document {
	w := wordsFor(r.Language)
	d := document{title: w.title(r), who: r.who(w), when: w.span(r.Period), findings: r.findings(w), headline: r.headline(w),
		charts: r.charts(w), sections: r.sections(w), footer: r.footer(w)}
	if !r.Over {
		d.notices = append(d.notices, w.notOver(w.minute(r, r.AsOf)))
	}
	for _, i := range r.HalfImports {
		d.notices = append(d.notices, w.halfImport(w.minute(r, i.Since), w.minute(r, i.Until), w.minute(r, i.DoneTo)))
	}
	return d
}

// minute writes an instant in the reader's zone.
func (w *words) minute(r *Report, at time.Time) string {
	return at.In(r.Period.Since.Location()).Format(w.dayLayout + " 15:04")
}

// who says for whom the report is.
func (r *Report) who(w *words) string {
	switch {
	case r.Edition.Customer != "":
		return r.Name(r.Edition.Customer)
	case r.Edition.Department != "":
		return w.department + " " + clean(r.Edition.Department)
	}
	return w.operation
}

func (r *Report) findings(w *words) []finding {
	lead, text := w.verdict(r)
	better := finding{w.was, lead, text, map[Verdict]tone{Better: goodTone, Worse: badTone}[r.Verdict()]}
	return []finding{better, {label: w.why, text: w.cause(r)}, {label: w.todo, text: w.action(r)}}
}

// headline is the table of the figures by which the operation is steered.
func (r *Report) headline(w *words) table {
	t := table{head: []string{""}, left: 1}
	for _, c := range r.Columns {
		t.head = append(t.head, w.stretch[kindOf(r.Period)][c.Name])
		if c.Name == Before {
			t.head = append(t.head, w.change)
		}
	}
	for _, line := range headlineOf(w) {
		row := []cell{text(line.name)}
		for _, c := range r.Columns {
			row = append(row, text(line.show(c.Figures)))
			if c.Name == Before {
				row = append(row, changed(line.change(r.Figures(Now), c.Figures)))
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// defined names the definitions. A customer has no record in which to look further.
func (r *Report) defined(w *words) string {
	return w.definitions(r.Definitions, r.Edition.Customer == "")
}

func (r *Report) footer(w *words) []string {
	lines := []string{r.defined(w), w.estimates}
	for _, c := range r.Columns {
		if c.Figures.FirstResponse.Approximate {
			lines = append(lines, w.approximate)
			break
		}
	}
	return lines
}
