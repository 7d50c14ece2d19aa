package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/backtest"
	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// backtestPage is a report with what it is about.
type backtestPage struct {
	backtest.Report
	Period        analytics.Period
	Customer      incident.CustomerID // empty: all
	Before, After string              // what was compared, for people
	limit         int
}

// sides are the rows of the first table: a label and the value of a side.
func (p backtestPage) sides() [][]string {
	row := func(label string, before, after int) []string {
		return []string{label, grouped(before), grouped(after), signed(after - before)}
	}
	b, a := p.Total.Before, p.Total.After
	return [][]string{
		row("matched", b.Matched, a.Matched),
		row("automatic", b.Automatic, a.Automatic),
		row("cannot run", b.CannotRun, a.CannotRun),
		row("no scenario", p.Total.Incidents-b.Matched, p.Total.Incidents-a.Matched),
	}
}

// customers are rows of the customers with differences, and how many more there are.
func (p backtestPage) customers() (rows [][]string, more int) {
	for _, c := range p.Customers {
		if c.Changed() == 0 {
			continue
		}
		if len(rows) == p.limit {
			more++
			continue
		}
		row := []string{dash(string(c.Customer)), grouped(c.Incidents), grouped(c.Before.Matched), grouped(c.After.Matched)}
		for _, kind := range backtest.Kinds() {
			row = append(row, grouped(c.Changes[kind]))
		}
		rows = append(rows, row)
	}
	return rows, more
}

// shifts are rows of the differences by scenarios, the most frequent ones of each kind, and how many more there are.
func (p backtestPage) shifts() (rows [][]string, more int) {
	shown := map[backtest.Kind]int{}
	for _, s := range p.Shifts {
		if shown[s.Kind] == p.limit {
			more++
			continue
		}
		shown[s.Kind]++
		rows = append(rows, []string{s.Kind.Means(), decided(s.Before), decided(s.After), grouped(s.Count)})
	}
	return rows, more
}

// decided names a decision: "web (automatic)".
func decided(d backtest.Decision) string {
	text := dash(string(d.Scenario))
	if d.Autonomy != "" {
		text += " (" + string(d.Autonomy) + ")"
	}
	if d.Customer != "" {
		text += " of " + string(d.Customer)
	}
	return terminal.OneLine(text)
}

// arrow names both decisions, or the one when they name the same.
func arrow(c backtest.Change) string {
	before, after := c.Before, c.After
	if before.Customer == after.Customer {
		before.Customer, after.Customer = "", ""
	}
	if from, to := decided(before), decided(after); from != to {
		return from + " → " + to
	}
	return decided(after)
}

// summary is the result in one sentence.
func (p backtestPage) summary() string {
	var parts []string
	for _, kind := range backtest.Kinds() {
		if n := p.Total.Changes[kind]; n > 0 {
			parts = append(parts, grouped(n)+" "+kind.Means())
		}
	}
	of := countGrouped(p.Total.Incidents, "incident")
	switch {
	case p.Total.Incidents == 0:
		return "There is no incident in this period."
	case len(parts) == 0:
		return "No differences in " + of + "."
	}
	return grouped(p.Total.Changed()) + " of " + of + " differ: " + strings.Join(parts, ", ") + "."
}

// notes are what the figures leave out.
func (p backtestPage) notes() []string {
	var notes []string
	if p.Unreadable > 0 {
		notes = append(notes, countGrouped(p.Unreadable, "incident")+" left out: the record cannot be read, or the engine could not read the incident then.")
	}
	return notes
}

func (p backtestPage) period() string { return statsPage{}.period(p.Period) }

func writeBacktestText(w io.Writer, p backtestPage) error {
	var b strings.Builder
	fmt.Fprintf(&b, "catalog   %s\nagainst   %s\nperiod    %s\n", terminal.OneLine(p.After), terminal.OneLine(p.Before), p.period())
	if p.Customer != "" {
		fmt.Fprintf(&b, "customer  %s\n", p.Customer)
	}
	fmt.Fprintf(&b, "\n%s\n", p.summary())
	p.textTables(&b)
	for _, kind := range backtest.Kinds() {
		p.textList(&b, kind)
	}
	for i, note := range p.notes() {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "* %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p backtestPage) textTables(b *strings.Builder) {
	if p.Total.Incidents == 0 {
		return
	}
	sides := &textTable{right: []bool{false, true, true, true}}
	sides.add("", "before", "after", "change")
	sides.rows = append(sides.rows, p.sides()...)
	sides.write(b)

	rows, more := p.customers()
	customers := &textTable{right: make([]bool, 4+len(backtest.Kinds()))}
	customers.add(customerHead()...)
	for i := range customers.right {
		customers.right[i] = i > 0
	}
	customers.rows = append(customers.rows, rows...)
	customers.write(b)
	moreRows(b, more)

	rows, more = p.shifts()
	shifts := &textTable{right: []bool{false, false, false, true}}
	shifts.add("DIFFERENCE", "before", "after", "incidents")
	shifts.rows = append(shifts.rows, rows...)
	shifts.write(b)
	moreRows(b, more)
}

// customerHead is the head of the table of customers. Its columns stand in the order of the kinds.
func customerHead() []string {
	head := []string{"CUSTOMER", "incidents", "before", "after"}
	short := map[backtest.Kind]string{backtest.NewlyMatched: "new", backtest.NoLongerMatched: "no longer", backtest.Moved: "moved",
		backtest.AutonomyChanged: "autonomy", backtest.CannotRun: "cannot run", backtest.CanRun: "can run", backtest.CustomerChanged: "customer"}
	for _, kind := range backtest.Kinds() {
		head = append(head, short[kind])
	}
	return head
}

func moreRows(b *strings.Builder, more int) {
	if more > 0 {
		fmt.Fprintf(b, "and %s more (--limit)\n", grouped(more))
	}
}

func (p backtestPage) textList(b *strings.Builder, kind backtest.Kind) {
	list := p.Lists[kind]
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n", p.listTitle(kind))
	for _, c := range list {
		fmt.Fprintf(b, "  %s  %s  %s  %s\n", terminal.OneLine(string(c.ID)), p.at(c.CreatedAt), dash(string(c.Customer())), arrow(c))
		fmt.Fprintf(b, "    %s\n", terminal.Cut(dash(c.Title), 100))
		fmt.Fprintf(b, "    %s\n", terminal.Cut(terminal.OneLine(c.Why), 200))
	}
}

// listTitle says what the list holds.
func (p backtestPage) listTitle(kind backtest.Kind) string {
	title := strings.ToUpper(kind.Means()[:1]) + kind.Means()[1:] + ": " + grouped(p.Total.Changes[kind])
	if n := len(p.Lists[kind]); n < p.Total.Changes[kind] {
		title += fmt.Sprintf(", the newest %s", grouped(n))
	}
	return title
}

// at writes an instant in the zone of the period.
func (p backtestPage) at(t time.Time) string {
	return t.In(p.Period.Since.Location()).Format("2006-01-02 15:04")
}

func countGrouped(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return grouped(n) + " " + what
}

func signed(n int) string {
	if n > 0 {
		return "+" + grouped(n)
	}
	return grouped(n)
}
