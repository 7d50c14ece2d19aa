package slack

import (
	"context"
	"fmt"

	slackgo "github.com/slack-go/slack"
)

// User is a member of the workspace.
type User struct {
	ID       string
	Name     string // the full name; the handle where there is none
	Email    string // empty: none is known, or the app may not read it
	TimeZone string // such as "Asia/Tokyo"; may be empty
	Deleted  bool   // the account is deactivated: nobody reads what is sent to it
	Bot      bool
}

// Ephemeral shows a text to one user of a channel alone, until they reload; Slack does not promise that it arrives. The
// text is mrkdwn: what others wrote has to be escaped. The channel is an id, and the user has to be in it: else ErrUser.
// Scope: chat:write.
func (c *Client) Ephemeral(ctx context.Context, channel, user, text string) error {
	err := c.call(ctx, "chat.postEphemeral", func(ctx context.Context) error {
		_, err := c.api.PostEphemeralContext(ctx, channel, user, slackgo.MsgOptionText(text, false))
		return err
	})
	if err != nil {
		return fmt.Errorf("answer %s in %q privately: %w", user, channel, err)
	}
	return nil
}

// UserByEmail finds a member by an address, whatever its case. ErrUser: nobody has it. Scopes: users:read.email, which needs
// users:read.
func (c *Client) UserByEmail(ctx context.Context, email string) (User, error) {
	return c.user(ctx, "users.lookupByEmail", "find the Slack user of "+email, func(ctx context.Context) (*slackgo.User, error) {
		return c.api.GetUserByEmailContext(ctx, email)
	})
}

// UserInfo gives a member by id. Scope: users:read; without users:read.email the address is empty.
func (c *Client) UserInfo(ctx context.Context, id string) (User, error) {
	return c.user(ctx, "users.info", fmt.Sprintf("read the Slack user %q", id), func(ctx context.Context) (*slackgo.User, error) {
		return c.api.GetUserInfoContext(ctx, id)
	})
}

func (c *Client) user(ctx context.Context, method, doing string, ask func(context.Context) (*slackgo.User, error)) (User, error) {
	var found *slackgo.User
	err := c.call(ctx, method, func(ctx context.Context) error {
		var err error
		if found, err = ask(ctx); err == nil && found.ID == "" {
			return errNoUser
		}
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", doing, err)
	}
	return User{ID: found.ID, Name: first(found.Profile.RealName, found.RealName, found.Profile.DisplayName, found.Name), Email: found.Profile.Email,
		TimeZone: found.TZ, Deleted: found.Deleted, Bot: found.IsBot}, nil
}

// GroupMembers gives the ids of the members of a user group, which is named by its id ("S0614TZR7"). ErrUser: there is no
// such group, or it is disabled. Scope: usergroups:read.
func (c *Client) GroupMembers(ctx context.Context, group string) ([]string, error) {
	var members []string
	err := c.call(ctx, "usergroups.users.list", func(ctx context.Context) error {
		var err error
		members, err = c.api.GetUserGroupMembersContext(ctx, group)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the members of the user group %q: %w", group, err)
	}
	return members, nil
}
