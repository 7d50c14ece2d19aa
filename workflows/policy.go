package workflows

import (
	"context"
	"fmt"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// ruling is what the windows in force say to one question.
type ruling struct {
	quiethours.Ruling
	policy  string // the hash of the windows
	catalog string // its version
	windows bool   // the customer has any
}

// ask asks the windows that are in force now. Where there are none, everything is allowed, and nothing is to be recorded.
func (a *Activities) ask(ctx context.Context, q incident.Question, c Case) (ruling, error) {
	policy, version, err := a.windowsOf(ctx, c.Customer.ID)
	if err != nil {
		return ruling{}, err
	}
	if policy.IsEmpty() {
		return ruling{Ruling: quiethours.Ruling{Question: q, Answer: incident.Allow}}, nil
	}
	return rulingOf(policy, version, q, c.Incident, c.Customer, a.Now()), nil
}

// windowsOf gives the customer's windows that are in force now, with the catalog's version.
func (a *Activities) windowsOf(ctx context.Context, id incident.CustomerID) (p quiethours.Policy, version string, err error) {
	if a.Policies == nil || id == "" {
		return p, "", nil
	}
	if p, version, err = a.Policies.Policy(ctx, id); err != nil {
		return p, "", fmt.Errorf("read the windows of customer %q: %w", id, err)
	}
	return p, version, nil
}

func rulingOf(p quiethours.Policy, version string, q incident.Question, inc incident.Incident, c incident.Customer, now time.Time) ruling {
	r := ruling{Ruling: p.Decide(now, inc, c).Ruling(q), policy: p.Hash(), catalog: version, windows: true}
	r.Until = wholeSecond(r.Until)
	return r
}

// wholeSecond gives the next whole second: what ends within one second is told in one digest.
func wholeSecond(t time.Time) time.Time {
	if whole := t.Truncate(time.Second); !t.IsZero() && whole.Before(t) {
		return whole.Add(time.Second)
	}
	return t
}

// decision is the line that explains the ruling.
func (r ruling) decision(c Case, key string, at time.Time) incident.Transition {
	return incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: "decision/" + key, At: at, Kind: incident.Decided,
		Question: r.Question, Window: r.Window, Until: r.Until, Why: fmt.Sprintf("%s (catalog %s)", r.Why, r.catalog)}
}

// deferral is the line that says that something waits.
func (r ruling) deferral(c Case, key string, at time.Time, what string) incident.Transition {
	return incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: key, At: at, Kind: incident.Deferred,
		Question: r.Question, Window: r.Window, Until: r.Until, Policy: r.policy, Why: what}
}

func deferredKey(q incident.Question, number int) string {
	return fmt.Sprintf("deferred/%s/%d", q, number)
}

// resumed is the line that ends a wait.
func resumed(c Case, number int, at time.Time, by, why string) incident.Transition {
	return incident.Transition{Incident: c.Incident.ID, Run: c.Run, Key: fmt.Sprintf("resumed/%s/%d", incident.Page, number), At: at,
		Kind: incident.Resumed, Question: incident.Page, By: by, Why: why}
}

// find gives a line of the record's present run.
func find(rec incident.Record, key string) (incident.Transition, bool) {
	for _, t := range rec.Transitions {
		if t.Run == rec.Run && t.Key == key {
			return t, true
		}
	}
	return incident.Transition{}, false
}

// suppressedAtOnce gives a verdict when the windows leave nothing to do: nobody may be told, and nothing may be changed.
func (a *Activities) suppressedAtOnce(ctx context.Context, plan *Plan) (*Verdict, []incident.Transition, error) {
	plan.Asks = a.Policies != nil && plan.Customer.ID != ""
	policy, version, err := a.windowsOf(ctx, plan.Customer.ID)
	if err != nil {
		return nil, nil, err
	}
	if plan.Windows = !policy.IsEmpty(); !plan.Windows || plan.Verdict != nil && !plan.Verdict.asksFirst() {
		return nil, nil, nil
	}
	now := a.Now()
	d := policy.Decide(now, plan.Incident, plan.Customer)
	if d.Contact.Answer != incident.Suppress || d.Page.Answer != incident.Suppress || d.Recover.Answer != incident.Forbid {
		return nil, nil, nil
	}
	page := rulingOf(policy, version, incident.Page, plan.Incident, plan.Customer, now)
	v := &Verdict{Outcome: incident.Suppressed, Why: page.Why, Window: page.Window, Until: page.Until, Policy: page.policy}
	return v, []incident.Transition{page.decision(plan.Case, "page/0", now)}, nil
}

// asksFirst says whether a person is to be told, who might be asleep. One who has the incident is awake.
func (v Verdict) asksFirst() bool {
	return !v.Outcome.IsAutomatic() && v.Outcome != incident.TakenOver && !v.Resolved
}
