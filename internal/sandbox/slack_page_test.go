package sandbox_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"shodo/internal/sandbox"
)

// visitor is a browser without script.
type visitor struct {
	t    *testing.T
	base string
}

func (v visitor) get(path string) (int, http.Header, string) {
	v.t.Helper()
	response, err := http.Get(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, response.Header, v.read(response)
}

func (v visitor) read(response *http.Response) string {
	v.t.Helper()
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(data)
}

// post sends a form and gives the status, and the page that the browser goes to.
func (v visitor) post(path string, form url.Values, header http.Header) (int, string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), "POST", v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header = header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, v.read(response)
}

// posted is a sandbox with one question in #incidents, whose presses go to the engine.
func posted(t *testing.T, e *engine) (s *sandbox.Server, client *slack.Client, v visitor, ts string) {
	t.Helper()
	s = newServer(t, sandbox.Options{InteractionsURL: e.url, CommandsURL: e.url, SigningSecret: signingSecret})
	client = slack.New("xoxb-1", slack.OptionAPIURL(s.SlackURL()))
	_, ts, err := client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionBlocks(question()...))
	if err != nil {
		t.Fatal(err)
	}
	return s, client, visitor{t, strings.TrimSuffix(s.SlackPageURL(), "/")}, ts
}

// A press on the page arrives as a signed request, and what the engine answers is seen by who pressed.
func TestPageFromPressToAnswer(t *testing.T) {
	var client *slack.Client
	e := newEngine(t, nil)
	s, client, v, ts := posted(t, e)
	e.answer = func(w http.ResponseWriter, form url.Values) {
		if form.Get("command") != "" {
			_, _ = io.WriteString(w, "all is calm")
			return
		}
		i, err := slack.InteractionCallbackParse(&http.Request{Method: "POST", Form: form})
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := client.PostEphemeralContext(t.Context(), i.Channel.ID, i.User.ID, slack.MsgOptionText("you may *not*", false)); err != nil {
			t.Error(err)
		}
	}
	_, _, page := v.get("/?as=U0BEN000001")
	for _, part := range []string{"<b>Ben Carter</b>", "<b>down</b>", ">Take over</button>", `name="action_id" value="shodo:take_over"`, `value="2"> <span>二つ目`, `lang="ja"`, "Presses go to " + e.url} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not show %q", part)
		}
	}
	press := url.Values{"as": {"U0BEN000001"}, "channel": {"C0INCIDENTS"}, "ts": {ts}, "action_id": {"shodo:take_over"}}
	status, page := v.post("/ui/press", press, nil)
	if status != 200 || !strings.Contains(page, "Only visible to you") || !strings.Contains(page, "you may <b>not</b>") {
		t.Errorf("after the press: %d, %s", status, page)
	}
	if _, _, page := v.get("/ui/channels/C0INCIDENTS?as=U0AIKO00001"); strings.Contains(page, "you may") {
		t.Error("somebody else sees it, too")
	}
	press["action_id"], press["ticked"] = []string{"shodo:tick"}, []string{"1", "2"}
	if status, body := v.post("/ui/press", press, http.Header{"Accept": {"application/json"}}); status != 200 || !strings.Contains(body, `"ok":true`) {
		t.Errorf("ticking: %d %s", status, body)
	}
	got := e.interactions(t)
	if len(got) != 2 || got[0].User.ID != "U0BEN000001" || len(got[1].ActionCallback.BlockActions[0].SelectedOptions) != 2 {
		t.Fatalf("arrived: %+v", got)
	}
	status, page = v.post("/ui/command", url.Values{"as": {"U0BEN000001"}, "channel": {"C0INCIDENTS"}, "text": {"/shodo status"}}, nil)
	if status != 200 || !strings.Contains(page, "all is calm") {
		t.Errorf("after the command: %d, %s", status, page)
	}
	same(t, "messages for everybody", len(s.Slack.Messages("incidents")), 1)
}

func TestPageOfThreadsFilesAndEdits(t *testing.T) {
	_, client, v, ts := posted(t, newEngine(t, nil))
	ctx := t.Context()
	if _, _, _, err := client.UpdateMessageContext(ctx, "C0INCIDENTS", ts, slack.MsgOptionText("taken by <@U0BEN000001>", false), slack.MsgOptionBlocks(section("taken by <@U0BEN000001>"))); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"journal.txt": "line 1\n<script>", "chart.png": "\x89PNG\r\n\x1a\n123", "evil.svg": `<svg onload="alert(1)">`} {
		if _, err := client.UploadFileContext(ctx, slack.UploadFileParameters{Filename: name, Title: name, Content: content, FileSize: len(content), Channel: "C0INCIDENTS", ThreadTimestamp: ts}); err != nil {
			t.Fatal(err)
		}
	}
	_, header, page := v.get("/ui/channels/C0INCIDENTS")
	for _, part := range []string{`taken by <span class="mention">@Ben Carter</span>`, "(edited)", "3 replies", "line 1\n&lt;script&gt;", `alt="chart.png"`, "&lt;svg onload="} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not show %q", part)
		}
	}
	if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	_, rest, _ := strings.Cut(page, `<img src="`)
	link, _, _ := strings.Cut(rest, `"`)
	if status, header, body := v.get(link); status != 200 || header.Get("Content-Type") != "image/png" || !strings.HasPrefix(body, "\x89PNG") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the picture: %d %v", status, header)
	}
	if strings.Contains(page, "<script>") {
		t.Error("a file's content became markup")
	}
	for _, path := range []string{"/ui/files/FNONE", "/ui/channels/C0NOWHERE", "/ui/page.html", "/ui/../server.go"} {
		if status, _, _ := v.get(path); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	for _, path := range []string{"/ui/page.css", "/ui/page.js"} {
		if status, _, body := v.get(path); status != 200 || len(body) < 500 {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestPageRefusesOthersAndMistakes(t *testing.T) {
	_, _, v, ts := posted(t, newEngine(t, nil))
	press := url.Values{"as": {"U0BEN000001"}, "channel": {"C0INCIDENTS"}, "ts": {ts}, "action_id": {"shodo:take_over"}}
	if status, _ := v.post("/ui/press", press, http.Header{"Sec-Fetch-Site": {"cross-site"}}); status != 403 {
		t.Errorf("a button on another site: %d", status)
	}
	press.Set("action_id", "shodo:none")
	if status, body := v.post("/ui/press", press, http.Header{"Accept": {"application/json"}}); status != 404 || !strings.Contains(body, "nothing like that") {
		t.Errorf("another button: %d %s", status, body)
	}
}

// The page hears of every change.
func TestPageIsTold(t *testing.T) {
	_, client, v, _ := posted(t, newEngine(t, nil))
	response, err := http.Get(v.base + "/ui/events")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for n := range 3 {
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "data:") {
			t.Fatalf("event %d: %q, %v", n, line, err)
		}
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.PostMessageContext(t.Context(), "incidents", slack.MsgOptionText("x", false)); err != nil {
			t.Fatal(err)
		}
	}
}

// Everybody of the workspace can be chosen, and every channel that there is.
func TestPageNamesPeopleAndChannels(t *testing.T) {
	s, _, v, _ := posted(t, newEngine(t, nil))
	s.Slack.DeleteChannel("managers")
	_, _, page := v.get("/")
	var shown []string
	for _, name := range []string{"Aiko Tanaka", "Ben Carter", "Chie Mori", "# incidents", "# managers"} {
		if strings.Contains(page, name) {
			shown = append(shown, name)
		}
	}
	if !slices.Equal(shown, []string{"Aiko Tanaka", "Ben Carter", "Chie Mori", "# incidents"}) {
		t.Errorf("shown: %q", shown)
	}
}
