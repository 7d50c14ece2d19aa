// Package pagerdutytest checks, in tests, that what is said to PagerDuty and what a double of PagerDuty answers is
// what PagerDuty's published OpenAPI file allows.
//
// The file is not part of this repository. It is looked for at ../shared/pagerduty/rest-openapiv3.json, beside the
// repository's folder; where it is missing, nothing is checked and the test says so in its log. So a test never
// depends on the file, and never fails without it.
//
// The package is for tests only and never talks to PagerDuty.
package pagerdutytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Middleware wraps a handler that plays PagerDuty's REST API.
type Middleware func(http.Handler) http.Handler

// Validator gives a middleware that fails t for each request and each answer that PagerDuty's OpenAPI file does not
// allow: an unknown operation, a missing header such as From, a value outside an enum, a missing field. What it finds
// is only reported; the request still reaches the handler and the answer still reaches the client. Answers with a
// status that the file does not list for the operation (5xx above all) are let through unchecked.
//
// Without the file the middleware does nothing, and t's log says so.
func Validator(t testing.TB) Middleware {
	t.Helper()
	path, err := Shared("pagerduty/rest-openapiv3.json")
	if err != nil {
		t.Logf("requests and answers are not checked against PagerDuty's OpenAPI file: %v", err)
		return func(next http.Handler) http.Handler { return next }
	}
	router, err := loadOnce(path)
	if err != nil {
		t.Fatalf("read PagerDuty's OpenAPI file: %v", err)
	}
	v := &validator{t: t, router: router}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { v.serve(next, w, r) })
	}
}

// Shared gives the path of a file in the folder "shared" that may lie beside the repository's folder, or an error
// that wraps fs.ErrNotExist when the file is not there. name is slash-separated.
func Shared(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return "", fmt.Errorf("find the repository's folder above %q: %w", dir, fs.ErrNotExist)
	}
	path := filepath.Join(filepath.Dir(dir), "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("../shared/%s: %w", name, errors.Unwrap(err))
	}
	return path, nil
}

// loaded keeps the router of the file for all tests of a process: reading the file takes a quarter of a second, and
// several seconds under the race detector.
var loaded sync.Map // path → func() (routers.Router, error)

func loadOnce(path string) (routers.Router, error) {
	once, _ := loaded.LoadOrStore(path, sync.OnceValues(func() (routers.Router, error) { return load(path) }))
	return once.(func() (routers.Router, error))()
}

func load(path string) (routers.Router, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	moveMisplacedResponse(tree)
	if data, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, err
	}
	doc.Servers = nil // so that any host and port is PagerDuty's
	return gorillamux.NewRouter(doc)
}

// moveMisplacedResponse repairs the file's one fault: two operations use a component as a response that is kept among
// the request bodies, which no reader accepts.
func moveMisplacedResponse(tree map[string]any) {
	const name = "OrchestrationCacheVariableDataPutResponse"
	components, _ := tree["components"].(map[string]any)
	bodies, _ := components["requestBodies"].(map[string]any)
	misplaced, ok := bodies[name].(map[string]any)
	if !ok {
		return // a later edition of the file
	}
	response := maps.Clone(misplaced)
	delete(response, "required") // a request body's key
	if _, ok := response["description"]; !ok {
		response["description"] = name
	}
	responses, ok := components["responses"].(map[string]any)
	if !ok {
		responses = map[string]any{}
		components["responses"] = responses
	}
	responses[name] = response
	paths, _ := tree["paths"].(map[string]any)
	redirectResponses(paths, "#/components/requestBodies/"+name, "#/components/responses/"+name)
}

func redirectResponses(node any, from, to string) {
	switch node := node.(type) {
	case map[string]any:
		if node["$ref"] == from {
			node["$ref"] = to
		}
		for _, child := range node {
			redirectResponses(child, from, to)
		}
	case []any:
		for _, child := range node {
			redirectResponses(child, from, to)
		}
	}
}

type validator struct {
	t      testing.TB
	router routers.Router
}

func (v *validator) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	input, err := v.checkRequest(r, body)
	if err != nil {
		v.t.Errorf("request %s %s is not allowed by PagerDuty's OpenAPI file: %v\nbody: %s", r.Method, r.URL, err, clip(body))
	}
	answer := &recorder{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(answer, r)
	if input == nil || r.Context().Err() != nil {
		return
	}
	if err := v.checkAnswer(input, answer); err != nil {
		v.t.Errorf("answer %d to %s %s is not allowed by PagerDuty's OpenAPI file: %v\nbody: %s",
			answer.status, r.Method, r.URL, err, clip(answer.body.Bytes()))
	}
}

// checkRequest works on a copy, because the library writes defaults into the request that it checks.
func (v *validator) checkRequest(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	copied := r.Clone(r.Context())
	copied.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := v.router.FindRoute(copied)
	if err != nil {
		return nil, err
	}
	input := &openapi3filter.RequestValidationInput{
		Request: copied, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:  openapi3filter.NoopAuthenticationFunc,
			SkipSettingDefaults: true,
			MultiError:          true,
		},
	}
	if header := r.Header.Get("Authorization"); header == "" {
		return input, errors.New("header Authorization is missing")
	}
	if unknown := unknownQuery(route, r); len(unknown) > 0 {
		return input, fmt.Errorf("query parameters %q are unknown", unknown)
	}
	return input, openapi3filter.ValidateRequest(r.Context(), input)
}

// unknownQuery names the query parameters that the operation does not have; the library does not look for them.
func unknownQuery(route *routers.Route, r *http.Request) []string {
	known := map[string]bool{}
	for _, list := range []openapi3.Parameters{route.PathItem.Parameters, route.Operation.Parameters} {
		for _, p := range list {
			if p.Value != nil && p.Value.In == openapi3.ParameterInQuery {
				known[p.Value.Name] = true
			}
		}
	}
	var unknown []string
	for name := range r.URL.Query() {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func (v *validator) checkAnswer(request *openapi3filter.RequestValidationInput, answer *recorder) error {
	return openapi3filter.ValidateResponse(request.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 answer.status,
		Header:                 answer.Header(),
		Body:                   io.NopCloser(bytes.NewReader(answer.body.Bytes())),
		Options:                request.Options,
	})
}

// recorder keeps a copy of what is answered.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection, for tests that break it.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func clip(body []byte) []byte {
	const most = 2 << 10
	if len(body) > most {
		return append(slices.Clip(body[:most]), "… (cut)"...)
	}
	return body
}
