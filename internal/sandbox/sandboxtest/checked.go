// Package sandboxtest checks, in tests, what is said to and by the sandbox's PagerDuty against PagerDuty's OpenAPI file.
//
// That file contradicts PagerDuty, or itself, in a few places. There the sandbox answers as PagerDuty does, the client under
// test gets that answer, and what is checked is the answer in the file's own form. The places, all of edition 2026-08-14:
//
//   - The examples have null where a value is missing; the schemas allow it hardly anywhere.
//   - A log entry's "channel" is a "oneOf" of forms without required fields, so that every channel has too many forms.
//   - No log entry can be an acknowledgement: two schemas that both apply spell its type differently.
//   - An alert's first_trigger_log_entry is only ever a reference, although the request can ask for all of it.
//   - An on-call's user is only ever a reference, although the request can ask for all of it.
//   - The id and type of a reference are "readOnly", which would forbid to name anything in a request.
//   - The body.details of an alert and of an incident is an object in the schemas, and a text in descriptions and
//     examples.
//
// The package is for tests only.
package sandboxtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"shodo/internal/pagerduty/pagerdutytest"
)

// Checked gives a middleware for the sandbox's PagerDuty that fails t for each request and each answer that the OpenAPI
// file does not allow. Without the file it checks nothing, and t's log says so. What is not of the REST API passes
// by: the Events API, and the sandbox's own pages.
func Checked(t testing.TB) pagerdutytest.Middleware {
	t.Helper()
	validator := pagerdutytest.Validator(t)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isREST(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return // the client went away
			}
			var answer *httptest.ResponseRecorder
			shown := r.Clone(r.Context())
			shown.Body = io.NopCloser(bytes.NewReader(rewrite(body, bendRequest)))
			validator(http.HandlerFunc(func(checked http.ResponseWriter, _ *http.Request) {
				r.Body = io.NopCloser(bytes.NewReader(body))
				recorded := httptest.NewRecorder()
				next.ServeHTTP(recorded, r) // an injected fault leaves by a panic here, and is not checked
				answer = recorded
				write(checked, recorded, rewrite(recorded.Body.Bytes(), bend))
			})).ServeHTTP(httptest.NewRecorder(), shown)
			if answer != nil {
				write(w, answer, answer.Body.Bytes())
			}
		})
	}
}

func isREST(path string) bool {
	for _, first := range []string{"incidents", "services", "users", "escalation_policies", "oncalls", "abilities", "webhook_subscriptions", "log_entries"} {
		if path == "/"+first || strings.HasPrefix(path, "/"+first+"/") {
			return true
		}
	}
	return false
}

func write(w http.ResponseWriter, answer *httptest.ResponseRecorder, body []byte) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.Code)
	_, _ = io.Copy(w, bytes.NewReader(body))
}

// rewrite changes JSON. What is not JSON stays as it is.
func rewrite(body []byte, change func(any) any) []byte {
	var tree any
	if json.Unmarshal(body, &tree) != nil {
		return body
	}
	out, err := json.Marshal(change(tree))
	if err != nil {
		return body
	}
	return out
}

// bendRequest takes the id and the type out of references.
func bendRequest(node any) any {
	switch node := node.(type) {
	case []any:
		for i := range node {
			node[i] = bendRequest(node[i])
		}
	case map[string]any:
		for name, value := range node {
			node[name] = bendRequest(value)
			switch name {
			case "escalation_policy", "assignee", "service":
				node[name] = map[string]any{}
			case "source_incidents":
				node[name] = []any{}
			case "details":
				node[name] = map[string]any{}
			}
		}
	}
	return node
}

// bend gives an answer in the form of the file's schemas.
func bend(node any) any {
	switch node := node.(type) {
	case []any:
		out := []any{}
		for _, element := range node {
			if kind(element) != "acknowledge_log_entry" {
				out = append(out, bend(element))
			}
		}
		return out
	case map[string]any:
		isEntry := strings.HasSuffix(kind(node), "_log_entry")
		out := map[string]any{}
		for name, value := range node {
			_, isText := value.(string)
			switch {
			case value == nil, isEntry && name == "channel", strings.HasSuffix(kind(node), "_body") && name == "details" && isText:
			case kind(node) == "alert" && name == "first_trigger_log_entry":
				out[name] = map[string]any{"type": "trigger_log_entry_reference", "id": value.(map[string]any)["id"]}
			case node["escalation_level"] != nil && name == "user" && kind(value) == "user":
				out[name] = map[string]any{"type": "user_reference", "id": value.(map[string]any)["id"]}
			default:
				out[name] = bend(value)
			}
		}
		return out
	default:
		return node
	}
}

func kind(node any) string {
	m, _ := node.(map[string]any)
	s, _ := m["type"].(string)
	return s
}
