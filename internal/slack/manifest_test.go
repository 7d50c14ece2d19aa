package slack_test

import (
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"shodo/internal/handover"
	"shodo/internal/sandbox"
)

// scopesOfTheApp are those of the manifest that people paste into Slack.
func scopesOfTheApp(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../deploy/slack-app.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		OAuth struct {
			Scopes struct{ Bot []string }
		} `yaml:"oauth_config"`
	}
	if err := yaml.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest.OAuth.Scopes.Bot
}

// everything makes every call once, and says how many did not work.
func everything(t *testing.T, scopes []string) (broken int) {
	t.Helper()
	c, _ := against(t, sandbox.SlackOptions{Scopes: scopes})
	failed := func(err error) {
		if err != nil {
			broken++
		}
	}
	_, err := c.Test(t.Context())
	failed(err)
	m := message("down")
	m.Files = []handover.File{{Name: "journal.txt", Title: "Journal", Content: "x"}}
	posted, err := c.Post(t.Context(), "#incidents", m, "")
	failed(err)
	broken += len(posted.Missing)
	_, err = c.Reply(t.Context(), posted, message("more"))
	failed(err)
	failed(c.Update(t.Context(), posted, message("up")))
	failed(c.PostFile(t.Context(), "C0INCIDENTS", "x", "a.png", []byte("x")))
	failed(c.Ephemeral(t.Context(), "C0INCIDENTS", "U0BEN000001", "x"))
	_, err = c.UserByEmail(t.Context(), "ben@example.com")
	failed(err)
	_, err = c.UserInfo(t.Context(), "U0BEN000001")
	failed(err)
	_, err = c.GroupMembers(t.Context(), "S0ONCALL001")
	failed(err)
	return broken
}

// The app has the scopes that the client needs, and none that it does not.
func TestManifestHasTheScopes(t *testing.T) {
	scopes := scopesOfTheApp(t)
	if broken := everything(t, scopes); broken > 0 {
		t.Errorf("with %q %d calls do not work", scopes, broken)
	}
	for _, scope := range scopes {
		if scope == "commands" || scope == "chat:write.public" { // what Slack does with them is no call
			continue
		}
		t.Run("without "+scope, func(t *testing.T) {
			t.Parallel()
			rest := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == scope })
			if everything(t, rest) == 0 {
				t.Errorf("nothing needs %q", scope)
			}
		})
	}
}
