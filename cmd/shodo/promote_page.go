package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/promote"
	"shodo/internal/terminal"
)

// writePromotion writes the evidence for a person, the conditions, and what to do.
func writePromotion(w io.Writer, p promotion) error {
	var b strings.Builder
	page := promotionPage{promotion: p, out: &b}
	page.head()
	page.evidence()
	page.checks()
	page.recommendation()
	_, err := io.WriteString(w, b.String())
	return err
}

type promotionPage struct {
	promotion
	out io.Writer
}

func (p promotionPage) line(label, text string) {
	fmt.Fprintln(p.out, strings.TrimRight("  "+terminal.Pad(label, 22)+text, " "))
}

func (p promotionPage) head() {
	who := "all customers"
	if p.Customer != "" {
		who = "customer " + string(p.Customer)
	}
	level := string(p.Verdict.Level)
	if p.Verdict.Next != "" {
		level += "; the next level is " + string(p.Verdict.Next)
	}
	fmt.Fprintf(p.out, "scenario  %s, %s\nperiod    %s to %s\nautonomy  %s\n", p.Scenario, who, day(p.Since), day(p.Until), level)
}

func day(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }

func (p promotionPage) evidence() {
	e := p.Evidence
	fmt.Fprintln(p.out, "\nEVIDENCE")
	p.line("runs", fmt.Sprintf("%d%s", e.Runs, p.outcomes()))
	m := e.WouldMatch
	would := fmt.Sprintf("%d of %d stored incidents; %d of them got it then", m.Now, m.Incidents, m.Both)
	if lost := m.Then - m.Both; lost > 0 {
		would += fmt.Sprintf(", and %d that got it would not any more", lost)
	}
	if m.CannotRun > 0 {
		would += fmt.Sprintf("; for %d the inputs could not be filled", m.CannotRun)
	}
	p.line("would match now", would)
	for _, a := range e.Attempts {
		p.line(fmt.Sprintf("attempt %d", a.Attempt), fmt.Sprintf("%q: would have been made %s; was made %s, verified %s", a.Name, often(a.Planned), often(a.Made),
			ratio(analytics.Share{Count: a.Verified, Of: a.Made})))
	}
	q := e.Questions
	p.line("approvals", fmt.Sprintf("%d asked for: %d given, %d refused, %d expired", q.Asked, q.Granted, q.Refused, q.Expired))
	p.line("started by people", fmt.Sprintf("%d asked for, %d made, verified %s", e.Wishes.Asked, e.Wishes.Made, ratio(analytics.Share{Count: e.Wishes.Verified, Of: e.Wishes.Made})))
	p.line("verified repairs", ratio(e.Repairs()))
	p.line("came back in 24 hours", ratio(e.CameBack))
	p.line("over budget", often(e.Reasons[incident.OverBudget]))
	p.line("windows", fmt.Sprintf("%d forbidden to change anything, %d deferred, %d suppressed", e.Reasons[incident.Forbidden], e.Deferred, e.Outcomes[incident.Suppressed]))
	p.line("people wanted else", fmt.Sprintf("%d taken over while the engine worked, %d approvals refused, %d called noise", e.Outcomes[incident.TakenOver], q.Refused, e.Noise))
}

// outcomes tells how the runs ended, in the order of the outcomes.
func (p promotionPage) outcomes() string {
	var parts []string
	for _, o := range incident.Outcomes() {
		if n := p.Evidence.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if open := p.Evidence.Runs - p.Evidence.Ended; open > 0 {
		parts = append(parts, fmt.Sprintf("%d not over", open))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func often(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func ratio(s analytics.Share) string {
	rate, ok := s.Rate()
	if !ok {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d (%.3g%%)", s.Count, s.Of, 100*rate)
}

func (p promotionPage) checks() {
	title := "NEEDED FOR " + strings.ToUpper(string(p.Verdict.Next))
	if p.Verdict.Next == "" {
		title = "NEEDED TO STAY " + strings.ToUpper(string(p.Verdict.Level))
	}
	fmt.Fprintln(p.out, "\n"+title)
	for _, c := range p.Verdict.Checks {
		mark := "✓"
		if !c.Holds {
			mark = "✗"
		}
		line := fmt.Sprintf("  %s %s%s", mark, terminal.Pad(c.Name, 20), c.Says)
		if !c.Holds && c.Figure != "" {
			line += fmt.Sprintf("  (shodo stats --scenario %s --ids %s)", p.Scenario, c.Figure)
		}
		fmt.Fprintln(p.out, line)
	}
}

func (p promotionPage) recommendation() {
	v := p.Verdict
	fmt.Fprintln(p.out)
	switch {
	case p.Note != "":
		fmt.Fprintf(p.out, "NOTHING TO PROMOTE: %s.\n", p.Note)
	case v.Next == "" && v.Ready:
		fmt.Fprintf(p.out, "NOTHING TO PROMOTE: %s is the highest level, and the record bears it out.\n", v.Level)
	case v.Next == "":
		fmt.Fprintf(p.out, "NOTHING TO PROMOTE: %s is the highest level, and the record is not enough for it: %s.\n", v.Level, strings.Join(v.Missing(), "; "))
	case v.Ready:
		fmt.Fprintf(p.out, "RECOMMENDED: %s.\n", v.Next)
	default:
		fmt.Fprintf(p.out, "NOT ENOUGH for %s: %s.\n", v.Next, strings.Join(v.Missing(), "; "))
	}
	for _, doubt := range v.Doubts {
		fmt.Fprintf(p.out, "IN DOUBT: %s.\n", doubt)
	}
	if p.Change != nil {
		p.change(*p.Change)
	}
}

func (p promotionPage) change(c promote.Change) {
	place := c.File
	if c.Line > 0 {
		place = fmt.Sprintf("%s:%d", c.File, c.Line)
	}
	verb := "The line to change"
	if !p.Verdict.Ready {
		verb = "The line, once it is"
	}
	fmt.Fprintf(p.out, "\n%s: %s\n  - %s\n  + %s\n", verb, place, c.Was, c.Is)
	if len(c.Rises) > 0 {
		fmt.Fprintf(p.out, "  raised by it: %s\n", strings.Join(c.Rises, ", "))
	}
	if len(c.Stays) > 0 {
		fmt.Fprintf(p.out, "  kept as they are by their own files: %s\n", strings.Join(c.Stays, ", "))
	}
	for _, note := range c.Notes {
		fmt.Fprintf(p.out, "  %s\n", note)
	}
}
