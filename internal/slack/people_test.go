package slack_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/sandbox"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

// against is a client of a workspace whose every call is checked against Slack's arguments.
func against(t *testing.T, o sandbox.SlackOptions) (*slack.Client, *sandbox.Slack) {
	t.Helper()
	o.BotToken = token
	double := sandbox.NewSlack(o)
	server := httptest.NewServer(double)
	t.Cleanup(server.Close)
	return slack.New(slack.Options{APIURL: server.URL + "/api/", Token: secret.New(token)}), double
}

func TestPeople(t *testing.T) {
	c, _ := against(t, sandbox.SlackOptions{Members: []sandbox.Member{{ID: "U1", Name: "佐藤 花子", Email: "hanako@example.com"},
		{ID: "U2", Name: "No Mail"}, {ID: "U3", Name: "Left", Email: "left@example.com", Deleted: true}}})
	hanako := slack.User{ID: "U1", Name: "佐藤 花子", Email: "hanako@example.com", TimeZone: "Asia/Tokyo"}
	got, err := c.UserByEmail(t.Context(), "HANAKO@example.com")
	if diff := cmp.Diff(hanako, got); diff != "" || err != nil {
		t.Errorf("by e-mail: %v (-want +got):\n%s", err, diff)
	}
	if got, err = c.UserInfo(t.Context(), "U1"); got != hanako || err != nil {
		t.Errorf("by id: %+v, %v", got, err)
	}
	if got, err = c.UserInfo(t.Context(), "U2"); got.Email != "" || got.Name != "No Mail" || err != nil {
		t.Errorf("without e-mail: %+v, %v", got, err)
	}
	if got, err = c.UserInfo(t.Context(), "U3"); !got.Deleted || err != nil {
		t.Errorf("deactivated: %+v, %v", got, err)
	}
	for _, email := range []string{"left@example.com", "nobody@example.com"} {
		if _, err := c.UserByEmail(t.Context(), email); !errors.Is(err, slack.ErrUser) || !strings.Contains(err.Error(), email) {
			t.Errorf("%s: %v", email, err)
		}
	}
	if _, err := c.UserInfo(t.Context(), "U9"); !errors.Is(err, slack.ErrUser) {
		t.Errorf("another user: %v", err)
	}
	members, err := c.GroupMembers(t.Context(), "S0ONCALL001")
	if diff := cmp.Diff([]string{"U0AIKO00001", "U0BEN000001"}, members); diff != "" || err != nil {
		t.Errorf("group: %v (-want +got):\n%s", err, diff)
	}
	if _, err := c.GroupMembers(t.Context(), "S9"); !errors.Is(err, slack.ErrUser) {
		t.Errorf("another group: %v", err)
	}
}

func TestPrivateAnswers(t *testing.T) {
	c, double := against(t, sandbox.SlackOptions{})
	if err := c.Ephemeral(t.Context(), "C0INCIDENTS", "U0BEN000001", "you may *not*"); err != nil {
		t.Fatal(err)
	}
	seen := double.Ephemeral("incidents", "U0BEN000001")
	if len(seen) != 1 || seen[0].Text != "you may *not*" || len(double.Messages("incidents")) != 0 || len(double.Ephemeral("incidents", "U0AIKO00001")) != 0 {
		t.Errorf("seen: %+v", seen)
	}
	if err := c.Ephemeral(t.Context(), "C0INCIDENTS", "U0NOBODY001", "x"); !errors.Is(err, slack.ErrUser) {
		t.Errorf("to nobody: %v", err)
	}
	double.DeleteChannel("incidents")
	if err := c.Ephemeral(t.Context(), "C0INCIDENTS", "U0BEN000001", "x"); !errors.Is(err, slack.ErrChannel) {
		t.Errorf("in a deleted channel: %v", err)
	}
	double.RevokeTokens(true)
	if _, err := c.UserInfo(t.Context(), "U0BEN000001"); !errors.Is(err, slack.ErrAuth) || !strings.Contains(err.Error(), "token_revoked") {
		t.Errorf("with a revoked token: %v", err)
	}
}

// A scope that the app lacks is named, for every call.
func TestMissingScopesAreNamed(t *testing.T) {
	c, _ := against(t, sandbox.SlackOptions{Scopes: []string{}})
	for scope, call := range map[string]func() error{
		"chat:write":       func() error { return c.Ephemeral(t.Context(), "C0INCIDENTS", "U0BEN000001", "x") },
		"users:read.email": func() error { _, err := c.UserByEmail(t.Context(), "ben@example.com"); return err },
		"users:read":       func() error { _, err := c.UserInfo(t.Context(), "U0BEN000001"); return err },
		"usergroups:read":  func() error { _, err := c.GroupMembers(t.Context(), "S0ONCALL001"); return err },
		"files:write":      func() error { return c.PostFile(t.Context(), "C0INCIDENTS", "x", "a.png", []byte("x")) },
	} {
		if err := call(); !errors.Is(err, slack.ErrAuth) || !strings.Contains(err.Error(), "the app needs the scope "+scope) {
			t.Errorf("%s: %v", scope, err)
		}
	}
}

func TestPostFile(t *testing.T) {
	c, double := against(t, sandbox.SlackOptions{})
	png := []byte("\x89PNG\r\n\x1a\n\x00\xff binary")
	file := func(m sandbox.Message) string {
		t.Helper()
		if len(m.Files) != 1 {
			t.Fatalf("message %+v", m)
		}
		return m.Files[0].Name + " " + string(m.Files[0].Content)
	}
	if err := c.PostFile(t.Context(), "C0INCIDENTS", "*the week*", "week.png", png); err != nil {
		t.Fatal(err)
	}
	list := double.Messages("incidents")
	if len(list) != 1 || list[0].Text != "*the week*" || file(list[0]) != "week.png "+string(png) {
		t.Errorf("by id: %+v", list)
	}
	// By a name that is new the comment goes ahead; from then on the id is known.
	for range 2 {
		if err := c.PostFile(t.Context(), "#managers", "*the week*", "week.png", png); err != nil {
			t.Fatal(err)
		}
	}
	list = double.Messages("managers")
	if len(list) != 3 || list[0].Text != "*the week*" || list[1].Text != "" || file(list[1]) != file(list[2]) || list[2].Text != "*the week*" {
		t.Errorf("by name: %+v", list)
	}
	if err := c.PostFile(t.Context(), "#managers", "x", "empty.png", nil); err == nil {
		t.Error("an empty file is taken")
	}
	if err := c.PostFile(t.Context(), "C0NOWHERE00", "x", "week.png", png); !errors.Is(err, slack.ErrChannel) {
		t.Errorf("elsewhere: %v", err)
	}
}
