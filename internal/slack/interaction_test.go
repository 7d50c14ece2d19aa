package slack_test

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/slack"
)

func payload(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func form(json []byte) []byte { return []byte(url.Values{"payload": {string(json)}}.Encode()) }

func TestParseInteraction(t *testing.T) {
	for _, c := range []struct {
		file string
		want slack.Interaction
	}{
		{"button.json", slack.Interaction{Type: "block_actions", UserID: "U0AIKO00001", UserName: "aiko", Team: "T0SANDBOX01", Channel: "C0INCIDENTS",
			ChannelName: "incidents", Message: "1763632800.000100", Actions: []slack.Action{
				{ID: "shodo:take_over", Block: "b1", Type: "button", Value: `{"incident":"Q1","run":1}`, TS: "1763632811.123456"}}}},
		{"checkboxes.json", slack.Interaction{Type: "block_actions", UserID: "W0BEN000001", UserName: "ben", Channel: "C0INCIDENTS",
			ChannelName: "privategroup", Message: "1763632800.000100", Thread: "1763632700.000100", Actions: []slack.Action{
				{ID: "shodo:tick", Block: "list", Type: "checkboxes", TS: "1763632812.000001", Selected: []string{"1", "3"}, Shown: []string{"1", "2"}}}}},
		{"fields-of-tomorrow.json", slack.Interaction{Type: "block_actions", UserID: "U1", UserName: "u", Channel: "C1", Message: "1.1", Actions: []slack.Action{
			{ID: "x", Type: "hologram", TS: "1.2"}}}},
		{"view-closed.json", slack.Interaction{Type: "view_closed", UserID: "U1", UserName: "u"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			data := payload(t, c.file)
			for _, body := range [][]byte{data, form(data)} {
				got, err := slack.ParseInteraction(body)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(slack.Action{}, "Key")); diff != "" {
					t.Errorf("interaction (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestUnreadableInteractions(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":             "",
		"no form":             "%zz",
		"another form":        "a=b",
		"no JSON":             "payload=hello",
		"half of it":          `{"type":"block_actions","user":{"id":"U1"`,
		"a list":              "payload=[]",
		"null":                "payload=null",
		"nobody":              `{"type":"block_actions"}`,
		"nothing done":        `{"user":{"id":"U1"}}`,
		"an action of text":   `{"type":"block_actions","user":{"id":"U1"},"actions":["x"]}`,
		"a user that is text": `{"type":"block_actions","user":"U1"}`,
	} {
		if got, err := slack.ParseInteraction([]byte(body)); !errors.Is(err, slack.ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A repetition has the same key, and everything that is another press has another one.
func TestKeysOfPresses(t *testing.T) {
	key := func(change ...string) string {
		t.Helper()
		i, err := slack.ParseInteraction([]byte(strings.NewReplacer(change...).Replace(string(payload(t, "button.json")))))
		if err != nil || len(i.Actions) != 1 {
			t.Fatalf("%+v, %v", i, err)
		}
		return i.Actions[0].Key
	}
	first := key()
	if again := key(`"trigger_id": "1.2.abc"`, `"trigger_id": "9.9.xyz"`); again != first || len(first) != 32 {
		t.Errorf("the same press has the keys %q and %q", first, again)
	}
	for name, change := range map[string][2]string{
		"another person":  {"U0AIKO00001", "U0BEN000001"},
		"another message": {`"message_ts": "1763632800.000100"`, `"message_ts": "1763632800.000200"`},
		"another moment":  {"1763632811.123456", "1763632811.123457"},
		"another button":  {"shodo:take_over", "shodo:done"},
	} {
		if key(change[0], change[1]) == first {
			t.Errorf("%s has the same key", name)
		}
	}
}

func TestParseCommand(t *testing.T) {
	want := slack.Command{Name: "/shodo", Text: "quiet acme", UserID: "U1", UserName: "aiko", Channel: "C1", TriggerID: "1.2.x"}
	for name, body := range map[string]string{
		"a request":   "command=%2Fshodo&text=quiet+acme&user_id=U1&user_name=aiko&channel_id=C1&trigger_id=1.2.x&is_enterprise_install=false",
		"socket mode": `{"command":"/shodo","text":"quiet acme","user_id":"U1","user_name":"aiko","channel_id":"C1","trigger_id":"1.2.x","is_enterprise_install":false,"x":{"y":[]}}`,
	} {
		got, err := slack.ParseCommand([]byte(body))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if got, err := slack.ParseCommand([]byte("ssl_check=1&token=x")); err != nil || !got.SSLCheck {
		t.Errorf("a look at the certificate: %+v, %v", got, err)
	}
	for _, body := range []string{"%zz", `{"command":`, `{"a":1}{`} {
		if got, err := slack.ParseCommand([]byte(body)); !errors.Is(err, slack.ErrMalformed) {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}

// Whatever comes, there is an error of one kind or an interaction that names a person, with a key for each press.
func FuzzInteraction(f *testing.F) {
	for _, name := range []string{"button.json", "checkboxes.json", "fields-of-tomorrow.json", "view-closed.json"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(form(data))
	}
	f.Add([]byte("command=/shodo&user_id=U1"))
	f.Fuzz(func(t *testing.T, body []byte) {
		i, err := slack.ParseInteraction(body)
		if (err == nil) != (i.UserID != "") || (err != nil && !errors.Is(err, slack.ErrMalformed)) {
			t.Errorf("%+v, %v", i, err)
		}
		for _, a := range i.Actions {
			if len(a.Key) != 32 {
				t.Errorf("key %q", a.Key)
			}
		}
		if _, err := slack.ParseCommand(body); err != nil && !errors.Is(err, slack.ErrMalformed) {
			t.Error(err)
		}
	})
}
