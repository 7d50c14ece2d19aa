package web_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/roster"
	"shodo/internal/store"
	"shodo/internal/web"
)

// desk is what stands behind the site: a real store, and in place of the workflows, of the roster and of Slack somebody who
// writes down what is asked.
type desk struct {
	store *store.Store

	mu      sync.Mutex
	chosen  []incident.Choice
	told    []told
	result  incident.ChoiceResult
	refuse  error
	hold    chan struct{} // a choice waits until it is closed; nil: it does not
	breaks  bool          // a choice breaks the handling down
	slow    bool          // who may is looked up for as long as there is time
	asked   []roster.Ask
	unsure  error
	stopped []incident.Pause
}

type told struct{ channel, user, text string }

// onCall may decide, and nobody else; strangers are told of.
const onCall = "U0ONCALL"

func (d *desk) May(ctx context.Context, a roster.Ask) roster.Verdict {
	if d.slow {
		<-ctx.Done()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, a)
	v := roster.Verdict{Person: incident.Person{ID: "slack:" + a.User, Name: "Sato"}, Unsure: d.unsure, Groups: []string{"S0DEV"},
		People: []incident.Person{{ID: "slack:" + onCall, Name: "Sato"}, {ID: "pagerduty:PREN", Name: "Ren <!here>"}}}
	if slices.Contains([]string{onCall, operator}, a.User) {
		v.Allowed, v.Because, v.Person.PagerDuty = true, "on call", "PSATO"
	}
	return v
}

func (d *desk) Choose(ctx context.Context, c incident.Choice) (incident.ChoiceResult, error) {
	if d.breaks {
		panic("a mistake")
	}
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-ctx.Done():
			return incident.ChoiceResult{}, ctx.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return incident.ChoiceResult{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.chosen = append(d.chosen, c)
	return d.result, d.refuse
}

func (d *desk) Ephemeral(_ context.Context, channel, user, text string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, told{channel, user, text})
	return nil
}

// taken gives what was chosen since it was asked last, and privately what people were told.
func (d *desk) taken() (chosen []incident.Choice, private []told) {
	d.mu.Lock()
	defer d.mu.Unlock()
	chosen, private = d.chosen, d.told
	d.chosen, d.told = nil, nil
	return chosen, private
}

func (d *desk) Record(ctx context.Context, id incident.ID) (incident.Record, error) {
	r, err := d.store.Record(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", web.ErrNoIncident, err)
	}
	return r, err
}

func (d *desk) List(ctx context.Context, f incident.Filter) ([]incident.Record, error) {
	return d.store.List(ctx, f)
}

func (d *desk) AddPause(ctx context.Context, p incident.Pause) error {
	if err := ctx.Err(); err != nil { // as every store
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Cancel {
		d.stopped = append(d.stopped, p)
	}
	return errors.Join(d.refuse, d.store.AddPause(ctx, p))
}

func (d *desk) EndPause(ctx context.Context, id, by string, at time.Time) (incident.Pause, error) {
	p, err := d.store.EndPause(ctx, id, by, at)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", web.ErrNoPause, err)
	}
	return p, errors.Join(d.refuse, err)
}

func (d *desk) PausesInForce(ctx context.Context) ([]incident.Pause, error) {
	list, err := d.store.PausesInForce(ctx)
	return list, errors.Join(d.refuse, err)
}

func (d *desk) Pauses(ctx context.Context, since time.Time) ([]incident.Pause, error) {
	list, err := d.store.Pauses(ctx, since)
	return list, errors.Join(d.refuse, err)
}

// begin puts an incident of a customer into the record: matched, handed over, and with a question to the second tier.
func (b *board) begin(t testing.TB, id incident.ID, c incident.Customer) {
	t.Helper()
	r := incident.Record{WorkflowRun: "run-" + string(id), Customer: c, Phase: incident.Intake, CatalogVersion: "c1", EngineVersion: "v1", ReceivedAt: b.now,
		Incident: incident.Incident{ID: id, Number: 7, Title: "disk <!channel> full", Status: incident.Triggered, Urgency: "high",
			Service: incident.Ref{ID: "PWEB", Name: "web"}, EscalationPolicy: incident.Ref{ID: "PPOLICY"}, CreatedAt: b.now.Add(-90 * time.Minute)},
		Match: incident.Match{Scenario: "disk-usage", Target: "web-1", Why: "service"}}
	if _, err := b.store.Begin(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	add := func(n incident.Transition) {
		n.Incident, n.Run, n.At = id, 1, b.now
		if err := b.store.Append(t.Context(), []incident.Transition{n}); err != nil {
			t.Fatal(err)
		}
	}
	add(incident.Transition{Key: "asked/1", Kind: incident.Asked, By: "first", Item: 1, Attempt: 1, Why: "asked"})
	add(incident.Transition{Key: "asked/2", Kind: incident.Asked, By: "second", Item: 2, Attempt: 2, Why: "asked"})
	add(incident.Transition{Key: "outcome", Kind: incident.Ended, Outcome: incident.HandedOver, Reason: incident.VerifyFailed, Why: "it did not hold"})
}

var (
	ofAcme   = incident.Customer{ID: "acme", Name: "アクメ <株>", Language: "ja"}
	ofGlobex = incident.Customer{ID: "globex", Name: "Globex", Language: "en"}
)
