package app

import (
	"context"
	"errors"
	"fmt"

	"shodo/internal/pagerduty"
	"shodo/internal/roster"
	"shodo/internal/slack"
)

// rota is PagerDuty as the roster sees it.
type rota struct{ client *pagerduty.Client }

func (r rota) OnCalls(ctx context.Context, policy string) ([]roster.Duty, error) {
	list, err := r.client.OnCalls(ctx, policy)
	duties := make([]roster.Duty, len(list))
	for i, d := range list {
		duties[i] = roster.Duty{User: roster.User(d.User), Level: d.Level}
	}
	return duties, unknown(err, pagerduty.ErrNotFound)
}

func (r rota) UserByEmail(ctx context.Context, email string) (roster.User, error) {
	u, err := r.client.UserByEmail(ctx, email)
	return roster.User(u), unknown(err, pagerduty.ErrNotFound)
}

// directory is Slack as the roster sees it.
type directory struct{ client *slack.Client }

func (d directory) MemberByEmail(ctx context.Context, email string) (roster.Member, error) {
	u, err := d.client.UserByEmail(ctx, email)
	return member(u), unknown(err, slack.ErrUser)
}

func (d directory) Member(ctx context.Context, id string) (roster.Member, error) {
	u, err := d.client.UserInfo(ctx, id)
	return member(u), unknown(err, slack.ErrUser)
}

func (d directory) GroupMembers(ctx context.Context, group string) ([]string, error) {
	members, err := d.client.GroupMembers(ctx, group)
	return members, unknown(err, slack.ErrUser)
}

func member(u slack.User) roster.Member {
	return roster.Member{ID: u.ID, Name: u.Name, Email: u.Email, Gone: u.Deleted || u.Bot}
}

// unknown marks the errors that say that there is nobody of that name.
func unknown(err, sentinel error) error {
	if errors.Is(err, sentinel) {
		return fmt.Errorf("%w: %w", roster.ErrUnknown, err)
	}
	return err
}
