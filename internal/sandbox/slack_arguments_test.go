package sandbox_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"shodo/internal/sandbox"
)

// called is what a method answers.
type called struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Needed   string `json:"needed"`
	Provided string `json:"provided"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

func call(t *testing.T, s *sandbox.Slack, method, token string, args url.Values) called {
	t.Helper()
	r := httptest.NewRequest("POST", "/api/"+method, strings.NewReader(args.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+token)
	var answer called
	if err := json.Unmarshal(record(s, r).Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// Every argument is looked at: its name, whether it is there, and its form.
func TestSlackArguments(t *testing.T) {
	for _, c := range []struct {
		name, method, args, want, says string
	}{
		{"all is well", "users.info", "user=U0BEN000001&include_locale=true", "", ""},
		{"a required argument is missing", "chat.postMessage", "text=x", "invalid_arguments", "missing required field: channel"},
		{"two are missing", "chat.postEphemeral", "text=x", "invalid_arguments", "missing required field: user"},
		{"nothing is said", "chat.postEphemeral", "channel=incidents&user=U0BEN000001", "no_text", ""},
		{"empty blocks say nothing", "chat.postMessage", "channel=incidents&blocks=[]", "no_text", ""},
		{"a misspelt argument", "chat.update", "channel=C0INCIDENTS&ts=1.000000&txt=x", "invalid_arg_name", `"txt"`},
		{"an argument of another method", "chat.update", "channel=C0INCIDENTS&ts=1.000000&text=x&thread_ts=1.000000", "invalid_arg_name", "thread_ts"},
		{"an argument twice", "users.info", "user=U1&user=U2", "invalid_array_arg", ""},
		{"a time that is none", "chat.update", "channel=C0INCIDENTS&ts=yesterday&text=x", "invalid_arguments", "must be a timestamp [json-pointer:/ts]"},
		{"a truth that is none", "chat.postMessage", "channel=incidents&text=x&unfurl_links=perhaps", "invalid_arguments", "must be a boolean"},
		{"blocks that are no list", "chat.postMessage", "channel=incidents&text=x&blocks={}", "invalid_arguments", "must be an array [json-pointer:/blocks]"},
		{"metadata that is no object", "chat.postMessage", "channel=incidents&text=x&metadata=[]", "invalid_arguments", "must be an object"},
		{"metadata without a payload", "chat.postMessage", `channel=incidents&text=x&metadata={"event_type":"a"}`, "invalid_metadata_schema", ""},
		{"a word that is none of them", "chat.postMessage", "channel=incidents&text=x&parse=some", "invalid_arguments", "must be one of"},
		{"a number that is none", "files.getUploadURLExternal", "filename=a&length=long", "invalid_arguments", "must be a valid number"},
		{"a text that is too long", "chat.postMessage", "channel=incidents&markdown_text=" + strings.Repeat("x", 12_001), "invalid_arguments", "less than 12001 characters"},
		{"two ways to say it", "chat.postMessage", "channel=incidents&markdown_text=x&text=y", "markdown_text_conflict", ""},
		{"markdown", "chat.postMessage", "channel=incidents&markdown_text=**x**", "", ""},
		{"a user who is not there", "users.info", "user=U0NOBODY001", "user_not_found", ""},
		{"a private answer to nobody", "chat.postEphemeral", "channel=incidents&text=x&user=U0NOBODY001", "user_not_in_channel", ""},
		{"a group that is not there", "usergroups.users.list", "usergroup=S0NOBODY001", "no_such_subteam", ""},
		{"a method that is not there", "chat.shout", "text=x", "unknown_method", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, err := url.ParseQuery(c.args)
			if err != nil {
				t.Fatal(err)
			}
			got := call(t, sandbox.NewSlack(sandbox.SlackOptions{}), c.method, "x", args)
			same(t, "error", got.Error, c.want)
			if said := strings.Join(got.Metadata.Messages, "\n"); !strings.Contains(said, c.says) {
				t.Errorf("it says %q, not %q", said, c.says)
			}
		})
	}
}

func TestSlackScopesAndTokens(t *testing.T) {
	s := sandbox.NewSlack(sandbox.SlackOptions{Scopes: []string{"chat:write"}, AppToken: "xapp-1"})
	email := url.Values{"email": {"ben@example.com"}}
	got := call(t, s, "users.lookupByEmail", "xoxb-1", email)
	same(t, "a missing scope", []string{got.Error, got.Needed, got.Provided}, []string{"missing_scope", "users:read.email", "chat:write"})
	same(t, "without a scope", call(t, s, "auth.test", "xoxb-1", nil).OK, true)
	same(t, "the app's token for a bot's method", call(t, s, "auth.test", "xapp-1", nil).Error, "not_allowed_token_type")
	same(t, "the bot's token for the app's method", call(t, s, "apps.connections.open", "xoxb-1", nil).Error, "not_allowed_token_type")
	same(t, "another app's token", call(t, s, "apps.connections.open", "xapp-2", nil).Error, "invalid_auth")
	same(t, "the app's scope", call(t, s, "apps.connections.open", "xapp-1", nil).Needed, "connections:write")
	s.RevokeTokens(true)
	same(t, "a revoked token", call(t, s, "auth.test", "xoxb-1", nil).Error, "token_revoked")
	s.RevokeTokens(false)
	same(t, "given back", call(t, s, "auth.test", "xoxb-1", nil).OK, true)
}

func TestSlackTiers(t *testing.T) {
	c := newClock()
	w := newWorkspace(t, sandbox.SlackOptions{TierLimits: true, Clock: c.Now}, slackToken)
	for range 20 {
		if _, err := w.client.GetUserGroupMembersContext(t.Context(), "S0ONCALL001"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.client.GetUserGroupMembersContext(t.Context(), "S0ONCALL001")
	var limited *slack.RateLimitedError
	if !errors.As(err, &limited) || limited.RetryAfter != time.Minute {
		t.Errorf("the 21st call within a minute: %v", err)
	}
	if _, err := w.client.GetUserInfoContext(t.Context(), "U0BEN000001"); err != nil {
		t.Errorf("another method: %v", err)
	}
	c.Move(time.Minute)
	if _, err := w.client.GetUserGroupMembersContext(t.Context(), "S0ONCALL001"); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

func TestSlackPeopleAndChannels(t *testing.T) {
	w := newWorkspace(t, sandbox.SlackOptions{Members: []sandbox.Member{{ID: "U1", Name: "Sato Hanako", Email: "hanako@example.com"},
		{ID: "U2", Name: "No Mail"}, {ID: "U3", Name: "Left", Email: "left@example.com", Deleted: true}}}, slackToken)
	ctx := t.Context()
	user, err := w.client.GetUserByEmailContext(ctx, "Hanako@Example.com")
	if err != nil || user.ID != "U1" || user.Name != "sato" {
		t.Errorf("by e-mail: %+v, %v", user, err)
	}
	_, err = w.client.GetUserByEmailContext(ctx, "left@example.com")
	same(t, "who left", errorText(err), "users_not_found")
	if user, err = w.client.GetUserInfoContext(ctx, "U2"); err != nil || user.Profile.Email != "" || user.RealName != "No Mail" {
		t.Errorf("without e-mail: %+v, %v", user, err)
	}
	if users, err := w.client.GetUsersContext(ctx); err != nil || len(users) != 3 {
		t.Errorf("users: %v, %v", users, err)
	}
	groups, err := w.client.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 1 || len(groups[0].Users) != 2 {
		t.Errorf("groups: %+v, %v", groups, err)
	}
	_, ts, err := w.client.PostMessageContext(ctx, "incidents", slack.MsgOptionText("x", false))
	if err != nil {
		t.Fatal(err)
	}
	w.DeleteChannel("#incidents")
	_, _, _, err = w.client.UpdateMessageContext(ctx, "C0INCIDENTS", ts, slack.MsgOptionText("y", false))
	same(t, "a deleted channel", errorText(err), "channel_not_found")
	if channels, _, err := w.client.GetConversationsContext(ctx, &slack.GetConversationsParameters{}); err != nil || len(channels) != 1 {
		t.Errorf("channels: %v, %v", channels, err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
