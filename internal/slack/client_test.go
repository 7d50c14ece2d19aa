package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/handover"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

const token = "xoxb-this-is-the-secret-token"

func message(text string) handover.Message {
	return handover.Message{Text: text, Blocks: []handover.Block{{Type: "section", Text: &handover.Text{Type: "mrkdwn", Text: text, Verbatim: true}}}}
}

// request is one call that a fake Slack received.
type request struct {
	method string
	form   url.Values
	at     time.Time
}

// fake is a Slack without a network: it keeps what it received, and answers by function.
type fake struct {
	mu       sync.Mutex
	requests []request
	answer   func(r request, n int) (status int, header http.Header, body string)
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, _ := url.ParseQuery(string(body))
	f.mu.Lock()
	req := request{strings.TrimPrefix(r.URL.Path, "/api/"), form, time.Now()}
	f.requests = append(f.requests, req)
	n := len(f.requests)
	f.mu.Unlock()
	status, header, text := f.answer(req, n)
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: header, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func (f *fake) client(log *slog.Logger) *slack.Client {
	return slack.New(slack.Options{APIURL: "https://slack.test/api", Token: secret.New(token), HTTPClient: &http.Client{Transport: f}, Log: log})
}

// well answers everything with success.
func well(r request, n int) (int, http.Header, string) {
	switch r.method {
	case "files.getUploadURLExternal":
		return 200, nil, fmt.Sprintf(`{"ok":true,"upload_url":"https://slack.test/upload/secret-place-%d","file_id":"F%d"}`, n, n)
	case "files.completeUploadExternal":
		return 200, nil, `{"ok":true,"files":[]}`
	case "auth.test":
		return 200, nil, `{"ok":true,"team":"Acme","user":"shodo","url":"https://acme.slack.com/"}`
	}
	return 200, nil, fmt.Sprintf(`{"ok":true,"channel":"C1","ts":"1.%06d"}`, n)
}

func TestPostSendsTheMessageThenItsDetails(t *testing.T) {
	f := &fake{answer: well}
	m := message("main")
	m.Thread = []handover.Message{message("details")}
	m.Files = []handover.File{{Name: "a.txt", Title: "A", Content: "aaa"}, {Name: "empty.txt", Title: "E"}, {Name: "b.txt", Title: "B", Content: "bb"}}
	posted, err := f.client(nil).Post(t.Context(), "#oncall", m, "Q1/1/told/1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slack.Posted{Channel: "C1", TS: "1.000001"}, posted); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
	var got []string
	for _, r := range f.requests {
		got = append(got, strings.Join([]string{r.method, r.form.Get("channel") + r.form.Get("channel_id"), r.form.Get("thread_ts"), r.form.Get("text")}, " "))
	}
	want := []string{
		"chat.postMessage #oncall  main", "chat.postMessage C1 1.000001 details", "files.getUploadURLExternal   ", "/upload/secret-place-3   ",
		"files.getUploadURLExternal   ", "/upload/secret-place-5   ", "files.completeUploadExternal C1 1.000001 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	first := f.requests[0].form
	if got := first.Get("metadata"); got != `{"event_type":"shodo_message","event_payload":{"key":"Q1/1/told/1"}}` {
		t.Errorf("metadata = %s", got)
	}
	var blocks []handover.Block
	if err := json.Unmarshal([]byte(first.Get("blocks")), &blocks); err != nil || cmp.Diff(m.Blocks, blocks) != "" {
		t.Errorf("blocks = %s: %v", first.Get("blocks"), err)
	}
	if first.Get("unfurl_links") != "false" || first.Get("unfurl_media") != "false" {
		t.Error("links of the message would be unfurled")
	}
	if got := f.requests[6].form.Get("files"); got != `[{"id":"F3","title":"A"},{"id":"F5","title":"B"}]` {
		t.Errorf("files = %s", got)
	}
}

func TestUpdateAndReply(t *testing.T) {
	f := &fake{answer: well}
	c := f.client(nil)
	posted := slack.Posted{Channel: "C1", TS: "1.5"}
	if err := c.Update(t.Context(), posted, message("new")); err != nil {
		t.Fatal(err)
	}
	reply, err := c.Reply(t.Context(), posted, message("taken over"))
	if err != nil || reply.TS == "" {
		t.Fatalf("reply = %+v, %v", reply, err)
	}
	if r := f.requests[0]; r.method != "chat.update" || r.form.Get("ts") != "1.5" || r.form.Get("channel") != "C1" || r.form.Get("text") != "new" {
		t.Errorf("update sent %+v", r)
	}
	if r := f.requests[1]; r.method != "chat.postMessage" || r.form.Get("thread_ts") != "1.5" || r.form.Get("text") != "taken over" {
		t.Errorf("reply sent %+v", r)
	}
}

func TestTestTellsWhoItIs(t *testing.T) {
	who, err := (&fake{answer: well}).client(nil).Test(t.Context())
	if err != nil || who != (slack.Identity{Team: "Acme", User: "shodo", URL: "https://acme.slack.com/"}) {
		t.Errorf("who = %+v, %v", who, err)
	}
}

func TestErrorsHaveAKind(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
		says   string
	}{
		{200, `{"ok":false,"error":"channel_not_found"}`, slack.ErrChannel, "invite the bot"},
		{200, `{"ok":false,"error":"not_in_channel"}`, slack.ErrChannel, "not_in_channel"},
		{200, `{"ok":false,"error":"is_archived"}`, slack.ErrChannel, ""},
		{200, `{"ok":false,"error":"invalid_auth"}`, slack.ErrAuth, "slack.bot_token"},
		{200, `{"ok":false,"error":"missing_scope","needed":"chat:write","provided":"x"}`, slack.ErrAuth, "scope chat:write"},
		{200, `{"ok":false,"error":"is_inactive"}`, slack.ErrChannel, ""},
		{200, `{"ok":false,"error":"token_revoked"}`, slack.ErrAuth, ""},
		{200, `{"ok":false,"error":"user_not_in_channel"}`, slack.ErrUser, ""},
		{200, `{"ok":false,"error":"plan_upgrade_required"}`, slack.ErrRefused, "slack_users"},
		{200, `{"ok":false,"error":"message_not_found"}`, slack.ErrGone, ""},
		{200, `{"ok":false,"error":"msg_too_long"}`, slack.ErrRefused, ""},
		{200, `{"ok":false,"error":"a_code_of_tomorrow"}`, slack.ErrRefused, "a_code_of_tomorrow"},
		{200, `{"ok":false,"error":"internal_error"}`, slack.ErrTransient, ""},
		{200, `<html>maintenance</html>`, slack.ErrTransient, "not understood"},
		{200, `{"ok":true}`, slack.ErrTransient, "not understood"},
		{200, ``, slack.ErrTransient, ""},
		{302, ``, slack.ErrRefused, "http 302"},
		{401, ``, slack.ErrAuth, "http 401"},
		{404, ``, slack.ErrRefused, "slack.api_url"},
		{500, `oops`, slack.ErrTransient, "http 500"},
		{503, ``, slack.ErrTransient, ""},
	} {
		f := &fake{answer: func(request, int) (int, http.Header, string) { return c.status, nil, c.body }}
		posted, err := f.client(nil).Post(t.Context(), "#oncall", handover.Message{Text: "hello"}, "")
		var e *slack.Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || !strings.Contains(err.Error(), c.says) || posted.TS != "" {
			t.Errorf("%d %s: posted %+v, error %v; want %q saying %q", c.status, c.body, posted, err, c.want, c.says)
		}
		if e != nil && e.Method != "chat.postMessage" {
			t.Errorf("method = %q", e.Method)
		}
	}
}

func TestRefusedBlocksBecomeText(t *testing.T) {
	f := &fake{answer: func(r request, n int) (int, http.Header, string) {
		if r.form.Get("blocks") != "" && r.form.Get("blocks") != "[]" {
			return 200, nil, `{"ok":false,"error":"msg_blocks_too_long"}`
		}
		return well(r, n)
	}}
	var log bytes.Buffer
	c := f.client(slog.New(slog.NewTextHandler(&log, nil)))
	posted, err := c.Post(t.Context(), "#oncall", message("look at this"), "")
	if err != nil || !posted.Plain || posted.TS == "" {
		t.Fatalf("posted = %+v, %v; want the text alone", posted, err)
	}
	if !strings.Contains(log.String(), "msg_blocks_too_long") {
		t.Errorf("nothing is logged about it: %s", log.String())
	}
	if err := c.Update(t.Context(), posted, message("look at that")); err != nil {
		t.Fatal(err)
	}
	if last := f.requests[len(f.requests)-1].form; last.Get("blocks") != "[]" || last.Get("text") != "look at that" {
		t.Errorf("the update keeps old blocks: %v", last)
	}
}

// Who calls again after an error would post twice: what fails after the message is no error.
func TestMissingDetailsAreNoError(t *testing.T) {
	f := &fake{answer: func(r request, n int) (int, http.Header, string) {
		if strings.HasPrefix(r.method, "files.") {
			return 200, nil, `{"ok":false,"error":"missing_scope","needed":"files:write"}`
		}
		if r.form.Get("thread_ts") != "" {
			return 500, nil, ""
		}
		return well(r, n)
	}}
	m := message("main")
	m.Thread = []handover.Message{message("more")}
	m.Files = []handover.File{{Name: "a.txt", Title: "A", Content: "a"}}
	posted, err := f.client(nil).Post(t.Context(), "#oncall", m, "")
	if err != nil || posted.TS == "" {
		t.Fatalf("posted = %+v, %v", posted, err)
	}
	if missing := strings.Join(posted.Missing, "\n"); len(posted.Missing) != 2 || !strings.Contains(missing, "reply 1: ") || !strings.Contains(missing, "file a.txt: ") || !strings.Contains(missing, "files:write") {
		t.Errorf("missing = %q", posted.Missing)
	}
}

func TestNoSecretIsTold(t *testing.T) {
	var log bytes.Buffer
	f := &fake{}
	f.answer = func(r request, n int) (int, http.Header, string) {
		if strings.HasPrefix(r.method, "/upload/") {
			return 307, http.Header{"Location": {"https://elsewhere.test/secret-place"}}, ""
		}
		return well(r, n)
	}
	m := message("main")
	m.Files = []handover.File{{Name: "a.txt", Title: "A", Content: "a"}}
	posted, err := f.client(slog.New(slog.NewTextHandler(&log, nil))).Post(t.Context(), "#oncall", m, "")
	said := fmt.Sprint(posted, err, log.String())
	if len(posted.Missing) == 0 || strings.Contains(said, "secret") {
		t.Errorf("it says %s", said)
	}
	for _, r := range f.requests {
		if strings.Contains(r.method, "elsewhere") {
			t.Error("a redirect was followed")
		}
	}
	dead := slack.New(slack.Options{APIURL: "http://127.0.0.1:1/api/", Token: secret.New(token)})
	if _, err := dead.Post(t.Context(), "#oncall", message("x"), ""); !errors.Is(err, slack.ErrTransient) || strings.Contains(err.Error(), token) {
		t.Errorf("error = %v", err)
	}
}

func TestHangingAndEndlessAnswers(t *testing.T) {
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/auth.test" {
			<-done
			return
		}
		chunk := bytes.Repeat([]byte(" "), 64<<10)
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	defer close(done)
	c := slack.New(slack.Options{APIURL: server.URL + "/api/", Token: secret.New(token), Timeout: 200 * time.Millisecond})
	if _, err := c.Test(t.Context()); !errors.Is(err, slack.ErrTransient) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error of a server that hangs = %v", err)
	}
	c = slack.New(slack.Options{APIURL: server.URL + "/api/", Token: secret.New(token), Timeout: time.Minute})
	if _, err := c.Post(t.Context(), "#oncall", handover.Message{Text: "x"}, ""); !errors.Is(err, slack.ErrTransient) {
		t.Errorf("error of an answer without end = %v", err)
	}
}

// Who must not post twice has to know when a call may have done its work, although it failed.
func TestWhatMayHaveBeenTaken(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	var giveUp context.CancelFunc
	for name, c := range map[string]struct {
		answer http.HandlerFunc // nil: nobody listens
		want   bool
	}{
		"nobody listens":       {nil, false},
		"a proxy is broken":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, false},
		"Slack says no":        {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ok":false,"error":"internal_error"}`) }, false},
		"the connection ends":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"the answer is broken": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"ok":tr`) }, true},
		"no answer":            {func(_ http.ResponseWriter, r *http.Request) { giveUp(); <-r.Context().Done() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			address := gone.URL
			if c.answer != nil {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					_, _ = io.Copy(io.Discard, r.Body)
					c.answer(w, r)
				}))
				defer server.Close()
				address = server.URL
			}
			client := slack.New(slack.Options{APIURL: address, Token: secret.New(token)})
			var ctx context.Context
			ctx, giveUp = context.WithCancel(t.Context())
			defer giveUp()
			_, err := client.Post(ctx, "#ops", message("hello"), "k")
			if !errors.Is(err, slack.ErrTransient) || errors.Is(err, slack.ErrUnanswered) != c.want {
				t.Errorf("may have been taken: %v, want %v: %v", errors.Is(err, slack.ErrUnanswered), c.want, err)
			}
		})
	}
}

func TestPaceOfOneChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: well}
		c := f.client(nil)
		begin := time.Now()
		for range 7 {
			if _, err := c.Post(t.Context(), "#oncall", message("x"), ""); err != nil {
				t.Fatal(err)
			}
		}
		var got []float64
		for _, r := range f.requests {
			got = append(got, r.at.Sub(begin).Seconds())
		}
		if diff := cmp.Diff([]float64{0, 0, 0, 0, 1, 2, 3}, got); diff != "" {
			t.Errorf("seconds of the posts (-want +got):\n%s", diff)
		}
		// The name and the id are one channel; another channel waits for nobody.
		before := time.Now()
		if _, err := c.Post(t.Context(), "C1", message("x"), ""); err != nil || time.Since(before) != time.Second {
			t.Errorf("by id: waited %v, %v", time.Since(before), err)
		}
		f.answer = func(r request, n int) (int, http.Header, string) {
			return 200, nil, `{"ok":true,"channel":"C2","ts":"1.1"}`
		}
		before = time.Now()
		if _, err := c.Post(t.Context(), "#other", message("x"), ""); err != nil || time.Since(before) != 0 {
			t.Errorf("another channel waited %v, %v", time.Since(before), err)
		}
		// Who has no time for its turn does not begin to wait.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		before = time.Now()
		if _, err := c.Post(ctx, "#oncall", message("x"), ""); !errors.Is(err, slack.ErrTransient) || time.Since(before) != 0 {
			t.Errorf("without time: waited %v, %v", time.Since(before), err)
		}
	})
}

func TestRateLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{answer: func(r request, n int) (int, http.Header, string) {
			if n <= 2 {
				return 429, http.Header{"Retry-After": {"30"}}, ""
			}
			return well(r, n)
		}}
		c := f.client(nil)
		begin := time.Now()
		posted, err := c.Post(t.Context(), "#oncall", message("x"), "")
		if err != nil || posted.TS == "" || time.Since(begin) != time.Minute || len(f.requests) != 3 {
			t.Errorf("posted %+v, %v after %v and %d requests; want after both waits", posted, err, time.Since(begin), len(f.requests))
		}
	})
	synctest.Test(t, func(t *testing.T) { // no time for the wait: say so at once, and keep others from calling
		f := &fake{answer: func(request, int) (int, http.Header, string) { return 429, http.Header{"Retry-After": {"30"}}, "" }}
		c := f.client(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := c.Post(ctx, "#oncall", message("x"), "")
		var e *slack.Error
		if !errors.Is(err, slack.ErrTransient) || !errors.As(err, &e) || e.RetryAfter != 30*time.Second || time.Since(begin) != 0 {
			t.Errorf("error = %v after %v", err, time.Since(begin))
		}
		if _, err := c.Post(ctx, "#other", message("x"), ""); !errors.Is(err, slack.ErrTransient) || len(f.requests) != 1 {
			t.Errorf("a second post within the wait: %v, %d requests", err, len(f.requests))
		}
	})
	synctest.Test(t, func(t *testing.T) { // 429 without a header
		f := &fake{answer: func(r request, n int) (int, http.Header, string) {
			if n == 1 {
				return 429, nil, ""
			}
			return well(r, n)
		}}
		begin := time.Now()
		if _, err := f.client(nil).Post(t.Context(), "#oncall", message("x"), ""); err != nil || time.Since(begin) != time.Second {
			t.Errorf("error = %v after %v", err, time.Since(begin))
		}
	})
}

// Whatever Slack answers, there is a message or an error with a kind, and no panic.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"ok":true,"channel":"C1","ts":"1.2"}`, `{"ok":false,"error":"invalid_blocks","errors":["x"]}`, `{"ok":false,"errors":[{"a":1}]}`, `[]`, `null`, `{"ok":`, `{"ok":true,"message":{"blocks":[{"type":"rich_text"}]}}`, `{"ok":true,"ts":1}`} {
		f.Add(200, "", body)
	}
	f.Add(429, "-5", "")
	f.Add(429, "many", "")
	f.Fuzz(func(t *testing.T, status int, wait, body string) {
		if status < 100 || status > 999 {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		server := &fake{answer: func(_ request, n int) (int, http.Header, string) {
			h := http.Header{}
			if wait != "" {
				h.Set("Retry-After", wait)
			}
			return status, h, body
		}}
		posted, err := server.client(nil).Post(ctx, "#oncall", message("x"), "k")
		var e *slack.Error
		if (err == nil) != (posted.TS != "") || (err != nil && !errors.As(err, &e)) {
			t.Errorf("posted %+v, error %v", posted, err)
		}
	})
}
