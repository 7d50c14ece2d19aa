package web_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/incident"
	"shodo/internal/web"
)

// ask sends a request of alice, and gives the status and the object of the answer.
func (b *board) ask(t *testing.T, method, path, body string, header ...string) (int, map[string]any) {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+aliceToken)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, req)
	var said map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &said); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, rec.Body)
	}
	return rec.Code, said
}

func TestChoicesByTheAPI(t *testing.T) {
	yes := true
	for body, want := range map[string]incident.Choice{
		`{"kind":"take_over"}`:                       {Kind: incident.TakeOver},
		`{"kind":"approve","number":2,"run":1}`:      {Kind: incident.Grant, Number: 2, Run: 1},
		`{"kind":"not_now","note":" not before 9 "}`: {Kind: incident.NotNow, Note: "not before 9"},
		`{"kind":"run_attempt","attempt":1}`:         {Kind: incident.RunAttempt, Attempt: 1},
		`{"kind":"next_tier"}`:                       {Kind: incident.NextTier},
		`{"kind":"done"}`:                            {Kind: incident.Done},
		`{"kind":"noise"}`:                           {Kind: incident.Noise},
		`{"kind":"tick","item":3}`:                   {Kind: incident.Tick, Item: 3, On: yes},
		`{"kind":"tick","item":3,"on":false}`:        {Kind: incident.Tick, Item: 3},
	} {
		b := newBoard(t)
		b.begin(t, "Q1", ofAcme)
		status, said := b.ask(t, "POST", "/api/v1/incidents/Q1/choices", body)
		if status != http.StatusOK || said["incident"] != "Q1" {
			t.Errorf("%s: %d %v", body, status, said)
		}
		got, _ := b.desk.taken()
		want.Incident, want.By, want.At = "Q1", incident.Person{ID: "api:alice", Name: "alice"}, b.now
		if diff := cmp.Diff([]incident.Choice{want}, got, cmpopts.IgnoreFields(incident.Choice{}, "ID")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if len(b.desk.asked) != 0 {
			t.Error("the roster is asked about the holder of a token")
		}
	}
}

func TestChoicesThatMakeNoSense(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	for body, part := range map[string]string{
		`{}`:                                     "is no choice",
		`{"kind":"explode"}`:                     "take_over, approve, not_now",
		`{"kind":"run_attempt"}`:                 "the attempt is missing",
		`{"kind":"tick"}`:                        "the item is missing",
		`{"kind":"tick","item":-1}`:              "below zero",
		`{"kind":"done","note":"two\nlines"}`:    "not one line",
		`{"kind":"done","incident":"Q2"}`:        "unknown field",
		`[]`:                                     "array",
		`{"kind":"done","by":{"id":"api:root"}}`: "unknown field",
	} {
		status, said := b.ask(t, "POST", "/api/v1/incidents/Q1/choices", body)
		text, _ := json.Marshal(said)
		if status != http.StatusBadRequest || !strings.Contains(string(text), part) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if status, said := b.ask(t, "POST", "/api/v1/incidents/QOUT/choices", `{"kind":"done"}`); status != http.StatusNotFound || said["kind"] != "ended" {
		t.Errorf("of nothing: %d %v", status, said)
	}
	if chosen, _ := b.desk.taken(); len(chosen) != 0 {
		t.Errorf("chosen: %v", chosen)
	}
	for _, tc := range []struct {
		refuse error
		status int
		kind   any
	}{
		{&web.Refused{Kind: "same_person", Why: "x"}, http.StatusConflict, "same_person"},
		{errors.New("temporal is away at 10.0.0.1"), http.StatusServiceUnavailable, nil},
	} {
		b.desk.refuse = tc.refuse
		status, said := b.ask(t, "POST", "/api/v1/incidents/Q1/choices", `{"kind":"done"}`)
		if status != tc.status || said["kind"] != tc.kind || strings.Contains(said["error"].(string), "10.0.0.1") || said["hint"] == "" {
			t.Errorf("%v: %d %v", tc.refuse, status, said)
		}
	}
}

// The same key of the same person is the same choice; another person's, or another incident's, is another one.
func TestKeysOfChoices(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	b.begin(t, "Q2", ofAcme)
	for _, send := range []struct {
		id, token, key string
	}{{"Q1", aliceToken, "k"}, {"Q1", aliceToken, "k"}, {"Q2", aliceToken, "k"}, {"Q1", localToken, "k"}, {"Q1", aliceToken, ""}, {"Q1", aliceToken, ""}} {
		header := []string{"Authorization", "Bearer " + send.token}
		if send.key != "" {
			header = append(header, "Idempotency-Key", send.key)
		}
		if status, said := b.ask(t, "POST", "/api/v1/incidents/"+send.id+"/choices", `{"kind":"next_tier"}`, header...); status != http.StatusOK {
			t.Fatalf("%d %v", status, said)
		}
	}
	got, _ := b.desk.taken()
	ids := map[string]int{}
	for _, c := range got {
		ids[c.ID]++
	}
	if len(ids) != 5 || ids[got[0].ID] != 2 {
		t.Errorf("ids: %v", ids)
	}
}

func TestTheRecordByTheAPI(t *testing.T) {
	b := newBoard(t)
	b.begin(t, "Q1", ofAcme)
	status, got := b.ask(t, "GET", "/api/v1/incidents/Q1", "")
	if status != http.StatusOK || got["outcome"] != "handed_over" || got["first_response_seconds"] != nil || got["changed"] != false || len(got["transitions"].([]any)) != 3 {
		t.Errorf("%d %v", status, got)
	}
	if status, said := b.ask(t, "GET", "/api/v1/incidents/QOUT", ""); status != http.StatusNotFound {
		t.Errorf("of nothing: %d %v", status, said)
	}
	if status, _ := b.ask(t, "DELETE", "/api/v1/incidents/Q1", ""); status != http.StatusMethodNotAllowed {
		t.Errorf("another method: %d", status)
	}
	if status, _ := b.ask(t, "GET", "/api/v1/incidents/Q1", "", "Authorization", "Bearer wrong"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
}
