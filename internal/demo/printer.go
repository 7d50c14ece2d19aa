package demo

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// printer writes for people.
type printer struct {
	out   io.Writer
	style terminal.Style
	size  func() (columns, rows int, ok bool)
}

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

func (p *printer) width() int {
	if w, _, ok := p.size(); ok {
		return min(max(w, minWidth), maxWidth)
	}
	return 100
}

func (p *printer) intro() {
	p.line("%s: the whole product, and eight things that go wrong, on this machine", p.style.Bold("shodo demo"))
	p.line("Starting what is to break, a local PagerDuty and Slack, and the engine ...")
}

func (p *printer) ready(took time.Duration, slack string, enter bool) {
	p.line("Ready after %s. Each incident reaches the engine as a signed webhook.", seconds(took))
	if enter {
		p.line("The last repair asks first: press Enter here, or Approve in Slack at %s", p.style.Cyan(slack))
	}
	p.line("")
}

func (p *printer) stopping(interrupted bool) {
	if interrupted {
		p.line("\nStopping; a running step is finished first, which may take some seconds.")
	}
}

// screen shows the board while it changes.
type screen struct {
	*printer
	live  *live // nil: one line for each note
	began time.Time
	frame int
}

// open chooses between drawing in place and writing lines: only a terminal that is large enough can be drawn in.
func (p *printer) open(now time.Time) *screen {
	s := &screen{printer: p, began: now}
	if w, h, ok := p.size(); ok && w >= minWidth && h > 2*len(stories())+2 {
		s.live = &live{out: p.out}
		s.live.hideCursor()
	}
	return s
}

func (s *screen) show(b *board, notes []note) {
	if s.live == nil {
		for _, n := range notes {
			s.line("%s", b.plainLine(n, s.began))
		}
		return
	}
	now := time.Now()
	s.frame = int(now.Sub(s.began) / redraw)
	s.live.draw(b.lines(s.width(), now, s.frame, s.style))
}

func (s *screen) close(b *board) {
	if s.live != nil {
		s.show(b, nil)
		s.live.showCursor()
	}
	s.line("")
}

// result is one incident at the end.
type result struct {
	row   row
	rec   incident.Record
	facts []fact
}

func (r result) ok() bool {
	if r.row.trouble != nil || len(r.facts) == 0 {
		return false
	}
	for _, f := range r.facts {
		if !f.ok {
			return false
		}
	}
	return true
}

// summary is the table at the end.
func (p *printer) summary(results []result, took time.Duration) {
	width := p.width()
	room := width - 1 - (4 + customerWidth + 2 + 2 + 2 + responseWidth)
	title := titleWidth
	right := 0
	p.line("%s", p.style.Bold("    "+terminal.Pad("incident", customerWidth+2+title)+"  "+terminal.Pad("outcome", room-title)+"  "+terminal.PadLeft("response", responseWidth)))
	for _, r := range results {
		icon := p.style.Red("✗")
		if r.ok() {
			icon, right = p.style.Green("✓"), right+1
		}
		p.line("%s %d %s  %s  %s  %s", icon, r.row.number, terminal.Pad(r.row.customer, customerWidth), p.style.Bold(terminal.Pad(r.row.title, title)),
			terminal.Pad(r.outcome(), room-title), terminal.PadLeft(r.response(), responseWidth))
		p.block("why", r.why(), width, p.style.Dim)
		p.block("seen", r.seen(), width, p.style.Dim)
		for _, f := range r.facts {
			if !f.ok {
				p.block("wrong", "not true: "+f.said, width, p.style.Red)
			}
		}
	}
	verdict := p.style.Green(fmt.Sprintf("%d of %d incidents ended as they should", right, len(results)))
	if right < len(results) {
		verdict = p.style.Red(fmt.Sprintf("%d of %d incidents did not end as they should", len(results)-right, len(results)))
	}
	p.line("\n%s, %s after the start.", verdict, seconds(took))
	p.line("%s", p.style.Dim("The response counts from PagerDuty's created_at, which is in whole seconds."))
}

// report names the report.
func (p *printer) report(path string) {
	p.line("The report of what you have just seen: %s", p.style.Cyan(path))
}

// block prints a label and a text that may take several lines.
func (p *printer) block(label, text string, width int, paint func(string) string) {
	const indent = 12
	for i, line := range terminal.Wrap(terminal.OneLine(text), width-1-indent) {
		if i > 0 {
			label = ""
		}
		p.line("%s", paint("    "+terminal.Pad(label, indent-4)+line))
	}
}

func (r result) outcome() string {
	if r.rec.Outcome == "" {
		return "no outcome in time"
	}
	return ending{r.rec.Outcome, r.rec.Reason}.String()
}

// response is the first response time. It is open as long as a person has not resolved the incident.
func (r result) response() string {
	switch {
	case r.rec.Incident.ID == "":
		return "-"
	case r.rec.EndedAt.IsZero():
		return "open"
	}
	return seconds(r.rec.FirstResponse())
}

func (r result) why() string {
	if r.row.trouble != nil {
		return r.row.trouble.Error()
	}
	return r.rec.Why
}

// seen lists what was found to be true.
func (r result) seen() string {
	var list []string
	if changed := r.changed(); changed != "" {
		list = append(list, "changed: "+changed)
	}
	for _, f := range r.facts {
		if f.ok {
			list = append(list, f.said)
		}
	}
	return strings.Join(list, " · ")
}

// changed names the changing steps that were sent; empty when none was.
func (r result) changed() string {
	var names []string
	for _, s := range r.rec.Steps {
		if s.Phase != incident.Recover || s.Status == incident.Skipped || s.Status == incident.Planned || s.ErrorKind == incident.Refused {
			continue
		}
		name := fmt.Sprintf("%q", s.Name)
		if s.ErrorKind == incident.Cancelled {
			name += " (stopped)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// whereNext says what can be looked at while everything runs.
func (p *printer) whereNext(s *stage, results []result) {
	p.line("\n%s", p.style.Bold("Everything still runs. Where to look next:"))
	p.hints(s, results, [][2]string{
		{"PagerDuty", s.sandbox.PagerDutyURL() + "/"},
		{"Slack", s.sandbox.SlackPageURL()},
		{"is it ready?", s.engineURL() + "/readyz"},
		{"its metrics", s.engineURL() + "/metrics"},
	})
	p.line("\nWhat is open waits for a person: resolve it on the page, and read its story again.")
	p.line("Ctrl-C stops everything and removes it.")
}

// hints names the commands and files for a closer look.
func (p *printer) hints(s *stage, results []result, more [][2]string) {
	id := "ID"
	for _, r := range results {
		if r.rec.Outcome == incident.HandedOver {
			id = string(r.rec.Incident.ID)
		}
	}
	program := shortPath(s.lab.Command[0])
	for _, h := range append(more, [][2]string{
		{"all incidents", fmt.Sprintf("%s incident list --store %s", program, s.storeFile())},
		{"the story of one", fmt.Sprintf("%s incident show %s --store %s", program, id, s.storeFile())},
		{"the scenarios", s.catalogDir()},
		{"the engine's log", s.logFile()},
	}...) {
		p.line("  %s %s", terminal.Pad(h[0], 20), p.style.Cyan(h[1]))
	}
}

// shortPath gives a path from here where that is shorter.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) && strings.Contains(short, "/") {
		return short
	}
	return path
}
