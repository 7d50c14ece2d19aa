package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// statsPage is an answer for people.
type statsPage struct {
	analytics.Answer
	words statsLanguage
	top   int // groups; 0 for all
}

func (p statsPage) String() string {
	var b strings.Builder
	p.heading(&b)
	p.figures().write(&b)
	p.outcomes().write(&b)
	p.reasons().write(&b)
	p.attempts().write(&b)
	p.windows(&b)
	p.groups(&b)
	p.open(&b)
	p.notes(&b)
	return b.String()
}

func (p statsPage) heading(b *strings.Builder) {
	fmt.Fprintf(b, "%s · %s %s\n", p.period(p.Question.Period), p.words.definitions, analytics.Version)
	fmt.Fprintf(b, "%s %s\n", p.words.compared, p.period(p.PreviousPeriod))
	f := p.Question.Filter
	for _, c := range []struct{ name, value string }{{"customer", string(f.Customer)}, {"department", f.Department},
		{"scenario", string(f.Scenario)}, {"service", string(f.Service)}, {"priority", f.Priority}} {
		if c.value != "" {
			fmt.Fprintf(b, "%s: %s\n", p.words.dimensions[analytics.Dimension(c.name)], terminal.OneLine(c.value))
		}
	}
}

// period writes whole days as days, and everything else to the minute.
func (p statsPage) period(d analytics.Period) string {
	zone := d.Since.Location().String()
	if zone == "Local" {
		zone = d.Since.Format("UTC-07:00")
	}
	layout, until := "2006-01-02 15:04", d.Until
	if d.Since.Format("15:04:05") == "00:00:00" && until.Format("15:04:05") == "00:00:00" && until.After(d.Since) {
		layout, until = time.DateOnly, until.AddDate(0, 0, -1)
	}
	text := fmt.Sprintf("%s – %s (%s)", d.Since.Format(layout), until.Format(layout), zone)
	if d.Name != "" {
		text = d.Name + " · " + text
	}
	return text
}

// figures is the table of the headline.
func (p statsPage) figures() *textTable {
	t := &textTable{right: []bool{false, true, true, true, false}}
	t.add(p.words.figure, p.words.now, p.words.before, p.words.change, p.words.of)
	f, g := p.Figures, p.Previous
	count := func(label string, now, before int) {
		t.add(label, grouped(now), grouped(before), relative(float64(now), float64(before), before > 0), "")
	}
	share := func(label string, now, before analytics.Share) {
		t.add(label, p.share(now.Rate()), p.share(before.Rate()), points(now, before), p.words.outOf(grouped(now.Count), grouped(now.Of)))
	}
	times := func(label string, pick func(analytics.Times) time.Duration, now, before analytics.Times, of string) {
		t.add(label, p.length(pick(now), now.Count > 0), p.length(pick(before), before.Count > 0),
			relative(float64(pick(now)), float64(pick(before)), now.Count > 0 && before.Count > 0), of)
	}
	load := func(label string, now, before analytics.Load) {
		x, ok := now.Total()
		y, was := before.Total()
		t.add(label, p.length(x, ok), p.length(y, was), relative(float64(x), float64(y), ok && was), p.words.count(grouped(now.Incidents)))
	}
	mean := func(t analytics.Times) time.Duration { return t.Mean }
	of := func(t analytics.Times) string { return p.words.count(grouped(t.Count)) }
	w := p.words.figures
	count(w[analytics.Incidents], f.Incidents, g.Incidents)
	count(w[analytics.Alerts], f.Alerts, g.Alerts)
	share(w[analytics.Automatic], f.Automatic, g.Automatic)
	share(w[analytics.Coverage], f.Coverage, g.Coverage)
	times(w[analytics.FirstResponse], mean, f.FirstResponse, g.FirstResponse, of(f.FirstResponse))
	times("  p50", func(t analytics.Times) time.Duration { return t.P50 }, f.FirstResponse, g.FirstResponse, "")
	times("  p95", func(t analytics.Times) time.Duration { return t.P95 }, f.FirstResponse, g.FirstResponse, "")
	times("  p99", func(t analytics.Times) time.Duration { return t.P99 }, f.FirstResponse, g.FirstResponse, "")
	if f.Deferred.Count+g.Deferred.Count > 0 {
		times(w[analytics.DeferralWait], func(t analytics.Times) time.Duration { return t.P50 }, f.Deferred.Wait, g.Deferred.Wait, of(f.Deferred.Wait))
	}
	times(w[analytics.TimeToStart], mean, f.TimeToStart, g.TimeToStart, of(f.TimeToStart))
	times(w[analytics.TimeToPerson], mean, f.TimeToPerson, g.TimeToPerson, of(f.TimeToPerson))
	t.add(w[analytics.MachineShare], p.share(f.MachineShare.Rate()), p.share(g.MachineShare.Rate()), points(f.MachineShare, g.MachineShare), "")
	share(w[analytics.Repairs], f.Repairs, g.Repairs)
	share(w[analytics.CameBack], f.CameBack, g.CameBack)
	times(w[analytics.PersonTime], mean, f.PersonTime, g.PersonTime, of(f.PersonTime))
	load(w[analytics.PersonLoad], f.PersonLoad, g.PersonLoad)
	if f.TimeSaved != nil && g.TimeSaved != nil {
		load(w[analytics.TimeSaved], *f.TimeSaved, *g.TimeSaved)
	}
	count(w[analytics.Open], f.Open, g.Open)
	return t
}

func (p statsPage) outcomes() *textTable {
	t := &textTable{right: []bool{false, true, true, true, false}}
	t.add(p.words.outcome, p.words.now, p.words.shareOf, p.words.before, "")
	for _, o := range append(incident.Outcomes(), "") {
		now, before := p.Figures.Outcomes[o], p.Previous.Outcomes[o]
		if o == "" {
			now, before = p.Figures.Undecided, p.Previous.Undecided
		}
		if now+before > 0 {
			how := ""
			if o.IsAutomatic() {
				how = p.words.automatic
			}
			t.add(cmp.Or(string(o), p.words.undecided), grouped(now), p.share(analytics.Share{Count: now, Of: p.Figures.Incidents}.Rate()), grouped(before), how)
		}
	}
	return t
}

func (p statsPage) reasons() *textTable {
	t := &textTable{right: []bool{false, true, true, true}}
	t.add(p.words.reason, p.words.now, p.words.shareOf, p.words.before)
	for _, r := range incident.Reasons() {
		if now, before := p.Figures.Reasons[r], p.Previous.Reasons[r]; now+before > 0 {
			t.add(string(r), grouped(now), p.share(analytics.Share{Count: now, Of: p.Figures.Outcomes[incident.HandedOver]}.Rate()), grouped(before))
		}
	}
	return t
}

func (p statsPage) attempts() *textTable {
	t := &textTable{right: []bool{false, true, true, true, true, true}}
	t.add(p.words.dimensions[analytics.ByScenario], p.words.attempt, p.words.verified, p.words.attempted, p.words.rate, p.words.before)
	for _, a := range p.Attempts {
		t.add(terminal.OneLine(string(a.Scenario)), strconv.Itoa(a.Attempt), grouped(a.Repairs.Count), grouped(a.Repairs.Of),
			p.share(a.Repairs.Rate()), p.share(a.Previous.Rate()))
	}
	return t
}

func (p statsPage) groups(b *strings.Builder) {
	by := p.Question.By
	if by == analytics.ByNothing {
		return
	}
	w := p.words
	t := &textTable{right: []bool{false, true, true, true, true, true, true, true, true, true, true}}
	t.add(w.dimensions[by], w.incidents, w.before, w.automatic, w.change, w.covered, w.mean, "p95", w.cameBack, w.load, w.open)
	for i, g := range p.Groups {
		if p.top > 0 && i == p.top {
			break
		}
		load, known := g.Figures.PersonLoad.Total()
		before := grouped(g.Previous.Incidents)
		if by == analytics.ByDay {
			before = "-"
		}
		t.add(p.groupName(g.Group), grouped(g.Figures.Incidents), before, p.share(g.Figures.Automatic.Rate()),
			points(g.Figures.Automatic, g.Previous.Automatic), p.share(g.Figures.Coverage.Rate()),
			p.length(g.Figures.FirstResponse.Mean, g.Figures.FirstResponse.Count > 0), p.length(g.Figures.FirstResponse.P95, g.Figures.FirstResponse.Count > 0),
			p.share(g.Figures.CameBack.Rate()), p.length(load, known), grouped(g.Figures.Open))
	}
	t.write(b)
	if more := len(p.Groups) - p.top; p.top > 0 && more > 0 {
		fmt.Fprintf(b, p.words.moreGroups+"\n", more)
	}
}

func (p statsPage) groupName(g analytics.Group) string {
	name := terminal.Cut(cmp.Or(terminal.OneLine(g.Name), p.words.none), 60)
	if p.Question.By == analytics.ByKind && g.Name != analytics.OtherGroups {
		name += " (" + terminal.OneLine(cmp.Or(string(g.Customer), "-")+", "+cmp.Or(string(g.Service), "-")) + ")"
	}
	return name
}

func (p statsPage) open(b *strings.Builder) {
	t := &textTable{right: make([]bool, 4)}
	t.add(p.words.oldestOpen, p.words.created, p.words.dimensions[analytics.ByCustomer], p.words.outcome)
	for _, f := range p.Open {
		outcome := cmp.Or(string(f.Outcome), p.words.undecided)
		if f.Reason != "" {
			outcome += ": " + string(f.Reason)
		}
		t.add(terminal.OneLine(string(f.ID)), f.CreatedAt.In(p.Question.Period.Since.Location()).Format("2006-01-02 15:04"), dash(string(f.Customer)), outcome)
	}
	t.write(b)
	if more := p.Figures.Open - len(p.Open); more > 0 {
		fmt.Fprintf(b, p.words.moreOpen+"\n", more)
	}
}

// notes says what a figure does not show by itself.
func (p statsPage) notes(b *strings.Builder) {
	f, w := p.Figures, p.words
	var notes []string
	note := func(n int, text string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(text, grouped(n)))
		}
	}
	if !p.Question.Period.IsOver(p.Question.Now) {
		notes = append(notes, w.notOver)
	}
	note(f.MayComeBack, w.mayComeBack)
	note(f.Deferred.Count, w.waited)
	note(f.Deferred.Other, w.neitherYet)
	note(f.NotTaken, w.notTaken)
	note(f.Reopened, w.reopened)
	note(f.NoCustomer, w.noCustomer)
	note(f.ClockTrouble, w.clocks)
	if f.FirstResponse.Approximate {
		notes = append(notes, w.approximate)
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range notes {
		fmt.Fprintf(b, "* %s\n", n)
	}
}

func (p statsPage) share(rate float64, ok bool) string {
	if !ok {
		return p.words.noData
	}
	return strconv.FormatFloat(100*rate, 'f', 1, 64) + "%"
}

func (p statsPage) length(d time.Duration, ok bool) string {
	switch {
	case !ok:
		return p.words.noData
	case d == 0:
		return "0s"
	case d < time.Hour:
		return took(d)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%sh%02dm", grouped(int(d/time.Hour)), int(d%time.Hour/time.Minute))
}

// relative is a change in percent of what was; from the tenfold on, the factor.
func relative(now, before float64, ok bool) string {
	if !ok || before == 0 {
		return "-"
	}
	if now/before >= 10 {
		return fmt.Sprintf("×%.0f", now/before)
	}
	return plusMinus(100*(now/before-1)) + "%"
}

// plusMinus writes a change with its sign; none is neither more nor less.
func plusMinus(v float64) string {
	text := fmt.Sprintf("%+.1f", v)
	if text == "+0.0" || text == "-0.0" {
		return "±0.0"
	}
	return text
}

// points is a change of a share, in points of percent.
func points(now, before interface{ Rate() (float64, bool) }) string {
	x, ok := now.Rate()
	y, was := before.Rate()
	if !ok || !was {
		return "-"
	}
	return plusMinus(100*(x-y)) + "pt"
}

// grouped writes thousands apart.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// textTable is as wide as what is in it.
type textTable struct {
	right []bool // which columns stand at the right
	rows  [][]string
}

func (t *textTable) add(cells ...string) { t.rows = append(t.rows, cells) }

// write writes the table with an empty line before it; nothing when it has a head only.
func (t *textTable) write(b *strings.Builder) {
	if len(t.rows) < 2 {
		return
	}
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], terminal.Columns(cell))
		}
	}
	b.WriteString("\n")
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if t.right[i] {
				line.WriteString(terminal.PadLeft(cell, widths[i]) + "  ")
			} else {
				line.WriteString(terminal.Pad(cell, widths[i]) + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
