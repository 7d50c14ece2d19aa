package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// importBar tells how far an import is: a bar on a terminal, a line now and then elsewhere.
type importBar struct {
	out      io.Writer
	terminal bool
	now      func() time.Time
	begun    time.Time
	from     float64 // how much was done when it began
	next     time.Time
	resumed  bool
	shown    bool
}

func newImportBar(out io.Writer, now func() time.Time) *importBar {
	return &importBar{out: out, terminal: isTerminal(out), now: now}
}

// barWidth leaves room for the longest line on 80 columns: a bar that wraps cannot be written over.
const barWidth = 12

func (b *importBar) show(p history.Progress) {
	now := b.now()
	if b.begun.IsZero() {
		b.begun, b.from, b.resumed = now, p.Done(), p.Resumed
		if p.Resumed {
			fmt.Fprintf(b.out, "Going on with the import that was begun at %s: everything created before %s is in the record.\n",
				p.Import.BegunAt.Local().Format("2006-01-02 15:04"), p.Import.DoneTo.Local().Format("2006-01-02 15:04"))
		}
	}
	if now.Before(b.next) {
		return
	}
	line := b.line(p, now)
	if !b.terminal {
		b.next = now.Add(30 * time.Second)
		fmt.Fprintln(b.out, line)
		return
	}
	b.next, b.shown = now.Add(200*time.Millisecond), true
	done := int(p.Done() * barWidth)
	fmt.Fprintf(b.out, "\r[%s%s] %s\x1b[K", strings.Repeat("=", done), strings.Repeat(" ", barWidth-done), line)
}

// line is "42 %, 12,345 incidents until 2026-03-02, about 12 min left".
func (b *importBar) line(p history.Progress, now time.Time) string {
	text := fmt.Sprintf("%3.0f %%, %s until %s", 100*p.Done(), countGrouped(p.Import.Seen(), "incident"), p.At.Local().Format(time.DateOnly))
	if done := p.Done() - b.from; done > 0.005 && now.Sub(b.begun) > 3*time.Second {
		left := time.Duration(float64(now.Sub(b.begun)) / done * (1 - p.Done()))
		text += ", about " + rough(left) + " left"
	}
	return text
}

// rough is a length of time in the one unit that matters.
func rough(d time.Duration) string {
	switch {
	case d >= 2*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	case d >= 2*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}

// clear takes the bar away before something else comes.
func (b *importBar) clear() {
	if b.shown {
		b.shown = false
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

// Write is for lines of the log, which stand above the bar.
func (b *importBar) Write(line []byte) (int, error) {
	b.clear()
	return b.out.Write(line)
}

// warnOfHalfImports tells of imports of history that were not finished and that touch a time: figures of it are of a part only.
func warnOfHalfImports(ctx context.Context, w io.Writer, s *store.Store, since, until time.Time) error {
	list, err := s.Imports(ctx)
	if err != nil {
		return err
	}
	for _, i := range incident.HalfImports(list, since, until) {
		again := "shodo import pagerduty --since " + i.Since.Format(time.RFC3339)
		for _, service := range i.Services {
			again += " --service " + string(service)
		}
		fmt.Fprintf(w, "warning: the import of history from %s to %s is not finished: what was created from %s on is missing. Go on with it: %s\n",
			i.Since.Local().Format(time.DateOnly), i.Until.Local().Format(time.DateOnly), i.DoneTo.Local().Format("2006-01-02 15:04"), again)
	}
	return nil
}
