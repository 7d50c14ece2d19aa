package sandbox_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"shodo/internal/sandbox"
)

const slackToken = "xoxb-sandbox"

type workspace struct {
	*sandbox.Slack
	url    string
	client *slack.Client
}

func newWorkspace(t *testing.T, opts sandbox.SlackOptions, token string) *workspace {
	t.Helper()
	s := sandbox.NewSlack(opts)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &workspace{s, server.URL, slack.New(token, slack.OptionAPIURL(server.URL+"/api/"))}
}

func section(text string) slack.Block {
	return slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, false), nil, nil)
}

func TestSlackConversation(t *testing.T) {
	w := newWorkspace(t, sandbox.SlackOptions{BotToken: slackToken}, slackToken)
	ctx := t.Context()
	me, err := w.client.AuthTestContext(ctx)
	if err != nil || me.UserID == "" {
		t.Fatalf("auth.test: %+v, %v", me, err)
	}
	channel, ts, err := w.client.PostMessageContext(ctx, "incidents", slack.MsgOptionText("fallback", false),
		slack.MsgOptionBlocks(slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, "Web shop", false, false)), section("*handed over*"), slack.NewDividerBlock(),
			slack.NewContextBlock("", slack.NewTextBlockObject(slack.MarkdownType, "by shodo", false, false))),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "handover", EventPayload: map[string]any{"key": "1"}}))
	if err != nil || channel != "C0INCIDENTS" {
		t.Fatalf("chat.postMessage: %s, %v", channel, err)
	}
	if _, _, err := w.client.PostMessageContext(ctx, channel, slack.MsgOptionText("more", false), slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	file, err := w.client.UploadFileContext(ctx, slack.UploadFileParameters{Filename: "journal.txt", Title: "Journal", Content: "line 1\nline 2",
		FileSize: 13, Channel: channel, ThreadTimestamp: ts, InitialComment: "evidence"})
	if err != nil || file.Title != "Journal" {
		t.Fatalf("upload: %+v, %v", file, err)
	}
	if _, _, _, err := w.client.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionText("fallback", false), slack.MsgOptionBlocks(section("*taken by Aiko*"))); err != nil {
		t.Fatal(err)
	}
	messages := w.Messages("#incidents")
	if len(messages) != 1 || len(messages[0].Replies) != 2 {
		t.Fatalf("messages: %+v", messages)
	}
	same(t, "what a person reads", messages[0].Plain(), "*taken by Aiko*")
	same(t, "edits", messages[0].Edited, 1)
	same(t, "first reply", messages[0].Replies[0].Text, "more")
	evidence := messages[0].Replies[1]
	same(t, "file", evidence.Files[0].Name+": "+string(evidence.Files[0].Content), "journal.txt: line 1\nline 2")
	same(t, "comment", evidence.Text, "evidence")

	channels, _, err := w.client.GetConversationsContext(ctx, &slack.GetConversationsParameters{})
	if err != nil || len(channels) != 2 || channels[0].Name != "incidents" {
		t.Errorf("conversations.list: %v, %v", channels, err)
	}
	one, err := w.client.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: "C0MANAGERS0"})
	if err != nil || one.Name != "managers" {
		t.Errorf("conversations.info: %v, %v", one, err)
	}
	user, err := w.client.GetUserByEmailContext(ctx, "ben@example.com")
	if err != nil || user.RealName != "Ben Carter" {
		t.Errorf("users.lookupByEmail: %v, %v", user, err)
	}
}

// TestSlackJSON is the other way in which Slack takes arguments.
func TestSlackJSON(t *testing.T) {
	s := sandbox.NewSlack(sandbox.SlackOptions{})
	r := httptest.NewRequest("POST", "/api/chat.postMessage", strings.NewReader(
		`{"channel":"C0INCIDENTS","blocks":[{"type":"section","text":{"type":"plain_text","text":"hello"}}],"unfurl_links":false}`))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Authorization", "Bearer x")
	if w := record(s, r); !strings.Contains(w.Body.String(), `"ok":true`) {
		t.Fatal(w.Body)
	}
	same(t, "text", s.Messages("incidents")[0].Plain(), "hello")
}

func TestSlackRefusals(t *testing.T) {
	channels := []sandbox.Channel{{ID: "C1", Name: "in"}, {ID: "C2", Name: "out", NoBot: true}, {ID: "C3", Name: "old", Archived: true}}
	sections := func(n, length int) []slack.Block {
		var blocks []slack.Block
		for range n {
			blocks = append(blocks, section(strings.Repeat("字", length)))
		}
		return blocks
	}
	plain := func(n int) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, strings.Repeat("x", n), false, false)
	}
	fields := func(n, length int) slack.Block {
		var list []*slack.TextBlockObject
		for range n {
			list = append(list, plain(length))
		}
		return slack.NewSectionBlock(nil, list, nil)
	}
	elements := func(n int) slack.Block {
		var list []slack.MixedElement
		for range n {
			list = append(list, plain(1))
		}
		return slack.NewContextBlock("", list...)
	}
	button := func(text, value int) slack.Block {
		return slack.NewActionBlock("", slack.NewButtonBlockElement("a", strings.Repeat("v", value), plain(text)))
	}
	styled := func(style slack.Style, confirm *slack.ConfirmationBlockObject) slack.Block {
		b := slack.NewButtonBlockElement("a", "v", plain(1)).WithStyle(style)
		b.Confirm = confirm
		return slack.NewActionBlock("", b)
	}
	confirm := func(title, text, yes int) *slack.ConfirmationBlockObject {
		return slack.NewConfirmationBlockObject(plain(title), plain(text), plain(yes), plain(1))
	}
	box := func(value string, text int) *slack.OptionBlockObject {
		return slack.NewOptionBlockObject(value, plain(text), nil)
	}
	boxes := func(ticked *slack.OptionBlockObject, list ...*slack.OptionBlockObject) slack.Block {
		group := slack.NewCheckboxGroupsBlockElement("a", list...)
		if ticked != nil {
			group.InitialOptions = []*slack.OptionBlockObject{ticked}
		}
		return slack.NewActionBlock("", group)
	}
	many := func(n int) (list []*slack.OptionBlockObject) {
		for i := range n {
			list = append(list, box(fmt.Sprint(i), 1))
		}
		return list
	}
	buttons := func(n int) slack.Block {
		var list []slack.BlockElement
		for i := range n {
			list = append(list, slack.NewButtonBlockElement(fmt.Sprint(i), "v", plain(1)))
		}
		return slack.NewActionBlock("", list...)
	}
	named := func(id int) slack.Block {
		return slack.NewActionBlock("", slack.NewButtonBlockElement(strings.Repeat("i", id), "v", plain(1)))
	}
	markdown := func(n int) slack.Block { return slack.NewMarkdownBlock("", strings.Repeat("m", n)) }
	for name, test := range map[string]struct {
		channel string
		token   string
		blocks  []slack.Block
		want    string // empty: accepted
		detail  string
	}{
		"an unknown channel":            {channel: "nowhere", want: "channel_not_found"},
		"a channel without the bot":     {channel: "C2", want: "not_in_channel"},
		"an archived channel":           {channel: "C3", want: "is_archived"},
		"a wrong token":                 {token: "xoxb-other", want: "invalid_auth"},
		"nothing to say":                {want: "no_text"},
		"50 blocks":                     {blocks: sections(50, 1)},
		"51 blocks":                     {blocks: sections(51, 1), want: "invalid_blocks", detail: "no more than 50 items allowed [json-pointer:/blocks]"},
		"a section of 3000":             {blocks: sections(1, 3000)},
		"a section of 3001":             {blocks: sections(1, 3001), want: "invalid_blocks", detail: "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		"an empty section":              {blocks: sections(1, 0), want: "invalid_blocks", detail: "must be more than 0 characters"},
		"a header of 150":               {blocks: []slack.Block{slack.NewHeaderBlock(plain(150))}},
		"a header of 151":               {blocks: []slack.Block{slack.NewHeaderBlock(plain(151))}, want: "invalid_blocks", detail: "/blocks/0/text/text"},
		"10 fields":                     {blocks: []slack.Block{fields(10, 10)}},
		"11 fields":                     {blocks: []slack.Block{fields(11, 10)}, want: "invalid_blocks", detail: "/blocks/0/fields"},
		"a field of 2001":               {blocks: []slack.Block{fields(1, 2001)}, want: "invalid_blocks", detail: "/blocks/0/fields/0/text"},
		"10 elements of context":        {blocks: []slack.Block{elements(10)}},
		"11 elements of context":        {blocks: []slack.Block{elements(11)}, want: "invalid_blocks", detail: "/blocks/0/elements"},
		"a button's text of 76":         {blocks: []slack.Block{button(76, 1)}, want: "invalid_blocks", detail: "/blocks/0/elements/0/text/text"},
		"a button's value of 2001":      {blocks: []slack.Block{button(1, 2001)}, want: "invalid_blocks", detail: "/blocks/0/elements/0/value"},
		"25 buttons":                    {blocks: []slack.Block{buttons(25)}},
		"26 buttons":                    {blocks: []slack.Block{buttons(26)}, want: "invalid_blocks", detail: "no more than 25 items allowed [json-pointer:/blocks/0/elements]"},
		"an action id of 255":           {blocks: []slack.Block{named(255)}},
		"an action id of 256":           {blocks: []slack.Block{named(256)}, want: "invalid_blocks", detail: "/blocks/0/elements/0/action_id"},
		"one action id in two blocks":   {blocks: []slack.Block{named(3), named(3)}, want: "invalid_blocks", detail: "unique"},
		"a danger":                      {blocks: []slack.Block{styled(slack.StyleDanger, confirm(100, 300, 30))}},
		"another style":                 {blocks: []slack.Block{styled("warning", nil)}, want: "invalid_blocks", detail: "must be one of primary, danger"},
		"a confirmation's title of 101": {blocks: []slack.Block{styled("", confirm(101, 1, 1))}, want: "invalid_blocks", detail: "/confirm/title"},
		"a confirmation's text of 301":  {blocks: []slack.Block{styled("", confirm(1, 301, 1))}, want: "invalid_blocks", detail: "/confirm/text"},
		"a confirmation's button of 31": {blocks: []slack.Block{styled("", confirm(1, 1, 31))}, want: "invalid_blocks", detail: "/confirm/confirm"},
		"10 boxes, one ticked":          {blocks: []slack.Block{boxes(box("3", 1), many(10)...)}},
		"11 boxes":                      {blocks: []slack.Block{boxes(nil, many(11)...)}, want: "invalid_blocks", detail: "/options"},
		"no boxes":                      {blocks: []slack.Block{boxes(nil)}, want: "invalid_blocks", detail: "/options"},
		"a box of 75":                   {blocks: []slack.Block{boxes(nil, box("1", 75))}},
		"a box of 76":                   {blocks: []slack.Block{boxes(nil, box("1", 76))}, want: "invalid_blocks", detail: "/options/0/text"},
		"a box's value of 76":           {blocks: []slack.Block{boxes(nil, box(strings.Repeat("1", 76), 1))}, want: "invalid_blocks", detail: "/options/0/value"},
		"two boxes with one value":      {blocks: []slack.Block{boxes(nil, box("1", 1), box("1", 2))}, want: "invalid_blocks", detail: "unique"},
		"a tick of another text":        {blocks: []slack.Block{boxes(box("1", 2), box("1", 1))}, want: "invalid_blocks", detail: "/initial_options/0"},
		"the measured total":            {blocks: []slack.Block{markdown(11_297), markdown(1_875)}},
		"one more than it":              {blocks: []slack.Block{markdown(11_297), markdown(1_876)}, want: "msg_blocks_too_long"},
		"legal sections, too many":      {blocks: sections(5, 3000), want: "msg_blocks_too_long"},
		"many small blocks cost, too":   {blocks: sections(45, 200), want: "msg_blocks_too_long"},
		"one block id for two blocks":   {blocks: []slack.Block{slack.NewMarkdownBlock("b", "1"), slack.NewMarkdownBlock("b", "2")}, want: "invalid_blocks", detail: "unique"},
		"one action id for two buttons": {blocks: []slack.Block{button(1, 1), button(2, 2)}, want: "invalid_blocks", detail: "unique"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.token == "" {
				test.token = slackToken
			}
			if test.channel == "" {
				test.channel = "in"
			}
			w := newWorkspace(t, sandbox.SlackOptions{BotToken: slackToken, Channels: channels}, test.token)
			options := []slack.MsgOption{}
			if test.blocks != nil {
				options = append(options, slack.MsgOptionBlocks(test.blocks...))
			} else if test.want != "no_text" {
				options = append(options, slack.MsgOptionText("hello", false))
			}
			_, _, err := w.client.PostMessageContext(t.Context(), test.channel, options...)
			got, detail := "", ""
			var refused slack.SlackErrorResponse
			if errors.As(err, &refused) {
				got, detail = refused.Err, strings.Join(refused.ResponseMetadata.Messages, "\n")
			} else if err != nil {
				got = err.Error()
			}
			same(t, "answer", got, test.want)
			if !strings.Contains(detail, test.detail) {
				t.Errorf("detail %q does not say %q", detail, test.detail)
			}
			if n := len(w.Messages(test.channel)); (n == 0) != (test.want != "") {
				t.Errorf("%d messages are there", n)
			}
		})
	}
}

func TestSlackLongTexts(t *testing.T) {
	w := newWorkspace(t, sandbox.SlackOptions{}, slackToken)
	_, ts, err := w.client.PostMessageContext(t.Context(), "C0INCIDENTS", slack.MsgOptionText(strings.Repeat("é", 40_001), false))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "bytes of the text that was cut", len(w.Messages("incidents")[0].Text), 80_000)
	_, _, _, err = w.client.UpdateMessageContext(t.Context(), "C0INCIDENTS", ts, slack.MsgOptionText(strings.Repeat("x", 4001), false))
	same(t, "an update with a long text", fmt.Sprint(err), "msg_too_long")
	_, _, _, err = w.client.UpdateMessageContext(t.Context(), "C0INCIDENTS", "1.000000", slack.MsgOptionText("x", false))
	same(t, "an update of nothing", fmt.Sprint(err), "message_not_found")
}

func TestSlackFaults(t *testing.T) {
	c := newClock()
	w := newWorkspace(t, sandbox.SlackOptions{PostInterval: time.Second, Clock: c.Now}, slackToken)
	post := func(channel string) error {
		_, _, err := w.client.PostMessageContext(t.Context(), channel, slack.MsgOptionText("x", false))
		return err
	}
	if err := post("incidents"); err != nil {
		t.Fatal(err)
	}
	var limited *slack.RateLimitedError
	if err := post("incidents"); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("a second message at once: %v", err)
	}
	if err := post("managers"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	c.Move(time.Second)
	if err := post("incidents"); err != nil {
		t.Errorf("a second later: %v", err)
	}
	c.Move(time.Second)
	w.Inject(sandbox.Fault{Path: "/api/chat.postMessage", Status: 429, RetryAfter: 30 * time.Second, Times: 1})
	if err := post("incidents"); !errors.As(err, &limited) || limited.RetryAfter != 30*time.Second {
		t.Errorf("an injected limit: %v", err)
	}
	w.Inject(sandbox.Fault{LoseResponse: true, Times: 1})
	if err := post("incidents"); err == nil {
		t.Error("a lost answer came")
	}
	w.SetOutage(true)
	if err := post("incidents"); err == nil {
		t.Error("an answer came in an outage")
	}
	same(t, "messages", len(w.Messages("incidents")), 3)
}

func FuzzBlocks(f *testing.F) {
	f.Add(`[{"type":"section","text":{"type":"mrkdwn","text":"x"},"fields":[{"type":"plain_text","text":"y"}]}]`)
	f.Add(`[{"type":"context","elements":[1,{"type":"image"}]},{"type":"actions","elements":[{"type":"button","text":1}]}]`)
	f.Add(`[{"type":"table","rows":[[{"text":"x"}]]}]`)
	f.Fuzz(func(t *testing.T, blocks string) {
		s := sandbox.NewSlack(sandbox.SlackOptions{})
		r := httptest.NewRequest("POST", "/api/chat.postMessage", nil)
		r.Header.Set("Authorization", "Bearer x")
		r.Form = map[string][]string{"channel": {"incidents"}, "blocks": {blocks}}
		if w := record(s, r); w.Code != 200 {
			t.Errorf("status %d", w.Code)
		}
		for _, m := range s.Messages("incidents") {
			_ = m.Plain()
		}
	})
}
