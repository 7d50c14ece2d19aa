package sandboxtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"shodo/internal/pagerduty/pagerdutytest"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
)

// complaints is a test that takes note of failures instead of failing.
type complaints struct {
	testing.TB
	said []string
}

func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// TestChecked: what is bent for the file's contradictions does not hide a real mistake.
func TestChecked(t *testing.T) {
	if _, err := pagerdutytest.Shared("pagerduty/rest-openapiv3.json"); err != nil {
		t.Skip(err)
	}
	p, err := sandbox.NewPagerDuty(sandbox.PagerDutyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	id, err := p.Trigger(sandbox.Alert{Service: "PWEB001", Summary: "s"})
	if err != nil {
		t.Fatal(err)
	}
	wrong := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"incident":{"id":"Q1","type":"incident","status":"asleep"}}`))
	})
	for name, test := range map[string]struct {
		handler            http.Handler
		method, path, body string
		from               string
		want               string // part of the complaint; empty: none
	}{
		"right":              {p, "PUT", "/incidents/" + id, `{"incident":{"type":"incident","escalation_policy":{"id":"PMGR001","type":"escalation_policy_reference"}}}`, "shodo@example.com", ""},
		"From is missing":    {p, "PUT", "/incidents/" + id, `{"incident":{"type":"incident","status":"acknowledged"}}`, "", "From"},
		"a wrong status":     {p, "PUT", "/incidents/" + id, `{"incident":{"type":"incident","status":"closed"}}`, "shodo@example.com", "closed"},
		"a wrong answer":     {wrong, "GET", "/incidents/Q1", "", "", "asleep"},
		"an unknown request": {p, "GET", "/incidents/" + id + "/nothing", "", "", "no matching operation"},
		"another API":        {p, "POST", "/v2/enqueue", `{}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := &complaints{TB: t}
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			r.Header.Set("Authorization", "Token token=x")
			r.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
			r.Header.Set("Content-Type", "application/json")
			if test.from != "" {
				r.Header.Set("From", test.from)
			}
			sandboxtest.Checked(c)(test.handler).ServeHTTP(httptest.NewRecorder(), r)
			all := strings.Join(c.said, "\n")
			if (test.want == "") != (all == "") || !strings.Contains(all, test.want) {
				t.Errorf("complaints %q, want %q", all, test.want)
			}
		})
	}
}
