package web

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"shodo/internal/incident"
)

// maxChoiceNote is how many characters a person may add to a choice.
const maxChoiceNote = 500

// choiceRequest is a choice as a person asks for it.
type choiceRequest struct {
	Kind    string `json:"kind"`
	Run     int    `json:"run"`     // 0: the present one
	Number  int    `json:"number"`  // of approve and not_now; 0: the question that waits
	Attempt int    `json:"attempt"` // of run_attempt
	Item    int    `json:"item"`    // of tick
	On      *bool  `json:"on"`      // of tick; nil: true
	Note    string `json:"note"`
}

// ChoiceAnswer is the answer to a choice that was taken.
type ChoiceAnswer struct {
	Incident incident.ID         `json:"incident"`
	Kind     incident.ChoiceKind `json:"kind"`
	By       incident.Person     `json:"by"`
	incident.ChoiceResult
}

// showIncident answers GET /api/v1/incidents/{id}: what "shodo incident show --json" prints.
func (a *api) showIncident(r *http.Request, _ caller) (int, any, *problem) {
	about, p := a.deciding.look(r.Context(), incident.ID(r.PathValue("id")))
	if p != nil {
		return 0, nil, p
	}
	return http.StatusOK, incident.Show(about.record), nil
}

// choose answers POST /api/v1/incidents/{id}/choices. Whoever has a token may.
func (a *api) choose(r *http.Request, who caller) (int, any, *problem) {
	key, p := keyOf(r)
	if p != nil {
		return 0, nil, p
	}
	var asked choiceRequest
	if p := readJSON(r, &asked); p != nil {
		return 0, nil, p
	}
	c, p := asked.choice()
	if p != nil {
		return 0, nil, p
	}
	c.Incident = incident.ID(r.PathValue("id"))
	if _, p := a.deciding.look(r.Context(), c.Incident); p != nil {
		return 0, nil, p
	}
	c.By, c.At = who.person, a.deciding.now()
	c.ID = "api/" + rand.Text()
	if key != "" {
		c.ID = "api/" + newID("C", who.name+"\x00"+string(c.Incident), key)
	}
	result, p := a.deciding.choose(r.Context(), c, byAPI)
	if p != nil {
		return 0, nil, p
	}
	return http.StatusOK, ChoiceAnswer{Incident: c.Incident, Kind: c.Kind, By: c.By, ChoiceResult: result}, nil
}

// choice reads and checks what is asked for.
func (r choiceRequest) choice() (incident.Choice, *problem) {
	c := incident.Choice{Kind: incident.ChoiceKind(r.Kind), Run: r.Run, Number: r.Number, Attempt: r.Attempt, Item: r.Item, Note: strings.TrimSpace(r.Note)}
	var kinds []string
	for _, k := range incident.ChoiceKinds() {
		kinds = append(kinds, string(k))
	}
	switch {
	case !slices.Contains(kinds, r.Kind):
		return c, wrong(say("kind: %q is no choice", "kind: %q という選択はありません", r.Kind), say("one of %s", "%s のいずれか", strings.Join(kinds, ", ")))
	case min(r.Run, r.Number, r.Attempt, r.Item) < 0:
		return c, wrong(say("a number is below zero", "負の数が指定されています"), text{})
	case c.Kind == incident.RunAttempt && r.Attempt == 0:
		return c, wrong(say("the attempt is missing", "対処の番号がありません"), say(`give "attempt": 1 for the scenario's first`, `シナリオの最初の対処なら "attempt": 1 を指定してください`))
	case c.Kind == incident.Tick && r.Item == 0:
		return c, wrong(say("the item is missing", "項目の番号がありません"), say(`give "item": 1 for the first point of the checklist`, `チェックリストの最初の項目なら "item": 1 を指定してください`))
	case !utf8.ValidString(c.Note) || strings.ContainsFunc(c.Note, unicode.IsControl) || utf8.RuneCountInString(c.Note) > maxChoiceNote:
		return c, wrong(say("the note is not one line of at most %d characters", "note は一行、%d 文字までです", maxChoiceNote), text{})
	}
	c.On = c.Kind == incident.Tick && (r.On == nil || *r.On)
	return c, nil
}
