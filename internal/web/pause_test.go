package web_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

var pauseID = regexp.MustCompile(`P[A-Z2-7]{12}`)

func TestPauseBySlashCommand(t *testing.T) {
	b := newBoard(t)
	said := b.slash(t, operator, "pause all &lt;!here&gt; the migration")
	id := pauseID.FindString(said)
	want := "⏸ Paused: *everything*. Nothing is changed there any more, and new incidents are handed over at once.\nSteps that run are let finish.\nTo go on: `/shodo resume " + id + "`"
	if said != want {
		t.Errorf("got  %q\nwant %q", said, want)
	}
	if again := b.slash(t, operator, "pause all"); !strings.HasPrefix(again, "⏸ It is paused already: *everything*, by Sato (slack:U0OPERATOR).") || !strings.Contains(again, id) {
		t.Errorf("again: %q", again)
	}
	if len(b.desk.stopped) != 0 {
		t.Errorf("steps are stopped: %+v", b.desk.stopped)
	}
	if said := b.slash(t, onCall, "pause customer:acme --cancel 緊急"); !strings.Contains(said, "顧客 *acme*") || !strings.Contains(said, "実行中のステップも中断します") {
		t.Errorf("by the customer's people: %q", said)
	}
	if len(b.desk.stopped) != 1 || b.desk.stopped[0].Reason != "緊急" || b.desk.stopped[0].By != "Sato (slack:U0ONCALL)" {
		t.Errorf("stopped: %+v", b.desk.stopped)
	}
	if said := b.slash(t, operator, "pause disk-usage"); !strings.Contains(said, "scenario *disk-usage*") {
		t.Errorf("a scenario: %q", said)
	}
	status := b.slash(t, reader, "status")
	for _, part := range []string{"⏸ Paused, so that nothing is changed:\n• *everything*, for less than 1 min, by Sato (slack:U0OPERATOR) (`" + id + "`): &lt;!here&gt; the migration",
		"customer *acme*", "scenario *disk-usage*", "No first response is open."} {
		if !strings.Contains(status, part) {
			t.Errorf("status has no %q:\n%s", part, status)
		}
	}
	if said := b.slash(t, operator, "resume "+strings.ToLower(id)); !strings.HasPrefix(said, "▶ Resumed: *everything*.") {
		t.Errorf("by its id: %q", said)
	}
	for words, want := range map[string]string{
		"resume all":        "*everything* is not paused.",
		"resume acme":       "再開しました: 顧客 *acme*",
		"resume disk-usage": "▶ Resumed: scenario *disk-usage*",
	} {
		if said := b.slash(t, operator, words); !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", words, said, want)
		}
	}
	for _, dash := range []string{"–", "—", "-"} { // as telephones write two of them
		if said := b.slash(t, onCall, "pause customer:acme "+dash+"cancel 緊急"); !strings.Contains(said, "実行中のステップも中断します") {
			t.Errorf("with %q: %q", dash, said)
		}
		b.slash(t, onCall, "resume customer:acme")
	}
	if left, err := b.store.PausesInForce(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left: %+v %v", left, err)
	}
}

// Operators may pause everything, the people of a customer the customer, and others nothing.
func TestWhoMayPause(t *testing.T) {
	for _, tc := range []struct{ user, words, want string }{
		{reader, "pause all", "not change anything"},
		{reader, "pause disk-usage", "not change anything"},
		{reader, "resume all", "not change anything"},
		{reader, "pause globex", "You may not decide about incidents of *Globex*"},
		{reader, "resume globex", "You may not decide about incidents of *Globex*"},
		{onCall, "pause all", "not change anything"},
		{onCall, "pause globex", "⏸ Paused: customer *globex*"},
		{operator, "pause http-down", "⏸ Paused: scenario *http-down*"},
	} {
		b := newBoard(t)
		if said := b.slash(t, tc.user, tc.words); !strings.Contains(said, tc.want) {
			t.Errorf("%s by %s: %q, want %q", tc.words, tc.user, said, tc.want)
		}
		if kept, err := b.store.Pauses(t.Context(), time.Time{}); err != nil || (len(kept) > 0) != strings.HasPrefix(tc.want, "⏸") {
			t.Errorf("%s by %s: kept %+v %v", tc.words, tc.user, kept, err)
		}
	}
}

// While PagerDuty or Slack is slow, nobody has to wait for them with the kill switch.
func TestPauseWhileNobodyKnowsWhoItIs(t *testing.T) {
	b := newBoard(t)
	b.desk.slow = true
	if said := b.slash(t, operator, "pause all"); !strings.HasPrefix(said, "⏸ Paused: *everything*") {
		t.Errorf("%q", said)
	}
}

func TestMistakesWithPausesAndIncidents(t *testing.T) {
	b := newBoard(t)
	for words, want := range map[string]string{
		"pause":                                 "what is to pause?\n`pause all`, `pause CUSTOMER` or `pause SCENARIO`",
		"pause --cancel":                        "what is to pause?",
		"resume":                                "what is to resume?",
		"resume acme because":                   "what is to resume?",
		"pause globx":                           "there is no customer or scenario \"globx\"\ndid you mean \"globex\"?",
		"pause &lt;!here&gt;":                   "there is no customer or scenario \"&lt;!here&gt;\"",
		"pause customer:acne":                   "there is no customer \"acne\"\ndid you mean \"acme\"?",
		"resume PNOTHING":                       "there is no customer or scenario \"PNOTHING\"",
		"pause all " + strings.Repeat("x", 201): "longer than 200 characters",
		"show":                                  "which incident?",
		"show A B":                              "which incident?",
		"show QOUT":                             "there is no incident \"QOUT\"",
	} {
		said := b.slash(t, operator, words)
		if !strings.Contains(said, want) || strings.Contains(said, "<!") {
			t.Errorf("%.40q: %q, want %q", words, said, want)
		}
	}
	if said := b.slash(t, operator, "pause scenario:acme"); !strings.Contains(said, "scenario *acme*") { // a customer has the same name
		t.Errorf("a name that both have: %q", said)
	}
	if said := b.slash(t, operator, "pause acme"); !strings.Contains(said, "customer:acme") {
		t.Errorf("a name that both have, alone: %q", said)
	}
	b.desk.refuse = errors.New("disk full at /srv")
	for _, words := range []string{"pause all", "resume all", "status"} {
		if said := b.slash(t, operator, words); !strings.HasPrefix(said, "the engine's store does not answer\n") {
			t.Errorf("%s without a store: %q", words, said)
		}
	}
}

func TestStatusAndShow(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofGlobex)
	b.begin(t, "Q2", incident.Customer{})
	status := b.slash(t, reader, "status")
	for _, part := range []string{"▶ Nothing is paused.", "Open first responses: 2", "• `Q1` *Globex* disk &lt;!channel&gt; full — nobody has it yet, 1 h 30 min", "• `Q2` *-* "} {
		if !strings.Contains(status, part) {
			t.Errorf("status has no %q:\n%s", part, status)
		}
	}
	shown := b.slash(t, reader, "show q1")
	if !strings.Contains(shown, "disk &lt;!channel&gt; full") || strings.Contains(shown, "<!channel>") {
		t.Errorf("shown: %q", shown)
	}
}

// What people read in Japanese is Japanese throughout, and no title writes a line that looks like one of the engine's.
func TestStatusInJapanese(t *testing.T) {
	b := newBoard(t)
	b.known = 1
	b.begin(t, "Q1", ofAcme)
	evil := incident.Record{WorkflowRun: "run-Q3", Customer: ofAcme, Phase: incident.Gather, ReceivedAt: b.now, Incident: incident.Incident{ID: "Q3",
		Title: "disk\n▶ 停止しているものはありません。 \u202efull\u2069 `x` <@U0ONCALL> " + strings.Repeat("あ", 100), CreatedAt: b.now.Add(-5 * time.Second)}}
	if _, err := b.store.Begin(t.Context(), evil); err != nil {
		t.Fatal(err)
	}
	b.slash(t, operator, "pause customer:acme 緊急")
	b.now = b.now.Add(49 * time.Hour)
	status := b.slash(t, reader, "status")
	want := "⏸ 停止中 (何も変更しません):\n• 顧客 *acme*、開始から2日1時間、Sato (slack:U0OPERATOR) (`" + pauseID.FindString(status) + "`): 緊急\n" +
		"対応中の初動: 2 件\n" +
		"• `Q3` *アクメ &lt;株&gt;* disk ▶ 停止しているものはありません。 full ˋxˋ &lt;@U0ONCALL&gt; あああああああああああああああああああああああああああああああああああ… — エンジンが対応中 (情報収集)、2日1時間\n" +
		"• `Q1` *アクメ &lt;株&gt;* disk &lt;!channel&gt; full — まだ誰も引き取っていない、2日2時間"
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if said := b.slash(t, operator, "quiet acne"); said != "顧客 \"acne\" はありません\nもしかして: \"acme\"" {
		t.Errorf("a mistake: %q", said)
	}
	if said := b.slash(t, operator, "resume 東京"); !strings.Contains(said, "次のものがあります: all, acme") {
		t.Errorf("a mistake: %q", said)
	}
}

func TestPausesByTheAPI(t *testing.T) {
	b := newBoard(t)
	ask := func(method, path, body string, header ...string) (int, map[string]any) {
		t.Helper()
		return b.ask(t, method, path, body, header...)
	}
	status, first := ask("POST", "/api/v1/pauses", `{"scope":"customer","name":"acme","cancel":true,"reason":"x"}`)
	want := map[string]any{"id": first["id"], "scope": "customer", "name": "acme", "cancel": true, "reason": "x", "by": "alice", "at": "2026-11-30T15:30:00Z", "in_force": true}
	if diff := cmp.Diff(want, first); status != http.StatusCreated || diff != "" {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
	if status, again := ask("POST", "/api/v1/pauses", `{"scope":"customer","name":"acme"}`); status != http.StatusOK || again["id"] != first["id"] {
		t.Errorf("again: %d %v", status, again)
	}
	for body, part := range map[string]string{
		`{"scope":"all","name":"acme"}`:        "a pause of everything has no name",
		`{"scope":"service","name":"PX"}`:      `scope: "service" is none`,
		`{"scope":"customer","name":"acne"}`:   `there is no customer "acne"`,
		`{"scope":"scenario"}`:                 `there is no scenario ""`,
		`{"scope":"all","reason":"a\u0000b"}`:  "not one line",
		`{"scope":"all","because":"x"}`:        "unknown field",
		``:                                     "the body is empty",
		`{"scope":"all"} {"scope":"customer"}`: "the body is not one JSON object",
	} {
		if status, said := ask("POST", "/api/v1/pauses", body); status != http.StatusBadRequest || !strings.Contains(said["error"].(string), part) {
			t.Errorf("%s: %d %v", body, status, said)
		}
	}
	status, keyed := ask("POST", "/api/v1/pauses", `{"scope":"all"}`, "Idempotency-Key", "k1")
	if status != http.StatusCreated {
		t.Errorf("with a key: %d %v", status, keyed)
	}
	if status, ended := ask("DELETE", "/api/v1/pauses/"+keyed["id"].(string), ""); status != http.StatusOK || ended["in_force"] != false || ended["resumed_by"] != "alice" {
		t.Errorf("ended: %d %v", status, ended)
	}
	if status, said := ask("POST", "/api/v1/pauses", `{"scope":"all"}`, "Idempotency-Key", "k1"); status != http.StatusConflict {
		t.Errorf("what was ended does not begin again: %d %v", status, said)
	}
	if status, said := ask("DELETE", "/api/v1/pauses/PNOTHING", ""); status != http.StatusNotFound {
		t.Errorf("of nothing: %d %v", status, said)
	}
	if status, list := ask("GET", "/api/v1/pauses", ""); status != http.StatusOK || len(list["pauses"].([]any)) != 1 {
		t.Errorf("list: %d %v", status, list)
	}
	if status, list := ask("GET", "/api/v1/pauses?since=2026-11-01T00:00:00Z", ""); status != http.StatusOK || len(list["pauses"].([]any)) != 2 {
		t.Errorf("list since: %d %v", status, list)
	}
	if status, said := ask("GET", "/api/v1/pauses?since=yesterday", ""); status != http.StatusBadRequest {
		t.Errorf("since yesterday: %d %v", status, said)
	}
	if status, _ := ask("PUT", "/api/v1/pauses", "{}"); status != http.StatusMethodNotAllowed {
		t.Errorf("another method: %d", status)
	}
	b.desk.refuse = errors.New("disk full")
	for method, path := range map[string]string{"POST": "/api/v1/pauses", "GET": "/api/v1/pauses", "DELETE": "/api/v1/pauses/" + first["id"].(string)} {
		if status, said := ask(method, path, `{"scope":"all"}`); status != http.StatusServiceUnavailable {
			t.Errorf("%s without a store: %d %v", method, status, said)
		}
	}
}
