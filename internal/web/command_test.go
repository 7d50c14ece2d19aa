package web_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/web"
)

const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5"

// slash sends a slash command as Slack does, and gives what the person reads.
func (b *board) slash(t *testing.T, user, words string) string {
	t.Helper()
	status, said := b.send(t, url.Values{"command": {"/shodo"}, "text": {words}, "user_id": {user}, "trigger_id": {user + words}}.Encode(), signingSecret, b.now)
	if status != 200 {
		t.Fatalf("%q is answered %d", words, status)
	}
	return said
}

// send posts a signed body and gives the status, and the text that the answer shows to the person alone.
func (b *board) send(t *testing.T, body, secret string, at time.Time) (int, string) {
	t.Helper()
	rec := b.post(t, "/webhooks/slack/commands", body, secret, at)
	if rec.Body.Len() == 0 {
		return rec.Code, ""
	}
	var answer struct {
		Type string `json:"response_type"`
		Text string
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.Type != "ephemeral" || answer.Text == "" {
		t.Fatalf("answered %v: %s", err, rec.Body)
	}
	return rec.Code, answer.Text
}

const operator, reader = "U0OPERATOR", "U0READER"

func TestMaintenanceBySlashCommand(t *testing.T) {
	b := newBoard(t)
	if got, want := b.slash(t, reader, "maintenance list"), "No maintenance is running or planned."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	said := b.slash(t, operator, "maintenance globex 2h moving &lt;!here&gt; houses")
	id := regexp.MustCompile("M[A-Z2-7]{12}").FindString(said)
	if want := "Maintenance of *Globex*: `" + id + "`, 11-30 10:30 EST to 11-30 12:30 EST: moving &lt;!here&gt; houses\nEnd it before: `/shodo maintenance end " + id + "`"; said != want {
		t.Errorf("got  %q\nwant %q", said, want)
	}
	if again := b.slash(t, operator, "maintenance globex 2h moving &lt;!here&gt; houses"); again != said {
		t.Errorf("the same command of Slack again: %q", again)
	}
	japanese := b.slash(t, operator, "maintenance acme 2026-12-01T01:00 2026-12-01T04:00 リリース　42")
	if !strings.Contains(japanese, "*アクメ &lt;株&gt;* のメンテナンスを登録しました") || !strings.Contains(japanese, "12-01 01:00 JST から 12-01 04:00 JST まで: リリース 42") {
		t.Errorf("in Japanese: %q", japanese)
	}
	kept, err := b.store.Maintenances(t.Context(), "", time.Time{})
	if err != nil || len(kept) != 2 || kept[0].AddedBy != "slack:U0OPERATOR" || kept[0].Reason != "moving <!here> houses" || kept[1].Reason != "リリース 42" {
		t.Fatalf("kept: %v %+v", err, kept)
	}
	list := b.slash(t, reader, "maintenance list")
	for _, part := range []string{"`" + id + "` *globex* running, 11-30 10:30 EST to 11-30 12:30 EST: moving &lt;!here&gt; houses (slack:U0OPERATOR)", "*acme* planned, 12-01 01:00 JST"} {
		if !strings.Contains(list, part) {
			t.Errorf("the list has no %q:\n%s", part, list)
		}
	}
	if list := b.slash(t, reader, "maintenance list acme"); strings.Contains(list, "globex") || !strings.Contains(list, "予定") {
		t.Errorf("of one customer: %s", list)
	}
	b.now = b.now.Add(time.Hour)
	if got, want := b.slash(t, operator, "maintenance end "+strings.ToLower(id)), "Maintenance `"+id+"` of globex ended 11-30 11:30 EST by slack:U0OPERATOR: moving &lt;!here&gt; houses. What had waited for its end is decided again."; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := b.slash(t, operator, "maintenance end MNOTHING"); !strings.HasPrefix(got, `there is no maintenance "MNOTHING"`) {
		t.Errorf("end of nothing: %q", got)
	}
}

func TestOnlyOperatorsChangeSomething(t *testing.T) {
	b := newBoard(t)
	for _, words := range []string{"maintenance globex 2h x", "maintenance end M1"} {
		said := b.slash(t, reader, words)
		for _, part := range []string{"not change anything", "`U0READER`", "`slack.operators`"} {
			if !strings.Contains(said, part) {
				t.Errorf("%q: no %q in %q", words, part, said)
			}
		}
	}
	if said := b.slash(t, "", "maintenance acme 2h x"); !strings.Contains(said, "権限がありません") {
		t.Errorf("without a user: %q", said)
	}
	if kept, err := b.store.Maintenances(t.Context(), "", time.Time{}); err != nil || len(kept) > 0 {
		t.Errorf("kept: %v %v", err, kept)
	}
}

func TestQuietBySlashCommand(t *testing.T) {
	b := newBoard(t)
	if got, want := b.slash(t, reader, "quiet globex"), "*Globex* has no quiet hours and no maintenance: people are told at once, and scenarios may change things. (catalog v1)"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	want := `*アクメ &lt;株&gt;*、12-01 00:30 JST、重大度 critical のアラート (カタログ v1)
• 顧客へ連絡 *終わってから*: 静穏時間帯「nights &lt;!here&gt; ˋxˋ」、12-01 07:00 JST まで
• 担当者の呼び出し *終わってから*: 静穏時間帯「nights &lt;!here&gt; ˋxˋ」、12-01 07:00 JST まで
• 変更 *してよい*`
	if diff := cmp.Diff(want, b.slash(t, reader, "quiet acme CRITICAL")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.fails = errors.New("disk full")
	if got := b.slash(t, reader, "quiet globex"); !strings.HasPrefix(got, "the engine's store does not answer\n") {
		t.Errorf("without a store: %q", got)
	}
}

func TestWhatACommandSaysAboutMistakes(t *testing.T) {
	b := newBoard(t)
	for words, want := range map[string]string{
		"":                             "`/shodo maintenance list [CUSTOMER]`",
		"help":                         "`/shodo quiet CUSTOMER [SEVERITY]`",
		"quite acme":                   "I do not know \"quite\"\n`help` shows",
		"quiet":                        "which customer?\n`quiet CUSTOMER",
		"quiet acne":                   "did you mean \"acme\"?",
		"quiet acme loud":              "\"loud\" is no severity\none of critical, error, warning, info",
		"maintenance":                  "`maintenance CUSTOMER 2h REASON`",
		"maintenance globex":           "I do not understand this",
		"maintenance globex 2h":        "the reason is missing",
		"maintenance globex a b":       "the reason is missing",
		"maintenance globex a b c":     "from: \"a\" is not a time\nwrite it as",
		"maintenance globex 99d c":     "longer than 31 days",
		"maintenance end":              "`maintenance end ID`",
		"maintenance list acne":        "there is no customer \"acne\"",
		"maintenance list a b":         "I do not understand this",
		"maintenance &lt;!channel&gt;": "I do not understand this",
		"&lt;!channel&gt;":             "I do not know \"&lt;!channel&gt;\"",
		strings.Repeat("é", 3000):      "I do not know",
	} {
		said := b.slash(t, operator, words)
		if !strings.Contains(said, want) || strings.Contains(said, "<") || utf8.RuneCountInString(said) > 1500 {
			t.Errorf("%.40q: %q, want %q", words, said, want)
		}
	}
}

// A cut leaves no half of what is escaped.
func TestALongMistakeIsCutBeforeItIsEscaped(t *testing.T) {
	b := newBoard(t)
	for n := range 8 {
		said := b.slash(t, operator, strings.Repeat("x", 970+n)+"&amp;&amp;&amp;&amp;&amp;&amp;&amp;&amp;&amp;")
		if rest := strings.ReplaceAll(said, "&amp;", ""); strings.Contains(rest, "&") {
			t.Errorf("%d: %q", n, said[len(said)-80:])
		}
	}
}

func TestRequestsThatAreNotOfSlack(t *testing.T) {
	b := newBoard(t)
	body := url.Values{"text": {"maintenance acme 2h x"}, "user_id": {operator}}.Encode()
	for _, c := range []struct {
		name, body, secret string
		at                 time.Time
		status             int
	}{
		{"signed with another secret", body, "other", b.now, 401},
		{"six minutes old", body, signingSecret, b.now.Add(-6 * time.Minute), 401},
		{"from the future", body, signingSecret, b.now.Add(6 * time.Minute), 401},
		{"too large", "text=" + strings.Repeat("x", 64<<10), signingSecret, b.now, 413},
		{"signed, but no form", "text=%zz", signingSecret, b.now, 400},
		{"a look at the certificate", "ssl_check=1&token=x", signingSecret, b.now, 200},
	} {
		if status, said := b.send(t, c.body, c.secret, c.at); status != c.status || said != "" {
			t.Errorf("%s: %d %q, want %d and nothing", c.name, status, said, c.status)
		}
	}
	if kept, err := b.store.Maintenances(t.Context(), "", time.Time{}); err != nil || len(kept) > 0 {
		t.Errorf("kept: %v %v", err, kept)
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`shodo_slack_commands_total{answer="unsigned"} 3`, `shodo_slack_commands_total{answer="too_large"} 1`} {
		if !strings.Contains(rec.Body.String(), line) {
			t.Errorf("metrics have no %q", line)
		}
	}
}

func TestParsedCommands(t *testing.T) {
	for words, want := range map[string]map[string]string{
		"maintenance acme 90m a  b":                              {"for": "90m", "reason": "a b"},
		"MAINTENANCE acme 3d x":                                  {"for": "3d", "reason": "x"},
		"maintenance acme 2026-12-01T01:00 2026-12-01T02:00 x y": {"from": "2026-12-01T01:00", "to": "2026-12-01T02:00", "reason": "x y"},
		"quiet acme warning":                                     {"severity": "warning"},
	} {
		_, customer, _, got, said := web.ParseCommand(words)
		for name, value := range got {
			if value == "" {
				delete(got, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || customer != "acme" || said != "" {
			t.Errorf("%q: customer %q, said %q (-want +got):\n%s", words, customer, said, diff)
		}
	}
}

func FuzzCommand(f *testing.F) {
	for _, words := range []string{"", "help", "quiet acme critical", "maintenance acme 2h x", "maintenance acme 2026-12-01T01:00 2026-12-01T02:00 x",
		"status", "show Q1", "pause all x", "pause --cancel acme", "pause acme --cancel --cancel", "resume all", "maintenance list acme", "maintenance end M1", "maintenance &lt;@U1&gt; 2h &amp;amp;", "maintenance acme 9223372036854775807d x"} {
		f.Add(words)
	}
	f.Fuzz(func(t *testing.T, words string) {
		verb, _, id, window, said := web.ParseCommand(words)
		if (verb == "") != (said != "") || strings.ContainsAny(said, "<>") {
			t.Errorf("%q: verb %q, said %q", words, verb, said)
		}
		if verb == "maintenance" && (window["reason"] == "" || (window["for"] == "") == (window["to"] == "")) {
			t.Errorf("%q gives a window %v", words, window)
		}
		if verb == "maintenance end" && id == "" {
			t.Errorf("%q ends nothing", words)
		}
		if (verb == "pause" || verb == "resume") != (window["target"] != "") || verb == "show" && id == "" {
			t.Errorf("%q is understood as %q of %q and %q", words, verb, window["target"], id)
		}
	})
}
