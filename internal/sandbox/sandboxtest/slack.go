package sandboxtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// malformed are the errors with which Slack says that a call was made wrongly, whatever the workspace is like.
func malformed() []string {
	return []string{"invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_json", "invalid_form_data", "unknown_method",
		"no_text", "msg_too_long", "markdown_text_conflict", "invalid_metadata_schema",
		"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}
}

// CheckedSlack gives a middleware for the sandbox's Slack that fails t for each call that is made wrongly. A client may
// make up for one, and nobody would notice: package slack posts a text alone when its blocks are refused.
func CheckedSlack(t testing.TB) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			method, isCall := strings.CutPrefix(r.URL.Path, "/api/")
			if !isCall {
				next.ServeHTTP(w, r) // an upload, a connection, or a page
				return
			}
			recorded := httptest.NewRecorder()
			next.ServeHTTP(recorded, r) // an injected fault leaves by a panic here
			var answer struct {
				Error    string `json:"error"`
				Metadata struct {
					Messages []string `json:"messages"`
				} `json:"response_metadata"`
			}
			if json.Unmarshal(recorded.Body.Bytes(), &answer) == nil && slices.Contains(malformed(), answer.Error) {
				t.Errorf("slack's %s was called wrongly: %s %q", method, answer.Error, answer.Metadata.Messages)
			}
			write(w, recorded, recorded.Body.Bytes())
		})
	}
}
