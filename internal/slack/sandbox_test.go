package slack_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/handover"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

// Every message of handover's golden files is taken by a Slack that enforces Block Kit's limits, as it is.
func TestGoldenPacketsArePosted(t *testing.T) {
	files, err := filepath.Glob("../handover/testdata/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel() // some have so many replies that the pace makes them wait
			c, double := against(t, sandbox.SlackOptions{})
			for _, m := range golden(t, file) {
				before := len(double.Messages("incidents"))
				posted, err := c.Post(t.Context(), "#incidents", m, file)
				if err != nil || posted.Plain || len(posted.Missing) > 0 {
					t.Fatalf("posted = %+v, %v", posted, err)
				}
				list := double.Messages("incidents")
				if len(list) != before+1 || list[before].TS != posted.TS {
					t.Fatalf("the channel has %d messages, had %d", len(list), before)
				}
				check(t, list[before], m)
			}
		})
	}
}

// golden reads one message, or a list of them.
func golden(t *testing.T, file string) []handover.Message {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []handover.Message
	if strings.HasPrefix(string(data), "[") {
		err = json.Unmarshal(data, &list)
	} else {
		list = make([]handover.Message, 1)
		err = json.Unmarshal(data, &list[0])
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func check(t *testing.T, got sandbox.Message, m handover.Message) {
	t.Helper()
	replies, files := 0, map[string]string{}
	for _, r := range got.Replies {
		if len(r.Files) == 0 {
			replies++
		}
		for _, f := range r.Files {
			files[f.Name] = string(f.Content)
		}
	}
	if got.Text != m.Text || replies != len(m.Thread) || len(files) != len(m.Files) {
		t.Errorf("text %q, %d replies, %d files; want %q, %d, %d", got.Text, replies, len(files), m.Text, len(m.Thread), len(m.Files))
	}
	for _, f := range m.Files {
		if files[f.Name] != f.Content {
			t.Errorf("file %q arrived with %d bytes of %d", f.Name, len(files[f.Name]), len(f.Content))
		}
	}
	if !strings.Contains(got.Plain(), strings.TrimSpace(m.Blocks[0].Text.Text)) {
		t.Errorf("the reader does not see %q", m.Blocks[0].Text.Text)
	}
}

// Slack's own pace is a little over one message a second: what comes sooner is refused, waited for, and taken.
func TestAgainstARateLimit(t *testing.T) {
	double := sandbox.NewSlack(sandbox.SlackOptions{BotToken: token, PostInterval: 300 * time.Millisecond})
	server := httptest.NewServer(double)
	defer server.Close()
	c := slack.New(slack.Options{APIURL: server.URL + "/api/", Token: secret.New(token)})
	m := message("main")
	m.Thread = []handover.Message{message("one")}
	posted, err := c.Post(t.Context(), "C0INCIDENTS", m, "k")
	if err != nil || len(posted.Missing) > 0 {
		t.Fatalf("posted = %+v, %v", posted, err)
	}
	if err := c.Update(t.Context(), posted, message("changed")); err != nil {
		t.Fatal(err)
	}
	list := double.Messages("incidents")
	if len(list) != 1 || len(list[0].Replies) != 1 || list[0].Text != "changed" || list[0].Edited != 1 {
		t.Errorf("the channel has %+v", list)
	}
}
