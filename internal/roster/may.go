package roster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"shodo/internal/customer"
	"shodo/internal/incident"
)

// Ask is what somebody of Slack wants to decide.
type Ask struct {
	User     string             // Slack's id
	Handle   string             // how Slack calls the user; may be empty
	Customer *customer.Customer // whose incident it is; nil: nobody's
	Policy   string             // PagerDuty's id of the incident's escalation policy, for an incident that is nobody's
	From     string             // the tier that was asked to approve; empty: every tier may
}

// Verdict says whether somebody may, and why.
type Verdict struct {
	Person  incident.Person
	Allowed bool
	Because string            // the rule that allows it, for the log; empty when nothing does
	People  []incident.Person // of those who may, as far as they are known: on call, and named
	Groups  []string          // Slack's ids of the user groups that may
	Unsure  error             // what could not be looked up: with it, a no may be wrong
}

// May says whether somebody may decide.
func (r *Roster) May(ctx context.Context, a Ask) Verdict {
	v := Verdict{Person: incident.Person{ID: slackID(a.User), Name: a.Handle}}
	if slices.Contains(r.operators, a.User) {
		v.Allowed, v.Because = true, "an operator"
		v.Person = r.Person(ctx, a.User, a.Handle)
		return v
	}
	tiers := tiersOf(a)
	found := make([]standing, len(tiers))
	var wg sync.WaitGroup
	wg.Go(func() { v.Person = r.Person(ctx, a.User, a.Handle) })
	for i, t := range tiers {
		wg.Go(func() { found[i] = r.standingIn(ctx, t, a.User) })
	}
	wg.Wait()
	for _, s := range found {
		v.add(s)
	}
	return v
}

// tiersOf gives the tiers that count.
func tiersOf(a Ask) []customer.Tier {
	if a.Customer == nil {
		return []customer.Tier{{EscalationPolicy: a.Policy}}
	}
	tiers := a.Customer.Tiers
	if i := slices.IndexFunc(tiers, func(t customer.Tier) bool { return t.Name == a.From }); a.From != "" && i >= 0 {
		return tiers[i:]
	}
	return tiers
}

// standing is what somebody is in one tier.
type standing struct {
	because string // empty: nothing
	same    string // the id in PagerDuty, when that is how the person was found
	people  []incident.Person
	groups  []string
	unsure  error
}

func (r *Roster) standingIn(ctx context.Context, t customer.Tier, user string) standing {
	s := standing{groups: t.People.SlackGroups}
	for _, id := range t.People.SlackUsers {
		s.people = append(s.people, incident.Person{ID: slackID(id), Name: id})
		if id == user {
			s.because = fmt.Sprintf("named in tier %q", t.Name)
		}
	}
	duties, err := r.onCalls(ctx, t.EscalationPolicy)
	people, inSlack := r.people(ctx, duties)
	s.people = append(s.people, people...)
	for _, p := range people {
		if p.ID == slackID(user) {
			s.because, s.same = fmt.Sprintf("on call for policy %q", t.EscalationPolicy), p.PagerDuty
		}
	}
	s.unsure = errors.Join(err, inSlack)
	for _, group := range t.People.SlackGroups {
		if s.because != "" || !r.slack {
			break
		}
		members, err := r.groups.get(ctx, group)
		switch {
		case errors.Is(err, ErrUnknown): // it is gone, and so are its members
		case err != nil:
			s.unsure = errors.Join(s.unsure, fmt.Errorf("look up the user group %q: %w", group, err))
		case slices.Contains(members, user):
			s.because = fmt.Sprintf("in the user group %q of tier %q", group, t.Name)
		}
	}
	return s
}

func (v *Verdict) add(s standing) {
	if s.because != "" && !v.Allowed {
		v.Allowed, v.Because = true, s.because
	}
	if s.same != "" {
		v.Person.PagerDuty = s.same
	}
	for _, p := range s.people {
		if !slices.ContainsFunc(v.People, func(known incident.Person) bool { return known.ID == p.ID }) {
			v.People = append(v.People, p)
		}
	}
	for _, g := range s.groups {
		if !slices.Contains(v.Groups, g) {
			v.Groups = append(v.Groups, g)
		}
	}
	v.Unsure = errors.Join(v.Unsure, s.unsure)
}
