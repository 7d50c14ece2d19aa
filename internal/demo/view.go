package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// The widths of columns.
const (
	customerWidth = 14
	titleWidth    = 21
	stateWidth    = 27
	timeWidth     = 8
	responseWidth = 8
	minWidth      = 72
	maxWidth      = 110
	plainWidth    = 150
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// lines draws the board, two lines for an incident, none longer than so many columns.
func (b *board) lines(width int, now time.Time, frame int, s terminal.Style) []string {
	width = min(max(width, minWidth), maxWidth)
	var list []string
	for _, r := range b.rows {
		list = append(list, r.head(width, now, frame, s), s.Dim(terminal.Cut("     "+r.trail(width-6), width-1)))
	}
	return list
}

// head is the first line of a row: who, what, where it is now, and for how long.
func (r row) head(width int, now time.Time, frame int, s terminal.Style) string {
	icon, state, paint := r.state(frame, s)
	room := width - 1 - (1 + 2 + 2 + customerWidth + 2 + 2 + timeWidth)
	title := max(room-stateWidth, titleWidth)
	return icon + fmt.Sprintf(" %d  ", r.number) + terminal.Pad(r.customer, customerWidth) + "  " + s.Bold(terminal.Pad(r.title, title)) +
		"  " + paint(terminal.Pad(state, room-title)) + s.Dim(terminal.PadLeft(r.elapsed(now), timeWidth))
}

// state says in a word where a row is, with its sign and colour.
func (r row) state(frame int, s terminal.Style) (icon, state string, paint func(string) string) {
	same := func(t string) string { return t }
	switch {
	case r.trouble != nil:
		return s.Red("✗"), "the demo broke", s.Red
	case r.got.outcome != "" && r.got != r.want:
		return s.Red("✗"), r.got.String(), s.Red
	case r.got.outcome != "" && r.over && r.got.outcome.IsAutomatic():
		return s.Green("✓"), r.got.String(), s.Green
	case r.got.outcome != "" && r.over:
		return s.Yellow("→"), r.got.String(), s.Yellow
	case r.began.IsZero():
		return s.Dim("·"), "not yet", s.Dim
	}
	icon = s.Cyan(string(spinner[frame%len(spinner)]))
	switch p := r.current(); {
	case r.got.outcome != "":
		return icon, r.got.String(), same
	case r.asks:
		return icon, "asks for approval", s.Yellow
	case !r.waits.IsZero():
		return icon, "waits until " + r.waits.Local().Format("15:04:05"), s.Yellow
	case p != nil:
		return icon, p.title(), s.Cyan
	case r.id != "":
		return icon, "intake", s.Cyan
	}
	return icon, "breaks", s.Red
}

func (r row) elapsed(now time.Time) string {
	switch {
	case r.began.IsZero():
		return ""
	case r.over && !r.endedAt.IsZero():
		now = r.endedAt
	}
	return fmt.Sprintf("%.1f s", max(now.Sub(r.began), 0).Seconds())
}

// trail tells what has happened so far, phase by phase. What does not fit is left out at the beginning.
func (r row) trail(width int) string {
	if r.trouble != nil {
		return terminal.OneLine(r.trouble.Error())
	}
	var parts []string
	if r.doing != "" && len(r.phases) == 0 && r.got.outcome == "" {
		parts = append(parts, r.doing)
	}
	for i, p := range r.phases {
		parts = append(parts, p.short(i == len(r.phases)-1))
	}
	if r.person != "" {
		parts = append(parts, r.person)
	}
	switch {
	case len(r.told) > 0:
		parts = append(parts, "told "+strings.Join(r.told, " and "))
	case r.got.outcome.IsAutomatic() && r.over:
		parts = append(parts, "resolved in PagerDuty")
	case r.got.outcome == incident.Unmatched:
		parts = append(parts, r.why)
	}
	text := terminal.OneLine(strings.Join(parts, arrow))
	for len(parts) > 1 && terminal.Columns(text) > width {
		parts = parts[1:]
		text = terminal.OneLine("…" + arrow + strings.Join(parts, arrow))
	}
	return text
}

const arrow = " › "

// recent is how many of the latest looks of verify are shown.
const recent = 8

// short shows a phase with a mark for each step; of a verification that is over only how it ended.
func (p phase) short(latest bool) string {
	text, marks := p.title(), ""
	for _, s := range p.steps {
		marks += mark(s)
	}
	if p.name == incident.Verify {
		if r := []rune(marks); p.over && len(r) > 0 {
			marks = string(r[len(r)-1])
		} else if len(r) > recent {
			marks = string(r[len(r)-recent:])
		}
	}
	if marks != "" {
		text += " " + marks
	}
	if n := len(p.steps); latest && !p.over && n > 0 && p.steps[n-1].Status == incident.Started {
		text += " " + p.steps[n-1].Name
	}
	return text
}

// plainLine is a note as one line, for where nothing can be drawn twice.
func (b *board) plainLine(n note, since time.Time) string {
	r := b.rows[n.row]
	return terminal.Cut(fmt.Sprintf("%s  %d %s  %s  %s", terminal.PadLeft(fmt.Sprintf("%.1f s", max(n.at.Sub(since), 0).Seconds()), 7), r.number,
		terminal.Pad(r.title, titleWidth), terminal.Pad(n.what, 11), terminal.OneLine(n.said)), plainWidth)
}

// live redraws lines in place.
type live struct {
	out   io.Writer
	drawn int // how many lines there are now
}

// draw replaces what was drawn before. It is one write, so that nothing flickers.
func (l *live) draw(lines []string) {
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	for _, line := range lines {
		b.WriteString("\r\x1b[2K" + line + "\n")
	}
	l.drawn = len(lines)
	_, _ = io.WriteString(l.out, b.String())
}

func (l *live) hideCursor() { _, _ = io.WriteString(l.out, "\x1b[?25l") }
func (l *live) showCursor() { _, _ = io.WriteString(l.out, "\x1b[?25h") }
