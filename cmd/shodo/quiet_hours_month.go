package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/terminal"
)

// monthPicture is a month of a customer's windows: a row for each day, in it a line for each question that a window
// answers on that day, on it a cell for each half hour. It is at most 100 columns wide.
type monthPicture struct {
	quietQuestion
	words quietLanguage
	plain bool // only ASCII in the cells
	style terminal.Style
}

const (
	cellsOfDay = 48
	cellLength = 30 * time.Minute
	notesWidth = 33  // of the text at the right
	pageWidth  = 100 // of everything
)

// cell is what holds in half an hour.
type cell struct {
	answer incident.Answer // the strictest one; empty: the clock skips this half hour
	some   bool            // for some incidents only; the others have a milder answer
}

// monthDay is one row.
type monthDay struct {
	date      time.Time           // its midnight as a clock in UTC shows it
	questions []incident.Question // those that a window answers on this day
	cells     map[incident.Question][cellsOfDay]cell
	notes     []string
	hot       bool // a day of a calendar
}

func (p monthPicture) String() string {
	spans := p.spans()
	questions := answeredBy(spans)
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %s (%s) · %s%s\n", p.words.month(p.from.In(p.zone())), terminal.OneLine(p.customer.Name), p.customer.ID, p.zone(),
		answerPage{answerTo(p.quietQuestion), p.words}.about())
	if len(questions) == 0 {
		fmt.Fprintf(&b, "\n%s\n", p.words.nothing)
		return b.String()
	}
	label := 0
	for _, q := range questions {
		label = max(label, terminal.Columns(p.words.questions[q]))
	}
	fmt.Fprintf(&b, "\n%s%s\n", strings.Repeat(" ", p.dayWidth()+label+2), hoursHead())
	days := p.days(spans)
	for i, d := range days {
		if i > 0 && d.date.Weekday() == time.Monday {
			b.WriteString("\n")
		}
		p.row(&b, d, label)
	}
	p.legend(&b, days)
	p.list(&b, spans)
	return b.String()
}

func (p monthPicture) zone() *time.Location { return p.customer.TimeZone }

// spans gives the pieces of the windows in the month, but those of windows that are not about the incident.
func (p monthPicture) spans() []quiethours.NamedSpan {
	return slices.DeleteFunc(p.policy.Spans(p.from, p.to), func(s quiethours.NamedSpan) bool { return p.facts.scopeOf(s.Window) == aboutNot })
}

// answeredBy gives the questions that any of the windows answers with more than allow.
func answeredBy(spans []quiethours.NamedSpan) []incident.Question {
	return slices.DeleteFunc(quiethours.Questions(), func(q incident.Question) bool {
		return !slices.ContainsFunc(spans, func(s quiethours.NamedSpan) bool { return s.Window.Answer(q) != incident.Allow })
	})
}

// hoursHead is "0     3     6 ..." above the cells.
func hoursHead() string {
	var b strings.Builder
	for hour := 0; hour <= 24; hour += 3 {
		fmt.Fprintf(&b, "%-6d", hour)
	}
	return strings.TrimRight(b.String(), " ")
}

// days makes the rows.
func (p monthPicture) days(spans []quiethours.NamedSpan) []monthDay {
	calendars := map[string]bool{}
	for _, w := range p.customer.Windows {
		calendars[w.Name] = w.Calendar.Name != ""
	}
	local := p.from.In(p.zone())
	first := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, time.UTC)
	var days []monthDay
	for date := first; date.Month() == first.Month(); date = date.AddDate(0, 0, 1) {
		d := monthDay{date: date, cells: map[incident.Question][cellsOfDay]cell{}}
		whole := quiethours.OnWall(p.zone(), date, date.AddDate(0, 0, 1))
		var today []quiethours.NamedSpan
		for _, s := range spans {
			if s.Span.Overlap(whole).IsEmpty() {
				continue
			}
			today = append(today, s)
			named := s.Window.Kind == quiethours.Maintenance || calendars[s.Window.Name]
			if name := terminal.OneLine(s.Window.Name); named && !slices.Contains(d.notes, name) {
				d.notes = append(d.notes, name)
			}
			d.hot = d.hot || calendars[s.Window.Name]
		}
		if hours := whole.End.Sub(whole.Start).Hours(); hours != 24 {
			d.notes = append(d.notes, fmt.Sprintf(p.words.hours, fmt.Sprintf("%g", hours)))
		}
		d.questions = answeredBy(today)
		if len(d.questions) == 0 {
			d.questions = []incident.Question{""} // a line without a name: all is allowed
		}
		for _, q := range d.questions {
			d.cells[q] = p.cells(date, today, q)
		}
		days = append(days, d)
	}
	return days
}

// cells gives the answers to one question on one day.
func (p monthPicture) cells(date time.Time, spans []quiethours.NamedSpan, q incident.Question) [cellsOfDay]cell {
	var cells [cellsOfDay]cell
	for i := range cells {
		begin := date.Add(time.Duration(i) * cellLength)
		half := quiethours.OnWall(p.zone(), begin, begin.Add(cellLength))
		if half.IsEmpty() {
			continue
		}
		always, perhaps := incident.Allow, incident.Allow
		for _, s := range spans {
			answer := s.Window.Answer(q)
			if s.Span.Overlap(half).IsEmpty() || answer == incident.Allow {
				continue
			}
			switch p.facts.scopeOf(s.Window) {
			case aboutIt:
				always = stricter(always, answer)
			case aboutSome:
				perhaps = stricter(perhaps, answer)
			case aboutWho:
				if q == incident.MayRecover { // what cannot be told silences nobody
					always = stricter(always, answer)
				}
			}
		}
		if strictest := stricter(always, perhaps); strictest != always {
			cells[i] = cell{strictest, true}
		} else {
			cells[i] = cell{always, false}
		}
	}
	return cells
}

// stricter gives the stricter of two answers to one question.
func stricter(a, b incident.Answer) incident.Answer {
	order := []incident.Answer{incident.Allow, incident.Defer, incident.Suppress, incident.Forbid}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// dayWidth is how many columns the date takes.
func (p monthPicture) dayWidth() int { return terminal.Columns(p.words.weekdays[0]) + len(" 31* ") }

// row writes the lines of one day.
func (p monthPicture) row(b *strings.Builder, d monthDay, label int) {
	for i, q := range d.questions {
		day := strings.Repeat(" ", p.dayWidth())
		if i == 0 {
			mark := " "
			if d.hot {
				mark = "*"
			}
			day = p.dateStyle(d, fmt.Sprintf("%s %2d%s", p.words.weekdays[d.date.Weekday()], d.date.Day(), mark)) + " "
		}
		line := day + p.style.Dim(terminal.Pad(p.words.questions[q], label)) + "  " + p.line(d.cells[q])
		if note := d.note(i); note != "" {
			line += " " + terminal.Cut(note, notesWidth)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

func (p monthPicture) dateStyle(d monthDay, text string) string {
	switch {
	case d.hot || d.date.Weekday() == time.Sunday:
		return p.style.Red(text)
	case d.date.Weekday() == time.Saturday:
		return p.style.Cyan(text)
	}
	return text
}

// note gives what stands at the right of one of the day's lines: a note each, and all that are left on the last one.
func (d monthDay) note(line int) string {
	if line >= len(d.notes) {
		return ""
	}
	if line == len(d.questions)-1 {
		return strings.Join(d.notes[line:], ", ")
	}
	return d.notes[line]
}

// line draws the cells.
func (p monthPicture) line(cells [cellsOfDay]cell) string {
	var b strings.Builder
	for from := 0; from < len(cells); {
		to := from + 1
		for to < len(cells) && cells[to] == cells[from] {
			to++
		}
		run := ""
		for i := from; i < to; i++ {
			run += p.symbol(cells[i], i%12 == 0)
		}
		b.WriteString(p.cellStyle(cells[from], run))
		from = to
	}
	return b.String()
}

// symbol draws one cell. Those at 0, 6, 12 and 18 o'clock are marked where nothing else is.
func (p monthPicture) symbol(c cell, quarter bool) string {
	type look struct{ drawn, plain string }
	looks := map[cell]look{
		{}:                         {" ", " "},
		{answer: incident.Allow}:   {"·", "."},
		{incident.Defer, false}:    {"▒", "D"},
		{incident.Defer, true}:     {"░", "d"},
		{incident.Suppress, false}: {"█", "S"},
		{incident.Suppress, true}:  {"▓", "s"},
		{incident.Forbid, false}:   {"█", "F"},
		{incident.Forbid, true}:    {"▓", "f"},
	}
	one := looks[c]
	if quarter && c.answer == incident.Allow {
		one = look{"┊", ":"}
	}
	if p.plain {
		return one.plain
	}
	return one.drawn
}

func (p monthPicture) cellStyle(c cell, text string) string {
	switch c.answer {
	case incident.Defer:
		return p.style.Yellow(text)
	case incident.Suppress, incident.Forbid:
		return p.style.Red(text)
	}
	return p.style.Dim(text)
}

// legend explains the symbols that occur.
func (p monthPicture) legend(b *strings.Builder, days []monthDay) {
	occurs := map[cell]bool{}
	hot := false
	for _, d := range days {
		hot = hot || d.hot
		for _, cells := range d.cells {
			for _, c := range cells {
				occurs[c] = true
			}
		}
	}
	var parts, some []string
	for _, answer := range []incident.Answer{incident.Allow, incident.Defer, incident.Suppress, incident.Forbid} {
		draw := func(c cell) string { return p.cellStyle(c, p.symbol(c, false)) }
		always, perhaps := cell{answer, false}, cell{answer, true}
		if occurs[perhaps] && !slices.Contains(some, draw(perhaps)) {
			some = append(some, draw(perhaps))
		}
		if occurs[always] || occurs[perhaps] {
			parts = append(parts, draw(always)+" "+p.words.words[answer])
		}
	}
	var marks []string
	if len(some) > 0 {
		marks = append(marks, strings.Join(some, " ")+" "+p.words.some)
	}
	if hot {
		marks = append(marks, "* "+p.words.marked)
	}
	b.WriteString("\n")
	for _, line := range [][]string{parts, marks, {p.words.strictest}} {
		if len(line) > 0 {
			b.WriteString(strings.Join(line, "   ") + "\n")
		}
	}
}

// list tells of the windows that were drawn.
func (p monthPicture) list(b *strings.Builder, spans []quiethours.NamedSpan) {
	seen := map[string]bool{}
	for _, s := range spans {
		if seen[s.Window.Label()] {
			continue
		}
		seen[s.Window.Label()] = true
		rule := s.Window.When.Spec()
		if s.Window.Kind == quiethours.Maintenance {
			rule = fmt.Sprintf("%s – %s", p.words.instant(s.Start.In(p.zone())), p.words.instant(s.End.In(p.zone())))
		}
		says := p.words.says(s.Window)
		if conditions := p.words.conditions(s.Window); conditions != "" {
			says += ", " + conditions
		}
		fmt.Fprintf(b, "\n%s\n", terminal.Cut(p.words.label(s.Window)+": "+rule, pageWidth))
		for _, line := range terminal.Wrap(says, pageWidth-2) {
			fmt.Fprintf(b, "  %s\n", line)
		}
	}
}
