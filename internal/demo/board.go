package demo

import (
	"fmt"
	"slices"
	"time"

	"shodo/internal/incident"
)

// board is what is known of all incidents while they run. It is fed with what the demo does and with the changes that
// the engine's store tells; it reads nothing by itself.
type board struct {
	rows   []row
	orphan map[incident.ID][]incident.Change // of incidents whose row is not known yet
}

// row is one incident.
type row struct {
	number   int
	customer string
	title    string
	want     ending

	doing   string // what the demo does to it, before the engine has it
	id      incident.ID
	began   time.Time // when it broke; zero before
	phases  []phase
	got     ending
	why     string
	told    []string  // where: "in Slack #x"
	person  string    // what a person did
	waits   time.Time // for the end of quiet hours; zero when it does not
	asks    bool      // it waits for somebody's approval
	digest  bool      // it has to be told in the digest of their end, and is not yet
	endedAt time.Time
	ended   bool // the first response is over
	over    bool // nothing more is going to happen until a person resolves it
	trouble error
}

// phase is one phase of a row.
type phase struct {
	name    incident.Phase
	attempt int
	began   time.Time
	steps   []incident.Step // as they stand; a running one has status started
	over    bool
}

func (p phase) title() string {
	if p.name == incident.Recover {
		return fmt.Sprintf("recover %d", p.attempt)
	}
	return string(p.name)
}

func newBoard(list []story) *board {
	b := &board{orphan: map[incident.ID][]incident.Change{}}
	for i, s := range list {
		b.rows = append(b.rows, row{number: i + 1, customer: s.customer, title: s.title, want: s.want})
	}
	return b
}

// done says whether every incident has come to rest.
func (b *board) done() bool {
	return !slices.ContainsFunc(b.rows, func(r row) bool { return !r.over && r.trouble == nil })
}

// note is something worth a line where there is no live view.
type note struct {
	at   time.Time
	row  int // index
	what string
	said string
}

// breaks notes what the demo did to a row.
func (b *board) breaks(i int, said string, now time.Time) []note {
	r := &b.rows[i]
	if r.began.IsZero() {
		r.began = now
	}
	r.doing = said
	return []note{{now, i, "breaks", said}}
}

// acts notes what a person did.
func (b *board) acts(i int, said string, now time.Time) []note {
	b.rows[i].person = said
	return []note{{now, i, "person", said}}
}

// fails notes that the demo itself could not go on with a row.
func (b *board) fails(i int, err error, now time.Time) []note {
	b.rows[i].trouble = err
	return []note{{now, i, "demo", err.Error()}}
}

// bind says which incident a row is.
func (b *board) bind(i int, id incident.ID) []note {
	b.rows[i].id = id
	var notes []note
	for _, c := range b.orphan[id] {
		notes = append(notes, b.apply(c)...)
	}
	delete(b.orphan, id)
	return notes
}

// apply takes in one change of the store.
func (b *board) apply(c incident.Change) []note {
	var id incident.ID
	switch {
	case c.Transition != nil:
		id = c.Transition.Incident
	case c.Step != nil:
		id = c.Step.Incident
	}
	i := slices.IndexFunc(b.rows, func(r row) bool { return r.id == id })
	switch {
	case i < 0:
		b.orphan[id] = append(b.orphan[id], c)
		return nil
	case c.Step != nil:
		b.rows[i].step(*c.Step)
		return nil
	default:
		return b.transition(i, *c.Transition)
	}
}

func (b *board) transition(i int, t incident.Transition) []note {
	r := &b.rows[i]
	var notes []note
	say := func(what, said string) { notes = append(notes, note{t.At, i, what, said}) }
	endPhase := func() {
		if p := r.current(); p != nil && !p.over {
			p.over = true
			say(p.title(), p.inWords())
		}
	}
	switch t.Kind {
	case incident.Decided:
		say("intake", t.Why)
	case incident.PhaseBegan:
		endPhase()
		r.phases = append(r.phases, phase{name: t.Phase, attempt: t.Attempt, began: t.At})
	case incident.Ended:
		endPhase()
		r.asks = false
		r.got, r.why, r.endedAt = ending{t.Outcome, t.Reason}, t.Why, t.At
		say(string(t.Outcome), t.Why)
	case incident.Asked:
		r.asks = true
		say("asks", t.Why)
	case incident.Chosen, incident.Expired:
		r.asks = false
		say(string(t.Kind), t.Why)
	case incident.Deferred:
		r.waits, r.digest = t.Until, true
		say("deferred", t.Why)
	case incident.Resumed:
		r.waits = time.Time{}
		say("resumed", t.Why)
	case incident.Listed:
		r.digest = false
		r.told = append(r.told, "in the digest")
		say("listed", t.Why)
	case incident.ToldTier:
		r.digest = false
		r.told = append(r.told, t.Why)
		said := t.Why
		if t.By != "" {
			said = t.By + ", " + t.Why
		}
		say("told", said)
	case incident.ResponseEnd:
		say("end", fmt.Sprintf("first response over, %s after it broke", seconds(t.At.Sub(r.began))))
	}
	// An automatic outcome is carried out at its end; a hand-over has come to rest when Slack and PagerDuty know of it. What
	// waited has to be told too.
	r.ended = r.ended || t.Kind == incident.ResponseEnd
	r.over = r.over || r.ended && !r.digest || r.got.outcome != "" && !r.got.outcome.IsAutomatic() && len(r.told) >= 2
	return notes
}

// current is the latest phase; nil before the first.
func (r *row) current() *phase {
	if len(r.phases) == 0 {
		return nil
	}
	return &r.phases[len(r.phases)-1]
}

// step takes in the state of a step: of the latest phase of its kind.
func (r *row) step(s incident.Step) {
	for i := len(r.phases) - 1; i >= 0; i-- {
		p := &r.phases[i]
		if p.name != s.Phase || (p.name == incident.Recover || p.name == incident.Verify) && p.attempt != s.Attempt {
			continue
		}
		at := slices.IndexFunc(p.steps, func(known incident.Step) bool { return known.StepKey == s.StepKey })
		if at < 0 {
			p.steps = append(p.steps, s)
		} else {
			p.steps[at] = s
		}
		return
	}
}

// mark is one character for how a step stands.
func mark(s incident.Step) string {
	switch {
	case s.Status == incident.Started:
		return "…"
	case s.Status == incident.Failed && s.ErrorKind == incident.Cancelled:
		return "■"
	case s.Status == incident.Failed, s.Healthy != nil && !*s.Healthy:
		return "✗"
	case s.Status == incident.Skipped, s.Status == incident.Planned:
		return "·"
	}
	return "✓"
}

// inWords says how a phase went.
func (p phase) inWords() string {
	if p.name == incident.Verify {
		return p.verified()
	}
	text := ""
	for i, s := range p.steps {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s %s %s", s.Name, mark(s), seconds(s.Duration()))
	}
	return text
}

// verified counts the rounds of verify.
func (p phase) verified() string {
	healthy := 0
	for _, s := range p.steps {
		if s.Healthy != nil && *s.Healthy {
			healthy++
		}
	}
	last := ""
	if n := len(p.steps); n > 0 {
		last = mark(p.steps[n-1]) + " "
	}
	return fmt.Sprintf("%shealthy in %d of %d looks", last, healthy, len(p.steps))
}

// seconds gives a duration as people read it here.
func seconds(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
