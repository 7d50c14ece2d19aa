package demo

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// golden compares text with a file in testdata; with UPDATE_GOLDEN=1 in the environment it writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var start = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return start.Add(d) }

// tape plays changes of the store into a board, as the engine would make them.
type tape struct {
	board *board
	id    incident.ID
	notes []note
}

func (t *tape) at(d time.Duration, n incident.Transition) *tape {
	n.Incident, n.Run, n.At = t.id, 1, after(d)
	t.notes = append(t.notes, t.board.apply(incident.Change{Transition: &n})...)
	return t
}

func (t *tape) phase(d time.Duration, p incident.Phase, attempt int) *tape {
	return t.at(d, incident.Transition{Kind: incident.PhaseBegan, Phase: p, Attempt: attempt})
}

func (t *tape) step(d, took time.Duration, s incident.Step) *tape {
	s.Incident, s.Run, s.StartedAt = t.id, 1, after(d)
	if s.Status == "" {
		s.Status = incident.Succeeded
	}
	if took > 0 {
		s.EndedAt = after(d + took)
	}
	t.notes = append(t.notes, t.board.apply(incident.Change{Step: &s})...)
	return t
}

func look(round int, healthy bool) incident.Step {
	return incident.Step{StepKey: incident.StepKey{Phase: incident.Verify, Attempt: 1, Round: round}, Name: "probe", Healthy: &healthy}
}

const ms = time.Millisecond

// played is a board in the middle of everything.
func played() (*board, []note) {
	b := newBoard(stories())
	no := false
	notes := b.breaks(0, "shop killed (pid 4711)", start)
	shop := &tape{board: b, id: "Q1"}
	notes = append(notes, b.bind(0, "Q1")...)
	shop.at(80*ms, incident.Transition{Kind: incident.Decided, Why: `scenario "web-service-down" matches`}).
		phase(90*ms, incident.Check, 0).
		step(91*ms, 4*ms, incident.Step{StepKey: incident.StepKey{Phase: incident.Check}, Name: "probe", Healthy: &no}).
		phase(100*ms, incident.Gather, 0).
		step(101*ms, 40*ms, incident.Step{StepKey: incident.StepKey{Phase: incident.Gather}, Name: "process"}).
		step(101*ms, 60*ms, incident.Step{StepKey: incident.StepKey{Phase: incident.Gather, Index: 1}, Name: "journal"}).
		phase(200*ms, incident.Recover, 1).
		step(210*ms, 0, incident.Step{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: 1}, Name: "start the service again", Status: incident.Started}).
		step(210*ms, 300*ms, incident.Step{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: 1}, Name: "start the service again"}).
		phase(600*ms, incident.Verify, 1)
	for round := range 12 {
		shop.step(600*ms+time.Duration(round)*500*ms, 2*ms, look(round, round > 0))
	}
	notes = append(notes, shop.notes...)

	letter := &tape{board: b, id: "Q7"}
	notes = append(notes, b.breaks(6, "newsletter killed (pid 4713)", after(900*ms))...)
	notes = append(notes, b.bind(6, "Q7")...)
	letter.phase(950*ms, incident.Check, 0).
		step(951*ms, 4*ms, incident.Step{StepKey: incident.StepKey{Phase: incident.Check}, Name: "probe", Healthy: &no}).
		at(990*ms, incident.Transition{Kind: incident.Deferred, Question: incident.Page, Until: after(14 * time.Second).In(time.Local),
			Why: `quiet hours "night" defers it until 03:00:14`})
	notes = append(notes, letter.notes...)

	notes = append(notes, b.breaks(4, "nothing breaks here", after(time.Second))...)
	mail := &tape{board: b, id: "Q5"} // the store is faster than PagerDuty's answer to the demo
	mail.at(1100*ms, incident.Transition{Kind: incident.Ended, Phase: incident.HandOver, Outcome: incident.Unmatched, Why: "none of the 2 scenarios matches"}).
		at(1200*ms, incident.Transition{Kind: incident.ToldTier, By: "operations", Why: "in Slack #larkspur-oncall"})
	notes = append(notes, mail.notes...)
	notes = append(notes, b.bind(4, "Q5")...)
	mail.notes = nil
	mail.at(1300*ms, incident.Transition{Kind: incident.ToldTier, By: "operations", Why: "in PagerDuty"})
	notes = append(notes, mail.notes...)

	notes = append(notes, b.breaks(5, "orders killed (pid 4712)", after(2*time.Second))...)
	notes = append(notes, b.bind(5, "Q6")...)
	orders := &tape{board: b, id: "Q6"}
	orders.phase(2100*ms, incident.Recover, 1).
		step(2200*ms, 0, incident.Step{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: 1}, Name: "check the data, then start", Status: incident.Started})
	notes = append(notes, orders.notes...)
	notes = append(notes, b.acts(5, "Aiko Tanaka acknowledges", after(3*time.Second))...)

	notes = append(notes, b.fails(3, errors.New("start service \"search\":\nno such file"), after(3*time.Second))...)
	b.rows[2].want = ending{outcome: incident.Recovered} // so that a wrong end is seen
	notes = append(notes, b.bind(2, "Q3")...)
	books := &tape{board: b, id: "Q3"}
	b.rows[2].began = start
	books.at(time.Second, incident.Transition{Kind: incident.Ended, Phase: incident.Close, Outcome: incident.Cleared, Why: "healthy"}).
		at(time.Second, incident.Transition{Kind: incident.ResponseEnd})
	return b, append(notes, books.notes...)
}

func TestBoardIsDrawnWithinTheColumns(t *testing.T) {
	b, _ := played()
	for _, width := range []int{20, 80, 100, 200} {
		for _, on := range []terminal.Style{false, true} {
			for _, line := range b.lines(width, after(6*time.Second), 3, on) {
				plain := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[36m", "").Replace(line)
				if n := terminal.Columns(plain); n >= max(width, minWidth) {
					t.Errorf("%d columns in a terminal of %d: %q", n, width, plain)
				}
			}
		}
	}
	golden(t, "board-80.golden", strings.Join(b.lines(80, after(6*time.Second), 3, false), "\n")+"\n")
	golden(t, "board-100.golden", strings.Join(b.lines(100, after(6*time.Second), 3, false), "\n")+"\n")
}

func TestNotesAreOneLineEach(t *testing.T) {
	b, notes := played()
	var out strings.Builder
	for _, n := range notes {
		out.WriteString(b.plainLine(n, start) + "\n")
	}
	golden(t, "notes.golden", out.String())
}

func TestBoardComesToRest(t *testing.T) {
	b := newBoard(stories()[:2])
	b.bind(0, "Q1")
	b.bind(1, "Q2")
	first, second := &tape{board: b, id: "Q1"}, &tape{board: b, id: "Q2"}
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"the outcome is known, and not yet carried out", func() { first.at(0, incident.Transition{Kind: incident.Ended, Outcome: incident.Recovered}) }, false},
		{"the first is over", func() { first.at(0, incident.Transition{Kind: incident.ResponseEnd}) }, false},
		{"handed over, and nobody told", func() {
			second.at(0, incident.Transition{Kind: incident.Ended, Outcome: incident.HandedOver, Reason: incident.Timeout})
		}, false},
		{"told in one place", func() { second.at(0, incident.Transition{Kind: incident.ToldTier, Why: "in PagerDuty"}) }, false},
		{"told in both", func() { second.at(0, incident.Transition{Kind: incident.ToldTier, Why: "in Slack"}) }, true},
	} {
		if step.do(); b.done() != step.want {
			t.Errorf("%s: done is %v", step.what, b.done())
		}
	}
}

func TestLiveDrawsOverItself(t *testing.T) {
	var out bytes.Buffer
	l := &live{out: &out}
	l.draw([]string{"one", "two"})
	l.draw([]string{"three", "four"})
	if want := "\r\x1b[2Kone\n\r\x1b[2Ktwo\n\x1b[2A\r\x1b[2Kthree\n\r\x1b[2Kfour\n"; out.String() != want {
		t.Errorf("%q", out.String())
	}
}

func TestSmallTerminalsGetLines(t *testing.T) {
	for _, size := range []struct {
		columns, rows int
		ok, live      bool
	}{{80, 24, true, true}, {60, 24, true, false}, {80, 13, true, false}, {0, 0, false, false}} {
		p := &printer{out: &bytes.Buffer{}, size: func() (int, int, bool) { return size.columns, size.rows, size.ok }}
		if s := p.open(start); (s.live != nil) != size.live {
			t.Errorf("%dx%d: live is %v", size.columns, size.rows, s.live != nil)
		}
	}
}
