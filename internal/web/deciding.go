package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/roster"
)

// ErrNoIncident says that the record has no such incident.
var ErrNoIncident = errors.New("no such incident")

// Refused is the error of a Chooser for a choice that may not be made as things stand. Trying again gives the same.
type Refused struct {
	Kind string // of the list in refusals.go
	Why  string // in English, for the log
}

// Error gives the reason.
func (r *Refused) Error() string { return r.Why }

// Chooser gives a choice to the first response that it is about.
type Chooser interface {
	// Choose returns when the choice is taken and will be carried out. The same ID again changes nothing. The error is a
	// *Refused, or worth another try.
	Choose(context.Context, incident.Choice) (incident.ChoiceResult, error)
}

// Records reads the record of incidents.
type Records interface {
	// Record gives everything that is known of an incident. ErrNoIncident: there is none with that id.
	Record(context.Context, incident.ID) (incident.Record, error)
	// List gives incidents, newest first, without their steps and transitions.
	List(context.Context, incident.Filter) ([]incident.Record, error)
}

// People tells who may decide.
type People interface {
	May(context.Context, roster.Ask) roster.Verdict
}

// Choices is what it takes to let people decide about incidents.
type Choices struct {
	Chooser Chooser // nil: nothing can be decided here
	Records Records
	People  People
}

// deciding takes what people decide, by whichever way it comes.
type deciding struct {
	Choices
	customers func() Customers
	now       func() time.Time
	log       *slog.Logger
	choices   *prometheus.CounterVec
}

// way is by what a choice came; it stands in the metric.
type way string

const (
	bySlack way = "slack"
	byAPI   way = "api"
)

// subject is what a choice is about.
type subject struct {
	record   incident.Record
	customer *customer.Customer // as the catalog has it now; nil: it has none
}

// language is that of the customer.
func (s subject) language() string {
	if s.customer != nil {
		return s.customer.Language
	}
	return s.record.Customer.Language
}

// look reads what a choice is about.
func (d *deciding) look(ctx context.Context, id incident.ID) (subject, *problem) {
	rec, err := d.Records.Record(ctx, id)
	switch {
	case errors.Is(err, ErrNoIncident):
		return subject{}, noIncident(id)
	case err != nil:
		d.log.Error("read an incident that somebody decides about", "incident", id, "err", err)
		return subject{}, unavailable()
	}
	s := subject{record: rec}
	s.customer, _ = d.customers().Customer(rec.Customer.ID)
	return s, nil
}

// ask is what the roster has to know to tell whether a user of Slack may make the choice.
func (s subject) ask(c incident.Choice, user, handle string) roster.Ask {
	a := roster.Ask{User: user, Handle: handle, Customer: s.customer, Policy: s.record.Incident.EscalationPolicy.ID}
	if c.Kind == incident.Grant || c.Kind == incident.NotNow {
		a.From = s.askedTier(c)
	}
	return a
}

// askedTier gives the tier that was asked the question that a choice answers.
func (s subject) askedTier(c incident.Choice) (tier string) {
	for _, t := range s.record.Transitions {
		if t.Kind == incident.Asked && t.Run == s.record.Run && (c.Number == 0 || t.Item == c.Number) {
			tier = t.By
		}
	}
	return tier
}

// chooseTimeout is how long the first response may take to take a choice. It takes milliseconds, unless no engine works.
const chooseTimeout = 20 * time.Second

// choose hands a choice of somebody who may on, and says what became of it.
func (d *deciding) choose(ctx context.Context, c incident.Choice, by way) (incident.ChoiceResult, *problem) {
	ctx, cancel := context.WithTimeout(ctx, chooseTimeout)
	defer cancel()
	result, err := d.Chooser.Choose(ctx, c)
	log := d.log.With("incident", c.Incident, "choice", c.Kind, "by", c.By.ID, "name", c.By.Name, "attempt", c.Attempt, "item", c.Item)
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		log.Info("a choice is refused", "why", refused.Why)
		d.count(by, c, "refused")
		return result, refusal(*refused)
	case err != nil:
		log.Error("a choice is not taken", "err", err)
		d.count(by, c, "failed")
		return result, notTaken()
	}
	log.Info("a choice is taken", "again", result.Again, "waits", result.Waits)
	d.count(by, c, "taken")
	return result, nil
}

func (d *deciding) count(by way, c incident.Choice, answer string) {
	d.choices.WithLabelValues(string(by), string(c.Kind), answer).Inc()
}

func noIncident(id incident.ID) *problem {
	return &problem{status: http.StatusNotFound, kind: refusedEnded, message: say("there is no incident %q", "インシデント %q はありません", id),
		hint: say("the engine begins a record when PagerDuty tells it of an incident", "記録は、PagerDuty からの通知で始まります")}
}

// notTaken says that the engine did not hear a choice, or may not have.
func notTaken() *problem {
	return &problem{status: http.StatusServiceUnavailable,
		message: say("the engine could not take it just now", "いまエンジンが受け付けられませんでした"),
		hint: say("try again in a moment; to take the incident over without the engine, acknowledge it in PagerDuty",
			"少し待ってもう一度お試しください。エンジンを介さずに引き取るには、PagerDuty でインシデントを確認済み(Acknowledge)にしてください")}
}
