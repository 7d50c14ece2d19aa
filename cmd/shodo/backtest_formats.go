package main

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"shodo/internal/backtest"
	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// writeBacktestMarkdown writes a page for a comment on a pull request. Alerts are text from outside: what comes from them
// stands as code, so that it can neither format, link nor mention anybody.
func writeBacktestMarkdown(w io.Writer, p backtestPage) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### shodo backtest\n\n**%s**\n\n", p.summary())
	fmt.Fprintf(&b, "%s compared with %s, over incidents of %s", code(p.After), code(p.Before), p.period())
	if p.Customer != "" {
		fmt.Fprintf(&b, ", customer %s", code(string(p.Customer)))
	}
	b.WriteString(".\n")
	if p.Total.Incidents > 0 {
		markdownTable(&b, []string{"", "before", "after", "change"}, p.sides(), 1, 0)
	}
	if rows, more := p.customers(); len(rows) > 0 {
		markdownTable(&b, lower(customerHead()), codeFirst(rows, 1), 1, more)
	}
	if rows, more := p.shifts(); len(rows) > 0 {
		for _, row := range rows {
			row[1], row[2] = code(row[1]), code(row[2])
		}
		markdownTable(&b, []string{"difference", "before", "after", "incidents"}, rows, 3, more)
	}
	for _, kind := range backtest.Kinds() {
		p.markdownList(&b, kind)
	}
	for _, note := range p.notes() {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p backtestPage) markdownList(b *strings.Builder, kind backtest.Kind) {
	list := p.Lists[kind]
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%s</summary>\n", p.listTitle(kind))
	var rows [][]string
	for _, c := range list {
		rows = append(rows, []string{incidentLink(c), p.at(c.CreatedAt), code(string(c.Customer())), code(arrow(c)),
			code(terminal.Cut(terminal.OneLine(c.Title), 100)), code(terminal.Cut(terminal.OneLine(c.Why), 200))})
	}
	markdownTable(b, []string{"incident", "created", "customer", "decision", "title", "why"}, rows, len(rows[0]), 0)
	b.WriteString("\n</details>\n")
}

// incidentLink leads to PagerDuty's page, when the address is one.
func incidentLink(c backtest.Change) string {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(c.URL, "()<>|`\\ \t\r\n") {
		return code(string(c.ID))
	}
	return "[" + code(string(c.ID)) + "](" + c.URL + ")"
}

// code shows any text as it is, in one cell of a table: in code nothing is formatted, linked or mentioned. A backtick would
// end it, and a bar the cell.
func code(s string) string {
	return "`" + strings.NewReplacer("`", "'", "|", "¦").Replace(dash(s)) + "`"
}

func codeFirst(rows [][]string, n int) [][]string {
	for _, row := range rows {
		for i := range n {
			row[i] = code(row[i])
		}
	}
	return rows
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// markdownTable writes a table with an empty line before it. The columns from right on stand at the right.
func markdownTable(b *strings.Builder, head []string, rows [][]string, right, more int) {
	b.WriteString("\n| " + strings.Join(head, " | ") + " |\n|")
	for i := range head {
		if i >= right {
			b.WriteString("--:|")
		} else {
			b.WriteString("---|")
		}
	}
	b.WriteString("\n")
	for _, row := range rows {
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	if more > 0 {
		fmt.Fprintf(b, "\nand %s more\n", grouped(more))
	}
}

// writeBacktestJSON writes the report for other programs.
func writeBacktestJSON(w io.Writer, p backtestPage) error {
	if p.Customers == nil {
		p.Customers = []backtest.CustomerCounts{}
	}
	if p.Shifts == nil {
		p.Shifts = []backtest.Shift{}
	}
	return printJSON(w, struct {
		Catalog  string              `json:"catalog"`
		Against  string              `json:"against"`
		Since    time.Time           `json:"since"`
		Until    time.Time           `json:"until"`
		Customer incident.CustomerID `json:"customer,omitempty"`
		Changed  int                 `json:"changed"`
		backtest.Report
	}{p.After, p.Before, p.Period.Since, p.Period.Until, p.Customer, p.Total.Changed(), p.Report})
}
