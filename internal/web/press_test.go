package web_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/roster"
	"shodo/internal/slack"
	"shodo/internal/web"
)

// pressed is the payload of a press, as Slack sends it.
func pressed(t testing.TB, user string, actions ...map[string]any) []byte {
	t.Helper()
	payload, err := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]any{"id": user, "username": "sato", "name": "sato", "team_id": "T1"},
		"container": map[string]any{"type": "message", "message_ts": "1732.001", "channel_id": "C1"},
		"channel":   map[string]any{"id": "C1", "name": "ops"}, "message": map[string]any{"ts": "1732.001"}, "actions": actions,
	})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// button is a press of the button of a choice.
func button(c incident.Choice, ts string) map[string]any {
	return map[string]any{"type": "button", "action_id": handover.ActionID(c), "block_id": "b", "value": handover.ChoiceValue(c), "action_ts": ts}
}

func takeOver(id incident.ID) incident.Choice {
	return incident.Choice{Kind: incident.TakeOver, Incident: id, Run: 1}
}

// press posts a press as Slack does, and gives the status.
func (b *board) press(t testing.TB, payload []byte) int {
	t.Helper()
	return b.post(t, "/webhooks/slack/interactions", url.Values{"payload": {string(payload)}}.Encode(), signingSecret, b.now).Code
}

func (b *board) post(t testing.TB, path, body, secret string, at time.Time) *httptest.ResponseRecorder {
	t.Helper()
	stamp := strconv.FormatInt(at.Unix(), 10)
	req := httptest.NewRequest("POST", path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Slack-Request-Timestamp", stamp)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":" + body))
	req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, req)
	return rec
}

func TestAPressIsAChoice(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	for _, c := range []incident.Choice{
		takeOver("Q1"),
		{Kind: incident.Grant, Incident: "Q1", Run: 1, Number: 2, Attempt: 2},
		{Kind: incident.NotNow, Incident: "Q1", Run: 1, Number: 1, Attempt: 1},
		{Kind: incident.RunAttempt, Incident: "Q1", Run: 1, Attempt: 2},
		{Kind: incident.NextTier, Incident: "Q1", Run: 1},
		{Kind: incident.Done, Incident: "Q1", Run: 1},
		{Kind: incident.Noise, Incident: "Q1", Run: 1},
	} {
		t.Run(string(c.Kind), func(t *testing.T) {
			if status := b.press(t, pressed(t, onCall, button(c, "1732.9"))); status != http.StatusOK {
				t.Fatalf("answered %d", status)
			}
			got, private := b.desk.taken()
			want := c
			want.By, want.At = incident.Person{ID: "slack:" + onCall, Name: "Sato", PagerDuty: "PSATO"}, b.now
			if diff := cmp.Diff([]incident.Choice{want}, got, cmpopts.IgnoreFields(incident.Choice{}, "ID")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(private) != 0 {
				t.Errorf("the message shows it, and the person is told: %+v", private)
			}
		})
	}
}

// A checklist says what is ticked now; each point that changed is a choice of its own.
func TestTicks(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	box := map[string]any{"type": "checkboxes", "action_id": "shodo:tick:1", "block_id": `shodo:tick:{"incident":"Q1","run":1,"item":1,"last":3}`,
		"action_ts": "1732.9", "selected_options": []any{map[string]any{"value": "2"}, map[string]any{"value": "3"}}}
	if status := b.press(t, pressed(t, onCall, box)); status != http.StatusOK {
		t.Fatalf("answered %d", status)
	}
	got, _ := b.desk.taken()
	ids := map[string]bool{}
	var items []int
	for _, c := range got {
		ids[c.ID] = true
		if c.Kind != incident.Tick || !c.On {
			t.Errorf("%+v", c)
		}
		items = append(items, c.Item)
	}
	if diff := cmp.Diff([]int{2, 3}, items); diff != "" || len(ids) != 2 {
		t.Errorf("ids %v, items (-want +got):\n%s", ids, diff)
	}
}

// The same press that comes again has the same id, and every other press has another one.
func TestADoubleDeliveryIsOneChoice(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	first := pressed(t, onCall, button(takeOver("Q1"), "1732.9"))
	for _, payload := range [][]byte{first, first, pressed(t, onCall, button(takeOver("Q1"), "1733.1")), pressed(t, operator, button(takeOver("Q1"), "1732.9"))} {
		b.press(t, payload)
	}
	got, _ := b.desk.taken()
	if len(got) != 4 || got[0].ID != got[1].ID || got[2].ID == got[0].ID || got[3].ID == got[0].ID || !strings.HasPrefix(got[0].ID, "slack/") {
		t.Errorf("%+v", got)
	}
}

func TestWhoMayNotIsToldPrivately(t *testing.T) {
	for name, tc := range map[string]struct {
		customer incident.Customer
		unsure   error
		want     []string
	}{
		"in Japanese":             {ofAcme, nil, []string{"*アクメ &lt;株&gt;* のインシデントについて、あなたには決める権限がありません。", "<!subteam^S0DEV>、<@U0ONCALL>、Ren &lt;!here&gt;", "`slack.operators`"}},
		"in English":              {ofGlobex, nil, []string{"You may not decide about incidents of *Globex*.", "These may: <!subteam^S0DEV>, <@U0ONCALL>, Ren &lt;!here&gt;.", "being on call"}},
		"of nobody's":             {incident.Customer{}, nil, []string{"which belongs to no customer"}},
		"while PagerDuty is away": {ofGlobex, errors.New("away"), []string{"could not be looked up", "acknowledge the incident in PagerDuty"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t)
			b.begin(t, "Q1", tc.customer)
			b.desk.unsure = tc.unsure
			if tc.customer.ID == "" { // the language is then that of all customers, and they differ
				tc.want = append(tc.want, "These may")
			}
			if status := b.press(t, pressed(t, "U0STRANGER", button(takeOver("Q1"), "1"))); status != http.StatusOK {
				t.Errorf("answered %d", status)
			}
			chosen, private := b.desk.taken()
			if len(chosen) != 0 || len(private) != 1 || private[0].channel != "C1" || private[0].user != "U0STRANGER" {
				t.Fatalf("chosen %v, told %+v", chosen, private)
			}
			for _, part := range tc.want {
				if !strings.Contains(private[0].text, part) {
					t.Errorf("no %q in %q", part, private[0].text)
				}
			}
		})
	}
}

// Only the tier that was asked, and those behind it, may approve; everything else every tier may.
func TestWhoIsAskedToApprove(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	b.begin(t, "Q2", incident.Customer{})
	for _, tc := range []struct {
		c    incident.Choice
		want roster.Ask
	}{
		{takeOver("Q1"), roster.Ask{User: onCall, Handle: "sato", Policy: "PPOLICY"}},
		{incident.Choice{Kind: incident.Grant, Incident: "Q1", Run: 1, Number: 1}, roster.Ask{User: onCall, Handle: "sato", Policy: "PPOLICY", From: "first"}},
		{incident.Choice{Kind: incident.NotNow, Incident: "Q1", Run: 1, Number: 2}, roster.Ask{User: onCall, Handle: "sato", Policy: "PPOLICY", From: "second"}},
		{incident.Choice{Kind: incident.Grant, Incident: "Q1", Run: 1}, roster.Ask{User: onCall, Handle: "sato", Policy: "PPOLICY", From: "second"}},
		{takeOver("Q2"), roster.Ask{User: onCall, Handle: "sato", Policy: "PPOLICY"}},
	} {
		b.press(t, pressed(t, onCall, button(tc.c, "1")))
		got := b.desk.asked[len(b.desk.asked)-1]
		if isAcme := got.Customer != nil && got.Customer.ID == "acme"; isAcme != (tc.c.Incident == "Q1") {
			t.Errorf("%+v: asked about customer %+v", tc.c, got.Customer)
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(roster.Ask{}, "Customer")); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tc.c, diff)
		}
	}
}

func TestRefusalsAreToldPrivately(t *testing.T) {
	for _, kind := range web.Refusals() {
		for _, c := range []incident.Customer{ofAcme, ofGlobex} {
			b := newBoard(t)
			b.begin(t, "Q1", c)
			b.desk.refuse = &web.Refused{Kind: kind, Why: "for the log only"}
			b.press(t, pressed(t, onCall, button(takeOver("Q1"), "1")))
			_, private := b.desk.taken()
			if len(private) != 1 || strings.Contains(private[0].text, "for the log") || !strings.Contains(private[0].text, "\n") {
				t.Errorf("%s: told %+v", kind, private)
				continue
			}
			if japanese := strings.ContainsAny(private[0].text, "のをはがに"); japanese != (c.Language == "ja") {
				t.Errorf("%s of %s: %q", kind, c.ID, private[0].text)
			}
		}
	}
	for name, tc := range map[string]struct {
		refuse error
		press  incident.Choice
		want   string
	}{
		"of a kind that has no words": {&web.Refused{Kind: "new", Why: "it is new"}, takeOver("Q1"), "it is new"},
		"Temporal is away":            {errors.New("connection refused to 10.0.0.1"), takeOver("Q1"), "could not take it just now"},
		"of no known incident":        {nil, takeOver("QGONE"), `there is no incident "QGONE"`},
	} {
		b := newBoard(t)
		b.begin(t, "Q1", ofGlobex)
		b.desk.refuse = tc.refuse
		b.press(t, pressed(t, onCall, button(tc.press, "1")))
		if _, private := b.desk.taken(); len(private) != 1 || !strings.Contains(private[0].text, tc.want) || strings.Contains(private[0].text, "10.0.0.1") {
			t.Errorf("%s: told %+v", name, private)
		}
	}
}

func TestAWishThatWaitsForASecondPerson(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofGlobex)
	b.desk.result.Waits = true
	b.press(t, pressed(t, onCall, button(incident.Choice{Kind: incident.RunAttempt, Incident: "Q1", Run: 1, Attempt: 1}, "1")))
	if _, private := b.desk.taken(); len(private) != 1 || !strings.Contains(private[0].text, "Somebody else has to approve") {
		t.Errorf("told %+v", private)
	}
}

// What is no button of ours changes nothing, and breaks nothing.
func TestPressesThatAreNoChoice(t *testing.T) {
	value := handover.ChoiceValue(takeOver("Q1"))
	for name, tc := range map[string]struct {
		action map[string]any
		told   bool
	}{
		"a link":                  {map[string]any{"type": "button", "action_id": "runbook", "action_ts": "1"}, false},
		"of another version":      {map[string]any{"type": "button", "action_id": "shodo:explode", "value": value, "action_ts": "1"}, true},
		"a value that is no JSON": {map[string]any{"type": "button", "action_id": "shodo:take_over", "value": "{", "action_ts": "1"}, true},
		"another app's":           {map[string]any{"type": "button", "action_id": "x", "value": "y", "action_ts": "1"}, true},
		"a checklist of nothing":  {map[string]any{"type": "checkboxes", "action_id": "shodo:tick:1", "block_id": "shodo:tick:{}", "action_ts": "1"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBoard(t)
			b.begin(t, "Q1", ofGlobex)
			if status := b.press(t, pressed(t, onCall, tc.action)); status != http.StatusOK {
				t.Errorf("answered %d", status)
			}
			chosen, private := b.desk.taken()
			if len(chosen) != 0 || (len(private) == 1) != tc.told {
				t.Errorf("chosen %v, told %v", chosen, private)
			}
		})
	}
	b := newBoard(t)
	if status := b.press(t, []byte(`{"type":"view_submission","user":{"id":"U1"}}`)); status != http.StatusOK {
		t.Errorf("another kind of interaction is answered %d", status)
	}
}

func TestInteractionsThatAreNotOfSlack(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	body := url.Values{"payload": {string(pressed(t, onCall, button(takeOver("Q1"), "1")))}}.Encode()
	for name, tc := range map[string]struct {
		body, secret string
		at           time.Time
		status       int
	}{
		"signed with another secret": {body, "other", b.now, 401},
		"signed with nothing":        {body, "", b.now, 401},
		"six minutes old":            {body, signingSecret, b.now.Add(-6 * time.Minute), 401},
		"from the future":            {body, signingSecret, b.now.Add(6 * time.Minute), 401},
		"3 MB":                       {"payload=" + strings.Repeat("x", 3<<20), signingSecret, b.now, 413},
		"signed, but no payload":     {"x=y", signingSecret, b.now, 400},
		"signed, but no JSON":        {"payload=%7B", signingSecret, b.now, 400},
	} {
		if got := b.post(t, "/webhooks/slack/interactions", tc.body, tc.secret, tc.at); got.Code != tc.status || got.Body.Len() != 0 {
			t.Errorf("%s: %d %q, want %d and nothing", name, got.Code, got.Body, tc.status)
		}
	}
	if chosen, private := b.desk.taken(); len(chosen) != 0 || len(private) != 0 {
		t.Errorf("chosen %v, told %v", chosen, private)
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`shodo_slack_interactions_total{answer="unsigned"} 4`, `shodo_slack_interactions_total{answer="broken"} 2`} {
		if !strings.Contains(rec.Body.String(), line) {
			t.Errorf("metrics have no %q", line)
		}
	}
}

// Slack waits three seconds: it is answered before, and what was asked is done all the same.
func TestSlackIsAnsweredInTime(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	payload := pressed(t, onCall, button(takeOver("Q1"), "1"))
	synctest.Test(t, func(t *testing.T) {
		b.desk.hold = make(chan struct{})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		site := b.Handler.(*web.Site)
		site.FromSlack(ctx, slack.Envelope{Kind: slack.EnvelopeInteraction, Payload: payload})
		if took := time.Since(began); took > 2600*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if chosen, _ := b.desk.taken(); len(chosen) != 0 {
			t.Fatalf("it was not held: %v", chosen)
		}
		close(b.desk.hold)
		site.Wait()
		if chosen, _ := b.desk.taken(); len(chosen) != 1 {
			t.Errorf("chosen %v", chosen)
		}
	})
}

// However long it takes to find out who somebody is: there is time left for what they decided.
func TestAPressWhileNobodyKnowsWhoItIs(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofGlobex)
	payload := pressed(t, onCall, button(takeOver("Q1"), "1"))
	synctest.Test(t, func(t *testing.T) {
		b.desk.slow = true
		site := b.Handler.(*web.Site)
		site.FromSlack(t.Context(), slack.Envelope{Kind: slack.EnvelopeInteraction, Payload: payload})
		site.Wait()
		if chosen, private := b.desk.taken(); len(chosen) != 1 || len(private) != 0 {
			t.Errorf("chosen %v, told %v", chosen, private)
		}
	})
}

// Without Slack's signing secret no request is taken, and Socket Mode brings the same.
// A press that breaks the handling down takes neither the engine nor the next press with it, and is answered.
func TestAPressThatBreaksDown(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofGlobex)
	b.desk.breaks = true
	if status := b.press(t, pressed(t, onCall, button(takeOver("Q1"), "1732.9"))); status != http.StatusOK {
		t.Errorf("answered %d", status)
	}
	if _, private := b.desk.taken(); len(private) != 1 || !strings.Contains(private[0].text, "the engine could not take it just now") {
		t.Errorf("told: %+v", private)
	}
	b.desk.breaks = false
	b.press(t, pressed(t, onCall, button(takeOver("Q1"), "1732.10")))
	if chosen, private := b.desk.taken(); len(chosen) != 1 || len(private) != 0 {
		t.Errorf("the next one: chosen %+v, told %+v", chosen, private)
	}
}

func TestSocketModeDoesTheSame(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	site := b.Handler.(*web.Site)
	if answer := site.FromSlack(t.Context(), slack.Envelope{Kind: slack.EnvelopeInteraction, Payload: pressed(t, onCall, button(takeOver("Q1"), "1"))}); answer != nil {
		t.Errorf("a press is answered %v", answer)
	}
	if chosen, _ := b.desk.taken(); len(chosen) != 1 {
		t.Errorf("chosen %v", chosen)
	}
	site.FromSlack(t.Context(), slack.Envelope{Kind: slack.EnvelopeInteraction, Payload: []byte(`{`)})
	answer, err := json.Marshal(site.FromSlack(t.Context(), slack.Envelope{Kind: slack.EnvelopeCommand,
		Payload: []byte(`{"command":"/shodo","text":"maintenance list","user_id":"U0READER","trigger_id":"1"}`)}))
	if err != nil || string(answer) != `{"response_type":"ephemeral","text":"No maintenance is running or planned."}` {
		t.Errorf("%v: a command is answered %s", err, answer)
	}
}

// Whatever a signed press holds, it is answered, and only whoever may decides.
func FuzzPress(f *testing.F) {
	good := pressed(f, onCall, button(takeOver("Q1"), "1"))
	f.Add(good)
	f.Add(pressed(f, "U0STRANGER", button(takeOver("Q1"), "1")))
	f.Add(pressed(f, onCall, map[string]any{"type": "checkboxes", "block_id": `shodo:tick:{"incident":"Q1","run":1,"item":1,"last":3}`}))
	f.Add([]byte(`{"type":"block_actions","user":{"id":"U1"},"actions":[{}]}`))
	b := newBoard(f)
	b.begin(f, "Q1", ofAcme)
	f.Fuzz(func(t *testing.T, payload []byte) {
		if status := b.press(t, payload); status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("answered %d", status)
		}
		chosen, private := b.desk.taken()
		for _, c := range chosen {
			if c.By.PagerDuty != "PSATO" || c.ID == "" || c.Incident != "Q1" || c.At.IsZero() {
				t.Errorf("chosen: %+v", c)
			}
		}
		for _, p := range private {
			if p.text == "" || strings.Contains(p.text, "<!channel>") {
				t.Errorf("told: %+v", p)
			}
		}
	})
}
