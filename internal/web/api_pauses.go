package web

import (
	"net/http"
	"time"

	"shodo/internal/incident"
)

// Pause is how the API shows a use of the kill switch.
type Pause struct {
	incident.Pause
	InForce bool `json:"in_force"`
}

// PauseList is the answer to a request for all of them.
type PauseList struct {
	Pauses []Pause `json:"pauses"`
}

func shownPause(p incident.Pause) Pause { return Pause{Pause: p, InForce: p.ResumedAt.IsZero()} }

// listPauses answers GET /api/v1/pauses: those in force, or that were at "since".
func (a *api) listPauses(r *http.Request, _ caller) (int, any, *problem) {
	list, p := a.pausing.inForce(r.Context())
	if given := r.URL.Query().Get("since"); given != "" {
		since, err := time.Parse(time.RFC3339, given)
		if err != nil {
			return 0, nil, wrong(say("since: %q is not a time", "since: %q は日時ではありません", given),
				text{"write it as 2026-12-01T01:00:00+09:00, with + as %2B", "2026-12-01T01:00:00+09:00 のように (+ は %2B と) 書いてください"})
		}
		list, p = a.pausing.since(r.Context(), since)
	}
	if p != nil {
		return 0, nil, p
	}
	answer := PauseList{Pauses: []Pause{}}
	for _, one := range list {
		answer.Pauses = append(answer.Pauses, shownPause(one))
	}
	return http.StatusOK, answer, nil
}

// addPause answers POST /api/v1/pauses: 201, or 200 when it was paused already.
func (a *api) addPause(r *http.Request, who caller) (int, any, *problem) {
	key, p := keyOf(r)
	if p != nil {
		return 0, nil, p
	}
	var asked pauseRequest
	if p := readJSON(r, &asked); p != nil {
		return 0, nil, p
	}
	one, again, p := a.pausing.add(r.Context(), asked, who.name, key)
	switch {
	case p != nil:
		return 0, nil, p
	case again:
		return http.StatusOK, shownPause(one), nil
	}
	return http.StatusCreated, shownPause(one), nil
}

// endPause answers DELETE /api/v1/pauses/{id}.
func (a *api) endPause(r *http.Request, who caller) (int, any, *problem) {
	one, p := a.pausing.end(r.Context(), r.PathValue("id"), who.name)
	if p != nil {
		return 0, nil, p
	}
	return http.StatusOK, shownPause(one), nil
}
