package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"shodo/internal/incident"
)

// User is a person in PagerDuty.
type User struct {
	ID    string
	Name  string
	Email string // PagerDuty has one for every user; what it does not show is empty
}

// Duty is somebody who is on call now.
type Duty struct {
	User  User
	Level int // of the escalation policy, from 1: who is paged first
}

// wireUser is a user, or a reference to one, which has neither a name nor an e-mail address.
type wireUser struct {
	ID      text `json:"id"`
	Name    text `json:"name"`
	Summary text `json:"summary"`
	Email   text `json:"email"`
}

func (w wireUser) user() User {
	u := User{ID: string(w.ID), Name: string(w.Name), Email: string(w.Email)}
	fill(&u.Name, string(w.Summary))
	return u
}

// wireOnCalls is one page of on-calls.
type wireOnCalls struct {
	OnCalls []struct {
		Level int      `json:"escalation_level"`
		User  wireUser `json:"user"`
		Start text     `json:"start"` // null: always on call
		End   text     `json:"end"`
	} `json:"oncalls"`
	More bool `json:"more"`
}

// pageOfOnCalls is how many on-calls one request asks for: PagerDuty's largest page.
const pageOfOnCalls = 100

// OnCalls lists who is on call now for an escalation policy, by level, each person once for each level. It is one request
// for up to 100 of them; PagerDuty limits this operation more than others, so the answer is worth keeping for a while.
// ErrNotFound: it is no id of a policy. Of a policy that PagerDuty does not know the list is empty.
func (c *Client) OnCalls(ctx context.Context, policy string) ([]Duty, error) {
	list, err := c.onCalls(ctx, policy)
	if err != nil {
		return nil, fmt.Errorf("read who is on call for policy %q: %w", policy, err)
	}
	return list, nil
}

func (c *Client) onCalls(ctx context.Context, policy string) ([]Duty, error) {
	if !isID(policy) {
		return nil, fmt.Errorf("%w: %q is no id of an escalation policy", ErrNotFound, policy)
	}
	var list []Duty
	for offset := 0; ; offset += pageOfOnCalls {
		var page wireOnCalls
		header, err := c.library.request(ctx, http.MethodGet, "/oncalls", query(
			"escalation_policy_ids[]", policy, "earliest", "true", "include[]", "users",
			"limit", strconv.Itoa(pageOfOnCalls), "offset", strconv.Itoa(offset)), nil, &page)
		if err != nil {
			return nil, err
		}
		now := serverNow(header, c.now())
		for _, one := range page.OnCalls {
			duty := Duty{User: one.User.user(), Level: one.Level}
			if duty.User.ID != "" && covers(string(one.Start), string(one.End), now) && !slices.Contains(list, duty) {
				list = append(list, duty)
			}
		}
		if !page.More || len(page.OnCalls) == 0 {
			break
		}
	}
	slices.SortStableFunc(list, func(a, b Duty) int { return a.Level - b.Level })
	return list, nil
}

// covers says whether a shift is on now. Without a time that can be read it has no such end.
func covers(start, end string, now time.Time) bool {
	from, to := parseTime(start), parseTime(end)
	return (from.IsZero() || !now.Before(from)) && (to.IsZero() || now.Before(to))
}

// User reads one person. ErrNotFound: there is none with that id.
func (c *Client) User(ctx context.Context, id string) (User, error) {
	if !isID(id) {
		return User{}, fmt.Errorf("read user %q: %w: it is no id of a user", id, ErrNotFound)
	}
	var answer struct {
		User wireUser `json:"user"`
	}
	_, err := c.library.request(ctx, http.MethodGet, "/users/"+id, nil, nil, &answer)
	if err == nil && answer.User.ID == "" {
		err = &Error{Method: http.MethodGet, Path: "/users/" + id, kind: ErrUnavailable, Message: "the answer holds no user"}
	}
	if err != nil {
		return User{}, fmt.Errorf("read user %q: %w", id, err)
	}
	return answer.User.user(), nil
}

// UserByEmail finds the person with exactly that e-mail address. ErrNotFound: there is none.
func (c *Client) UserByEmail(ctx context.Context, email string) (User, error) {
	user, err := c.library.userByEmail(ctx, email)
	if err != nil {
		return User{}, fmt.Errorf("find the user %q: %w", email, err)
	}
	return User{ID: user.ID, Name: user.Name, Email: user.Email}, nil
}

// codeNoRequester: the account has no user with the e-mail address of the From header.
const codeNoRequester = 1008

// AcknowledgeFor acknowledges the incident in the name of a person, by the id of the user in PagerDuty: it is sent under
// the person's e-mail address, so that the acknowledgement is theirs, beside those of others. It succeeds without a change
// when it is theirs already, and gives [ErrResolved] when the incident is resolved.
//
// It acknowledges in the engine's own name, as [Client.Acknowledge] does, with "", for a user whom PagerDuty does not have
// or does not let act, and with a token that may not speak for others: that somebody has it matters more than who. A
// token of a user is taken for that user by PagerDuty, whatever the From header says.
func (c *Client) AcknowledgeFor(ctx context.Context, id incident.ID, user string) error {
	if user == "" {
		return c.Acknowledge(ctx, id)
	}
	err := c.acknowledgeAs(ctx, id, user)
	if isNotTheirs(err) && ctx.Err() == nil {
		c.log.WarnContext(ctx, "the incident cannot be acknowledged in the person's name; the engine acknowledges it", "incident", string(id),
			"user", user, "err", err)
		return c.Acknowledge(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("acknowledge incident %q for user %q: %w", id, user, err)
	}
	return nil
}

func (c *Client) acknowledgeAs(ctx context.Context, id incident.ID, user string) error {
	person, err := c.User(ctx, user)
	switch {
	case errors.Is(err, ErrNotFound):
		return fmt.Errorf("%w: %w", errNoName, err)
	case err != nil:
		return err
	case person.Email == "":
		return fmt.Errorf("%w: PagerDuty shows no e-mail address of %s", errNoName, person.Name)
	}
	err = c.acknowledge(ctx, id, person.Email, func(now wireIncident) bool { return now.isAcknowledgedBy(user) })
	if errors.Is(err, errAcknowledged) {
		return nil // by somebody else, beside whom PagerDuty takes nobody
	}
	return err
}

// errNoName: there is no e-mail address under which the person could act.
var errNoName = errors.New("no name to act under")

// isNotTheirs says whether the request cannot go out under the person's name.
func isNotTheirs(err error) bool {
	return errors.Is(err, errNoName) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrUnauthorized) || codeOf(err) == codeNoRequester
}

func (w wireIncident) isAcknowledgedBy(user string) bool {
	return slices.ContainsFunc(w.Acknowledgements, func(a wireAcknowledgement) bool { return string(a.Acknowledger.ID) == user })
}
