package web

import (
	"net/http"
	"regexp"
	"time"

	"shodo/internal/incident"
)

// Window is how the API shows a window of maintenance. Its times are by the customer's clocks.
type Window struct {
	incident.Maintenance
	State    string `json:"state"`     // planned, running or over
	TimeZone string `json:"time_zone"` // the customer's
}

// WindowList is the answer to a request for all of them.
type WindowList struct {
	Maintenance []Window `json:"maintenance"`
}

func (a *api) shown(m incident.Maintenance) Window {
	return Window{Maintenance: m, State: stateOf(m, a.windows.now()), TimeZone: a.windows.zoneOf(m.Customer).String()}
}

// listMaintenance answers GET /api/v1/maintenance: those that are running or planned, or that were at "since".
func (a *api) listMaintenance(r *http.Request, _ caller) (int, any, *problem) {
	since := a.windows.now()
	if given := r.URL.Query().Get("since"); given != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, given); err != nil {
			return 0, nil, wrong(say("since: %q is not a time", "since: %q は日時ではありません", given),
				text{"write it as 2026-12-01T01:00:00+09:00, with + as %2B", "2026-12-01T01:00:00+09:00 のように (+ は %2B と) 書いてください"})
		}
	}
	list, p := a.windows.list(r.Context(), r.URL.Query().Get("customer"), since)
	if p != nil {
		return 0, nil, p
	}
	answer := WindowList{Maintenance: []Window{}}
	for _, m := range list {
		answer.Maintenance = append(answer.Maintenance, a.shown(m))
	}
	return http.StatusOK, answer, nil
}

var idempotencyKey = regexp.MustCompile(`^[!-~]+$`)

// keyOf gives the key by which a request is known when it is sent again; empty: it has none.
func keyOf(r *http.Request) (string, *problem) {
	key := r.Header.Get("Idempotency-Key")
	if key != "" && (len(key) > maxKeySize || !idempotencyKey.MatchString(key)) {
		return "", wrong(say("Idempotency-Key: at most %d visible ASCII characters are allowed", "Idempotency-Key は印字可能な ASCII 文字で %d 文字までです", maxKeySize), text{})
	}
	return key, nil
}

// addMaintenance answers POST /api/v1/maintenance.
func (a *api) addMaintenance(r *http.Request, who caller) (int, any, *problem) {
	key, p := keyOf(r)
	if p != nil {
		return 0, nil, p
	}
	var asked request
	if p := readJSON(r, &asked); p != nil {
		return 0, nil, p
	}
	m, again, p := a.windows.add(r.Context(), asked, who.name, key)
	switch {
	case p != nil:
		return 0, nil, p
	case again:
		return http.StatusOK, a.shown(m), nil
	}
	return http.StatusCreated, a.shown(m), nil
}

// endMaintenance answers DELETE /api/v1/maintenance/{id}.
func (a *api) endMaintenance(r *http.Request, who caller) (int, any, *problem) {
	m, p := a.windows.end(r.Context(), r.PathValue("id"), who.name)
	if p != nil {
		return 0, nil, p
	}
	return http.StatusOK, a.shown(m), nil
}
