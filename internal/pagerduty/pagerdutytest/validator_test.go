package pagerdutytest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"shodo/internal/pagerduty/pagerdutytest"
)

// complaints is a test that takes note of failures instead of failing.
type complaints struct {
	testing.TB
	said []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func TestValidator(t *testing.T) {
	if _, err := pagerdutytest.Shared("pagerduty/rest-openapiv3.json"); err != nil {
		t.Skip(err)
	}
	const note = `{"note":{"content":"hello"}}`
	const noted = `{"note":{"id":"P1","content":"hello","created_at":"2026-11-20T00:00:00Z"}}`
	from := map[string]string{"From": "bot@example.com"}

	for name, test := range map[string]struct {
		method, path, body string
		header             map[string]string
		status             int
		answer             string
		want               string // part of the complaint; empty: none
	}{
		"a correct call":           {"POST", "/incidents/P1/notes", note, from, 200, noted, ""},
		"From is missing":          {"POST", "/incidents/P1/notes", note, nil, 200, noted, "From"},
		"a field is missing":       {"POST", "/incidents/P1/notes", `{"note":{}}`, from, 200, noted, "content"},
		"a wrong enum":             {"PUT", "/incidents/P1", `{"incident":{"type":"incident","status":"closed"}}`, from, 429, `{"error":{"code":2020,"message":"Rate Limit Exceeded"}}`, "closed"},
		"a wrong answer":           {"POST", "/incidents/P1/notes", note, from, 200, `{"note":{"id":1}}`, "answer 200"},
		"an unknown operation":     {"GET", "/incidents/P1/nothing", "", nil, 200, "{}", "no matching operation"},
		"an unknown query":         {"GET", "/incidents/P1/notes?limit=1", "", nil, 200, `{"notes":[]}`, "limit"},
		"an unlisted status (5xx)": {"GET", "/incidents/P1/notes", "", nil, 503, `sorry`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := &complaints{TB: t}
			server := httptest.NewServer(pagerdutytest.Validator(c)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				io.WriteString(w, test.answer)
			})))
			defer server.Close()

			req, err := http.NewRequest(test.method, server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Authorization", "Token token=x")
			for k, v := range test.header {
				req.Header.Set(k, v)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if body, _ := io.ReadAll(resp.Body); string(body) != test.answer {
				t.Errorf("the client got %q, want the handler's %q", body, test.answer)
			}
			server.Close() // waits for the handler, so that its complaints are in
			switch said := strings.Join(c.said, "\n"); {
			case test.want == "" && said != "":
				t.Errorf("complaint about a correct exchange: %s", said)
			case !strings.Contains(said, test.want):
				t.Errorf("complaints %q, want one about %q", said, test.want)
			}
		})
	}
}
