package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

// Member is a person of the workspace.
type Member struct {
	ID      string
	Name    string
	Email   string // empty: none is known
	Deleted bool   // the account is deactivated
}

// Group is a user group.
type Group struct {
	ID      string // "S..."
	Handle  string // without "@"
	Members []string
}

// DefaultMembers are the people of DefaultAccount.
func DefaultMembers() []Member {
	return []Member{{ID: "U0AIKO00001", Name: "Aiko Tanaka", Email: "aiko@example.com"},
		{ID: "U0BEN000001", Name: "Ben Carter", Email: "ben@example.com"},
		{ID: "U0CHIE00001", Name: "Chie Mori", Email: "chie@example.com"}}
}

// DefaultGroups is one group of two of DefaultMembers.
func DefaultGroups() []Group {
	return []Group{{ID: "S0ONCALL001", Handle: "oncall", Members: []string{"U0AIKO00001", "U0BEN000001"}}}
}

// Members gives the people of the workspace.
func (s *Slack) Members() []Member { return slices.Clone(s.opts.Members) }

func (s *Slack) member(id string) *Member {
	for i := range s.opts.Members {
		if s.opts.Members[i].ID == id {
			return &s.opts.Members[i]
		}
	}
	return nil
}

// handle is how a member is called in short: "aiko".
func (m Member) handle() string {
	first, _, _ := strings.Cut(strings.ToLower(m.Name), " ")
	return first
}

func (m Member) json() object {
	profile := object{"real_name": m.Name, "display_name": m.handle()}
	if m.Email != "" {
		profile["email"] = m.Email
	}
	return object{"id": m.ID, "team_id": teamID, "name": m.handle(), "deleted": m.Deleted, "real_name": m.Name, "tz": "Asia/Tokyo",
		"is_bot": false, "is_app_user": false, "profile": profile}
}

func (s *Slack) lookupByEmail(_ caller, args url.Values) (object, error) {
	for _, m := range s.opts.Members {
		if m.Email != "" && strings.EqualFold(m.Email, args.Get("email")) && !m.Deleted {
			return object{"user": m.json()}, nil
		}
	}
	return nil, no("users_not_found")
}

func (s *Slack) userInfo(_ caller, args url.Values) (object, error) {
	if id := args.Get("user"); id == botUserID {
		return object{"user": object{"id": botUserID, "team_id": teamID, "name": "shodo", "real_name": "shodo", "is_bot": true,
			"profile": object{"real_name": "shodo", "bot_id": botID}}}, nil
	} else if m := s.member(id); m != nil {
		return object{"user": m.json()}, nil
	}
	return nil, no("user_not_found")
}

func (s *Slack) listUsers(caller, url.Values) (object, error) {
	list := []object{}
	for _, m := range s.opts.Members {
		list = append(list, m.json())
	}
	return object{"members": list, "response_metadata": object{"next_cursor": ""}}, nil
}

func (s *Slack) listGroups(_ caller, args url.Values) (object, error) {
	list := []object{}
	for _, g := range s.opts.Groups {
		one := object{"id": g.ID, "team_id": teamID, "is_usergroup": true, "name": g.Handle, "handle": g.Handle, "date_delete": 0,
			"user_count": len(g.Members)}
		if on := args.Get("include_users"); on == "true" || on == "1" {
			one["users"] = g.Members
		}
		list = append(list, one)
	}
	return object{"usergroups": list}, nil
}

func (s *Slack) groupMembers(_ caller, args url.Values) (object, error) {
	for _, g := range s.opts.Groups {
		if g.ID == args.Get("usergroup") {
			return object{"users": g.Members}, nil
		}
	}
	return nil, no("no_such_subteam")
}
