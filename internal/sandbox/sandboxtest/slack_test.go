package sandboxtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
)

// witness is a test that keeps its failures.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func TestCheckedSlackFindsWrongCalls(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		args   url.Values
		want   string // empty: nothing is wrong
	}{
		"right":                   {"chat.postMessage", url.Values{"channel": {"incidents"}, "text": {"x"}}, ""},
		"refused, but well made":  {"chat.postMessage", url.Values{"channel": {"nowhere"}, "text": {"x"}}, ""},
		"an unknown argument":     {"users.info", url.Values{"user": {"U0BEN000001"}, "usr": {"x"}}, "users.info"},
		"an argument is missing":  {"users.info", nil, "missing required field: user"},
		"blocks that are too big": {"chat.postMessage", url.Values{"channel": {"incidents"}, "blocks": {`[{"type":"header"}]`}}, "invalid_blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			w := &witness{TB: t}
			server := httptest.NewServer(sandboxtest.CheckedSlack(w)(sandbox.NewSlack(sandbox.SlackOptions{})))
			defer server.Close()
			if c.args == nil {
				c.args = url.Values{}
			}
			c.args.Set("token", "xoxb-1")
			response, err := http.PostForm(server.URL+"/api/"+c.method, c.args)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if said := strings.Join(w.said, "\n"); (said == "") != (c.want == "") || !strings.Contains(said, c.want) {
				t.Errorf("it says %q, not %q", said, c.want)
			}
		})
	}
}
