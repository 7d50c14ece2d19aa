package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// This file is the frame of the REST API: routes, authentication, limits, errors, pages.

// Error is an answer of the REST API that says no. Code is PagerDuty's own number.
type Error struct {
	Status  int // of HTTP
	Code    int
	Message string
	Details []string
}

func (e *Error) Error() string {
	if len(e.Details) > 0 {
		return fmt.Sprintf("%s (code %d): %s", e.Message, e.Code, strings.Join(e.Details, "; "))
	}
	return fmt.Sprintf("%s (code %d)", e.Message, e.Code)
}

func refuse(status, code int, message string, details ...string) *Error {
	return &Error{Status: status, Code: code, Message: message, Details: details}
}

func invalid(details ...string) *Error {
	return refuse(http.StatusBadRequest, 2001, "Invalid Input Provided", details...)
}

var errNotFound = refuse(http.StatusNotFound, 2100, "Not Found")

// maxRequest is far above any real request.
const maxRequest = 1 << 20

func (p *PagerDuty) routes() *http.ServeMux {
	m := http.NewServeMux()
	read := func(pattern string, h func(*http.Request) (any, error)) {
		m.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) { p.answer(w, r, http.StatusOK, h) })
	}
	write := func(pattern string, status int, h func(*http.Request, *User) (any, error)) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			p.answer(w, r, status, func(r *http.Request) (any, error) {
				from, err := p.from(r)
				if err != nil {
					return nil, err
				}
				return h(r, from)
			})
		})
	}
	read("/incidents", p.listIncidents)
	read("/incidents/{id}", p.getIncident)
	read("/incidents/{id}/alerts", p.listAlerts)
	read("/incidents/{id}/log_entries", p.listLogEntries)
	read("/incidents/{id}/notes", p.listNotes)
	read("/log_entries", p.listLog)
	write("POST /incidents", http.StatusCreated, p.createIncident)
	write("PUT /incidents", http.StatusOK, p.updateIncidents)
	write("PUT /incidents/{id}", http.StatusOK, p.updateIncident)
	write("POST /incidents/{id}/notes", http.StatusOK, p.createNote)
	write("POST /incidents/{id}/snooze", http.StatusCreated, p.snoozeIncident)
	write("PUT /incidents/{id}/merge", http.StatusOK, p.mergeIncidents)

	read("/abilities", p.listAbilities)
	read("/services", p.listServices)
	read("/services/{id}", p.getService)
	read("/users", p.listUsers)
	read("/users/me", p.getMe)
	read("/users/{id}", p.getUser)
	read("/escalation_policies/{id}", p.getPolicy)
	read("/oncalls", p.listOnCalls)

	read("/webhook_subscriptions", p.listSubscriptions)
	read("/webhook_subscriptions/{id}", p.getSubscription)
	other := func(pattern string, status int, h func(*http.Request) (any, error)) {
		m.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { p.answer(w, r, status, h) })
	}
	other("POST /webhook_subscriptions", http.StatusOK, p.createSubscription)
	other("DELETE /webhook_subscriptions/{id}", http.StatusNoContent, p.deleteSubscription)
	other("POST /webhook_subscriptions/{id}/enable", http.StatusOK, p.enableSubscription)
	other("POST /webhook_subscriptions/{id}/ping", http.StatusAccepted, p.pingSubscription)

	m.HandleFunc("POST /v2/enqueue", p.enqueueEvent)
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.answer(w, r, http.StatusOK, func(*http.Request) (any, error) { return nil, errNotFound })
	})
	return m
}

// ServeHTTP answers the REST API and the Events API, through the faults that were injected.
func (p *PagerDuty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.faults.serve(w, r, p.mux, p.refuseByFault)
}

func (p *PagerDuty) refuseByFault(w http.ResponseWriter, f Fault) {
	if f.Status == http.StatusTooManyRequests {
		if f.RetryAfter > 0 {
			w.Header().Set("ratelimit-limit", "960")
			w.Header().Set("ratelimit-remaining", "0")
			w.Header().Set("ratelimit-reset", seconds(f.RetryAfter))
		}
		writeError(w, refuse(f.Status, 2020, "Rate Limit Exceeded"))
		return
	}
	writeError(w, refuse(f.Status, 2000, http.StatusText(f.Status)))
}

// answer checks the token and the limit, runs a handler under the account's lock, and writes its result.
func (p *PagerDuty) answer(w http.ResponseWriter, r *http.Request, status int, h func(*http.Request) (any, error)) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Token token=")
	if !ok {
		token, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	if !ok || token == "" || (p.opts.Token != "" && token != p.opts.Token) {
		writeError(w, refuse(http.StatusUnauthorized, 2006, "Authentication failed"))
		return
	}
	allowed, left, reset := p.limit.take(token)
	if p.opts.RequestsPerMinute > 0 {
		w.Header().Set("ratelimit-limit", strconv.Itoa(p.opts.RequestsPerMinute))
		w.Header().Set("ratelimit-remaining", strconv.Itoa(left))
		w.Header().Set("ratelimit-reset", seconds(reset))
	}
	if !allowed {
		writeError(w, refuse(http.StatusTooManyRequests, 2020, "Rate Limit Exceeded"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		writeError(w, invalid("the body cannot be read, or is larger than 1 MiB"))
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	out, err := func() (any, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		out, err := h(r)
		if r.Method != http.MethodGet {
			p.touch()
		}
		return out, err
	}()
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, status, out)
}

// writeJSON sends nothing but the status for a nil body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nothing to tell it
}

func writeError(w http.ResponseWriter, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = invalid(err.Error())
	}
	body := object{"code": e.Code, "message": e.Message}
	if len(e.Details) > 0 {
		body["errors"] = e.Details
	}
	writeJSON(w, e.Status, object{"error": body})
}

// from finds the user of the From header, which PagerDuty wants with every change of an incident.
func (p *PagerDuty) from(r *http.Request) (*User, error) {
	email := r.Header.Get("From")
	if email == "" {
		return nil, invalid("From header is required and must be the e-mail address of a user of the account")
	}
	if u := p.opts.Account.userByEmail(email); u != nil {
		return u, nil
	}
	return nil, refuse(http.StatusBadRequest, 1008, "Requester User Not Found")
}

func (p *PagerDuty) incidentOf(r *http.Request) (*incident, error) {
	if i := p.byID[r.PathValue("id")]; i != nil {
		return i, nil
	}
	return nil, errNotFound
}

// decode reads a request's JSON.
func decode(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return invalid("the body is not the JSON that is expected: " + err.Error())
	}
	return nil
}

// paged cuts a list to the page that was asked for: limit 25 unless told, 100 at most, and nothing past 10,000.
func paged[T any](r *http.Request, name string, list []T) (any, error) {
	limit, offset := 25, 0
	for key, value := range map[string]*int{"limit": &limit, "offset": &offset} {
		text := r.URL.Query().Get(key)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, invalid(fmt.Sprintf("%s must be a number", key))
		}
		*value = n
	}
	limit = min(max(limit, 1), 100)
	if offset+limit > 10000 {
		return nil, invalid("Offset plus limit cannot exceed 10000.")
	}
	start := min(offset, len(list))
	end := min(start+limit, len(list))
	out := object{name: list[start:end:end], "limit": limit, "offset": offset, "more": end < len(list), "total": nil}
	if r.URL.Query().Get("total") == "true" {
		out["total"] = len(list)
	}
	return out, nil
}
