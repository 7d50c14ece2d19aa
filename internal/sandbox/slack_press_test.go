package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"shodo/internal/sandbox"
)

const signingSecret = "the-signing-secret"

// engine is an app that Slack calls. It takes signed requests alone; slack-go is the judge.
type engine struct {
	url    string
	answer func(w http.ResponseWriter, form url.Values)

	mu    sync.Mutex
	forms []url.Values
}

func newEngine(t *testing.T, answer func(http.ResponseWriter, url.Values)) *engine {
	t.Helper()
	e := &engine{answer: answer}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		verifier, err := slack.NewSecretsVerifier(r.Header, signingSecret)
		body, readErr := io.ReadAll(io.TeeReader(r.Body, &verifier))
		if err = errors.Join(err, readErr, verifier.Ensure()); err != nil {
			t.Errorf("a request without a valid signature: %v", err)
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.forms = append(e.forms, form)
		e.mu.Unlock()
		if e.answer != nil {
			e.answer(w, form)
		}
	}))
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

// interactions are the presses that arrived, as slack-go reads them.
func (e *engine) interactions(t *testing.T) []slack.InteractionCallback {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []slack.InteractionCallback
	for _, form := range e.forms {
		var one slack.InteractionCallback
		if err := json.Unmarshal([]byte(form.Get("payload")), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

func plainText(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, false, false)
}

func question() []slack.Block {
	button := slack.NewButtonBlockElement("shodo:take_over", `{"incident":"Q1"}`, plainText("Take over")).WithStyle(slack.StylePrimary)
	boxes := slack.NewCheckboxGroupsBlockElement("shodo:tick", slack.NewOptionBlockObject("1", plainText("one"), nil), slack.NewOptionBlockObject("2", plainText("二つ目"), nil))
	return []slack.Block{section("*down*"), slack.NewActionBlock("", button), slack.NewActionBlock("list", boxes)}
}

func TestPressesReachTheApp(t *testing.T) {
	e := newEngine(t, nil)
	w := newWorkspace(t, sandbox.SlackOptions{InteractionsURL: e.url, SigningSecret: signingSecret}, slackToken)
	ctx := t.Context()
	_, ts, err := w.client.PostMessageContext(ctx, "incidents", slack.MsgOptionBlocks(question()...))
	if err != nil {
		t.Fatal(err)
	}
	press := sandbox.Press{User: "U0BEN000001", Channel: "#incidents", TS: ts, ActionID: "shodo:take_over"}
	if err := w.Press(ctx, press); err != nil {
		t.Fatal(err)
	}
	if err := w.Press(ctx, sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:tick", Ticked: []string{"2"}, At: "1763632811.000001"}); err != nil {
		t.Fatal(err)
	}
	got := e.interactions(t)
	if len(got) != 2 {
		t.Fatalf("%d presses arrived", len(got))
	}
	first, action := got[0], got[0].ActionCallback.BlockActions[0]
	same(t, "the press", []string{string(first.Type), first.User.ID, first.User.Name, first.Channel.ID, first.Container.MessageTs, first.Message.Timestamp, action.ActionID, action.Value, action.Text.Text},
		[]string{"block_actions", "U0BEN000001", "ben", "C0INCIDENTS", ts, ts, "shodo:take_over", `{"incident":"Q1"}`, "Take over"})
	if action.ActionTs == "" || action.BlockID == "" || first.TriggerID == "" || first.ResponseURL == "" {
		t.Errorf("the press lacks something: %+v", action)
	}
	second := got[1].ActionCallback.BlockActions[0]
	same(t, "the box", []string{second.BlockID, second.ActionTs, second.SelectedOptions[0].Value, got[1].BlockActionState.Values["list"]["shodo:tick"].SelectedOptions[0].Text.Text},
		[]string{"list", "1763632811.000001", "2", "二つ目"})

	for name, wrong := range map[string]sandbox.Press{
		"another message": {User: "U0BEN000001", Channel: "incidents", TS: "1.000000", ActionID: "shodo:take_over"},
		"another channel": {User: "U0BEN000001", Channel: "nowhere", TS: ts, ActionID: "shodo:take_over"},
		"another person":  {User: "U0NOBODY001", Channel: "incidents", TS: ts, ActionID: "shodo:take_over"},
		"another button":  {User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:done"},
		"another box":     {User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:tick", Ticked: []string{"3"}},
	} {
		if err := w.Press(ctx, wrong); !errors.Is(err, sandbox.ErrNoSuchElement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What goes wrong on the way to the app is seen by the person who pressed, and by nobody else.
func TestPressesThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, url.Values)
		change func(*sandbox.Slack)
		want   error
	}{
		"the app says no":       {answer: func(w http.ResponseWriter, _ url.Values) { w.WriteHeader(http.StatusUnauthorized) }, want: sandbox.ErrNoAnswer},
		"the app breaks down":   {answer: func(http.ResponseWriter, url.Values) { panic(http.ErrAbortHandler) }, want: sandbox.ErrNoAnswer},
		"the app has no way in": {change: func(s *sandbox.Slack) { s.PointTo("", "", "") }, want: sandbox.ErrNotReachable},
		"slack is down":         {change: func(s *sandbox.Slack) { s.SetOutage(true) }, want: sandbox.ErrNotReachable},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, c.answer)
			w := newWorkspace(t, sandbox.SlackOptions{InteractionsURL: e.url, SigningSecret: signingSecret}, slackToken)
			_, ts, err := w.client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionBlocks(question()...))
			if err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(w.Slack)
			}
			err = w.Press(t.Context(), sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:take_over"})
			if !errors.Is(err, c.want) {
				t.Errorf("error: %v", err)
			}
			if seen := w.Ephemeral("incidents", "U0BEN000001"); len(seen) != 1 || !strings.Contains(seen[0].Text, "failed") {
				t.Errorf("the person sees %+v", seen)
			}
			same(t, "what others see", len(w.Ephemeral("incidents", "U0AIKO00001")), 0)
		})
	}
}

func TestSlowApp(t *testing.T) {
	release := make(chan struct{})
	e := newEngine(t, func(http.ResponseWriter, url.Values) { <-release })
	t.Cleanup(func() { close(release) })
	w := newWorkspace(t, sandbox.SlackOptions{InteractionsURL: e.url, SigningSecret: signingSecret}, slackToken)
	_, ts, err := w.client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionBlocks(question()...))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := w.Press(ctx, sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:take_over"}); !errors.Is(err, sandbox.ErrNoAnswer) {
		t.Errorf("error: %v", err)
	}
}

func TestCommandsAndTheirAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		said, want string
		here       int // messages in the channel afterwards
		fails      bool
	}{
		"text":              {said: "all is calm", want: "all is calm"},
		"for the person":    {said: `{"response_type":"ephemeral","text":"all is calm"}`, want: "all is calm"},
		"for everybody":     {said: `{"response_type":"in_channel","text":"all is calm"}`, want: "all is calm", here: 1},
		"blocks":            {said: `{"text":"x","blocks":[{"type":"section","text":{"type":"mrkdwn","text":"*calm*"}}]}`, want: "*calm*"},
		"nothing":           {said: ""},
		"JSON that is none": {said: `{"text":`, fails: true},
		"refused blocks":    {said: `{"text":"x","blocks":[{"type":"hologram"}]}`, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, func(w http.ResponseWriter, _ url.Values) { _, _ = io.WriteString(w, c.said) })
			w := newWorkspace(t, sandbox.SlackOptions{CommandsURL: e.url, SigningSecret: signingSecret}, slackToken)
			got, err := w.Command(t.Context(), "U0BEN000001", "incidents", " /shodo  quiet acme ")
			if (err != nil) != c.fails {
				t.Fatalf("error: %v", err)
			}
			same(t, "answer", got, c.want)
			same(t, "messages for everybody", len(w.Messages("incidents")), c.here)
			sent, err := slack.SlashCommandParse(&http.Request{Method: "POST", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
				Body: io.NopCloser(strings.NewReader(e.forms[0].Encode()))})
			if err != nil || sent.Command != "/shodo" || sent.Text != "quiet acme" || sent.UserID != "U0BEN000001" || sent.ChannelName != "incidents" {
				t.Errorf("it sent %+v, %v", sent, err)
			}
		})
	}
	w := newWorkspace(t, sandbox.SlackOptions{}, slackToken)
	if _, err := w.Command(t.Context(), "U0BEN000001", "incidents", "hello"); !errors.Is(err, sandbox.ErrNoSuchElement) {
		t.Errorf("no command: %v", err)
	}
}

// A response_url takes five answers within half an hour.
func TestResponseURL(t *testing.T) {
	e := newEngine(t, nil)
	c := newClock()
	c.now = time.Now() // signatures have to be of today
	w := newWorkspace(t, sandbox.SlackOptions{InteractionsURL: e.url, SigningSecret: signingSecret, Clock: c.Now}, slackToken)
	_, ts, err := w.client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionBlocks(question()...))
	if err != nil {
		t.Fatal(err)
	}
	press := sandbox.Press{User: "U0BEN000001", Channel: "incidents", TS: ts, ActionID: "shodo:take_over"}
	for range 2 {
		if err := w.Press(t.Context(), press); err != nil {
			t.Fatal(err)
		}
	}
	first, second := e.interactions(t)[0].ResponseURL, e.interactions(t)[1].ResponseURL
	same(t, "no message", respond(t, first, `{`), 400)
	same(t, "an empty message", respond(t, first, `{}`), 400)
	same(t, "to the person", respond(t, first, `{"text":"you may not"}`), 200)
	same(t, "to everybody", respond(t, first, `{"response_type":"in_channel","text":"done"}`), 200)
	same(t, "instead of the message", respond(t, first, `{"replace_original":true,"text":"taken"}`), 200)
	same(t, "the fifth", respond(t, first, `{"text":"you may not"}`), 200)
	same(t, "the sixth", respond(t, first, `{"text":"you may not"}`), 404)
	c.Move(31 * time.Minute)
	same(t, "too late", respond(t, second, `{"text":"x"}`), 404)
	same(t, "another address", respond(t, w.url+"/hooks/none", `{"text":"x"}`), 404)
	list := w.Messages("incidents")
	same(t, "the channel", []string{list[0].Plain(), list[1].Plain()}, []string{"taken", "done"})
	seen := w.Ephemeral("incidents", "U0BEN000001")
	same(t, "the person sees", []string{seen[0].Text, seen[1].Text}, []string{"you may not", "you may not"})
}

// respond posts to a response_url.
func respond(t *testing.T, address, body string) int {
	t.Helper()
	r, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	return r.StatusCode
}
