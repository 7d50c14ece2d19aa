package main

import (
	"cmp"
	"fmt"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// windows is the table of what quiet hours and maintenance held back, and what became of it.
func (p statsPage) windows(b *strings.Builder) {
	w := p.words
	t := &textTable{right: []bool{false, false, true, true, true, true, true, true, true, true, true}}
	t.add(w.window, w.question, w.suppressed, w.deferred, w.told, w.listed, w.taken, w.waiting, w.other, w.waitP50, w.before)
	for i, one := range p.Windows {
		if p.top > 0 && i == p.top {
			break
		}
		d, before := one.Deferred, one.Previous
		suppressed, wait := grouped(one.Suppressed), "-"
		if one.Question != incident.Page {
			suppressed = "-" // an outcome is not about telling the customer
		}
		if d.Wait.Count > 0 {
			wait = p.length(d.Wait.P50, true)
		}
		t.add(terminal.Cut(cmp.Or(terminal.OneLine(one.Window), w.ofNoWindow), 60), cmp.Or(w.questions[one.Question], string(one.Question)),
			suppressed, grouped(d.Count), grouped(d.Told), grouped(d.Listed), grouped(d.Taken), grouped(d.Waiting), grouped(d.Other),
			wait, grouped(before.Suppressed+before.Deferred.Count))
	}
	t.write(b)
	if more := len(p.Windows) - p.top; p.top > 0 && more > 0 {
		fmt.Fprintf(b, w.moreGroups+"\n", more)
	}
}
