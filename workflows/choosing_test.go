package workflows_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"shodo/internal/incident"
)

var (
	sato   = incident.Person{ID: "slack:U1", Name: "Sato", PagerDuty: "PSATO"}
	suzuki = incident.Person{ID: "slack:U2", Name: "Suzuki", PagerDuty: "PSUZUKI"}
)

// press is one choice of one person, and what became of it.
type press struct {
	incident.Choice
	result  incident.ChoiceResult
	refused string // the kind of the refusal
	why     string
	taken   bool
}

// choose has somebody choose at an instant of the run.
func (b *bench) choose(after time.Duration, c incident.Choice) *press {
	p := &press{Choice: c}
	b.after(after, func() { b.send(p) })
	return p
}

// send sends a choice to the running workflow.
func (b *bench) send(p *press) {
	if p.ID == "" {
		b.presses++
		p.ID = fmt.Sprintf("press-%d", b.presses)
	}
	if p.By.ID == "" {
		p.By = sato
	}
	p.Incident = "Q1"
	b.env.UpdateWorkflow("choose", p.ID, &testsuite.TestUpdateCallback{
		OnAccept: func() { p.taken = true },
		OnReject: func(err error) {
			var refusal *temporal.ApplicationError
			if p.refused, p.why = "untyped", err.Error(); errors.As(err, &refusal) {
				p.refused, p.why = refusal.Type(), refusal.Message()
			}
		},
		OnComplete: func(result any, err error) {
			if p.result, _ = result.(incident.ChoiceResult); err != nil {
				b.t.Errorf("the choice %s broke: %v", p.Kind, err)
			}
		},
	}, p.Choice)
}

// was says in a word what became of the choice.
func (p *press) was() string {
	switch {
	case p.refused != "":
		return p.refused
	case !p.taken:
		return "lost"
	case p.result.Again:
		return "again"
	case p.result.Waits:
		return "waits"
	}
	return "taken"
}

func (p *press) wants(t *testing.T, want string) {
	t.Helper()
	if got := p.was(); got != want {
		t.Errorf("%s by %s was %s (%s), want %s", p.Kind, p.By.Name, got, p.why, want)
	}
}

// decided lists what people and the engine decided about approvals and choices.
func decided(rec incident.Record) []string {
	var lines []string
	for _, l := range rec.Transitions {
		switch l.Kind {
		case incident.Asked:
			lines = append(lines, fmt.Sprintf("asked %s for attempt %d, question %d", l.By, l.Attempt, l.Item))
		case incident.Expired:
			lines = append(lines, fmt.Sprintf("expired question %d: %s", l.Item, l.Why))
		case incident.Chosen, incident.PersonTook:
			if l.Choice == "" {
				continue // in PagerDuty
			}
			lines = append(lines, fmt.Sprintf("%s: %s", l.Choice, l.Why))
		case incident.Acted:
			if l.Choice != "" {
				ended := string(l.Reason)
				if ended == "" {
					ended = string(l.Outcome)
				}
				lines = append(lines, fmt.Sprintf("%s %s: %s", l.Choice, ended, l.Why))
			}
		case incident.Ended:
			lines = append(lines, fmt.Sprintf("%s %s: %s", l.Outcome, l.Reason, l.Why))
		}
	}
	return lines
}

func wantDecided(t *testing.T, rec incident.Record, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, decided(rec)); d != "" {
		t.Errorf("what was decided (-want +got):\n%s", d)
	}
}
