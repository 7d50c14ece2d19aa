package roster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"shodo/internal/incident"
)

// ErrUnknown says that a source has no such person, group or policy. It is an answer, and no failure.
var ErrUnknown = errors.New("unknown")

// User is somebody in PagerDuty.
type User struct {
	ID    string
	Name  string
	Email string // may be empty
}

// Duty is somebody who is on call now.
type Duty struct {
	User  User
	Level int // of the escalation policy, from 1
}

// Member is somebody in Slack.
type Member struct {
	ID    string
	Name  string
	Email string // may be empty
	Gone  bool   // nobody reads what is sent there: deactivated, or no person
}

// Rota is PagerDuty's side. Its errors are ErrUnknown or worth another try.
type Rota interface {
	// OnCalls lists who is on call now for an escalation policy, by level.
	OnCalls(ctx context.Context, policy string) ([]Duty, error)
	UserByEmail(ctx context.Context, email string) (User, error)
}

// Directory is Slack's side. Its errors are ErrUnknown or worth another try.
type Directory interface {
	// MemberByEmail finds members of the app's own workspace only.
	MemberByEmail(ctx context.Context, email string) (Member, error)
	Member(ctx context.Context, id string) (Member, error)
	// GroupMembers lists the ids of a user group's members.
	GroupMembers(ctx context.Context, group string) ([]string, error)
}

// How long answers are good.
const (
	peopleFor = 10 * time.Minute
	onCallFor = time.Minute
	absentFor = time.Minute             // that there is no such person: somebody may just be added
	staleFor  = 24 * time.Hour          // while the source is away
	askAgain  = 10 * time.Second        // after the source was away
	lookUp    = 10 * time.Second        // for one question to a source
	patience  = 1500 * time.Millisecond // with a slow source, when there is an old answer
)

// Options say what a Roster works with.
type Options struct {
	PagerDuty Rota
	Slack     Directory // nil: Slack is not configured, and nobody is mentioned
	Operators []string  // Slack's ids of those who may decide about every incident
	Now       func() time.Time
	Log       *slog.Logger
}

// Roster answers who people are. It is safe for concurrent use.
type Roster struct {
	operators []string
	slack     bool
	log       *slog.Logger

	duties  *cache[[]Duty]   // by policy
	users   *cache[User]     // of PagerDuty, by address
	byEmail *cache[Member]   // of Slack
	byID    *cache[Member]   // of Slack
	groups  *cache[[]string] // of Slack
}

// New makes a Roster. It asks nobody yet.
func New(o Options) *Roster {
	r := &Roster{operators: o.Operators, slack: o.Slack != nil, log: o.Log}
	r.duties = newCache("who is on call for a policy", onCallFor, o, o.PagerDuty.OnCalls)
	r.users = newCache("a PagerDuty user by e-mail address", peopleFor, o, o.PagerDuty.UserByEmail)
	if r.slack {
		r.byEmail = newCache("a Slack user by e-mail address", peopleFor, o, o.Slack.MemberByEmail)
		r.byID = newCache("a Slack user", peopleFor, o, o.Slack.Member)
		r.groups = newCache("a Slack user group", peopleFor, o, o.Slack.GroupMembers)
	}
	return r
}

// slackID is how a person of Slack is called in the record, and pagerDutyID one whom Slack does not have.
func slackID(id string) string { return "slack:" + id }

func pagerDutyID(id string) string { return "pagerduty:" + id }

// OnCall lists those whom an escalation policy calls first: everybody of the lowest level that has anybody. Those of later
// levels are called by PagerDuty when these do not answer. An id that begins with "slack:" can be mentioned.
func (r *Roster) OnCall(ctx context.Context, policy string) ([]incident.Person, error) {
	duties, err := r.onCalls(ctx, policy)
	if err != nil {
		return nil, err
	}
	if len(duties) > 0 {
		first := duties[0].Level
		duties = slices.DeleteFunc(slices.Clone(duties), func(d Duty) bool { return d.Level != first })
	}
	people, err := r.people(ctx, duties)
	if err != nil {
		r.log.Warn("people on call are named without a mention: Slack does not tell who they are", "policy", policy, "err", err)
	}
	return people, nil
}

// onCalls lists who is on call for a policy, by level. Of no policy nobody is.
func (r *Roster) onCalls(ctx context.Context, policy string) ([]Duty, error) {
	if policy == "" {
		return nil, nil
	}
	duties, err := r.duties.get(ctx, policy)
	if errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up who is on call for policy %q: %w", policy, err)
	}
	return duties, nil
}

// people gives those on call as the record names them, each once, in the same order. Whom Slack does not tell is named all
// the same; then there is an error, too.
func (r *Roster) people(ctx context.Context, duties []Duty) ([]incident.Person, error) {
	people, failed := make([]incident.Person, len(duties)), make([]error, len(duties))
	var wg sync.WaitGroup
	for i, d := range duties {
		wg.Go(func() { people[i], failed[i] = r.person(ctx, d.User) })
	}
	wg.Wait()
	var once []incident.Person
	for _, p := range people {
		if !slices.ContainsFunc(once, func(known incident.Person) bool { return known.PagerDuty == p.PagerDuty }) {
			once = append(once, p)
		}
	}
	return once, errors.Join(failed...)
}

// person finds a user of PagerDuty in Slack.
func (r *Roster) person(ctx context.Context, u User) (incident.Person, error) {
	p := incident.Person{ID: pagerDutyID(u.ID), Name: u.Name, PagerDuty: u.ID}
	if !r.slack || u.Email == "" {
		return p, nil
	}
	m, err := r.byEmail.get(ctx, key(u.Email))
	switch {
	case errors.Is(err, ErrUnknown), err == nil && m.Gone:
		return p, nil
	case err != nil:
		return p, fmt.Errorf("look up %s in Slack: %w", u.Name, err)
	}
	p.ID = slackID(m.ID)
	return p, nil
}

// Person tells who a user of Slack is. Handle is the name by which Slack knows the user, for when nobody can be asked.
func (r *Roster) Person(ctx context.Context, id, handle string) incident.Person {
	p := incident.Person{ID: slackID(id), Name: handle}
	if p.Name == "" {
		p.Name = id
	}
	if !r.slack {
		return p
	}
	m, err := r.byID.get(ctx, id)
	if err != nil {
		r.log.Warn("somebody of Slack is named by the handle alone", "user", id, "err", err)
		return p
	}
	if m.Name != "" {
		p.Name = m.Name
	}
	p.PagerDuty = r.inPagerDuty(ctx, m)
	return p
}

// inPagerDuty finds the same person in PagerDuty; empty: there is none, or none that is known to be the same. The address in
// a profile counts only when Slack finds the same member by it.
func (r *Roster) inPagerDuty(ctx context.Context, m Member) string {
	if m.Email == "" {
		return ""
	}
	same, err := r.byEmail.get(ctx, key(m.Email))
	if err != nil || same.ID != m.ID {
		return ""
	}
	u, err := r.users.get(ctx, key(m.Email))
	if err != nil {
		return ""
	}
	return u.ID
}

// key is an address as the caches know it.
func key(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
